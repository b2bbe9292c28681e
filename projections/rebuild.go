package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/eventstore"
)

// Rebuild makes all read models anew from the log, beside the live ones, and puts them in
// their place. A live runner and all readers go on meanwhile; the runner notices the new
// generation at its next batch. A rebuild that is interrupted changes nothing.
func Rebuild(ctx context.Context, pool *pgxpool.Pool, store *eventstore.Store, tenant string, progress Progress) error {
	_, err := rebuild(ctx, pool, historyOf(store, tenant), progress)
	return err
}

// rebuildLock is the advisory lock that keeps two rebuilds apart.
const rebuildLock = 0x7265647265737302

func rebuild(ctx context.Context, pool *pgxpool.Pool, h history, progress Progress) (*checkpoint, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", int64(rebuildLock)); err != nil {
		return nil, err
	}
	defer conn.Exec(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", int64(rebuildLock))
	old, err := readCheckpoint(ctx, conn, false)
	if err != nil {
		return nil, err
	}
	next := int64(1)
	if old != nil {
		next = old.generation + 1
		if err := dropUnused(ctx, conn, old.generation); err != nil {
			return nil, err
		}
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	now, err := fillAndSwap(ctx, tx, h, next, tell(ctx, pool, next, progress))
	if err != nil {
		return nil, fmt.Errorf("rebuild: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, fmt.Errorf("rebuild: %w", err)
	}
	if _, err := conn.Exec(ctx, "delete from projections.building"); err != nil {
		return nil, fmt.Errorf("rebuild: %w", err)
	}
	if old != nil {
		// Somebody may still read the old tables; then the next rebuild drops them.
		_ = dropUnused(ctx, conn, next)
	}
	return now, nil
}

// tell passes progress on, and shows it now and then to other processes. That this fails
// is no reason to give a rebuild up.
func tell(ctx context.Context, pool *pgxpool.Pool, generation int64, progress Progress) Progress {
	var told time.Time
	return func(position, end uint64) {
		if progress != nil {
			progress(position, end)
		}
		if time.Since(told) < tellEvery {
			return
		}
		told = time.Now()
		_, _ = pool.Exec(ctx, `insert into projections.building (generation, position, log_end) values ($1, $2, $3)
			on conflict (single) do update set generation = excluded.generation, position = excluded.position, log_end = excluded.log_end`,
			generation, int64(position), int64(end))
	}
}

const tellEvery = 500 * time.Millisecond

// fillAndSwap fills the tables of the next generation and makes it the live one, all in
// one transaction: whoever looks sees the old generation or the whole new one.
func fillAndSwap(ctx context.Context, tx pgx.Tx, h history, next int64, progress Progress) (*checkpoint, error) {
	l, err := newLoader(ctx, tx, h, generation(next), next)
	if err != nil {
		return nil, err
	}
	if err := l.read(ctx, 0, progress); err != nil {
		return nil, err
	}
	// The first round has read nearly everything. The next is short; what the runner
	// writes during it waits for the last, which holds the checkpoint's row and is
	// shorter still. So nobody who has seen an event in the old tables misses it in the
	// new ones.
	if err := l.read(ctx, 0, nil); err != nil {
		return nil, err
	}
	live, err := readCheckpoint(ctx, tx, true)
	if err != nil {
		return nil, err
	}
	if live != nil && l.last.Position < live.at.Position {
		if err := l.read(ctx, live.at.Position, nil); err != nil {
			return nil, err
		}
	}
	if err := l.keep(ctx); err != nil {
		return nil, err
	}
	if err := l.tables.publish(ctx, tx); err != nil {
		return nil, err
	}
	now := checkpoint{generation: next, models: Fingerprint(), at: l.last}
	return &now, install(ctx, tx, now)
}

// read takes the log from where the loader stands up to a position, or to the end as it
// is now (0), and writes everything.
func (l *loader) read(ctx context.Context, to uint64, progress Progress) (err error) {
	defer func() { err = errors.Join(err, l.await()) }()
	end, err := l.fold.store.End(ctx)
	if err != nil {
		return err
	}
	at, taken := l.last.Position, 0
	for {
		bad, err := l.readOn(ctx, at, to, func(position uint64) {
			if taken++; progress != nil && taken%1024 == 0 {
				progress(position, end.Position)
			}
		})
		if err != nil {
			return err
		}
		if bad == nil {
			break
		}
		if err := l.fold.takeUndecodable(ctx, bad); err != nil {
			return err
		}
		at = bad.Position
	}
	if progress != nil {
		progress(end.Position, end.Position)
	}
	return l.finish(ctx)
}

// readOn takes the records behind a position until the reading ends, or an event cannot
// be decoded.
func (l *loader) readOn(ctx context.Context, at, to uint64, taken func(uint64)) (*eventstore.Undecodable, error) {
	for r, err := range l.fold.store.ReadAll(ctx, at, to) {
		if bad, ok := errors.AsType[*eventstore.Undecodable](err); ok {
			return bad, nil
		}
		if err != nil {
			return nil, err
		}
		if !l.until.IsZero() && r.Meta.RecordedAt.After(l.until) {
			return nil, nil
		}
		if err := l.take(ctx, r); err != nil {
			return nil, err
		}
		taken(r.Position)
	}
	return nil, nil
}

// dropUnused drops the tables of every generation but one. Those that somebody still
// reads are left for the next time.
func dropUnused(ctx context.Context, conn *pgxpool.Conn, keep int64) error {
	rows, err := conn.Query(ctx, `select nspname from pg_namespace where nspname ~ '^read_[0-9]+$' and nspname <> $1`, generation(keep).schema)
	if err != nil {
		return err
	}
	schemas, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, schema := range schemas {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "set local lock_timeout = '2s'"); err != nil {
				return err
			}
			return tables{schema}.drop(ctx, tx)
		})
		if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == lockNotAvailable {
			continue
		}
		if err != nil {
			return err
		}
	}
	_, err = conn.Exec(ctx, "delete from projections.parked where generation <> $1", keep)
	return err
}

const lockNotAvailable = "55P03"
