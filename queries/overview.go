package queries

import (
	"context"
	"time"

	"redress/projections"

	"github.com/jackc/pgx/v5"
)

// Overview is what the front page counts: complaints that reports count, as they stand
// at a moment.
type Overview struct {
	At        time.Time `json:"at"`
	Position  uint64    `json:"position"`
	Open      int64     `json:"open"`
	DueSoon   int64     `json:"due_soon"` // open, and the response is due from now until the moment asked for
	Overdue   int64     `json:"overdue"`
	Suspended int64     `json:"suspended"`
	Answered  int64     `json:"answered"` // cases whose answered stages could be judged
	InTime    int64     `json:"in_time"`  // of them, all answered in time
	Cases     int64     `json:"cases"`    // everything received, of every kind
}

// Overview counts for the front page the cases within a scope; soon is how far ahead it looks for what is due.
func (q *Queries) Overview(ctx context.Context, soon time.Time, within Scope) (Overview, error) {
	o := Overview{At: q.now()}
	w := &where{sql: "true", args: []any{o.At, soon}}
	w.within(&within)
	err := q.pinned(ctx, func(tx pgx.Tx, at projections.Pinned) error {
		o.Position = at.Position
		return tx.QueryRow(ctx, `select
			count(*) filter (where `+complaint+` and status <> 'closed'),
			count(*) filter (where `+complaint+` and status = 'open' and due_instant > $1 and due_instant <= $2),
			count(*) filter (where `+complaint+` and status = 'open' and due_instant <= $1),
			count(*) filter (where `+complaint+` and status = 'suspended'),
			count(*) filter (where `+complaint+` and answered_in_time is not null),
			count(*) filter (where `+complaint+` and answered_in_time),
			count(*) from cases where `+w.sql, w.args...).
			Scan(&o.Open, &o.DueSoon, &o.Overdue, &o.Suspended, &o.Answered, &o.InTime, &o.Cases)
	})
	return o, err
}
