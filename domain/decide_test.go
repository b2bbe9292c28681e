package domain

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

// decision is one row of a table: what has happened, who asks for what and when, and the reason code of the answer.
type decision struct {
	name  string
	given []Event
	now   time.Time // the moment of recording; the day after the history when left out
	who   uuid.UUID
	when  func(Context) ([]Event, error)
	code  Code
}

func decide(t *testing.T, settings Settings, tests []decision) {
	t.Helper()
	decideUnder(t, council(t, settings), tests)
}

// decideUnder is decide for a council that has adopted something else.
func decideUnder(t *testing.T, config *Config, tests []decision) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := given(t, tt.given...)
			now, who := tt.now, tt.who
			if now.IsZero() && c != nil {
				now = c.LastOccurred.Add(24 * time.Hour)
			}
			if who == uuid.Nil {
				who = cara
			}
			events, err := tt.when(at(config, now, who, c))
			expect(t, events, err, tt.code)
			given(t, append(append([]Event{}, tt.given...), events...)...)
		})
	}
}

// with returns a decision on a changed copy of a command.
func with[E any](decide func(Context, E) ([]Event, error), command E, change func(*E)) func(Context) ([]Event, error) {
	if change != nil {
		change(&command)
	}
	return func(ctx Context) ([]Event, error) { return decide(ctx, command) }
}

func TestReceiveFeedback(t *testing.T) {
	receive := func(change func(*Received)) func(Context) ([]Event, error) {
		return with(DecideReceiveFeedback, received1(), change)
	}
	decide(t, Settings{Codes: CodeLists{Service: []Term{"housing"}, Ward: []Term{"north"}}}, []decision{
		{"accepted", nil, jan(6), amina, receive(nil), ""},
		{"anonymous", nil, jan(6), amina, receive(func(e *Received) { e.Complainant = nil }), ""},
		{"under the previous policy", nil, noon(2024, 9, 30), amina, receive(func(e *Received) {
			e.ReceivedAt, e.ProcedureID = noon(2024, 9, 30), "nnc-corporate-previous"
		}), ""},
		{"into a case", []Event{received1()}, jan(6), amina, receive(nil), BadValueCode},
		{"ahead", nil, jan(5), amina, receive(nil), FutureDated},
		{"four minutes ahead", nil, jan(6).Add(-4 * time.Minute), amina, receive(nil), ""},
		{"two working days later", nil, NewDate(2025, 1, 9).Midnight().Add(-time.Second), amina, receive(nil), ""},
		{"more than two working days later", nil, NewDate(2025, 1, 9).Midnight(), amina, receive(nil), BackdateReason},
		{"later with a reason", nil, jan(20), amina, func(ctx Context) ([]Event, error) {
			ctx.Backdated = true
			return DecideReceiveFeedback(ctx, received1())
		}, ""},
		{"unknown complainant", nil, jan(6), amina, receive(func(e *Received) { e.Complainant = id(ghost) }), BadValueCode},
		{"unknown affected person", nil, jan(6), amina, receive(func(e *Received) { e.Affected = id(ghost) }), BadValueCode},
		{"unknown staff", nil, jan(6), amina, receive(func(e *Received) {
			e.Issues = []Issue{{ID: "a", AboutStaff: []uuid.UUID{ghost}}}
		}), BadValueCode},
		{"issue twice", nil, jan(6), amina, receive(func(e *Received) { e.Issues = []Issue{{ID: "a"}, {ID: "a"}} }), BadValueCode},
		{"wrong kind", nil, jan(6), amina, receive(func(e *Received) { e.Kind = "compliment" }), ProcedureKind},
		{"unknown procedure", nil, jan(6), amina, receive(func(e *Received) { e.ProcedureID = "none" }), ProcedureNotEffective},
		{"superseded procedure", nil, jan(6), amina, receive(func(e *Received) {
			e.ProcedureID = "nnc-corporate-previous"
		}), ProcedureNotEffective},
		{"service not in the list", nil, jan(6), amina, receive(func(e *Received) { e.Service = "parks" }), UnknownCode},
		{"ward not in the list", nil, jan(6), amina, receive(func(e *Received) { e.Ward = "south" }), UnknownCode},
	})
}

