package domain

import (
	"strings"
	"testing"
)

func suspension(from Date) Suspended {
	return Suspended{
		Scope: ExtentCase, Ground: "court_proceedings", FromOn: from, DecidedBy: id(cara), NotifiedAt: from.noon(), ReviewOn: from + 28,
	}
}

func TestSuspendCase(t *testing.T) {
	day := NewDate(2025, 1, 10)
	suspend := func(change func(*Suspended)) func(Context) ([]Event, error) {
		return with(DecideSuspendCase, suspension(day), change)
	}
	issues := func(names ...Label) func(*Suspended) {
		return func(e *Suspended) { e.Scope, e.Issues = ExtentIssues, names }
	}
	calls := suspension(day)
	issues("calls")(&calls)
	decide(t, Settings{}, []decision{
		{"accepted", investigated1(), jan(10), cara, suspend(nil), ""},
		{"some issues", investigated1(), jan(10), cara, suspend(issues("boiler")), ""},
		{"another issue", then(investigated1(), calls), jan(10), cara, suspend(issues("boiler")), ""},
		{"no issue named", investigated1(), jan(10), cara, suspend(issues()), MissingFieldCode},
		{"an issue that is none", investigated1(), jan(10), cara, suspend(issues("roof")), BadValueCode},
		{"issues of the whole case", investigated1(), jan(10), cara, suspend(func(e *Suspended) { e.Issues = []Label{"boiler"} }), BadValueCode},
		{"reviewed before it begins", investigated1(), jan(10), cara, suspend(func(e *Suspended) { e.ReviewOn = day - 1 }), BadValueCode},
		{"decided by nobody known", investigated1(), jan(10), cara, suspend(func(e *Suspended) { e.DecidedBy = id(ghost) }), BadValueCode},
		{"before the receipt", investigated1(), jan(7), cara, suspend(func(e *Suspended) { e.FromOn = NewDate(2025, 1, 5) }), OutOfOrder},
		{"from tomorrow", investigated1(), jan(9), cara, suspend(nil), FutureDated},
		{"twice", then(investigated1(), suspension(day)), jan(10), cara, suspend(nil), AlreadySuspended},
		{"an issue twice", then(investigated1(), calls), jan(10), cara, suspend(issues("calls")), AlreadySuspended},
		{"without a ground", investigated1(), jan(10), cara, suspend(func(e *Suspended) { e.Ground = "" }), GroundRequired},
	})
	children := adopting(t, "nct-children-statutory")
	open := received1()
	open.ProcedureID = "nct-children-statutory"
	decideUnder(t, children, []decision{
		{"a ground that the procedure lists", []Event{open}, jan(10), cara, suspend(nil), ""},
		{"one that it does not list", []Event{open}, jan(10), cara, suspend(func(e *Suspended) { e.Ground = "disciplinary_or_hr" }), GroundRequired},
	})
}

func TestResumeCase(t *testing.T) {
	resume := func(on Date) func(Context) ([]Event, error) {
		return with(DecideResumeCase, Resumed{On: on, RequestedBy: "complainant"}, nil)
	}
	rests := then(investigated1(), suspension(NewDate(2025, 1, 10)))
	decide(t, Settings{}, []decision{
		{"accepted", rests, jan(14), cara, resume(NewDate(2025, 1, 14)), ""},
		{"on its first day", rests, jan(10), cara, resume(NewDate(2025, 1, 10)), ""},
		{"before it", rests, jan(10), cara, resume(NewDate(2025, 1, 9)), OutOfOrder},
		{"what goes on", investigated1(), jan(10), cara, resume(NewDate(2025, 1, 10)), NotSuspended},
		{"twice", then(rests, Resumed{On: NewDate(2025, 1, 10)}), jan(10), cara, resume(NewDate(2025, 1, 10)), NotSuspended},
	})
}

func TestSuspendedCaseIsNotAnswered(t *testing.T) {
	rests := then(investigated1(), suspension(NewDate(2025, 1, 10)))
	send := with(DecideSendResponse, responded("s1", jan(20), ben), nil)
	decide(t, Settings{}, []decision{
		{"while it rests", rests, jan(20), ben, send, CaseSuspended},
		{"while it rests and nothing is found", then([]Event{received1(), allocated("s1", jan(8), ben, 8)}, suspension(NewDate(2025, 1, 10))), jan(20), ben, send, CaseSuspended},
		{"when it goes on", then(rests, Resumed{On: NewDate(2025, 1, 15)}), jan(20), ben, send, ""},
	})
}

