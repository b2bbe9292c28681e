package node

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"
)

// filled answers a disk with a log of several segments, and what was acknowledged. It was not closed.
func filled(t testing.TB) (*memory, []promised) {
	t.Helper()
	files := newMemory()
	l, err := openMemory(files)
	if err != nil {
		t.Fatal(err)
	}
	var all []promised
	for round := range 4 {
		all = append(all, work(l, round)...)
	}
	return files, all
}

// copied answers an independent copy of the disk. Contents are shared until they are written.
func (m *memory) copied() *memory {
	after := newMemory()
	for name, f := range m.names {
		g := &memoryFile{layer: after, data: f.data, disk: f.data}
		after.names[name], after.onDisk[name] = g, g
	}
	return after
}

// flip changes bits of one byte.
func (m *memory) flip(name string, at int, bits byte) {
	f := m.names[name]
	f.data = slices.Clone(f.data)
	f.data[at] ^= bits
}

// segmentFiles names the segments, in order.
func (m *memory) segmentFiles() []string {
	var names []string
	for name := range m.names {
		if _, ok := segmentBase(filepath.Base(name), segmentSuffix); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestTornTail cuts the last write at every byte, and zeroes its rest at every byte: opening keeps what is before it,
// and the log goes on.
func TestTornTail(t *testing.T) {
	files := newMemory()
	l, err := openLog(files, "log", segmentLimit, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := work(l, 0)
	name := files.segmentFiles()[0]
	before := int(l.last().size)
	w := newWriter(l, 0)
	if err := w.write([]staged{
		{records: []*record{{stream: "last", events: []event{{id: uuid.New(), kind: "A", data: []byte("one")}}}}},
		{records: []*record{{stream: "other", events: []event{{id: uuid.New(), kind: "B", data: []byte("two")}}}}},
	}); err != nil {
		t.Fatal(err)
	}
	whole := files.names[name].data[:l.last().size]
	for size := before; size < len(whole); size++ {
		for _, zeroed := range []bool{false, true} {
			torn := files.copied()
			contents := slices.Clone(whole[:size])
			if zeroed {
				contents = append(contents, make([]byte, len(whole)-size)...)
			}
			if bytes.Equal(contents, whole) {
				continue
			}
			torn.names[name].data = contents
			again, err := openLog(torn, "log", segmentLimit, false, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatalf("cut at %d, zeroed %t: %v", size, zeroed, err)
			}
			more := append(slices.Clone(acknowledged), work(again, 1)...)
			if err := check(again, more); err != nil {
				t.Fatalf("cut at %d, zeroed %t: %v", size, zeroed, err)
			}
		}
	}
}

// TestDamageAfterStop: a log that was closed in order knows where it ended, so that not even its last write can be
// cut or damaged unnoticed.
func TestDamageAfterStop(t *testing.T) {
	files, _ := filled(t)
	l, err := openMemory(files)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.close(true); err != nil {
		t.Fatal(err)
	}
	names := files.segmentFiles()
	name := names[len(names)-1]
	size := len(files.names[name].data)
	for cut := range size {
		damaged := files.copied()
		damaged.names[name].data = damaged.names[name].data[:cut]
		if _, err := openMemory(damaged); err == nil {
			t.Fatalf("cut to %d of %d bytes: not noticed", cut, size)
		}
		damaged = files.copied()
		damaged.flip(name, cut, 0x10)
		if _, err := openMemory(damaged); err == nil {
			t.Fatalf("byte %d flipped: not noticed", cut)
		}
	}
}

// TestMissingFiles removes, swaps and repeats files.
func TestMissingFiles(t *testing.T) {
	files, _ := filled(t)
	names := files.segmentFiles()
	for i, name := range names[:len(names)-1] {
		damaged := files.copied()
		delete(damaged.names, name)
		if _, err := openMemory(damaged); err == nil {
			t.Errorf("segment %d removed: not noticed", i)
		}
		damaged = files.copied()
		damaged.names[name].data = slices.Clone(damaged.names[names[len(names)-1]].data)
		if _, err := openMemory(damaged); err == nil {
			t.Errorf("segment %d replaced by another: not noticed", i)
		}
	}
	damaged := files.copied()
	delete(damaged.names, names[len(names)-1])
	if _, err := openMemory(damaged); err == nil {
		t.Error("last segment removed: not noticed")
	}
	damaged = files.copied()
	delete(damaged.names, filepath.Join("log", formatFile))
	if _, err := openMemory(damaged); err == nil {
		t.Error("format file removed: not noticed")
	}
}

// TestDamagedIndex damages the files of closed indexes: they are made again, and the log reads as before.
func TestDamagedIndex(t *testing.T) {
	files, acknowledged := filled(t)
	for name, f := range files.names {
		if _, ok := segmentBase(filepath.Base(name), indexSuffix); !ok {
			continue
		}
		for at := range f.data {
			damaged := files.copied()
			damaged.flip(name, at, 0x04)
			l, err := openMemory(damaged)
			if err != nil {
				t.Fatalf("%s, byte %d: %v", name, at, err)
			}
			if err := check(l, acknowledged); err != nil {
				t.Fatalf("%s, byte %d: %v", name, at, err)
			}
			if !bytes.Equal(damaged.names[name].data, f.data) {
				t.Fatalf("%s, byte %d: not made again as it was", name, at)
			}
		}
		break
	}
}

// TestModes: a folder keeps the mode that it was begun in.
func TestModes(t *testing.T) {
	for _, test := range []bool{false, true} {
		dir := t.TempDir()
		l, err := openLog(disk{}, dir, segmentLimit, test, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err := l.close(true); err != nil {
			t.Fatal(err)
		}
		if _, err := openLog(disk{}, dir, segmentLimit, !test, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("begun with test mode %t, opened with %t", test, !test)
		}
	}
}

// TestTemporaryFiles: what a crash leaves of a file being written is removed.
func TestTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "format"+temporary)
	if err := os.WriteFile(name, []byte("redr"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := openLog(disk{}, dir, segmentLimit, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer l.close(true)
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file is still there: %v", err)
	}
}
