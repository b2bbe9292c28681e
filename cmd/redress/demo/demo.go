// Package demo invents one year of a council's complaints: a pure, seeded generator. It makes commands, never events, so
// that what it tells has gone through every rule of the domain like anything else. The same seed and end of the year
// give the same steps.
//
// The marginals follow published council figures: 78 % of responses in time, 56 % upheld wholly or in part, and of
// 429 stage one complaints 81 going to stage two and 7 to the Ombudsman.
package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"redress/domain"
)

// Options say how much is invented.
type Options struct {
	Seed       uint64
	Complaints int         // how many complaints; about 3,000 is a unitary council's year
	Until      domain.Date // the first day after the year
	Calendar   *domain.Calendar
}

// Step is one command at one moment. Steps come ordered by At; those of one case depend on each other in that order.
type Step struct {
	At       time.Time
	As       uuid.UUID // who acts; nil UUID: the operator, for the first grants
	Command  string
	Case     string // a label; the step that opens the case binds it
	Body     map[string]any
	Optional bool // a rule may refuse it without spoiling the story (an extension that came too late)
}

// Year is everything that the generator made up.
type Year struct {
	From  domain.Date
	Steps []Step
}

// Generate invents the year.
func Generate(o Options) Year {
	from, _ := o.Until.AddMonths(-12)
	g := &generator{
		random:   rand.New(rand.NewPCG(o.Seed, 0x5eed)),
		calendar: o.Calendar,
		from:     from,
		until:    o.Until,
	}
	g.council()
	for n := range o.Complaints {
		g.complaint(n)
	}
	slices.SortStableFunc(g.steps, func(a, b Step) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	end := o.Until.Midnight()
	g.steps = slices.DeleteFunc(g.steps, func(s Step) bool { return !s.At.Before(end) })
	return Year{From: g.from, Steps: g.steps}
}

// generator carries what the invention needs from step to step.
type generator struct {
	random      *rand.Rand
	calendar    *domain.Calendar
	from, until domain.Date
	staff       staff
	steps       []Step
}

// do adds a step.
func (g *generator) do(at time.Time, as uuid.UUID, command, label string, body map[string]any) {
	g.steps = append(g.steps, Step{At: at, As: as, Command: command, Case: label, Body: body})
}

// id derives a stable id from a name, so that the same year has the same people.
func id(format string, args ...any) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "demo:"+format, args...))
}

// chance is true with the probability given in per cent.
func (g *generator) chance(percent float64) bool { return g.random.Float64()*100 < percent }

// pick draws one of the weighted choices.
func pick[T any](g *generator, choices []weighted[T]) T {
	total := 0.0
	for _, choice := range choices {
		total += choice.weight
	}
	at := g.random.Float64() * total
	for _, choice := range choices {
		if at -= choice.weight; at < 0 {
			return choice.value
		}
	}
	return choices[len(choices)-1].value
}

// weighted is one choice of a distribution.
type weighted[T any] struct {
	value  T
	weight float64
}

// one draws one of the items, all alike.
func one[T any](g *generator, items []T) T { return items[g.random.IntN(len(items))] }
