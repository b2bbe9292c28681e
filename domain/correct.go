package domain

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// CorrectionRecorded records that a field of an earlier event was wrong, and what is right. The earlier event stays as it
// is.
type CorrectionRecorded struct {
	Corrects uuid.UUID `json:"corrects" rule:"required" doc:"the event that is wrong"`
	Field    Path      `json:"field" rule:"required" doc:"the field, as in received_at or issues[0].category"`
	NewValue Personal  `json:"new_value,omitzero" rule:"required" doc:"what is right; kept here where the field is free text"`
	Value    Datum     `json:"value,omitzero" rule:"assigned" doc:"what is right, where the field is an instant, a day, a number, an id or a code"`
	// Lawful is set where the clocks of basis law follow: a fact that starts clocks, approved by a complaints manager.
	Lawful     bool       `json:"lawful,omitzero" rule:"assigned" doc:"whether clocks of basis law follow"`
	Reason     Personal   `json:"reason,omitzero" rule:"required" doc:"why"`
	ApprovedBy *uuid.UUID `json:"approved_by,omitzero" rule:"required" doc:"who approved it, another than who corrects"`
}

// Schema names the event.
func (CorrectionRecorded) Schema() (string, int) { return "CorrectionRecorded", 1 }

// Path names a field of an event's data, as in issues[0].category.
type Path string

var pathForm = regexp.MustCompile(`^[a-z0-9_]+(\[[0-9]{1,4}\])?(\.[a-z0-9_]+(\[[0-9]{1,4}\])?)*$`)

// Valid reports whether it has the form of a path.
func (p Path) Valid() bool { return len(p) <= 128 && pathForm.MatchString(string(p)) }

// Rule says what is right.
func (Path) Rule() string { return "the path of a field, such as issues[0].category" }

// Datum is the value of a field that holds no free text, as the log writes it.
type Datum string

var datumForm = regexp.MustCompile(`^[a-zA-Z0-9 _./:+-]{1,64}$`)

// Valid reports whether it keeps to the alphabet of instants, days, numbers, ids and codes.
func (d Datum) Valid() bool { return datumForm.MatchString(string(d)) }

// factRef says which event stands at a place of the case's stream.
type factRef struct {
	id   uuid.UUID
	name string
}

// fact returns the place of an event in the case's stream.
func (c *Case) fact(id uuid.UUID) (revision int, ok bool) {
	revision = slices.IndexFunc(c.facts, func(f factRef) bool { return f.id == id })
	return revision, revision >= 0 && id != uuid.Nil
}

// occurredFields says in which field the events that clocks know say when they happened.
var occurredFields = map[string]string{
	"Received": "received_at", "Acknowledged": "sent_at", "Allocated": "allocated_at", "Responded": "sent_at",
	"Escalated": "requested_at", "ResolvedEarly": "resolved_at", "InformationRequested": "asked_at",
	"InformationReceived": "received_at", "FeeNoticeIssued": "issued_at", "FeePaid": "paid_at", "PanelHeld": "held_at",
	"PanelReported": "sent_at", "OutcomeAccepted": "at", "ReferredToOmbudsman": "referred_at",
}

func (e CorrectionRecorded) happen(c *Case, _ *Metadata) {
	revision, ok := c.fact(e.Corrects)
	if !ok || e.Value == "" {
		return
	}
	if name := c.facts[revision].name; name == "Received" {
		c.correctReceipt(e.Field, e.Value)
	}
	var at time.Time
	if at.UnmarshalText([]byte(e.Value)) == nil {
		c.correctMoment(uint64(revision), string(e.Field), at, e.Lawful)
	}
}

// correctReceipt takes over what is right about the receipt and no clock looks at.
func (c *Case) correctReceipt(field Path, value Datum) {
	day, _ := ParseDate(string(value))
	switch field {
	case "service":
		c.Service = Term(value)
	case "category":
		c.Category = Term(value)
	case "ward":
		c.Ward = Term(value)
	case "channel":
		c.Channel = Channel(value)
	case "matter_occurred_on":
		c.MatterOccurredOn = day
	case "matter_known_on":
		c.MatterKnownOn = day
	}
}

