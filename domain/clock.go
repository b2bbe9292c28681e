package domain

import (
	"time"

	"redress/domain/procedure"
)

// ClockState is how a clock stands.
type ClockState string

// The states.
const (
	ClockProvisional ClockState = "provisional" // its start event has not happened; the date is for alerts only
	ClockRunning     ClockState = "running"
	ClockPaused      ClockState = "paused"
	ClockOverdue     ClockState = "overdue"    // still running after its due instant
	ClockMet         ClockState = "met"        // stopped in time
	ClockMissed      ClockState = "missed"     // stopped or ended late
	ClockVoid        ClockState = "void"       // ended in time by the end of the case or of an informal stage
	ClockSuperseded  ClockState = "superseded" // ended in time by the next stage
	ClockUnknown     ClockState = "unknown"    // ended without a date to judge it by, as imported cases often are
)

// Values returns the closed list of states.
func (ClockState) Values() []string {
	return []string{"provisional", "running", "paused", "overdue", "met", "missed", "void", "superseded", "unknown"}
}

// Clock is one clock of a case. All but State follows from the case's history, the procedure and the calendar; State is
// [Clock.StateAt] of the moment that was asked about, so a clock that was stored can be judged again later.
type Clock struct {
	ID    string         `json:"id"` // as in s1.ack, or all.statutory for a clock of the whole case
	Stage string         `json:"stage,omitzero"`
	Class string         `json:"class"` // obligation, target, guard or window
	Basis string         `json:"basis"`
	Unit  procedure.Unit `json:"unit"`
	State ClockState     `json:"state"`

	StartedAt  time.Time `json:"started_at,omitzero"` // zero while provisional
	Day0       Date      `json:"day0,omitzero"`       // the day from which it is counted
	Due        Date      `json:"due,omitzero"`        // the last day in time; zero while a pause keeps it open
	DueInstant time.Time `json:"due_instant,omitzero"`
	// OriginalDue and OriginalInstant are the due date as if it had never been extended.
	OriginalDue     Date      `json:"original_due,omitzero"`
	OriginalInstant time.Time `json:"original_instant,omitzero"`
	StoppedAt       time.Time `json:"stopped_at,omitzero"` // when it was stopped or ended

	Extended    int    `json:"extended,omitzero"`     // how often
	PausedDays  int    `json:"paused_days,omitzero"`  // civil days between day 0 and the due date that a pause covers
	WorkingDays int    `json:"working_days,omitzero"` // used until it stopped, without paused days
	Calendar    string `json:"calendar"`              // the hash of the calendar by which it was computed
	// Assumed is set where the due date is counted from a date on which the start event was due, because it had not
	// happened: while the clock is provisional, and for ever where it stopped without.
	Assumed bool `json:"assumed,omitzero"`
	// PausedFrom is the first day of the pause that keeps the due date open, DaysLeft what was left to count then.
	PausedFrom Date `json:"paused_from,omitzero"`
	DaysLeft   int  `json:"days_left,omitzero"`
	// Final is the state for ever, once the clock was stopped or ended. AtDue is the state from the due instant on, for a
	// clock that is judged then by what is outstanding.
	Final ClockState `json:"final,omitzero"`
	AtDue ClockState `json:"at_due,omitzero"`
	// Problem says why no due date could be computed, such as CALENDAR_COVERAGE.
	Problem string `json:"problem,omitzero"`
}

// StateAt returns the clock's state at a moment after everything that it was computed from.
func (c *Clock) StateAt(t time.Time) ClockState {
	switch {
	case c.Final != "":
		return c.Final
	case c.Assumed:
		return ClockProvisional
	case !c.PausedFrom.IsZero() && DateOf(t) >= c.PausedFrom:
		return ClockPaused
	case c.DueInstant.IsZero() || t.Before(c.DueInstant):
		return ClockRunning
	case c.AtDue != "":
		return c.AtDue
	}
	return ClockOverdue
}

// Open reports whether the clock can still be met or missed at a moment.
func (c *Clock) Open(t time.Time) bool {
	switch c.StateAt(t) {
	case ClockProvisional, ClockRunning, ClockPaused, ClockOverdue:
		return true
	}
	return false
}

// OverdueBy reports whether the due instant had passed at a moment while the clock was running.
func (c *Clock) OverdueBy(t time.Time) bool {
	return !c.Assumed && !c.DueInstant.IsZero() && !t.Before(c.DueInstant) && (c.StoppedAt.IsZero() || c.StoppedAt.After(t))
}

// Clocks returns all clocks of a case as they stand at a moment, in the order of the procedure: those of the whole case
// first. A clock that does not exist yet is left out. The history holds what is to be taken into account; at only judges.
func Clocks(p *procedure.Procedure, calendar *Calendar, h History, at time.Time) []Clock {
	e := engine{p: p, calendar: calendar, h: &h}
	clocks := e.all()
	for i := range clocks {
		clocks[i].State = clocks[i].StateAt(at)
	}
	return clocks
}
