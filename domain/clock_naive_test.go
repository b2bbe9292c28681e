package domain

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redress/domain/procedure"
)

// naive is a second reckoning of due dates, written to be obviously right and nothing else: it keeps sets of days, steps
// from day to day (hours clocks from minute to minute), and shares no code with the engine but the calendar's days.
type naive struct {
	Period
	paused, closed map[string]bool
}

const naiveForm = "2006-01-02"

func nextNoon(d time.Time) time.Time { return d.AddDate(0, 0, 1) }

func (p naive) works(d time.Time) bool {
	day, err := ShippedCalendar().Day(p.Set, DateOf(d))
	if err != nil {
		panic(err)
	}
	return day.Working
}

func (p naive) counts(d time.Time) bool {
	return p.works(d) && !p.paused[d.Format(naiveForm)] && !p.closed[d.Format(naiveForm)]
}

// dueNaively returns the due date and instant by the naive reckoning.
func dueNaively(period Period, start time.Time, with Circumstances) (due string, instant time.Time) {
	p := naive{Period: period, paused: map[string]bool{}, closed: map[string]bool{}}
	for _, pause := range with.Pauses {
		for d := pause.From; d <= pause.To; d++ {
			p.paused[d.String()] = true
		}
	}
	for _, d := range with.Closures {
		p.closed[d.String()] = true
	}
	if p.Unit == procedure.Hours {
		return p.hours(start)
	}
	local := start.In(London)
	today := time.Date(local.Year(), local.Month(), local.Day(), 12, 0, 0, 0, London)
	if with.Cutoff != "" && local.Format("15:04") >= with.Cutoff {
		today = nextNoon(today)
	}
	for with.NextWorkingDay && !p.works(today) {
		today = nextNoon(today)
	}
	if p.Unit == procedure.WorkingDays {
		today = p.workingDays(today)
	} else {
		today = p.civil(today)
	}
	for p.Roll == procedure.RollToNext && !p.works(today) {
		today = nextNoon(today)
	}
	after := nextNoon(today)
	return today.Format(naiveForm), time.Date(after.Year(), after.Month(), after.Day(), 0, 0, 0, 0, London).UTC()
}

func (p naive) hours(t time.Time) (string, time.Time) {
	for left := p.Length * 60; left > 0; t = t.Add(time.Minute) {
		d := t.In(London)
		if p.Hours == procedure.ElapsedHours && !p.paused[d.Format(naiveForm)] || p.counts(d) {
			left--
		}
	}
	return t.Add(-time.Nanosecond).In(London).Format(naiveForm), t.UTC()
}

func (p naive) workingDays(today time.Time) time.Time {
	n := 0
	if p.From == procedure.SameDay && p.counts(today) {
		n = 1
	}
	for n < p.Length {
		today = nextNoon(today)
		if p.counts(today) {
			n++
		}
	}
	return today
}

func (p naive) civil(first time.Time) time.Time {
	end := first
	switch p.Unit {
	case procedure.Days:
		end = first.AddDate(0, 0, p.Length)
	case procedure.Weeks:
		end = first.AddDate(0, 0, 7*p.Length)
	case procedure.Months:
		for monthsBetween(first, end) < p.Length {
			end = nextNoon(end)
		}
		for end.Day() < first.Day() && nextNoon(end).Day() != 1 {
			end = nextNoon(end)
		}
	}
	if p.From == procedure.SameDay && (p.Unit != procedure.Months || end.Day() == first.Day()) {
		end = end.AddDate(0, 0, -1)
	}
	// Each paused day from the day after the first to the end makes room for one more day.
	for d := nextNoon(first); !d.After(end); d = nextNoon(d) {
		if p.paused[d.Format(naiveForm)] {
			end = nextNoon(end)
		}
	}
	return end
}

func monthsBetween(a, b time.Time) int {
	return 12*(b.Year()-a.Year()) + int(b.Month()) - int(a.Month())
}

type failer interface {
	Fatalf(format string, args ...any)
}

// agree compares both reckonings.
func agree(t failer, p Period, start time.Time, with Circumstances) {
	got, err := ShippedCalendar().Due(p, start, with)
	if err != nil {
		t.Fatalf("%v", err)
	}
	want, instant := dueNaively(p, start, with)
	if got.Date.String() != want || !got.Instant.Equal(instant) {
		t.Fatalf("%s: %s from %s with %+v: due %s %s, the naive reckoning says %s %s", describe(p), p.Set, start.In(London), with, got.Date, got.Instant, want, instant)
	}
}

func describe(p Period) string { return fmt.Sprintf("%d %s %s", p.Length, p.Unit, p.From) }

func TestDueEqualsNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, start := periods(t), starts(t)
		agree(t, p, start, circumstances(t, DateOf(start)))
	})
}

func periods(t *rapid.T) Period {
	p := Period{
		Length: rapid.IntRange(1, 70).Draw(t, "length"),
		Unit:   rapid.SampledFrom([]procedure.Unit{procedure.WorkingDays, procedure.Days, procedure.Weeks, procedure.Months, procedure.Hours}).Draw(t, "unit"),
		From:   rapid.SampledFrom([]procedure.From{procedure.DayAfter, procedure.SameDay}).Draw(t, "from"),
		Roll:   rapid.SampledFrom([]procedure.Roll{procedure.NoRoll, procedure.RollToNext}).Draw(t, "roll"),
		Set:    rapid.SampledFrom([]Holidays{EnglandAndWales, AnyOfUK}).Draw(t, "set"),
	}
	switch p.Unit {
	case procedure.Months:
		p.Length = 1 + p.Length%14
	case procedure.Weeks:
		p.Length = 1 + p.Length%30
	case procedure.Hours:
		p.From, p.Roll = procedure.Instant, procedure.NoRoll
		p.Hours = rapid.SampledFrom([]procedure.HoursBasis{procedure.WorkingHours, procedure.ElapsedHours}).Draw(t, "basis")
	}
	return p
}

// starts draws minutes of the years in which both sets of holidays are known, with room for the longest period.
func starts(t *rapid.T) time.Time {
	from, to := NewDate(2015, 1, 1).Midnight(), NewDate(2026, 6, 1).Midnight()
	return from.Add(time.Duration(rapid.IntRange(0, int(to.Sub(from)/time.Minute)).Draw(t, "start")) * time.Minute)
}

func circumstances(t *rapid.T, start Date) Circumstances {
	with := Circumstances{
		Cutoff:         rapid.SampledFrom([]string{"", "", "17:00", "00:00"}).Draw(t, "cutoff"),
		NextWorkingDay: rapid.Bool().Draw(t, "next working day"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "pauses") {
		from := start.AddDays(rapid.IntRange(-10, 60).Draw(t, "from"))
		with.Pauses = append(with.Pauses, Pause{From: from, To: from.AddDays(rapid.IntRange(0, 30).Draw(t, "days"))})
	}
	d := start
	for range rapid.IntRange(0, 4).Draw(t, "closures") {
		d = d.AddDays(rapid.IntRange(1, 12).Draw(t, "after"))
		with.Closures = append(with.Closures, d)
	}
	return with
}
