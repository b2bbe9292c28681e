package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/domain"
	"redress/domain/procedure"
	"redress/eventstore"
)

// ErrNotBuilt says that the read models of this program's version are still being built.
var ErrNotBuilt = errors.New("the read models are being built")

// Pinned is the generation that a transaction reads.
type Pinned struct {
	Position   uint64 // up to which event its rows stand; 0 before the first
	mark       eventstore.Mark
	generation int64
	tables     tables
}

// Read runs a read in a transaction of isolation repeatable read that sees
// one generation at one position. The transaction is always rolled back, and with it whatever temporary tables
// were made.
func Read(ctx context.Context, pool *pgxpool.Pool, read func(tx pgx.Tx, at Pinned) error) error {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	at, err := pin(ctx, tx)
	if err != nil {
		return err
	}
	return read(tx, at)
}

// pin makes a transaction of isolation repeatable read see one generation at one
// position until it ends, whatever a runner or a rebuild does: names of read models that
// are not qualified mean its tables. It is the transaction's first statement. ErrNotBuilt
// when there are no tables of this version.
func pin(ctx context.Context, tx pgx.Tx) (Pinned, error) {
	at, err := readCheckpoint(ctx, tx, false)
	if err != nil {
		return Pinned{}, err
	}
	if at == nil || at.models != Fingerprint() {
		return Pinned{}, ErrNotBuilt
	}
	p := Pinned{Position: at.at.Position, mark: at.at, generation: at.generation, tables: generation(at.generation)}
	// Compiling would take longer than most of our queries, and sorting is to stay in
	// memory. Tables that are locked cannot be dropped by a rebuild that ends now.
	sql := "set local jit = off; set local work_mem = '64MB'; set local search_path to pg_temp, " + p.tables.schema + ";"
	for _, m := range Models {
		sql += "lock table " + p.tables.in(m.Name) + " in access share mode;"
	}
	if _, err := tx.Exec(ctx, sql); err != nil {
		return Pinned{}, fmt.Errorf("the live tables: %w", err)
	}
	return p, nil
}

// LoadAt fills temporary tables with the rows that the read models had when the event at
// the position was the last; none for position 0. They hide the live ones from names that are not qualified,
// and go when the transaction is rolled back, as [Read] does.
func LoadAt(ctx context.Context, tx pgx.Tx, store *eventstore.Store, tenant string, position uint64, progress Progress) error {
	return LoadJudged(ctx, tx, store, tenant, position, nil, progress)
}

// Judge says under which procedure a case is judged, which is bound to its own.
type Judge func(c *domain.Case, own *procedure.Procedure) *procedure.Procedure

// LoadJudged does as LoadAt, with every case judged under the procedure that judge names; nil: under its own.
func LoadJudged(ctx context.Context, tx pgx.Tx, store *eventstore.Store, tenant string, position uint64, judge Judge, progress Progress) error {
	l, err := newLoader(ctx, tx, historyOf(store, tenant), session, 0)
	if err != nil {
		return err
	}
	l.fold.judge = judge
	if position == 0 {
		return l.finish(ctx)
	}
	return l.read(ctx, position, progress)
}

// LoadUntil does as LoadAt, up to the last event before the first that was recorded after
// the given time, and returns that event's position; 0 when nothing had been recorded.
func LoadUntil(ctx context.Context, tx pgx.Tx, store *eventstore.Store, tenant string, until time.Time, progress Progress) (uint64, error) {
	l, err := newLoader(ctx, tx, historyOf(store, tenant), session, 0)
	if err != nil {
		return 0, err
	}
	l.until = until
	if err := l.read(ctx, 0, progress); err != nil {
		return 0, err
	}
	return l.last.Position, nil
}
