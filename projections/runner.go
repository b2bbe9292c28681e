package projections

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/domain"
	"redress/eventstore"
)

// Runner keeps the read models up to date. Several may be started on one database: one
// works, the others wait for its lock.
type Runner struct {
	Pool   *pgxpool.Pool
	Store  *eventstore.Store
	Tenant string
	Log    *slog.Logger // nil: the default one
	// Progress is told how far a rebuild has come when the start needs one. It may be nil.
	Progress Progress
}

// Progress is called now and then with the position reached and the one to reach.
type Progress func(position, end uint64)

// lockKey is the advisory lock of the one runner of a database.
const lockKey = 0x7265647265737301

// Run follows the log until the context ends, which is no error. A database that is away
// is waited for. It returns an error when it must not go on: a gap, an unknown event,
// another log. What was committed stands; the next Run goes on behind it.
func (r *Runner) Run(ctx context.Context) error {
	if r.Log == nil {
		r.Log = slog.Default()
	}
	for wait := firstWait; ; wait = min(2*wait, longWait) {
		began := time.Now()
		err := r.run(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if !passing(err) {
			return err
		}
		if time.Since(began) > longWait {
			wait = firstWait
		}
		r.Log.Warn("projections: the database went away; trying again", "after", wait, "cause", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// How long to wait before the database is tried again.
const (
	firstWait = 50 * time.Millisecond
	longWait  = 5 * time.Second
)

// passing reports whether an error is the database's absence or a quarrel over locks,
// which another try may find over.
func passing(err error) bool {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		class := refusal.Code[:min(2, len(refusal.Code))]
		return class == "08" || class == "40" || class == "53" || class == "57" || refusal.Code == lockNotAvailable
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

func (r *Runner) run(ctx context.Context) error {
	unlock, err := takeLock(ctx, r.Pool)
	if err != nil {
		return err
	}
	defer unlock()
	for {
		live, err := r.open(ctx)
		if err != nil {
			return err
		}
		err = live.follow(ctx)
		if !errors.Is(err, errMoved) {
			return err
		}
		r.Log.Info("projections: the tables were exchanged or moved by another; reading the checkpoint again")
	}
}

// takeLock waits until this process holds the lock. The lock belongs to a connection of
// its own and goes with it, however the process ends.
func takeLock(ctx context.Context, pool *pgxpool.Pool) (unlock func(), err error) {
	pooled, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	conn := pooled.Hijack()
	unlock = func() { _ = conn.Close(context.WithoutCancel(ctx)) }
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", int64(lockKey)); err != nil {
		unlock()
		return nil, fmt.Errorf("waiting for the projection lock: %w", err)
	}
	return unlock, nil
}

// live is a runner between two readings of the checkpoint.
type live struct {
	*Runner
	checkpoint *checkpoint
	tables     tables
	fold       *fold
}

// open finds the live tables, making the first ones or rebuilding those of another
// version, and proves that they were made from this log.
func (r *Runner) open(ctx context.Context) (*live, error) {
	at, err := readCheckpoint(ctx, r.Pool, false)
	if err != nil {
		return nil, err
	}
	if at == nil || at.models != Fingerprint() {
		if at, err = rebuild(ctx, r.Pool, historyOf(r.Store, r.Tenant), r.Progress); err != nil {
			return nil, err
		}
	}
	if err := sameLog(ctx, r.Store, at.at); err != nil {
		return nil, err
	}
	l := &live{Runner: r, checkpoint: at, tables: generation(at.generation), fold: newFold(historyOf(r.Store, r.Tenant))}
	l.fold.streams.lookup = l.revisions
	if err := l.fold.warm(ctx, at.at); err != nil {
		return nil, err
	}
	return l, l.retry(ctx)
}

// SameLog makes sure that the read models which are there stand at an event of this log, and returns a [*ForkError] where
// they do not. [Runner.Run] does so before it writes; whoever is going to read meanwhile does so before.
func SameLog(ctx context.Context, pool *pgxpool.Pool, store *eventstore.Store) error {
	at, err := readCheckpoint(ctx, pool, false)
	if err != nil || at == nil || at.models != Fingerprint() { // those of another version are made anew
		return err
	}
	return sameLog(ctx, store, at.at)
}

// sameLog re-reads the event at a checkpoint and compares its id.
func sameLog(ctx context.Context, store *eventstore.Store, at eventstore.Mark) error {
	if at == (eventstore.Mark{}) {
		return nil
	}
	found, err := store.EventAt(ctx, at.Position)
	if errors.Is(err, eventstore.ErrNoEvent) {
		return &ForkError{Position: at.Position, Want: at.ID}
	}
	if _, unreadable := errors.AsType[*eventstore.Undecodable](err); err != nil && !unreadable {
		return err
	}
	if found.ID != at.ID {
		return &ForkError{Position: at.Position, Want: at.ID, Got: found.ID}
	}
	return nil
}

// warm folds the config stream as far as the tables have come.
func (f *fold) warm(ctx context.Context, at eventstore.Mark) error {
	for r, err := range f.store.Read(ctx, domain.ConfigStream(f.tenant), 0) {
		if err != nil {
			return err
		}
		if r.Position > at.Position {
			return nil
		}
		if err := f.configure(r); err != nil {
			return err
		}
	}
	return nil
}

// revisions looks up the last revisions of streams in the tables.
func (l *live) revisions(ctx context.Context, names []string) (map[string]uint64, error) {
	rows, err := l.Pool.Query(ctx, "select stream, revision from "+l.tables.in("streams")+" where stream = any($1)", names)
	if err != nil {
		return nil, err
	}
	found := make(map[string]uint64, len(names))
	var name string
	var revision int64
	_, err = pgx.ForEachRow(rows, []any{&name, &revision}, func() error {
		found[name] = uint64(revision)
		return nil
	})
	return found, err
}

// follow applies what comes, batch by batch.
func (l *live) follow(ctx context.Context) error {
	for {
		err := l.Store.Follow(ctx, l.checkpoint.at.Position, func(records []eventstore.Record) error {
			for len(records) > 0 {
				n := stretch(records)
				if err := l.apply(ctx, records[:n]); err != nil {
					return l.moved(ctx, err)
				}
				records = records[n:]
			}
			return nil
		}, eventstore.Following{Batch: batchSize})
		bad, ok := errors.AsType[*eventstore.Undecodable](err)
		if !ok {
			return err
		}
		if err := l.fold.takeUndecodable(ctx, bad); err != nil {
			return err
		}
		if err := l.commit(ctx, false); err != nil {
			return l.moved(ctx, err)
		}
	}
}

// moved finds out whether a batch failed because the tables were exchanged under it.
func (l *live) moved(ctx context.Context, cause error) error {
	now, err := readCheckpoint(ctx, l.Pool, false)
	if err == nil && now != nil && now.generation != l.checkpoint.generation {
		return errMoved
	}
	return cause
}

// batchSize bounds a batch, and with it a transaction.
const batchSize = 500

// stretch returns how many records the next batch has. An event that gives open cases new
// dates is a batch of its own.
func stretch(records []eventstore.Record) int {
	for i := range records {
		switch {
		case i == batchSize:
			return i
		case redates(records[i]):
			return max(i, 1)
		}
	}
	return len(records)
}

func redates(r eventstore.Record) bool {
	switch r.Event.(type) {
	case domain.CalendarAdopted, domain.SettingsAdopted:
		return true
	}
	return false
}

// apply takes one batch: rows and checkpoint together, or nothing.
func (l *live) apply(ctx context.Context, records []eventstore.Record) error {
	if err := l.fold.streams.prepare(ctx, records); err != nil {
		return err
	}
	for i := range records {
		if err := l.fold.take(ctx, records[i]); err != nil {
			return err
		}
	}
	return l.commit(ctx, len(records) == 1 && redates(records[0]))
}

// commit writes what the fold has put together, and moves the checkpoint. With a new
// calendar it also writes the open cases anew.
func (l *live) commit(ctx context.Context, calendar bool) error {
	if l.fold.out.last == (eventstore.Mark{}) {
		return nil
	}
	tx, err := l.Pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if calendar {
		if err := l.redate(ctx, tx); err != nil {
			return err
		}
	}
	for _, c := range l.fold.out.touched {
		l.fold.emit(c)
	}
	out, err := l.fold.finish(ctx)
	if err != nil {
		return err
	}
	batch := new(pgx.Batch)
	moved := int64(0)
	l.checkpoint.move(batch, out.last).Exec(func(tag pgconn.CommandTag) error { moved = tag.RowsAffected(); return nil })
	l.queue(batch, out)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("rows up to position %d: %w", out.last.Position, err)
	}
	if moved == 0 {
		return errMoved
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	l.checkpoint.at = out.last
	l.shout(out.parked)
	return nil
}

// queue adds the statements for an output of a generation that is in use.
func (l *live) queue(batch *pgx.Batch, out *output) {
	l.tables.queue(batch, out)
	if len(out.seen) > 0 {
		l.tables.seen(batch, out.seen)
	}
	for _, id := range out.settled {
		batch.Queue("delete from projections.parked where generation = $1 and case_id = $2", l.checkpoint.generation, id)
	}
	queueParked(batch, l.checkpoint.generation, out.parked)
}

func (l *live) shout(parked []Parked) {
	for _, p := range parked {
		l.Log.Error("projections: a case is parked, its rows stand still until the program is mended and started again",
			"case", p.Case, "revision", p.Revision, "position", p.Position, "event", p.Event, "type", p.Type, "reason", p.Reason)
	}
}

// redate writes the rows of all open cases anew, in the transaction that moves the
// checkpoint past the new calendar.
func (l *live) redate(ctx context.Context, tx pgx.Tx) error {
	open := map[uuid.UUID]uint64{}
	rows, err := tx.Query(ctx, "select case_id, revision from "+l.tables.in("cases")+" where status <> 'closed' order by case_id")
	if err != nil {
		return err
	}
	var id uuid.UUID
	var revision int64
	if _, err := pgx.ForEachRow(rows, []any{&id, &revision}, func() error { open[id] = uint64(revision); return nil }); err != nil {
		return err
	}
	last := l.fold.out.last
	n := 0
	for id, revision := range open {
		if l.fold.parked[id] {
			continue
		}
		l.fold.streams.last[domain.CaseStream(id)] = revision
		c, err := l.fold.reload(ctx, id, revision)
		if err != nil {
			return err
		}
		if c != nil {
			l.fold.emit(c)
		}
		if n++; n%batchSize == 0 {
			if err := l.send(ctx, tx); err != nil {
				return err
			}
		}
	}
	if err := l.send(ctx, tx); err != nil {
		return err
	}
	l.fold.out.last = last
	return nil
}

// send writes what has come together so far, within the transaction.
func (l *live) send(ctx context.Context, tx pgx.Tx) error {
	out, err := l.fold.finish(ctx)
	if err != nil {
		return err
	}
	batch := new(pgx.Batch)
	l.queue(batch, out)
	l.shout(out.parked)
	return tx.SendBatch(ctx, batch).Close()
}

// retry settles the parked cases once more, as a start with a mended program does.
func (l *live) retry(ctx context.Context) error {
	rows, err := l.Pool.Query(ctx, "select case_id from projections.parked where generation = $1", l.checkpoint.generation)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(ids) == 0 {
		return err
	}
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		names = append(names, domain.CaseStream(id))
	}
	if l.fold.streams.last, err = l.revisions(ctx, names); err != nil {
		return err
	}
	l.fold.out.failed = ids
	tx, err := l.Pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	now, err := readCheckpoint(ctx, tx, true)
	if err != nil {
		return err
	}
	if now == nil || now.generation != l.checkpoint.generation {
		return nil // follow finds out
	}
	if err := l.send(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
