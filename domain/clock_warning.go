package domain

import (
	"slices"
	"time"

	"redress/domain/procedure"
)

// Warning is when to say that a clock will soon be due.
type Warning struct {
	On     Date      // the day
	At     time.Time // the moment, for clocks of hours; else the beginning of the day
	Before int       // working days before the due date, 0 for the day itself; hours for clocks of hours
}

// Warnings returns when to warn of a clock's due date, earliest first; none while there is no date. A warning falls on a
// working day on which the council is open, or on the last such day before. What lies before the start is left out.
func Warnings(p *procedure.Procedure, calendar *Calendar, c Clock) ([]Warning, error) {
	_, k := p.Clock(c.ID)
	if k == nil || c.DueInstant.IsZero() {
		return nil, nil
	}
	var warnings []Warning
	for _, hours := range k.WarnHours {
		at := c.DueInstant.Add(-time.Duration(hours) * time.Hour)
		warnings = append(warnings, Warning{On: DateOf(at), At: at, Before: hours})
	}
	for _, before := range k.Warn {
		on, err := calendar.warningDay(Holidays(p.Calendar), c.Due, before)
		if err != nil {
			return nil, err
		}
		warnings = append(warnings, Warning{On: on, At: on.Midnight(), Before: before})
	}
	warnings = slices.DeleteFunc(warnings, func(w Warning) bool { return w.On < c.Day0 })
	slices.SortStableFunc(warnings, func(a, b Warning) int { return a.At.Compare(b.At) })
	return warnings, nil
}

// warningDay goes back from a due date to the last working day and from there over so many more.
func (c *Calendar) warningDay(set Holidays, due Date, before int) (Date, error) {
	for d := due; ; d-- {
		working, err := c.works(set, d)
		switch {
		case err != nil:
			return 0, err
		case !working:
		case before > 0:
			before--
		case !c.Closed(d):
			return d, nil
		}
	}
}
