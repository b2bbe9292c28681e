package domain

import (
	"slices"
	"strings"
	"time"

	"redress/domain/procedure"
)

// engine derives the clocks of one case. It asks no time: everything follows from the history.
type engine struct {
	p        *procedure.Procedure
	calendar *Calendar
	h        *History
	explain  *Explanation // of the clock that is asked about, or nil
}

// beginning is how a clock starts.
type beginning struct {
	ref procedure.EventRef // the event that counts
	at  time.Time          // zero when it has not happened
	// awaited is set where an event that applies to the case is still missing though others have happened.
	awaited bool
}

// finish is how a clock ends without being stopped.
type finish struct {
	at   time.Time
	next bool // by the next formal stage
}

// all returns the clocks of the case, then those of each stage in the order in which the case entered them.
func (e *engine) all() []Clock {
	var clocks []Clock
	add := func(stage *procedure.Stage, k *procedure.Clock) {
		if c, exists := e.clock(stage, k); exists {
			clocks = append(clocks, c)
		}
	}
	for i := range e.p.CaseClocks {
		add(nil, &e.p.CaseClocks[i])
	}
	for i := range e.p.Stages {
		stage := &e.p.Stages[i]
		if _, entered := e.entry(stage.ID); entered || e.answeredUnasked(stage) {
			for j := range stage.Clocks {
				add(stage, &stage.Clocks[j])
			}
		}
	}
	return clocks
}

// entry returns the place of the last way into a stage.
func (e *engine) entry(stage string) (int, bool) {
	for i := len(e.h.Entries) - 1; i >= 0; i-- {
		if e.h.Entries[i].Stage == stage {
			return i, true
		}
	}
	return 0, false
}

// answeredUnasked reports whether an imported case has an answer of a stage that nothing entered.
func (e *engine) answeredUnasked(stage *procedure.Stage) bool {
	return !e.h.ImportedAt.IsZero() && slices.ContainsFunc(e.h.Moments, func(m Moment) bool { return m.Stage == stage.ID })
}

// clock derives one clock. It does not exist when it is not for this case, or when nothing has started it and nothing
// says when it would start.
func (e *engine) clock(stage *procedure.Stage, k *procedure.Clock) (c Clock, exists bool) {
	if !k.ForKind(e.h.Kind) || k.OnlyIf != "" && !slices.Contains(e.h.Conditions, k.OnlyIf) {
		return Clock{}, false
	}
	c = Clock{ID: procedure.CaseScope + "." + k.ID, Class: k.Class, Basis: k.Basis, Unit: k.Unit}
	if stage != nil {
		c.ID, c.Stage = stage.ID+"."+k.ID, stage.ID
	}
	stopped, end := e.stop(stage, k), e.finish(stage)
	start := e.start(stage, k, stopped)
	if e.unknown(stage, k, start, stopped, end) {
		c.Final, c.Calendar, c.StoppedAt = ClockUnknown, e.calendar.Hash(), stopped
		return c, !start.at.IsZero() || k.Class != "window"
	}
	if !stopped.IsZero() && !end.at.IsZero() && stopped.After(end.at) {
		stopped = time.Time{} // it had ended before
	}
	if !stopped.IsZero() && start.at.After(stopped) {
		if k.Class == "window" {
			return Clock{}, false // what it waits for came before it could open
		}
		start.at = time.Time{}
	}
	if !end.at.IsZero() && stopped.IsZero() && (start.at.IsZero() || start.at.After(end.at)) {
		if start.at.IsZero() || end.next {
			return Clock{}, false // it never ran in the stage
		}
		end = finish{} // it began after the case was opened again
	}
	if start.at.IsZero() && !e.provisional(k) {
		return Clock{}, false
	}
	c.StartedAt, c.Assumed = start.at, start.at.IsZero() || start.awaited
	c.StoppedAt = stopped
	if stopped.IsZero() {
		c.StoppedAt = end.at
	}
	e.compute(&c, stage, k, start)
	e.judge(&c, k, stopped, end)
	return c, true
}

// provisional reports whether the clock is shown before its start event has happened.
func (e *engine) provisional(k *procedure.Clock) bool { return k.Starts.ProvisionalFrom != "" }

