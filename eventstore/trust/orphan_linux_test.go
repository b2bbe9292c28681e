package trust

import "syscall"

// orphaned makes a process die with ours.
func orphaned() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
