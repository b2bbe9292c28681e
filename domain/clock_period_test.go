package domain

import (
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"redress/domain/procedure"
)

// Every row of the specification's table of deadlines.
func TestDeadlineCases(t *testing.T) {
	file, err := os.Open("testdata/deadline-cases.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 95 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			cell := func(name string) string { return row[slices.Index(rows[0], name)] }
			start, err := time.Parse(time.RFC3339, cell("start_instant"))
			if err != nil {
				t.Fatal(err)
			}
			period, with := caseOf(t, cell)
			due, err := ShippedCalendar().Due(period, start, with)
			if err != nil {
				t.Fatal(err)
			}
			if due.Date.String() != cell("due_date") || due.Instant.Format(time.RFC3339) != cell("due_instant_utc") {
				t.Errorf("%s: due %s, %s; want %s, %s", cell("why"), due.Date, due.Instant.Format(time.RFC3339), cell("due_date"), cell("due_instant_utc"))
			}
			agree(t, period, start, with)
			sameAsFile(t, cell, period)
		})
	}
}

func caseOf(t *testing.T, cell func(string) string) (Period, Circumstances) {
	length, err := strconv.Atoi(cell("length"))
	if err != nil {
		t.Fatal(err)
	}
	period := Period{
		Length: length, Unit: procedure.Unit(cell("unit")), From: procedure.DayAfter,
		Hours: procedure.HoursBasis(cell("hours_basis")), Roll: procedure.Roll(cell("roll")), Set: Holidays(cell("calendar")),
	}
	if cell("inclusive") == "true" {
		period.From = procedure.SameDay
	}
	with := Circumstances{Cutoff: cell("cutoff"), NextWorkingDay: cell("on_non_working_receipt") == "next_working_day"}
	for _, span := range strings.FieldsFunc(cell("pauses"), func(r rune) bool { return r == ';' }) {
		from, to, _ := strings.Cut(span, "/")
		with.Pauses = append(with.Pauses, Pause{From: mustDate(t, from), To: mustDate(t, to)})
	}
	for _, closed := range strings.FieldsFunc(cell("closures"), func(r rune) bool { return r == ';' }) {
		with.Closures = append(with.Closures, mustDate(t, closed))
	}
	return period, with
}

// sameAsFile compares a row's length, unit and roll with those of the procedure that it names.
func sameAsFile(t *testing.T, cell func(string) string, period Period) {
	p := ShippedProcedure(cell("procedure"))
	if p == nil {
		t.Fatalf("no procedure %s", cell("procedure"))
	}
	name, capped := strings.CutSuffix(cell("clock"), procedure.CapSuffix)
	if name == "limit" {
		if p.TimeLimit.Length != period.Length || p.TimeLimit.Unit != period.Unit {
			t.Errorf("the file has %d %s", p.TimeLimit.Length, p.TimeLimit.Unit)
		}
		return
	}
	_, k := p.Clock(name)
	if k == nil {
		t.Fatalf("no clock %s", name)
	}
	length, unit := k.Length, k.Unit
	if capped {
		length, unit = k.Extend.Cap.Length, k.Extend.Cap.Unit
	}
	if length != period.Length || unit != period.Unit || k.Roll != period.Roll || p.Calendar != string(period.Set) {
		t.Errorf("the file has %d %s, roll %s, calendar %s", length, unit, k.Roll, p.Calendar)
	}
}

func TestOpenPause(t *testing.T) {
	at := func(s string) time.Time { return mustDate(t, s).Midnight().Add(10 * time.Hour) }
	open := func(s string) []Pause { return []Pause{{From: mustDate(t, s)}} }
	wd := func(n int) Period {
		return Period{Length: n, Unit: procedure.WorkingDays, From: procedure.DayAfter, Set: EnglandAndWales}
	}
	for _, tt := range []struct {
		name   string
		period Period
		start  string
		pauses []Pause
		due    string
		left   int
	}{
		{"begins inside", wd(10), "2025-02-03", open("2025-02-07"), "", 7},
		{"begins on the last day", wd(10), "2025-02-03", open("2025-02-17"), "", 1},
		{"begins after the last day", wd(10), "2025-02-03", open("2025-02-18"), "2025-02-17", 0},
		{"began before the start", wd(10), "2025-02-03", open("2025-01-20"), "", 10},
		{"after a closed one", wd(10), "2025-02-03", append(open("2025-02-13"), Pause{From: mustDate(t, "2025-02-04"), To: mustDate(t, "2025-02-05")}), "", 5},
		{"of weeks", Period{Length: 2, Unit: procedure.Weeks, From: procedure.DayAfter}, "2025-02-03", open("2025-02-10"), "", 8},
		{"of weeks, before the start", Period{Length: 2, Unit: procedure.Weeks, From: procedure.DayAfter}, "2025-02-03", open("2025-02-01"), "", 14},
		{"of weeks, too late", Period{Length: 2, Unit: procedure.Weeks, From: procedure.DayAfter}, "2025-02-03", open("2025-02-18"), "2025-02-17", 0},
		{"of hours", Period{Length: 48, Unit: procedure.Hours, Hours: procedure.WorkingHours, From: procedure.Instant}, "2025-02-03", open("2025-02-04"), "", 2},
	} {
		got, err := ShippedCalendar().Due(tt.period, at(tt.start), Circumstances{Pauses: tt.pauses})
		if err != nil || got.Date.String() != tt.due || got.DaysLeft != tt.left || got.Instant.IsZero() != (tt.due == "") {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
}

func TestPeriodThatCannotBe(t *testing.T) {
	start := time.Date(2025, 2, 3, 10, 0, 0, 0, time.UTC)
	for name, p := range map[string]Period{
		"no length": {Unit: procedure.Days},
		"no unit":   {Length: 1},
		"too long":  {Length: 1 << 40, Unit: procedure.Days},
		"coverage":  {Length: 2000, Unit: procedure.WorkingDays, Set: AnyOfUK},
	} {
		if due, err := ShippedCalendar().Due(p, start, Circumstances{}); err == nil {
			t.Errorf("%s: %+v", name, due)
		}
	}
	ages := []Pause{{From: 1, To: lastDay + 1000}}
	if due, err := ShippedCalendar().Due(Period{Length: 1, Unit: procedure.Weeks}, start, Circumstances{Pauses: ages}); err == nil {
		t.Errorf("a pause of ages: %+v", due)
	}
	if _, err := ShippedCalendar().Due(Period{Length: 1, Unit: procedure.Days}, time.Time{}, Circumstances{}); err == nil {
		t.Error("no start")
	}
}
