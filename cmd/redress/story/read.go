package story

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"redress/commands"
	"redress/domain"
	"redress/domain/procedure"
)

// Format is the only value that `schema` may have.
const Format = "redress.story/v1"

// Faults are all that keeps a file from being played.
type Faults struct {
	File   string
	Faults []Fault
}

// Error has a line for each fault: file, line and rule.
func (f *Faults) Error() string {
	lines := make([]string, len(f.Faults))
	for i, one := range f.Faults {
		if lines[i] = f.File + ": " + one.Rule; one.Line > 0 {
			lines[i] = fmt.Sprintf("%s:%d: %s", f.File, one.Line, one.Rule)
		}
	}
	return strings.Join(lines, "\n")
}

// Read reads a story. A story that cannot be played is a [*Faults]; a file that cannot be opened is the system's error.
func Read(file string) (*Story, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	v, faults := parse(source)
	if len(faults) > 0 {
		return nil, &Faults{file, faults}
	}
	r := reader{}
	s := r.story(v, file)
	if len(r.faults) > 0 {
		slices.SortStableFunc(r.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
		return nil, &Faults{file, r.faults}
	}
	return s, nil
}

// reader collects what is wrong, so that a writer is told everything at once.
type reader struct{ faults []Fault }

func (r *reader) bad(line int, rule string, args ...any) {
	r.faults = append(r.faults, Fault{line, fmt.Sprintf(rule, args...)})
}

// members returns the members of a mapping by key. Keys that are not allowed are faults, as is a value that is no mapping.
func (r *reader) members(what string, v value, allowed ...string) map[string]value {
	if v.kind != mapping {
		r.bad(v.line, "%s is a mapping, not %s", what, v.kind)
		return nil
	}
	members := make(map[string]value, len(v.names))
	for i, n := range v.names {
		if len(allowed) > 0 && !slices.Contains(allowed, n.text) {
			r.bad(n.line, "%s has no key %s; its keys are %s", what, n.text, strings.Join(allowed, ", "))
			continue
		}
		members[n.text] = v.items[i]
	}
	return members
}

// word reads a text of its own; a number that stands where a word should is taken as it was written.
func (r *reader) word(what string, v value) string {
	if v.kind != text && v.kind != number || v.text == "" {
		r.bad(v.line, "%s is a word, not %s", what, v.kind)
		return ""
	}
	return v.text
}

// words reads a list of words.
func (r *reader) words(what string, v value) []string {
	if v.kind != list {
		r.bad(v.line, "%s is a list, not %s", what, v.kind)
		return nil
	}
	words := make([]string, 0, len(v.items))
	for _, item := range v.items {
		words = append(words, r.word("each of "+what, item))
	}
	return words
}

func (r *reader) count(what string, v value) uint64 {
	n, err := strconv.ParseUint(v.text, 10, 63)
	if v.kind != number || err != nil {
		r.bad(v.line, "%s is a whole number that is not negative", what)
	}
	return n
}

func (r *reader) flag(what string, v value) bool {
	if v.kind != boolean && v.kind != null {
		r.bad(v.line, "%s is true or false", what)
	}
	return v.kind == boolean && strings.EqualFold(v.text, "true")
}

// required is word for a key that has to be there.
func (r *reader) required(what string, line int, members map[string]value, key string) string {
	v, there := members[key]
	if !there {
		r.bad(line, "%s lacks %s", what, key)
		return ""
	}
	return r.word(key, v)
}

func (r *reader) story(v value, file string) *Story {
	s := &Story{File: file}
	m := r.members("a story", v, "schema", "title", "source", "procedures", "config", "actors", "steps")
	if schema := r.required("a story", 1, m, "schema"); schema != "" && schema != Format {
		r.bad(m["schema"].line, "schema is %s", Format)
	}
	s.Title = r.required("a story", 1, m, "title")
	if source, there := m["source"]; there {
		s.Source = r.word("source", source)
	}
	if procedures, there := m["procedures"]; there {
		r.procedures(s, procedures)
	}
	if config := m["config"]; config.kind != null {
		r.config(s, config)
	}
	if actors := m["actors"]; actors.kind != null {
		r.actors(s, actors)
	}
	steps, there := m["steps"]
	if !there || steps.kind != list || len(steps.items) == 0 {
		r.bad(max(steps.line, 1), "a story has steps, a list of at least one")
		return s
	}
	for i, item := range steps.items {
		s.Steps = append(s.Steps, r.step(s, i, item))
	}
	return s
}

// procedures finds each procedure among the shipped ones, or in a file beside the story.
func (r *reader) procedures(s *Story, v value) {
	if v.kind != list {
		r.bad(v.line, "procedures is a list")
		return
	}
	for _, item := range v.items {
		name := r.word("each of procedures", item)
		if shipped := domain.ShippedProcedure(name); shipped != nil {
			s.Procedures = append(s.Procedures, shipped)
			continue
		}
		if !strings.ContainsAny(name, "./\\") {
			r.bad(item.line, "procedures names a shipped procedure, or a file beside the story; %s is neither", name)
			continue
		}
		path := filepath.Join(filepath.Dir(s.File), filepath.FromSlash(name))
		if filepath.IsAbs(name) {
			path = name
		}
		source, err := os.ReadFile(path)
		if err != nil {
			r.bad(item.line, "the file of procedure %s can be read: %v", name, err)
			continue
		}
		p, err := procedure.Parse(name, source)
		if err != nil {
			r.bad(item.line, "a procedure keeps to its schema and the loading checks:\n%v", err)
			continue
		}
		s.Procedures = append(s.Procedures, p)
	}
}

// config takes the settings as they are written. Their values are checked by the command that adopts them.
func (r *reader) config(s *Story, v value) {
	m := r.members("config", v, "remedy_limits", "closure_days", "senior_grade", "codes", "notify", "survey")
	s.notify, s.survey = r.flag("notify", m["notify"]), r.flag("survey", m["survey"])
	s.config = value{kind: mapping, line: v.line}
	for i, n := range v.names {
		if n.text != "notify" && n.text != "survey" && v.items[i].kind != null {
			s.config.names, s.config.items = append(s.config.names, n), append(s.config.items, v.items[i])
		}
	}
	r.described("config", s.config, settingsFields())
}

// described finds, however deep, keys that the description of an object does not have or that it asks for in vain, and days
// and numbers that are none.
func (r *reader) described(what string, v value, fields []commands.Field) {
	for i, n := range v.names {
		at := slices.IndexFunc(fields, func(f commands.Field) bool { return f.Name == n.text })
		if at < 0 {
			r.bad(n.line, "%s has no key %s", what, n.text)
			continue
		}
		inner := []value{v.items[i]}
		if fields[at].List {
			inner = v.items[i].items
		}
		for _, one := range inner {
			switch fields[at].Type {
			case "object":
				r.described(n.text, one, fields[at].Fields)
			case "day":
				if _, err := domain.ParseDate(one.text); err != nil {
					r.bad(one.line, "%s: a day, as in 2025-12-29", n.text)
				}
			case "integer", "pence":
				r.count(n.text, one)
			}
		}
	}
	for _, f := range fields {
		if f.Required && !slices.ContainsFunc(v.names, func(n name) bool { return n.text == f.Name }) {
			r.bad(v.line, "%s lacks %s", what, f.Name)
		}
	}
}

func settingsFields() []commands.Field {
	for _, f := range fieldsOf("AdoptSettings") {
		if f.Name == "settings" {
			return f.Fields
		}
	}
	return nil
}

func (r *reader) actors(s *Story, v value) {
	r.members("actors", v)
	for i, n := range v.names {
		a := Actor{Name: n.text}
		m := r.members("actor "+n.text, v.items[i], "roles", "service", "grade")
		if roles := m["roles"]; roles.kind != null {
			for j, role := range r.words("roles", roles) {
				if role != "" && !slices.Contains(domain.Role("").Values(), role) {
					r.bad(roles.items[j].line, "%s is no role; the roles are %s", role, strings.Join(domain.Role("").Values(), ", "))
				}
				a.Roles = append(a.Roles, domain.Role(role))
			}
		}
		if service := m["service"]; service.kind != null {
			a.Service = domain.Term(r.word("service", service))
		}
		if grade := m["grade"]; grade.kind != null {
			a.Grade = int(r.count("grade", grade))
		}
		s.Actors = append(s.Actors, a)
	}
}

func (r *reader) step(s *Story, i int, v value) Step {
	step := Step{N: i + 1, Line: v.line}
	what := fmt.Sprintf("step %d", step.N)
	m := r.members(what, v, "at", "as", "do", "case", "with", "revision", "expect", "check")
	if m == nil {
		return step
	}
	step.At = r.instant(what, v.line, m)
	if i > 0 && !step.At.IsZero() && step.At.Before(s.Steps[i-1].At) {
		r.bad(v.line, "steps never go back in time: step %d is before step %d", step.N, i)
	}
	if as, there := m["as"]; there {
		if step.As = r.word("as", as); step.As != "" && s.actor(step.As) == nil {
			r.bad(as.line, "as names one of the story's actors; nobody declared %s", step.As)
		}
	}
	if label, there := m["case"]; there {
		step.Case = r.word("case", label)
	}
	if revision, there := m["revision"]; there {
		n := r.count("revision", revision)
		step.revision = &n
	}
	if with := m["with"]; with.kind != null {
		r.members("with", with)
		step.with = with
	}
	if look, there := m["check"]; there {
		step.check = r.check(look)
	}
	r.deed(&step, what, v, m)
	return step
}

// deed reads what a step does, and finds what only a step that does something can have.
func (r *reader) deed(step *Step, what string, v value, m map[string]value) {
	do, there := m["do"]
	if !there {
		for _, key := range []string{"with", "revision", "expect"} {
			if given, stray := m[key]; stray {
				r.bad(given.line, "%s stands in a step that has do", key)
			}
		}
		if step.check == nil {
			r.bad(v.line, "a step has do, check or both")
		}
		return
	}
	step.Do = r.word("do", do)
	if step.As == "" {
		r.required(what, v.line, m, "as")
	}
	expect, there := m["expect"]
	switch {
	case !there:
		r.bad(v.line, "a step that has do says what to expect")
	case expect.kind == mapping:
		if step.expect.refused = r.words("refused", r.members("expect", expect, "refused")["refused"]); len(step.expect.refused) == 0 {
			r.bad(expect.line, "refused names at least one reason code")
		}
	default:
		step.expect.events = r.words("expect", expect)
	}
}

func (r *reader) instant(what string, line int, m map[string]value) time.Time {
	at, there := m["at"]
	if !there {
		r.bad(line, "%s has at", what)
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, at.text)
	if at.kind != text || err != nil {
		r.bad(at.line, "at is an instant with its zone, as in 2025-01-06T09:10:00Z (RFC 3339)")
	}
	return t
}

// check reads a look at a case and holds each value against the kind that it has to have.
func (r *reader) check(v value) *check {
	m := r.members("check", v, "case", "status", "stage", "step", "closed_reason", "clocks", "events", "remedies", "flags",
		"officer", "tasks", "rules")
	if m == nil {
		return nil
	}
	c := &check{of: r.required("check", v.line, m, "case"), wants: v}
	for _, key := range []string{"status", "stage", "step", "closed_reason", "officer"} {
		if given := m[key]; given.kind != null {
			r.word(key, given)
		}
	}
	for _, key := range []string{"flags", "tasks"} {
		if given, there := m[key]; there {
			r.words(key, given)
		}
	}
	for _, key := range []string{"remedies", "rules"} {
		if given, there := m[key]; there {
			for label, state := range r.members(key, given) {
				r.word(key+"."+label, state)
			}
		}
	}
	if events, there := m["events"]; there {
		r.count("events", events)
	}
	if clocks, there := m["clocks"]; there {
		for id, clock := range r.members("clocks", clocks) {
			r.clock(id, clock)
		}
	}
	return c
}

func (r *reader) clock(id string, v value) {
	m := r.members("clock "+id, v, "state", "due")
	if state, there := m["state"]; there {
		if known := domain.ClockState("").Values(); !slices.Contains(known, state.text) {
			r.bad(state.line, "state is one of %s", strings.Join(known, ", "))
		}
	}
	if due, there := m["due"]; there && due.kind != null {
		if _, err := time.Parse(time.RFC3339, due.text); err != nil {
			if _, err := domain.ParseDate(due.text); err != nil {
				r.bad(due.line, "due is a day, or an instant for a clock of hours")
			}
		}
	}
}
