// Package process issues what process managers owe: commands that follow from time and from earlier events, with the
// actor `system`, while nobody is logged in.
//
// What is owed is decided by [domain.Owed] from the case's own stream; an index only says which cases to look at, and may
// be behind. The command's id is derived from case, rule and due instant: a duty that is issued twice, after a crash or
// by two processes at once, appends once. What was due while nobody ran is issued late, and its event keeps the instant at
// which it was due.
package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/commands"
	"redress/domain"
)

// Candidates says which cases to look at: those in which one of the clocks has run out by a moment, as clock ids like
// pre.resolve, and those that were closed since the other moment; zero = none of these. More than these is harmless.
type Candidates func(ctx context.Context, clocks []string, by, closedSince time.Time) ([]uuid.UUID, error)

// Manager issues duties. Its fields are set before it is used.
type Manager struct {
	Handler    *commands.Handler
	Candidates Candidates
	Log        *slog.Logger
	Surveys    bool // whether surveys are wanted: there is a way to send them
	// Now is the clock; nil means the machine's.
	Now func() time.Time

	looked time.Time // the moment of the last whole look
}

// Duty is what is owed on one case.
type Duty struct {
	Case uuid.UUID
	domain.Duty
}

// back is how far behind the last look closings are looked at again: they are often recorded days after they happened,
// and what follows from them comes days later.
const back = 60 * 24 * time.Hour

// Owed returns what is owed at a moment, in the order in which it was due.
func (m *Manager) Owed(ctx context.Context, at time.Time) ([]Duty, error) {
	config, err := m.Handler.Config(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := m.Candidates(ctx, formalising(config), at, m.closedSince())
	if err != nil {
		return nil, fmt.Errorf("find the cases to look at: %w", err)
	}
	var owed []Duty
	for _, id := range ids {
		duties, err := m.owedOn(ctx, id, config, at)
		if err != nil {
			return nil, err
		}
		owed = append(owed, duties...)
	}
	m.looked = at
	slices.SortStableFunc(owed, func(a, b Duty) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Case.String(), b.Case.String()))
	})
	return owed, nil
}

// owedOn returns what is owed on one case.
func (m *Manager) owedOn(ctx context.Context, id uuid.UUID, config *domain.Config, at time.Time) ([]Duty, error) {
	c, err := m.Handler.Case(ctx, id)
	if err != nil || c == nil {
		return nil, err
	}
	var complainant *domain.Person
	if m.Surveys && c.Complainant != nil {
		if complainant, err = m.Handler.Person(ctx, *c.Complainant); err != nil {
			return nil, err
		}
	}
	var owed []Duty
	for _, duty := range domain.Owed(c, complainant, config, m.Surveys, at) {
		owed = append(owed, Duty{id, duty})
	}
	return owed, nil
}

// closedSince is from when on closings are looked at: the first time from the beginning.
func (m *Manager) closedSince() time.Time {
	switch {
	case !m.Surveys:
		return time.Time{}
	case m.looked.IsZero():
		return time.Unix(0, 0)
	}
	return m.looked.Add(-back)
}

// formalising lists the clocks that make a case formal when they run out, in any procedure that is adopted.
func formalising(config *domain.Config) []string {
	var clocks []string
	for _, p := range config.Procedures() {
		for i := range p.Stages {
			stage := &p.Stages[i]
			for j := range stage.Clocks {
				id := stage.ID + "." + stage.Clocks[j].ID
				if domain.Formalises(&stage.Clocks[j]) && !slices.Contains(clocks, id) {
					clocks = append(clocks, id)
				}
			}
		}
	}
	return clocks
}

// Issue issues one duty. One that was issued before appends nothing.
func (m *Manager) Issue(ctx context.Context, d Duty) error {
	body, err := json.Marshal(d.Fields, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = m.Handler.Do(ctx, commands.Request{
		Command: d.Command, Case: d.Case.String(), Body: body, Key: d.Rule + " " + d.Due.UTC().Format(time.RFC3339Nano),
		Actor: domain.Actor{ID: "system"}, WayIn: domain.ViaProcess, At: d.Due, CausationID: d.Cause,
	})
	return err
}

// Step issues what is owed at a moment and returns how much that was. A refusal is logged and is no error: it was decided
// on the case as it stands, and is asked for again at the next step.
func (m *Manager) Step(ctx context.Context, at time.Time) (int, error) {
	owed, err := m.Owed(ctx, at)
	if err != nil {
		return 0, err
	}
	issued := 0
	for _, duty := range owed {
		err := m.Issue(ctx, duty)
		if refused, ok := errors.AsType[*domain.Rejection](err); ok {
			m.Log.WarnContext(ctx, "a duty was refused", "case", duty.Case, "rule", duty.Rule, "due", duty.Due, "code", refused.Code)
			continue
		}
		if err != nil {
			return issued, fmt.Errorf("%s of case %s: %w", duty.Rule, duty.Case, err)
		}
		issued++
	}
	return issued, nil
}

// Run makes a step at once and then at every tick, until ctx ends or mine, which is asked before each step, says that
// another process has taken over. A step that fails is logged, and the next begins anew: what it had issued is owed no
// more.
func (m *Manager) Run(ctx context.Context, ticks <-chan time.Time, mine func(context.Context) error) error {
	for {
		if err := mine(ctx); err != nil {
			return err
		}
		issued, err := m.Step(ctx, m.now())
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			m.looked = time.Time{} // what it left out is found by looking at everything again
			m.Log.ErrorContext(ctx, "process managers", "error", err)
		case issued > 0:
			m.Log.InfoContext(ctx, "process managers", "issued", issued)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

func (m *Manager) now() time.Time {
	if m.Now == nil {
		return time.Now().UTC()
	}
	return m.Now().UTC()
}
