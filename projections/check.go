package projections

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/eventstore"
)

// Checked is what [Check] found.
type Checked struct {
	Position uint64     // up to where the live tables stood; 0 in an empty log
	Rows     int64      // compared
	Parked   int64      // cases whose rows stand still
	First    *Different // nil: every row is equal
}

// Different names a row that is not what the log says.
type Different struct {
	Model  string
	Key    string // the row's key, as COLUMN=VALUE
	Column string // the first that differs; empty when the row is missing or too many
	Why    string // in words, without values
}

// Check folds the log afresh and compares every row with the live tables. It looks at
// them as they stood at one position, so a runner may go on meanwhile. Nothing is changed.
func Check(ctx context.Context, pool *pgxpool.Pool, store *eventstore.Store, tenant string, progress Progress) (Checked, error) {
	var found Checked
	err := Read(ctx, pool, func(tx pgx.Tx, at Pinned) error {
		found.Position = at.Position
		if err := sameLog(ctx, store, at.mark); err != nil {
			return err
		}
		if err := LoadAt(ctx, tx, store, tenant, at.Position, progress); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, "select count(*) from projections.parked where generation = $1", at.generation).Scan(&found.Parked)
		if err != nil {
			return err
		}
		return found.compare(ctx, tx, at.tables)
	})
	if err != nil {
		return found, fmt.Errorf("check: %w", err)
	}
	return found, nil
}

// compare looks at one model after the other and stops at the first difference.
func (found *Checked) compare(ctx context.Context, tx pgx.Tx, live tables) error {
	for _, m := range Models {
		var n int64
		if err := tx.QueryRow(ctx, "select count(*) from "+session.in(m.Name)).Scan(&n); err != nil {
			return err
		}
		found.Rows += n
		var err error
		if found.First, err = difference(ctx, tx, m, live); err != nil || found.First != nil {
			return err
		}
	}
	return nil
}

// difference returns the first row, by key, in which the live table and the fresh one
// differ.
func difference(ctx context.Context, tx pgx.Tx, m *Model, live tables) (*Different, error) {
	keys, columns := make([]string, len(m.Key)), make([]string, len(m.Columns))
	join := make([]string, len(m.Key))
	for i, k := range m.Key {
		keys[i] = fmt.Sprintf("'%s=' || coalesce(l.%s, f.%s)::text", k, k, k)
		join[i] = fmt.Sprintf("l.%s = f.%s", k, k)
	}
	for i, c := range m.Columns {
		columns[i] = fmt.Sprintf("case when l.%s is distinct from f.%s then '%s' end", c.Name, c.Name, c.Name)
	}
	first := m.Key[0]
	sql := fmt.Sprintf(`select concat_ws(' ', %s), l.%s is null, f.%s is null, coalesce(%s, '')
		from %s l full join %s f on %s where l is distinct from f
		order by coalesce(l.%s, f.%s), 1 limit 1`,
		strings.Join(keys, ", "), first, first, strings.Join(columns, ", "),
		live.in(m.Name), session.in(m.Name), strings.Join(join, " and "), first, first)
	d := Different{Model: m.Name}
	var noLive, noFresh bool
	err := tx.QueryRow(ctx, sql).Scan(&d.Key, &noLive, &noFresh, &d.Column)
	switch {
	case err == pgx.ErrNoRows:
		return nil, nil
	case err != nil:
		return nil, err
	case noLive:
		d.Column, d.Why = "", "the log gives this row and the table lacks it"
	case noFresh:
		d.Column, d.Why = "", "the table has this row and the log does not give it"
	default:
		d.Why = "the table says otherwise than the log"
	}
	return &d, nil
}
