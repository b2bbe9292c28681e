package projections

import (
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"redress/domain"
)

// Face is what people see of a case's state, field by field: what one event changes is
// the difference between two faces. It holds no personal value, only codes, ids, dates
// and states. A face shares nothing that a later event changes.
type Face []Field

// Field is a named value: a text, an instant, an id or a list of texts. Faces are made and
// compared with every event, so names and values are put in words only where two differ.
type Field struct {
	what  string // the name's parts: "finding" of the 2nd entry (1) into "s1" about "boiler"
	stage string
	again int
	item  string

	text string
	at   time.Time
	id   *uuid.UUID
	list []string // nil for what is no list
}

// name returns what the field is called.
func (f *Field) name() string {
	name := f.what
	if f.stage != "" {
		name += "." + f.stage
	}
	if f.again > 0 {
		name += "#" + strconv.Itoa(f.again+1)
	}
	if f.item != "" {
		name += "." + f.item
	}
	return name
}

// value returns a string or a list of strings, nil of no field.
func (f *Field) value() any {
	switch {
	case f == nil:
		return nil
	case f.list != nil:
		return f.list
	case f.id != nil:
		return f.id.String()
	case !f.at.IsZero():
		return f.at.UTC().Format(time.RFC3339Nano)
	}
	return f.text
}

// named reports whether two fields have the same name.
func (f *Field) named(other *Field) bool {
	return f.what == other.what && f.item == other.item && f.stage == other.stage && f.again == other.again
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
	return make(Face, 0, 24+4*len(c.Stages)+len(c.Remedies)).of(c)
}

// of makes the face of a case in the memory of one that is no longer needed.
func (f Face) of(c *domain.Case) Face {
	f = f[:0]
	if c.Events == 0 {
		return f
	}
	f.put("status", string(c.Status))
	f.put("stage", string(c.Stage))
	f.put("step", string(c.Step))
	f.put("closed_reason", string(c.ClosedReason))
	f.person("officer", c.Officer)
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
	f.person("complainant", c.Complainant)
	f.person("affected", c.Affected)
	f.person("representative", c.Representative)
	if len(c.Issues) > 0 {
		issues := make([]string, 0, len(c.Issues))
		for _, issue := range c.Issues {
			issues = append(issues, string(issue.ID))
		}
		f.list("issues", issues)
	}
	for i := range c.Stages {
		f.stage(&c.Stages[i], entriesBefore(c, i))
	}
	for i := range c.Remedies {
		r := &c.Remedies[i]
		f.about("remedies", string(r.ID), string(r.State))
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

// stage adds the fields of one entry into a stage, which was entered so often before.
func (f *Face) stage(s *domain.StageRecord, again int) {
	first := len(*f)
	f.instant("entered_at", s.EnteredAt)
	f.instant("acknowledged_at", s.AckAt)
	f.instant("allocated_at", s.AllocatedAt)
	f.instant("responded_at", s.RespondedAt)
	f.put("outcome", string(s.Outcome))
	f.put("ending", string(s.Ending))
	for _, found := range s.Findings {
		f.about("finding", string(found.Issue), string(found.Finding))
	}
	for i := first; i < len(*f); i++ {
		(*f)[i].stage, (*f)[i].again = string(s.Stage), again
	}
}

// put adds a field that has a value.
func (f *Face) put(name, value string) { f.about(name, "", value) }

// about adds a field about an item that has a value.
func (f *Face) about(name, item, value string) {
	if value != "" {
		*f = append(*f, Field{what: name, item: item, text: value})
	}
}

func (f *Face) person(name string, id *uuid.UUID) {
	if id != nil {
		*f = append(*f, Field{what: name, id: id})
	}
}

func (f *Face) list(name string, values []string) { *f = append(*f, Field{what: name, list: values}) }

func (f *Face) instant(name string, at time.Time) {
	if !at.IsZero() {
		*f = append(*f, Field{what: name, at: at})
	}
}

// Changes returns the differences between two faces: first what the later one says
// otherwise, in its order, then what it no longer says.
func (f Face) Changes(later Face) []FieldChange {
	changes := []FieldChange{}
	f.compare(later, func(was, is *Field) {
		named := is
		if is == nil {
			named = was
		}
		changes = append(changes, FieldChange{named.name(), was.value(), is.value()})
	})
	return changes
}

// text returns a field's text, nil where there is none.
func (f Face) text(name string) any {
	if i := f.find(&Field{what: name}, 0); i >= 0 {
		return f[i].text
	}
	return nil
}

// document returns the Changes as a JSON document.
func (f Face) document(later Face) (string, error) {
	text, failed := []byte{'['}, error(nil)
	quote := func(s string) {
		var err error
		if text, err = jsontext.AppendQuote(text, s); err != nil {
			failed = err
		}
	}
	f.compare(later, func(was, is *Field) {
		named := is
		if is == nil {
			named = was
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(text, `{"field":`...)
		quote(named.name())
		text = append(text, `,"from":`...)
		was.write(&text, quote)
		text = append(text, `,"to":`...)
		is.write(&text, quote)
		text = append(text, '}')
	})
	return string(append(text, ']')), failed
}

// write appends a field's value as JSON.
func (f *Field) write(text *[]byte, quote func(string)) {
	switch value := f.value().(type) {
	case string:
		quote(value)
	case []string:
		*text = append(*text, '[')
		for i, s := range value {
			if i > 0 {
				*text = append(*text, ',')
			}
			quote(s)
		}
		*text = append(*text, ']')
	default:
		*text = append(*text, "null"...)
	}
}

// compare calls differ for each difference, in the order of Changes. was is nil for a new
// field and is for one that has gone.
func (f Face) compare(later Face, differ func(was, is *Field)) {
	next, gone := 0, len(f)
	for i := range later {
		is := &later[i]
		was := f.find(is, next)
		if was >= 0 {
			next, gone = was+1, gone-1
			if !same(&f[was], is) {
				differ(&f[was], is)
			}
		} else if is.list == nil || len(is.list) > 0 { // an empty list is as good as none
			differ(nil, is)
		}
	}
	if gone == 0 {
		return
	}
	for i := range f {
		if later.find(&f[i], i) < 0 {
			differ(&f[i], nil)
		}
	}
}

// find returns the place of the field with another's name, -1 where there is none. It
// looks first where the field is expected: most faces have the same fields.
func (f Face) find(named *Field, expected int) int {
	if expected < len(f) && f[expected].named(named) {
		return expected
	}
	for i := range f {
		if f[i].named(named) {
			return i
		}
	}
	return -1
}

// same compares the values of two fields of one name.
func same(a, b *Field) bool {
	switch {
	case a.list != nil && b.list != nil:
		return slices.Equal(a.list, b.list)
	case a.id != nil && b.id != nil:
		return *a.id == *b.id
	}
	return a.text == b.text && a.at.Equal(b.at) && a.id == b.id
}

func names[S ~string](values []S) []string {
	list := make([]string, 0, len(values))
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}
