package domain

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestEscalateCase(t *testing.T) {
	escalate := func(change func(*Escalated)) func(Context) ([]Event, error) {
		return with(DecideEscalateCase, escalated(jan(23)), change)
	}
	represented := received1()
	represented.Representative = id(rae)
	overdue := func(e *Escalated) { e.Ground, e.RequestedAt = GroundResponseOverdue, jan(23) }
	stage2 := then(answered1(), escalated(jan(21)))
	decide(t, Settings{}, []decision{
		{"accepted", answered1(), jan(23), cara, escalate(nil), ""},
		{"from closed", then(answered1(), Closed{Reason: ReasonNoFurtherContact, At: jan(22)}), jan(23), cara, escalate(nil), ""},
		{"no case", nil, jan(23), cara, escalate(nil), CaseNotFound},
		{"before the answer", answered1(), jan(20), cara, escalate(func(e *Escalated) { e.RequestedAt = jan(20).Add(-1) }), OutOfOrder},
		{"from a stage not entered", answered1(), jan(23), cara, escalate(func(e *Escalated) { e.FromStage = "s2" }), BadValueCode},
		{"unknown issue", answered1(), jan(23), cara, escalate(func(e *Escalated) { e.Issues = []Label{"roof"} }), BadValueCode},
		{"a stage skipped", answered1(), jan(23), cara, escalate(func(e *Escalated) { e.ToStage = "s3" }), NoNextStage},
		{"straight to the Ombudsman", answered1(), jan(23), cara, escalate(func(e *Escalated) { e.ToStage = StageOmbudsman }), NoNextStage},
		{"after the last stage", stage2, jan(23), cara, escalate(func(e *Escalated) { e.FromStage, e.ToStage = "s2", "s3" }), NoNextStage},
		{"not answered", investigated1(), jan(23), cara, escalate(nil), StageNotAnswered},
		{"early", investigated1(), jan(23), cara, escalate(func(e *Escalated) { e.Ground = GroundEarlyReview }), StageNotAnswered},
		{"not yet overdue", investigated1(), jan(22), cara, escalate(func(e *Escalated) { overdue(e); e.RequestedAt = jan(22) }), StageNotAnswered},
		{"overdue", investigated1(), jan(23), cara, escalate(overdue), ""},
		{"never acknowledged, by the date that stands in", []Event{received1()}, jan(28), cara, escalate(func(e *Escalated) {
			overdue(e)
			e.RequestedAt = jan(28)
		}), ""},
		{"more time refused", investigated1(), jan(15), cara, escalate(func(e *Escalated) {
			e.Ground, e.RequestedAt = GroundExtensionRefused, jan(15)
		}), ""},
		{"asked for by a stranger", answered1(), jan(23), cara, escalate(func(e *Escalated) { e.RequestedBy = id(rae) }), NotComplainant},
		{
			"asked for by a representative without consent", then([]Event{represented}, answered1()[1:]...), jan(23), cara,
			escalate(func(e *Escalated) { e.RequestedBy = id(rae) }), NotComplainant,
		},
		{"asked for by nobody known", answered1(), jan(23), cara, escalate(func(e *Escalated) { e.RequestedBy = id(ghost) }), BadValueCode},
	})
	c := given(t, stage2...)
	if s := c.Current(); c.Stage != "s2" || c.Step != StepReceived || c.Officer != nil || len(s.Issues) != 1 {
		t.Errorf("escalated to %s %s", c.Stage, c.Step)
	}
	if s := c.Record("s1"); s.Ending != EndedEscalated || !s.EndedAt.Equal(jan(21)) {
		t.Errorf("stage 1 ended as %s", s.Ending)
	}
}

