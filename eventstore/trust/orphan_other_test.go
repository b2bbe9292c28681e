//go:build !linux

package trust

import "syscall"

// orphaned makes a process die with ours where the system can do that.
func orphaned() *syscall.SysProcAttr { return nil }
