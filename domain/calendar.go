package domain

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the shipped holidays
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Holidays names a set of bank holidays, as procedures name it.
type Holidays string

// The sets.
const (
	EnglandAndWales Holidays = "ew"     // those of England and Wales
	AnyOfUK         Holidays = "uk-any" // those of any part of the United Kingdom
)

// The divisions of the published data.
const (
	england = iota
	scotland
	northernIreland
	divisionCount
)

var divisions = [divisionCount]string{"england-and-wales", "scotland", "northern-ireland"}

var divisionNames = [divisionCount]string{"England and Wales", "Scotland", "Northern Ireland"}

// Calendar says which days are working days. What was published is taken as published; for other years England and Wales
// follow the rules by which their holidays have always fallen, and the rest of the United Kingdom has no answer. A
// calendar does not change once it is made, and any number of readers may share it.
type Calendar struct {
	version  string
	hash     string
	holidays [divisionCount]map[Date]string // title by day
	first    [divisionCount]int             // the years that were published, both included; 0 for none
	last     [divisionCount]int
	table    [2][]bool // of England and Wales, and of any of UK: for each day from tableFrom on whether it is a working day
	ukFrom   Date      // the days that are covered for any of UK, the first included and the last not
	ukTo     Date
	closures []Date    // days on which the council is closed, in order
	older    *Calendar // the calendar that this one replaced, or nil
	since    time.Time // when it did
}

// The days for which a calendar keeps a table, the first included and the last not. Others are worked out when asked for.
var (
	tableFrom = NewDate(1990, time.January, 1)
	tableTo   = NewDate(2101, time.January, 1)
)

// Day is what a calendar says about one day.
type Day struct {
	Working bool
	Why     string // the holiday or the day of the week; empty for a working day
	Derived bool   // by the rules for years that nobody has published
}

// CoverageError says that a day lies outside what was published, where no rule may take its place (CALENDAR_COVERAGE).
type CoverageError struct {
	Day   Date
	First int // the years that are covered, both included
	Last  int
}

// Error names the day and the years.
func (e *CoverageError) Error() string {
	return fmt.Sprintf("CALENDAR_COVERAGE: the holidays of all the United Kingdom are known for %d to %d, not for %s", e.First, e.Last, e.Day)
}

//go:embed calendars/bank-holidays.csv
var shippedHolidays []byte

// ShippedCalendar returns the calendar that comes with Redress.
var ShippedCalendar = sync.OnceValue(func() *Calendar {
	calendar, err := ParseCalendar("shipped", shippedHolidays)
	if err != nil {
		panic(err) // tested
	}
	return calendar
})

// ShippedHolidays returns the file of the shipped calendar.
func ShippedHolidays() []byte { return bytes.Clone(shippedHolidays) }

// ParseCalendar reads bank holidays from CSV with the columns date, division, title, substitute. A division's years must
// be whole and without a gap: a year that has begun to be published would otherwise be taken for one with few holidays.
// Every fault is named by its line; all of them are in the error.
func ParseCalendar(version string, text []byte) (*Calendar, error) {
	sum := sha256.Sum256(text)
	c := &Calendar{version: version, hash: hex.EncodeToString(sum[:])}
	for i := range c.holidays {
		c.holidays[i] = map[Date]string{}
	}
	faults := c.read(text)
	for division := range divisions {
		faults = append(faults, c.span(division)...)
	}
	if c.last[england] == 0 {
		faults = append(faults, errors.New("there is no holiday of england-and-wales"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if first, last := c.Covered(AnyOfUK); first > 0 {
		c.ukFrom, c.ukTo = NewDate(first, time.January, 1), NewDate(last+1, time.January, 1)
	}
	for i, set := range [2]Holidays{EnglandAndWales, AnyOfUK} {
		c.table[i] = make([]bool, tableTo-tableFrom)
		for d := tableFrom; d < tableTo; d++ {
			_, holiday := c.holiday(set, d)
			c.table[i][d-tableFrom] = !weekend(d) && !holiday
		}
	}
	return c, nil
}

func (c *Calendar) read(text []byte) (faults []error) {
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	rows.FieldsPerRecord = 4
	header := true
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return faults
		}
		if err != nil {
			return append(faults, err)
		}
		line, _ := rows.FieldPos(0)
		if header {
			if !slices.Equal(row, []string{"date", "division", "title", "substitute"}) {
				return append(faults, errors.New("line 1: the columns are date,division,title,substitute"))
			}
			header = false
			continue
		}
		if err := c.add(row); err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", line, err))
		}
	}
}

func (c *Calendar) add(row []string) error {
	day, err := ParseDate(row[0])
	if err != nil {
		return err
	}
	division := slices.Index(divisions[:], row[1])
	if division < 0 {
		return fmt.Errorf("the division is one of %s", strings.Join(divisions[:], ", "))
	}
	if row[2] == "" {
		return errors.New("the holiday has a title")
	}
	if row[3] != "true" && row[3] != "false" {
		return errors.New("substitute is true or false")
	}
	if _, twice := c.holidays[division][day]; twice {
		return fmt.Errorf("%s stands twice for %s", day, divisions[division])
	}
	c.holidays[division][day] = row[2]
	year := day.Year()
	if c.first[division] == 0 || year < c.first[division] {
		c.first[division] = year
	}
	c.last[division] = max(c.last[division], year)
	return nil
}

