package node

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// writer is the one goroutine that appends. It gathers the appends that wait, decides each, writes all that are to be
// written at once, syncs once, and only then answers. A fault stops it for good.
type writer struct {
	log    *log
	linger time.Duration
	queue  *queue
	crowd  crowd
	done   chan struct{} // closed when the goroutine has ended

	deferred []*proposal // decided with the next group
	spare    []*proposal // room for a group
	cursor   cursor
	buf      []byte
	ahead    []link // of what is being written

	held    atomic.Int64 // bytes of the appends that are not answered
	failing atomic.Bool  // a fault has occurred
	failure chan error   // receives it, once
}

// mostYielding bounds how long the writer yields.
const mostYielding = 50 * time.Microsecond

const (
	// mostHeld bounds the appends that wait for a disk that does not answer. Callers give up and send again, and what they
	// sent before stays.
	mostHeld = 256 << 20
	// perProposal is about what an append holds besides its events.
	perProposal = 4 << 10
)

// proposal is one append on its way to the writer.
type proposal struct {
	ctx      context.Context
	stream   string
	expected expectation
	events   []event
	removal  removal
	size     uint64       // bytes of its events, about
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
		queue: newQueue(), done: make(chan struct{}), failure: make(chan error, 1),
	}
}

// append proposes and waits for the answer, which always comes. What is not wanted any more when the writer takes it up is
// left; from then on it does not matter whether ctx ends, for what is being written cannot be called back. Where too much
// waits already it is refused, as a real server that is too busy does.
func (w *writer) append(ctx context.Context, p *proposal) (decision, error) {
	p.ctx, p.answer, p.size = ctx, make(chan outcome, 1), 0
	for i := range p.events {
		const perEvent = 64
		p.size += uint64(len(p.events[i].data) + len(p.events[i].metadata) + len(p.events[i].kind) + perEvent)
	}
	holds := int64(p.size) + perProposal
	defer w.held.Add(-holds)
	if w.held.Add(holds) > mostHeld {
		return decision{}, errUnavailable
	}
	if !w.queue.add(p) {
		return decision{}, errStopped
	}
	o := <-p.answer
	return o.decision, o.err
}

// close lets the writer finish what is queued and waits for it.
func (w *writer) close() {
	w.queue.close()
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
			w.queue.close()
			for _, p := range append(group, w.queue.take(nil)...) {
				p.reply(outcome{err: errStopped})
			}
			w.failing.Store(true)
			w.failure <- err
			return
		}
		took := time.Duration(0)
		if wrote {
			took = time.Since(start)
		}
		w.crowd.committed(len(group), w.queue.len(), took) // nobody who was answered is back yet
		clear(group)                                       // a large append is not held for long
		w.spare = group
	}
}

// reply answers once; later replies are dropped.
func (p *proposal) reply(o outcome) {
	select {
	case p.answer <- o:
	default:
	}
}

// gather waits for a proposal, and for those that are to be committed with it: a little longer than a commit takes at most.
// It yields before it sleeps, for most come within the time that it takes to be woken.
func (w *writer) gather() []*proposal {
	if len(w.deferred) == 0 {
		w.queue.await(1, 0)
	}
	came, began := true, time.Now()
	if w.linger > 0 {
		patience := min(w.crowd.pace/4, mostYielding)
		for w.queue.len() < w.crowd.flight && time.Since(began) < patience {
			runtime.Gosched()
		}
		if wanted := w.crowd.wanted() - len(w.deferred); wanted > 1 {
			came = w.queue.await(wanted, w.linger+w.crowd.pace)
		}
	}
	group := w.queue.take(w.spare)
	if len(w.deferred) > 0 {
		group = append(w.deferred, group...)
		w.deferred = nil
	}
	w.crowd.gathered(len(group), !came, time.Since(began))
	return group
}

// commit decides and writes a group, and answers all of it but what it defers. Any error is a fault of the store. No more
// is written at once than a segment holds, be it one append: places in a segment are numbers of 32 bits.
func (w *writer) commit(group []*proposal) (wrote bool, err error) {
	var stage []staged
	busy := map[string]bool{}
	room, full := w.log.limit, false
	for _, p := range group {
		full = full || len(stage) > 0 && p.size > room
		if full || w.log.entangled(busy, p.stream) {
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
		room -= min(room, p.size)
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