// correctMoment moves the moment of an event, for the clocks and for the stage to which it belongs. What the law's clocks
// go by is kept beside it, and moves with it only where they follow.
func (c *Case) correctMoment(revision uint64, field string, at time.Time, lawful bool) {
	h := &c.history
	h.Moments = slices.Clone(h.Moments)
	for i := range h.Moments {
		m := &h.Moments[i]
		if m.Seq != revision {
			continue
		}
		before := *m
		if !m.correct(field, at) {
			continue
		}
		h.keepForLaw(before, field, at, lawful)
		if s := c.Record(Label(m.Stage)); s != nil {
			s.correct(m.Event, before.At, m.At)
		}
		if m.Event == "Received" {
			c.ReceivedAt = m.At
		}
		h.Entries = slices.Clone(h.Entries)
		for j := range h.Entries {
			if h.Entries[j].Seq == revision {
				h.Entries[j].At = m.At
			}
		}
	}
}

// correct moves the moment, where the field is one of its instants.
func (m *Moment) correct(field string, at time.Time) bool {
	if occurredFields[m.Event] == field {
		m.At = at
		return true
	}
	if _, ok := m.Fields[field]; !ok {
		return false
	}
	fields := make(map[string]time.Time, len(m.Fields)) // a copy of the case keeps its own
	for name, t := range m.Fields {
		fields[name] = t
	}
	fields[field] = at
	m.Fields = fields
	return true
}

// keepForLaw remembers a moment as the clocks of basis law know it.
func (h *History) keepForLaw(before Moment, field string, at time.Time, lawful bool) {
	kept := make(map[uint64]Moment, len(h.Lawful)+1)
	for seq, m := range h.Lawful {
		kept[seq] = m
	}
	known, ok := kept[before.Seq]
	if !ok {
		known = before
	}
	if lawful {
		known.correct(field, at)
	}
	kept[before.Seq] = known
	h.Lawful = kept
}

// moments returns what a clock goes by: for one of basis law, without the corrections that it does not follow.
func (h *History) moments(k *procedure.Clock) []Moment {
	if k.Basis != "law" || len(h.Lawful) == 0 {
		return h.Moments
	}
	lawful := slices.Clone(h.Moments)
	for i := range lawful {
		if m, ok := h.Lawful[lawful[i].Seq]; ok && m.Event == lawful[i].Event {
			lawful[i] = m
		}
	}
	return lawful
}

// correct moves that of the stage's moments which the event gave.
func (s *StageRecord) correct(event string, from, to time.Time) {
	at := map[string]*time.Time{
		"Received": &s.EnteredAt, "Escalated": &s.EnteredAt, "Acknowledged": &s.AckAt, "Allocated": &s.AllocatedAt,
		"Responded": &s.RespondedAt, "OutcomeAccepted": &s.AcceptedAt,
	}[event]
	if at != nil && at.Equal(from) {
		*at = to
	}
}

// DecideCorrectRecord answers with [CorrectionRecorded], also on a closed case. The value is checked as the corrected
// event's own command would check its form. Rejects with SELF_APPROVAL.
func DecideCorrectRecord(ctx Context, e CorrectionRecorded) ([]Event, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{WhenClosed: true}, ctx.Now); err != nil {
		return nil, err
	}
	revision, ok := ctx.Case.fact(e.Corrects)
	if !ok {
		return nil, BadValue("corrects", "an event of the case")
	}
	if e.ApprovedBy == nil {
		return nil, MissingField("approved_by", "who approved it")
	}
	approver := ctx.Config.Grant(e.ApprovedBy.String(), ctx.Now)
	switch {
	case ctx.Actor.Is(*e.ApprovedBy):
		return nil, Reject(SelfApproval, "approved_by: somebody other than who corrects")
	case !ctx.Config.Holds(*e.ApprovedBy, ActionConclude, ctx.Now) && !approver.Has(RoleDirector):
		return nil, Reject(NotPermitted, "approved_by: a complaints manager or a director")
	}
	name := ctx.Case.facts[revision].name
	shape, ok := fieldOf(name, string(e.Field))
	if !ok {
		return nil, BadValue("field", "a field of "+name)
	}
	if shape == reflect.TypeFor[Personal]() {
		return []Event{e}, nil
	}
	if e.Value, ok = datum(shape, e.NewValue); !ok || !e.Value.Valid() {
		return nil, BadValue("new_value", "a value that the field may have")
	}
	e.NewValue = Personal{}
	e.Lawful = approver.Has(RoleComplaints) && startsClocks(p, name, string(e.Field))
	if err := checkCorrectedMoment(ctx, revision, e); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// checkCorrectedMoment refuses a moment that lies ahead, and one that would turn the order of a stage round.
