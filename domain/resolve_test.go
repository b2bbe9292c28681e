package domain

import "testing"

// informal is what reached the council by a way that begins in an informal stage.
func informal(config *Config, procedure Label, kind Kind, channel Channel, stage Label) Received {
	e := received1()
	e.ProcedureID, e.ProcedureVersion = procedure, Label(config.newest(string(procedure)).Version)
	e.Kind, e.Channel, e.Stage = kind, channel, stage
	return e
}

func TestResolveEarly(t *testing.T) {
	for _, tt := range []struct {
		procedure, stage Label
		kind             Kind
		channel          Channel
	}{
		{"nct-children-statutory", "rep", KindRepresentation, "email"},
		{"bradford-corporate-place", "pre", KindPreComplaint, "email"},
		{"nnc-adult-social-care", "oral", KindComplaint, "phone"},
	} {
		config := adopting(t, string(tt.procedure))
		first := informal(config, tt.procedure, tt.kind, tt.channel, tt.stage)
		resolved := ResolvedEarly{Stage: tt.stage, ResolvedAt: jan(7), Resolution: Plain("mended"), Satisfied: "yes", By: id(amina)}
		resolve := func(change func(*ResolvedEarly)) func(Context) ([]Event, error) {
			return with(DecideResolveEarly, resolved, change)
		}
		decideUnder(t, config, []decision{
			{"received", nil, jan(6), amina, with(DecideReceiveFeedback, first, nil), ""},
			{"accepted", []Event{first}, jan(7), amina, resolve(nil), ""},
			{"not asked", []Event{first}, jan(7), amina, resolve(func(e *ResolvedEarly) { e.Satisfied = "not_asked" }), ""},
			{"by nobody known", []Event{first}, jan(7), amina, resolve(func(e *ResolvedEarly) { e.By = id(ghost) }), BadValueCode},
			{"before the receipt", []Event{first}, jan(7), amina, resolve(func(e *ResolvedEarly) { e.ResolvedAt = jan(6).Add(-1) }), OutOfOrder},
			{"not content", []Event{first}, jan(7), amina, resolve(func(e *ResolvedEarly) { e.Satisfied = Dissatisfied }), NotSatisfied},
			{"at a stage not entered", []Event{first}, jan(7), amina, resolve(func(e *ResolvedEarly) { e.Stage = "s1" }), BadValueCode},
			{"twice", []Event{first, resolved}, jan(7), amina, resolve(nil), CaseClosed},
		})
		c := given(t, first, resolved)
		if c.Status != StatusClosed || c.ClosedReason != ReasonResolvedEarly {
			t.Errorf("%s: the case is %s, %s", tt.procedure, c.Status, c.ClosedReason)
		}
		clocks := Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), jan(8))
		for _, k := range clocks {
			if k.ID == string(tt.stage)+".resolve" && k.State != ClockMet {
				t.Errorf("%s: %s is %s", tt.procedure, k.ID, k.State)
			}
		}
	}
	decide(t, Settings{}, []decision{
		{"a formal stage", []Event{received1()}, jan(7), amina, with(DecideResolveEarly, ResolvedEarly{
			Stage: "s1", ResolvedAt: jan(7), Resolution: Plain("mended"), Satisfied: "yes", By: id(amina),
		}, nil), NotInformal},
	})
}

func TestRefuseEscalation(t *testing.T) {
	refused := EscalationRefused{
		RequestedAt: jan(21), ToStage: "s2", Code: "remedied_in_full", Reasons: Plain("all was put right"), OmbudsmanRightGiven: true, SentAt: jan(22),
	}
	refuse := func(change func(*EscalationRefused)) func(Context) ([]Event, error) {
		return with(DecideRefuseEscalation, refused, change)
	}
	decide(t, Settings{}, []decision{
		{"accepted", answered1(), jan(22), cara, refuse(nil), ""},
		{"before it was asked for", answered1(), jan(22), cara, refuse(func(e *EscalationRefused) { e.SentAt = jan(21).Add(-1) }), OutOfOrder},
		{"without reasons", answered1(), jan(22), cara, refuse(func(e *EscalationRefused) { e.Reasons = Personal{} }), ReasonsMissing},
		{"without the way to the Ombudsman", answered1(), jan(22), cara, refuse(func(e *EscalationRefused) { e.OmbudsmanRightGiven = false }), RightNotGiven},
		{"closed", then(answered1(), Closed{Reason: ReasonAccepted, At: jan(22)}), jan(22), cara, refuse(nil), CaseClosed},
	})
	if c := given(t, then(answered1(), refused)...); len(c.EscalationsRefused) != 1 || c.Stage != "s1" {
		t.Errorf("refusals %v", c.EscalationsRefused)
	}
}
