package domain

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"redress/domain/procedure"
)

func TestExplain(t *testing.T) {
	p := ShippedProcedure("nnc-corporate-2024")
	h := tell(t, "2025-04-09 Received complaint s1", "2025-04-10 Acknowledged s1", "2025-04-11 pause consent 2025-04-14 2025-04-15",
		"2025-04-16 extends s1.response 2025-05-12", "2025-04-23 pause suspension 2025-04-23 2025-04-24")
	x, exists := Explain(p, ShippedCalendar(), h, "s1.response", instant(t, "2025-04-25"))
	if !exists {
		t.Fatal("no such clock")
	}
	var counted, skipped []string
	for _, d := range x.Days {
		if d.Number > 0 {
			counted = append(counted, d.Date.String()[5:])
		} else {
			skipped = append(skipped, d.Date.String()[5:]+" "+d.Why)
		}
	}
	if got := strings.Join(counted, " "); got != "04-11 04-16 04-17 04-22 04-25 04-28 04-29 04-30 05-01 05-02" {
		t.Errorf("counted %s", got)
	}
	for _, want := range []string{"04-12 Saturday", "04-14 paused (consent)", "04-18 Good Friday", "04-21 Easter Monday", "04-24 paused (suspension)"} {
		if !strings.Contains(strings.Join(skipped, ", "), want) {
			t.Errorf("%s is not among those skipped: %s", want, skipped)
		}
	}
	if x.OriginalDue.String() != "2025-05-02" || x.Due.String() != "2025-05-14" || len(x.Extensions) != 1 ||
		x.Extensions[0].OldDue.String() != "2025-04-30" || x.Extensions[0].NowDue != x.Due || len(x.Pauses) != 2 {
		t.Errorf("%+v", x)
	}
	if days := x.Extensions[0].Days; len(days) == 0 || days[len(days)-1].Date != x.Due || days[len(days)-1].Number != 17 {
		t.Errorf("%+v", days)
	}
	if x.StartEvent != "Acknowledged of s1" || x.StartField != "sent_at" || x.Procedure != "nnc-corporate-2024@2.0" || x.CalendarHash != ShippedCalendar().Hash() || x.State != ClockRunning {
		t.Errorf("%+v", x)
	}
	if text, err := json.Marshal(x); err != nil || !strings.Contains(string(text), `"due":"2025-05-14"`) {
		t.Errorf("%s %v", text, err)
	}
}

// What Explain tells is what Clocks computes.
func TestExplainEqualsClocks(t *testing.T) {
	h := tell(t, "2025-12-01 Received complaint s1", "2025-12-01 Acknowledged s1", "2025-12-02 Allocated s1", "2025-12-05 pause suspension 2025-12-05")
	p, at := ShippedProcedure("nct-children-statutory"), instant(t, "2025-12-08")
	clocks := Clocks(p, ShippedCalendar(), h, at)
	if len(clocks) != 4 {
		t.Fatal(clockLines(clocks))
	}
	for _, c := range clocks {
		x, exists := Explain(p, ShippedCalendar(), h, c.ID, at)
		if !exists || x.Due != c.Due || x.State != c.State || x.DaysLeft != c.DaysLeft || x.OriginalDue != c.OriginalDue || !x.DueInstant.Equal(c.DueInstant) {
			t.Errorf("%+v\n%+v", c, x)
		}
	}
	for _, absent := range []string{"s1.decision", "s2.ack", "s9.ack", "s1", ""} {
		if _, exists := Explain(p, ShippedCalendar(), h, absent, at); exists {
			t.Errorf("%s is explained", absent)
		}
	}
}

