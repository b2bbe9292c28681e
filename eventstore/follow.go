package eventstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore/vault"
)

// pumped is how many events may wait between the server and their decoding.
const pumped = 1024

// ReadAll returns the events of the whole log after one position (0: from the first) up to and including another (0: as
// far as the log reaches when the reading begins), in order. Decoding runs ahead of the consumer. Errors are those of
// [Store.Read].
func (s *Store) ReadAll(ctx context.Context, after, upTo uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		queue := make(chan arrival, pumped)
		go s.pump(ctx, after, upTo, queue)
		for {
			events, err := gather(ctx, queue, pumped)
			records, undecodable := decodeAll(events)
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
			if undecodable != nil {
				err = undecodable
			}
			if errors.Is(err, errFinished) {
				return
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
		}
	}
}

// OfType returns every event of one type in the whole log, in order. Events of other types are not decoded.
func (s *Store) OfType(ctx context.Context, name string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for r, err := range s.OfTypeAfter(ctx, name, new(Mark)) {
			if !yield(r, err) {
				return
			}
		}
	}
}

// OfTypeAfter returns every event of one type after a mark, in order, and moves the mark along behind every event that
// it has seen, of whatever type. Events of other types are not decoded.
func (s *Store) OfTypeAfter(ctx context.Context, name string, mark *Mark) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		after := mark.Position
		for e, err := range s.events(ctx, func(ctx context.Context, c *esdb.Client) (*esdb.ReadStream, error) {
			return c.ReadAll(ctx, esdb.ReadAllOptions{From: from(after)}, math.MaxInt64)
		}) {
			switch {
			case err != nil:
				yield(Record{}, fmt.Errorf("the log's events of type %s: %w", name, err))
				return
			case foreign(e) || e.Position.Commit <= after && after > 0: // a counted reading begins with the event at its position
				continue
			case e.EventType == name:
				if r, err := decode(e); !yield(r, err) || err != nil {
					return
				}
			}
			*mark = Mark{e.Position.Commit, e.EventID}
		}
	}
}

// errFinished ends a counted reading that has come to its end.
var errFinished = errors.New("the reading is finished")

// pump reads the log into the queue and ends it with an error. A reading that breaks off goes on after what it has
// delivered.
func (s *Store) pump(ctx context.Context, after, upTo uint64, queue chan<- arrival) {
	for {
		last, err := s.pour(ctx, after, upTo, queue)
		if last > after && passing(err) {
			after = last
			continue
		}
		deliver(ctx, queue, arrival{err: err})
		return
	}
}

// pour makes one reading. It returns the position of the last event that it delivered.
func (s *Store) pour(ctx context.Context, after, upTo uint64, queue chan<- arrival) (last uint64, err error) {
	last = after
	for e, err := range s.events(ctx, func(ctx context.Context, c *esdb.Client) (*esdb.ReadStream, error) {
		return c.ReadAll(ctx, esdb.ReadAllOptions{From: from(after)}, math.MaxInt64)
	}) {
		switch {
		case err != nil:
			return last, fmt.Errorf("the log after %d: %w", last, err)
		case upTo > 0 && e.Position.Commit > upTo:
			return last, errFinished
		case e.Position.Commit <= after || foreign(e): // a counted reading begins with the event at its position
			continue
		case !deliver(ctx, queue, arrival{event: e}):
			return last, context.Cause(ctx)
		}
		last = e.Position.Commit
	}
	return last, errFinished
}

func from(after uint64) esdb.AllPosition {
	if after == 0 {
		return esdb.Start{}
	}
	return esdb.Position{Commit: after, Prepare: after}
}

// arrival is an event that came from the server, or the end of the reading.
type arrival struct {
	event *esdb.RecordedEvent
	err   error
}

func deliver(ctx context.Context, queue chan<- arrival, a arrival) bool {
	select {
	case queue <- a:
		return true
	case <-ctx.Done():
		return false
	}
}

