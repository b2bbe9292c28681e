package domain

import (
	"fmt"
	"time"
	_ "time/tzdata" // London's rules travel with the binary
)

// London is the zone in which civil days are counted. Its rules are built in, so it is the same on every machine.
var London = func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // the rules are embedded
	}
	return zone
}()

// Date is a civil day in London, counted from 1 January of the year 1, which is day 1. The zero value is no date. Dates
// of the years 1 to 9999 can be written and read; they compare and subtract as integers, in days.
type Date int32

const dayFormat = "2006-01-02"

// unixDay is the Date of 1 January 1970.
const unixDay = 719163

const secondsPerDay = 24 * 60 * 60

// NewDate returns the day of a year, month and day of the month. Values outside their range are carried over, as
// [time.Date] does: 30 February is 1 or 2 March.
func NewDate(year int, month time.Month, day int) Date {
	return Date(floorDiv(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix(), secondsPerDay) + unixDay)
}

// DateOf returns the civil day in London on which an instant falls. The zero instant has no date.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return 0
	}
	_, offset := t.In(London).Zone()
	return Date(floorDiv(t.Unix()+int64(offset), secondsPerDay) + unixDay)
}

// ParseDate reads YYYY-MM-DD, the only form in which a date is written. A day that does not exist is an error.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(dayFormat, s)
	if err != nil || t.Year() < 1 {
		return 0, fmt.Errorf("%q is not a date in the form YYYY-MM-DD", s)
	}
	return DateOf(t.Add(12 * time.Hour)), nil
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == 0 }

// Civil returns the year, the month and the day of the month.
func (d Date) Civil() (year int, month time.Month, day int) { return d.utc().Date() }

// Year returns the year.
func (d Date) Year() int { return d.utc().Year() }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return time.Weekday(((d % 7) + 7) % 7) }

// AddDays returns the day n days later, or earlier when n is negative.
func (d Date) AddDays(n int) Date { return d + Date(n) }

// AddMonths returns the corresponding date n months later; where that month has no such day, its last day. exists tells
// which of the two it is.
func (d Date) AddMonths(n int) (date Date, exists bool) {
	year, month, day := d.Civil()
	first := time.Date(year, month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	date = NewDate(first.Year(), first.Month(), day)
	if _, m, _ := date.Civil(); m != first.Month() {
		return NewDate(first.Year(), first.Month()+1, 0), false
	}
	return date, true
}

// Midnight returns the instant at which the day begins in London, in UTC.
func (d Date) Midnight() time.Time {
	year, month, day := d.Civil()
	return time.Date(year, month, day, 0, 0, 0, 0, London).UTC()
}

// String writes YYYY-MM-DD, and nothing for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format(dayFormat)
}

// MarshalText writes what String does.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD; an empty text is no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// utc returns the day's beginning as if London kept UTC: right for calendar arithmetic, wrong as an instant.
func (d Date) utc() time.Time { return time.Unix((int64(d)-unixDay)*secondsPerDay, 0).UTC() }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
