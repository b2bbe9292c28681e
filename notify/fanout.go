package notify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"redress/eventstore"
)

// ErrOtherLog says that the checkpoint, or the stream, was made from another log than this one. Nothing is published.
var ErrOtherLog = errors.New("this is not the log that was published so far")

const (
	// window is how many events may be on their way to the broker without its acknowledgement.
	window         = 256
	publishTimeout = 10 * time.Second
)

// Fanout publishes the log. Each process may run one; one of all those for a tenant does the work.
type Fanout struct {
	Wiring
	// acked, where it is set, is called between the broker's acknowledgement and the move of the checkpoint. Its error
	// ends the run there, as a crash would.
	acked func(eventstore.Mark) error
}

// NewFanout makes a fan-out. It starts nothing.
func NewFanout(w Wiring) *Fanout { return &Fanout{Wiring: w} }

// Run publishes every event that is in the log and that comes, until ctx ends. Faults of the broker, of PostgreSQL and
// of the event store are waited out; [ErrOtherLog] is returned, since it does not heal.
func (f *Fanout) Run(ctx context.Context) error {
	return persevere(ctx, f.Log, "fan-out", f.run)
}

// run waits until no other process publishes, and publishes until something is out of order.
func (f *Fanout) run(ctx context.Context) error {
	session, err := f.lock(ctx)
	if err != nil {
		return err
	}
	// The end of the session gives the lock back, also when this process dies.
	defer session.Close(context.WithoutCancel(ctx))

	stream, err := f.stream(ctx)
	if err != nil {
		return err
	}
	made := stream.CachedInfo().Created.Truncate(time.Microsecond) // as PostgreSQL keeps it
	from, err := f.resume(ctx, session, stream, made)
	if err != nil {
		return err
	}
	js, err := jetstream.New(f.Conn, jetstream.WithPublishAsyncMaxPending(2*window), jetstream.WithPublishAsyncTimeout(publishTimeout))
	if err != nil {
		return err
	}
	defer js.CleanupPublisher()

	pending := make(chan publication, window)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return f.Store.Follow(ctx, from.Position, func(records []eventstore.Record) error {
			return f.publish(ctx, js, records, pending)
		}, eventstore.Following{})
	})
	g.Go(func() error { return f.settle(ctx, session, made, pending) })
	return g.Wait()
}

// lock opens a session of its own that holds the tenant's lock. The checkpoint is written in the same session: whoever
// has lost the lock cannot move it.
func (f *Fanout) lock(ctx context.Context) (*pgx.Conn, error) {
	pooled, err := f.Pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	session := pooled.Hijack()
	if _, err := session.Exec(ctx, "select pg_advisory_lock(hashtextextended($1, 0))", "redress fan-out "+f.Tenant); err != nil {
		return nil, errors.Join(err, session.Close(context.WithoutCancel(ctx)))
	}
	return session, nil
}

// resume returns the mark after which to publish: the checkpoint's, or the stream's last message's where that is behind,
// because the broker has lost what it had acknowledged; a stream that is not the one of the checkpoint gets the whole
// log. Both marks are compared with the log first.
func (f *Fanout) resume(ctx context.Context, session *pgx.Conn, stream jetstream.Stream, made time.Time) (eventstore.Mark, error) {
	var at eventstore.Mark
	filled := made
	err := session.QueryRow(ctx, "select position, event_id, stream from notify.fanout where tenant = $1", f.Tenant).Scan(&at.Position, &at.ID, &filled)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return at, err
	}
	if err := f.same(ctx, "checkpoint", at); err != nil {
		return at, err
	}
	last, known, err := f.last(ctx, stream)
	if err != nil {
		return at, err
	}
	if err := f.same(ctx, "stream", last); err != nil {
		return at, err
	}
	if !filled.Equal(made) {
		f.Log.WarnContext(ctx, "the stream was made anew; the whole log is published again", "checkpoint", at.Position)
		return eventstore.Mark{}, nil
	}
	if known && last.Position < at.Position {
		f.Log.WarnContext(ctx, "the stream is behind what was published; the rest is published again", "stream", last.Position, "checkpoint", at.Position)
		return last, nil
	}
	return at, nil
}

