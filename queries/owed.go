package queries

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Candidates returns the cases at which process managers have to look: open ones in which a clock of one of the ids has
// run out by a moment, and those that were closed since another, none where that is zero. It is as far as the read models are; a case that it
// misses now is in a later answer.
func (q *Queries) Candidates(ctx context.Context, clocks []string, by, closedSince time.Time) ([]uuid.UUID, error) {
	closings := !closedSince.IsZero()
	rows, err := q.Pool.Query(ctx, `
		select case_id from read.clocks where clock = any($1) and state = 'running' and due_instant <= $2
		union
		select case_id from read.cases where $4 and closed_at >= $3`, clocks, by, closedSince, closings)
	if err != nil {
		return nil, notBuilt(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return ids, notBuilt(err)
}
