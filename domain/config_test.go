package domain

import (
	"errors"
	"strings"
	"testing"
	"time"

	"redress/domain/procedures"
)

func procedureText(t testing.TB, name string) Content {
	t.Helper()
	text, err := procedures.Files.ReadFile(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return Content(text)
}

func TestAdoptProcedure(t *testing.T) {
	config := council(t, Settings{})
	ctx := at(config, jan(6), adam, nil)
	text := procedureText(t, "bradford-corporate-place")
	for _, tt := range []struct {
		name string
		a    AdoptProcedure
		code Code
	}{
		{"substantive, with a reference", AdoptProcedure{Content: text, Reference: Plain("minute 9")}, ""},
		{"substantive, without", AdoptProcedure{Content: text, Approver: "Executive"}, MissingFieldCode},
		{"minor, with an approver", AdoptProcedure{Content: text, ChangeClass: ChangeMinor, Approver: "Chief Executive"}, ""},
		{"minor, without", AdoptProcedure{Content: text, ChangeClass: ChangeMinor}, MissingFieldCode},
		{"approved by oneself", AdoptProcedure{Content: text, Reference: Plain("m"), Approver: Term(adam.String())}, SelfApproval},
		{"approved by a handler", AdoptProcedure{Content: text, Reference: Plain("m"), Approver: Term(amina.String())}, NotPermitted},
		{"approved by a complaints manager", AdoptProcedure{Content: text, Reference: Plain("m"), Approver: Term(cara.String())}, ""},
		{"adopted already", AdoptProcedure{Content: procedureText(t, "nnc-corporate-2024"), Reference: Plain("m")}, BadValueCode},
		{"unreadable", AdoptProcedure{Content: "id: [", Reference: Plain("m")}, BadValueCode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := DecideAdoptProcedure(ctx, tt.a)
			expect(t, events, err, tt.code)
		})
	}
}

func TestUnreadableProcedureSaysWhere(t *testing.T) {
	text := strings.Replace(string(procedureText(t, "bradford-corporate-place")), "calendar: ew", "calendar: moon", 1)
	_, err := DecideAdoptProcedure(at(NewConfig(), jan(6), adam, nil), AdoptProcedure{Content: Content(text), Reference: Plain("m")})
	rejection, ok := errors.AsType[*Rejection](err)
	if !ok || len(rejection.Faults) != 1 || rejection.Faults[0].Field != "content.calendar" {
		t.Errorf("%+v", rejection)
	}
}

func TestAdoptCalendar(t *testing.T) {
	config := council(t, Settings{ClosureDays: []Date{NewDate(2025, 12, 29)}})
	ctx := at(config, jan(6), adam, nil)
	events, err := DecideAdoptCalendar(ctx, AdoptCalendar{Version: "bad", Content: "date\nnever"})
	expect(t, events, err, BadValueCode)
	events, err = DecideAdoptCalendar(ctx, AdoptCalendar{Version: "own", Content: Content(ShippedHolidays()), Approver: Term(adam.String())})
	expect(t, events, err, SelfApproval)
	for approver, code := range map[Term]Code{"Clerk": NotPermitted, Term(mary.String()): NotPermitted, Term(adam.String()): ""} {
		proposed := AdoptCalendar{Version: "v2", Content: Content(ShippedHolidays()), Approver: approver}
		events, err = DecideAdoptCalendar(at(config, jan(6), cara, nil), proposed)
		expect(t, events, err, code)
	}
	events, err = DecideAdoptCalendar(ctx, AdoptCalendar{Version: "v2", Content: Content(ShippedHolidays()), Approver: "Clerk"})
	expect(t, events, err, "")
	if err := config.Apply(Recorded{Event: events[0], Revision: config.Events, Meta: Metadata{RecordedAt: jan(6)}}); err != nil {
		t.Fatal(err)
	}
	if calendar := config.Calendar(); calendar.Version() != "v2" || !calendar.Closed(NewDate(2025, 12, 29)) {
		t.Errorf("calendar %s in force", calendar.Version())
	}
}

