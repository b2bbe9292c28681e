package domain

import (
	"time"

	"redress/domain/procedure"
)

// compute fills in the dates of a clock whose start and stop are known.
func (e *engine) compute(c *Clock, stage *procedure.Stage, k *procedure.Clock, start beginning) {
	calendar := e.calendar
	if !c.StoppedAt.IsZero() {
		calendar = calendar.AsOf(c.StoppedAt) // a stopped clock keeps its calendar
	}
	c.Calendar = calendar.Hash()
	from := start.at
	if from.IsZero() {
		from = e.assumedStart(stage, k).noon()
	}
	if e.explain != nil {
		e.explain.begin(e.p, c, k, start, calendar)
	}
	if from.IsZero() {
		return // provisional, and the clock that it waits for has no date either
	}
	count := counter{calendar: calendar, period: period(e.p, k), with: e.circumstances(calendar, k, start, c.StoppedAt)}
	if e.explain != nil {
		count.notes = &e.explain.Days
	}
	original, err := count.due(from)
	if err != nil {
		c.Problem = err.Error()
		return
	}
	due := original
	c.OriginalDue, c.OriginalInstant = original.Date, original.Instant
	if !c.Assumed {
		due, c.Extended, err = e.extended(c, &count, original, from)
		if err != nil {
			c.Problem = err.Error()
			return
		}
	}
	c.Day0, c.Due, c.DueInstant = due.Day0, due.Date, due.Instant
	c.PausedFrom, c.DaysLeft, c.PausedDays = due.PausedFrom, due.DaysLeft, due.PausedDays
	if !c.StoppedAt.IsZero() {
		c.WorkingDays, err = count.workingDaysUntil(due.Day0, DateOf(c.StoppedAt))
		if err != nil {
			c.Problem = err.Error()
		}
	}
	if e.explain != nil {
		e.explain.end(c, due, &count)
	}
}

// circumstances gathers what else decides a clock's due date, as known when it stopped if it did.
func (e *engine) circumstances(calendar *Calendar, k *procedure.Clock, start beginning, stopped time.Time) Circumstances {
	with := Circumstances{Pauses: e.pauses(k, stopped)}
	if k.Basis == "law" {
		return with // what a council may choose does not bend the law
	}
	if start.ref.Event == "Received" || start.ref.Event == "Escalated" {
		with.Cutoff, with.NextWorkingDay = e.p.Receipt.Cutoff, e.p.Receipt.NonWorking == "next_working_day"
	}
	if e.p.ClosureDays == "exclude" {
		with.Closures = calendar.closures
	}
	return with
}

// pauses returns those that stop a clock. None reaches beyond the day on which the clock stopped. While an answer is
// outstanding that would start the clock anew, it is paused.
func (e *engine) pauses(k *procedure.Clock, stopped time.Time) []Pause {
	var pauses []Pause
	last := DateOf(stopped)
	for _, p := range e.h.Pauses {
		if !k.PausedBy(p.Kind) && !(k.ResetBy(p.Kind) && p.To.IsZero()) {
			continue
		}
		if !last.IsZero() {
			if p.From > last {
				continue
			}
			if p.To.IsZero() || p.To > last {
				p.To = last
			}
		}
		pauses = append(pauses, p)
	}
	return pauses
}

// extended applies the accepted extensions (CA-13) and says how many there were. Those count that were later than the
// date in force and were made before it had passed.
func (e *engine) extended(c *Clock, count *counter, original Due, from time.Time) (Due, int, error) {
	n, due := 0, original
	var last Postponement
	for _, x := range e.h.Extensions {
		if x.Clock != c.ID || x.Recorded.Before(from) || !c.StoppedAt.IsZero() && x.Recorded.After(c.StoppedAt) {
			continue
		}
		then := *count
		then.notes, then.with.Pauses = nil, knownPauses(count.with.Pauses, x.Recorded)
		inForce, err := then.due(from)
		if err == nil && n > 0 {
			inForce, err = then.postponed(inForce, last, nil)
		}
		if err != nil {
			return Due{}, 0, err
		}
		if inForce.Date.IsZero() || x.NewDue <= inForce.Date || !x.Recorded.Before(inForce.Instant) {
			continue
		}
		n, last = n+1, x
		told := ExplainedExtension{Recorded: x.Recorded, OldDue: inForce.Date, NewDue: x.NewDue}
		var notes *[]CountedDay
		if e.explain != nil {
			notes = &told.Days
		}
		if due, err = count.postponed(original, x, notes); err != nil {
			return Due{}, 0, err
		}
		if e.explain != nil {
			told.NowDue = due.Date
			e.explain.Extensions = append(e.explain.Extensions, told)
		}
	}
	return due, n, nil
}

// knownPauses returns the pauses that had been recorded by a moment.
func knownPauses(pauses []Pause, by time.Time) []Pause {
	var known []Pause
	for _, p := range pauses {
		if !p.Recorded.After(by) && (!p.Recorded.IsZero() || p.From <= DateOf(by)) {
			known = append(known, p)
		}
	}
	return known
}

// postponed returns when the clock is due by an extension. It is the date that was given, unless pauses have come since
// that fall before it: then it is the same number of counted days away as it was when it was given.
func (k *counter) postponed(original Due, x Postponement, notes *[]CountedDay) (Due, error) {
	then := *k
	then.notes, then.with.Pauses = nil, knownPauses(k.with.Pauses, x.Recorded)
	day0 := original.Day0
	open := k.openFrom()
	given := Due{Day0: day0, Date: x.NewDue, Instant: (x.NewDue + 1).Midnight(), PausedDays: then.pausedIn(day0, x.NewDue, 0)}
	if k.pausedIn(day0, x.NewDue, 0) == given.PausedDays {
		return given, nil
	}
	again := *k
	again.notes = notes
	var due Due
	var err error
	if k.countsWorkingDays() {
		n, countErr := then.workingDaysUntil(day0, x.NewDue)
		if countErr != nil || n == 0 {
			return given, countErr
		}
		again.period = Period{Length: n, Unit: procedure.WorkingDays, From: procedure.DayAfter, Set: k.period.Set}
		due, err = again.workingDays(day0)
	} else {
		due, err = again.civilDays(day0, x.NewDue-Date(given.PausedDays))
	}
	if err != nil || due.Date.IsZero() {
		return due, err
	}
	if due.Date, err = again.roll(due.Date); err != nil {
		return Due{}, err
	}
	if due.Date < x.NewDue && open.IsZero() {
		return given, nil
	}
	due.Instant = (due.Date + 1).Midnight()
	return due, nil
}

func (k *counter) countsWorkingDays() bool {
	return k.period.Unit == procedure.WorkingDays || k.period.Unit == procedure.Hours && k.period.Hours == procedure.WorkingHours
}

// countsHolidays reports whether the due date depends on which days are holidays.
func (k *counter) countsHolidays() bool {
	return k.countsWorkingDays() || k.period.Roll == procedure.RollToNext || k.with.NextWorkingDay
}

// workingDaysUntil counts the counted days after a day, up to and including another.
func (k *counter) workingDaysUntil(after, until Date) (n int, err error) {
	quiet := *k
	quiet.notes = nil
	for d := after + 1; d <= until; d++ {
		counts, err := quiet.counts(d)
		if err != nil {
			return 0, err
		}
		if counts {
			n++
		}
	}
	return n, nil
}

// noon is a moment of the day that no cut-off and no change of the clocks moves to another.
func (d Date) noon() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.Midnight().Add(12 * time.Hour)
}
