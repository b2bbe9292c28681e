package main

import (
	"os"
	"strings"
	"testing"

	"redress/domain"
)

func TestEveryDeadlineAgrees(t *testing.T) {
	file, err := os.Open("../../domain/testdata/deadline-cases.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found, err := checkDeadlines(file)
	if err != nil {
		t.Fatal(err)
	}
	if found.Rows != 94 || found.Agree != 94 {
		t.Errorf("%+v", found)
	}
}

const deadlineHeader = "case_id,procedure,clock,calendar,start_instant,length,unit,inclusive,hours_basis,roll,cutoff,on_non_working_receipt,pauses,closures,due_date,due_instant_utc,why\n"

func TestDeadlinesThatDifferOrCannotBeRead(t *testing.T) {
	const good = "C1,p,s1.ack,ew,2024-10-07T10:00:00+01:00,5,working_days,false,,none,,as_is,,,2024-10-14,2024-10-14T23:00:00Z,"
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
				if len(found.Unreadable) != 1 || found.Unreadable[0].Field != tt.field || found.Unreadable[0].Line != 2 {
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
	if _, err := checkDeadlines(strings.NewReader("case_id,procedure\n")); err == nil || !strings.Contains(err.Error(), "clock") {
		t.Errorf("a missing column: %v", err)
	}
	found, err := checkDeadlines(strings.NewReader(deadlineHeader + "C1,p\nC2,\"p\n"))
	if err != nil || found.Rows != 2 || len(found.Unreadable) != 2 || found.Unreadable[1].Line != 3 {
		t.Errorf("%+v %v", found, err)
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
