package queries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/eventstore"
	"redress/projections"
)

// Queries answers from the read models in Pool and from the log in Store. All fields but
// Now are needed. Any number of callers may share it.
type Queries struct {
	Pool   *pgxpool.Pool
	Store  *eventstore.Store
	Tenant string
	Now    func() time.Time // nil: the time of day

	config configRecords
	beside beside
}

// ErrNoCase says that there is no such case.
var ErrNoCase = errors.New("there is no such case")

// ErrNotBuilt says that the read models of this program's version are still being built.
var ErrNotBuilt = projections.ErrNotBuilt

// ParameterError says which parameter of a query cannot be used, and what it has to be.
type ParameterError struct{ Name, Rule string }

// Error names parameter and rule.
func (e *ParameterError) Error() string { return fmt.Sprintf("%s: %s", e.Name, e.Rule) }

func (q *Queries) now() time.Time {
	if q.Now == nil {
		return time.Now().UTC()
	}
	return q.Now().UTC()
}

// pinned runs a read in a transaction that sees one generation at one position. When a
// rebuild drops the tables just as the read begins, it begins again.
func (q *Queries) pinned(ctx context.Context, read func(tx pgx.Tx, at projections.Pinned) error) error {
	for tries := 1; ; tries++ {
		err := projections.Read(ctx, q.Pool, read)
		if gone, ok := errors.AsType[*pgconn.PgError](err); ok && gone.Code == undefinedTable && tries < 3 {
			continue
		}
		return err
	}
}

const undefinedTable = "42P01"
