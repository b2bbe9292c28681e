package projections

import (
	"slices"
	"strconv"
	"time"

	"redress/domain"
)

// Face is what people see of a case's state, field by field: what one event changes is
// the difference between two faces. It holds no personal value, only codes, ids, dates
// and states.
type Face []Field

// Field is a named value: a string, a list of strings, or nil.
type Field struct {
	Name  string
	Value any
}

// FieldChange is one difference between two faces, as shown to people and programs.
type FieldChange struct {
	Field string `json:"field"`
	From  any    `json:"from"` // nil where the field was not there before
	To    any    `json:"to"`   // nil where it is no longer there
}

// FaceOf returns the face of a case, nil for a case without events.
func FaceOf(c *domain.Case) Face {
	if c == nil || c.Events == 0 {
		return nil
	}
	f := make(Face, 0, 24+4*len(c.Stages)+len(c.Remedies))
	f.put("status", string(c.Status))
	f.put("stage", string(c.Stage))
	f.put("step", string(c.Step))
	f.put("closed_reason", string(c.ClosedReason))
	f.put("officer", optional(c.Officer))
	f.list("flags", names(c.Flags))
	f.resting(c)
	if c.EarlyAgreed {
		f.put("early_referral", "agreed")
	}
	f.put("kind", string(c.Kind))
	f.put("channel", string(c.Channel))
	f.put("service", string(c.Service))
	f.put("category", string(c.Category))
	f.put("ward", string(c.Ward))
	f.put("procedure", c.Procedure())
	f.instant("received_at", c.ReceivedAt)
	f.instant("withdrawn_at", c.WithdrawnAt)
	f.instant("closed_at", c.ClosedAt)
	f.put("complainant", optional(c.Complainant))
	f.put("affected", optional(c.Affected))
	f.put("representative", optional(c.Representative))
	if len(c.Issues) > 0 {
		issues := make([]string, 0, len(c.Issues))
		for _, issue := range c.Issues {
			issues = append(issues, string(issue.ID))
		}
		f.list("issues", issues)
	}
	for i := range c.Stages {
		of := "." + string(c.Stages[i].Stage)
		if n := entriesBefore(c, i); n > 0 {
			of += "#" + strconv.Itoa(n+1)
		}
		f.stage(of, &c.Stages[i])
	}
	for i := range c.Remedies {
		r := &c.Remedies[i]
		f.put("remedies."+string(r.ID), string(r.State))
	}
	f.standing(c)
	return f
}

// resting adds the issues that are suspended while the case goes on.
func (f *Face) resting(c *domain.Case) {
	if c.Status == domain.StatusSuspended {
		return
	}
	var resting []string
	for _, issue := range c.Issues {
		if c.Rests(issue.ID) {
			resting = append(resting, string(issue.ID))
		}
	}
	if len(resting) > 0 {
		f.list("suspended_issues", resting)
	}
}

// entriesBefore counts earlier entries into the stage of the i-th entry.
func entriesBefore(c *domain.Case, i int) int {
	n := 0
	for j := range i {
		if c.Stages[j].Stage == c.Stages[i].Stage {
			n++
		}
	}
	return n
}

// stage adds the fields of one entry into a stage, under names that end in of.
func (f *Face) stage(of string, s *domain.StageRecord) {
	f.instant("entered_at"+of, s.EnteredAt)
	f.instant("acknowledged_at"+of, s.AckAt)
	f.instant("allocated_at"+of, s.AllocatedAt)
	f.instant("responded_at"+of, s.RespondedAt)
	f.put("outcome"+of, string(s.Outcome))
	f.put("ending"+of, string(s.Ending))
	for _, found := range s.Findings {
		f.put("finding"+of+"."+string(found.Issue), string(found.Finding))
	}
}

// put adds a field that has a value.
func (f *Face) put(name, value string) {
	if value != "" {
		*f = append(*f, Field{name, value})
	}
}

func (f *Face) list(name string, values []string) { *f = append(*f, Field{name, values}) }

func (f *Face) instant(name string, at time.Time) {
	if !at.IsZero() {
		*f = append(*f, Field{name, at.UTC().Format(time.RFC3339Nano)})
	}
}

// Changes returns the differences between two faces: first what the later one says
// otherwise, in its order, then what it no longer says.
func (f Face) Changes(later Face) []FieldChange {
	changes := []FieldChange{}
	for _, now := range later {
		if was, _ := f.value(now.Name); !same(was, now.Value) {
			changes = append(changes, FieldChange{now.Name, was, now.Value})
		}
	}
	for _, was := range f {
		if _, still := later.value(was.Name); !still {
			changes = append(changes, FieldChange{was.Name, was.Value, nil})
		}
	}
	return changes
}

func (f Face) value(name string) (any, bool) {
	for i := range f {
		if f[i].Name == name {
			return f[i].Value, true
		}
	}
	return nil, false
}

// same compares two values. An empty list is as good as none.
func same(a, b any) bool {
	first, isList := a.([]string)
	second, both := b.([]string)
	switch {
	case isList && both:
		return slices.Equal(first, second)
	case isList:
		return b == nil && len(first) == 0
	case both:
		return a == nil && len(second) == 0
	}
	return a == b
}

func names[S ~string](values []S) []string {
	list := make([]string, 0, len(values))
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}
