package domain

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// The people from outside in a children's complaint.
var (
	ivo   = person("ivo")   // investigates
	ingot = person("ingot") // watches over the investigation
	chloe = person("chloe") // chairs the panel
	mia   = person("mia")   // sits on it
	milo  = person("milo")  // sits on it
)

// children is a council with the children's procedure, and a complaint under it that has come to stage 2.
func children(t testing.TB) (*Config, []Event) {
	t.Helper()
	config := adopting(t, "nct-children-statutory")
	open := received1()
	open.ProcedureID = "nct-children-statutory"
	return config, []Event{
		open, acknowledged("s1", jan(7)), allocated("s1", jan(8), ben, 8), by(ben, found("s1", "boiler", FindingUpheld)),
		by(ben, found("s1", "calls", FindingNotUpheld)), responded("s1", jan(10), ben), escalated(jan(13)),
	}
}

func appointed(when time.Time) InvestigatorsAppointed {
	return InvestigatorsAppointed{
		IO: Investigator{ID: ivo, External: true, Trained: true}, IP: IndependentPerson{ID: ingot, DeclaredIndependent: true}, AppointedAt: when,
	}
}

func convened(when time.Time) PanelConvened {
	return PanelConvened{
		Chair: chloe, Members: []uuid.UUID{mia, milo}, ScheduledFor: when.AddDate(0, 0, 7), ComplainantInvited: true, InvitedAt: when,
	}
}

func held(when time.Time) PanelHeld {
	return PanelHeld{HeldAt: when, Attended: []Correspondent{"chair", Correspondent(mia.String())}, ComplainantAttended: true}
}

func reported(when time.Time) PanelReported {
	return PanelReported{
		SentAt: when, Report: "P1", Recommendations: []Proposal{{ID: "sorry", Text: Plain("say sorry")}}, CopiedTo: []Correspondent{"complainant"},
	}
}

func TestAppointInvestigators(t *testing.T) {
	config, stage2 := children(t)
	complained := func(of uuid.UUID) []Event { // a later matter about somebody
		return then(stage2, MattersJoined{Issues: []Matter{{ID: "rude", AboutStaff: []uuid.UUID{of}}}, Decision: MattersJoin})
	}
	appoint := func(change func(*InvestigatorsAppointed)) func(Context) ([]Event, error) {
		return with(DecideAppointInvestigators, appointed(jan(14)), change)
	}
	decideUnder(t, config, []decision{
		{"accepted", stage2, jan(14), cara, appoint(nil), ""},
		{"an uninvolved manager", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IO.ID, e.IO.External = olu, false }), ""},
		{"before the request", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.AppointedAt = jan(13).Add(-1) }), OutOfOrder},
		{"nobody known", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IO.ID = ghost }), BadValueCode},
		{"nobody known watches", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IP.ID = ghost }), BadValueCode},
		{"not declared independent", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IP.DeclaredIndependent = false }), NotIndependent},
		{"an officer of the council", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IP.ID = wes }), NotIndependent},
		{"who is complained about", complained(ivo), jan(14), cara, appoint(nil), OfficerSubject},
		{"who is complained about watches", complained(ingot), jan(14), cara, appoint(nil), NotIndependent},
		{"who held stage 1", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IO.ID = ben }), OfficerNotDifferent},
		{"not trained", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IO.Trained = false }), NotTrained},
		{"one for both", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IP.ID = ivo }), SamePerson},
		{"one manager for both", stage2, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IO.ID, e.IP.ID = olu, olu }), SamePerson},
		{"where nothing is asked of them", []Event{received1()}, jan(14), cara, appoint(func(e *InvestigatorsAppointed) { e.IO.Trained = false }), ""},
	})
	c := given(t, then(stage2, allocated("s2", jan(13), ivo, 0), appointed(jan(14)))...)
	if c.Step != StepInvestigating || c.Appointments[0].IP != ingot || c.Appointments[0].Stage != "s2" {
		t.Errorf("step %s, appointments %v", c.Step, c.Appointments)
	}
}

