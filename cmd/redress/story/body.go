package story

import (
	"context"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"redress/commands"
	"redress/domain"
)

// fieldsOf describes the body of a command, nil for one that does not exist.
func fieldsOf(command string) []commands.Field {
	for _, c := range commands.All {
		if c.Name == command {
			return c.Fields()
		}
	}
	return nil
}

// writer makes the body of one step: labels become ids, `all` becomes codes, and what a story may leave out is filled in.
// Nothing else is guessed; what is wrong stays wrong, so that the command is refused as it would be over HTTP.
type writer struct {
	step   *Step
	lookup func(field, label string) uuid.UUID // the id for which a label stands
	person func(name string) (uuid.UUID, bool) // the id of an actor
	stage  func() string                       // the current stage of the case addressed
	asked  func(stage, clock string) []string  // the codes that the procedure asks for
}

// write returns the body as JSON.
func (w *writer) write() ([]byte, error) {
	fields := fieldsOf(w.step.Do)
	body := w.object(w.step.with, fields)
	if described(fields, "stage") {
		if _, given := body["stage"]; !given {
			body["stage"] = w.stage()
		}
	}
	return json.Marshal(body, json.Deterministic(true))
}

func described(fields []commands.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f commands.Field) bool { return f.Name == name })
}

// object writes a mapping by its description. Required instants that are left out are the step's own.
func (w *writer) object(v value, fields []commands.Field) map[string]any {
	body := map[string]any{}
	for i, n := range v.names {
		at := slices.IndexFunc(fields, func(f commands.Field) bool { return f.Name == n.text })
		if at < 0 {
			body[n.text] = plainValue(v.items[i])
			continue
		}
		body[n.text] = w.field(v.items[i], fields[at])
	}
	for _, f := range fields {
		if _, given := body[f.Name]; !given && f.Required && f.Type == "instant" && !f.List {
			body[f.Name] = w.step.At.Format(time.RFC3339Nano)
		}
	}
	return body
}

func (w *writer) field(v value, f commands.Field) any {
	if f.List && v.kind == list {
		one := f
		one.List = false
		items := make([]any, 0, len(v.items))
		for _, item := range v.items {
			items = append(items, w.field(item, one))
		}
		return items
	}
	if f.List && (f.Name == "contains" || f.Name == "contents") {
		if codes, ok := w.codes(v); ok {
			return codes
		}
	}
	scalar := v.kind == text || v.kind == number
	switch {
	case f.List || v.kind == null:
		return plainValue(v)
	case f.Type == "object" && v.kind == mapping:
		return w.object(v, f.Fields)
	case f.Type == "uuid" && scalar:
		return w.lookup(f.Name, v.text).String()
	case scalar && slices.Contains(correspondents, f.Name):
		if id, ok := w.person(v.text); ok {
			return id.String()
		}
		return v.text
	case scalar && slices.Contains([]string{"term", "label", "text"}, f.Type):
		return v.text
	}
	return plainValue(v)
}

// correspondents are the fields in which the id of a person may stand, or a code for a role or a body.
var correspondents = []string{"approver", "consulted", "with", "from", "attendees", "attended", "copied_to"}

// codes reads `all` and `all_but`.
func (w *writer) codes(v value) ([]string, bool) {
	var except []string
	switch {
	case v.kind == text && v.text == "all":
	case v.kind == mapping && len(v.names) == 1 && v.names[0].text == "all_but" && v.items[0].kind == list:
		for _, item := range v.items[0].items {
			except = append(except, item.text)
		}
	default:
		return nil, false
	}
	stage, given := w.step.with.member("stage")
	if !given {
		stage.text = w.stage()
	}
	clock, _ := w.step.with.member("clock")
	codes := []string{}
	for _, code := range w.asked(stage.text, clock.text) {
		if !slices.Contains(except, code) {
			codes = append(codes, code)
		}
	}
	return codes, true
}