// A children's complaint is asked for reasons, within a window, before it goes to the panel.
func TestEscalateWithWindowAndReasons(t *testing.T) {
	config := adopting(t, "nct-children-statutory")
	open := received1()
	open.ProcedureID, open.Flags = "nct-children-statutory", nil
	history := []Event{
		open, allocated("s1", jan(8), ben, 8), responded("s1", jan(20), ben), escalated(jan(23)), responded("s2", jan(30), ben),
	}
	panel := escalated(jan(31))
	panel.FromStage, panel.ToStage = "s2", "s3"
	reasoned := panel
	reasoned.Reasons = Plain("the report misses the point")
	late := reasoned
	late.RequestedAt = noon(2025, 3, 3)
	silent := late
	silent.Reasons = Personal{}
	for _, tt := range []struct {
		name string
		e    Escalated
		code Code
	}{
		{"without reasons", panel, ReasonsRequired},
		{"with reasons", reasoned, ""},
		{"after the window", late, WindowClosed},
		{"after the window without reasons", silent, WindowClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := DecideEscalateCase(at(config, tt.e.RequestedAt, cara, given(t, history...)), tt.e)
			expect(t, events, err, tt.code)
		})
	}
}

func extension() Extended {
	return Extended{
		Clock: "s1.response", OldDueDate: NewDate(2025, 1, 22), NewDueDate: NewDate(2025, 1, 29), Reason: Plain("the court is slow"),
		ReasonCode: "awaiting_third_party", NotifiedAt: jan(15), Notice: "N1",
		Contains: []Term{"explanation", "new_date", CodeOmbudsmanDetails},
	}
}

func TestExtendDeadline(t *testing.T) {
	extend := func(change func(*Extended)) func(Context) ([]Event, error) {
		return with(DecideExtendDeadline, extension(), change)
	}
	far := NewDate(2025, 2, 6) // 21 working days after the acknowledgement; the soft limit is 20
	decide(t, Settings{}, []decision{
		{"accepted", investigated1(), jan(15), ben, extend(nil), ""},
		{"again", then(investigated1(), extension()), jan(15), ben, extend(func(e *Extended) {
			e.OldDueDate, e.NewDueDate = NewDate(2025, 1, 29), NewDate(2025, 1, 31)
		}), ""},
		{"no such clock", investigated1(), jan(15), ben, extend(func(e *Extended) { e.Clock = "s1.nap" }), ClockNotExtendable},
		{"never extendable", investigated1(), jan(15), ben, extend(func(e *Extended) { e.Clock = "s1.ack" }), ClockNotExtendable},
		{"provisional", []Event{received1()}, jan(7), ben, extend(func(e *Extended) { e.NotifiedAt = jan(7) }), ClockNotExtendable},
		{"answered", answered1(), jan(21), ben, extend(func(e *Extended) { e.NotifiedAt = jan(21) }), ClockNotExtendable},
		{"another due date", investigated1(), jan(15), ben, extend(func(e *Extended) { e.OldDueDate = NewDate(2025, 1, 21) }), StaleRevision},
		{"not later", investigated1(), jan(15), ben, extend(func(e *Extended) { e.NewDueDate = e.OldDueDate }), ExtNotLater},
		{"no reason", investigated1(), jan(15), ben, extend(func(e *Extended) { e.Reason = Personal{} }), ExtNoReason},
		{"no explanation", investigated1(), jan(15), ben, extend(func(e *Extended) { e.Contains = e.Contains[1:] }), ExtNoReason},
		{"no notice", investigated1(), jan(15), ben, extend(func(e *Extended) { e.Notice = "" }), ExtNoNotice},
		{"after the due date", investigated1(), NewDate(2025, 1, 23).Midnight(), ben, extend(func(e *Extended) {
			e.NotifiedAt = jan(22)
		}), ExtAfterDue},
		{"on the last day", investigated1(), NewDate(2025, 1, 23).Midnight().Add(-time.Second), ben, extend(func(e *Extended) {
			e.NotifiedAt = jan(22)
		}), ""},
		{"over the soft limit", investigated1(), jan(15), ben, extend(func(e *Extended) { e.NewDueDate = far }), ExtOverSoftCap},
		{"over it with an approval", investigated1(), jan(15), ben, extend(func(e *Extended) {
			e.NewDueDate, e.GoodReason, e.ApprovedBy = far, Plain("a fire"), id(cara)
		}), ""},
		{"over it, approved by a director", investigated1(), jan(15), ben, extend(func(e *Extended) {
			e.NewDueDate, e.GoodReason, e.ApprovedBy = far, Plain("a fire"), id(dan)
		}), ExtOverSoftCap},
		{"over it, approved by oneself", investigated1(), jan(15), cara, extend(func(e *Extended) {
			e.NewDueDate, e.GoodReason, e.ApprovedBy = far, Plain("a fire"), id(cara)
		}), ExtOverSoftCap},
		{"without the Ombudsman", investigated1(), jan(15), ben, extend(func(e *Extended) { e.Contains = e.Contains[:2] }), OmbudsmanDetailsMissing},
		{"closed", then(answered1(), Closed{Reason: "exhausted", At: jan(21)}), jan(21), ben, extend(nil), CaseClosed},
	})
}

