package domain

import (
	"fmt"
	"strings"
	"time"

	"redress/domain/procedure"
)

// Explanation is the receipt of a due date: where it comes from, and each day that was counted or skipped. It is written
// down by the reckoning itself while it goes on.
type Explanation struct {
	Clock         string `json:"clock"`
	Class         string `json:"class"`
	Basis         string `json:"basis"`
	Source        string `json:"source"`    // where the rule stands
	Procedure     string `json:"procedure"` // id@version
	ProcedureHash string `json:"procedure_hash"`
	Calendar      string `json:"calendar"` // its version
	CalendarHash  string `json:"calendar_hash"`
	Holidays      string `json:"holidays"` // ew or uk-any
	Rule          string `json:"rule"`     // in words

	StartEvent string    `json:"start_event"` // with its stage and kind
	StartField string    `json:"start_field,omitzero"`
	StartedAt  time.Time `json:"started_at,omitzero"` // zero while provisional
	Day0       Date      `json:"day0,omitzero"`

	Days       []CountedDay         `json:"days"` // of the original due date
	Pauses     []Pause              `json:"pauses"`
	Extensions []ExplainedExtension `json:"extensions"`

	State       ClockState `json:"state"`
	OriginalDue Date       `json:"original_due,omitzero"`
	Due         Date       `json:"due,omitzero"`
	DueInstant  time.Time  `json:"due_instant,omitzero"`
	DaysLeft    int        `json:"days_left,omitzero"` // while a pause keeps the due date open
	StoppedAt   time.Time  `json:"stopped_at,omitzero"`
	// Derived is set where a counted day lies outside the published holidays, so that they follow from rules.
	Derived bool   `json:"derived,omitzero"`
	Problem string `json:"problem,omitzero"`
}

// ExplainedExtension is one extension and what became of it.
type ExplainedExtension struct {
	Recorded time.Time `json:"recorded"`
	OldDue   Date      `json:"old_due"`
	NewDue   Date      `json:"new_due"`          // as it was given
	NowDue   Date      `json:"now_due,omitzero"` // with the pauses that came later
	// Days is the reckoning of NowDue; empty where no pause came later, so that the date stands as it was given.
	Days []CountedDay `json:"days,omitempty"`
}

// Explain tells how a clock of a case came to its due date, as it stands at a moment. The result is false when the case
// has no such clock.
func Explain(p *procedure.Procedure, calendar *Calendar, h History, clock string, at time.Time) (Explanation, bool) {
	stage, k := p.Clock(clock)
	if k == nil {
		return Explanation{}, false
	}
	x := Explanation{Days: []CountedDay{}, Pauses: []Pause{}, Extensions: []ExplainedExtension{}}
	e := engine{p: p, calendar: calendar, h: &h, explain: &x}
	if stage != nil {
		if _, entered := e.entry(stage.ID); !entered && !e.answeredUnasked(stage) {
			return Explanation{}, false
		}
	}
	c, exists := e.clock(stage, k)
	if !exists {
		return Explanation{}, false
	}
	if x.Clock == "" {
		x.begin(p, &c, k, beginning{ref: k.Starts.Events()[0]}, calendar)
	}
	x.State, x.StoppedAt, x.Problem = c.StateAt(at), c.StoppedAt, c.Problem
	return x, true
}

// ExplainFrom tells what a clock's due date would be if its start event happened at a moment, for a procedure as it
// stands and no case. With [procedure.CapSuffix] behind its name it is the extended limit; limit is the time within which
// a matter must be raised.
func ExplainFrom(p *procedure.Procedure, calendar *Calendar, clock string, start time.Time) (Explanation, error) {
	stage, k, err := clockOrCap(p, clock)
	if err != nil {
		return Explanation{}, err
	}
	x := Explanation{Days: []CountedDay{}, Pauses: []Pause{}, Extensions: []ExplainedExtension{}}
	e := engine{p: p, calendar: calendar, h: &History{}, explain: &x}
	c := Clock{ID: clock, Class: k.Class, Basis: k.Basis, Unit: k.Unit, StartedAt: start}
	e.compute(&c, stage, k, beginning{ref: k.Starts.Events()[0], at: start})
	x.State, x.Problem = c.StateAt(start), c.Problem
	return x, nil
}

