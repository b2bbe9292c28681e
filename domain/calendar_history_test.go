package domain

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// holidayHistory is every change of the published holidays from 2020 on, with the moment at which it was published.
//
//go:embed testdata/bank-holidays-versions.csv
var holidayHistory string

// publishedCalendars returns the calendar as it came to be known, version after version, each replacing the one before
// from its publication on.
func publishedCalendars(t *testing.T) []*Calendar {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(holidayHistory)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{} // date,division,title
	var calendars []*Calendar
	for i, row := range rows[1:] {
		holiday := row[4] + "," + row[3] + "," + row[5]
		if row[2] == "removed" {
			delete(known, holiday)
		} else {
			known[holiday] = true
		}
		if next := i + 2; next < len(rows) && rows[next][1] == row[1] {
			continue // more of the same publication
		}
		lines := []string{"date,division,title,substitute"}
		for holiday := range known {
			lines = append(lines, holiday+",false")
		}
		slices.Sort(lines[1:])
		calendar, err := ParseCalendar(row[1], []byte(strings.Join(lines, "\n")+"\n"))
		if err != nil {
			t.Fatalf("version %s: %v", row[1], err)
		}
		if len(calendars) > 0 {
			published, err := time.Parse(time.RFC3339, row[0])
			if err != nil {
				t.Fatal(err)
			}
			calendar = calendar.Replacing(calendars[len(calendars)-1], published)
		}
		calendars = append(calendars, calendar)
	}
	return calendars
}

// A holiday counts from the day on which it was proclaimed: what stopped before keeps the calendar of its time, what
// runs on is dated anew (CA-15).
func TestHolidaysAreAsTheyWereKnown(t *testing.T) {
	calendars := publishedCalendars(t)
	if len(calendars) != 15 && len(calendars) != 16 {
		t.Fatalf("%d versions", len(calendars))
	}
	newest := calendars[len(calendars)-1]
	for _, tt := range []struct{ day, before, after string }{
		{"2022-05-30", "2020-11-11", "2020-11-13"}, // ordinary by the first list, then holiday, moved in the same hour
		{"2022-06-03", "2020-11-11", "2020-11-13"}, // the Platinum Jubilee
		{"2022-09-19", "2022-09-09", "2022-09-10"}, // the State Funeral
		{"2023-05-08", "2022-11-09", "2022-11-11"}, // the Coronation
	} {
		day := mustDate(t, tt.day)
		before, after := newest.AsOf(instant(t, tt.before)).WorkingDay(day), newest.AsOf(instant(t, tt.after)).WorkingDay(day)
		moved := tt.day == "2022-05-30"
		if before == moved || after != moved {
			t.Errorf("%s: a working day %t as known on %s, %t on %s", tt.day, before, tt.before, after, tt.after)
		}
	}
	p := ShippedProcedure("nnc-corporate-previous")
	running := tell(t, "2022-09-01 Received complaint s1", "2022-09-05 Acknowledged s1")
	for _, tt := range []struct {
		calendar *Calendar
		want     string
	}{
		{newest.AsOf(instant(t, "2022-09-08")), "s1.ack met 2022-09-08\ns1.response running 2022-09-29"},
		{newest.AsOf(instant(t, "2022-09-12")), "s1.ack met 2022-09-08\ns1.response running 2022-09-30"},
	} {
		if got := clockLines(Clocks(p, tt.calendar, running, instant(t, "2022-09-12"))); got != tt.want {
			t.Error(got)
		}
	}
	shipped := ShippedCalendar()
	for day := mustDate(t, "2019-01-01"); day < mustDate(t, "2027-01-01"); day = day.AddDays(1) {
		for _, set := range []Holidays{EnglandAndWales, AnyOfUK} {
			a, errA := newest.Day(set, day)
			b, errB := shipped.Day(set, day)
			if a.Working != b.Working || fmt.Sprint(errA) != fmt.Sprint(errB) {
				t.Fatalf("%s: the last published version says %t, the shipped calendar %t", day, a.Working, b.Working)
			}
		}
	}
}
