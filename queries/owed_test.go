package queries_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
)

// Candidates are the cases with a clock that has run out, and those closed since a moment.
func TestCandidates(t *testing.T) {
	c, q := council(t, 5, 60)
	overdue, closed := []uuid.UUID{}, []uuid.UUID{}
	since := now.AddDate(0, -6, 0)
	cases := map[string]*domain.Case{}
	config := domain.NewConfig()
	for r, err := range c.Store.ReadAll(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case r.Stream == domain.ConfigStream(q.Tenant):
			err = config.Apply(r.Recorded)
		default:
			if cases[r.Stream] == nil {
				cases[r.Stream] = new(domain.Case)
			}
			err = cases[r.Stream].Apply(r.Recorded)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cases {
		for _, k := range domain.Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), now) {
			if k.ID == "s1.response" && k.State == domain.ClockOverdue {
				overdue = append(overdue, c.ID)
			}
		}
		if !c.ClosedAt.IsZero() && !c.ClosedAt.Before(since) {
			closed = append(closed, c.ID)
		}
	}
	ask := func(clocks []string, since time.Time, want []uuid.UUID) {
		t.Helper()
		got, err := q.Candidates(t.Context(), clocks, now, since)
		if err != nil {
			t.Fatal(err)
		}
		order := func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
		slices.SortFunc(got, order)
		slices.SortFunc(want, order)
		if !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%d cases, expected %d", len(got), len(want))
		}
	}
	ask([]string{"s1.response"}, time.Time{}, overdue)
	ask(nil, since, closed)
}
