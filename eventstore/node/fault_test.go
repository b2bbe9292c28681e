package node

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"syscall"
	"testing"

	"redress/eventstore/trust/scale"
)

// diskFault is how a change to the disk, or a reading, fails.
type diskFault struct {
	name  string
	err   error
	drops bool // a failed sync loses what it should have kept
	read  bool
}

var diskFaults = []diskFault{
	{name: "EIO", err: syscall.EIO},
	{name: "EIO, and what was not synced is lost", err: syscall.EIO, drops: true},
	{name: "ENOSPC after a part was written", err: syscall.ENOSPC},
	{name: "EINTR", err: syscall.EINTR},
	{name: "a short write", err: io.ErrShortWrite},
	{name: "EIO of a reading", err: syscall.EIO, read: true},
}

// TestFaults is T05 in process: every change to the disk and every reading fails once, in each way, also while the log is
// opened. From then on nothing may be acknowledged, no failed file may be synced again, and a new start finds all that
// was acknowledged. Package trust does the same to the real binary.
func TestFaults(t *testing.T) {
	scale.Seed(t, "T05")
	rounds := scale.Of(t, 1, 10, 300) // appends come together otherwise each time
	points, acknowledged := 0, 0
	for range rounds {
		for _, fault := range diskFaults {
			n, kept, err := everyPoint(t, fault, nil)
			if err != nil {
				t.Fatalf("%s: %v", fault.name, err)
			}
			if n == 0 || kept == 0 {
				t.Errorf("%s: %d points, %d appends acknowledged: that proves nothing", fault.name, n, kept)
			}
			points, acknowledged = points+n, acknowledged+kept
		}
	}
	if least := scale.Of(t, 100, 300, 10_000); points < least {
		t.Errorf("%d points, fewer than %d", points, least)
	}
	scale.Say("T05", "in process: %d points, %d ways to fail, %d appends acknowledged: none after a fault, nothing written or synced again, 0 lost",
		points, len(diskFaults), acknowledged)
}

// TestFaultsControl: stores that try a failed sync again and believe the second answer, and that go on in a file to which
// a write has failed, are caught.
func TestFaultsControl(t *testing.T) {
	for name, planted := range map[string]func(fileLayer) fileLayer{
		"a failed sync is tried again":          func(m fileLayer) fileLayer { return stubborn{m, false} },
		"a failed write is taken for a success": func(m fileLayer) fileLayer { return stubborn{m, true} },
	} {
		_, _, err := everyPoint(t, diskFaults[0], planted)
		if !errors.Is(err, errTouched) {
			t.Fatalf("%q was not caught for what it is: %v", name, err)
		}
		scale.Caught("T05", name, err)
	}
}

// everyPoint lets each call fail, one after the other, until the work is done before the fault comes. It answers how many
// calls there are, and how many appends were acknowledged in all. planted, if any, is a fault between the log and the disk.
func everyPoint(t *testing.T, fault diskFault, planted func(fileLayer) fileLayer) (points, kept int, err error) {
	t.Helper()
	start, before := newMemory(), []promised(nil)
	if fault.read {
		start, before = filled(t) // what is there to be read
	}
	for at := 1; ; at++ {
		files := start.copied()
		if fault.read {
			files.failReadAt, files.readFault = at, fault.err
		} else {
			files.failAt, files.fault, files.drops = at, fault.err, fault.drops
		}
		happened, n, err := failAt(files, slices.Clip(before), fault, planted)
		if err != nil {
			return points, kept, fmt.Errorf("call %d: %w", at, err)
		}
		if !happened {
			return points, kept, nil
		}
		points, kept = points+1, kept+n
	}
}

// failAt works on a disk that is about to fail and says what is wrong afterwards, where what was there before must be too.
// happened is false if the disk did not fail; kept are the appends that were acknowledged meanwhile.
func failAt(files *memory, before []promised, fault diskFault, planted func(fileLayer) fileLayer) (happened bool, kept int, err error) {
	watched := &watch{fileLayer: files}
	layer := fileLayer(watched)
	if planted != nil {
		layer = planted(layer)
	}
	l, opening := openMemory(layer)
	var acknowledged []promised
	if opening == nil {
		acknowledged = work(l, 100)
	} else if !errors.Is(opening, fault.err) {
		return true, 0, fmt.Errorf("opening says %w", opening)
	}
	files.mu.Lock()
	happened = files.failed || fault.read && files.reads >= files.failReadAt
	files.failAt, files.failReadAt, files.drops = 0, 0, false
	files.mu.Unlock()
	if watched.touched != "" {
		return happened, 0, fmt.Errorf("%w: %s", errTouched, watched.touched)
	}
	again, err := openMemory(files)
	if err != nil {
		return happened, 0, fmt.Errorf("opening again: %w", err)
	}
	return happened, len(acknowledged), check(again, append(before, acknowledged...))
}

// errTouched says that a file was written, cut or synced after one of these had failed on it.
var errTouched = errors.New("a file is used after it has failed")

// watch looks on how a disk is used. A file that has failed once may only be read and closed; so nothing can be acknowledged
// that goes into it.
type watch struct {
	fileLayer
	mu      sync.Mutex
	touched string // what was done that must not be
}

func (w *watch) Open(name string) (file, error) {
	f, err := w.fileLayer.Open(name)
	return &watchedFile{file: f, by: w, name: name}, err
}

func (w *watch) Create(name string) (file, error) {
	f, err := w.fileLayer.Create(name)
	return &watchedFile{file: f, by: w, name: name}, err
}

type watchedFile struct {
	file
	by     *watch
	name   string
	failed bool
}

func (f *watchedFile) change(what string, err error) error {
	f.by.mu.Lock()
	defer f.by.mu.Unlock()
	if f.failed {
		f.by.touched = what + " of " + f.name
	}
	f.failed = f.failed || err != nil
	return err
}

func (f *watchedFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.file.WriteAt(b, at)
	return n, f.change("a write", err)
}

func (f *watchedFile) Truncate(size int64) error { return f.change("a cut", f.file.Truncate(size)) }
func (f *watchedFile) Sync() error               { return f.change("a sync", f.file.Sync()) }

// stubborn is a file layer with a planted fault: it tries a failed sync again, or says that a failed write was done.
type stubborn struct {
	fileLayer
	writes bool
}

func (s stubborn) Open(name string) (file, error) {
	f, err := s.fileLayer.Open(name)
	return stubbornFile{f, s.writes}, err
}

func (s stubborn) Create(name string) (file, error) {
	f, err := s.fileLayer.Create(name)
	return stubbornFile{f, s.writes}, err
}

type stubbornFile struct {
	file
	writes bool
}

func (f stubbornFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.file.WriteAt(b, at)
	if f.writes {
		return len(b), nil
	}
	return n, err
}

func (f stubbornFile) Sync() error {
	err := f.file.Sync()
	if err == nil || f.writes {
		return err
	}
	return f.file.Sync()
}
