package node

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// unwilling is a disk on which some files cannot be opened, or cannot be read.
type unwilling struct {
	fileLayer
	closed, unread map[string]error
}

func (u unwilling) Open(name string) (file, error) {
	if err := u.closed[name]; err != nil {
		return nil, err
	}
	f, err := u.fileLayer.Open(name)
	return unwillingFile{f, u.unread[name]}, err
}

type unwillingFile struct {
	file
	err error
}

func (f unwillingFile) ReadAt(b []byte, at int64) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.file.ReadAt(b, at)
}

// scrubberOf opens the log on the disk, and answers what reads it again over that other disk.
func scrubberOf(t *testing.T, files *memory, again fileLayer) *scrubber {
	t.Helper()
	l, err := openMemory(files)
	if err != nil {
		t.Fatal(err)
	}
	l.files = again
	return newScrubber(l, Options{ScrubRate: 1 << 30}, nil)
}

// A segment of which the disk cannot read even the header is damaged. One that cannot be opened for other reasons accuses
// nobody, and hides no damage in those after it.
func TestScrubUnwillingDisk(t *testing.T) {
	files, _ := filled(t)
	names := files.segmentFiles()
	u := unwilling{fileLayer: files, unread: map[string]error{names[1]: syscall.EIO}}
	s := scrubberOf(t, files, u)
	if err := s.pass(); err != nil {
		t.Fatal(err)
	}
	if damage := s.damage.Load(); damage == nil || "log/"+damage.Segment != names[1] || damage.Offset != 0 {
		t.Errorf("what cannot be read: found %v", damage)
	}
	u = unwilling{fileLayer: files, closed: map[string]error{names[0]: syscall.EMFILE}}
	s = scrubberOf(t, files, u)
	if err := s.pass(); err == nil || s.damage.Load() != nil {
		t.Errorf("what cannot be opened: error %v, found %v", err, s.damage.Load())
	}
	s = scrubberOf(t, files, u)
	files.flip(names[2], 60, 1)
	s.pass()
	if damage := s.damage.Load(); damage == nil || "log/"+damage.Segment != names[2] {
		t.Errorf("damage after what cannot be opened: found %v", damage)
	}
}

// Where several segments are damaged, putting one back does not make the others forgotten.
func TestScrubRemembersAll(t *testing.T) {
	files, _ := filled(t)
	names := files.segmentFiles()
	s := scrubberOf(t, files, files)
	damaged := names[1:4]
	for _, name := range damaged {
		files.flip(name, 60, 1)
	}
	if err := s.pass(); err != nil {
		t.Fatal(err)
	}
	for i, name := range damaged {
		files.flip(name, 60, 1)
		s = scrubberOf(t, files, files)
		if err := s.recheck(); err != nil {
			t.Fatal(err)
		}
		if left := damaged[i+1:]; len(left) == 0 {
			if s.damage.Load() != nil || files.names["log/"+damagedFile] != nil {
				t.Errorf("all is whole again, and accused: %v", s.damage.Load())
			}
		} else if damage := s.damage.Load(); damage == nil || "log/"+damage.Segment != left[0] {
			t.Errorf("with %d segments damaged still: found %v", len(left), damage)
		}
	}
}

// dying is the disk, until it gives nothing back any more.
type dying struct {
	disk
	dead *atomic.Bool
}

func (d dying) Open(name string) (file, error) {
	f, err := d.disk.Open(name)
	return dyingFile{f, name, d.dead}, err
}

func (d dying) Create(name string) (file, error) {
	f, err := d.disk.Create(name)
	return dyingFile{f, name, d.dead}, err
}

type dyingFile struct {
	file
	name string
	dead *atomic.Bool
}

func (f dyingFile) ReadAt(b []byte, at int64) (int, error) {
	if f.dead.Load() {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: syscall.EIO}
	}
	return f.file.ReadAt(b, at)
}

// A read that the disk fails is answered as lost data, without the places of files; it is logged, and has the whole log
// read at once, so that nothing is appended to a disk that gives nothing back.
func TestReadOfADyingDisk(t *testing.T) {
	var dead atomic.Bool
	said := &lines{}
	n, err := start(t.Context(), dying{dead: &dead}, t.TempDir(), Options{
		Socket: filepath.Join(socketFolder(t), "node"), Logger: slog.New(slog.NewTextHandler(said, nil)),
	}, segmentLimit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop() })
	client := dial(t, n)
	if _, err := client.AppendToStream(t.Context(), "a", esdb.AppendToStreamOptions{}, esdb.EventData{EventType: "Happened"}); err != nil {
		t.Fatal(err)
	}
	for n.Scrubbed().IsZero() {
		runtime.Gosched() // the first reading is behind us
	}
	dead.Store(true)
	err = readStream(t, client, "a")
	var refusal *esdb.Error
	if !errors.As(err, &refusal) || status.Code(refusal.Err()) != codes.DataLoss || strings.Contains(err.Error(), ".log") {
		t.Errorf("the read: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case <-n.scrubber.noted:
	case <-ctx.Done():
		t.Fatal("the log is not read after a read has failed")
	}
	if !strings.Contains(said.String(), "the disk failed a read") {
		t.Error("the failed read is not logged")
	}
}

// A bit that flips in an index file is said, with the name of the file, and is no damage to the log: appends go on, and the
// next start makes the file again.
func TestScrubDamagedIndex(t *testing.T) {
	files, _ := filled(t)
	said := &lines{}
	for _, damaged := range []bool{true, false} {
		l, err := openMemory(files)
		if err != nil {
			t.Fatal(err)
		}
		l.logger = slog.New(slog.NewTextHandler(said, nil))
		name := segmentName(l.segments[1].base, indexSuffix)
		s := newScrubber(l, Options{ScrubRate: 1 << 30}, nil)
		if damaged {
			files.flip("log/"+name, sealedHeaderSize+5, 1)
		}
		if err := s.pass(); err != nil || s.damage.Load() != nil {
			t.Errorf("the reading ends with %v and %v", err, s.damage.Load())
		}
		if got := strings.Count(said.String(), "file="+name); got != 1 {
			t.Errorf("the index is named %d times with damage in it %v:\n%s", got, damaged, said)
		}
		if err := l.close(false); err != nil {
			t.Fatal(err)
		}
	}
}

// The index file of another segment is damage too; one that cannot be read just now is not called damaged.
func TestScrubOtherIndex(t *testing.T) {
	files, _ := filled(t)
	said := &lines{}
	l, err := openMemory(files)
	if err != nil {
		t.Fatal(err)
	}
	l.logger = slog.New(slog.NewTextHandler(said, nil))
	s := newScrubber(l, Options{ScrubRate: 1 << 30}, nil)
	files.failReadAt, files.readFault = files.reads+1, syscall.EMFILE
	if err := s.checkIndex(l.segments[0]); !errors.Is(err, syscall.EMFILE) || said.String() != "" {
		t.Errorf("a file that cannot be read ends the reading with %v, and it says %s", err, said)
	}
	first, second := segmentName(l.segments[0].base, indexSuffix), segmentName(l.segments[1].base, indexSuffix)
	files.names["log/"+first] = files.names["log/"+second]
	if err := s.checkIndex(l.segments[0]); err != nil || !strings.Contains(said.String(), "file="+first) {
		t.Errorf("another segment's index ends the reading with %v, and it says %q", err, said)
	}
}
