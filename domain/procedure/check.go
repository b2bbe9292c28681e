package procedure

import (
	"fmt"
	"slices"
	"strings"
)

// maxLength is the longest that a clock can be told to run, in whatever unit.
const maxLength = 3660

// checker gathers what the loading checks of the specification (§ 3.3) find.
type checker struct {
	p      *Procedure
	mapped bool // a stage may be without a promise
	faults []Fault
}

func (c *checker) fault(path, rule string, args ...any) {
	c.faults = append(c.faults, Fault{Path: path, Rule: fmt.Sprintf(rule, args...)})
}

// check returns all that the schema cannot say: ids that are unique, names that resolve, stages that can be reached,
// clocks that can be computed.
func (c *checker) check() []Fault {
	p := c.p
	c.orders()
	c.reachable()
	c.unique("case_clocks", p.CaseClocks)
	for i := range p.CaseClocks {
		c.clock(fmt.Sprintf("case_clocks[%d]", i), nil, &p.CaseClocks[i])
	}
	c.rules("officers_general", p.OfficersGeneral)
	for i := range p.Stages {
		c.stage(fmt.Sprintf("stages[%d]", i), &p.Stages[i])
	}
	if from, to := p.Effective.From, p.Effective.To; from != "" && to != "" && to < from {
		c.fault("effective.to", "is not before effective.from")
	}
	if p.TimeLimit != nil && p.TimeLimit.Length < 1 {
		c.fault("time_limit.length", "is at least 1")
	}
	return c.faults
}

// orders asks for unique stage ids and for exactly one stage of each order.
func (c *checker) orders() {
	ids, orders := map[string]bool{}, map[int]bool{}
	for i, s := range c.p.Stages {
		path := fmt.Sprintf("stages[%d]", i)
		if ids[s.ID] {
			c.fault(path+".id", "is unique: %s is the id of an earlier stage", s.ID)
		}
		if s.ID == CaseScope || slices.Contains(outside, s.ID) {
			c.fault(path+".id", "is not %s, which has a meaning of its own", s.ID)
		}
		if orders[s.Order] {
			c.fault(path+".order", "is unique: %d is the order of an earlier stage", s.Order)
		}
		ids[s.ID], orders[s.Order] = true, true
	}
}

// outside are the targets of next that are no stages of the procedure.
var outside = []string{"ombudsman", "ico", "complaint"}

// reachable asks that a case can come into every stage: on receipt, or by a way from a stage that it can come into.
func (c *checker) reachable() {
	reached := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		s := c.p.Stage(id)
		if s == nil || reached[id] {
			return
		}
		reached[id] = true
		for _, n := range s.Next {
			visit(n.To)
		}
	}
	for i := range c.p.Stages {
		s := &c.p.Stages[i]
		if s.EntersOn.Event == "Received" {
			visit(s.ID)
		}
	}
	for i, s := range c.p.Stages {
		if !reached[s.ID] {
			c.fault(fmt.Sprintf("stages[%d].enters_on", i), "lets a case reach %s, on receipt or from a stage that leads to it", s.ID)
		}
	}
	for _, kind := range c.p.Kinds {
		if c.p.EntryStage(kind, "") == nil {
			c.fault("kinds", "each has a stage that it enters on receipt: %s has none", kind)
		}
	}
}

func (c *checker) unique(path string, clocks []Clock) {
	seen := map[string]bool{}
	for i, k := range clocks {
		if seen[k.ID] {
			c.fault(fmt.Sprintf("%s[%d].id", path, i), "is unique: %s is the id of an earlier clock", k.ID)
		}
		if k.ID == "" || strings.ContainsAny(k.ID, ".# ") {
			c.fault(fmt.Sprintf("%s[%d].id", path, i), "is a name without dots, spaces and #")
		}
		seen[k.ID] = true
	}
}