// TestOfficerRulesAtTheAnswer asks the rules again of who answers: the case may have changed since the allocation.
func TestOfficerRulesAtTheAnswer(t *testing.T) {
	about := MattersJoined{Issues: []Matter{{ID: "rude", AboutStaff: []uuid.UUID{ben}}}, Decision: MattersJoin}
	send := with(DecideSendResponse, responded("s1", jan(14), ben), nil)
	decide(t, Settings{}, []decision{
		{"a matter about the officer came after", then(investigated1(), about), jan(14), ben, send, OfficerSubject},
	})
	config := council(t, Settings{})
	gone := RoleRevoked{ActorID: ben, Roles: []Role{RoleServiceManager}, From: jan(10)}
	if err := config.Apply(Recorded{Event: gone, Revision: config.Events}); err != nil {
		t.Fatal(err)
	}
	decideUnder(t, config, []decision{
		{"the officer is none any more", investigated1(), jan(14), cara, send, OfficerService},
		{"the officer was one then", investigated1(), jan(9), cara, with(DecideSendResponse, responded("s1", jan(9), ben), nil), ""},
	})
	config, stage2 := children(t)
	adjudicator := then(stage2, by(mary, found("s2", "boiler", FindingUpheld)), appointed(jan(14)))
	decideUnder(t, config, []decision{
		{"a senior manager answers the report", adjudicator, jan(20), mary, with(DecideSendResponse, answeredBy(dan, "s2", jan(20)), nil), ""},
		{"one who is complained about", then(adjudicator, MattersJoined{
			Issues: []Matter{{ID: "rude", AboutStaff: []uuid.UUID{dan}}}, Decision: MattersJoin,
		}), jan(20), mary, with(DecideSendResponse, answeredBy(dan, "s2", jan(20)), nil), OfficerSubject},
	})
}

// TestExtendWithUpdates asks for the updates that a procedure wants beyond its soft limit.
func TestExtendWithUpdates(t *testing.T) {
	config := council(t, Settings{})
	text := strings.Replace(string(procedureText(t, "nnc-corporate-2024")), "[good_reason, approval_complaints_manager]",
		"[good_reason, approval_complaints_manager, agreed_update_interval]", 1)
	text = strings.Replace(text, "version: \"2.0\"", "version: \"2.1\"", 1)
	decided, err := DecideAdoptProcedure(Context{Config: config}, AdoptProcedure{Content: Content(text), Reference: Plain("m")})
	expect(t, decided, err, "")
	if err := config.Apply(Recorded{Event: decided[0], Revision: config.Events}); err != nil {
		t.Fatal(err)
	}
	bound := received1()
	bound.ProcedureVersion = "2.1"
	history := then([]Event{bound}, investigated1()[1:]...)
	over := func(every int) func(Context) ([]Event, error) {
		return with(DecideExtendDeadline, extension(), func(e *Extended) {
			e.NewDueDate, e.GoodReason, e.ApprovedBy, e.UpdateEveryWD = NewDate(2025, 2, 6), Plain("a fire"), id(cara), every
		})
	}
	decideUnder(t, config, []decision{
		{"without updates", history, jan(15), ben, over(0), ExtOverSoftCap},
		{"with updates", history, jan(15), ben, over(5), ""},
	})
}