// span asks that a division has its holidays from the New Year to Christmas of each of its years.
func (c *Calendar) span(division int) (faults []error) {
	months := map[[2]int]bool{}
	for day := range c.holidays[division] {
		year, month, _ := day.Civil()
		months[[2]int{year, int(month)}] = true
	}
	if c.last[division]-c.first[division] > len(c.holidays[division]) {
		return []error{fmt.Errorf("%s: there are years without holidays", divisions[division])}
	}
	for year := c.first[division]; year <= c.last[division] && year > 0; year++ {
		if !months[[2]int{year, 1}] || !months[[2]int{year, 12}] {
			faults = append(faults, fmt.Errorf("%s: the holidays of %d are not complete", divisions[division], year))
		}
	}
	return faults
}

// Version returns the name under which the calendar was adopted.
func (c *Calendar) Version() string { return c.version }

// Hash returns the SHA-256 of the calendar's file in hexadecimal.
func (c *Calendar) Hash() string { return c.hash }

// Covered returns the years for which a set was published, both included; 0 and 0 for none. England and Wales can be
// computed beyond them.
func (c *Calendar) Covered(set Holidays) (first, last int) {
	first, last = c.first[england], c.last[england]
	if set == AnyOfUK {
		first, last = max(first, c.first[scotland], c.first[northernIreland]), min(last, c.last[scotland], c.last[northernIreland])
		if c.first[scotland] == 0 || c.first[northernIreland] == 0 || first > last {
			return 0, 0
		}
	}
	return first, last
}

// WithClosures returns the calendar with the days on which the council is closed. They stay working days; only the
// procedures that exclude them skip them.
func (c *Calendar) WithClosures(days []Date) *Calendar {
	d := *c
	d.closures = slices.Sorted(slices.Values(days))
	return &d
}

// Replacing returns the calendar as the successor of an older one. What stopped before the given instant keeps the older
// calendar (CA-15).
func (c *Calendar) Replacing(older *Calendar, since time.Time) *Calendar {
	d := *c
	d.older, d.since = older, since
	return &d
}

// AsOf returns the calendar that was in force at an instant: this one, or one that it replaced.
func (c *Calendar) AsOf(t time.Time) *Calendar {
	for c.older != nil && t.Before(c.since) {
		c = c.older
	}
	return c
}

// Day tells about one day in a set of holidays. Outside the published years of [AnyOfUK] the error is a [*CoverageError].
func (c *Calendar) Day(set Holidays, d Date) (Day, error) {
	if set == AnyOfUK && (d < c.ukFrom || d >= c.ukTo) {
		first, last := c.Covered(AnyOfUK)
		return Day{}, &CoverageError{Day: d, First: first, Last: last}
	}
	derived := set != AnyOfUK && !c.published(england, d.Year())
	if weekend(d) {
		return Day{Why: d.Weekday().String(), Derived: derived}, nil
	}
	title, holiday := c.holiday(set, d)
	return Day{Working: !holiday, Why: title, Derived: derived}, nil
}

// WorkingDay reports whether a day is a working day in England and Wales. Closure days are working days.
func (c *Calendar) WorkingDay(d Date) bool {
	working, _ := c.works(EnglandAndWales, d)
	return working
}

// AddWorkingDays returns the n-th working day of England and Wales after a day, or before it when n is negative.
func (c *Calendar) AddWorkingDays(d Date, n int) Date {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		if d = d.AddDays(step); c.WorkingDay(d) {
			n--
		}
	}
	return d
}

// WorkingDaysBetween counts the working days of England and Wales after the first day, up to and including the last.
func (c *Calendar) WorkingDaysBetween(first, last Date) int {
	n := 0
	for d := first + 1; d <= last; d++ {
		if c.WorkingDay(d) {
			n++
		}
	}
	return n
}

// Closed reports whether the council is closed on a day.
func (c *Calendar) Closed(d Date) bool {
	_, closed := slices.BinarySearch(c.closures, d)
	return closed
}

// works is Day without its reasons, from the table where there is one.
func (c *Calendar) works(set Holidays, d Date) (bool, error) {
	inTable := tableFrom <= d && d < tableTo
	switch {
	case inTable && set != AnyOfUK:
		return c.table[0][d-tableFrom], nil
	case inTable && c.ukFrom <= d && d < c.ukTo:
		return c.table[1][d-tableFrom], nil
	}
	day, err := c.Day(set, d)
	return day.Working, err
}

func (c *Calendar) published(division, year int) bool {
	return c.first[division] != 0 && c.first[division] <= year && year <= c.last[division]
}

// holiday returns the title of a holiday of a set, and whether the day is one.
func (c *Calendar) holiday(set Holidays, d Date) (string, bool) {
	if set != AnyOfUK {
		if !c.published(england, d.Year()) {
			return derivedHoliday(d)
		}
		title, is := c.holidays[england][d]
		return title, is
	}
	for division := range divisions {
		if title, is := c.holidays[division][d]; is {
			if division != england {
				title += " (" + divisionNames[division] + ")"
			}
			return title, true
		}
	}
	return "", false
}

func weekend(d Date) bool {
	w := d.Weekday()
	return w == time.Saturday || w == time.Sunday
}
