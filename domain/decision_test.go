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
		{"refused though it came on the last day", []Event{matterOf(NewDate(2024, 1, 6), 0)}, jan(7), cara, record(nil), BadValueCode},
		{"refused a day after that", []Event{matterOf(NewDate(2024, 1, 5), 0)}, jan(7), cara, record(nil), ""},
		{"refused though it became known in time", []Event{matterOf(NewDate(2020, 1, 5), NewDate(2024, 6, 1))}, jan(7), cara, record(nil), BadValueCode},
		{"accepted, which it need not have been", []Event{matterOf(NewDate(2024, 6, 1), 0)}, jan(7), cara, record(func(e *DecisionRecorded) {
			e.Outcome = DecisionAcceptedLate
		}), ""},
		{"closed", then(answered1(), Closed{Reason: ReasonExhausted, At: jan(21)}), jan(22), cara, record(nil), CaseClosed},
		{"no case", nil, jan(7), cara, record(nil), CaseNotFound},
	})
	if given(t, received1(), ruled(DecisionTimeLimit, DecisionRefusedLate)).Status != StatusOpen {
		t.Error("a decision closes a case")
	}
}

// matterOf is a complaint about a matter that occurred and became known on these days.
func matterOf(occurred, known Date) Received {
	e := received1()
	e.MatterOccurredOn, e.MatterKnownOn = occurred, known
	return e
}

// TestTimeLimitIsDecided asks what follows from the decision on a matter that came late: only a refusal sends or closes it for its age.
func TestTimeLimitIsDecided(t *testing.T) {
	late := []Event{matterOf(NewDate(2023, 10, 2), 0)}
	refused := then(late, ruled(DecisionTimeLimit, DecisionRefusedLate))
	taken := then(refused, ruled(DecisionTimeLimit, DecisionAcceptedLate))
	redirect := with(DecideRedirectCase, redirected(), func(e *Redirected) { e.Code, e.Target = "OOS-35", "Ombudsman" })
	shut := with(DecideCloseCase, Closed{Reason: ReasonTimeLimit, At: jan(7)}, nil)
	decide(t, Settings{}, []decision{
		{"sent away undecided", late, jan(7), cara, redirect, OutOfOrder},
		{"sent away once refused", refused, jan(7), cara, redirect, ""},
		{"sent away though it was taken", taken, jan(7), cara, redirect, OutOfOrder},
		{"closed undecided", late, jan(7), cara, shut, OutOfOrder},
		{"closed once refused", refused, jan(7), cara, shut, ""},
		{"closed though it was taken", taken, jan(7), cara, shut, OutOfOrder},
	})
	information := adopting(t, "foi")
	request := received1()
	request.ProcedureID, request.ProcedureVersion, request.Kind = "foi", Label(information.newest("foi").Version), "foi_request"
	_, err := DecideRecordDecision(at(information, jan(7), cara, given(t, request)), ruled(DecisionTimeLimit, DecisionRefusedLate))
	expect(t, nil, err, BadValueCode)
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
