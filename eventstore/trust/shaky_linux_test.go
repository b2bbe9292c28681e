package trust

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"redress/eventstore/trust/scale"
)

// The changes to a disk, each of which can fail. What a file holds is made durable by sync, its name by syncDir.
const (
	opCreate   = "create"
	opWrite    = "write"
	opTruncate = "truncate"
	opSync     = "sync"
	opRename   = "rename"
	opRemove   = "remove"
	opSyncDir  = "sync of the folder"
)

// allOps are the changes that a node's work is made of. It removes something only after a crash.
var allOps = []string{opCreate, opWrite, opTruncate, opSync, opRename, opSyncDir}

// trouble is how a change to the disk fails.
type trouble struct {
	name    string
	err     syscall.Errno // what it answers
	only    string        // the kind of change that fails
	short   bool          // a write writes a part and answers so; what is sent after it fails with err, if there is one
	loses   bool          // afterwards the power goes, and with it what was not synced
	passing bool          // the caller tries again, and nobody notices
	lying   bool          // plants a fault: a short write answers that all was written
}

// shaky is a disk that fails on demand: one folder in this process's memory, which the kernel mounts (FUSE). Files and
// names have two states: what processes see and what is durable. The file "lock" is left alone.
type shaky struct {
	fs.Inode
	at string // where it is mounted

	mu      sync.Mutex
	names   map[string]*shakyFile
	durable map[string]*shakyFile
	inodes  uint64
	lies    bool // plants a fault: syncs succeed and do nothing

	trouble *trouble       // nil while the disk is sound
	due     int            // the change that fails
	done    map[string]int // changes so far, by kind, until one has failed
	met     *met           // nil while none has failed
	struck  chan struct{}  // closed when one has
	renamed string         // the last name that was given
	again   []string       // changes after the one that failed
}

// met is the change that failed.
type met struct {
	kind, name string
	index      bool // it was about the index of a closed segment, which is made again when it is missing
}

// shakyFile is a file of the disk.
type shakyFile struct {
	name   string // for messages
	number uint64
	data   []byte // what processes see
	synced []byte
	clean  int // so many bytes at the beginning are the same in both
}

// newShaky mounts a disk, empty and sound, on a folder.
func newShaky(t *testing.T, name, at string) *shaky {
	t.Helper()
	if os.Getuid() != 0 {
		scale.Cannot(t, name, "file systems are mounted by root only")
	}
	d := &shaky{at: at, names: map[string]*shakyFile{}, durable: map[string]*shakyFile{}}
	server, err := fs.Mount(at, d, &fs.Options{MountOptions: fuse.MountOptions{
		DirectMountStrict: true, FsName: "shaky", Name: "shaky", DisableXAttrs: true, MaxWrite: 512 << 10,
	}})
	if err != nil {
		scale.Cannot(t, name, fmt.Sprintf("FUSE: %v", err))
	}
	t.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// contents are what a disk holds, by name.
type contents map[string][]byte

// fill puts a disk into a state, sound. No process uses it.
func (d *shaky) fill(c contents) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names, d.lies, d.trouble = map[string]*shakyFile{}, false, nil
	for name, data := range c {
		d.names[name] = d.newFile(name, slices.Clone(data), slices.Clone(data))
	}
	d.durable = maps.Clone(d.names)
}

func (d *shaky) newFile(name string, data, synced []byte) *shakyFile {
	d.inodes++
	return &shakyFile{name: name, number: 1<<32 + d.inodes, data: data, synced: synced, clean: len(data)}
}

// take answers what processes see.
func (d *shaky) take() contents {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := contents{}
	for name, f := range d.names {
		c[name] = slices.Clone(f.data)
	}
	return c
}

// files reads a folder.
func files(dir string) (contents, error) {
	c := contents{}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if c[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return c, err
}

// arm lets the n-th change from now on fail, of its kind. What it answers is closed then.
func (d *shaky) arm(w trouble, n int) (struck <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.struck = make(chan struct{})
	d.trouble, d.due, d.done, d.met, d.again = &w, n, map[string]int{}, nil, nil
	return d.struck
}

// heal makes the disk sound. If the trouble was one that loses, what was not synced is gone. It answers the changes that
// there were before the trouble, by kind. No process uses the disk.
func (d *shaky) heal() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trouble != nil && d.trouble.loses {
		d.names = map[string]*shakyFile{}
		for name, f := range d.durable {
			d.names[name] = d.newFile(name, slices.Clone(f.synced), f.synced)
		}
		d.durable = maps.Clone(d.names)
	}
	d.trouble, d.lies = nil, false
	return d.done
}

// happened answers the change that failed, nil if none has, and the changes that came after it.
func (d *shaky) happened() (m *met, again []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.met, d.again
}

