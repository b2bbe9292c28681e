package domain

import (
	"time"

	"redress/domain/procedure"
)

// dueAfter returns when the response of a stage is due if it is acknowledged at the given moment, or no date where no
// clock says so.
func dueAfter(ctx Context, p *procedure.Procedure, stage Label, acknowledged time.Time) Date {
	h := ctx.Case.History()
	h.Moments = append(h.Moments, Moment{Event: "Acknowledged", Stage: string(stage), At: acknowledged})
	if response := responseClock(p, stage, Clocks(p, ctx.Config.Calendar(), h, acknowledged)); response != nil {
		return response.Due
	}
	return 0
}

// responseClock returns the clock of a stage that measures its answer, or nil.
func responseClock(p *procedure.Procedure, stage Label, clocks []Clock) *Clock {
	for i := range clocks {
		if clocks[i].Stage != string(stage) {
			continue
		}
		if _, rule := p.Clock(clocks[i].ID); rule != nil && rule.ForResponse() {
			return &clocks[i]
		}
	}
	return nil
}

// responseOverdue reports whether the answer of a stage was overdue at a moment; where its clock has not started, by the
// date that stands in for it.
func responseOverdue(ctx Context, p *procedure.Procedure, stage Label, at time.Time) bool {
	response := responseClock(p, stage, Clocks(p, ctx.Config.Calendar(), ctx.Case.History(), at))
	if response == nil || response.DueInstant.IsZero() || at.Before(response.DueInstant) {
		return false
	}
	return response.StoppedAt.IsZero() || response.StoppedAt.After(at)
}

// windowClosed reports whether the time to go on from a stage had passed at a moment. A window is a clock of the stage, or
// a length from its response.
func windowClosed(ctx Context, p *procedure.Procedure, record *StageRecord, next *procedure.Next, at time.Time) bool {
	window := next.Window
	if window == nil || record.RespondedAt.IsZero() {
		return false
	}
	calendar := ctx.Config.Calendar()
	if window.Clock != "" {
		name := string(record.Stage) + "." + window.Clock
		for _, clock := range Clocks(p, calendar, ctx.Case.History(), at) {
			if clock.ID == name {
				return clock.OverdueBy(at)
			}
		}
		return false
	}
	end := windowEnd(p, calendar, record, window)
	return !end.IsZero() && !at.Before(end)
}

// windowEnd returns the first instant at which it is too late to go on from a stage, where that is a length from its
// answer; zero where it cannot be computed.
func windowEnd(p *procedure.Procedure, calendar *Calendar, record *StageRecord, window *procedure.Window) time.Time {
	due, err := calendar.Due(Period{
		Length: window.Length, Unit: window.Unit, From: procedure.DayAfter, Roll: procedure.NoRoll, Set: Holidays(p.Calendar),
	}, record.RespondedAt, Circumstances{})
	if err != nil {
		return time.Time{}
	}
	return due.Instant
}
