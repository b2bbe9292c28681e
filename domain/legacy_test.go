package domain

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func importing(t testing.TB, procedure string, c *Case, rows ...ImportRow) []Legacy {
	t.Helper()
	ctx := at(importConfig(t, procedure), jan(30), cara, c)
	facts, err := DecideImportCase(ctx, ImportCase{
		Opening: Imported{SourceSystem: "old", SourceRef: "A1", Batch: "b1", RowMAC: rows[0].Source.MAC, Grade: "partial"},
		Rows:    rows,
	})
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// importConfig is a council with a procedure of the kind that comes with a mapping: two stages and next to no clocks.
func importConfig(t testing.TB, procedure string) *Config {
	config := council(t, Settings{})
	text := `
schema: redress.procedure/v1
id: ` + procedure + `
version: "1.0"
status: active
title: An imported appeals procedure
owner: imported data
family: corporate
kinds: [complaint]
effective: {from: null, to: "2024-12-31", binds_on: Received.received_at}
adoption: {approved_by: null, approved_on: null, change_class: substantive, source: "comes with the mapping"}
ombudsman: []
calendar: ew
closure_days: count
receipt: {cutoff: null, non_working: as_is}
time_limit: null
officers_general: []
stages:
  - {id: s1, order: 1, kind: formal, name: First, enters_on: {event: Received}, officer: {roles: [], rules: []}, clocks: [], response: {form: any, by: handler, contains: []}, next: [{to: s2, by: complainant, window: null}]}
  - {id: s2, order: 2, kind: formal, name: Appeal, enters_on: {event: Escalated, from: s1}, officer: {roles: [], rules: []}, clocks: [], response: {form: any, by: handler, contains: []}, next: []}
ambiguities: []
`
	events, err := DecideAdoptProcedure(Context{Config: config, WayIn: ViaImport}, AdoptProcedure{Content: Content(text), Reference: Plain("mapping")})
	if err != nil {
		t.Fatal(err)
	}
	if err := config.Apply(Recorded{Event: events[0], Revision: config.Events}); err != nil {
		t.Fatal(err)
	}
	return config
}

func row(mac string, facts ...Event) ImportRow {
	return ImportRow{Source: SourceRow{MAC: []byte(mac)}, Facts: facts}
}

func fine(at time.Time) Received {
	return Received{Kind: KindComplaint, Channel: ChannelLegacyImport, ReceivedAt: at, Service: "traffic", Category: "157", ProcedureID: "fines"}
}

func stored(t testing.TB, facts []Legacy) *Case {
	t.Helper()
	c := new(Case)
	for _, f := range facts {
		err := c.Apply(Recorded{Event: f.Event, Stream: CaseStream(caseID), Revision: c.Events, Meta: Metadata{
			RecordedAt: jan(30), OccurredAt: OccurredAt(f.Event, jan(30)), SourceRow: f.Row, LegacyNotes: f.Notes, WayIn: ViaImport,
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestImportAppeal(t *testing.T) {
	rows := []ImportRow{
		row("m1", fine(noon(2024, 3, 1))),
		row("m2", LegacyRecorded{SourceSystem: "old", SourceRef: "A1", Activity: "Payment", At: noon(2024, 3, 5), RowMAC: []byte("m2")}),
		row("m3", Escalated{FromStage: "s1", ToStage: "s2", RequestedAt: noon(2024, 4, 1), Ground: GroundDissatisfied}),
		row("m4", Responded{Stage: "s2", SentAt: noon(2024, 6, 1), Outcome: OutcomeNoFinding}),
	}
	facts := importing(t, "fines", nil, rows...)
	if len(facts) != 5 {
		t.Fatalf("%d events of 4 rows, expected 5", len(facts))
	}
	if notes := facts[3].Notes; len(notes) != 1 || !strings.HasPrefix(notes[0], string(StageNotAnswered)) {
		t.Errorf("the appeal without an answer is noted as %q", notes)
	}
	if notes := facts[4].Notes; len(notes) != 0 {
		t.Errorf("the result is noted as %q", notes)
	}
	c := stored(t, facts)
	if c.Stage != "s2" || c.Step != StepResponded || len(c.Imported.Rows) != 4 || c.Flagged(FlagAnonymous) {
		t.Errorf("stage %s, step %s, %d rows, flags %v", c.Stage, c.Step, len(c.Imported.Rows), c.Flags)
	}
	if again := importing(t, "fines", c, rows...); len(again) != 0 {
		t.Errorf("importing again appends %d events", len(again))
	}
	more := importing(t, "fines", c, slices.Concat(rows, []ImportRow{row("m5", Closed{Reason: "exhausted", At: noon(2024, 7, 1)})})...)
	if len(more) != 1 || more[0].Row == nil {
		t.Errorf("a new row of a known case appends %d events", len(more))
	}
}

func TestImportAnswerWithoutAppeal(t *testing.T) {
	facts := importing(t, "fines", nil,
		row("m1", fine(noon(2024, 3, 1))), row("m2", Responded{Stage: "s2", SentAt: noon(2024, 6, 1), Outcome: OutcomeNoFinding}))
	if notes := facts[2].Notes; len(notes) != 1 || !strings.HasPrefix(notes[0], string(OutOfOrder)) {
		t.Errorf("noted as %q", facts[2].Notes)
	}
	c := stored(t, facts)
	if s := c.Record("s2"); s == nil || !s.EnteredAt.IsZero() || s.RespondedAt.IsZero() || c.Step != StepResponded {
		t.Errorf("stage 2: %+v, step %s", s, c.Step)
	}
}

func TestImportUnderAProcedureNotInForce(t *testing.T) {
	facts := importing(t, "fines", nil, row("m1", fine(jan(6))))
	if notes := facts[1].Notes; len(notes) != 1 || !strings.HasPrefix(notes[0], string(ProcedureNotEffective)) {
		t.Errorf("noted as %q", notes)
	}
	if c := stored(t, facts); c.Procedure() != "fines@1.0" || len(c.Imported.Notes) != 1 {
		t.Errorf("bound to %s", c.Procedure())
	}
}

// What the older system says lies ahead is taken as it says, and noted.
func TestImportFromTheFuture(t *testing.T) {
	facts := importing(t, "fines", nil, row("a", fine(jan(30).AddDate(0, 1, 0))))
	if notes := facts[1].Notes; len(notes) != 2 || !strings.HasPrefix(notes[1], string(FutureDated)) {
		t.Errorf("noted as %q", notes)
	}
}

func TestImportRefused(t *testing.T) {
	ctx := at(importConfig(t, "fines"), jan(30), cara, nil)
	unknown := fine(jan(6))
	unknown.ProcedureID = "none"
	for name, tt := range map[string]struct {
		row  ImportRow
		code Code
	}{
		"no receipt first": {row("m1", Closed{At: jan(6)}), BadValueCode},
		"no procedure":     {row("m1", unknown), ProcedureNotEffective},
	} {
		facts, err := DecideImportCase(ctx, ImportCase{Rows: []ImportRow{tt.row}})
		if len(facts) != 0 {
			t.Errorf("%s: %d facts", name, len(facts))
		}
		expect(t, nil, err, tt.code)
	}
}

func TestChangedRow(t *testing.T) {
	info := &ImportInfo{Rows: []SourceRow{{Name: "A1", MAC: []byte("x")}, {MAC: []byte("y")}}}
	for _, tt := range []struct {
		row              SourceRow
		present, changed bool
	}{
		{SourceRow{Name: "A1", MAC: []byte("x")}, true, false},
		{SourceRow{Name: "A1", MAC: []byte("z")}, false, true},
		{SourceRow{MAC: []byte("y")}, true, false},
		{SourceRow{MAC: []byte("z")}, false, false},
	} {
		if present, changed := info.Knows(tt.row); present != tt.present || changed != tt.changed {
			t.Errorf("%s: present %t, changed %t", tt.row.MAC, present, changed)
		}
	}
}

func TestImportClassifies(t *testing.T) {
	opening := received1()
	opening.ProcedureID, opening.ReceivedAt = "legacy-appeals", noon(2024, 12, 2)
	facts := importing(t, "legacy-appeals", nil,
		row("a", opening), row("b", classified("nnc-corporate-2024", "2.0", KindComplaint)), row("c", classified("legacy-appeals", "1.0", "comment")))
	first, second := facts[2], facts[3]
	if e := first.Event.(Classified); e.Stage != "s1" || len(first.Notes) != 0 {
		t.Errorf("stage %q, notes %v", e.Stage, first.Notes)
	}
	if len(second.Notes) != 1 || !strings.HasPrefix(second.Notes[0], string(ProcedureKind)) {
		t.Errorf("notes %v", second.Notes)
	}
	nowhere := row("b", classified("none", "1", KindComplaint))
	_, err := DecideImportCase(at(importConfig(t, "legacy-appeals"), jan(30), cara, nil), ImportCase{Rows: []ImportRow{row("a", opening), nowhere}})
	expect(t, nil, err, ProcedureNotEffective)
}