func TestSubmitReport(t *testing.T) {
	config, stage2 := children(t)
	report := InvestigationReported{
		By: "io", Report: "R1", At: jan(20), Findings: []IssueOutcome{{"boiler", FindingUpheld}},
		Recommendations: []Proposal{{Text: Plain("say sorry")}},
	}
	submit := func(change func(*InvestigationReported)) func(Context) ([]Event, error) {
		return with(DecideSubmitReport, report, change)
	}
	history := then(stage2, appointed(jan(14)))
	decideUnder(t, config, []decision{
		{"accepted", history, jan(20), cara, submit(nil), ""},
		{"before the appointment", history, jan(14), cara, submit(func(e *InvestigationReported) { e.At = jan(14).Add(-1) }), OutOfOrder},
		{"an issue that is none", history, jan(20), cara, submit(func(e *InvestigationReported) { e.Findings = []IssueOutcome{{"roof", FindingUpheld}} }), BadValueCode},
	})
	own := report
	own.By, own.At = "ip", jan(21)
	report.Findings = nil
	c := given(t, then(history, report, own)...)
	if a := c.Appointments[0]; !a.IOReported.Equal(jan(20)) || !a.IPReported.Equal(jan(21)) || len(c.Current().Findings) != 0 {
		t.Errorf("reported %v", a)
	}
}

// answeredBy is the answer of a stage on the issue in dispute.
func answeredBy(who uuid.UUID, stage Label, when time.Time) Responded {
	e := responded(stage, when, who)
	e.Outcome, e.IssueOutcomes, e.ApprovedBy = OutcomeUpheld, []IssueOutcome{{"boiler", FindingUpheld}}, id(mary)
	e.Contents = []Term{
		"report_attached", "finding_per_issue", "apology_if_fault", "actions_from_recommendations", "outstanding_actions", "next_stage",
		"recommendations", "reasons", "final_response_statement", CodeOmbudsmanDetails,
	}
	return e
}

// stage3 is a children's complaint that has come to the review panel.
func stage3(t testing.TB) (*Config, []Event) {
	config, stage2 := children(t)
	panel := escalated(jan(23))
	panel.FromStage, panel.ToStage, panel.Reasons = "s2", "s3", Plain("the report misses the point")
	return config, then(stage2, appointed(jan(14)), by(olu, found("s2", "boiler", FindingUpheld)), answeredBy(olu, "s2", jan(20)), panel)
}

func TestConvenePanel(t *testing.T) {
	config, history := stage3(t)
	_, stage2 := children(t)
	convene := func(change func(*PanelConvened)) func(Context) ([]Event, error) {
		return with(DecideConvenePanel, convened(jan(24)), change)
	}
	decideUnder(t, config, []decision{
		{"accepted", history, jan(24), cara, convene(nil), ""},
		{"again, with others", then(history, convened(jan(23))), jan(24), cara, convene(nil), ""},
		{"before stage 3", stage2, jan(24), cara, convene(nil), OutOfOrder},
		{"before it was asked for", history, jan(24), cara, convene(func(e *PanelConvened) { e.InvitedAt = jan(23).Add(-1) }), OutOfOrder},
		{"nobody known", history, jan(24), cara, convene(func(e *PanelConvened) { e.Chair = ghost }), BadValueCode},
		{"two people", history, jan(24), cara, convene(func(e *PanelConvened) { e.Members = e.Members[:1] }), PanelComposition},
		{"one twice", history, jan(24), cara, convene(func(e *PanelConvened) { e.Chair = mia }), PanelComposition},
		{"the advisor sits on it", history, jan(24), cara, convene(func(e *PanelConvened) { e.Advisor = id(mia) }), PanelComposition},
		{"a party sits on it", history, jan(24), cara, convene(func(e *PanelConvened) { e.Chair = pat }), PanelComposition},
		{"an officer sits on it", history, jan(24), cara, convene(func(e *PanelConvened) { e.Chair = dan }), NotIndependent},
		{"the investigator sits on it", history, jan(24), cara, convene(func(e *PanelConvened) { e.Chair = ivo }), NotIndependent},
		{"who watched sits on it", history, jan(24), cara, convene(func(e *PanelConvened) { e.Chair = ingot }), IPOnPanel},
	})
	if c := given(t, then(history, convened(jan(24)), acknowledged("s3", jan(25)))...); c.Step != StepPanelScheduled {
		t.Errorf("step %s", c.Step)
	}
}