// gather waits for an event and takes with it, up to a number, those that are there already: a batch is as long as the
// consumer was busy. An error comes with the events before it.
func gather(ctx context.Context, queue <-chan arrival, most int) ([]*esdb.RecordedEvent, error) {
	var events []*esdb.RecordedEvent
	select {
	case a := <-queue:
		if a.err != nil {
			return nil, a.err
		}
		events = append(events, a.event)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	for len(events) < most {
		select {
		case a := <-queue:
			if a.err != nil {
				return events, a.err
			}
			events = append(events, a.event)
		default:
			return events, nil
		}
	}
	return events, nil
}

// Following says how a [Store.Follow] goes about it. The zero value works.
type Following struct {
	// Batch is the most records that are handled at once; 0 means 500.
	Batch int
	// Contiguous has the revisions of every stream checked: each must follow the one before. It costs memory for every
	// stream that comes by.
	Contiguous bool
	// Revisions are the last known revisions of the streams, where Contiguous is set and the following begins in the
	// middle of the log. A stream that is not in it may begin with any revision then.
	Revisions map[string]uint64
}

const defaultBatch = 500

// Follow hands every event of the log after a position to handle, in order and in batches, now and for ever. What has
// been handled is not handed over again: when the connection is lost, Follow begins anew after the last event of the
// last batch for which handle returned nil, and goes on trying until the context ends or the store is closed.
//
// It returns the context's error, [ErrClosed], handle's error, an [*Undecodable] or a [*Gap]; before the latter two the records in
// front of the bad event are handled. Keys of erased people are dropped from the vault's memory as it goes.
func (s *Store) Follow(ctx context.Context, after uint64, handle func([]Record) error, how Following) error {
	if how.Batch <= 0 {
		how.Batch = defaultBatch
	}
	f := &follower{store: s, how: how, after: after, handle: handle, fromStart: after == 0, revisions: map[string]uint64{}}
	for stream, last := range how.Revisions {
		f.revisions[stream] = last
	}
	for wait := firstWait; ; {
		began := f.after
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if fatal, ok := errors.AsType[*stopped](err); ok {
			return fatal.err
		}
		if errors.Is(err, ErrClosed) {
			return ErrClosed
		}
		s.log.Info("a subscription has ended and begins anew", "after", f.after, "cause", err)
		if f.after > began {
			wait = firstWait
		}
		if !pause(ctx, wait+rand.N(wait)) {
			return context.Cause(ctx)
		}
		wait = min(2*wait, 10*time.Second)
	}
}

// follower is one Follow on its way.
type follower struct {
	store     *Store
	how       Following
	handle    func([]Record) error
	after     uint64 // position of the last event that was handled
	fromStart bool   // the first event of every stream must have revision 0
	revisions map[string]uint64
}

// stopped is an error after which following does not begin anew.
type stopped struct{ err error }

func (e *stopped) Error() string { return e.err.Error() }

// follow subscribes once and handles what comes, until the subscription ends.
func (f *follower) follow(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := f.store.door.take(ctx)
	if err != nil {
		return err
	}
	defer func() { f.store.door.release(l, err) }()
	subscription, err := on(ctx, f.store.door, l, func(c *esdb.Client) (*esdb.Subscription, error) {
		return c.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: from(f.after)})
	})
	if err != nil {
		return err
	}
	queue := make(chan arrival, min(2*f.how.Batch, pumped))
	go receive(ctx, subscription, queue)
	for {
		events, ending := gather(ctx, queue, f.how.Batch)
		if err := f.batch(events); err != nil {
			return err
		}
		if ending != nil {
			return ending
		}
	}
}

// receive moves what a subscription delivers into the queue. Checkpoints are of no interest: a position that did not
// come with an event is never kept.
func receive(ctx context.Context, subscription *esdb.Subscription, queue chan<- arrival) {
	defer subscription.Close()
	for {
		e, err := guarded(func() (*esdb.SubscriptionEvent, error) { return subscription.Recv(), nil })
		switch {
		case err != nil:
		case e.SubscriptionDropped != nil:
			err = e.SubscriptionDropped.Error
		case e.EventAppeared == nil || foreign(e.EventAppeared.OriginalEvent()):
			continue
		}
		if err != nil {
			deliver(ctx, queue, arrival{err: err})
			return
		}
		if !deliver(ctx, queue, arrival{event: e.EventAppeared.OriginalEvent()}) {
			return
		}
	}
}

// batch decodes, checks and hands over. What comes before a bad event is handed over first.
func (f *follower) batch(events []*esdb.RecordedEvent) error {
	records, bad := decodeAll(events)
	for len(records) > 0 && records[0].Position <= f.after {
		records = records[1:] // handled already
	}
	if f.how.Contiguous {
		for i, r := range records {
			if gap := f.follows(r); gap != nil {
				records, bad = records[:i], gap
				break
			}
		}
	}
	if len(records) > 0 {
		if err := f.handle(records); err != nil {
			return &stopped{err}
		}
		for _, r := range records {
			f.store.forget(r)
		}
		f.after = records[len(records)-1].Position
	}
	if bad != nil {
		return &stopped{bad}
	}
	return nil
}

// follows checks a record against the last revision of its stream.
func (f *follower) follows(r Record) error {
	last, known := f.revisions[r.Stream]
	want := uint64(0)
	switch {
	case known:
		want = last + 1
	case !f.fromStart:
		want = r.Revision
	}
	if r.Revision != want {
		return &Gap{Position: r.Position, Stream: r.Stream, Want: want, Found: r.Revision}
	}
	f.revisions[r.Stream] = r.Revision
	return nil
}

// forget drops the keys of which a record says that they were destroyed.
func (s *Store) forget(r Record) {
	erased, ok := r.Event.(domain.PersonalDataErased)
	if !ok {
		return
	}
	s.vault.Forget(r.Stream)
	for _, id := range erased.KeyIDs {
		s.vault.ForgetKey(vault.KeyID(uuid.UUID(id)))
	}
}