func TestAdoptSettings(t *testing.T) {
	ctx := at(council(t, Settings{}), jan(6), adam, nil)
	limit := RemedyLimit{ID: "L1", Role: RoleDirector, MaxPerRemedy: 100, MaxPerCase: 200}
	for _, tt := range []struct {
		name string
		s    Settings
		code Code
	}{
		{"defaults", Settings{}, ""},
		{"a limit", Settings{RemedyLimits: []RemedyLimit{limit}}, ""},
		{"a limit twice", Settings{RemedyLimits: []RemedyLimit{limit, limit}}, BadValueCode},
		{"a limit called none", Settings{RemedyLimits: []RemedyLimit{{ID: RuleNone}}}, BadValueCode},
		{"a case limit below the remedy's", Settings{RemedyLimits: []RemedyLimit{{ID: "L1", MaxPerRemedy: 2, MaxPerCase: 1}}}, BadValueCode},
		{"a band upside down", Settings{RemedyBands: []RemedyBand{{Low: 2, High: 1}}}, BadValueCode},
		{"negative days", Settings{ConsentDays: -1}, BadValueCode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := DecideAdoptSettings(ctx, AdoptSettings{Settings: tt.s, Approver: "Cabinet", Reference: Plain("m")})
			expect(t, events, err, tt.code)
		})
	}
	events, err := DecideAdoptSettings(ctx, AdoptSettings{Approver: Term(adam.String())})
	expect(t, events, err, SelfApproval)
}

func TestSettingsHaveDefaults(t *testing.T) {
	config := council(t, Settings{SurveyDays: 7})
	if s := config.Settings; s.ReferencePrefix != "RD" || s.ConsentDays != 20 || s.SurveyDays != 7 {
		t.Errorf("%+v", s)
	}
}

func TestProcedureFor(t *testing.T) {
	config := council(t, Settings{})
	for _, tt := range []struct {
		id   string
		on   Date
		want string
	}{
		{"nnc-corporate-previous", NewDate(2024, 9, 30), "nnc-corporate-previous@1.0"},
		{"nnc-corporate-previous", NewDate(2024, 10, 1), ""},
		{"nnc-corporate-2024", NewDate(2024, 10, 1), "nnc-corporate-2024@2.0"},
		{"nnc-corporate-2024", NewDate(2024, 9, 30), ""},
		{"none", NewDate(2024, 10, 1), ""},
	} {
		got := ""
		if p := config.ProcedureFor(tt.id, tt.on); p != nil {
			got = p.Key()
		}
		if got != tt.want {
			t.Errorf("%s on %s: %q, expected %q", tt.id, tt.on, got, tt.want)
		}
	}
}

func TestDocumentaryProceduresTakeNoCase(t *testing.T) {
	config := adopting(t, "lgsco-code-2024")
	e := received1()
	e.ProcedureID = "lgsco-code-2024"
	events, err := DecideReceiveFeedback(at(config, jan(6), amina, nil), e)
	expect(t, events, err, ProcedureNotEffective)
}

func TestStreamsTakeTheirOwnEventsInOrder(t *testing.T) {
	for name, apply := range map[string]func(Recorded) error{
		"case": new(Case).Apply, "config": NewConfig().Apply, "person": new(Person).Apply, "references": new(References).Apply,
	} {
		if err := apply(Recorded{}); err == nil {
			t.Errorf("a %s stream takes nothing for something", name)
		}
	}
	if err := new(Case).Apply(Recorded{Event: received1(), Revision: 1}); err == nil {
		t.Error("a case begins at revision 1")
	}
	if err := NewConfig().Apply(Recorded{Event: received1()}); err == nil {
		t.Error("the config takes a case's event")
	}
}

func TestReferences(t *testing.T) {
	var refs References
	for range 3 {
		if err := refs.Apply(Recorded{Event: refs.Reserve(100), Revision: refs.Events}); err != nil {
			t.Fatal(err)
		}
	}
	if next := refs.Reserve(10); next.From != 301 || next.To != 310 {
		t.Errorf("next block %+v", next)
	}
	stream, year := ReferenceStream("council", time.Date(2024, 12, 31, 23, 59, 0, 0, time.UTC))
	if stream != "refs-council-2024" || Reference("RD", year, 7) != "RD-2024-000007" {
		t.Errorf("%s, %s", stream, Reference("RD", year, 7))
	}
}

func TestPence(t *testing.T) {
	for p, want := range map[Pence]string{0: "£0.00", 5: "£0.05", 12345: "£123.45", -250: "-£2.50"} {
		if p.String() != want {
			t.Errorf("%d is written %s", p, p)
		}
	}
}
