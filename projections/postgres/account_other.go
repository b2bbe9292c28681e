//go:build !linux

package postgres

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent does nothing: only Linux has such a signal. What a killed Redress
// leaves running is stopped by the next start.
func dieWithParent(*syscall.SysProcAttr) {}

func inNamespace() (account, error) {
	return account{}, errors.New("there are no user namespaces on this system")
}

// oldProcess asks the server named in the pid file to end, and returns its process
// until it has. A number that belongs to another program by now is left alone.
func oldProcess(cluster string) (int, error) {
	pid, _ := readPidFile(cluster)
	if pid == 0 || syscall.Kill(pid, 0) == syscall.ESRCH {
		return 0, nil
	}
	name, err := exec.Command("ps", "-p", strconv.Itoa(pid), "-o", "comm=").Output()
	if err != nil || !strings.Contains(filepath.Base(strings.TrimSpace(string(name))), "postgres") {
		return 0, nil
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) && err != syscall.ESRCH {
		return 0, err
	}
	return pid, nil
}
