package domain

import (
	"slices"
	"time"
)

// pause begins a pause of every clock that lists its kind. Of an import nobody can say when its beginning was recorded:
// it counts as known from its first day.
func (c *Case) pause(kind string, from Date, m *Metadata) {
	p := Pause{Kind: kind, From: from, Recorded: m.RecordedAt}
	if m.WayIn == ViaImport {
		p.Recorded = from.Midnight()
	}
	c.history.Pauses = append(c.history.Pauses, p)
}

// unpause ends the open pauses of a kind with a day that they still cover.
func (c *Case) unpause(kind string, last Date) {
	c.history.Pauses = slices.Clone(c.history.Pauses) // a copy of the case keeps its own
	for i := range c.history.Pauses {
		if p := &c.history.Pauses[i]; p.Kind == kind && p.To.IsZero() {
			p.To = max(p.From, last)
		}
	}
}

// atWork returns the stage in which the case goes on: its own, or with an ombudsman the one that it was in before.
func (c *Case) atWork() Label {
	if c.Stage == StageOmbudsman && len(c.Stages) > 0 {
		return c.Stages[len(c.Stages)-1].Stage
	}
	return c.Stage
}

// entered returns when the case came into the stage in which it goes on.
func (c *Case) entered() time.Time {
	if s := c.Record(c.atWork()); s != nil {
		return latest(c.ReceivedAt, s.EnteredAt)
	}
	return c.ReceivedAt
}

// investigating moves a case that is allocated one step on.
func (c *Case) investigating() {
	if c.Step == StepAllocated {
		c.Step = StepInvestigating
	}
}
