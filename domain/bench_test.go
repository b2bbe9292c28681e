package domain

import (
	"testing"
)

// long is a history of 30 events that ends with a case at stage 2, about to be answered.
func long() []Event {
	history := then(investigated1(), by(ben, proposal()), by(cara, approval(cara, RoleComplaints, "L2", 20000, jan(10))),
		offer(proposal(), jan(13)), RemedyAccepted{RemedyID: "comfort", At: jan(14), By: id(pat)}, extension(),
		by(ben, responded("s1", jan(20), ben)), escalated(jan(21)), acknowledged("s2", jan(22)), allocated("s2", jan(22), olu, 9))
	for len(history) < 30 {
		history = then(history, by(olu, found("s2", "boiler", FindingUpheld)))
	}
	return history
}

// BenchmarkDecideAndFold decides one command on a case of 30 events and folds what comes of it; the target is 50 µs.
func BenchmarkDecideAndFold(b *testing.B) {
	config, c := council(b, limits()), given(b, long()...)
	answer := responded("s2", jan(30), olu)
	answer.Outcome, answer.IssueOutcomes, answer.ApprovedBy = OutcomeUpheld, []IssueOutcome{{"boiler", FindingUpheld}}, id(cara)
	decisions := map[string]func(Context) ([]Event, error){
		"SendResponse": func(ctx Context) ([]Event, error) { return DecideSendResponse(ctx, answer) },
		"ExtendDeadline": func(ctx Context) ([]Event, error) {
			e := extension()
			e.Clock, e.OldDueDate, e.NewDueDate, e.NotifiedAt = "s2.response", NewDate(2025, 2, 19), NewDate(2025, 2, 26), jan(30)
			return DecideExtendDeadline(ctx, e)
		},
	}
	for name, decide := range decisions {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				next := c.Clone()
				ctx := at(config, jan(30), olu, next)
				if err := Permit(ctx, ActionRespond); err != nil {
					b.Fatal(err)
				}
				events, err := decide(ctx)
				if err != nil {
					b.Fatal(err)
				}
				if err := next.Apply(Recorded{Event: events[0], Revision: next.Events}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFold folds a whole stream of 30 events.
func BenchmarkFold(b *testing.B) {
	var log []Recorded
	for i, e := range long() {
		if d, ok := e.(done); ok {
			e = d.Event
		}
		log = append(log, Recorded{Event: e, Stream: CaseStream(caseID), Revision: uint64(i), Meta: Metadata{ActorID: "someone"}})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Fold(log); err != nil {
			b.Fatal(err)
		}
	}
}
