package node

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// writer is the one goroutine that appends. It gathers the appends that wait, decides each, writes all that are to be
// written at once, syncs once, and only then answers. A fault stops it for good.
type writer struct {
	log    *log
	linger time.Duration
	queue  chan *proposal
	quit   chan struct{} // closed to stop after what is queued
	done   chan struct{} // closed when the goroutine has ended
	stop   sync.Once

	waiting  atomic.Int64 // appends whose answer is awaited
	deferred []*proposal
	flight   int           // appends that were under way when the last commit ended: its own, and those that came meanwhile
	pace     time.Duration // recent duration of a commit, smoothed
	cursor   cursor
	buf      []byte
	ahead    []link // of what is being written

	failing atomic.Bool // a fault has occurred
	failure chan error  // receives it, once
}

// proposal is one append on its way to the writer.
type proposal struct {
	ctx      context.Context
	stream   string
	expected expectation
	events   []event
	removal  removal
	answer   chan outcome // takes one
}

// outcome is what became of a proposal.
type outcome struct {
	decision decision
	err      error
}

// staged is a proposal that is being written.
type staged struct {
	proposal *proposal
	decision decision
	records  []*record
}

func newWriter(l *log, linger time.Duration) *writer {
	return &writer{
		log: l, linger: linger, cursor: cursor{log: l, ahead: oneRecord},
		queue: make(chan *proposal, 4096), quit: make(chan struct{}), done: make(chan struct{}),
		failure: make(chan error, 1),
	}
}

// append proposes and waits. If ctx ends first the outcome is unknown, unless the proposal had not been taken up.
func (w *writer) append(ctx context.Context, p *proposal) (decision, error) {
	p.ctx, p.answer = ctx, make(chan outcome, 1)
	w.waiting.Add(1)
	defer w.waiting.Add(-1)
	select {
	case w.queue <- p:
	case <-ctx.Done():
		return decision{}, ctx.Err()
	case <-w.done:
		return decision{}, errStopped
	}
	select {
	case o := <-p.answer:
		return o.decision, o.err
	case <-ctx.Done():
		return decision{}, ctx.Err()
	case <-w.done:
		select {
		case o := <-p.answer:
			return o.decision, o.err
		default:
			return decision{}, errStopped
		}
	}
}

// close lets the writer finish what is queued and waits for it.
func (w *writer) close() {
	w.stop.Do(func() { close(w.quit) })
	<-w.done
}

// run appends until it is closed or a fault occurs.
func (w *writer) run() {
	defer close(w.done)
	for {
		group := w.gather()
		if len(group) == 0 {
			return
		}
		start := time.Now()
		wrote, err := w.commit(group)
		if err != nil {
			for _, p := range group {
				p.reply(outcome{err: errStopped})
			}
			w.failing.Store(true)
			w.failure <- err
			return
		}
		w.flight = len(group) + len(w.queue) // nobody who was answered is back yet
		if wrote {
			w.pace += (time.Since(start) - w.pace) / 8
		}
	}
}

// reply answers once; later replies are dropped.
func (p *proposal) reply(o outcome) {
	select {
	case p.answer <- o:
	default:
	}
}

// gather waits for a proposal and takes those that come with it. It goes on for a part of the time that a commit
// takes, while fewer are here than are in flight: those that came during the last commit, and those that were answered
// by it, whose callers are about to propose again. The sync costs the same for all, and without the second kind two
// halves would take turns for ever. It yields instead of sleeping, for timers are coarser than a commit is long.
func (w *writer) gather() []*proposal {
	group := w.deferred
	w.deferred = nil
	if len(group) == 0 {
		select {
		case p := <-w.queue:
			group = append(group, p)
		case <-w.quit:
			select {
			case p := <-w.queue:
				group = append(group, p)
			default:
				return nil
			}
		}
	}
	patience := min(w.pace/4, w.linger)
	start := time.Now()
	for len(group) < cap(w.queue) {
		select {
		case p := <-w.queue:
			group = append(group, p)
			continue
		default:
		}
		if len(group) >= max(w.flight, int(w.waiting.Load())) || time.Since(start) >= patience {
			break
		}
		runtime.Gosched()
	}
	return group
}

