package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// The defaults read a log of up to 1.4 TB through twice a day.
	defaultScrubRate  = 32 << 20
	defaultScrubEvery = 12 * time.Hour
	// scrubStride is how much is read between two rests.
	scrubStride = 256 << 10
	// scrubAgain is how soon a reading is tried again that found no damage and could not be done.
	scrubAgain = time.Minute
)

// damagedFile names the segments in which damage was found, so that the next start looks there before it takes appends.
const damagedFile = "damaged"

var errScrubEnded = errors.New("the node has been stopped")

// scrubber reads everything that is durable again and again, from files that it opens anew as the next start would, so
// that damage is found before anybody needs what is damaged. What the system holds in memory of a file is believed, as it
// is by every reader. It takes the log's mutex for a moment between segments, and nothing while it reads.
type scrubber struct {
	log   *log
	rate  int           // bytes a second
	every time.Duration // from the beginning of one reading to that of the next
	quit  <-chan struct{}
	wake  chan struct{} // takes one: somebody has met damage, and the whole log is read now
	read  uint64        // since the last rest; only the reading goroutine uses these three
	since time.Time
	index []byte // room for an index file

	once    sync.Once
	damage  atomic.Pointer[CorruptError] // the first that was found
	damaged []byte                       // names of all segments in which some was found, a line each
	noted   chan struct{}                // closed when there is one, and the disk says so
	passes  atomic.Int64                 // readings that found nothing
	whole   atomic.Pointer[time.Time]    // when the last of them had begun
}

func newScrubber(l *log, o Options, quit <-chan struct{}) *scrubber {
	return &scrubber{
		log: l, rate: o.ScrubRate, every: o.ScrubEvery, quit: quit,
		wake: make(chan struct{}, 1), noted: make(chan struct{}),
	}
}

// Damage answers the first damage that was found in the log, nil for none. From then on appends are refused with
// FailedPrecondition, and what is not damaged goes on being read, until a new start finds the file as it was written.
func (n *Node) Damage() *CorruptError { return n.scrubber.damage.Load() }

// Scrubbed answers since when the whole log is known to be what was written: the beginning of the last reading that found
// no damage. It is the zero time until there is one.
func (n *Node) Scrubbed() time.Time {
	if at := n.scrubber.whole.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// append proposes to the writer. To a log in which damage was found nothing is appended.
func (n *Node) append(ctx context.Context, p *proposal) (decision, error) {
	if damage := n.Damage(); damage != nil {
		return decision{}, status.Error(codes.FailedPrecondition, "nothing is appended to a damaged log: "+damage.Error())
	}
	return n.writer.append(ctx, p)
}

// run reads until the node is stopped, or until the end of the first reading that finds damage.
func (s *scrubber) run() {
	for s.damage.Load() == nil {
		began := time.Now()
		next := began.Add(s.every)
		switch err := s.pass(); {
		case errors.Is(err, errScrubEnded):
			return
		case err != nil:
			s.log.logger.Warn("the log could not be read through to find damage; it is tried again", "error", err)
			next = time.Now().Add(min(s.every, scrubAgain))
		case s.damage.Load() == nil:
			s.whole.Store(&began)
			s.passes.Add(1)
		}
		select {
		case <-s.quit:
			return
		case <-s.wake:
		case <-time.After(time.Until(next)):
		}
	}
}

// soon has the log read now: somebody has met damage, and what was met is only an answer to one call.
func (s *scrubber) soon() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// pass reads the segments that there are once. Of each that is damaged the first damage is reported. One that could not be
// read through keeps nobody from the others.
func (s *scrubber) pass() error {
	s.read, s.since = 0, time.Now()
	var undone error
	for _, p := range s.log.durable() {
		err := s.check(p)
		if err == nil {
			err = s.checkIndex(p.segment)
		}
		damage, corrupt := errors.AsType[*CorruptError](err)
		switch {
		case corrupt:
			s.report(damage)
		case errors.Is(err, errScrubEnded):
			return err
		case undone == nil:
			undone = err
		}
	}
	return undone
}

// durable answers the segments, each with what is durable of it now. What of the open one is beyond that may change.
func (l *log) durable() []place {
	l.mu.RLock()
	defer l.mu.RUnlock()
	places := make([]place, len(l.segments))
	for i, s := range l.segments {
		places[i] = place{segment: s, size: s.size}
	}
	return places
}

// check reads the records of one segment, up to what is durable of it. Damage is a *CorruptError; every other error says
// nothing about the log.
func (s *scrubber) check(p place) error {
	was := p.segment
	damaged := func(offset uint64, reason string) error {
		return &CorruptError{Segment: segmentName(was.base, segmentSuffix), Offset: offset, Reason: reason}
	}
	again, err := openSegment(s.log.files, s.log.dir, was.number, was.base, s.log.format.key, was.first)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return damaged(0, "the segment is missing")
	case errors.Is(err, syscall.EIO):
		return damaged(0, "the disk cannot read it: "+err.Error())
	case err != nil:
		return err
	}
	defer again.file.Close()
	if again.size < p.size {
		return damaged(again.size, fmt.Sprintf("the segment ends here, and was durable up to byte %d", p.size))
	}
	c := cursor{log: s.log, ahead: manyRecords}
	for at := uint64(segmentHeaderSize); at < p.size; at += c.length {
		_, err := c.at(place{segment: again, offset: uint32(at), size: p.size})
		switch _, corrupt := errors.AsType[*CorruptError](err); {
		case corrupt:
			return err
		case errors.Is(err, io.EOF):
			return damaged(at, "the segment has been cut off")
		case err != nil:
			return damaged(at, "the disk cannot read it: "+err.Error())
		}
		if err := s.rest(c.length); err != nil {
			return err
		}
	}
	return nil
}

