package domain

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"redress/domain/procedure"
)

// Period is how long a clock runs, and in what.
type Period struct {
	Length int
	Unit   procedure.Unit
	From   procedure.From
	Hours  procedure.HoursBasis // for hours only
	Roll   procedure.Roll
	Set    Holidays
}

// Circumstances are what else decides a due date.
type Circumstances struct {
	Cutoff         string  // HH:MM in London from which on a start counts for the next day; empty for none
	NextWorkingDay bool    // a start that falls on no working day counts for the next
	Pauses         []Pause // those that stop this clock
	Closures       []Date  // the days, in order, that are skipped though they are working days
}

// Due is when a clock is due.
type Due struct {
	Day0    Date      // the day from which it is counted
	Date    Date      // the last day in time; for hours the civil day of the last moment; zero while a pause keeps it open
	Instant time.Time // the first instant that is too late, UTC
	// PausedFrom is the first day of the pause without an end that keeps the date open; DaysLeft is what was left to count.
	PausedFrom Date
	DaysLeft   int
	PausedDays int // civil days after Day0, up to the due date, that a pause covers
}

// CountedDay is one line of the reckoning of a due date.
type CountedDay struct {
	Date   Date   `json:"date"`
	Number int    `json:"number,omitzero"` // the count that the day brought (of hours, those begun); zero for a day that was skipped
	Why    string `json:"why,omitzero"`    // why it was skipped, or what else there is to say
}

// lastDay is the latest day to which clocks are counted.
var lastDay = NewDate(9000, time.January, 1)

var errTooLong = errors.New("the period is too long")

// Due computes when a clock is due that starts at an instant (CA-1 to CA-10). The error is a [*CoverageError] where the
// calendar has no answer, and otherwise says what is wrong with the period.
func (c *Calendar) Due(p Period, start time.Time, with Circumstances) (Due, error) {
	return (&counter{calendar: c, period: p, with: with}).due(start)
}

// counter counts the days of one period.
type counter struct {
	calendar *Calendar
	period   Period
	with     Circumstances
	notes    *[]CountedDay // the reckoning, where somebody wants to read it
}

func (k *counter) due(start time.Time) (Due, error) {
	if k.period.Length < 1 {
		return Due{}, errors.New("the length is at least 1")
	}
	if DateOf(start) < 1 {
		return Due{}, errors.New("the start is missing")
	}
	if int64(DateOf(start))+int64(k.period.Length)*31 > int64(lastDay) {
		return Due{}, errTooLong
	}
	if k.period.Unit == procedure.Hours {
		return k.hours(start) // from the instant itself: CA-2 moves days only
	}
	day0, err := k.day0(start)
	if err != nil {
		return Due{}, err
	}
	var due Due
	switch k.period.Unit {
	case procedure.WorkingDays:
		due, err = k.workingDays(day0)
	case procedure.Days, procedure.Weeks, procedure.Months:
		due, err = k.civilDays(day0, k.civilEnd(day0))
		k.remarkMonths(day0, due)
	default:
		return Due{}, fmt.Errorf("%q is no unit", k.period.Unit)
	}
	if err != nil || due.Date.IsZero() {
		return due, err
	}
	if due.Date, err = k.roll(due.Date); err != nil {
		return Due{}, err
	}
	due.Instant = (due.Date + 1).Midnight()
	return due, nil
}

// day0 returns the day on which a start counts (CA-1, CA-2).
func (k *counter) day0(start time.Time) (Date, error) {
	d := DateOf(start)
	if k.with.Cutoff != "" && start.In(London).Format("15:04") >= k.with.Cutoff {
		k.note(d, 0, "counts for the next day from "+k.with.Cutoff+" on")
		d++
	}
	for k.with.NextWorkingDay {
		working, err := k.calendar.works(k.period.Set, d)
		if err != nil {
			return 0, err
		}
		if working {
			break
		}
		k.note(d, 0, "counts for the next working day: "+k.why(d))
		d++
	}
	return d, nil
}