// plainValue is a YAML value as JSON has it.
func plainValue(v value) any {
	switch v.kind {
	case null:
		return nil
	case boolean:
		return strings.EqualFold(v.text, "true")
	case number:
		return jsontext.Value(jsonNumber(v.text))
	case list:
		items := make([]any, 0, len(v.items))
		for _, item := range v.items {
			items = append(items, plainValue(item))
		}
		return items
	case mapping:
		members := make(map[string]any, len(v.names))
		for i, n := range v.names {
			members[n.text] = plainValue(v.items[i])
		}
		return members
	}
	return v.text
}

// jsonNumber writes a YAML number as JSON does: 007 is 7, +1 is 1, .5 is 0.5.
func jsonNumber(s string) string {
	if n, ok := new(big.Int).SetString(strings.TrimPrefix(s, "+"), 10); ok {
		return n.String()
	}
	f, _ := strconv.ParseFloat(s, 64)
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// noStage stands for the current stage of a case that does not exist. No procedure has it, and with it the command is
// refused because there is no such case, as the story means, and not because the stage is missing.
const noStage = "none"

// writerFor gives a step's writer what it may look at: the labels, and the case as it stands.
func (b *sandbox) writerFor(ctx context.Context, step *Step, c *domain.Case, config *domain.Config) *writer {
	return &writer{
		step:   step,
		lookup: func(field, label string) uuid.UUID { return b.lookup(ctx, field, label) },
		person: b.person,
		stage: func() string {
			if c == nil {
				return noStage
			}
			return string(c.Stage)
		},
		asked: func(stage, clock string) []string {
			if c == nil {
				return nil
			}
			return asked(config, c, step.Do, stage, clock)
		},
	}
}

// asked returns the codes that the case's procedure asks for in a letter.
func asked(config *domain.Config, c *domain.Case, command, stage, clock string) []string {
	p := config.Procedure(c.Procedure())
	if p == nil {
		return nil
	}
	at := p.Stage(stage)
	switch command {
	case "ExtendDeadline":
		if _, k := p.Clock(clock); k != nil && k.Extend != nil {
			return k.Extend.Requires
		}
	case "AcknowledgeCase":
		if at != nil {
			return at.AcknowledgementContents()
		}
	case "SendResponse":
		if at != nil {
			return at.Response.Contains
		}
	}
	return nil
}

func (b *sandbox) person(name string) (uuid.UUID, bool) {
	if b.story.actor(name) == nil {
		return uuid.Nil, false
	}
	return b.story.id(name), true
}

// lookup returns the id for which a label stands: an actor, a case, an event (CASE@REVISION), or an id that is written
// out. Whatever else is named has an id of its own too, under which nothing exists until a command gives it to something.
func (b *sandbox) lookup(ctx context.Context, field, label string) uuid.UUID {
	person, isPerson := b.person(label)
	opened, isCase := b.cases[label]
	switch aboutCase := strings.Contains(field, "case") || field == "duplicate_of"; {
	case isCase && (aboutCase || !isPerson):
		return opened
	case isPerson:
		return person
	}
	if of, revision, ok := strings.Cut(label, "@"); ok {
		if n, err := strconv.ParseUint(revision, 10, 63); err == nil {
			if id, found := b.eventID(ctx, b.caseID(of), n); found {
				return id
			}
		}
	}
	if id, err := uuid.Parse(label); err == nil && len(label) == 36 {
		return id
	}
	return b.story.id(label)
}

// caseID returns the id that a case label is bound to. A label that no command has opened has an id that no case has.
func (b *sandbox) caseID(label string) uuid.UUID {
	if id, ok := b.cases[label]; ok {
		return id
	}
	return b.story.id(label)
}

// eventID finds the event of a case's stream at a revision.
func (b *sandbox) eventID(ctx context.Context, of uuid.UUID, revision uint64) (uuid.UUID, bool) {
	for r, err := range b.store.Read(ctx, domain.CaseStream(of), revision) {
		return r.ID, err == nil && r.Revision == revision
	}
	return uuid.Nil, false
}
