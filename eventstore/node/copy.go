package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/uuid"
)

// Copied says what a copy of a log holds.
type Copied struct {
	Position uint64    // of its last event
	ID       uuid.UUID // of its last event
	Events   uint64
}

// Copy copies the log in dir, up to and including the event at position last, to the folder to, which it makes and which
// must not exist. A node may serve dir meanwhile, and may have been killed before; last is the position of an event that
// it has answered, so that all before it is durable and never changes. Every record is checked on the way, and moved,
// unless it is nil, is told of every event. The copy is on the disk when Copy returns; a crash leaves a part of it, which
// the caller throws away.
//
// Errors: a *CorruptError for damage in dir, and what says that there is no event at last, or another after it in the
// same append.
func Copy(ctx context.Context, dir, to string, last uint64, moved func(position uint64, id uuid.UUID)) (Copied, error) {
	if moved == nil {
		moved = func(uint64, uuid.UUID) {}
	}
	c, err := copyLog(ctx, dir, to, last, moved)
	if err != nil {
		return c, fmt.Errorf("copy of the event store in %s: %w", dir, err)
	}
	return c, nil
}

func copyLog(ctx context.Context, dir, to string, last uint64, moved func(uint64, uuid.UUID)) (Copied, error) {
	var done Copied
	files := disk{}
	names, err := files.List(dir)
	if err != nil {
		return done, err
	}
	if !slices.Contains(names, formatFile) {
		return done, errors.New("there is no log of ours")
	}
	contents, err := readWhole(files, dir, formatFile)
	if err != nil {
		return done, err
	}
	l := &log{dir: dir, files: files}
	if l.format, err = parseFormat(contents); err != nil {
		return done, err
	}
	var bases []uint64
	for _, name := range names {
		if base, ok := segmentBase(name, segmentSuffix); ok && base <= last {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	if err := os.Mkdir(to, 0o700); err != nil {
		return done, err
	}
	if err := writeWhole(files, to, formatFile, contents); err != nil {
		return done, err
	}
	end := uint64(0)
	for i, base := range bases {
		if base != end {
			return done, &CorruptError{Segment: segmentName(base, segmentSuffix), Reason: fmt.Sprintf("the segment before it ends at %d", end)}
		}
		next := last + 1
		if i+1 < len(bases) {
			next = bases[i+1]
		}
		if end, err = l.copySegment(ctx, to, base, next, &done, moved); err != nil {
			return done, err
		}
	}
	if done.Position != last {
		return done, fmt.Errorf("no append ends with an event at position %d", last)
	}
	return done, errors.Join(writeMark(files, to, end), files.SyncDir(filepath.Dir(to)))
}

// copySegment copies the records that begin before position next, and returns the position after the last of them.
func (l *log) copySegment(ctx context.Context, to string, base, next uint64, done *Copied, moved func(uint64, uuid.UUID)) (end uint64, err error) {
	name := segmentName(base, segmentSuffix)
	s, err := openSegment(l.files, l.dir, 0, base, l.format.key, uint32(done.Events))
	if err != nil {
		return 0, err
	}
	defer s.file.Close()
	f, err := os.OpenFile(filepath.Join(to, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	if _, err := out.Write(encodeSegmentHeader(base, l.format.key, s.first)); err != nil {
		return 0, err
	}
	c := cursor{log: l, ahead: 1 << 20}
	for end = base + segmentHeaderSize; end < next; end += c.length {
		p := place{segment: s, offset: uint32(end - base), size: s.size}
		r, err := c.at(p)
		if errors.Is(err, io.EOF) { // what was reserved has been cut off since: the segment was closed
			if r, err = c.shortened(p); err != nil {
				return 0, err
			}
		}
		if err != nil {
			return 0, err
		}
		whole, err := c.bytes(p, c.length)
		if err != nil {
			return 0, err
		}
		if _, err := out.Write(whole); err != nil {
			return 0, err
		}
		for i := range r.events {
			done.Position, done.ID = r.eventPosition(i), uuid.UUID(r.events[i].id)
			moved(done.Position, done.ID)
		}
		done.Events += uint64(len(r.events))
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
	}
	return end, errors.Join(out.Flush(), f.Sync(), f.Close())
}

// shortened reads the record at p again, in a file that has become shorter since it was opened.
func (c *cursor) shortened(p place) (*record, error) {
	size, err := p.segment.file.Size()
	if err != nil {
		return nil, err
	}
	p.segment.size = uint64(size)
	p.size = uint64(size)
	return c.at(p)
}