func checkCorrectedMoment(ctx Context, revision int, e CorrectionRecorded) error {
	var at time.Time
	if at.UnmarshalText([]byte(e.Value)) != nil || occurredFields[ctx.Case.facts[revision].name] != string(e.Field) {
		return nil
	}
	if at.After(ctx.Now.Add(FutureAllowance)) {
		return Reject(FutureDated, "the moment given lies ahead")
	}
	after := ctx.Case.Clone()
	after.correctMoment(uint64(revision), string(e.Field), at, e.Lawful)
	for i := range after.Stages {
		s := &after.Stages[i]
		for _, later := range []time.Time{s.AckAt, s.AllocatedAt, s.RespondedAt, s.EndedAt} {
			if !later.IsZero() && later.Before(s.EnteredAt) {
				return Reject(OutOfOrder, "something would have happened at stage %s before it was entered", s.Stage)
			}
		}
	}
	return nil
}

// startsClocks reports whether any clock of the procedure starts on the field of the event.
func startsClocks(p *procedure.Procedure, event, field string) bool {
	starts := func(k procedure.Clock) bool {
		return slices.ContainsFunc(k.Starts.Events(), func(r procedure.EventRef) bool { return r.Event == event && r.At == field })
	}
	return slices.ContainsFunc(p.CaseClocks, starts) ||
		slices.ContainsFunc(p.Stages, func(s procedure.Stage) bool { return slices.ContainsFunc(s.Clocks, starts) })
}

// fieldOf returns the type of a field that was sent with an event.
func fieldOf(event, path string) (reflect.Type, bool) {
	at := slices.IndexFunc(Events, func(e Event) bool { name, _ := e.Schema(); return name == event })
	if at < 0 {
		return nil, false
	}
	shape := reflect.TypeOf(Events[at])
	for _, part := range strings.Split(path, ".") {
		name, index, indexed := strings.Cut(part, "[")
		if shape = member(shape, name); shape == nil {
			return nil, false
		}
		list := shape.Kind() == reflect.Slice
		if indexed != list || indexed && !strings.HasSuffix(index, "]") {
			return nil, false
		}
		if list {
			shape = shape.Elem()
		}
	}
	return shape, true
}

// member returns the type of a struct's field by its name in the log, without its pointer, and nil where it has none that
// is ever sent.
func member(shape reflect.Type, name string) reflect.Type {
	if shape.Kind() != reflect.Struct {
		return nil
	}
	for i := range shape.NumField() {
		f := shape.Field(i)
		if written, _, _ := strings.Cut(f.Tag.Get("json"), ","); written != name || f.Tag.Get("rule") == "assigned" {
			continue
		}
		if f.Type.Kind() == reflect.Pointer {
			return f.Type.Elem()
		}
		return f.Type
	}
	return nil
}

// datum reads a value as the type of a field that holds no free text, and writes it as the log does.
func datum(shape reflect.Type, value Personal) (Datum, bool) {
	text, _ := value.Text()
	switch shape {
	case reflect.TypeFor[time.Time]():
		var at time.Time
		err := at.UnmarshalText([]byte(text))
		return Datum(at.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)), err == nil
	case reflect.TypeFor[Date]():
		day, err := ParseDate(text)
		return Datum(day.String()), err == nil
	case reflect.TypeFor[uuid.UUID]():
		id, err := uuid.Parse(text)
		return Datum(id.String()), err == nil
	}
	word := reflect.New(shape).Elem()
	switch shape.Kind() {
	case reflect.String:
		word.SetString(text)
		switch w := word.Interface().(type) {
		case Enum:
			return Datum(text), slices.Contains(w.Values(), text)
		case interface{ Valid() bool }:
			return Datum(text), w.Valid()
		}
	case reflect.Bool:
		on, err := strconv.ParseBool(text)
		return Datum(strconv.FormatBool(on)), err == nil
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		return Datum(strconv.FormatInt(n, 10)), err == nil && n >= 0
	}
	return "", false
}