func TestReceivedBinds(t *testing.T) {
	e := received1()
	e.CaseRef, e.ProcedureVersion, e.Stage = "", "", ""
	events, err := DecideReceiveFeedback(at(council(t, Settings{}), jan(6), amina, nil), e)
	expect(t, events, err, "")
	c := given(t, events...)
	if c.Procedure() != "nnc-corporate-2024@2.0" || c.Stage != "s1" || c.Ref != "RD-2025-000001" || c.Step != StepReceived {
		t.Errorf("bound to %s, stage %s, reference %s, step %s", c.Procedure(), c.Stage, c.Ref, c.Step)
	}
}

func TestAcknowledgeCase(t *testing.T) {
	ack := func(change func(*Acknowledged)) func(Context) ([]Event, error) {
		return with(DecideAcknowledgeCase, acknowledged("s1", jan(8)), change)
	}
	first := []Event{received1()}
	decide(t, Settings{}, []decision{
		{"accepted", first, jan(8), amina, ack(nil), ""},
		{"no case", nil, jan(8), amina, ack(nil), CaseNotFound},
		{"closed", then(answered1(), Closed{Reason: "exhausted", At: jan(21)}), jan(22), amina, ack(nil), CaseClosed},
		{"before the receipt", first, jan(8), amina, ack(func(e *Acknowledged) { e.SentAt = jan(6).Add(-time.Hour) }), OutOfOrder},
		{"a stage not entered", first, jan(8), amina, ack(func(e *Acknowledged) { e.Stage = "s2" }), BadValueCode},
		{"unknown recipient", first, jan(8), amina, ack(func(e *Acknowledged) { e.Recipients = []uuid.UUID{ghost} }), BadValueCode},
		{"twice", []Event{received1(), acknowledged("s1", jan(7))}, jan(8), amina, ack(nil), AlreadyAcknowledged},
		{"without the Ombudsman", first, jan(8), amina, ack(func(e *Acknowledged) { e.Contains = nil }), OmbudsmanDetailsMissing},
		{"internal record without the Ombudsman", first, jan(8), amina, ack(func(e *Acknowledged) {
			e.Contains, e.Form = nil, FormInternalRecord
		}), ""},
		{"the date that the engine gives", first, jan(8), amina, ack(func(e *Acknowledged) { e.DueQuoted = NewDate(2025, 1, 22) }), ""},
		{"another date", first, jan(8), amina, ack(func(e *Acknowledged) { e.DueQuoted = NewDate(2025, 1, 23) }), DueQuotedWrong},
	})
}

func TestAllocateCase(t *testing.T) {
	allocate := func(who uuid.UUID, grade int, change func(*Allocated)) func(Context) ([]Event, error) {
		return with(DecideAllocateCase, allocated("s1", jan(9), who, grade), change)
	}
	second := func(who uuid.UUID, grade int) func(Context) ([]Event, error) {
		return with(DecideAllocateCase, allocated("s2", jan(24), who, grade), nil)
	}
	about := received1()
	about.Issues[0].AboutStaff = []uuid.UUID{ben}
	first, taken := []Event{received1()}, []Event{received1(), allocated("s1", jan(8), ben, 8)}
	stage2 := then(answered1(), escalated(jan(23)))
	decide(t, Settings{SeniorGrade: 7, Codes: CodeLists{Team: []Term{"repairs-team"}}}, []decision{
		{"accepted", first, jan(9), amina, allocate(ben, 8, nil), ""},
		{"before the receipt", first, jan(9), amina, allocate(ben, 8, func(e *Allocated) { e.AllocatedAt = jan(5) }), BackdateReason},
		{"unknown officer", first, jan(9), amina, allocate(ghost, 8, nil), BadValueCode},
		{"another grade than granted", first, jan(9), amina, allocate(ben, 9, nil), BadValueCode},
		{"unknown team", first, jan(9), amina, allocate(ben, 8, func(e *Allocated) { e.Team = "parks-team" }), UnknownCode},
		{"again without a reason", taken, jan(9), amina, allocate(olu, 9, nil), MissingFieldCode},
		{"again with a reason", taken, jan(9), amina, allocate(olu, 9, func(e *Allocated) { e.Reason = Plain("leave") }), ""},
		{"complained about", []Event{about}, jan(9), amina, allocate(ben, 8, nil), OfficerSubject},
		{"not senior", first, jan(9), amina, allocate(low, 3, nil), OfficerNotSenior},
		{"another service", first, jan(9), amina, allocate(wes, 9, nil), OfficerService},
		{"the same at stage 2", stage2, jan(24), amina, second(ben, 8), OfficerNotDifferent},
		{"another at stage 2", stage2, jan(24), amina, second(olu, 9), ""},
		{"who found at stage 1 for stage 2", then([]Event{received1(), by(olu, found("s1", "boiler", FindingUpheld))},
			then(answered1()[1:], escalated(jan(23)))...), jan(24), amina, second(olu, 9), OfficerNotDifferent},
	})
}

