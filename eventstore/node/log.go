package node

import (
	"errors"
	"fmt"
	"log/slog"
	"sort"
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
	index    *index
	created  int64 // time of the newest record, in ticks
	moved    chan struct{}
	touched  map[string]struct{} // streams with events in the last segment

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
	}
	return err
}

func (l *log) last() *segment { return l.segments[len(l.segments)-1] }

// state answers how many events there are, the position after the last byte, and a channel that is closed when
// either changes.
func (l *log) state() (count uint32, end uint64, moved <-chan struct{}) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.index.count, l.last().end(), l.moved
}

// stream answers the head of a stream; ok is false if it never had an ordinary event.
func (l *log) stream(name string) (h head, ok, ended bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	h, ok = l.index.streams[name]
	_, ended = l.index.ended[name]
	return h, ok, ended
}

// place says where the record of an event is.
type place struct {
	segment *segment
	offset  uint32
	size    uint64 // visible bytes of the segment
}

func (p place) position() uint64 { return p.segment.base + uint64(p.offset) }

// placeOf answers where event n is. The caller knows that n exists.
func (l *log) placeOf(n uint32) place {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.placeLocked(n)
}

func (l *log) placeLocked(n uint32) place {
	e := l.index.entry(n)
	s := l.segments[e.segment]
	return place{segment: s, offset: e.offset, size: s.size}
}

// tombstone answers the number of the event that ended the stream.
func (l *log) tombstone(name string) (uint32, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n, ok := l.index.ended[name]
	return n, ok
}

// page answers the numbers of the events first..first+n-1 of a stream that has them all, appended to buf.
func (l *log) page(name string, first, n uint32, buf []uint32) []uint32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	h := l.index.streams[name]
	start := len(buf)
	buf = append(buf, make([]uint32, n)...)
	at := l.index.find(h, first+n-1)
	for i := int(n) - 1; i >= 0; i-- {
		buf[start+i] = at
		at = l.index.entry(at).prev
	}
	return buf
}

// search looks through the newest events of a stream for one whose id has the fingerprint, from revision `below`-1
// down, and answers its revision and number.
func (l *log) search(name string, print uint16, below uint32) (revision, number uint32, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	h, exists := l.index.streams[name]
	if !exists || below == 0 {
		return 0, 0, false
	}
	oldest := uint32(0)
	if h.next > idWindow {
		oldest = h.next - idWindow
	}
	n := l.index.find(h, below-1)
	for r := below; r > oldest; r-- {
		e := l.index.entry(n)
		if e.print == print {
			return r - 1, n, true
		}
		n = e.prev
	}
	return 0, 0, false
}

// idWindow is how many of a stream's newest events are searched for the ids of an append with no exact expectation.
const idWindow = 1 << 16

// from answers the number of the first event at position or later, which is the number of events if there is none.
func (l *log) from(position uint64) uint32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	i := sort.Search(len(l.segments), func(i int) bool { return l.segments[i].base > position }) - 1
	if i < 0 {
		return 0
	}
	s := l.segments[i]
	offset := position - s.base
	next := l.index.firstFrom(s.number, offset+1)
	if next == 0 {
		return 0
	}
	// The record before may hold several events and position may name one of them.
	e := l.index.entry(next - 1)
	if e.segment != s.number {
		return next
	}
	first := l.index.firstFrom(s.number, uint64(e.offset))
	if within := offset - uint64(e.offset); within < uint64(next-first) {
		return first + uint32(within)
	}
	return next
}

// firstOfRecord answers the number of the first event in the record that holds event n.
func (l *log) firstOfRecord(n uint32) uint32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	e := l.index.entry(n)
	return l.index.firstFrom(e.segment, uint64(e.offset))
}

// publish makes written records visible to readers. They are durable.
func (l *log) publish(written []*record, end uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.last()
	for _, r := range written {
		l.index.add(s.number, uint32(r.position-s.base), r)
		l.touched[r.stream] = struct{}{}
	}
	s.size = end - s.base
	close(l.moved)
	l.moved = make(chan struct{})
}

// roll closes the last segment and begins the next. The index of the closed one is written beside the appends; until
// it is there, opening the log reads the segment instead.
func (l *log) roll() error {
	closed := l.last()
	if len(l.segments) > 1<<16-1 {
		return fmt.Errorf("the log has %d segments, the most it can have", len(l.segments))
	}
	if err := closed.trim(); err != nil {
		return err
	}
	s, err := createSegment(l.files, l.dir, closed.number+1, closed.end(), l.format.key, l.index.count)
	if err != nil {
		return err
	}
	contents := encodeSealed(l.index, closed, l.index.count, l.touched) // only this goroutine changes the index
	l.mu.Lock()
	l.segments = append(l.segments, s)
	l.touched = map[string]struct{}{}
	l.mu.Unlock()
	l.sealing.Go(func() {
		if err := writeWhole(l.files, l.dir, segmentName(closed.base, indexSuffix), contents); err != nil {
			l.logger.Warn("index of a closed segment not written; the next start reads the segment instead",
				"segment", segmentName(closed.base, segmentSuffix), "error", err)
		}
	})
	return nil
}