func TestExplainFrom(t *testing.T) {
	for _, tt := range []struct{ procedure, clock, start, due, rule string }{
		{"nnc-corporate-2024", "s1.ack", "2025-04-16", "2025-04-25", "5 working days after the day"},
		{"nct-children-statutory", "s1.response#cap", "2025-08-26", "2025-09-23", "20 working days"},
		{"bradford-corporate-place", "pre.resolve", "2021-11-26T16:00Z", "2021-11-30", "48 hours of working days"},
		{"nnc-adult-social-care", "all.statutory", "2024-08-31", "2025-02-28", "6 months beginning with the day"},
		{"sar", "req.response", "2026-01-30", "2026-03-02", "1 month after"},
		{"foi", "req.response", "2028-12-20", "", "20 working days"},
		{"nnc-corporate-2024", "limit", "2024-02-29", "2025-02-28", "12 months after"},
	} {
		x, err := ExplainFrom(ShippedProcedure(tt.procedure), ShippedCalendar(), tt.clock, instant(t, tt.start))
		if err != nil || x.Due.String() != tt.due || !strings.HasPrefix(x.Rule, tt.rule) || (x.Problem == "") != (tt.due != "") {
			t.Errorf("%s %s: %v %+v", tt.procedure, tt.clock, err, x)
		}
	}
	for _, bad := range []string{"s1.ack#cap", "s3.ack", "limit#cap"} {
		if _, err := ExplainFrom(ShippedProcedure("nnc-corporate-2024"), ShippedCalendar(), bad, instant(t, "2025-01-01")); err == nil {
			t.Errorf("%s is explained", bad)
		}
	}
	x, err := ExplainFrom(ShippedProcedure("nnc-corporate-2024"), ShippedCalendar(), "s1.ack", instant(t, "2030-04-17"))
	if err != nil || !x.Derived {
		t.Errorf("a day by rule is not marked: %v", err)
	}
}

// An extended date that a later pause moves is a due date like any other: where the procedure lets those roll, it rolls.
func TestMovedExtensionRolls(t *testing.T) {
	h := tell(t, "2025-01-06 Received sar req", "2025-01-20 extends req.response 2025-03-21", "2025-03-10 pause clarification 2025-03-10 2025-03-10")
	x, exists := Explain(ShippedProcedure("sar"), ShippedCalendar(), h, "req.response", instant(t, "2025-03-11"))
	if !exists || x.Due.String() != "2025-03-24" || len(x.Extensions) != 1 || x.Extensions[0].NowDue != x.Due {
		t.Fatalf("%+v", x)
	}
	days := x.Extensions[0].Days
	if last := days[len(days)-1]; last.Date != x.Due || last.Why != "the next working day" {
		t.Errorf("%+v", last)
	}
}

// A cut-off moves days, and no instant from which hours are counted (CA-2, CA-6): the receipt must not say that it did.
func TestHoursKnowNoCutoff(t *testing.T) {
	var days []CountedDay
	k := counter{
		calendar: ShippedCalendar(), with: Circumstances{Cutoff: "17:00", NextWorkingDay: true}, notes: &days,
		period: Period{Length: 48, Unit: procedure.Hours, From: procedure.Instant, Hours: procedure.WorkingHours, Set: EnglandAndWales},
	}
	due, err := k.due(instant(t, "2021-11-25T18:00Z"))
	if err != nil || due.Instant.Format("2006-01-02 15:04") != "2021-11-29 18:00" || len(days) == 0 || days[0].Why != "6 h 0 min; 42 h 0 min are left" || days[0].Number != 6 {
		t.Errorf("%+v %+v %v", due, days, err)
	}
}

// The last line of a reckoning says why it ends there, and a period that begins with a day counts it.
func TestReckoningEnds(t *testing.T) {
	for _, tt := range []struct {
		procedure, clock, start string
		first, last             CountedDay
	}{
		{"sar", "req.response", "2025-01-31", CountedDay{mustDate(t, "2025-02-01"), 1, ""}, CountedDay{mustDate(t, "2025-02-28"), 28, "the last day of the month, which has no day 31"}},
		{"sar", "req.response", "2025-03-18", CountedDay{mustDate(t, "2025-03-19"), 1, ""}, CountedDay{mustDate(t, "2025-04-22"), 0, "the next working day"}},
		{"nnc-adult-social-care", "all.statutory", "2025-01-15", CountedDay{mustDate(t, "2025-01-15"), 1, ""}, CountedDay{mustDate(t, "2025-07-14"), 181, "the day before the corresponding date"}},
		{"bradford-children", "pre.resolve", "2021-11-26T16:30Z", CountedDay{mustDate(t, "2021-11-26"), 8, "7 h 30 min; 40 h 30 min are left"}, CountedDay{mustDate(t, "2021-11-30"), 48, "16 h 30 min, which is all"}},
	} {
		x, err := ExplainFrom(ShippedProcedure(tt.procedure), ShippedCalendar(), tt.clock, instant(t, tt.start))
		if err != nil || x.Days[0] != tt.first || x.Days[len(x.Days)-1] != tt.last {
			t.Errorf("%s %s: %v %+v", tt.procedure, tt.clock, err, x.Days)
		}
	}
}
