package queries

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"redress/domain"
	"redress/eventstore/vault"
	"redress/projections"
)

// Scope says which cases a reader may know of: those of any of its parts. The zero value is none.
type Scope struct {
	All      bool
	Services []domain.Term // all cases of these services
	Assigned *uuid.UUID    // cases of which this person holds a stage
	Party    *uuid.UUID    // cases to which this person is a party
}

// within narrows a condition on the table cases to a scope; nil narrows nothing.
func (w *where) within(s *Scope) {
	if s == nil || s.All {
		return
	}
	var parts []string
	var args []any
	if len(s.Services) > 0 {
		services := make([]string, len(s.Services))
		for i, service := range s.Services {
			services[i] = string(service)
		}
		parts, args = append(parts, "service = any(%s)"), append(args, services)
	}
	if s.Assigned != nil {
		parts = append(parts, "officer = %s")
		args = append(args, s.Assigned.String())
	}
	if s.Party != nil {
		parts, args = append(parts, "parties @> jsonb_build_array(%s::text)"), append(args, s.Party.String())
	}
	if parts == nil {
		parts = append(parts, "false")
	}
	w.and("("+strings.Join(parts, " or ")+")", args...)
}

// Knows returns nil when a case, named as for [Queries.Case], is within a scope, and [ErrNoCase] when it is not or is not
// there: a reader cannot tell the two apart.
func (q *Queries) Knows(ctx context.Context, ref string, s Scope) error {
	return q.pinned(ctx, func(tx pgx.Tx, _ projections.Pinned) error {
		id, err := resolve(ctx, tx, ref)
		if err != nil {
			return err
		}
		w := &where{sql: "case_id = $1", args: []any{id}}
		w.within(&s)
		var there bool
		if err := tx.QueryRow(ctx, "select exists (select from cases where "+w.sql+")", w.args...).Scan(&there); err != nil {
			return fmt.Errorf("scope of a case: %w", err)
		}
		if !there {
			return ErrNoCase
		}
		return nil
	})
}

// Destroyed returns those of the keys that were destroyed: what they sealed is erased.
func (q *Queries) Destroyed(ctx context.Context, keys []uuid.UUID) (map[uuid.UUID]bool, error) {
	ids := make([]vault.KeyID, len(keys))
	for i, key := range keys {
		ids[i] = vault.KeyID(key)
	}
	found, err := q.Store.Vault().KeysByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	gone := map[uuid.UUID]bool{}
	for id, key := range found {
		if key.Destroyed() {
			gone[uuid.UUID(id)] = true
		}
	}
	return gone, nil
}
