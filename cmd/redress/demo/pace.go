package demo

import (
	"math"
	"time"

	"redress/domain"
)

// day draws a day of the year: fewer matters arrive at weekends, and more in the weeks after Christmas and after Easter.
func (g *generator) day() domain.Date {
	days := int(g.until - g.from)
	for {
		d := g.from.AddDays(g.random.IntN(days))
		weight := 1.0
		if !g.calendar.WorkingDay(d) {
			weight = 0.25
		}
		if !g.calendar.WorkingDay(d.AddDays(-3)) {
			weight *= 1.15
		}
		if g.random.Float64()*1.2 < weight {
			return d
		}
	}
}

// moment draws a time of day between two hours.
func (g *generator) moment(d domain.Date, fromHour, toHour int) time.Time {
	within := time.Duration(g.random.Int64N(int64(toHour-fromHour) * int64(time.Hour)))
	return d.Midnight().Add(time.Duration(fromHour)*time.Hour + within).Truncate(time.Second)
}

// officeHours draws a time between nine and five on the first working day at or after d.
func (g *generator) officeHours(d domain.Date) time.Time {
	return g.moment(g.workingDay(d), 9, 17)
}

// workingDay returns the first working day at or after d.
func (g *generator) workingDay(d domain.Date) domain.Date {
	for !g.calendar.WorkingDay(d) {
		d = d.AddDays(1)
	}
	return d
}

// after returns the n-th working day after d.
func (g *generator) after(d domain.Date, n int) domain.Date { return g.calendar.AddWorkingDays(d, n) }

// around draws a whole number with the given mean, skewed to the right, at least 0.
func (g *generator) around(mean, spread float64) int {
	return max(0, int(math.Round(mean+g.random.NormFloat64()*spread)))
}

// later returns the later of two moments, the second moved a little so that the order of a case's events is never in
// doubt.
func (g *generator) later(t, earliest time.Time) time.Time {
	if t.After(earliest) {
		return t
	}
	return earliest.Add(time.Duration(2+g.random.IntN(20)) * time.Minute)
}
