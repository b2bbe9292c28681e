package domain

import (
	"testing"
	"time"
)

func ruled(kind DecisionKind, outcome DecisionOutcome) DecisionRecorded {
	return DecisionRecorded{
		Kind: kind, Outcome: outcome, DecidedBy: cara, Consulted: []Correspondent{"service_manager"}, Factors: []Term{"vulnerability"},
		Reasons: Plain("so it was decided"), NotifiedAt: jan(6),
	}
}

func TestRecordDecision(t *testing.T) {
	record := func(change func(*DecisionRecorded)) func(Context) ([]Event, error) {
		return with(DecideRecordDecision, ruled(DecisionTimeLimit, DecisionRefusedLate), change)
	}
	first := []Event{received1()}
	decide(t, Settings{}, []decision{
		{"refused late", first, jan(7), cara, record(nil), ""},
		{"accepted late, not told", first, jan(7), cara, record(func(e *DecisionRecorded) {
			e.Outcome, e.NotifiedAt = DecisionAcceptedLate, time.Time{}
		}), ""},
		{"not told of a refusal", first, jan(7), cara, record(func(e *DecisionRecorded) { e.NotifiedAt = time.Time{} }), NoticeRequired},
		{"told tomorrow", first, jan(7), cara, record(func(e *DecisionRecorded) { e.NotifiedAt = jan(8) }), FutureDated},
		{"nobody consulted", first, jan(7), cara, record(func(e *DecisionRecorded) { e.Consulted = nil }), ConsultationMissing},
		{"nothing weighed", first, jan(7), cara, record(func(e *DecisionRecorded) { e.Factors = nil }), FactorsMissing},
		{"the outcome of another kind", first, jan(7), cara, record(func(e *DecisionRecorded) { e.Outcome = DecisionRefused }), BadValueCode},
		{"late, but not about time", first, jan(7), cara, record(func(e *DecisionRecorded) { e.Kind = "appeal_instead" }), BadValueCode},
		{"decided by nobody known", first, jan(7), cara, record(func(e *DecisionRecorded) { e.DecidedBy = ghost }), BadValueCode},
		{"closed", then(answered1(), Closed{Reason: ReasonExhausted, At: jan(21)}), jan(22), cara, record(nil), CaseClosed},
		{"no case", nil, jan(7), cara, record(nil), CaseNotFound},
	})
	if given(t, received1(), ruled(DecisionTimeLimit, DecisionRefusedLate)).Status != StatusOpen {
		t.Error("a decision closes a case")
	}
}

// TestDecisionsOpenTheNextStage asks what a decision changes about the way to stage 2.
func TestDecisionsOpenTheNextStage(t *testing.T) {
	refused := with(DecideEscalateCase, escalated(jan(15)), func(e *Escalated) { e.Ground = GroundExtensionRefused })
	first := ruled(DecisionStage1First, DecisionAccepted)
	decide(t, Settings{}, []decision{
		{"more time was refused", investigated1(), jan(15), cara, refused, ""},
		{"stage 1 comes first all the same", then(investigated1(), first), jan(15), cara, refused, StageNotAnswered},
		{"no longer", then(investigated1(), first, ruled(DecisionStage1First, DecisionRefused)), jan(15), cara, refused, ""},
	})
}

// TestLateEscalation asks for the children's panel after its window, with and without a decision to take it late.
func TestLateEscalation(t *testing.T) {
	config := adopting(t, "nct-children-statutory")
	open := received1()
	open.ProcedureID = "nct-children-statutory"
	history := []Event{
		open, allocated("s1", jan(8), ben, 8), responded("s1", jan(20), ben), escalated(jan(23)), responded("s2", jan(30), ben),
	}
	late := escalated(noon(2025, 3, 3))
	late.FromStage, late.ToStage, late.Reasons = "s2", "s3", Plain("the report misses the point")
	for _, tt := range []struct {
		name  string
		given []Event
		code  Code
	}{
		{"undecided", history, WindowClosed},
		{"accepted", then(history, ruled(DecisionLateEscalation, DecisionAccepted)), ""},
		{"refused", then(history, ruled(DecisionLateEscalation, DecisionRefused)), WindowClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := DecideEscalateCase(at(config, late.RequestedAt, cara, given(t, tt.given...)), late)
			expect(t, events, err, tt.code)
		})
	}
}
