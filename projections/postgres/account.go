package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// account is under which operating-system user PostgreSQL runs. It refuses to run as
// root, and it needs a name for whatever user it runs as.
type account struct {
	uid, gid int                          // who owns the files
	peer     string                       // our own user's name, as the server sees it
	switchTo func(a *syscall.SysProcAttr) // makes a child that user
	door     *os.File                     // our folder, open, for a user whom the folders above it keep out; else nil
	warning  string
}

// preferredUsers are the users that root hands the server to, best first.
var preferredUsers = []string{"redress", "postgres", "nobody"}

// chooseAccount decides by the owner of an existing data folder, else by what works
// here: ourselves; as root a user who can reach the folder, or is handed it open where
// it lies under a closed home; and where that is not to be had (no right to change
// user, a user id without a name) a user namespace in which our own id has another
// number. The caller closes the account's door.
func chooseAccount(programs, folder string, found existing) (account, error) {
	uid := os.Geteuid()
	var refusals []error
	try := func(name string, a account) bool {
		err := a.probe(programs, folder)
		if err != nil {
			refusals = append(refusals, fmt.Errorf("as %s: %w", name, err))
		}
		return err == nil
	}
	self, nameless := user.LookupId(strconv.Itoa(uid))
	switch {
	case found.major != 0 && uid != 0 && found.uid != uid:
		return account{}, fmt.Errorf("the data folder belongs to user id %d and we are %d: start as that user or as root", found.uid, uid)
	case uid != 0 && nameless == nil:
		a := account{uid: uid, gid: os.Getegid(), peer: self.Username, switchTo: func(*syscall.SysProcAttr) {}}
		if try(self.Username, a) {
			return a, nil
		}
		return account{}, errors.Join(refusals...)
	case uid == 0 && nameless == nil && (found.major == 0 || found.uid != 0):
		for _, u := range candidates(found) {
			a := asUser(u.uid, u.gid, self.Username)
			if try(u.name, a) {
				return a, nil
			}
			a, err := a.through(folder)
			if err != nil {
				return account{}, err
			}
			if try(u.name+", handed the folder", a) {
				return a, nil
			}
			_ = a.door.Close()
		}
	}
	if found.major == 0 || found.uid == uid {
		a, err := inNamespace()
		if err == nil && try("ourselves in a user namespace", a) {
			return a, nil
		}
		refusals = append(refusals, err)
	}
	return account{}, fmt.Errorf("PostgreSQL cannot run as root, and no other way works here; "+
		"start Redress as an ordinary user, or use a server that already runs with REDRESS_POSTGRES_URL: %w", errors.Join(refusals...))
}

type candidate struct {
	name     string
	uid, gid int
}

// candidates are the users that root may hand the server to: of a data folder that
// exists its owner only.
func candidates(found existing) []candidate {
	if found.major != 0 {
		return []candidate{{"user id " + strconv.Itoa(found.uid), found.uid, found.gid}}
	}
	var list []candidate
	for _, name := range preferredUsers {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			list = append(list, candidate{name, uid, gid})
		}
	}
	return list
}

func asUser(uid, gid int, peer string) account {
	return account{uid: uid, gid: gid, peer: peer, switchTo: func(a *syscall.SysProcAttr) {
		a.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}}
}

// doorway is what a child calls the folder that it was handed: the first descriptor
// after the three that every program has. Going through it asks nothing of the folders
// above.
const doorway = "/proc/self/fd/3"

// through is the account with the folder handed to each of its programs.
func (a account) through(folder string) (account, error) {
	door, err := os.Open(folder)
	a.door = door
	return a, err
}

// sees is what the account's programs call a path in our folder.
func (a account) sees(path string) string {
	if a.door == nil {
		return path
	}
	if inside, ok := strings.CutPrefix(path, a.door.Name()); ok {
		return doorway + inside
	}
	return path
}

// probe shows by doing it that the account can be taken, can run the programs and can
// reach the folder.
func (a account) probe(programs, folder string) error {
	cmd := a.command(context.Background(), "/bin/sh", "-c", `cd -- "$0" && exec "$1" --version`,
		a.sees(folder), filepath.Join(programs, "postgres"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// command is a program to be run as this account: in a process group of its own, so
// that a Ctrl-C in the terminal reaches us and not it; with a signal at our death;
// and without our environment, in which PG variables would change its mind.
func (a account) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	a.switchTo(cmd.SysProcAttr)
	if a.door != nil {
		cmd.ExtraFiles = []*os.File{a.door}
	}
	return cmd
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if a.uid == os.Geteuid() {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// openPath lets another user pass through (not read) our folders, when we are root:
// the server's own and those above it up to the data folder, where one was named.
func openPath(folder, dataDir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	paths := []string{folder}
	if dataDir != "" {
		top, err := filepath.Abs(dataDir)
		if err != nil {
			return err
		}
		if top, err = filepath.EvalSymlinks(top); err != nil {
			return err
		}
		between, err := filepath.Rel(top, folder)
		if err != nil || between == ".." || strings.HasPrefix(between, "../") {
			return fmt.Errorf("the data folder %s does not hold it", top)
		}
		for path := folder; path != top; {
			path = filepath.Dir(path)
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := os.Chmod(path, info.Mode().Perm()|0o011); err != nil {
			return err
		}
	}
	return nil
}
