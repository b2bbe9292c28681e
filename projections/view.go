package projections

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"redress/domain"
	"redress/domain/procedure"
)

// view puts together what the models look at. A case whose procedure was never adopted
// cannot be judged.
func (f *fold) view(c *folded) (View, error) {
	p := f.config.Procedure(c.state.Procedure())
	if p == nil {
		return View{}, fmt.Errorf("procedure %s has not been adopted", c.state.Procedure())
	}
	if f.judge != nil {
		p = f.judge(c.state, p)
	}
	// The dates of a closed case keep the calendar that it was closed under; those of an
	// open one follow the newest.
	calendar := f.config.Calendar()
	if c.state.Status == domain.StatusClosed {
		calendar = f.calendarAt(c.position)
	}
	return View{
		Tenant: f.tenant, Case: c.state, Procedure: p, Adopted: f.config.Procedures(), Calendar: calendar, Settings: f.config.Settings,
		Spans: c.spans,
		// The moment is of no account: the models ask for Standing, never for State.
		Clocks:   domain.Clocks(p, calendar, c.state.History(), time.Time{}),
		Position: c.position, EventID: c.event,
	}, nil
}

// calendarAt returns the calendar that was known at a position of the log.
func (f *fold) calendarAt(position uint64) *domain.Calendar {
	later := sort.Search(len(f.calendars), func(i int) bool { return f.calendars[i].position > position })
	if later == 0 {
		return f.config.Calendar()
	}
	return f.calendars[later-1].calendar
}

// Standing is a clock's state without regard to the present: a clock that runs is running
// however late it is.
func Standing(k *domain.Clock) domain.ClockState {
	switch {
	case k.Final != "":
		return k.Final
	case k.Assumed:
		return domain.ClockProvisional
	case !k.PausedFrom.IsZero():
		return domain.ClockPaused
	}
	return domain.ClockRunning
}

// stage returns the procedure's stage, or that of the last adopted procedure that has one
// of this name, where the case has come from another; nil for an ombudsman.
func (v *View) stage(id domain.Label) *procedure.Stage {
	if s := v.Procedure.Stage(string(id)); s != nil {
		return s
	}
	for _, p := range slices.Backward(v.Adopted) {
		if s := p.Stage(string(id)); s != nil {
			return s
		}
	}
	return nil
}

// rule returns the procedure's rule for a clock, nil for one that it no longer has.
func (v *View) rule(k *domain.Clock) *procedure.Clock {
	_, rule := v.Procedure.Clock(k.ID)
	return rule
}

// answers reports whether a clock is the one for the answer of its stage: a promise, not a
// legal limit behind it or a time that others have.
func (v *View) answers(k *domain.Clock) bool {
	return v.promises(k) && v.stopsOn(k, "Responded", "ResolvedEarly")
}

// acknowledges reports whether a clock is the one for the acknowledgement of its stage.
func (v *View) acknowledges(k *domain.Clock) bool {
	return v.promises(k) && v.stopsOn(k, "Acknowledged")
}

func (v *View) promises(k *domain.Clock) bool {
	return k.Stage != "" && (k.Class == "obligation" || k.Class == "target")
}

func (v *View) stopsOn(k *domain.Clock, events ...string) bool {
	rule := v.rule(k)
	if rule == nil {
		return false
	}
	for _, stop := range rule.Stops.Events() {
		for _, event := range events {
			if stop.Event == event {
				return true
			}
		}
	}
	return false
}

// clock returns the clock of a kind for the case's n-th entry (from 0) into a stage, nil
// where there is none. Where fewer clocks than entries exist, they are the last entries'.
func (v *View) clock(stage domain.Label, n, entries int, is func(*domain.Clock) bool) *domain.Clock {
	var found []*domain.Clock
	for i := range v.Clocks {
		k := &v.Clocks[i]
		if k.Stage != string(stage) || !is(k) {
			continue
		}
		if len(found) == 0 || found[0].ID == k.ID { // of several rules the first
			found = append(found, k)
		}
	}
	at := n - (entries - len(found))
	if at < 0 || at >= len(found) {
		return nil
	}
	return found[at]
}
