package domain

import (
	"testing"
	"time"
)

func classified(id, version Label, kind Kind) Classified {
	return Classified{
		Kind: kind, ProcedureID: id, ProcedureVersion: version, Category: "repairs", Service: "housing", Reason: Plain("a complaint after all"),
	}
}

func TestClassifyCase(t *testing.T) {
	config := adopting(t, "nct-children-statutory")
	children := func(change func(*Classified)) Classified {
		e := classified("nct-children-statutory", "2.0", KindComplaint)
		if change != nil {
			change(&e)
		}
		return e
	}
	first := []Event{received1()}
	over := then(answered1(), Closed{Reason: ReasonExhausted, At: jan(20)})
	for _, tt := range []struct {
		name  string
		given []Event
		e     Classified
		code  Code
	}{
		{"to another procedure", first, children(nil), ""},
		{"within its procedure", first, classified("nnc-corporate-2024", "2.0", KindComplaint), ""},
		{"from the kind that it has", first, children(func(e *Classified) { e.FromKind = KindComplaint }), ""},
		{"from another kind", first, children(func(e *Classified) { e.FromKind = "comment" }), BadValueCode},
		{"answered", answered1(), children(nil), AlreadyResponded},
		{"closed", over, children(nil), CaseClosed},
		{"with an ombudsman", then(first, ReferredToOmbudsman{Body: "LGSCO", ReferredAt: jan(8)}), children(nil), AlreadyWithBody},
		{"a kind that it does not take", first, children(func(e *Classified) { e.Kind = "compliment" }), ProcedureKind},
		{"a version that is not there", first, children(func(e *Classified) { e.ProcedureVersion = "9" }), ProcedureNotEffective},
		{"a version that was over", first, classified("nnc-corporate-previous", "1.0", KindComplaint), ProcedureNotEffective},
		{"no case", nil, children(nil), CaseNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := DecideClassifyCase(at(config, jan(21), cara, given(t, tt.given...)), tt.e)
			expect(t, events, err, tt.code)
			given(t, then(tt.given, events...)...)
		})
	}
	lists := council(t, Settings{Codes: CodeLists{Service: []Term{"housing"}, Category: []Term{"repairs"}}})
	for _, e := range []Classified{
		{Kind: KindComplaint, ProcedureID: "nnc-corporate-2024", ProcedureVersion: "2.0", Service: "parks", Category: "repairs"},
		{Kind: KindComplaint, ProcedureID: "nnc-corporate-2024", ProcedureVersion: "2.0", Service: "housing", Category: "noise"},
	} {
		events, err := DecideClassifyCase(at(lists, jan(7), cara, given(t, received1())), e)
		expect(t, events, err, UnknownCode)
	}
}

// TestClassifiedBeginsAgain follows a case whose procedure was mistaken: acknowledged and found once, allocated anew.
func TestClassifiedBeginsAgain(t *testing.T) {
	config := adopting(t, "nct-children-statutory")
	e := classified("nct-children-statutory", "2.0", KindComplaint)
	e.Stage = "s1"
	c := given(t, then(investigated1(), e)...)
	s := c.Current()
	if c.Stage != "s1" || c.Step != StepReceived || c.Officer != nil || len(s.Findings) != 2 || !s.AckAt.Equal(jan(8)) || !s.EnteredAt.Equal(jan(6)) {
		t.Errorf("stage %s, step %s, officer %v, %+v", c.Stage, c.Step, c.Officer, s)
	}
	if old := c.Stages[0]; old.Ending != EndedReclassified || *old.Officer != ben {
		t.Errorf("the first entry: %+v", old)
	}
	want := map[string]ClockState{"s1.ack": ClockMet, "s1.allocate": ClockOverdue, "s1.response": ClockProvisional, "s1.statutory": ClockRunning}
	clocks := Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), jan(10))
	for _, clock := range clocks {
		if clock.State != want[clock.ID] {
			t.Errorf("%s is %s, expected %s", clock.ID, clock.State, want[clock.ID])
		}
	}
	if len(clocks) != len(want) {
		t.Errorf("%d clocks, expected %d", len(clocks), len(want))
	}
}

// TestTurnedFormal turns a pre-complaint into a complaint before and after its 48 hours have run out.
func TestTurnedFormal(t *testing.T) {
	config := adopting(t, "bradford-corporate-place")
	p := config.newest("bradford-corporate-place")
	open := received1()
	open.Kind, open.ProcedureID, open.ProcedureVersion, open.Stage = KindPreComplaint, Label(p.ID), Label(p.Version), "pre"
	for _, tt := range []struct {
		when time.Time
		want ClockState
	}{
		{jan(7), ClockVoid}, {jan(9), ClockMissed},
	} {
		c := given(t, open)
		events, err := DecideClassifyCase(at(config, tt.when, cara, c), classified(Label(p.ID), Label(p.Version), KindComplaint))
		expect(t, events, err, "")
		err = c.Apply(Recorded{Event: events[0], Revision: 1, Meta: Metadata{OccurredAt: tt.when, RecordedAt: tt.when}})
		if err != nil || c.Stage != "s1" || c.Kind != KindComplaint {
			t.Fatalf("%v, stage %s, kind %s", err, c.Stage, c.Kind)
		}
		clocks := Clocks(p, config.Calendar(), c.History(), tt.when)
		if clocks[0].ID != "pre.resolve" || clocks[0].State != tt.want || len(clocks) < 3 || clocks[1].ID != "s1.ack" {
			t.Errorf("%s: %v", tt.want, clockLines(clocks))
		}
	}
}