func TestRecordPanel(t *testing.T) {
	config, history := stage3(t)
	_, stage2 := children(t)
	record := func(change func(*PanelHeld)) func(Context) ([]Event, error) {
		return with(DecideRecordPanel, held(jan(31)), change)
	}
	ready := then(history, convened(jan(24)))
	decideUnder(t, config, []decision{
		{"accepted", ready, jan(31), cara, record(nil), ""},
		{"before stage 3", stage2, jan(31), cara, record(nil), OutOfOrder},
		{"none convened", history, jan(31), cara, record(nil), OutOfOrder},
		{"before the invitations", ready, jan(24), cara, record(func(e *PanelHeld) { e.HeldAt = jan(24).Add(-1) }), OutOfOrder},
		{"nobody known attended", ready, jan(31), cara, record(func(e *PanelHeld) { e.Attended = []Correspondent{Correspondent(ghost.String())} }), BadValueCode},
		{"adjourned to the past", ready, jan(31), cara, record(func(e *PanelHeld) { e.AdjournedTo = jan(30) }), BadValueCode},
		{"absent", ready, jan(31), cara, record(func(e *PanelHeld) { e.ComplainantAttended = false }), AbsenceUndecided},
		{"absent, and the chair goes on", ready, jan(31), cara, record(func(e *PanelHeld) {
			e.ComplainantAttended, e.AbsenceDecision = false, Plain("we go on")
		}), ""},
	})
}

func TestSubmitPanelReport(t *testing.T) {
	config, history := stage3(t)
	_, stage2 := children(t)
	submit := func(change func(*PanelReported)) func(Context) ([]Event, error) {
		return with(DecideSubmitPanelReport, reported(jan(31)), change)
	}
	adjourned := held(jan(30))
	adjourned.AdjournedTo = jan(31)
	met := then(history, convened(jan(24)), held(jan(30)))
	decideUnder(t, config, []decision{
		{"accepted", met, jan(31), cara, submit(nil), ""},
		{"before stage 3", stage2, jan(31), cara, submit(nil), OutOfOrder},
		{"not held", then(history, convened(jan(24))), jan(31), cara, submit(nil), OutOfOrder},
		{"adjourned", then(history, convened(jan(24)), adjourned), jan(31), cara, submit(nil), OutOfOrder},
		{"before the meeting", met, jan(31), cara, submit(func(e *PanelReported) { e.SentAt = jan(30).Add(-1) }), OutOfOrder},
		{"received before it was sent", met, jan(31), cara, submit(func(e *PanelReported) { e.ReceivedAt = jan(30) }), BadValueCode},
		{"received tomorrow", met, jan(31), cara, submit(func(e *PanelReported) { e.ReceivedAt = jan(32) }), FutureDated},
		{"to nobody known", met, jan(31), cara, submit(func(e *PanelReported) { e.CopiedTo = []Correspondent{Correspondent(ghost.String())} }), BadValueCode},
		{"an issue that is none", met, jan(31), cara, submit(func(e *PanelReported) { e.Findings = []IssueOutcome{{"roof", FindingUpheld}} }), BadValueCode},
	})
}

// TestPanelClocks follows the three clocks of the panel stage. An adjourned panel stops none.
func TestPanelClocks(t *testing.T) {
	config, history := stage3(t)
	adjourned := held(jan(30))
	adjourned.AdjournedTo = noon(2025, 2, 6)
	delayed := reported(noon(2025, 2, 7))
	delayed.ReceivedAt = noon(2025, 2, 10)
	all := then(history, convened(jan(24)), adjourned, held(noon(2025, 2, 6)), delayed)
	for n, want := range map[int]map[string]ClockState{
		1: {"s3.panel": ClockRunning},
		2: {"s3.panel": ClockRunning},
		3: {"s3.panel": ClockMet, "s3.panel_report": ClockRunning},
		4: {"s3.panel": ClockMet, "s3.panel_report": ClockMet, "s3.response": ClockRunning},
	} {
		c := given(t, all[:len(history)+n]...)
		seen := map[string]Clock{}
		for _, k := range Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), noon(2025, 2, 11)) {
			seen[k.ID] = k
		}
		for id, state := range want {
			if seen[id].State != state {
				t.Errorf("after %T: %s is %s", all[len(history)+n-1], id, seen[id].State)
			}
		}
		if due := seen["s3.response"].Due; n == 4 && due != NewDate(2025, 3, 3) {
			t.Errorf("the director's answer is due on %s", due)
		}
	}
	for i, step := range []Step{StepPanelScheduled, StepPanelScheduled, StepPanelHeld, StepPanelReported} {
		if c := given(t, all[:len(history)+i+1]...); c.Step != step {
			t.Errorf("after %T the step is %s", all[len(history)+i], c.Step)
		}
	}
}

