package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// dieWithParent makes the kernel end the child at the death of the thread that
// started it, with the signal on which PostgreSQL ends at once.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }

// inNamespace is our own user under the number 1, which every system has a name for.
// The files stay ours.
func inNamespace() (account, error) {
	const inside = 1
	name, err := user.LookupId(strconv.Itoa(inside))
	if err != nil {
		return account{}, fmt.Errorf("in a user namespace: %w", err)
	}
	uid, gid := os.Geteuid(), os.Getegid()
	a := account{uid: uid, gid: gid, peer: name.Username, switchTo: func(a *syscall.SysProcAttr) {
		a.Cloneflags = syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: inside, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: inside, HostID: gid, Size: 1}}
		a.Credential = &syscall.Credential{Uid: inside, Gid: inside, NoSetGroups: true}
	}}
	if uid == 0 {
		a.warning = "PostgreSQL runs with the file rights of root, because no other user can reach its folder: " +
			"start Redress as an ordinary user, or give it a data folder outside a closed home"
	}
	return a, nil
}

// oldProcess returns a process that works in the data folder, or 0. Every process of
// PostgreSQL has the data folder as its working directory, so this also sees those
// that outlived their postmaster. When there is none, a pid file is a dead server's
// and goes: its number may by now be some other program's, for which PostgreSQL would
// refuse to start.
func oldProcess(cluster string) (int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		// An error means that the process has gone or is not one of ours.
		if cwd, err := os.Readlink("/proc/" + entry.Name() + "/cwd"); err == nil && cwd == cluster {
			return pid, nil
		}
	}
	if err := os.Remove(filepath.Join(cluster, "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	return 0, nil
}
