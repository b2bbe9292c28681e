package legacy

import (
	"errors"
	"time"
)

var (
	errNoMoment = errors.New("is no date of the mapping's format, or no such day")
	errNoYear   = errors.New("lies before 1900 or after 2199, which nothing in a council's files does")
)

// moment reads a local time of the source. The hour that an autumn night has twice is read as the first one; odd tells
// that this was so, or that the time does not exist because the clocks were put forward.
func (m *Mapping) moment(text string) (at time.Time, odd bool, err error) {
	at, err = time.ParseInLocation(m.dates, text, m.zone)
	if err != nil {
		return at, false, errNoMoment
	}
	if at.Year() < 1900 || at.Year() > 2199 {
		return at, false, errNoYear
	}
	wall := at.Format(time.DateTime)
	if earlier := at.Add(-time.Hour); earlier.Format(time.DateTime) == wall {
		return earlier.UTC(), true, nil
	}
	twice := at.Add(time.Hour).Format(time.DateTime) == wall
	stated, err := time.Parse(m.dates, text)
	return at.UTC(), twice || stated.Format(time.DateTime) != wall, err
}
