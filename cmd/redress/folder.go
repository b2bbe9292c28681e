package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// folderFormat is the content of FORMAT. A folder with another content belongs to another version, or to somebody else.
const folderFormat = "redress data folder 1\n"

// lockPatience is how long a verb waits for another process to leave the data folder.
const lockPatience = 15 * time.Second

// folder is the data folder, held by this process alone until close.
type folder struct {
	path string
	lock *os.File
	loss *acceptedLoss // that the first start after a restore puts into the log; nil for none
}

// runtimeInfo is runtime.json: how to reach a running serve. Other programs rely on its shape.
type runtimeInfo struct {
	PID           int     `json:"pid"`
	Web           string  `json:"web"`
	EventStore    string  `json:"eventstore"`
	Postgres      string  `json:"postgres"`
	Vault         string  `json:"vault"`
	KEKFile       string  `json:"kek_file"`
	NATS          *string `json:"nats"`
	Tenant        string  `json:"tenant"`
	OperatorToken string  `json:"operator_token"`
	Version       string  `json:"version"`
}

// openFolder takes the data folder, making it when it is absent or empty. It waits for at most patience while another
// process holds it, and then says which. A folder that is not ours is refused and left as it is.
func openFolder(ctx context.Context, path string, patience time.Duration) (*folder, error) {
	if err := os.MkdirAll(path, 0o711); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if _, err := checkFormat(path); err != nil {
		return nil, err
	}
	f, err := lockFolder(ctx, path, patience)
	if err != nil {
		return nil, err
	}
	if f.loss, err = checkFormat(path); err != nil { // whoever had the lock may have put it into the log
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// lockFolder takes a data folder whose format is known.
func lockFolder(ctx context.Context, path string, patience time.Duration) (*folder, error) {
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := waitForLock(ctx, lock, patience); err != nil {
		holder, _ := os.ReadFile(lock.Name())
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("data folder %s is in use by process %s", path, strings.TrimSpace(string(holder)))
		}
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := errors.Join(lock.Truncate(0), writeAt(lock, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &folder{path: path, lock: lock}, nil
}

func writeAt(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// checkFormat writes FORMAT into an empty folder and compares it in any other, before anything else is touched.
func checkFormat(path string) (*acceptedLoss, error) {
	file := filepath.Join(path, "FORMAT")
	format, err := os.ReadFile(file)
	if err == nil {
		loss, ours := parseFormat(format)
		if !ours {
			return nil, fmt.Errorf("%s: FORMAT says %q; this version reads %q", path, strings.TrimSpace(string(format)), strings.TrimSpace(folderFormat))
		}
		return loss, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := checkEmpty(path); err != nil {
		return nil, err
	}
	return nil, writeDurably(file, []byte(folderFormat), 0o644)
}

// checkEmpty refuses a folder that holds anything but what an operator puts there before the first start.
func checkEmpty(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != "redress.yaml" && entry.Name() != "kek" {
			return fmt.Errorf("%s is no data folder of ours (it has no FORMAT, and holds %s); give an empty one", path, entry.Name())
		}
	}
	return nil
}

// waitForLock takes the advisory lock, trying until patience or ctx ends.
func waitForLock(ctx context.Context, lock *os.File, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// close leaves the folder. The lock file stays: to remove it would race with whoever waits for it.
func (f *folder) close() error { return f.lock.Close() }

// socketsPath is where a data folder names the folder of its sockets.
func socketsPath(data string) string { return filepath.Join(data, "sockets") }

const (
	socketsPrefix = "redress-"
	nodeSocket    = "eventstore" // in the folder of the sockets
)

// makeSockets makes a folder for our unix sockets, and removes the one that a process left which was killed. It stands
// elsewhere because the path of a socket must be short; the data folder has a link to it. Where somebody answers behind the
// link, the data folder is a copy of another: that one keeps its sockets.
func (f *folder) makeSockets() (string, error) {
	link := socketsPath(f.path)
	if left, err := os.Readlink(link); err == nil && strings.HasPrefix(filepath.Base(left), socketsPrefix) {
		if conn, err := net.Dial("unix", filepath.Join(left, nodeSocket)); err == nil {
			_ = conn.Close()
		} else if err := os.RemoveAll(left); err != nil {
			return "", err
		}
		if err := os.Remove(link); err != nil {
			return "", err
		}
	}
	made, err := os.MkdirTemp("", socketsPrefix)
	if err != nil {
		return "", err
	}
	if err := os.Symlink(made, link); err != nil {
		return "", errors.Join(err, os.Remove(made))
	}
	return made, nil
}

func runtimePath(data string) string { return filepath.Join(data, "runtime.json") }

// publish writes runtime.json for the verbs of the local user.
func (f *folder) publish(info runtimeInfo) error {
	text, err := json.Marshal(info, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return writeDurably(runtimePath(f.path), append(text, '\n'), 0o600)
}

// unpublish removes runtime.json; what it says is no longer true.
func (f *folder) unpublish() error {
	err := os.Remove(runtimePath(f.path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// running returns how to reach the serve of a data folder, or false when none runs: there is no runtime.json, or the
// process that it names is dead, or the folder's lock is free.
func running(data string) (runtimeInfo, bool) {
	var info runtimeInfo
	text, err := os.ReadFile(runtimePath(data))
	if err != nil || json.Unmarshal(text, &info) != nil {
		return info, false
	}
	if err := syscall.Kill(info.PID, 0); errors.Is(err, syscall.ESRCH) {
		return info, false
	}
	lock, err := os.OpenFile(filepath.Join(data, "lock"), os.O_RDWR, 0)
	if err != nil {
		return info, false
	}
	defer func() { _ = lock.Close() }()
	free := syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil
	return info, !free
}

// writeDurably replaces a file: a crash leaves the old content or the new, never a part.
func writeDurably(path string, text []byte, mode fs.FileMode) error {
	temporary, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}
