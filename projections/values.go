package projections

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/domain"
)

// What follows turns domain values into column values. Absent ones are NULL.

func textOrNull[S ~string](s S) any {
	if s == "" {
		return nil
	}
	return string(s)
}

func idOrNull(id *uuid.UUID) any {
	if id == nil {
		return nil
	}
	return id.String()
}

// instant returns an instant as PostgreSQL keeps it, in microseconds.
func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Truncate(time.Microsecond)
}

// day returns a date as the midnight in UTC that pgx writes as that date.
func day(d domain.Date) any {
	if d.IsZero() {
		return nil
	}
	year, month, date := d.Civil()
	return time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
}

// dayOf returns the London date of an instant.
func dayOf(t time.Time) any { return day(domain.DateOf(t)) }

// document returns a JSON document; what is given can always be written.
func document(v any) (any, error) {
	text, err := json.Marshal(v, json.Deterministic(true))
	return string(text), err
}

// notKnown stands where a case has no ward.
const notKnown = "not known"

func ward(c *domain.Case) string {
	if c.Ward == "" {
		return notKnown
	}
	return string(c.Ward)
}

// counted reports whether reports count the case at all.
func counted(c *domain.Case) bool {
	return c.ClosedReason != domain.ReasonEnteredInError && c.ClosedReason != domain.ReasonDuplicate
}
