package node

import (
	"errors"
	"fmt"
	"io"
	"slices"
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
	points := 0
	for range rounds {
		for _, fault := range diskFaults {
			n, err := everyPoint(t, fault, nil)
			if points += n; err != nil {
				t.Fatalf("%s: %v", fault.name, err)
			}
		}
	}
	scale.Say("T05", "in process: %d points, %d ways to fail: nothing acknowledged after a fault, nothing synced again, 0 lost", points, len(diskFaults))
}

// TestFaultsControl: a store that tries a failed sync again, and believes the second answer, is caught.
func TestFaultsControl(t *testing.T) {
	_, err := everyPoint(t, diskFaults[1], func(m *memory) fileLayer { return stubborn{m} })
	if err == nil {
		t.Fatal("a sync that is tried again was not caught")
	}
	scale.Caught("T05", "a failed sync is tried again", err)
}

// everyPoint lets each call fail, one after the other, until the work is done before the fault comes. through, if any,
// puts a fault of ours between the log and the disk.
func everyPoint(t *testing.T, fault diskFault, through func(*memory) fileLayer) (points int, err error) {
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
		happened, err := failAt(files, slices.Clip(before), fault, through)
		if err != nil {
			return points, fmt.Errorf("call %d: %w", at, err)
		}
		if !happened {
			return points, nil
		}
		points++
	}
}

// failAt works on a disk that is about to fail and says what is wrong afterwards, where what was there before must be too.
// happened is false if the disk did not fail.
func failAt(files *memory, before []promised, fault diskFault, through func(*memory) fileLayer) (happened bool, err error) {
	layer := fileLayer(files)
	if through != nil {
		layer = through(files)
	}
	l, opening := openMemory(layer)
	var acknowledged []promised
	if opening == nil {
		acknowledged = work(l, 100)
	} else if !errors.Is(opening, fault.err) {
		return true, fmt.Errorf("opening says %w", opening)
	}
	files.mu.Lock()
	happened = files.failed || fault.read && files.reads >= files.failReadAt
	for f, n := range files.syncs {
		err = fmt.Errorf("a file of %d bytes was synced %d times after a sync failed", len(f.data), n)
	}
	files.failAt, files.failReadAt, files.drops = 0, 0, false
	files.mu.Unlock()
	if err != nil {
		return happened, err
	}
	again, err := openMemory(files)
	if err != nil {
		return happened, fmt.Errorf("opening again: %w", err)
	}
	return happened, check(again, append(before, acknowledged...))
}

// stubborn is a file layer with a planted fault: it tries a failed sync again.
type stubborn struct{ fileLayer }

func (s stubborn) Open(name string) (file, error) {
	f, err := s.fileLayer.Open(name)
	return stubbornFile{f}, err
}

func (s stubborn) Create(name string) (file, error) {
	f, err := s.fileLayer.Create(name)
	return stubbornFile{f}, err
}

type stubbornFile struct{ file }

func (f stubbornFile) Sync() error {
	if f.file.Sync() == nil {
		return nil
	}
	return f.file.Sync()
}
