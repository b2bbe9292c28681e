package domain

import "testing"

func TestAcceptOutcome(t *testing.T) {
	accept := func(change func(*OutcomeAccepted)) func(Context) ([]Event, error) {
		return with(DecideAcceptOutcome, OutcomeAccepted{Stage: "s1", At: jan(22), By: id(pat), Scope: AcceptedAll}, change)
	}
	decide(t, Settings{}, []decision{
		{"accepted", answered1(), jan(22), amina, accept(nil), ""},
		{"without a scope", answered1(), jan(22), amina, accept(func(e *OutcomeAccepted) { e.Scope = "" }), ""},
		{"one issue", answered1(), jan(22), amina, accept(func(e *OutcomeAccepted) {
			e.Scope, e.Issues = AcceptedIssues, []Label{"calls"}
		}), ""},
		{"some issues, and not which", answered1(), jan(22), amina, accept(func(e *OutcomeAccepted) { e.Scope = AcceptedIssues }), BadValueCode},
		{"an unknown issue", answered1(), jan(22), amina, accept(func(e *OutcomeAccepted) {
			e.Scope, e.Issues = AcceptedIssues, []Label{"roof"}
		}), BadValueCode},
		{"before the answer", answered1(), jan(22), amina, accept(func(e *OutcomeAccepted) { e.At = jan(20).Add(-1) }), OutOfOrder},
		{"without an answer", investigated1(), jan(22), amina, accept(nil), OutOfOrder},
		{"a stage not entered", answered1(), jan(22), amina, accept(func(e *OutcomeAccepted) { e.Stage = "s2" }), BadValueCode},
		{"by nobody known", answered1(), jan(22), amina, accept(func(e *OutcomeAccepted) { e.By = id(ghost) }), BadValueCode},
		{"closed", then(answered1(), Closed{Reason: ReasonExhausted, At: jan(21)}), jan(22), amina, accept(nil), CaseClosed},
	})
	c := given(t, then(answered1(), OutcomeAccepted{Stage: "s1", At: jan(22)})...)
	if c.Step != StepResponded || c.Status != StatusOpen || !c.Current().AcceptedAt.Equal(jan(22)) {
		t.Errorf("accepted: %s %s at %s", c.Status, c.Step, c.Current().AcceptedAt)
	}
}

func TestReopenCase(t *testing.T) {
	reopen := with(DecideReopenCase, Reopened{Reason: Plain("a mistake"), By: id(cara)}, nil)
	closed := then(investigated1(), Closed{Reason: ReasonEnteredInError, At: jan(21)})
	decide(t, Settings{}, []decision{
		{"accepted", closed, jan(22), cara, reopen, ""},
		{"open", investigated1(), jan(22), cara, reopen, OutOfOrder},
		{"no case", nil, jan(22), cara, reopen, CaseNotFound},
		{"by nobody known", closed, jan(22), cara, with(DecideReopenCase, Reopened{By: id(ghost)}, nil), BadValueCode},
		{
			"it owes its answer again", then(closed, Reopened{}), jan(22), cara,
			with(DecideCloseCase, Closed{Reason: ReasonExhausted, At: jan(22)}, nil), ResponseOutstanding,
		},
	})
	config := council(t, Settings{})
	c := given(t, then(closed, Reopened{})...)
	if c.Status != StatusOpen || c.Stage != "s1" || c.Step != StepInvestigating || c.ClosedReason != "" {
		t.Errorf("opened again: %s %s %s %s", c.Status, c.Stage, c.Step, c.ClosedReason)
	}
	for _, clock := range Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), jan(31)) {
		if clock.ID == "s1.response" && clock.State != ClockVoid {
			t.Errorf("the response clock is %s after reopening", clock.State)
		}
	}
}

func TestRecordCause(t *testing.T) {
	cause := func(change func(*CauseRecorded)) func(Context) ([]Event, error) {
		return with(DecideRecordCause, CauseRecorded{IssueID: "boiler", RootCause: "delay"}, change)
	}
	closed := then(answered1(), Closed{Reason: ReasonExhausted, At: jan(21)})
	decide(t, Settings{Codes: CodeLists{Cause: []Term{"delay", "contractor"}}}, []decision{
		{"accepted", answered1(), jan(22), amina, cause(nil), ""},
		{"after closing", closed, jan(22), amina, cause(func(e *CauseRecorded) { e.Contributing = []Term{"contractor"} }), ""},
		{"not in the list", answered1(), jan(22), amina, cause(func(e *CauseRecorded) { e.RootCause = "fate" }), UnknownCode},
		{"contributing, not in the list", answered1(), jan(22), amina, cause(func(e *CauseRecorded) {
			e.Contributing = []Term{"fate"}
		}), UnknownCode},
		{"unknown issue", answered1(), jan(22), amina, cause(func(e *CauseRecorded) { e.IssueID = "roof" }), BadValueCode},
		{"no case", nil, jan(22), amina, cause(nil), CaseNotFound},
	})
	c := given(t, then(closed, CauseRecorded{IssueID: "boiler", RootCause: "delay"}, CauseRecorded{IssueID: "boiler", RootCause: "contractor"})...)
	if len(c.Causes) != 1 || c.Causes[0].RootCause != "contractor" {
		t.Errorf("the causes are %v", c.Causes)
	}
}