// commit decides and writes a group, and answers all of it but what it defers. Any error is a fault of the store.
func (w *writer) commit(group []*proposal) (wrote bool, err error) {
	var stage []staged
	busy := map[string]bool{}
	for _, p := range group {
		if w.log.entangled(busy, p.stream) {
			// A decision needs to see what is durable of its stream: this one waits for the next group.
			w.deferred = append(w.deferred, p)
			continue
		}
		if p.ctx.Err() != nil {
			p.reply(outcome{err: p.ctx.Err()})
			continue
		}
		d, err := w.decide(p)
		if err != nil || d.verdict != verdictAppend {
			p.reply(outcome{decision: d, err: err})
			continue
		}
		busy[p.stream] = true
		s := staged{proposal: p, decision: d}
		if s.records, err = w.records(p, d); err != nil {
			p.reply(outcome{err: err})
			continue
		}
		for _, r := range s.records {
			busy[r.stream] = true
		}
		stage = append(stage, s)
	}
	if len(stage) == 0 {
		return false, nil
	}
	if err := w.write(stage); err != nil {
		return false, err
	}
	for _, s := range stage {
		r := s.records[0]
		if r.stream == s.proposal.stream {
			s.decision.current = int64(r.first) + int64(len(r.events)) - 1
		}
		s.decision.position = r.eventPosition(len(r.events) - 1)
		if w.log.format.test {
			w.log.owners.note(r)
		}
		s.proposal.reply(outcome{decision: s.decision})
	}
	return true, nil
}

func (w *writer) decide(p *proposal) (decision, error) {
	if p.removal != keep {
		return w.log.decideRemoval(&w.cursor, p)
	}
	return w.log.decide(&w.cursor, p.stream, p.expected, p.events)
}

// records answers what a decided proposal writes.
func (w *writer) records(p *proposal, d decision) ([]*record, error) {
	if p.removal != keep {
		r, err := w.log.removalRecord(&w.cursor, p)
		return []*record{r}, err
	}
	r := &record{stream: p.stream, first: uint64(d.current + 1), events: p.events, before: d.head}
	if r.first+uint64(len(p.events)) > math.MaxUint32 {
		return nil, fmt.Errorf("a stream holds at most %d events", uint32(math.MaxUint32))
	}
	again, err := w.log.revival(&w.cursor, r, d)
	switch {
	case again == nil:
		return []*record{r}, err
	case len(p.events) == 0:
		return []*record{again}, err
	}
	return []*record{r, again}, err
}

// write makes the staged records durable and visible. After an error nothing is visible, and what is on the disk is
// unknown.
func (w *writer) write(stage []staged) error {
	l := w.log
	l.created = max(l.created, now())
	last := l.last()
	offset := last.size
	w.buf = w.buf[:0]
	var written []*record
	for _, s := range stage {
		for _, r := range s.records {
			r.created, r.position = l.created, last.base+offset+uint64(len(w.buf))
			w.buf = appendRecord(w.buf, l.format.key, r, uint32(len(w.buf)))
			written = append(written, r)
		}
	}
	if offset > segmentHeaderSize && offset+uint64(len(w.buf)) > l.limit {
		if err := l.roll(); err != nil {
			return err
		}
		return w.write(stage)
	}
	links, err := w.links(written, last)
	if err != nil {
		return err
	}
	if err := last.reserve(offset+uint64(len(w.buf)), l.limit); err != nil {
		return err
	}
	if _, err := last.file.WriteAt(w.buf, int64(offset)); err != nil {
		return err
	}
	if err := last.file.Sync(); err != nil {
		return err
	}
	l.publish(written, links, last.base+offset+uint64(len(w.buf)))
	if cap(w.buf) > 8<<20 {
		w.buf = nil
	}
	return nil
}

// links answers the links of the records that are about to be written to the last segment.
func (w *writer) links(written []*record, last *segment) ([]link, error) {
	first := w.log.count
	links := w.ahead[:0]
	for i, r := range written {
		if n := uint64(first) + uint64(len(links)) + uint64(len(r.events)); n > maxEvents {
			return nil, fmt.Errorf("the log holds %d events, the most it can", first)
		}
		var err error
		switch {
		case i > 0 && written[i-1].stream == r.stream:
			r.before = head{last: first + uint32(len(links)) - 1, next: uint32(r.first)}
		case r.first > 0 && r.first != tombstoneRevision && uint64(r.before.next) != r.first:
			if r.before, _, _, err = w.cursor.stream(r.stream); err != nil {
				return nil, err
			}
		}
		if links, err = w.cursor.chain(r, uint32(r.position-last.base), first+uint32(len(links)), links); err != nil {
			return nil, err
		}
	}
	w.ahead = links
	return links, nil
}