// An issue that rests needs no finding; the others are answered.
func TestPartialSuspension(t *testing.T) {
	calls := suspension(NewDate(2025, 1, 9))
	calls.Scope, calls.Issues = ExtentIssues, []Label{"calls"}
	history := then(investigated1()[:4], calls)
	answer := responded("s1", jan(20), ben)
	answer.Outcome, answer.IssueOutcomes = OutcomeUpheld, []IssueOutcome{{"boiler", FindingUpheld}}
	decide(t, Settings{}, []decision{
		{"the rest is answered", history, jan(20), ben, with(DecideSendResponse, answer, nil), ""},
		{"when it goes on, a finding is missing", then(history, Resumed{On: NewDate(2025, 1, 15)}), jan(20), ben, with(DecideSendResponse, answer, nil), FindingsIncomplete},
	})
	if c := given(t, history...); c.Status != StatusOpen || !c.Rests("calls") || c.Rests("boiler") || len(c.History().Pauses) != 0 {
		t.Errorf("status %s, pauses %v", c.Status, c.History().Pauses)
	}
}

// The clock stands still from the first to the last day, both included; the step is what it was.
func TestSuspensionPausesClocks(t *testing.T) {
	config := council(t, Settings{})
	rests := then(investigated1(), suspension(NewDate(2025, 1, 10)))
	clock := func(c *Case, n int) Clock {
		for _, k := range Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), jan(n)) {
			if k.ID == "s1.response" {
				return k
			}
		}
		t.Fatal("there is no response clock")
		return Clock{}
	}
	c := given(t, rests...)
	if k := clock(c, 13); k.State != ClockPaused || c.Status != StatusSuspended || c.Step != StepInvestigating {
		t.Errorf("clock %s, case %s %s", k.State, c.Status, c.Step)
	}
	before := c.Clone()
	c = given(t, then(rests, Resumed{On: NewDate(2025, 1, 14)})...)
	// three working days of the ten: 10, 13, 14 January
	if k := clock(c, 15); k.State != ClockRunning || k.Due != NewDate(2025, 1, 27) || c.Status != StatusOpen || c.Step != StepInvestigating {
		t.Errorf("clock %s, due %s, case %s %s", k.State, k.Due, c.Status, c.Step)
	}
	if !before.Suspensions[0].Open() || before.Status != StatusSuspended {
		t.Error("the copy went on too")
	}
}

// A case that is closed while it rests does not rest when it is opened again; one that is escalated does.
func TestSuspensionEnds(t *testing.T) {
	rests := then(answered1(), suspension(NewDate(2025, 1, 21)))
	for name, tt := range map[string]struct {
		history []Event
		status  Status
	}{
		"closed":               {then(rests, Closed{Reason: ReasonAccepted, At: jan(22)}), StatusClosed},
		"closed and escalated": {then(rests, Closed{Reason: ReasonAccepted, At: jan(22)}, escalated(jan(23))), StatusOpen},
		"escalated":            {then(rests, escalated(jan(23))), StatusSuspended},
		"withdrawn":            {then(rests, Withdrawn{By: id(pat), At: jan(22)}), StatusClosed},
	} {
		if c := given(t, tt.history...); c.Status != tt.status {
			t.Errorf("%s: the case is %s", name, c.Status)
		}
	}
}

// What an import brings is taken; what a decision has against it is noted. The pause counts as known from its first day.
func TestImportedSuspension(t *testing.T) {
	from := NewDate(2024, 11, 4)
	facts := importing(t, "fines", nil, row("1", fine(noon(2024, 11, 1)), suspension(from), suspension(from), Resumed{On: from + 7}, Resumed{On: from + 8}))
	for i, code := range []Code{2: "", 3: AlreadySuspended, 4: "", 5: NotSuspended} {
		if i < 2 {
			continue
		}
		if notes := strings.Join(facts[i].Notes, " "); !strings.HasPrefix(notes, string(code)) || code == "" && notes != "" {
			t.Errorf("%T: noted %q, expected %s", facts[i].Event, notes, code)
		}
	}
	c := stored(t, facts)
	if c.Status != StatusOpen || len(c.Suspensions) != 2 || c.Suspensions[0].To != from+7 {
		t.Errorf("the case is %s, suspensions %v", c.Status, c.Suspensions)
	}
}
