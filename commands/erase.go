package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/vault"
)

// addressSubject finds the stream of a command on a person. An erasure may have an imported case without persons as its
// subject: then that is the stream.
func (h *Handler) addressSubject(ctx context.Context, o *order) error {
	id := o.command.subject(o.body.fields)
	o.stream = domain.PersonStream(id)
	if o.command.Name != erasure {
		return nil
	}
	person, err := h.persons.lookup(ctx, h.Store, id)
	if err != nil || person {
		return err
	}
	c, err := h.Case(ctx, id)
	if err != nil {
		return err
	}
	if c == nil {
		return domain.BadValue("subject", "a person who is recorded, or an imported case without persons")
	}
	o.caseID, o.stream = id, domain.CaseStream(id)
	return nil
}

// gather reads the streams of every case in which the subject of an erasure is a party.
func (h *Handler) gather(ctx context.Context, o *order, dc *domain.Context) error {
	if dc.Person == nil {
		return nil
	}
	if h.CasesOf == nil {
		return errors.New("there is no index of a person's cases, and without it nothing is erased")
	}
	ids, err := h.CasesOf(ctx, dc.Person.ID)
	if err != nil {
		return fmt.Errorf("find the cases of the subject: %w", err)
	}
	for _, id := range ids {
		c, err := h.Case(ctx, id)
		if err != nil {
			return err
		}
		if c != nil && c.Party(dc.Person.ID) {
			dc.PersonCases = append(dc.PersonCases, c)
		}
	}
	return nil
}

// nameKeys fills in which keys an erasure destroys: the subject's own, and those of the cases where the subject is
// complainant or affected, with their surveys. They go after the event stands in the log.
func (h *Handler) nameKeys(ctx context.Context, o *order, dc domain.Context, events []domain.Event) ([]domain.Event, error) {
	streams := []string{o.stream}
	for _, c := range dc.PersonCases {
		if c.Concerns(dc.Person.ID) {
			streams = append(streams, domain.CaseStream(c.ID))
			if c.SurveyToken != "" {
				streams = append(streams, domain.SurveyStream(h.Tenant, c.SurveyToken))
			}
		}
	}
	ids := []uuid.UUID{}
	for _, stream := range streams {
		key, err := h.Store.Vault().Existing(ctx, stream)
		switch {
		case errors.Is(err, vault.ErrUnknownKey):
		case err != nil:
			return nil, err
		default:
			ids = append(ids, uuid.UUID(key.ID()))
		}
	}
	events = slices.Clone(events)
	for i, e := range events {
		if erased, ok := e.(domain.PersonalDataErased); ok {
			erased.KeyIDs, erased.Certificate = ids, domain.Label("erasure-"+o.id.String())
			events[i] = erased
		}
	}
	return events, nil
}

// destroy destroys the keys that an erasure in the log names, and no later ones. Done again it changes nothing.
func (h *Handler) destroy(ctx context.Context, erased domain.PersonalDataErased) error {
	ids := make([]vault.KeyID, len(erased.KeyIDs))
	for i, id := range erased.KeyIDs {
		ids[i] = vault.KeyID(id)
	}
	return h.Store.Vault().DestroyKeys(ctx, ids)
}

// FinishErasures destroys every key that an erasure in the log names. It is done at each start, before anything is
// served: a crash may have come between the event and the destruction, and a vault may have been put back from a copy
// that is older than the erasure. It begins where the vault itself says that it was finished last, and with the first
// event where that is not the place of the same event in this log. It returns how many erasures it has gone through.
func (h *Handler) FinishErasures(ctx context.Context) (int, error) {
	mark, err := h.erasuresApplied(ctx)
	if err != nil {
		return 0, err
	}
	n, began := 0, mark
	name, _ := domain.PersonalDataErased{}.Schema()
	for r, err := range h.Store.OfTypeAfter(ctx, name, &mark) {
		if err != nil {
			return n, err
		}
		if erased, ok := r.Event.(domain.PersonalDataErased); ok {
			if err := h.destroy(ctx, erased); err != nil {
				return n, err
			}
			n++
		}
	}
	if mark == began {
		return n, nil
	}
	return n, h.Store.Vault().NoteErasures(ctx, mark.Position, mark.ID)
}

// erasuresApplied returns the vault's own mark, or the zero mark where the log does not have that event in that place.
func (h *Handler) erasuresApplied(ctx context.Context) (eventstore.Mark, error) {
	position, id, err := h.Store.Vault().ErasuresApplied(ctx)
	if err != nil || position == 0 {
		return eventstore.Mark{}, err
	}
	// An event that cannot be decoded is the same all the same. Where there is no answer the reading from the first event
	// says why.
	if at, _ := h.Store.EventAt(ctx, position); at.ID == id {
		return eventstore.Mark{Position: position, ID: id}, nil
	}
	return eventstore.Mark{}, nil
}