func TestAllocateMoreSenior(t *testing.T) {
	before := received1()
	before.ProcedureID, before.ProcedureVersion, before.ReceivedAt = "nnc-corporate-previous", "1.0", noon(2024, 9, 30)
	stage2 := then([]Event{before}, then(answered1()[1:], escalated(jan(23)))...)
	decide(t, Settings{}, []decision{
		{"above", stage2, jan(24), amina, with(DecideAllocateCase, allocated("s2", jan(24), olu, 9), nil), ""},
		{"below", stage2, jan(24), amina, with(DecideAllocateCase, allocated("s2", jan(24), low, 3), nil), OfficerNotSenior},
	})
}

func TestRecordFinding(t *testing.T) {
	find := func(stage, issue Label) func(Context) ([]Event, error) {
		return with(DecideRecordFinding, found(stage, issue, FindingUpheld), nil)
	}
	decide(t, Settings{}, []decision{
		{"accepted", []Event{received1()}, jan(9), ben, find("s1", "boiler"), ""},
		{"again", investigated1(), jan(10), ben, find("s1", "boiler"), ""},
		{"unknown issue", []Event{received1()}, jan(9), ben, find("s1", "roof"), IssueUnknown},
		{"stage not entered", []Event{received1()}, jan(9), ben, find("s2", "boiler"), BadValueCode},
		{"answered", answered1(), jan(21), ben, find("s1", "boiler"), StageAnswered},
	})
}

func TestSendResponse(t *testing.T) {
	send := func(change func(*Responded)) func(Context) ([]Event, error) {
		return with(DecideSendResponse, responded("s1", jan(20), ben), change)
	}
	child := received1()
	child.Flags = []Flag{FlagChildVoice}
	represented := received1()
	represented.Representative = id(rae)
	rest := investigated1()[1:]
	bare := received1()
	bare.Issues = nil
	bareToday := []Event{bare, allocated("s1", jan(9), ben, 8)}
	proposed := then(investigated1(), by(ben, proposal()))
	decide(t, limits(), []decision{
		{"accepted", investigated1(), jan(20), ben, send(nil), ""},
		{"not allocated", []Event{received1()}, jan(20), ben, send(nil), NotAllocated},
		{"before the allocation", investigated1(), jan(9), ben, send(func(e *Responded) { e.SentAt = jan(8) }), OutOfOrder},
		{"a finding missing", investigated1()[:4], jan(20), ben, send(nil), FindingsIncomplete},
		{"another outcome", investigated1(), jan(20), ben, send(func(e *Responded) { e.Outcome = OutcomeUpheld }), OutcomeMismatch},
		{"another finding", investigated1(), jan(20), ben, send(func(e *Responded) {
			e.IssueOutcomes = []IssueOutcome{{"boiler", FindingUpheld}, {"calls", FindingUpheld}}
		}), OutcomeMismatch},
		{"an issue left out", investigated1(), jan(20), ben, send(func(e *Responded) { e.IssueOutcomes = e.IssueOutcomes[:1] }), OutcomeMismatch},
		{"no issues, nothing found", bareToday, jan(20), ben, send(func(e *Responded) {
			e.IssueOutcomes, e.Outcome = nil, OutcomeNoFinding
		}), ""},
		{"no issues, upheld", bareToday, jan(20), ben, send(func(e *Responded) {
			e.IssueOutcomes, e.Outcome = nil, OutcomeUpheld
		}), OutcomeMismatch},
		{"content missing", investigated1(), jan(20), ben, send(func(e *Responded) { e.Contents = e.Contents[:3] }), ResponseIncomplete},
		{"child's views missing", then([]Event{child}, rest...), jan(20), ben, send(nil), ResponseIncomplete},
		{"child's views", then([]Event{child}, rest...), jan(20), ben, send(func(e *Responded) { e.ChildViews = Plain("heard") }), ""},
		{"money without an approver", proposed, jan(20), ben, send(func(e *Responded) { e.Remedies = []Label{"comfort"} }), MissingFieldCode},
		{"money not approved", proposed, jan(20), ben, send(func(e *Responded) {
			e.Remedies, e.ApprovedBy = []Label{"comfort"}, id(cara)
		}), RemedyNotApproved},
		{"money refused", then(proposed, by(cara, RemedyRefused{RemedyID: "comfort"})), jan(20), ben, send(func(e *Responded) {
			e.Remedies, e.ApprovedBy = []Label{"comfort"}, id(cara)
		}), RemedyNotApproved},
		{"money approved", then(proposed, approval(cara, RoleComplaints, "L2", 20000, jan(16))), jan(20), ben, send(func(e *Responded) {
			e.Remedies, e.ApprovedBy = []Label{"comfort"}, id(cara)
		}), ""},
		{"unknown remedy", investigated1(), jan(20), ben, send(func(e *Responded) { e.Remedies = []Label{"gift"} }), BadValueCode},
		{"approved by the author", investigated1(), jan(20), ben, send(func(e *Responded) { e.ApprovedBy = id(ben) }), SelfApproval},
		{"approved by a handler", investigated1(), jan(20), ben, send(func(e *Responded) { e.ApprovedBy = id(amina) }), NotPermitted},
		{"another author", investigated1(), jan(20), ben, send(func(e *Responded) { e.AuthorID = id(olu) }), AuthorNotStageOfficer},
		{"to a representative without consent", then([]Event{represented}, rest...), jan(20), ben, send(func(e *Responded) {
			e.Recipients = []uuid.UUID{rae}
		}), ConsentMissing},
		{"past a representative", then([]Event{represented}, rest...), jan(20), ben, send(nil), ""},
		{"twice", answered1(), jan(21), ben, send(func(e *Responded) { e.SentAt = jan(21) }), BadValueCode},
		{"revised", answered1(), jan(21), ben, send(func(e *Responded) { e.SentAt, e.Revision = jan(21), true }), ""},
	})
}

