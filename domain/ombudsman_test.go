package domain

import (
	"testing"

	"github.com/google/uuid"
)

// decided is a decision of the LGSCO with an apology and a payment, which reached the council on 30 January 2025.
func decided(decision OmbudsmanDecision) OmbudsmanDecided {
	return OmbudsmanDecided{
		Body: "LGSCO", OmbudsmanRef: "24-031-455", DecidedOn: NewDate(2025, 1, 29), ReceivedOn: NewDate(2025, 1, 30), Decision: decision,
		Issues: []IssueOutcome{{IssueID: "boiler", Finding: FindingUpheld}},
		Recommendations: []Recommendation{
			{RecID: "say-sorry", Type: "apology", Text: Plain("apologise"), DueOn: NewDate(2025, 2, 28)},
			{RecID: "put-right", Type: "distress", Text: Plain("pay"), Amount: 15000, DueOn: NewDate(2025, 2, 28)},
		},
	}
}

func TestRecordOmbudsmanDecision(t *testing.T) {
	record := func(change func(*OmbudsmanDecided)) func(Context) ([]Event, error) {
		return with(DecideRecordOmbudsmanDecision, decided("upheld_fault_injustice"), change)
	}
	referred := ReferredToOmbudsman{Body: "LGSCO", ReferredAt: jan(24), By: "complainant"}
	waiting := then(answered1(), referred)
	sorry := proposal()
	sorry.RemedyID = "say-sorry"
	decide(t, Settings{}, []decision{
		{"accepted", waiting, jan(30), cara, record(nil), ""},
		{"no case", nil, jan(30), cara, record(nil), CaseNotFound},
		{"never referred", answered1(), jan(30), cara, record(nil), OutOfOrder},
		{"another body", waiting, jan(30), cara, record(func(e *OmbudsmanDecided) { e.Body = "HOS" }), OutOfOrder},
		{"twice", then(waiting, decided("not_upheld")), jan(31), cara, record(func(e *OmbudsmanDecided) { e.Recommendations = nil }), OutOfOrder},
		{"before the referral", waiting, jan(24), cara, record(func(e *OmbudsmanDecided) {
			e.DecidedOn, e.ReceivedOn = NewDate(2025, 1, 23), NewDate(2025, 1, 23)
		}), OutOfOrder},
		{"received before it was decided", waiting, jan(30), cara, record(func(e *OmbudsmanDecided) { e.DecidedOn = NewDate(2025, 1, 31) }), BadValueCode},
		{"received tomorrow", waiting, jan(29), cara, record(nil), FutureDated},
		{"closed meanwhile", then(waiting, Closed{Reason: "entered_in_error", At: jan(27)}), jan(30), cara, record(nil), CaseClosed},
		{"unknown issue", waiting, jan(30), cara, record(func(e *OmbudsmanDecided) { e.Issues[0].IssueID = "roof" }), BadValueCode},
		{"a remedy's id", then(investigated1(), sorry, referred), jan(30), cara, record(nil), BadValueCode},
		{"an id twice", waiting, jan(30), cara, record(func(e *OmbudsmanDecided) { e.Recommendations[1].RecID = "say-sorry" }), BadValueCode},
		{"money in an apology", waiting, jan(30), cara, record(func(e *OmbudsmanDecided) { e.Recommendations[0].Amount = 1 }), BadValueCode},
	})
	c := given(t, then(waiting, decided("upheld_fault_injustice"))...)
	if c.Stage != StageOmbudsman || c.Step != StepResponded || c.Status != StatusOpen {
		t.Errorf("decided: %s %s %s", c.Status, c.Stage, c.Step)
	}
	deliver := RemedyDelivered{RemedyID: "put-right", DeliveredOn: NewDate(2025, 2, 3), Evidence: "slip"}
	events, err := DecideDeliverRemedy(at(council(t, Settings{}), noon(2025, 2, 3), amina, c), deliver)
	expect(t, events, err, "")
}

func TestPrematureDecision(t *testing.T) {
	referred := ReferredToOmbudsman{Body: "LGSCO", ReferredAt: jan(24), By: "complainant"}
	premature := decided(DecisionPremature)
	premature.Recommendations = nil
	for _, tt := range []struct {
		name    string
		history []Event
		status  Status
		reason  ClosedReason
		stage   Label
		step    Step
		officer *uuid.UUID
	}{
		{"from an open stage", then(investigated1(), referred, premature), StatusOpen, "", "s1", StepInvestigating, id(ben)},
		{
			"answered meanwhile", then(investigated1(), referred, responded("s1", jan(27), ben), premature),
			StatusOpen, "", "s1", StepResponded, id(ben),
		},
		{
			"allocated meanwhile",
			[]Event{received1(), referred, allocated("s1", jan(27), ben, 8), premature},
			StatusOpen, "", "s1", StepAllocated, id(ben),
		},
		{
			"from closed", then(answered1(), Closed{Reason: ReasonExhausted, At: jan(22)}, referred, premature),
			StatusClosed, ReasonExhausted, "s1", StepResponded, id(ben),
		},
		{
			"while another body has it", then(answered1(), referred, ReferredToOmbudsman{Body: "HOS", ReferredAt: jan(25)}, premature),
			StatusOpen, "", StageOmbudsman, StepWithOmbudsman, nil,
		},
		{
			"and referred again from the next stage", then(answered1(), referred, premature, escalated(jan(31)),
				ReferredToOmbudsman{Body: "LGSCO", ReferredAt: jan(31)}, premature),
			StatusOpen, "", "s2", StepReceived, nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := given(t, tt.history...)
			officer := c.Officer == tt.officer || c.Officer != nil && tt.officer != nil && *c.Officer == *tt.officer
			if c.Status != tt.status || c.ClosedReason != tt.reason || c.Stage != tt.stage || c.Step != tt.step || !officer {
				t.Errorf("%s %s at %s %s, officer %v", c.Status, c.ClosedReason, c.Stage, c.Step, c.Officer)
			}
		})
	}
}
