package node

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
)

// memory is a file layer that forgets, tears or refuses what was not synced. Files and names have two states: what
// the process sees and what the disk holds.
type memory struct {
	mu     sync.Mutex
	names  map[string]*memoryFile
	onDisk map[string]*memoryFile

	ops     int   // changes so far: writes, truncations, syncs, creations, renames, removals
	failAt  int   // the change that fails, 0 for none
	fault   error // what it answers
	forever bool  // all later changes fail too, as after a crash
	failed  bool
	lies    bool                // plants a fault: syncs succeed and do nothing
	drops   bool                // a sync that fails forgets what it should have kept, as Linux may
	syncs   map[*memoryFile]int // syncs of files after one of theirs failed
	broken  map[*memoryFile]bool

	reads      int   // of file contents so far
	failReadAt int   // the one that fails, 0 for none
	readFault  error // what it answers
}

type memoryFile struct {
	layer *memory
	data  []byte // what the process sees
	disk  []byte // what was synced
}

var errCrashed = errors.New("the machine is off")

func newMemory() *memory {
	return &memory{
		names: map[string]*memoryFile{}, onDisk: map[string]*memoryFile{},
		syncs: map[*memoryFile]int{}, broken: map[*memoryFile]bool{},
	}
}

// change counts one change and answers the fault that is due. The caller holds the lock.
func (m *memory) change() error {
	m.ops++
	if m.failed && m.forever || m.failAt > 0 && m.ops == m.failAt {
		m.failed = true
		return m.fault
	}
	return nil
}

func (m *memory) List(string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name := range m.names {
		names = append(names, filepath.Base(name))
	}
	slices.Sort(names)
	return names, nil
}

func (m *memory) Open(name string) (file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.names[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return f, nil
}

func (m *memory) Create(name string) (file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.change(); err != nil {
		return nil, err
	}
	f := &memoryFile{layer: m}
	m.names[name] = f
	return f, nil
}

func (m *memory) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.change(); err != nil {
		return err
	}
	m.names[to] = m.names[from]
	delete(m.names, from)
	return nil
}

func (m *memory) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.change(); err != nil {
		return err
	}
	delete(m.names, name)
	return nil
}

func (m *memory) SyncDir(string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.change(); err != nil {
		return err
	}
	m.onDisk = map[string]*memoryFile{}
	for name, f := range m.names {
		m.onDisk[name] = f
	}
	return nil
}

func (f *memoryFile) ReadAt(b []byte, at int64) (int, error) {
	f.layer.mu.Lock()
	defer f.layer.mu.Unlock()
	if f.layer.reads++; f.layer.reads == f.layer.failReadAt {
		return 0, f.layer.readFault
	}
	if at > int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memoryFile) WriteAt(b []byte, at int64) (int, error) {
	f.layer.mu.Lock()
	defer f.layer.mu.Unlock()
	err := f.layer.change()
	if err != nil {
		b = b[:len(b)/2] // a short write
		if f.layer.forever && f.layer.ops > f.layer.failAt {
			b = nil
		}
	}
	if need := int(at) + len(b); need > len(f.data) {
		f.data = append(f.data, make([]byte, need-len(f.data))...)
	}
	f.data = slices.Clone(f.data)
	return copy(f.data[at:], b), err
}

func (f *memoryFile) Size() (int64, error) {
	f.layer.mu.Lock()
	defer f.layer.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *memoryFile) Truncate(size int64) error {
	f.layer.mu.Lock()
	defer f.layer.mu.Unlock()
	if err := f.layer.change(); err != nil {
		return err
	}
	f.data = slices.Clone(f.data[:size])
	return nil
}

func (f *memoryFile) Sync() error {
	f.layer.mu.Lock()
	defer f.layer.mu.Unlock()
	if f.layer.broken[f] {
		f.layer.syncs[f]++
	}
	if err := f.layer.change(); err != nil {
		f.layer.broken[f] = true
		if f.layer.drops {
			f.data = slices.Clone(f.disk)
		}
		return err
	}
	if !f.layer.lies {
		f.disk = slices.Clone(f.data)
	}
	return nil
}

func (f *memoryFile) Close() error { return nil }

// afterPowerCut answers what a disk may hold once the power is back: each unsynced change is kept, lost or torn.
func (m *memory) afterPowerCut(random *rand.Rand) *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := m.onDisk
	if random.IntN(2) == 0 {
		names = m.names
	}
	after := newMemory()
	for name, f := range names {
		contents := f.survives(random)
		g := &memoryFile{layer: after, data: contents, disk: slices.Clone(contents)}
		after.names[name], after.onDisk[name] = g, g
	}
	return after
}

func (f *memoryFile) survives(random *rand.Rand) []byte {
	switch random.IntN(3) {
	case 0:
		return slices.Clone(f.disk)
	case 1:
		return slices.Clone(f.data)
	}
	const sector = 64
	shorter, longer := min(len(f.disk), len(f.data)), max(len(f.disk), len(f.data))
	contents := make([]byte, shorter+random.IntN(longer-shorter+1))
	for at := 0; at < len(contents); at += sector {
		source := f.disk
		if random.IntN(2) == 0 {
			source = f.data
		}
		if at < len(source) {
			copy(contents[at:min(at+sector, len(contents))], source[at:])
		}
	}
	return contents
}
