package queries

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore/vault"
)

// Erasure says what erasing a subject's personal data would make unreadable for ever. It counts and shows nothing.
type Erasure struct {
	Subject uuid.UUID    `json:"subject"`
	Kind    string       `json:"kind" doc:"person or case"`
	Cases   []ErasedCase `json:"cases" doc:"the cases whose free text goes too"`
	Keys    int          `json:"keys" doc:"living keys that would be destroyed"`
	Events  int          `json:"events" doc:"events with fields that these keys seal"`
}

// ErasedCase is a case whose key goes with an erasure.
type ErasedCase struct {
	ID     uuid.UUID     `json:"case"`
	Ref    string        `json:"ref"`
	Status domain.Status `json:"status" doc:"an open case forbids the erasure"`
}

// Erasure says what would go for a person, or for a case, which is named as for [Queries.Case]. It reads the log: of a
// person, the cases where they are complainant or affected. [ErrNoCase] where there is neither.
func (q *Queries) Erasure(ctx context.Context, subject string) (*Erasure, error) {
	e := &Erasure{Kind: "case", Cases: []ErasedCase{}}
	id, isCase, err := q.Resolve(ctx, subject)
	if err != nil {
		return nil, err
	}
	if isCase {
		e.Subject = id
		return e, q.addCase(ctx, e, id, func(*domain.Case) bool { return true })
	}
	if e.Subject, err = uuid.Parse(subject); err != nil {
		return nil, ErrNoCase
	}
	e.Kind = "person"
	events, err := q.addKey(ctx, e, domain.PersonStream(e.Subject))
	if err != nil {
		return nil, err
	}
	if events == 0 {
		return nil, ErrNoCase
	}
	ids, err := q.CasesOf(ctx, e.Subject)
	if err != nil {
		return nil, err
	}
	own := func(c *domain.Case) bool { return c.Concerns(e.Subject) }
	for _, id := range ids {
		if err := q.addCase(ctx, e, id, own); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// addCase adds a case, where it is one that goes.
func (q *Queries) addCase(ctx context.Context, e *Erasure, id uuid.UUID, goes func(*domain.Case) bool) error {
	c := new(domain.Case)
	for r, err := range q.Store.Read(ctx, domain.CaseStream(id), 0) {
		if err == nil {
			err = c.Apply(r.Recorded)
		}
		if err != nil {
			return fmt.Errorf("erasure: %w", err)
		}
	}
	if !goes(c) {
		return nil
	}
	e.Cases = append(e.Cases, ErasedCase{ID: id, Ref: c.Ref, Status: c.Status})
	_, err := q.addKey(ctx, e, domain.CaseStream(id))
	return err
}

// addKey adds the living key of a stream and the events that it seals, and returns how many events the stream has.
func (q *Queries) addKey(ctx context.Context, e *Erasure, stream string) (int, error) {
	key, err := q.Store.Vault().Existing(ctx, stream)
	living := !errors.Is(err, vault.ErrUnknownKey) && !errors.Is(err, vault.ErrDestroyed)
	if err != nil && living {
		return 0, fmt.Errorf("erasure: %w", err)
	}
	if living {
		e.Keys++
	}
	events := 0
	for r, err := range q.Store.Read(ctx, stream, 0) {
		if err != nil {
			return 0, fmt.Errorf("erasure: %w", err)
		}
		events++
		if living && slices.Contains(r.Meta.PIIKeys, uuid.UUID(key.ID())) {
			e.Events++
		}
	}
	return events, nil
}