func TestSendSecondResponse(t *testing.T) {
	stage2 := then(answered1(), escalated(jan(23)), acknowledged("s2", jan(24)), allocated("s2", jan(24), olu, 9),
		by(olu, found("s2", "boiler", FindingNotUpheld)))
	send := func(change func(*Responded)) func(Context) ([]Event, error) {
		e := responded("s2", jan(30), olu)
		e.Outcome, e.IssueOutcomes, e.ApprovedBy = OutcomeNotUpheld, []IssueOutcome{{"boiler", FindingNotUpheld}}, id(cara)
		return with(DecideSendResponse, e, change)
	}
	decide(t, Settings{}, []decision{
		{"accepted: the issue not in dispute needs no finding", stage2, jan(30), olu, send(nil), ""},
		{"without an approver", stage2, jan(30), olu, send(func(e *Responded) { e.ApprovedBy = nil }), MissingFieldCode},
		{"a revision of stage 1 leaves stage 2 open", stage2, jan(30), ben, with(DecideSendResponse, responded("s1", jan(30), ben),
			func(e *Responded) { e.Revision = true }), ""},
	})
	c := given(t, then(stage2, func() Event { e := responded("s1", jan(30), ben); e.Revision = true; return e }())...)
	if c.Stage != "s2" || c.Step != StepInvestigating {
		t.Errorf("a revision of stage 1 moved the case to %s %s", c.Stage, c.Step)
	}
}

// A clock that runs on a condition only is brought to life by the condition's name among the flags.
func TestReceiveUnderACondition(t *testing.T) {
	config := adopting(t, "eir")
	asked := received1()
	asked.ProcedureID, asked.Kind, asked.Issues = "eir", "eir_request", nil
	for _, flags := range [][]Flag{nil, {"request_too_general"}} {
		asked.Flags = flags
		events, err := DecideReceiveFeedback(at(config, asked.ReceivedAt, amina, nil), asked)
		if err != nil {
			t.Fatal(err)
		}
		p, c := config.ProcedureFor("eir", DateOf(asked.ReceivedAt)), given(t, events...)
		if clocks := Clocks(p, config.Calendar(), c.History(), asked.ReceivedAt); len(clocks) != 1+len(flags) {
			t.Errorf("flagged %v: %+v", flags, clocks)
		}
		for _, stage := range p.Stages {
			for _, clock := range stage.Clocks {
				if clock.OnlyIf != "" && !slices.Contains(Flag("").Values(), clock.OnlyIf) {
					t.Errorf("nobody can flag %s", clock.OnlyIf)
				}
			}
		}
	}
}
