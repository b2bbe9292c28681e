package node

import (
	"errors"
	"log/slog"
	"sync"
	"time"
)

// log is the durable log in one folder. Any number of goroutines may read; only the writer appends.
type log struct {
	dir    string
	files  fileLayer
	limit  uint64 // segment size after which the next is begun
	format format
	logger *slog.Logger

	mu       sync.RWMutex
	segments []*segment
	count    uint32 // of events
	heads    heads
	ended    map[string]uint32 // streams that were tombstoned, with the number of the event
	created  int64             // time of the newest record, in ticks
	moved    chan struct{}

	owners  owners // of ids, in test mode; the writer's
	sealing sync.WaitGroup
}

// errStopped is answered to appends that the writer no longer takes.
var errStopped = errors.New("the log is closed")

// now answers the time in ticks of 100 ns since 1970, the protocol's unit.
func now() int64 { return time.Now().UnixNano() / 100 }

// close marks what is durable, so that the next opening can tell damage from an unfinished write, and closes the
// files. With clean false, after a fault, nothing more is written.
func (l *log) close(clean bool) error {
	l.sealing.Wait()
	var err error
	if clean && len(l.segments) > 0 {
		if err = l.last().trim(); err == nil {
			err = writeMark(l.files, l.dir, l.last().end())
		}
	}
	for _, s := range l.segments {
		err = errors.Join(err, s.file.Close())
		if s.index != nil {
			err = errors.Join(err, s.index.file.Close())
		}
	}
	return err
}

func (l *log) last() *segment { return l.segments[len(l.segments)-1] }

// state answers how many events there are, the position after the last byte, and a channel that is closed when
// either changes.
func (l *log) state() (count uint32, end uint64, moved <-chan struct{}) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.count, l.last().end(), l.moved
}

// place says where the record of an event is.
type place struct {
	segment *segment
	number  uint32 // of the event, where it is known
	offset  uint32
	size    uint64 // visible bytes of the segment
}

func (p place) position() uint64 { return p.segment.base + uint64(p.offset) }

// following answers where the record after the one at p is, which has length bytes. There is one.
func (l *log) following(p place, length uint64) place {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s, offset := p.segment, uint64(p.offset)+length
	if offset == s.size && s.number+1 < len(l.segments) {
		s, offset = l.segments[s.number+1], segmentHeaderSize
	}
	return place{segment: s, offset: uint32(offset), size: s.size}
}

// tombstone answers the number of the event that ended the stream.
func (l *log) tombstone(name string) (uint32, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n, ok := l.ended[name]
	return n, ok
}

// enter puts records of the last segment into the index, with their links. Where readers are about the caller holds the
// log's mutex, and has made room in the table of streams.
func (l *log) enter(links []link, records ...*record) {
	s := l.last()
	s.links = append(s.links, links...)
	for _, r := range records {
		tag := tagOf(r.stream)
		for range r.events {
			s.tags = append(s.tags, tag)
		}
		l.count += uint32(len(r.events))
		switch {
		case r.first == tombstoneRevision:
			l.ended[r.stream] = l.count - 1
		case r.before.next == 0:
			l.heads.add(tag, l.count-1)
		default:
			l.heads.move(tag, r.before.last, l.count-1)
		}
	}
}

// publish makes written records visible to readers. They are durable.
func (l *log) publish(written []*record, links []link, end uint64) {
	heads := l.heads.room(len(written)) // only this goroutine changes it
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heads = heads
	l.enter(links, written...)
	l.last().size = end - l.last().base
	close(l.moved)
	l.moved = make(chan struct{})
}

// roll closes the last segment and begins the next. The index of the closed one is written beside the appends; until
// it is there, opening the log reads the segment instead.
func (l *log) roll() error {
	closed := l.last()
	if err := closed.trim(); err != nil {
		return err
	}
	s, err := createSegment(l.files, l.dir, closed.number+1, closed.end(), l.format.key, l.count)
	if err != nil {
		return err
	}
	s.links, s.tags = make([]link, 0, len(closed.links)), make([]uint32, 0, len(closed.links))
	streams := l.heads.used
	l.mu.Lock()
	l.segments = append(l.segments, s)
	l.mu.Unlock()
	l.sealing.Go(func() { l.seal(closed, streams) })
	return nil
}
