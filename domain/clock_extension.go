package domain

import (
	"strings"
	"time"

	"redress/domain/procedure"
)

// ExtensionLimits says how far a clock can be extended at a moment.
type ExtensionLimits struct {
	Clock  Clock             // as it stands
	Extend *procedure.Extend // what the procedure asks for; nil when the clock cannot be extended
	// Cap is the last day that the procedure's own limit allows, no date when it sets none; Kind says whether a good
	// reason and an approval may pass it (soft) or nothing may (hard).
	Cap  Date
	Kind string
	// Guard is the clock that may not be passed, and GuardDue the day on which that is due; no date while nothing holds.
	Guard    string
	GuardDue Date
}

// Extensible reports whether the clock can be extended at all as it stands: the procedure allows it, and the clock is
// neither stopped, paused nor provisional (CLOCK_NOT_EXTENDABLE).
func (l *ExtensionLimits) Extensible() bool {
	return l.Extend != nil && (l.Clock.State == ClockRunning || l.Clock.State == ClockOverdue) && !l.Clock.Due.IsZero()
}

// AfterDue reports whether the due date has passed, so that an extension comes too late (EXT_AFTER_DUE).
func (l *ExtensionLimits) AfterDue() bool { return l.Clock.State == ClockOverdue }

// Later reports whether a day is later than the due date in force; what is not is EXT_NOT_LATER.
func (l *ExtensionLimits) Later(due Date) bool { return due > l.Clock.Due }

// OverHardCap reports whether a day lies past a limit that nothing may pass (EXT_OVER_CAP).
func (l *ExtensionLimits) OverHardCap(due Date) bool {
	return l.Kind == "hard" && !l.Cap.IsZero() && due > l.Cap
}

// OverSoftCap reports whether a day lies past a limit that a good reason may pass (EXT_OVER_SOFT_CAP).
func (l *ExtensionLimits) OverSoftCap(due Date) bool {
	return l.Kind == "soft" && !l.Cap.IsZero() && due > l.Cap
}

// PastGuard reports whether a day lies past the guard (EXT_PAST_GUARD).
func (l *ExtensionLimits) PastGuard(due Date) bool { return !l.GuardDue.IsZero() && due > l.GuardDue }

// LimitsOf returns the limits for extending a clock of a case at a moment. The result is false when the case has no such
// clock, and the error says why a limit could not be computed.
func LimitsOf(p *procedure.Procedure, calendar *Calendar, h History, clock string, at time.Time) (ExtensionLimits, bool, error) {
	stage, k := p.Clock(clock)
	if k == nil {
		return ExtensionLimits{}, false, nil
	}
	clocks := Clocks(p, calendar, h, at)
	current := clockNamed(clocks, clock)
	if current == nil {
		return ExtensionLimits{}, false, nil
	}
	l := ExtensionLimits{Clock: *current, Extend: k.Extend}
	if k.Extend == nil {
		return l, true, nil
	}
	l.Kind, l.Guard = k.Extend.CapKind, k.Extend.Guard
	if guard := clockNamed(clocks, l.Guard); guard != nil {
		l.GuardDue = guard.Due
	}
	if k.Extend.Cap == nil || current.StartedAt.IsZero() {
		return l, true, nil
	}
	e := engine{p: p, calendar: calendar, h: &h}
	start := e.start(stage, k, current.StoppedAt)
	longest := k.Capped()
	due, err := calendar.Due(period(p, longest), start.at, e.circumstances(calendar, longest, start, current.StoppedAt))
	l.Cap = due.Date
	return l, true, err
}

func clockNamed(clocks []Clock, id string) *Clock {
	for i := range clocks {
		if clocks[i].ID == id {
			return &clocks[i]
		}
	}
	return nil
}

func cutCap(name string) (string, bool) { return strings.CutSuffix(name, procedure.CapSuffix) }