// assumedStart returns the day on which a clock's start event is due (CA-14), or no date.
func (e *engine) assumedStart(stage *procedure.Stage, k *procedure.Clock) Date {
	name, ok := strings.CutSuffix(k.Starts.ProvisionalFrom, ".due")
	if !ok || stage == nil {
		return 0
	}
	quiet := engine{p: e.p, calendar: e.calendar, h: e.h}
	before, _ := quiet.clock(stage, stage.Clock(name))
	return before.Due
}

// judge says how the clock stands for ever, if it does already.
func (e *engine) judge(c *Clock, k *procedure.Clock, stopped time.Time, end finish) {
	late := !c.StoppedAt.Before(c.DueInstant)
	switch {
	case k.Stops.Rule == procedure.NoResponseOutstanding:
		e.judgeAtDue(c, end)
	case c.StoppedAt.IsZero():
	case c.DueInstant.IsZero():
		c.Final = ClockUnknown // nothing to judge it by
	case !stopped.IsZero() && !late:
		c.Final = ClockMet
	case late:
		c.Final = ClockMissed
	case end.next:
		c.Final = ClockSuperseded
	default:
		c.Final = ClockVoid
	}
}

// judgeAtDue judges a clock that runs until its due instant and is then met unless an answer is outstanding (CA-16). The
// end of the case ends it earlier: met with every stage answered, else void.
func (e *engine) judgeAtDue(c *Clock, end finish) {
	if !c.DueInstant.IsZero() {
		c.AtDue = ClockMet
		if e.outstanding(c.DueInstant.Add(-time.Nanosecond)) {
			c.AtDue = ClockMissed
		}
	}
	switch {
	case end.at.IsZero():
	case !c.DueInstant.IsZero() && !end.at.Before(c.DueInstant):
		c.Final, c.StoppedAt = c.AtDue, c.DueInstant
	case e.outstanding(end.at):
		c.Final = ClockVoid
	default:
		c.Final = ClockMet
	}
}

// outstanding reports whether, just after a moment, a stage that the case is in owes an answer.
func (e *engine) outstanding(at time.Time) bool {
	for i, entry := range e.h.Entries {
		stage := e.p.Stage(entry.Stage)
		if stage == nil || entry.At.After(at) || !e.owesAnswer(stage) {
			continue
		}
		if next := e.onward(i); next != nil && !next.At.After(at) {
			continue
		}
		if answer := e.find(e.h.Moments, procedure.EventRef{Event: "Responded", Stage: stage.ID}, stage); answer == nil || answer.At.After(at) {
			return true
		}
	}
	return false
}

func (e *engine) owesAnswer(stage *procedure.Stage) bool {
	return slices.ContainsFunc(stage.Clocks, func(k procedure.Clock) bool { return k.ForResponse() && k.ForKind(e.h.Kind) })
}

// onward returns the first way from an entry on to another stage of the procedure, or nil. With an ombudsman a case goes
// on in the stage that it was in.
func (e *engine) onward(entry int) *StageEntry {
	for i := entry + 1; i < len(e.h.Entries); i++ {
		later := &e.h.Entries[i]
		if !later.At.IsZero() && later.Stage != e.h.Entries[entry].Stage && e.p.Stage(later.Stage) != nil {
			return later
		}
	}
	return nil
}

// finish returns what ends the open clocks of a stage, or of the case when stage is nil: the first ending of the case
// after the stage was entered, or the next stage if that came first in the stream.
func (e *engine) finish(stage *procedure.Stage) (end finish) {
	entry, from, next := 0, uint64(0), ^uint64(0)
	if stage != nil {
		var entered bool
		if entry, entered = e.entry(stage.ID); !entered {
			return finish{}
		}
		from = e.h.Entries[entry].Seq
		if later := e.onward(entry); later != nil {
			end, next = finish{at: later.At, next: !stage.Informal()}, later.Seq
		}
	}
	for _, over := range e.h.Endings {
		if over.Seq >= from && over.Seq < next {
			return finish{at: over.At}
		}
	}
	return end
}

