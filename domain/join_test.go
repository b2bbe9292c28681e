package domain

import (
	"slices"
	"testing"

	"github.com/google/uuid"
)

func TestAgreeIssues(t *testing.T) {
	agreed := IssuesAgreed{
		Issues:   []Matter{{ID: "boiler", Text: Plain("no heating")}, {ID: "damp", Text: Plain("mould")}, {Text: Plain("the tone")}},
		Outcomes: []Personal{Plain("a repair")}, AgreedAt: jan(9), AgreedWith: id(pat),
	}
	agree := func(change func(*IssuesAgreed)) func(Context) ([]Event, error) {
		return with(DecideAgreeIssues, agreed, change)
	}
	open := []Event{received1(), allocated("s1", jan(8), ben, 8)}
	decide(t, Settings{Codes: CodeLists{Category: []Term{"repairs"}}}, []decision{
		{"accepted", open, jan(9), ben, agree(nil), ""},
		{"none", open, jan(9), ben, agree(func(e *IssuesAgreed) { e.Issues = nil }), BadValueCode},
		{"an empty one", open, jan(9), ben, agree(func(e *IssuesAgreed) { e.Issues = []Matter{{}} }), BadValueCode},
		{"one twice", open, jan(9), ben, agree(func(e *IssuesAgreed) { e.Issues = []Matter{{ID: "damp"}, {ID: "damp"}} }), BadValueCode},
		{"with nobody known", open, jan(9), ben, agree(func(e *IssuesAgreed) { e.AgreedWith = id(ghost) }), BadValueCode},
		{"about staff not known", open, jan(9), ben, agree(func(e *IssuesAgreed) {
			e.Issues = []Matter{{ID: "damp", AboutStaff: []uuid.UUID{ghost}}}
		}), BadValueCode},
		{"a category that is not in the list", open, jan(9), ben, agree(func(e *IssuesAgreed) { e.Issues = []Matter{{ID: "damp", Category: "noise"}} }), UnknownCode},
		{"before the receipt", open, jan(9), ben, agree(func(e *IssuesAgreed) { e.AgreedAt = jan(6).Add(-1) }), BackdateReason},
	})
	c := given(t, then(open, agreed)...)
	want := []Label{"boiler", "calls", "damp"}
	if !slices.Equal(c.issueIDs(), want) || !slices.Equal(c.Current().Issues, want) || c.Issue("damp").Category != "repairs" || c.Step != StepInvestigating {
		t.Errorf("issues %v, at the stage %v, step %s", c.issueIDs(), c.Current().Issues, c.Step)
	}
}

func TestJoinMatters(t *testing.T) {
	joined := MattersJoined{Issues: []Matter{{ID: "damp", Text: Plain("mould")}}, RaisedAt: jan(9), Decision: MattersJoin, Reason: Plain("same visit")}
	join := func(change func(*MattersJoined)) func(Context) ([]Event, error) {
		return with(DecideJoinMatters, joined, change)
	}
	other := uuid.New()
	apart := func(e *MattersJoined) { e.Decision, e.NewCase = MattersNewCase, &other }
	decide(t, Settings{}, []decision{
		{"accepted", investigated1(), jan(9), ben, join(nil), ""},
		{"an issue that is there", investigated1(), jan(9), ben, join(func(e *MattersJoined) { e.Issues = []Matter{{ID: "boiler"}} }), BadValueCode},
		{"a new case", investigated1(), jan(9), ben, join(apart), ""},
		{"a new case without a reason", investigated1(), jan(9), ben, join(func(e *MattersJoined) { apart(e); e.Reason = Personal{} }), WouldDelayReason},
		{"after the answer", answered1(), jan(21), ben, join(func(e *MattersJoined) { e.RaisedAt = jan(21) }), StageAnswered},
		{"a new case after the answer", answered1(), jan(21), ben, join(func(e *MattersJoined) { apart(e); e.RaisedAt = jan(21) }), ""},
	})
	joined.Issues = []Matter{{ID: "damp", Text: Plain("mould")}}
	history := then(investigated1(), joined)
	decide(t, Settings{}, []decision{
		{"and needs a finding", history, jan(20), ben, with(DecideSendResponse, responded("s1", jan(20), ben), nil), FindingsIncomplete},
	})
	if c := given(t, then(investigated1(), func() Event { e := joined; apart(&e); return e }())...); c.Issue("damp") != nil {
		t.Error("what is another case is an issue of this one")
	}
}
