package queries

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"redress/projections"
)

// Resolve finds the case of an id, a reference or SOURCE:REF, and reports whether there
// is one. It knows what the read models have reached: who needs certainty waits for the
// log's end first.
func (q *Queries) Resolve(ctx context.Context, ref string) (uuid.UUID, bool, error) {
	id, err := resolve(ctx, q.Pool, ref)
	if errors.Is(err, ErrNoCase) {
		return uuid.Nil, false, nil
	}
	return id, err == nil, notBuilt(err)
}

type asker interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// resolve looks in the tables that the connection's transaction is pinned to, or else in
// the live ones.
func resolve(ctx context.Context, db asker, ref string) (uuid.UUID, error) {
	table := "read.cases"
	if _, pinned := db.(pgx.Tx); pinned {
		table = "cases"
	}
	condition, args := "ref = $1", []any{ref}
	if id, err := uuid.Parse(ref); err == nil {
		condition, args = "case_id = $1", []any{id}
	} else if system, of, ok := strings.Cut(ref, ":"); ok {
		condition, args = "source_ref = $2 and source_system = $1", []any{system, of}
	}
	var id uuid.UUID
	err := db.QueryRow(ctx, "select case_id from "+table+" where "+condition+" order by received_at, case_id limit 1", args...).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, ErrNoCase
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("resolve a case: %w", err)
	}
	return id, nil
}

// CasesOf returns the cases in which a person is a party, in the order of receipt.
func (q *Queries) CasesOf(ctx context.Context, person uuid.UUID) ([]uuid.UUID, error) {
	rows, err := q.Pool.Query(ctx, `select case_id from read.cases where parties @> jsonb_build_array($1::text) order by received_at, case_id`, person.String())
	if err != nil {
		return nil, notBuilt(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	return ids, notBuilt(err)
}

// notBuilt turns the absence of all tables, before the first start has made them, into
// [projections.ErrNotBuilt].
func notBuilt(err error) error {
	if gone, ok := errors.AsType[*pgconn.PgError](err); ok && (gone.Code == undefinedTable || gone.Code == undefinedColumn) {
		return projections.ErrNotBuilt
	}
	return err
}

const undefinedColumn = "42703"
