package commands

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
)

// Import is the internal command ImportCase: rows of an older system about one case, appended to the case's stream in one
// piece. Rows that stand there already are left out, so an import that is repeated appends nothing. It returns how many
// events were appended. It is not in [All]: only an import and what makes histories issue it.
func (h *Handler) Import(ctx context.Context, id uuid.UUID, in domain.ImportCase, actor domain.Actor) (int, error) {
	stream := domain.CaseStream(id)
	for try := 0; ; try++ {
		n, err := h.importOnce(ctx, id, stream, in, actor)
		if _, conflict := errors.AsType[*eventstore.Conflict](err); !conflict || try == reDecisions {
			return n, err
		}
	}
}

func (h *Handler) importOnce(ctx context.Context, id uuid.UUID, stream string, in domain.ImportCase, actor domain.Actor) (int, error) {
	config, err := h.config(ctx)
	if err != nil {
		return 0, err
	}
	s, _, err := h.streams.load(ctx, h.Store, stream)
	if err != nil {
		return 0, err
	}
	command := importID(stream, in)
	if s.knows(command) {
		return 0, nil
	}
	dc := domain.Context{
		Now: later(h.now(), s.lastRecorded), CommandID: command, Tenant: h.Tenant, WayIn: domain.ViaImport, Actor: actor,
		Config: config, Case: s.caseOf, CaseID: id,
	}
	number := 0
	if s.caseOf == nil {
		if dc.CaseRef, number, err = h.numbers.take(ctx, h, dc); err != nil {
			return 0, err
		}
	}
	facts, err := domain.DecideImportCase(dc, in)
	if err != nil || len(facts) == 0 {
		h.numbers.giveBack(dc, number)
		return 0, err
	}
	events := make([]domain.Event, len(facts))
	for i, fact := range facts {
		events[i] = fact.Event
	}
	proposed := envelop(domain.Metadata{
		Tenant: h.Tenant, RecordedAt: dc.Now, ActorID: actor.ID, ActorRole: string(domain.ActorRole(dc, domain.ActionImport)),
		OnBehalfOf: actor.OnBehalfOf, WayIn: domain.ViaImport, CommandID: command, CorrelationID: command, CausationID: command,
		ConfigRevision: config.Revision,
	}, s.caseOf, events)
	for i, fact := range facts {
		proposed[i].Meta.SourceRow, proposed[i].Meta.LegacyNotes = fact.Row, fact.Notes
	}
	if _, err := h.Store.Append(ctx, stream, eventstore.Next(s.events), proposed); err != nil {
		return 0, err
	}
	return len(facts), nil
}

// importID derives the command id from the case and from the keyed digests of the rows.
func importID(stream string, in domain.ImportCase) uuid.UUID {
	rows := sha256.New()
	for _, row := range in.Rows {
		rows.Write([]byte{byte(len(row.Source.MAC))})
		rows.Write(row.Source.MAC)
	}
	return uuid.NewSHA1(commandSpace, rows.Sum([]byte("ImportCase\x00"+stream+"\x00")))
}