// clockOrCap finds a clock by its name; behind the name of its cap, it has the cap's length.
func clockOrCap(p *procedure.Procedure, name string) (*procedure.Stage, *procedure.Clock, error) {
	plain, capped := cutCap(name)
	stage, k := p.Clock(plain)
	switch l := p.TimeLimit; {
	case l != nil && name == l.ID:
		start := procedure.Starts{Event: strings.Join(l.Starts.FirstOf, " or ")}
		return nil, &procedure.Clock{ID: l.ID, Class: "time limit", Starts: start, Length: l.Length, Unit: l.Unit, From: l.From, Roll: l.Roll, Basis: l.Basis, Source: l.Source}, nil
	case k == nil:
		return nil, nil, fmt.Errorf("%s has no clock %s, but: %s", p.Key(), plain, strings.Join(clockNames(p), ", "))
	case !capped:
		return stage, k, nil
	case k.Extend == nil || k.Extend.Cap == nil:
		return nil, nil, fmt.Errorf("%s of %s has no limit of extension", plain, p.Key())
	}
	return stage, k.Capped(), nil
}

// clockNames returns the names of a procedure's clocks, the time limit for raising a matter among them.
func clockNames(p *procedure.Procedure) (names []string) {
	if p.TimeLimit != nil {
		names = append(names, p.TimeLimit.ID)
	}
	for _, k := range p.CaseClocks {
		names = append(names, procedure.CaseScope+"."+k.ID)
	}
	for _, stage := range p.Stages {
		for _, k := range stage.Clocks {
			names = append(names, stage.ID+"."+k.ID)
		}
	}
	return names
}

func (x *Explanation) begin(p *procedure.Procedure, c *Clock, k *procedure.Clock, start beginning, calendar *Calendar) {
	x.Clock, x.Class, x.Basis, x.Source = c.ID, k.Class, k.Basis, k.Source
	x.Procedure, x.ProcedureHash = p.Key(), p.Hash()
	x.Calendar, x.CalendarHash, x.Holidays = calendar.Version(), calendar.Hash(), p.Calendar
	x.Rule = inWords(k)
	x.StartEvent, x.StartField, x.StartedAt = start.ref.Event, start.ref.At, start.at
	if start.ref.Kind != "" {
		x.StartEvent += " (" + start.ref.Kind + ")"
	}
	if start.ref.Stage != "" {
		x.StartEvent += " of " + start.ref.Stage
	}
	if start.at.IsZero() && start.ref.ProvisionalFrom != "" {
		x.StartEvent += ", assumed on the day on which it is due (" + start.ref.ProvisionalFrom + ")"
	}
}

func (x *Explanation) end(c *Clock, due Due, count *counter) {
	x.Pauses = append(x.Pauses, count.with.Pauses...)
	for _, d := range x.Days {
		day, err := count.calendar.Day(count.period.Set, d.Date)
		x.Derived = x.Derived || err == nil && day.Derived && count.countsHolidays()
	}
	x.Day0, x.OriginalDue = due.Day0, c.OriginalDue
	x.Due, x.DueInstant, x.DaysLeft = due.Date, due.Instant, due.DaysLeft
}

var unitNames = map[procedure.Unit][2]string{
	procedure.WorkingDays: {"working day", "working days"},
	procedure.Days:        {"day", "days"},
	procedure.Weeks:       {"week", "weeks"},
	procedure.Months:      {"month", "months"},
	procedure.Hours:       {"hour", "hours"},
}

// inWords says a clock's length as a person would.
func inWords(k *procedure.Clock) string {
	names := unitNames[k.Unit]
	unit := names[1]
	if k.Length == 1 {
		unit = names[0]
	}
	switch {
	case k.Unit == procedure.Hours && k.HoursBasis == procedure.WorkingHours:
		return fmt.Sprintf("%d %s of working days, from the moment itself", k.Length, unit)
	case k.Unit == procedure.Hours:
		return fmt.Sprintf("%d %s, from the moment itself", k.Length, unit)
	}
	from := "after the day of the start event"
	if k.From == procedure.SameDay {
		from = "beginning with the day of the start event"
	}
	words := fmt.Sprintf("%d %s %s", k.Length, unit, from)
	if k.Roll == procedure.RollToNext {
		words += "; a due date that is no working day moves to the next"
	}
	return words
}
