package domain

import (
	"slices"
	"testing"
)

func redirected() Redirected {
	return Redirected{
		Scope: ExtentCase, Code: "OOS-20", Target: "parking representations", Explanation: Plain("a parking fine"),
		OmbudsmanRightGiven: true, SentAt: jan(7),
	}
}

func TestRedirectCase(t *testing.T) {
	redirect := func(change func(*Redirected)) func(Context) ([]Event, error) {
		return with(DecideRedirectCase, redirected(), change)
	}
	outside := func(e *Redirected) { e.Code, e.Target = "OOS-58", "Acme Repairs" }
	someIssues := func(ids ...Label) func(*Redirected) {
		return func(e *Redirected) { e.Scope, e.Issues = ExtentIssues, ids }
	}
	first := []Event{received1()}
	part := redirected()
	part.Scope, part.Issues = ExtentIssues, []Label{"calls"}
	decide(t, Settings{}, []decision{
		{"the whole case", first, jan(7), cara, redirect(nil), ""},
		{"one issue", first, jan(7), cara, redirect(someIssues("calls")), ""},
		{"no issue", first, jan(7), cara, redirect(someIssues()), MissingFieldCode},
		{"an issue it does not have", first, jan(7), cara, redirect(someIssues("roof")), BadValueCode},
		{"an issue twice", then(first, part), jan(7), cara, redirect(someIssues("calls")), BadValueCode},
		{"for a reason that is none", first, jan(7), cara, redirect(func(e *Redirected) { e.Code = "OOS-99" }), UnknownCode},
		{"to a contractor first, under the housing ombudsman", first, jan(7), cara, redirect(func(e *Redirected) { e.Code = "OOS-47" }), UnknownCode},
		{"unexplained", first, jan(7), cara, redirect(func(e *Redirected) { e.Explanation = Personal{} }), ExplanationMissing},
		{"without the right", first, jan(7), cara, redirect(func(e *Redirected) { e.OmbudsmanRightGiven = false }), RightNotGiven},
		{"outside without consent", first, jan(7), cara, redirect(outside), ConsentMissing},
		{"outside with consent", then(first, consented("share_with_organisation:acme", ConsentGiven, jan(6))), jan(7), cara, redirect(outside), ""},
		{"outside with consent to something else", then(first, consented(ScopeOnBehalf, ConsentGiven, jan(6))), jan(7), cara, redirect(outside), ConsentMissing},
		{"a councillor's conduct, by the monitoring officer", first, jan(7), mona, redirect(func(e *Redirected) { e.Code = "OOS-03" }), ""},
		{"anything else, by the monitoring officer", first, jan(7), mona, redirect(nil), NotPermitted},
		{"before the receipt", first, jan(7), cara, redirect(func(e *Redirected) { e.SentAt = jan(6).Add(-1) }), OutOfOrder},
		{"closed", then(first, redirected()), jan(8), cara, redirect(nil), CaseClosed},
		{"no case", nil, jan(7), cara, redirect(nil), CaseNotFound},
	})
	config := adopting(t, "nct-children-statutory")
	open := received1()
	open.ProcedureID = "nct-children-statutory"
	c := given(t, open, consented("share_with_organisation:acme", ConsentGiven, jan(6)))
	contractor := redirected()
	contractor.Code = "OOS-47"
	events, err := DecideRedirectCase(at(config, jan(7), cara, c), contractor)
	expect(t, events, err, "")
}

func TestRedirectedEndsWhatItIsAbout(t *testing.T) {
	c := given(t, received1(), redirected())
	if c.Status != StatusClosed || c.ClosedReason != ReasonRedirected || c.Current().Ending != EndedRedirected {
		t.Errorf("%s %s, stage ended as %s", c.Status, c.ClosedReason, c.Current().Ending)
	}
	part := redirected()
	part.Scope, part.Issues = ExtentIssues, []Label{"calls"}
	c = given(t, received1())
	before := c.Clone()
	apply(t, c, part)
	if c.Status != StatusOpen || !slices.Equal(c.Current().Issues, []Label{"boiler"}) || c.Issue("calls").Redirected != "OOS-20" {
		t.Errorf("%s, in dispute %v", c.Status, c.Current().Issues)
	}
	if len(before.Current().Issues) != 2 || before.Issue("calls").Redirected != "" {
		t.Error("the redirection reached into a copy")
	}
}

func TestOutOfScopeReasons(t *testing.T) {
	seen := map[Term]bool{}
	for _, o := range OutOfScopeReasons {
		if seen[o.Code] || !o.Code.Valid() || !Term(o.Target).Valid() || o.Reason == "" || o.Source == "" {
			t.Errorf("%s is there twice, or not whole", o.Code)
		}
		seen[o.Code] = true
	}
	if len(seen) != 56 {
		t.Errorf("%d reasons", len(seen))
	}
}