func TestExtendChildren(t *testing.T) {
	config := adopting(t, "nct-children-statutory")
	open := received1()
	open.ProcedureID = "nct-children-statutory"
	stage1 := []Event{open, allocated("s1", jan(8), ben, 8)}
	stage2 := then(stage1, responded("s1", jan(20), ben), escalated(jan(23)))
	extend := func(clock Label, from, to Date, discussed bool) Extended {
		e := extension()
		e.Clock, e.OldDueDate, e.NewDueDate = clock, from, to
		if discussed {
			e.DiscussedAt = jan(15)
			e.Contains = append(e.Contains, "discussed")
		}
		return e
	}
	for _, tt := range []struct {
		name    string
		history []Event
		now     time.Time
		e       Extended
		code    Code
	}{
		{"past the guard", stage1, jan(15), extend("s1.response", NewDate(2025, 1, 22), NewDate(2025, 1, 24), true), ExtPastGuard},
		{"stage 2", stage2, jan(24), extend("s2.response", NewDate(2025, 2, 27), NewDate(2025, 4, 1), true), ""},
		{"stage 2, not discussed", stage2, jan(24), extend("s2.response", NewDate(2025, 2, 27), NewDate(2025, 4, 1), false), ExtNotDiscussed},
		{"stage 2, over the hard limit", stage2, jan(24), extend("s2.response", NewDate(2025, 2, 27), NewDate(2025, 6, 1), true), ExtOverCap},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.e.NotifiedAt = tt.now
			events, err := DecideExtendDeadline(at(config, tt.now, ben, given(t, tt.history...)), tt.e)
			expect(t, events, err, tt.code)
		})
	}
}

func TestExtendAdultGuard(t *testing.T) {
	config := adopting(t, "nnc-adult-social-care")
	open := received1()
	open.ProcedureID = "nnc-adult-social-care"
	open.ProcedureVersion = Label(config.newest("nnc-adult-social-care").Version)
	yes, no := true, false
	for _, tt := range []struct {
		name   string
		agreed *bool
		code   Code
	}{
		{"agreed", &yes, ""}, {"not agreed", &no, ExtNotAgreed}, {"not asked", nil, ExtNotAgreed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := extension()
			e.Clock, e.OldDueDate, e.NewDueDate = "all.statutory", NewDate(2025, 7, 5), NewDate(2025, 9, 1)
			e.Agreed, e.Contains = tt.agreed, append(e.Contains, "discussed")
			events, err := DecideExtendDeadline(at(config, jan(15), cara, given(t, open)), e)
			expect(t, events, err, tt.code)
		})
	}
}

// TestClocksOfAStory plays the extension after the due date, as the specification's story tells it.
func TestClocksOfAStory(t *testing.T) {
	config := council(t, Settings{})
	c := given(t, then(investigated1(), extension(), by(ben, responded("s1", jan(30), ben)))...)
	want := map[string]ClockState{"s1.ack": ClockMet, "s1.response": ClockMissed}
	for _, clock := range Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), jan(31)) {
		if state, asked := want[clock.ID]; asked && clock.State != state {
			t.Errorf("%s is %s, expected %s", clock.ID, clock.State, state)
		}
	}
	if len(c.Extensions) != 1 || c.Step != StepResponded || *c.Officer != ben {
		t.Errorf("%d extensions, step %s, officer %v", len(c.Extensions), c.Step, c.Officer)
	}
}
