package commands

import (
	"redress/domain"
)

// quarterOf returns the quarter that a command on answers on equality addresses.
func quarterOf(o *order) domain.Quarter {
	answers, _ := o.body.fields.(domain.RecordEqualityAnswers)
	return answers.Of()
}

// withoutTraces is the envelope of answers on equality. It says nothing of who answered or recorded them, and no moment
// within the quarter or after it: everything in it is the same whatever day they came.
func withoutTraces(meta domain.Metadata, q domain.Quarter) domain.Metadata {
	return domain.Metadata{
		Tenant: meta.Tenant, OccurredAt: q.End(), RecordedAt: q.End(), ActorID: "system", ActorRole: "system", WayIn: domain.ViaProcess,
		CommandID: meta.CommandID, CorrelationID: meta.CommandID, CausationID: meta.CommandID,
	}
}
