package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// TestSocketsOfAKilledProcess: what it left goes with the next start, and nothing of anybody else.
func TestSocketsOfAKilledProcess(t *testing.T) {
	f := &folder{path: t.TempDir()}
	left, err := f.makeSockets()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, "eventstore"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := f.makeSockets()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(made) })
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) || made == left {
		t.Errorf("the old folder: %v", err)
	}
	if info, err := os.Stat(made); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the new folder: %v %v", info, err)
	}

	alive, err := net.Listen("unix", filepath.Join(made, nodeSocket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { alive.Close() })
	again, err := f.makeSockets()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(again) })
	if _, err := os.Stat(made); err != nil {
		t.Errorf("the folder of a process that runs: %v", err)
	}

	foreign := t.TempDir()
	link := socketsPath(f.path)
	if err := errors.Join(os.Remove(link), os.Symlink(foreign, link)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.makeSockets(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a link that is not ours: %v", err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}