// workingDays finds the n-th counted day (CA-3).
func (k *counter) workingDays(day0 Date) (Due, error) {
	due := Due{Day0: day0}
	d := day0
	if k.period.From == procedure.SameDay {
		d--
	}
	open := k.openFrom()
	for n := 0; n < k.period.Length; {
		d++
		if !open.IsZero() && d >= open {
			due.PausedFrom, due.DaysLeft = open, k.period.Length-n
			return due, nil
		}
		if k.paused(d) && d > day0 {
			due.PausedDays++
		}
		counts, err := k.counts(d)
		if err != nil {
			return Due{}, err
		}
		if counts {
			n++
			k.note(d, n, "")
		}
	}
	due.Date = d
	return due, nil
}

// counts reports whether a day is a counted day: a working day, neither paused nor an excluded closure.
func (k *counter) counts(d Date) (bool, error) {
	if d > lastDay {
		return false, errTooLong
	}
	working, err := k.calendar.works(k.period.Set, d)
	switch {
	case err != nil:
		return false, err
	case !working:
		k.note(d, 0, k.why(d))
	case k.paused(d):
		k.notePause(d)
		return false, nil
	case k.closed(d):
		k.note(d, 0, "the council is closed")
		return false, nil
	}
	return working, nil
}

// civilEnd returns the last day of a period of civil days that nothing pauses (CA-4, CA-5).
func (k *counter) civilEnd(day0 Date) Date {
	same := Date(0)
	if k.period.From == procedure.SameDay {
		same = 1
	}
	switch k.period.Unit {
	case procedure.Weeks:
		return day0.AddDays(7*k.period.Length) - same
	case procedure.Months:
		end, exists := day0.AddMonths(k.period.Length)
		if exists {
			end -= same
		}
		return end
	}
	return day0.AddDays(k.period.Length) - same
}

// civilDays adds the paused days after day0 to an end, and those that the added days reach (CA-7).
func (k *counter) civilDays(day0, end Date) (Due, error) {
	due := Due{Day0: day0, Date: end}
	open := k.openFrom()
	for d := day0 + 1; len(k.with.Pauses) > 0 && d <= due.Date && (open.IsZero() || d < open); d++ {
		if k.paused(d) {
			due.PausedDays++
			due.Date++
		}
		if d > lastDay {
			return Due{}, errTooLong
		}
	}
	if !open.IsZero() && due.Date >= open {
		due.PausedFrom, due.DaysLeft, due.Date = open, int(due.Date-max(open, day0+1))+1, 0
	}
	if k.notes != nil {
		k.noteCivil(day0, due)
	}
	return due, nil
}

// pausedIn counts the paused days after a day, up to another, and before an open pause.
func (k *counter) pausedIn(after, until, open Date) (n int) {
	if len(k.with.Pauses) == 0 {
		return 0
	}
	for d := after + 1; d <= until && (open.IsZero() || d < open); d++ {
		if k.paused(d) {
			n++
		}
	}
	return n
}

// noteCivil writes the reckoning of a period of civil days. One that begins with day 0 counts it.
func (k *counter) noteCivil(day0 Date, due Due) {
	last := due.Date
	if last.IsZero() {
		last = due.PausedFrom - 1
	}
	first := day0 + 1
	if k.period.From == procedure.SameDay {
		first = day0
	}
	for d, n := first, 0; d <= last; d++ {
		if k.paused(d) && d > day0 {
			k.notePause(d)
			continue
		}
		n++
		k.note(d, n, "")
	}
}

// remarkMonths says of the last day of a period of months why it is that day (CA-5).
func (k *counter) remarkMonths(day0 Date, due Due) {
	if k.notes == nil || len(*k.notes) == 0 || due.Date.IsZero() || k.period.Unit != procedure.Months {
		return
	}
	why := "the corresponding date"
	if _, exists := day0.AddMonths(k.period.Length); !exists {
		_, _, day := day0.Civil()
		why = fmt.Sprintf("the last day of the month, which has no day %d", day)
	} else if k.period.From == procedure.SameDay {
		why = "the day before the corresponding date"
	}
	if due.PausedDays > 0 {
		why = fmt.Sprintf("%s is %s; paused days move it by %d", why, k.civilEnd(day0), due.PausedDays)
	}
	(*k.notes)[len(*k.notes)-1].Why = why
}

