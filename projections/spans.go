package projections

import (
	"iter"
	"strings"
	"time"

	"redress/domain"
)

// Spans are the times during which a case was not closed, and was suspended. From them a
// report knows how a case stood at the end of a past period.
type Spans struct {
	Open, Suspended []Span
}

// Span is a time from From up to, not including, To. A zero To: it goes on.
type Span struct{ From, To time.Time }

// turn notes that an event which happened at a moment led from one status to another.
func (s *Spans) turn(from, to domain.Status, at time.Time) {
	if from == to {
		return
	}
	wasOpen, isOpen := from != "" && from != domain.StatusClosed, to != "" && to != domain.StatusClosed
	s.Open = flip(s.Open, wasOpen, isOpen, at)
	s.Suspended = flip(s.Suspended, from == domain.StatusSuspended, to == domain.StatusSuspended, at)
}

func flip(spans []Span, was, is bool, at time.Time) []Span {
	switch {
	case is && !was:
		return append(spans, Span{From: at})
	case was && !is:
		spans[len(spans)-1].To = at
	}
	return spans
}

// ranges are spans as a column's value, tstzmultirange. What begins and ends at the same
// moment, or ends before it begins (an event may be recorded with an earlier date), is
// empty and left out.
type ranges []Span

// whole yields the spans that are not empty.
func (r ranges) whole() iter.Seq[Span] {
	return func(yield func(Span) bool) {
		for _, s := range r {
			if (s.To.IsZero() || s.To.After(s.From)) && !yield(s) {
				return
			}
		}
	}
}

// text writes the ranges as PostgreSQL reads them: pgx knows no array of this type.
func (r ranges) text() string {
	list := make([]string, 0, len(r))
	for s := range r.whole() {
		from, to := s.From.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano), ""
		if !s.To.IsZero() {
			to = s.To.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
		}
		list = append(list, "["+from+","+to+")")
	}
	return "{" + strings.Join(list, ",") + "}"
}