// unknown reports whether an imported clock lacks a date that it needs: its start, or its stop although the stage was
// answered, left or closed before the import (§ 16 M8). The answer itself says nothing about what it starts.
func (e *engine) unknown(stage *procedure.Stage, k *procedure.Clock, start beginning, stopped time.Time, end finish) bool {
	if e.h.ImportedAt.IsZero() || k.Stops.Rule != "" && end.at.IsZero() {
		return false
	}
	past := func(t time.Time) bool { return !t.IsZero() && !t.After(e.h.ImportedAt) }
	over := past(end.at)
	if stage != nil && !over && !slices.ContainsFunc(k.Starts.Events(), func(r procedure.EventRef) bool { return r.Event == "Responded" }) {
		answer := e.find(e.h.Moments, procedure.EventRef{Event: "Responded", Stage: stage.ID}, stage)
		over = answer != nil && past(answer.At)
	}
	if k.Stops.Rule != "" {
		return over && e.outstanding(end.at)
	}
	return over && (start.at.IsZero() || stopped.IsZero())
}

// start finds what starts a clock: the one event, or the last of those that apply to the case (CA-12). A reset after it
// starts the clock anew (CA-11), unless the clock had stopped.
func (e *engine) start(stage *procedure.Stage, k *procedure.Clock, stopped time.Time) beginning {
	refs := k.Starts.Events()
	if len(refs) > 1 {
		return e.latestOf(e.h.moments(k), stage, refs)
	}
	b := beginning{ref: refs[0]}
	m := e.find(e.h.moments(k), refs[0], stage)
	if m == nil {
		return b
	}
	b.at = m.instant(refs[0].At)
	for _, r := range e.h.Resets {
		if k.ResetBy(r.Kind) && r.At.After(b.at) && (stopped.IsZero() || !r.At.After(stopped)) {
			b.at, b.ref = r.At, procedure.EventRef{Event: "InformationReceived", Kind: r.Kind, At: "received_at"}
		}
	}
	return b
}

// asks says which event asks for the one that a clock waits for: without the question, the answer does not apply.
var asks = map[string]string{"InformationReceived": "InformationRequested", "FeePaid": "FeeNoticeIssued"}

// latestOf finds the last of several events. One that was asked for and has not happened is awaited; meanwhile the clock
// is provisional from the last that did happen.
func (e *engine) latestOf(known []Moment, stage *procedure.Stage, refs []procedure.EventRef) (b beginning) {
	for _, ref := range refs {
		moments := known
		if question, asked := asks[ref.Event]; asked {
			last := -1
			for i := range moments {
				if moments[i].is(procedure.EventRef{Event: question, Kind: ref.Kind}, stage) {
					last = i
				}
			}
			if last < 0 {
				continue
			}
			moments = moments[last:]
		}
		m := e.find(moments, ref, stage)
		if m == nil {
			b.awaited = true
		} else if at := m.instant(ref.At); at.After(b.at) {
			b.at, b.ref = at, ref
		}
	}
	return b
}

// stop returns when the first of the events happened that stop a clock, or zero.
func (e *engine) stop(stage *procedure.Stage, k *procedure.Clock) (first time.Time) {
	for _, ref := range k.Stops.Events() {
		if m := e.find(e.h.moments(k), ref, stage); m != nil && (first.IsZero() || m.At.Before(first)) {
			first = m.At
		}
	}
	return first
}

// find returns the first moment that an event of a clock's rule means.
func (e *engine) find(moments []Moment, ref procedure.EventRef, stage *procedure.Stage) *Moment {
	for i := range moments {
		if moments[i].is(ref, stage) {
			return &moments[i]
		}
	}
	return nil
}

// is reports whether the moment is the one that a rule of a stage's clock means. An event that names no stage is one of
// the clock's own stage; Received belongs to the whole case.
func (m *Moment) is(ref procedure.EventRef, stage *procedure.Stage) bool {
	if m.Event != ref.Event || ref.Kind != "" && m.Kind != ref.Kind {
		return false
	}
	switch {
	case ref.Stage != "":
		return m.Stage == ref.Stage
	case ref.Event == "Received" || stage == nil || m.Stage == "":
		return true
	}
	return m.Stage == stage.ID
}

func (m *Moment) instant(field string) time.Time {
	if t, ok := m.Fields[field]; ok && !t.IsZero() {
		return t
	}
	return m.At
}