// hours consumes hours (CA-6). Elapsed hours run through every day that is not paused, working hours through working
// days only; a day supplies its time from midnight to midnight in London.
func (k *counter) hours(start time.Time) (Due, error) {
	due := Due{Day0: DateOf(start)}
	left, open := time.Duration(k.period.Length)*time.Hour, k.openFrom()
	for t, d := start.UTC(), due.Day0; ; d++ {
		if !open.IsZero() && d >= open {
			due.PausedFrom, due.DaysLeft = open, int((left+24*time.Hour-1)/(24*time.Hour))
			return due, nil
		}
		if k.paused(d) && d > due.Day0 {
			due.PausedDays++
		}
		supplies, err := k.supplies(d)
		if err != nil {
			return Due{}, err
		}
		midnight := (d + 1).Midnight()
		if supplies {
			day := midnight.Sub(t)
			if day >= left {
				due.Instant = t.Add(left)
				due.Date = DateOf(due.Instant.Add(-time.Nanosecond))
				k.note(d, k.period.Length, spent(left)+", which is all")
				return due, nil
			}
			left -= day
			k.note(d, k.period.Length-int(left/time.Hour), spent(day)+"; "+spent(left)+" are left")
		}
		t = midnight
	}
}

func (k *counter) supplies(d Date) (bool, error) {
	if k.period.Hours != procedure.ElapsedHours {
		return k.counts(d)
	}
	if k.paused(d) {
		k.notePause(d)
		return false, nil
	}
	return true, nil
}

func spent(d time.Duration) string {
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// roll moves a due date that is no working day (CA-8).
func (k *counter) roll(from Date) (Date, error) {
	d := from
	for k.period.Roll == procedure.RollToNext {
		working, err := k.calendar.works(k.period.Set, d)
		if err != nil {
			return 0, err
		}
		if working {
			break
		}
		k.note(d, 0, "moves to the next working day: "+k.why(d))
		d++
	}
	if d > from {
		k.note(d, 0, "the next working day")
	}
	return d, nil
}

// paused reports whether a pause covers a day.
func (k *counter) paused(d Date) bool {
	for i := range k.with.Pauses {
		if p := &k.with.Pauses[i]; p.From <= d && (p.To.IsZero() || d <= p.To) {
			return true
		}
	}
	return false
}

// notePause writes down a day that a pause covers, and of what kind that is.
func (k *counter) notePause(d Date) {
	if k.notes == nil {
		return
	}
	var kinds []string
	for _, p := range k.with.Pauses {
		if p.Kind != "" && p.From <= d && (p.To.IsZero() || d <= p.To) && !slices.Contains(kinds, p.Kind) {
			kinds = append(kinds, p.Kind)
		}
	}
	why := "paused"
	if kinds != nil {
		why += " (" + strings.Join(kinds, ", ") + ")"
	}
	k.note(d, 0, why)
}

// openFrom returns the first day from which on a pause without an end holds, or no date.
func (k *counter) openFrom() (first Date) {
	for i := range k.with.Pauses {
		if p := &k.with.Pauses[i]; p.To.IsZero() && (first.IsZero() || p.From < first) {
			first = p.From
		}
	}
	return first
}

func (k *counter) closed(d Date) bool {
	_, closed := slices.BinarySearch(k.with.Closures, d)
	return closed
}

// why says what a day is that is no working day; for the reckoning only.
func (k *counter) why(d Date) string {
	if k.notes == nil {
		return ""
	}
	day, err := k.calendar.Day(k.period.Set, d)
	if err != nil {
		return err.Error()
	}
	return day.Why
}

func (k *counter) note(d Date, number int, why string) {
	if k.notes != nil {
		*k.notes = append(*k.notes, CountedDay{Date: d, Number: number, Why: why})
	}
}