func TestAnswerPanel(t *testing.T) {
	config, history := stage3(t)
	found3 := by(dan, found("s3", "boiler", FindingUpheld))
	done := then(history, convened(jan(24)), held(jan(29)), reported(jan(30)), found3)
	send := func(author uuid.UUID) func(Context) ([]Event, error) {
		return with(DecideSendResponse, answeredBy(author, "s3", jan(31)), nil)
	}
	_, stage2 := children(t)
	answer2 := then(stage2, appointed(jan(14)), by(olu, found("s2", "boiler", FindingUpheld)))
	second := func(author uuid.UUID) func(Context) ([]Event, error) {
		return with(DecideSendResponse, answeredBy(author, "s2", jan(20)), nil)
	}
	decideUnder(t, config, []decision{
		{"neither panel nor finding", history, jan(31), dan, send(dan), PanelNotReported},
		{"the panel has not reported", then(history, found3), jan(31), dan, send(dan), PanelNotReported},
		{"it has only met", then(history, convened(jan(24)), held(jan(29)), found3), jan(31), dan, send(dan), PanelNotReported},
		{"accepted", done, jan(31), dan, send(dan), ""},
		{"by who answered stage 2", done, jan(31), dan, send(olu), OfficerNotDifferent},
		{"by the investigator", done, jan(31), dan, send(ivo), OfficerNotDifferent},
		{"stage 2 by the investigator", answer2, jan(20), cara, second(ivo), OfficerNotDifferent},
		{"stage 2 by who held stage 1", answer2, jan(20), cara, second(ben), OfficerNotDifferent},
		{"stage 2 by another", answer2, jan(20), cara, second(olu), ""},
	})
}

func TestAgreeEarlyReferral(t *testing.T) {
	config, history := stage3(t)
	_, stage2 := children(t)
	agreed := EarlyReferralAgreed{
		Grounds: []Term{"panel_unlikely_to_differ"}, DiscussedAt: jan(21), ComplainantAgrees: true, CouncilOfficer: id(cara), OmbudsmanAccepts: "yes",
	}
	agree := func(change func(*EarlyReferralAgreed)) func(Context) ([]Event, error) {
		return with(DecideAgreeEarlyReferral, agreed, change)
	}
	answered2 := history[:len(history)-1]
	decideUnder(t, config, []decision{
		{"accepted", answered2, jan(22), cara, agree(nil), ""},
		{"also at stage 3", history, jan(24), cara, agree(nil), ""},
		{"stage 2 not answered", stage2, jan(22), cara, agree(nil), Stage2NotAnswered},
		{"a procedure without it", answered1(), jan(22), cara, agree(nil), Stage2NotAnswered},
		{"not discussed", answered2, jan(22), cara, agree(func(e *EarlyReferralAgreed) { e.DiscussedAt = time.Time{} }), NotDiscussed},
		{"discussed tomorrow", answered2, jan(22), cara, agree(func(e *EarlyReferralAgreed) { e.DiscussedAt = jan(23) }), FutureDated},
		{"no ground", answered2, jan(22), cara, agree(func(e *EarlyReferralAgreed) { e.Grounds = nil }), BadValueCode},
		{"by nobody known", answered2, jan(22), cara, agree(func(e *EarlyReferralAgreed) { e.CouncilOfficer = id(ghost) }), BadValueCode},
	})
	refer := with(DecideReferToOmbudsman, ReferredToOmbudsman{Body: "LGSCO", ReferredAt: jan(23), By: "council_early", Early: true}, nil)
	not, declined := agreed, agreed
	not.ComplainantAgrees, declined.OmbudsmanAccepts = false, OmbudsmanDeclines
	decideUnder(t, config, []decision{
		{"agreed", then(answered2, agreed), jan(23), cara, refer, ""},
		{"not agreed", then(answered2, not), jan(23), cara, refer, EarlyNotAgreed},
		{"declined", then(answered2, declined), jan(23), cara, refer, EarlyNotAgreed},
		{"no longer agreed", then(answered2, agreed, not), jan(23), cara, refer, EarlyNotAgreed},
	})
}
