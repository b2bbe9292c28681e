package queries_test

import (
	"strings"
	"testing"

	"redress/domain"
	"redress/projections/readtest"
	"redress/queries"
)

// tally counts measures one case at a time, from the folds and the clock engine, without
// tables and without SQL.
type tally struct {
	from, to domain.Date
	figures  map[string][2]int64 // numerator and denominator
}

func (n *tally) in(d domain.Date) bool { return d >= n.from && d < n.to && !d.IsZero() }

func (n *tally) add(id string, hit bool) {
	f := n.figures[id]
	f[1]++
	if hit {
		f[0]++
	}
	n.figures[id] = f
}

func (n *tally) count(id string, by int64) {
	f := n.figures[id]
	f[0] += by
	n.figures[id] = f
}

func (n *tally) take(c *domain.Case, clocks []domain.Clock) {
	if c.ClosedReason == domain.ReasonDuplicate || c.ClosedReason == domain.ReasonEnteredInError {
		return
	}
	if n.in(domain.DateOf(c.ReceivedAt)) {
		n.count("P01", 1)
		f := n.figures["P22"]
		f[1]++
		n.figures["P22"] = f
	}
	if n.in(domain.DateOf(c.WithdrawnAt)) {
		n.count("P22", 1)
	}
	for i := range c.Remedies {
		if r := &c.Remedies[i]; n.in(domain.DateOf(r.FirstOffer)) {
			n.count("P23.offered", 1)
			n.count("P23.money_offered", int64(r.Amount))
			n.count("P23.money_paid", int64(r.Paid))
		}
	}
	for i := range c.Stages {
		n.stage(c, &c.Stages[i], i, clocks)
	}
}

func (n *tally) stage(c *domain.Case, s *domain.StageRecord, i int, clocks []domain.Clock) {
	if n.in(domain.DateOf(s.EnteredAt)) {
		n.count("P04", 1)
	}
	answered := n.in(domain.DateOf(s.RespondedAt))
	if answered && s.Stage == "s1" {
		next := i+1 < len(c.Stages) && c.Stages[i+1].Ground != ""
		n.add("P05", next && !c.Stages[i+1].EnteredAt.Before(s.RespondedAt))
	}
	if answered {
		n.add("P16.upheld", s.Outcome == "upheld")
		if s.Outcome != domain.OutcomeNoFinding {
			n.add("P17", s.Outcome == "upheld" || s.Outcome == "partly_upheld")
		}
	}
	for _, k := range clocks {
		judged := k.State == domain.ClockMet || k.State == domain.ClockMissed
		switch {
		case k.Stage != string(s.Stage):
		case strings.HasSuffix(k.ID, ".ack"):
			if n.in(k.Due) && (judged || k.State == domain.ClockOverdue) {
				n.add("P06", k.State == domain.ClockMet)
			}
		case strings.HasSuffix(k.ID, ".response") && answered && judged:
			n.add("P07", k.State == domain.ClockMet)
			n.add("P09", k.State == domain.ClockMet && !s.RespondedAt.Before(k.OriginalInstant))
			n.add("P10", k.Extended > 0)
		}
	}
}

func TestMeasuresAgainstANaiveCount(t *testing.T) {
	c, q := council(t, 11, 120)
	config := domain.NewConfig()
	for r, err := range c.Store.Read(t.Context(), domain.ConfigStream(readtest.Tenant), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if err := config.Apply(r.Recorded); err != nil {
			t.Fatal(err)
		}
	}
	for _, period := range [][2]domain.Date{
		{domain.NewDate(2000, 1, 1), domain.NewDate(2100, 1, 1)},
		{domain.NewDate(2024, 10, 1), domain.NewDate(2025, 1, 1)},
		{domain.NewDate(2025, 3, 1), domain.NewDate(2025, 4, 1)},
		{domain.NewDate(2025, 4, 1), domain.NewDate(2026, 4, 1)},
	} {
		n := &tally{from: period[0], to: period[1], figures: map[string][2]int64{}}
		for i := range 120 {
			folded := new(domain.Case)
			for r, err := range c.Store.Read(t.Context(), domain.CaseStream(readtest.CaseID(11, i)), 0) {
				if err != nil {
					t.Fatal(err)
				}
				if err := folded.Apply(r.Recorded); err != nil {
					t.Fatal(err)
				}
			}
			p := config.Procedure(folded.Procedure())
			n.take(folded, domain.Clocks(p, config.Calendar(), folded.History(), now))
		}
		r := report(t, q, queries.Parameters{From: period[0], To: period[1]})
		seen := 0
		for _, m := range r.Measures {
			want, ok := n.figures[m.ID]
			if !ok {
				continue
			}
			seen++
			if m.Numerator == nil || *m.Numerator != want[0] || m.Denominator != nil && *m.Denominator != want[1] {
				t.Errorf("%s to %s, %s: %s of %v; counted %v", period[0], period[1], m.ID, m.Value, fraction(m.Figure), want)
			}
		}
		if seen < 10 {
			t.Errorf("%s to %s: only %d measures could be compared", period[0], period[1], seen)
		}
	}
}

func fraction(f queries.Figure) (both [2]int64) {
	if f.Numerator != nil {
		both[0] = *f.Numerator
	}
	if f.Denominator != nil {
		both[1] = *f.Denominator
	}
	return both
}
