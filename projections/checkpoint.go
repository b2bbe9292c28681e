package projections

import (
	"context"
	"embed"
	"errors"
	"io/fs"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"redress/eventstore"
	"redress/projections/postgres"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate makes or updates the tables that outlive every rebuild: checkpoint and parked
// cases, in the schema projections. Several processes may call it at once.
func Migrate(ctx context.Context, url string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return postgres.Migrate(ctx, url, files, "projections")
}

// querier is a connection, a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// checkpoint says which tables are live and up to which event their rows stand.
type checkpoint struct {
	generation int64
	models     string
	at         eventstore.Mark // zero before the first event
}

// readCheckpoint returns nil when no tables were ever made. With a lock nobody moves the
// checkpoint until the transaction ends.
func readCheckpoint(ctx context.Context, db querier, lock bool) (*checkpoint, error) {
	sql := "select generation, models, position, event_id from projections.checkpoint"
	if lock {
		sql += " for update"
	}
	var c checkpoint
	var position *int64
	var event *uuid.UUID
	err := db.QueryRow(ctx, sql).Scan(&c.generation, &c.models, &position, &event)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if position != nil {
		c.at = eventstore.Mark{Position: uint64(*position), ID: *event}
	}
	return &c, nil
}

// columnsOf returns the values of position and event_id.
func columnsOf(m eventstore.Mark) (position *int64, event *uuid.UUID) {
	if m == (eventstore.Mark{}) {
		return nil, nil
	}
	p := int64(m.Position)
	return &p, &m.ID
}

// move queues the compare-and-set: it changes one row, or none when somebody else has
// moved the checkpoint since it was read.
func (c *checkpoint) move(batch *pgx.Batch, to eventstore.Mark) *pgx.QueuedQuery {
	was, _ := columnsOf(c.at)
	position, event := columnsOf(to)
	return batch.Queue(`update projections.checkpoint set position = $1, event_id = $2, moved_at = now()
		where generation = $3 and position is not distinct from $4::bigint`, position, event, c.generation, was)
}

// install makes a generation the live one.
func install(ctx context.Context, tx pgx.Tx, c checkpoint) error {
	position, event := columnsOf(c.at)
	_, err := tx.Exec(ctx, `insert into projections.checkpoint (generation, models, position, event_id) values ($1, $2, $3, $4)
		on conflict (single) do update set generation = excluded.generation, models = excluded.models,
		position = excluded.position, event_id = excluded.event_id, moved_at = now()`,
		c.generation, c.models, position, event)
	return err
}