// checkIndex reads the index file of a closed segment. Damage to it is none to the log, for it says nothing that the
// segment does not say: reads that meet it are refused, and the next start makes it again.
func (s *scrubber) checkIndex(of *segment) error {
	s.log.mu.RLock()
	sealed := of.index != nil
	s.log.mu.RUnlock()
	if !sealed {
		return nil
	}
	name := segmentName(of.base, indexSuffix)
	contents, err := readInto(s.log.files, s.log.dir, name, s.index)
	switch {
	case err == nil && sound(contents) && of.owns(contents):
		s.index = contents
		return s.rest(uint64(len(contents)))
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EIO):
		s.log.logger.Error("the index of a closed segment is damaged: what it leads to may be refused until the next start makes it again", "file", name, "error", err)
		return nil
	}
	return err
}

// rest keeps to the rate after n more bytes. It does not make up for time in which the machine was busy or asleep.
func (s *scrubber) rest(n uint64) error {
	if s.read += n; s.read < scrubStride {
		return nil
	}
	due := time.Duration(float64(s.read) / float64(s.rate) * float64(time.Second))
	select {
	case <-s.quit:
		return errScrubEnded
	case <-time.After(due - time.Since(s.since)):
	}
	s.read, s.since = 0, time.Now()
	return nil
}

// report stops appends for good and says why. It is noted on the disk that everything so far was durable, or the next start
// might take a damaged end for an unfinished write, and which segments are damaged.
func (s *scrubber) report(found ...*CorruptError) {
	logger := s.log.logger
	for _, damage := range found {
		logger.Error("the log is damaged; nothing is appended any more", "segment", damage.Segment, "offset", damage.Offset, "reason", damage.Reason)
		s.damaged = append(s.damaged, damage.Segment+"\n"...)
		s.damage.CompareAndSwap(nil, damage)
	}
	_, end, _ := s.log.state()
	err := errors.Join(writeMark(s.log.files, s.log.dir, end), writeWhole(s.log.files, s.log.dir, damagedFile, s.damaged))
	if err != nil {
		logger.Error("that the log is damaged could not be noted for the next start", "error", err)
	}
	s.once.Do(func() { close(s.noted) })
}

// recheck looks where damage was found before the node was started, in the whole log if that is not known. What is no
// longer damaged was put back by somebody, and is forgotten.
func (s *scrubber) recheck() error {
	note, err := readWhole(s.log.files, s.log.dir, damagedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	names := strings.Fields(string(note))
	all := s.log.durable()
	places := slices.DeleteFunc(slices.Clone(all), func(p place) bool {
		return !slices.Contains(names, segmentName(p.segment.base, segmentSuffix))
	})
	if len(places) == 0 || len(places) < len(names) {
		places = all
	}
	var found []*CorruptError
	for _, p := range places {
		err := s.check(p)
		if damage, ok := errors.AsType[*CorruptError](err); ok {
			found = append(found, damage)
		} else if err != nil {
			return err
		}
	}
	if len(found) > 0 {
		s.report(found...) // of all at once: none that is still damaged may be forgotten
		return nil
	}
	s.log.logger.Warn("what was damaged is what was written again", "segments", names)
	return errors.Join(s.log.files.Remove(filepath.Join(s.log.dir, damagedFile)), s.log.files.SyncDir(s.log.dir))
}
