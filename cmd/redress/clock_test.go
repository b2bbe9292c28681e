package main

import (
	"os"
	"strings"
	"testing"

	"redress/domain"
)

// The second file was computed by a program of its own, which steps from day to day and shares nothing with this one.
func TestEveryDeadlineAgrees(t *testing.T) {
	for name, rows := range map[string]int{"../../domain/testdata/deadline-cases.csv": 94, "testdata/deadlines.csv": 486} {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		found, err := checkDeadlines(file)
		if err != nil {
			t.Fatal(err)
		}
		if found.Rows != rows || found.Agree != rows || len(found.Notes) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

const deadlineHeader = "case_id,procedure,clock,calendar,start_instant,length,unit,inclusive,hours_basis,roll,cutoff,on_non_working_receipt,pauses,closures,due_date,due_instant_utc,why\n"

func TestDeadlinesThatDifferOrCannotBeRead(t *testing.T) {
	const good = "C1,nnc-corporate-2024,s1.ack,ew,2024-10-07T10:00:00+01:00,5,working_days,false,,none,,as_is,,,2024-10-14,2024-10-14T23:00:00Z,"
	for _, tt := range []struct{ name, from, to, differs, field string }{
		{name: "agrees"},
		{name: "another day", from: "2024-10-14,", to: "2024-10-15,", differs: "2024-10-14"},
		{name: "another instant", from: "T23:00:00Z", to: "T22:00:00Z", differs: "2024-10-14"},
		{name: "an instant in another zone", from: "2024-10-14T23:00:00Z", to: "2024-10-15T00:00:00+01:00"},
		{name: "no zone", from: "10:00:00+01:00", to: "10:00:00", field: "start_instant"},
		{name: "length", from: ",5,", to: ",five,", field: "length"},
		{name: "unit", from: "working_days", to: "fortnights", field: "unit"},
		{name: "calendar", from: ",ew,", to: ",scotland,", field: "calendar"},
		{name: "inclusive", from: "false", to: "maybe", field: "inclusive"},
		{name: "roll", from: ",none,", to: ",back,", field: "roll"},
		{name: "hours without basis", from: "working_days", to: "hours", field: "hours_basis"},
		{name: "cut-off", from: ",none,,", to: ",none,five,", field: "cutoff"},
		{name: "a cut-off", from: ",none,,", to: ",none,9:30,", differs: "2024-10-15"},
		{name: "a cut-off of a clock that starts at no receipt", from: "s1.ack,ew,2024-10-07T10:00:00+01:00,5,working_days,false,,none,,", to: "s1.response,ew,2024-10-07T10:00:00+01:00,5,working_days,false,,none,09:30,"},
		{name: "a cut-off of the time limit", from: "s1.ack,ew,2024-10-07T10:00:00+01:00,5,working_days,false,,none,,", to: "limit,ew,2024-10-07T10:00:00+01:00,5,working_days,false,,none,09:30,"},
		{name: "a pause without an end", from: "as_is,,", to: "as_is,2024-10-08/,", field: "pauses"},
		{name: "a pause of millennia", from: "working_days,false,,none,,as_is,,", to: "weeks,false,,none,,as_is,0001-01-01/9999-12-31,", field: "-"},
		{name: "receipt", from: "as_is", to: "never", field: "on_non_working_receipt"},
		{name: "half a pause", from: "as_is,,", to: "as_is,2024-10-08,", field: "pauses"},
		{name: "a pause backwards", from: "as_is,,", to: "as_is,2024-10-09/2024-10-08,", field: "pauses"},
		{name: "closure", from: "as_is,,,", to: "as_is,,Friday,", field: "closures"},
		{name: "a closure", from: "as_is,,,", to: "as_is,,2024-10-08,", differs: "2024-10-15"},
		{name: "due", from: "2024-10-14,", to: "soon,", field: "due_date"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row := strings.Replace(good, tt.from, tt.to, 1)
			if tt.from != "" && row == good {
				t.Fatal("the row was not changed")
			}
			found, err := checkDeadlines(strings.NewReader("\ufeff" + deadlineHeader + row + "\n"))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.field != "":
				if len(found.Unreadable) != 1 || found.Unreadable[0].Field != strings.Trim(tt.field, "-") || found.Unreadable[0].Line != 2 {
					t.Errorf("%+v", found)
				}
			case tt.differs != "":
				if len(found.Differences) != 1 || found.Differences[0].Computed.Date.String() != tt.differs {
					t.Errorf("%+v", found)
				}
			case found.Agree != 1:
				t.Errorf("%+v", found)
			}
		})
	}
}

func TestDeadlineFileAsAWhole(t *testing.T) {
	for name, tt := range map[string]struct{ file, want string }{
		"empty":           {"", "line 1"},
		"missing columns": {"case_id,procedure,due_date\n", "line 1 lacks the columns: clock, calendar, "},
		"a column twice":  {"length," + deadlineHeader, "line 1 names the column length twice"},
	} {
		if _, err := checkDeadlines(strings.NewReader(tt.file)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	found, err := checkDeadlines(strings.NewReader(deadlineHeader + "C1,p\nC2,\"p\n"))
	if err != nil || found.Rows != 2 || len(found.Unreadable) != 2 || found.Unreadable[1].Line != 3 {
		t.Errorf("%+v %v", found, err)
	}
}

func TestDeadlineReportNamesTheLine(t *testing.T) {
	const row = ",foi,req.response,uk-any,START,20,working_days,false,,none,,as_is,,,2025-04-01,2025-04-01T23:00:00Z,\r\n"
	file := deadlineHeader + "C1" + strings.Replace(row, "START", "yesterday", 1) + "C2" + strings.Replace(row, "START", "2030-03-03T10:00:00Z", 1) +
		"C3" + strings.Replace(strings.Replace(row, "START", "2025-03-03T10:00:00.5Z", 1), "foi", "own", 1)
	found, err := checkDeadlines(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := found.write(&out, "d.csv"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`d.csv:2: C1: start_instant is "yesterday", not an instant`, "d.csv:3: C2: no due date can be computed: CALENDAR_COVERAGE",
		`d.csv:4: C3: note: there is no shipped procedure "own"`, "3 rows: 1 agree, 0 differ, 2 have no due date",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestExplanationForAPerson(t *testing.T) {
	var out strings.Builder
	err := explainProcedure(&out, explainFlags{procedure: "nnc-corporate-2024", clock: "s1.ack", start: "2024-12-23T09:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"due Thu 2025-01-02", "5 working days", "003 s4.8", "day 0", "Mon 2024-12-23", "Christmas Day", "    5  Thu 2025-01-02",
		domain.ShippedProcedure("nnc-corporate-2024").Key(),
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	for _, flags := range []explainFlags{
		{procedure: "nobody", clock: "s1.ack", start: "2024-12-23"},
		{procedure: "foi", clock: "s9.ack", start: "2024-12-23"},
		{procedure: "foi", clock: "req.response", start: "tomorrow"},
	} {
		if err := explainProcedure(&out, flags); exitCode(err) != exitUsage {
			t.Errorf("%+v: %v", flags, err)
		}
	}
}