// change counts a change and answers the trouble, if it is the one that fails. The caller holds the lock.
func (d *shaky) change(kind, name string) *trouble {
	w, index := d.trouble, strings.Contains(name, ".index")
	switch {
	case w == nil || name == "lock":
		return nil
	case d.met != nil:
		if !w.passing && !d.met.index && !index {
			d.again = append(d.again, kind+" "+name)
		}
		return nil
	}
	d.done[kind]++
	switch n := d.done[kind]; {
	case n < d.due || kind != w.only:
		return nil
	case n == d.due && w.short && w.err != 0:
		return &trouble{short: true} // and what is sent after it fails
	}
	d.met = &met{kind, name, index}
	close(d.struck)
	return w
}

func (d *shaky) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.names[name]
	if !ok {
		return nil, syscall.ENOENT
	}
	out.Mode, out.Size = fuse.S_IFREG|0o600, uint64(len(f.data))
	return d.inode(ctx, f), 0
}

func (d *shaky) inode(ctx context.Context, f *shakyFile) *fs.Inode {
	return d.NewInode(ctx, &shakyNode{disk: d, file: f}, fs.StableAttr{Mode: fuse.S_IFREG, Ino: f.number, Gen: 1})
}

func (d *shaky) Create(ctx context.Context, name string, flags, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.change(opCreate, name); w != nil {
		return nil, nil, 0, w.err
	}
	f := d.newFile(name, nil, nil)
	d.names[name] = f
	out.Mode = fuse.S_IFREG | 0o600
	return d.inode(ctx, f), nil, fuse.FOPEN_DIRECT_IO, 0
}

func (d *shaky) Rename(_ context.Context, from string, _ fs.InodeEmbedder, to string, _ uint32) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.change(opRename, to); w != nil {
		return w.err
	}
	f := d.names[from]
	delete(d.names, from)
	d.names[to], d.renamed, f.name = f, to, to
	return 0
}

func (d *shaky) Unlink(_ context.Context, name string) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.change(opRemove, name); w != nil {
		return w.err
	}
	delete(d.names, name)
	return 0
}

func (d *shaky) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []fuse.DirEntry
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		list = append(list, fuse.DirEntry{Mode: fuse.S_IFREG, Name: name, Ino: d.names[name].number})
	}
	return fs.NewListDirStream(list), 0
}

// Fsync makes names durable. It stands for the last name that was given.
func (d *shaky) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.change(opSyncDir, d.renamed); w != nil {
		return w.err
	}
	if !d.lies {
		d.durable = maps.Clone(d.names)
	}
	return 0
}

// shakyNode is what the kernel knows of a file.
type shakyNode struct {
	fs.Inode
	disk *shaky
	file *shakyFile
}

func (n *shakyNode) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if flags&syscall.O_TRUNC != 0 {
		if errno := n.resize(0); errno != 0 {
			return nil, 0, errno
		}
	}
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

func (n *shakyNode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	out.Mode, out.Size = fuse.S_IFREG|0o600, uint64(len(n.file.data))
	return 0
}

func (n *shakyNode) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		if errno := n.resize(int(size)); errno != 0 {
			return errno
		}
	}
	return n.Getattr(ctx, h, out)
}

func (n *shakyNode) resize(size int) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if w := n.disk.change(opTruncate, n.file.name); w != nil {
		return w.err
	}
	n.file.resize(size)
	return 0
}

func (n *shakyNode) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	return fuse.ReadResultData(dest[:copy(dest, n.file.data[min(int(off), len(n.file.data)):])]), 0
}

// Write writes. What fails for another reason than an interruption has written a part.
func (n *shakyNode) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	w := n.disk.change(opWrite, n.file.name)
	if w == nil {
		n.file.put(data, int(off))
		return uint32(len(data)), 0
	}
	if w.err == syscall.EINTR {
		return 0, w.err
	}
	part := len(data) / 2
	n.file.put(data[:part], int(off))
	switch {
	case w.lying:
		return uint32(len(data)), 0
	case w.err != 0:
		return 0, w.err
	}
	return uint32(part), 0
}

func (n *shakyNode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if w := n.disk.change(opSync, n.file.name); w != nil {
		return w.err
	}
	if !n.disk.lies {
		f := n.file
		f.synced = append(f.synced[:min(f.clean, len(f.synced))], f.data[f.clean:]...)
		f.clean = len(f.data)
	}
	return 0
}

func (f *shakyFile) resize(size int) {
	f.clean = min(f.clean, size)
	if size <= len(f.data) {
		f.data = f.data[:size]
		return
	}
	f.data = append(f.data, make([]byte, size-len(f.data))...)
}

func (f *shakyFile) put(data []byte, at int) {
	f.clean = min(f.clean, at)
	if end := at + len(data); end > len(f.data) {
		f.resize(end)
	}
	copy(f.data[at:], data)
}
