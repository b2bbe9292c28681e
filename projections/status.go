package projections

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/eventstore"
)

// State is the health of the read models.
type State struct {
	Generation int64
	Current    bool       // the tables are those of this program's version
	Position   uint64     // up to which event the rows stand; 0 before the first
	End        uint64     // the log's last event; 0 in an empty log
	MovedAt    *time.Time // when the checkpoint last moved
	Models     []ModelState
	Parked     []ParkedCase
}

// ModelState is one read model.
type ModelState struct {
	Name    string
	Version int
	Rows    int64
}

// ParkedCase is a parked case with the time at which it was parked.
type ParkedCase struct {
	Case     uuid.UUID
	Revision int64
	Position int64
	Event    uuid.UUID
	Type     string
	Reason   string
	ParkedAt time.Time
}

// CaughtUp reports whether the rows stand at the log's end.
func (s State) CaughtUp() bool {
	return s.Position >= s.End
}

// Status says how the read models are. Before the first start has made them, generation
// is 0 and there are no rows.
func Status(ctx context.Context, pool *pgxpool.Pool, store *eventstore.Store) (State, error) {
	var s State
	end, err := store.End(ctx)
	if err != nil {
		return s, err
	}
	s.End = end.Position
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		at, err := readCheckpoint(ctx, tx, false)
		if err != nil || at == nil {
			return err
		}
		s.Generation, s.Current, s.Position = at.generation, at.models == Fingerprint(), at.at.Position
		if err := tx.QueryRow(ctx, "select moved_at from projections.checkpoint").Scan(&s.MovedAt); err != nil {
			return err
		}
		for _, m := range Models {
			of := ModelState{Name: m.Name, Version: m.Version}
			if s.Current {
				err := tx.QueryRow(ctx, "select count(*) from "+generation(at.generation).in(m.Name)).Scan(&of.Rows)
				if err != nil {
					return err
				}
			}
			s.Models = append(s.Models, of)
		}
		rows, err := tx.Query(ctx, `select case_id as case, revision, position, event_id as event, type, reason, parked_at
			from projections.parked where generation = $1 order by position`, at.generation)
		if err != nil {
			return err
		}
		s.Parked, err = pgx.CollectRows(rows, pgx.RowToStructByNameLax[ParkedCase])
		return err
	})
	return s, err
}
