package commands

import (
	"slices"

	"redress/domain"
	"redress/eventstore"
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

// sameAnswers answers COMMAND_ID_REUSED unless the events are those of the body. It stands in for the digest that they
// have not got.
func sameAnswers(o *order, events []eventstore.Record) error {
	answers, ok := o.body.fields.(domain.RecordEqualityAnswers)
	if !ok {
		return nil
	}
	same := func(r eventstore.Record, answered domain.EqualityAnswered) bool {
		recorded, ok := r.Event.(domain.EqualityAnswered)
		return ok && recorded.Equal(answered)
	}
	if !slices.EqualFunc(events, answers.Sorted(), same) {
		return domain.Reject(domain.CommandIDReused, "the key was used for another body")
	}
	return nil
}