func (c *checker) stage(path string, s *Stage) {
	c.unique(path+".clocks", s.Clocks)
	promises := false
	for i := range s.Clocks {
		k := &s.Clocks[i]
		c.clock(fmt.Sprintf("%s.clocks[%d]", path, i), s, k)
		promises = promises || k.Class == "obligation" || k.Class == "target"
	}
	compliments := c.p.Family == "feedback" && len(c.p.Kinds) == 1 && c.p.Kinds[0] == "compliment"
	if !promises && !c.mapped && !compliments {
		c.fault(path+".clocks", "has at least one clock of class obligation or target")
	}
	c.rules(path+".officer.rules", s.Officer.Rules)
	for in := &s.EntersOn; in != nil; in = in.Or {
		if in.From != "" && c.p.Stage(in.From) == nil {
			c.fault(path+".enters_on.from", "names a stage: there is no %s", in.From)
		}
	}
	for i, n := range s.Next {
		at := fmt.Sprintf("%s.next[%d]", path, i)
		if c.p.Stage(n.To) == nil && !slices.Contains(outside, n.To) {
			c.fault(at+".to", "names a stage, ombudsman, ico or complaint: there is no %s", n.To)
		}
		c.window(at+".window", s, n.Window)
	}
}

func (c *checker) window(path string, s *Stage, w *Window) {
	switch {
	case w == nil:
	case w.Clock != "":
		if s.Clock(w.Clock) == nil {
			c.fault(path, "names a clock of the stage: there is no %s", w.Clock)
		}
	case w.Length < 1 || !slices.Contains([]Unit{WorkingDays, Days, Weeks, Months, Hours}, w.Unit):
		c.fault(path, "is null, a clock of the stage, or a length of at least 1 with a unit")
	}
}

func (c *checker) rules(path string, rules []OfficerRule) {
	for i, r := range rules {
		for _, stage := range r.Stages {
			if c.p.Stage(stage) == nil {
				c.fault(fmt.Sprintf("%s[%d].%s", path, i, r.Name), "names stages: there is no %s", stage)
			}
		}
	}
}

func (c *checker) clock(path string, s *Stage, k *Clock) {
	for _, e := range append(k.Starts.Events(), k.Stops.Events()...) {
		if e.Stage != "" && c.p.Stage(e.Stage) == nil {
			c.fault(path, "starts and stops at stages of the procedure: there is no %s", e.Stage)
		}
	}
	for _, e := range k.Starts.Events() {
		c.provisional(path+".starts.provisional_from", s, k, e.ProvisionalFrom)
	}
	if s != nil && k.Stops.Rule != "" {
		c.fault(path+".stops.rule", "is for case clocks only")
	}
	if k.Extend != nil {
		c.extend(path+".extend", k.Extend)
	}
	if k.Length > maxLength || k.Extend != nil && k.Extend.Cap != nil && k.Extend.Cap.Length > maxLength {
		c.fault(path+".length", "is at most %d", maxLength)
	}
	hours := k.Unit == Hours
	if hours != (k.From == Instant) {
		c.fault(path+".from", "is instant for hours and for nothing else")
	}
	if hours != (k.HoursBasis != "") {
		c.fault(path+".hours_basis", "is given for hours and for nothing else")
	}
	if hours && k.Roll != NoRoll {
		c.fault(path+".roll", "is none for hours")
	}
}

// provisional asks that a provisional date is counted from another clock of the stage, and in the end from one that has
// a date of its own.
func (c *checker) provisional(path string, s *Stage, k *Clock, from string) {
	if from == "" {
		return
	}
	name, ok := strings.CutSuffix(from, ".due")
	if !ok || s == nil || s.Clock(name) == nil {
		c.fault(path, "is the id of a clock of the stage with .due: %s is none", from)
		return
	}
	seen := map[string]bool{k.ID: true}
	for next := s.Clock(name); next != nil; {
		if seen[next.ID] {
			c.fault(path, "leads to a clock that starts by itself: it comes back to %s", next.ID)
			return
		}
		seen[next.ID] = true
		id, _ := strings.CutSuffix(next.Starts.Events()[0].ProvisionalFrom, ".due")
		next = s.Clock(id)
	}
}

func (c *checker) extend(path string, e *Extend) {
	if e.Guard != "" {
		if _, guard := c.p.Clock(e.Guard); guard == nil {
			c.fault(path+".guard", "names a clock, as in s1.statutory: there is no %s", e.Guard)
		}
	}
	switch {
	case e.CapKind == "guard" && e.Guard == "":
		c.fault(path+".guard", "is required where cap_kind is guard")
	case (e.CapKind == "soft" || e.CapKind == "hard") && e.Cap == nil:
		c.fault(path+".cap", "is a length where cap_kind is %s", e.CapKind)
	}
	if e.IfRefused != nil && e.IfRefused.To != "" && c.p.Stage(e.IfRefused.To) == nil {
		c.fault(path+".if_refused.to", "names a stage: there is no %s", e.IfRefused.To)
	}
}
