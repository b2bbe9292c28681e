package node

import (
	"io"
	"os"
	"path/filepath"
)

// file is one open file of the log. WriteAt never leaves a gap: the log writes where the file ends.
type file interface {
	io.ReaderAt
	io.WriterAt
	// Size answers the length in bytes.
	Size() (int64, error)
	// Truncate cuts the file to size bytes; it is durable only after Sync.
	Truncate(size int64) error
	// Sync returns once everything written is on the disk. After an error nothing may be assumed of the file.
	Sync() error
	Close() error
}

// fileLayer is the only way to the disk. The second implementation, in the tests, keeps files in memory and loses,
// tears or refuses what was not synced.
type fileLayer interface {
	// List names the files in dir, in order.
	List(dir string) ([]string, error)
	// Open opens an existing file for reading and writing.
	Open(name string) (file, error)
	// Create makes an empty file, or empties an existing one.
	Create(name string) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes the names in dir durable: creations, renames and removals.
	SyncDir(dir string) error
}

// disk is the real file layer.
type disk struct{}

func (disk) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (disk) Open(name string) (file, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (disk) Create(name string) (file, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (disk) Rename(from, to string) error { return os.Rename(from, to) }
func (disk) Remove(name string) error     { return os.Remove(name) }

func (disk) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

type diskFile struct{ *os.File }

func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f diskFile) Sync() error { return syncData(f.File) }

// temporary ends the name of a file that is being written. A crash may leave one; opening removes it.
const temporary = ".tmp"

// writeWhole puts contents into dir/name so that after a crash the old file or the new one is there, never a part.
func writeWhole(files fileLayer, dir, name string, contents []byte) error {
	path := filepath.Join(dir, name)
	f, err := files.Create(path + temporary)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(contents, 0); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := files.Rename(path+temporary, path); err != nil {
		return err
	}
	return files.SyncDir(dir)
}

// readWhole answers the contents of dir/name.
func readWhole(files fileLayer, dir, name string) ([]byte, error) {
	return readInto(files, dir, name, nil)
}

// readInto answers the contents of dir/name, in buf where there is room.
func readInto(files fileLayer, dir, name string, buf []byte) ([]byte, error) {
	f, err := files.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	contents := buf[:0]
	if int64(cap(buf)) < size {
		contents = make([]byte, 0, size+size/8)
	}
	contents = contents[:size]
	if _, err := f.ReadAt(contents, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return contents, nil
}
