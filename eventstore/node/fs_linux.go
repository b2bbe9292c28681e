//go:build !sabotage_nofsync

package node

import (
	"os"
	"syscall"
)

// syncData makes the contents and the length of f durable. An interrupted call has done nothing yet and is repeated;
// every other error is final.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("fdatasync", err)
		}
		return nil
	}
}
