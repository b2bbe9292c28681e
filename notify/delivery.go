package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// State is what has become of a delivery.
type State string

// The states of a delivery. Only Held and Failed wait for a person.
const (
	Sending State = "sending" // begun; after a crash, perhaps gone out
	Sent    State = "sent"    // the receiver has taken it
	Held    State = "held"    // too old when first seen
	Failed  State = "failed"  // given up after the last attempt
	Dropped State = "dropped" // never to be sent
)

// Delivery is one line of the table of deliveries: what became of one event at one notifier. Nothing in it is personal.
type Delivery struct {
	Notifier string
	EventID  uuid.UUID
	Position uint64 // of the event in the log
	Type     string
	State    State
	Attempts int
	At       time.Time // of the last change, UTC
	Why      string    // the reason for Failed and Dropped, in our own words
}

// ErrNotWaiting says that there is no delivery of that event, or that it is neither held nor failed.
var ErrNotWaiting = errors.New("no delivery of this event waits for a decision")

// deliveries is the table notify.deliveries for one tenant.
type deliveries struct {
	pool   *pgxpool.Pool
	tenant string
}

// begin writes that deliveries are about to be tried, all in one step, before anything is sent. A message that was never
// seen begins as Sending, or as Held where it is recorded before old. It returns the state in which each delivery now is;
// one that is settled is left alone and not returned. The messages must be of different events.
func (d deliveries) begin(ctx context.Context, notifier string, messages []Message, old, now time.Time) (map[uuid.UUID]State, error) {
	n := len(messages)
	ids, positions, types, states := make([]uuid.UUID, n), make([]int64, n), make([]string, n), make([]State, n)
	for i, m := range messages {
		ids[i], positions[i], types[i], states[i] = m.EventID, int64(m.Position), m.Type, Sending
		if m.RecordedAt.Before(old) {
			states[i] = Held
		}
	}
	rows, err := d.pool.Query(ctx, `
		insert into notify.deliveries as d (tenant, notifier, event_id, position, type, state, attempts, at)
		select $1, $2, m.event_id, m.position, m.type, m.state, case m.state when 'sending' then 1 else 0 end, $7
		from unnest($3::uuid[], $4::bigint[], $5::text[], $6::text[]) as m (event_id, position, type, state) order by m.event_id
		on conflict (tenant, notifier, event_id) do update set attempts = d.attempts + 1, at = excluded.at
			where d.state = 'sending'
		returning event_id, state`,
		d.tenant, notifier, ids, positions, types, states, now)
	if err != nil {
		return nil, err
	}
	begun := make(map[uuid.UUID]State, n)
	var id uuid.UUID
	var state State
	_, err = pgx.ForEachRow(rows, []any{&id, &state}, func() error {
		begun[id] = state
		return nil
	})
	return begun, err
}

// end writes what became of a delivery that was begun, and reports whether that was news.
func (d deliveries) end(ctx context.Context, notifier string, event uuid.UUID, state State, why string, now time.Time) (bool, error) {
	tag, err := d.pool.Exec(ctx, `
		update notify.deliveries set state = $4, why = $5, at = $6
		where tenant = $1 and notifier = $2 and event_id = $3 and state = 'sending'`,
		d.tenant, notifier, event, state, why, now)
	return tag.RowsAffected() == 1, err
}

// fail writes that a delivery is given up, though nothing of it was written before, and reports whether that was news.
func (d deliveries) fail(ctx context.Context, notifier string, m Message, why string, now time.Time) (bool, error) {
	tag, err := d.pool.Exec(ctx, `
		insert into notify.deliveries as d (tenant, notifier, event_id, position, type, state, attempts, at, why)
		values ($1, $2, $3, $4, $5, 'failed', 0, $6, $7)
		on conflict (tenant, notifier, event_id) do update set state = 'failed', at = excluded.at, why = excluded.why
			where d.state = 'sending'`,
		d.tenant, notifier, m.EventID, int64(m.Position), m.Type, now, why)
	return tag.RowsAffected() == 1, err
}

// list returns the deliveries in one state, the oldest change first, at most limit.
func (d deliveries) list(ctx context.Context, state State, limit int) ([]Delivery, error) {
	rows, err := d.pool.Query(ctx, `
		select notifier, event_id, position, type, state, attempts, at, why from notify.deliveries
		where tenant = $1 and state = $2 order by at, notifier, event_id limit $3`, d.tenant, state, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Delivery, error) {
		var line Delivery
		err := row.Scan(&line.Notifier, &line.EventID, &line.Position, &line.Type, &line.State, &line.Attempts, &line.At, &line.Why)
		line.At = line.At.UTC()
		return line, err
	})
}

// drop settles a waiting delivery without sending it.
func (d deliveries) drop(ctx context.Context, notifier string, event uuid.UUID, why string, now time.Time) error {
	tag, err := d.pool.Exec(ctx, `
		update notify.deliveries set state = 'dropped', why = $4, at = $5
		where tenant = $1 and notifier = $2 and event_id = $3 and state in ('held', 'failed')`,
		d.tenant, notifier, event, why, now)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNotWaiting
	}
	return err
}

// release runs send for a waiting delivery, which nobody else can touch meanwhile, and writes the state that send
// returns. When send fails, or the process dies, the delivery goes on waiting.
func (d deliveries) release(ctx context.Context, notifier string, event uuid.UUID, now func() time.Time, send func(position uint64) (State, string, error)) error {
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		var position uint64
		err := tx.QueryRow(ctx, `
			select position from notify.deliveries
			where tenant = $1 and notifier = $2 and event_id = $3 and state in ('held', 'failed')
			for update skip locked`, d.tenant, notifier, event).Scan(&position)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotWaiting
		}
		if err != nil {
			return err
		}
		state, why, err := send(position)
		if err != nil {
			return fmt.Errorf("%s of event %s: %w", notifier, event, err)
		}
		_, err = tx.Exec(ctx, `
			update notify.deliveries set state = $4, why = $5, at = $6, attempts = attempts + 1
			where tenant = $1 and notifier = $2 and event_id = $3`, d.tenant, notifier, event, state, why, now())
		return err
	})
}

// register returns the position after which the notifier's business begins, and whether the notifier is new. A new one
// begins after end.
func (d deliveries) register(ctx context.Context, notifier string, end uint64, now time.Time) (after uint64, fresh bool, err error) {
	tag, err := d.pool.Exec(ctx, `
		insert into notify.notifiers (tenant, name, starts_after, registered_at) values ($1, $2, $3, $4)
		on conflict (tenant, name) do nothing`, d.tenant, notifier, int64(end), now)
	if err != nil {
		return 0, false, err
	}
	err = d.pool.QueryRow(ctx, `select starts_after from notify.notifiers where tenant = $1 and name = $2`, d.tenant, notifier).Scan(&after)
	return after, tag.RowsAffected() == 1, err
}