// last returns the mark of the stream's last message; the zero mark for a stream that never had one. It is not known
// where the stream's messages have all grown old.
func (f *Fanout) last(ctx context.Context, stream jetstream.Stream) (mark eventstore.Mark, known bool, err error) {
	msg, err := stream.GetLastMsgForSubject(ctx, "redress."+f.Tenant+".>")
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		info, err := stream.Info(ctx)
		if err != nil {
			return mark, false, err
		}
		return mark, info.State.LastSeq == 0, nil
	}
	if err != nil {
		return mark, false, err
	}
	if mark.Position, err = strconv.ParseUint(msg.Header.Get(positionHeader), 10, 64); err == nil {
		mark.ID, err = uuid.Parse(msg.Header.Get("ce-id"))
	}
	if err != nil {
		return mark, false, fatal{fmt.Errorf("%w: the stream %s holds messages of somebody else's", ErrOtherLog, f.streamName())}
	}
	return mark, true, nil
}

// same makes sure that the log has the event of a mark at its place.
func (f *Fanout) same(ctx context.Context, what string, mark eventstore.Mark) error {
	if mark.Position == 0 {
		return nil
	}
	found, err := f.Store.EventAt(ctx, mark.Position)
	if errors.Is(err, eventstore.ErrNoEvent) || err == nil && found.ID != mark.ID {
		return fatal{fmt.Errorf("%w: the %s ends with event %s at position %d, where the log has another or none", ErrOtherLog, what, mark.ID, mark.Position)}
	}
	return err
}

// publication is an event on its way to the broker.
type publication struct {
	mark eventstore.Mark
	ack  jetstream.PubAckFuture // nil for an event that is not published
}

// publish sends a batch. It waits while the window is full.
func (f *Fanout) publish(ctx context.Context, js jetstream.JetStream, records []eventstore.Record, pending chan<- publication) error {
	for _, r := range records {
		p := publication{mark: r.Mark()}
		if published(r.Stream) {
			msg, err := messageOf(f.Tenant, r).nats()
			if err != nil {
				return err
			}
			if p.ack, err = js.PublishMsgAsync(msg); err != nil {
				return fmt.Errorf("publish event %s: %w", r.ID, err)
			}
		}
		select {
		case pending <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// settle moves the checkpoint behind the acknowledgements, in the order of the log. It takes along what has been
// acknowledged while the last move was being written.
func (f *Fanout) settle(ctx context.Context, session *pgx.Conn, made time.Time, pending <-chan publication) error {
	var sequence uint64
	for {
		var mark eventstore.Mark
		for more := true; more; more = len(pending) > 0 {
			select {
			case p := <-pending:
				stored, err := f.acknowledged(ctx, p)
				if err != nil {
					return err
				}
				if stored > 0 && stored <= sequence {
					return errors.New("the stream was made anew under way")
				}
				sequence = max(sequence, stored)
				mark = p.mark
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if f.acked != nil {
			if err := f.acked(mark); err != nil {
				return err
			}
		}
		_, err := session.Exec(ctx, `
			insert into notify.fanout (tenant, position, event_id, stream, moved_at) values ($1, $2, $3, $4, $5)
			on conflict (tenant) do update set
				position = excluded.position, event_id = excluded.event_id, stream = excluded.stream, moved_at = excluded.moved_at`,
			f.Tenant, int64(mark.Position), mark.ID, made, f.Now())
		if err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
}

// acknowledged waits for the broker's word on one event, and returns the place in the stream that the event has taken; 0
// where it took none, because it is not published or was there already.
func (f *Fanout) acknowledged(ctx context.Context, p publication) (sequence uint64, err error) {
	if p.ack == nil {
		return 0, nil
	}
	select {
	case ack := <-p.ack.Ok():
		if ack.Duplicate {
			return 0, nil
		}
		f.Metrics.published.Inc()
		return ack.Sequence, nil
	case err := <-p.ack.Err():
		return 0, fmt.Errorf("publish event %s: %w", p.mark.ID, err)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
