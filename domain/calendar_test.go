package domain

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func mustDate(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The rules give every published holiday of England and Wales, once the one-off days are taken out.
func TestDerivedHolidaysEqualPublished(t *testing.T) {
	oneOff := map[string]bool{ // day: whether it was a holiday against the rules, or a working day against them
		"2012-05-28": false, "2012-06-04": true, "2012-06-05": true,
		"2020-05-04": false, "2020-05-08": true,
		"2022-05-30": false, "2022-06-02": true, "2022-06-03": true, "2022-09-19": true,
		"2023-05-08": true,
	}
	c := ShippedCalendar()
	for d := mustDate(t, "2012-01-01"); d < mustDate(t, "2029-01-01"); d++ {
		_, published := c.holiday(EnglandAndWales, d)
		_, derived := derivedHoliday(d)
		if weekend(d) {
			if derived {
				t.Errorf("%s is a weekend and a holiday", d)
			}
			continue
		}
		if want, special := oneOff[d.String()]; special {
			if published != want || derived == want {
				t.Errorf("%s: published %t, by rule %t", d, published, derived)
			}
		} else if published != derived {
			t.Errorf("%s: published %t, by rule %t", d, published, derived)
		}
	}
}

func TestCalendarDay(t *testing.T) {
	c := ShippedCalendar()
	for _, tt := range []struct {
		day     string
		set     Holidays
		working bool
		derived bool
		why     string
	}{
		{"2024-12-25", EnglandAndWales, false, false, "Christmas Day"},
		{"2024-12-27", EnglandAndWales, true, false, ""},
		{"2025-03-17", EnglandAndWales, true, false, ""},
		{"2025-03-17", AnyOfUK, false, false, "(Northern Ireland)"},
		{"2026-06-15", AnyOfUK, false, false, "(Scotland)"},
		{"2026-06-15", EnglandAndWales, true, false, ""},
		{"2024-10-12", AnyOfUK, false, false, "Saturday"},
		{"2030-04-19", EnglandAndWales, false, true, "Good Friday (by rule)"},
		{"2130-01-02", EnglandAndWales, false, true, "New Year's Day (by rule)"},
		{"1985-12-25", EnglandAndWales, false, true, "Christmas Day (by rule)"},
		{"2030-04-18", EnglandAndWales, true, true, ""},
	} {
		got, err := c.Day(tt.set, mustDate(t, tt.day))
		if err != nil || got.Working != tt.working || got.Derived != tt.derived || !strings.Contains(got.Why, tt.why) {
			t.Errorf("%s %s: %+v, %v", tt.set, tt.day, got, err)
		}
		if tt.set == EnglandAndWales && c.WorkingDay(mustDate(t, tt.day)) != tt.working {
			t.Errorf("%s: WorkingDay differs", tt.day)
		}
	}
	for _, outside := range []string{"2014-06-02", "2029-01-02"} {
		var coverage *CoverageError
		if _, err := c.Day(AnyOfUK, mustDate(t, outside)); !errors.As(err, &coverage) || coverage.First != 2015 || coverage.Last != 2028 {
			t.Errorf("%s: %v", outside, err)
		}
	}
}

func TestParseCalendarFaults(t *testing.T) {
	const head = "date,division,title,substitute\n"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "no holiday"},
		{"columns", "day,division,title,substitute\n", "line 1"},
		{"date", head + "2024-02-30,england-and-wales,x,false\n", "line 2"},
		{"division", head + "2024-01-01,wales,x,false\n", "division is one of"},
		{"twice", head + "2024-01-01,england-and-wales,x,false\n2024-01-01,england-and-wales,y,false\n", "line 3"},
		{"half a year", head + "2024-01-01,england-and-wales,x,false\n", "2024 are not complete"},
		{"a gap", head + "2024-01-01,england-and-wales,x,false\n9024-12-25,england-and-wales,x,false\n", "years without"},
		{"fields", head + "2024-01-01,england-and-wales,x\n", "wrong number of fields"},
	} {
		if _, err := ParseCalendar("v", []byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := ParseCalendar("v", append([]byte("\ufeff"), shippedHolidays...)); err != nil {
		t.Errorf("with a byte-order mark: %v", err)
	}
}

func TestCalendarInForce(t *testing.T) {
	at := func(s string) time.Time { return mustDate(t, s).Midnight() }
	first := ShippedCalendar()
	second := first.WithClosures([]Date{mustDate(t, "2024-12-27")}).Replacing(first, at("2024-06-01"))
	third := first.Replacing(second, at("2025-06-01"))
	for s, want := range map[string]*Calendar{"2024-05-31": first, "2024-06-01": second, "2025-05-31": second, "2025-06-01": third} {
		if got := third.AsOf(at(s)); got != want {
			t.Errorf("%s: another calendar", s)
		}
	}
	if !second.Closed(mustDate(t, "2024-12-27")) || !second.WorkingDay(mustDate(t, "2024-12-27")) || first.Closed(mustDate(t, "2024-12-27")) {
		t.Error("a closure day is a working day on which the council is closed")
	}
}

func FuzzParseCalendar(f *testing.F) {
	f.Add(shippedHolidays)
	f.Add([]byte("date,division,title,substitute\n2024-01-01,scotland,x,false\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseCalendar("fuzz", text)
		if err != nil {
			return
		}
		for d := NewDate(2023, 1, 1); d < NewDate(2026, 1, 1); d++ {
			if c.WorkingDay(d) && weekend(d) {
				t.Fatal(d)
			}
			if got, err := c.Day(EnglandAndWales, d); err != nil || got.Working != c.WorkingDay(d) {
				t.Fatal(d, got, err)
			}
		}
	})
}
