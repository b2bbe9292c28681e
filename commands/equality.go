package commands

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
)

// system is the actor of what nobody in particular does.
const system = "system"

// AppendEquality is the internal command that brings a quarter's answers to the questions on equality into the log: once,
// after the quarter, shuffled, and with an envelope that says nothing of who answered, who recorded it, or when within the
// quarter. It returns how many were appended, 0 where the quarter stands in the log already. A crash before the append
// loses nothing that was collected; whoever collects throws the answers away only after it.
func (h *Handler) AppendEquality(ctx context.Context, q domain.Quarter, answers []domain.EqualityAnswered) (int, error) {
	if h.now().Before(q.End()) {
		return 0, domain.Reject(domain.FutureDated, "the quarter is not over")
	}
	if len(answers) == 0 {
		return 0, nil
	}
	shuffled := slices.Clone(answers)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	command := uuid.New()
	proposed := make([]eventstore.Proposed, len(shuffled))
	for i, answer := range shuffled {
		proposed[i] = eventstore.Proposed{Event: answer, Meta: domain.Metadata{
			Tenant: h.Tenant, OccurredAt: q.End(), RecordedAt: q.End(), ActorID: system, ActorRole: system,
			WayIn: domain.ViaProcess, CommandID: command, CorrelationID: command, CausationID: command,
		}}
	}
	_, err := h.Store.Append(ctx, domain.EqualityStream(h.Tenant, q), eventstore.NoStream, proposed)
	if _, conflict := errors.AsType[*eventstore.Conflict](err); conflict {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return len(shuffled), nil
}
