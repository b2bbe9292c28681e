package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
)

// ErrOtherEnd is returned for a decision on a loss that was made about another log than this one: it does not end with the
// event that the decision names.
var ErrOtherEnd = errors.New("the log does not end where the decision on its loss says")

// AcceptLoss appends the decision with which a log was restored that ends too early. It comes before every other append
// to that log, and stands there once, however often and after whatever interruption it is repeated.
func (h *Handler) AcceptLoss(ctx context.Context, operator domain.Actor, loss domain.LossAccepted) error {
	stream := domain.ConfigStream(h.Tenant)
	s, _, err := h.streams.load(ctx, h.Store, stream)
	if err != nil {
		return err
	}
	id := uuid.NewSHA1(loss.LastEvent, fmt.Appendf(nil, "loss of %s accepted at %d", loss.KnownEvent, loss.DecidedAt.UnixMicro()))
	if s.knows(id) {
		return nil
	}
	switch end, err := h.Store.End(ctx); {
	case err != nil:
		return err
	case end != eventstore.Mark{Position: loss.LastPosition, ID: loss.LastEvent}:
		return fmt.Errorf("%w: that is event %s at position %d, and the log ends with %s at %d",
			ErrOtherEnd, loss.LastEvent, loss.LastPosition, end.ID, end.Position)
	}
	dc := domain.Context{Now: later(h.now(), s.lastRecorded), WayIn: domain.ViaCLI, Actor: operator, Config: s.config}
	_, err = h.Store.Append(ctx, stream, eventstore.Next(s.events), envelop(domain.Metadata{
		Tenant: h.Tenant, RecordedAt: dc.Now, ActorID: operator.ID, ActorRole: string(domain.ActorRole(dc, domain.ActionAdopt)),
		WayIn: dc.WayIn, CommandID: id, CorrelationID: id, CausationID: id, ConfigRevision: s.config.Revision,
	}, nil, []domain.Event{loss}))
	return err
}
