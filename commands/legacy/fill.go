package legacy

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"redress/domain"
)

// filler makes one event of a rule's type from a row. It is made once for each rule, when the mapping is loaded, so that
// a mapping that names an event, a field or a code that does not exist is refused before any row is read.
type filler struct {
	shape  reflect.Type
	at     int // index of the field that says when it happened
	fields []fieldFiller
}

// fieldFiller fills one field.
type fieldFiller struct {
	name     string
	index    int
	value    Value
	required bool
}

// RejectedValue says why a row's value cannot be used. It names column and rule, never the value.
type RejectedValue struct{ Rule, Column, Reason string }

// Error names column and reason.
func (e *RejectedValue) Error() string { return fmt.Sprintf("column %s: %s", e.Column, e.Reason) }

// The rules that a value can break.
const (
	RuleUnmapped = "UNMAPPED_VALUE"
	RuleDate     = "BAD_DATE"
	RuleValue    = "BAD_VALUE"
	RuleMissing  = "MISSING_VALUE"
)

// steering are the fields by which the fold finds its way. A source may lack every other field of an event, and then the
// field is absent; without one of these the event would say nothing.
var steering = []string{"kind", "channel", "stage", "from_stage", "to_stage", "outcome", "reason"}

// filler checks a rule against the event's own shape and prepares it. Its error holds every fault.
func (r *EventRule) filler() (*filler, error) {
	at := slices.IndexFunc(domain.Events, func(e domain.Event) bool { name, _ := e.Schema(); return name == r.Event })
	if at < 0 || !onCase(domain.Events[at]) {
		return nil, fmt.Errorf("event: there is no event %q of a case", r.Event)
	}
	f := &filler{shape: reflect.TypeOf(domain.Events[at])}
	f.at = momentOf(f.shape)
	var faults []error
	if f.at < 0 {
		faults = append(faults, fmt.Errorf("event: %s has no moment of its own, so a row cannot say when it happened", r.Event))
	}
	if r.At == "" {
		faults = append(faults, errors.New("at: is missing"))
	}
	names := make([]string, f.shape.NumField())
	for i := range names {
		field := f.shape.Field(i)
		names[i] = jsonName(field)
		if _, filled := r.With[names[i]]; !filled && slices.Contains(steering, names[i]) && field.Tag.Get("rule") == "required" {
			faults = append(faults, fmt.Errorf("with.%s: is missing; %s means nothing without it", names[i], r.Event))
		}
	}
	for name, value := range r.With {
		index := slices.Index(names, name)
		if index < 0 || f.shape.Field(index).Tag.Get("rule") == "assigned" {
			faults = append(faults, fmt.Errorf("with.%s: %s has no such field", name, r.Event))
			continue
		}
		if index == f.at || ofImport(f.shape, name) {
			faults = append(faults, fmt.Errorf("with.%s: the import fills this itself", name))
			continue
		}
		field := fieldFiller{name, index, value, f.shape.Field(index).Tag.Get("rule") == "required"}
		if err := field.check(f.shape.Field(index).Type); err != nil {
			faults = append(faults, fmt.Errorf("with.%s: %w", name, err))
		}
		f.fields = append(f.fields, field)
	}
	slices.SortFunc(f.fields, func(a, b fieldFiller) int { return a.index - b.index })
	return f, errors.Join(faults...)
}

// momentOf returns the index of the field from which the event says when it happened, -1 for an event that does not.
func momentOf(shape reflect.Type) int {
	for i := range shape.NumField() {
		if !isMoment(shape.Field(i).Type) {
			continue
		}
		event := reflect.New(shape).Elem()
		setMoment(event.Field(i), time.Date(2020, 6, 1, 12, 0, 0, 0, time.UTC))
		if timed, ok := event.Interface().(domain.Timed); ok && timed.When().Year() == 2020 {
			return i
		}
	}
	return -1
}

// ofImport reports whether the import itself fills a field: the procedure of a case, and all of a row that is only kept.
func ofImport(shape reflect.Type, field string) bool {
	return field == "procedure_id" || shape == reflect.TypeFor[domain.LegacyRecorded]()
}

// onCase reports whether an event may come from a row: it belongs to a case and is not the import's own.
func onCase(e domain.Event) bool {
	switch e.(type) {
	case domain.Imported, domain.PersonalDataErased:
		return false
	}
	return domain.OfCase(e)
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

var (
	instantType  = reflect.TypeFor[time.Time]()
	dateType     = reflect.TypeFor[domain.Date]()
	personalType = reflect.TypeFor[domain.Personal]()
)

func isMoment(t reflect.Type) bool { return t == instantType || t == dateType }

// check refuses a field that no cell can fill, and fixed and translated values that the field's type does not take.
func (f fieldFiller) check(t reflect.Type) error {
	if !fillable(t) {
		return errors.New("cannot be filled from one cell")
	}
	if f.required && f.value.Column == "" && f.value.Fixed == "" {
		return errors.New("must have a value")
	}
	into := reflect.New(t).Elem()
	fixed := slices.Sorted(maps.Values(f.value.Values))
	if f.value.Column == "" {
		fixed = append(fixed, f.value.Fixed)
	}
	for _, text := range append(fixed, f.value.Default) {
		if text == "" {
			continue
		}
		if err := set(into, text, nil); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
	}
	return nil
}

// fillable reports whether set knows what to do with a field of the type.
func fillable(t reflect.Type) bool {
	if t == personalType || isMoment(t) {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Int64, reflect.Bool:
		return true
	case reflect.Slice:
		return t.Elem().Kind() != reflect.Slice && fillable(t.Elem())
	}
	return false
}

// make reads one event from a row. moments turns a source time into an instant.
func (f *filler) make(rule *EventRule, row func(column string) string, moments func(string) (time.Time, error)) (domain.Event, error) {
	event := reflect.New(f.shape).Elem()
	at, err := moments(row(rule.At))
	if err != nil {
		return nil, &RejectedValue{RuleDate, rule.At, err.Error()}
	}
	setMoment(event.Field(f.at), at)
	for _, field := range f.fields {
		text, err := field.text(row)
		if err != nil {
			return nil, err
		}
		if text == "" {
			if field.required {
				return nil, &RejectedValue{RuleMissing, field.value.Column, field.name + " must have a value"}
			}
			continue
		}
		if err := set(event.Field(field.index), text, moments); err != nil {
			return nil, &RejectedValue{ruleOf(err), field.value.Column, field.name + ": " + err.Error()}
		}
	}
	fact, ok := event.Interface().(domain.Event)
	if !ok {
		return nil, fmt.Errorf("%s is no event", f.shape)
	}
	return fact, nil
}

// text returns the value of the field for a row, translated where the mapping translates.
func (f fieldFiller) text(row func(string) string) (string, error) {
	if f.value.Column == "" {
		return f.value.Fixed, nil
	}
	text := strings.TrimSpace(row(f.value.Column))
	if text == "" {
		return f.value.Default, nil
	}
	if f.value.Values == nil {
		return text, nil
	}
	mapped, known := f.value.Values[text]
	if !known {
		return "", &RejectedValue{RuleUnmapped, f.value.Column, "a value that the mapping does not know"}
	}
	return mapped, nil
}

var (
	errNotListed = errors.New("is none of the values that the field takes")
	errNotCode   = errors.New("is no code (1-64 letters, digits, spaces and -_./); translate it in the mapping")
	errNotKind   = errors.New("cannot be read as what the field holds")
)

func ruleOf(err error) string {
	switch {
	case errors.Is(err, errNotListed):
		return RuleUnmapped
	case errors.Is(err, errNoMoment) || errors.Is(err, errNoYear):
		return RuleDate
	}
	return RuleValue
}

// set puts a text into a field of one of the domain's types.
func set(into reflect.Value, text string, moments func(string) (time.Time, error)) error {
	switch {
	case into.Type() == personalType:
		into.Set(reflect.ValueOf(domain.Plain(text)))
		return nil
	case isMoment(into.Type()):
		if moments == nil {
			return errNotKind
		}
		at, err := moments(text)
		if err != nil {
			return err
		}
		setMoment(into, at)
		return nil
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
		return checkText(into)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errNotKind
		}
		into.SetInt(n)
		return nil
	case reflect.Bool:
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return errNotKind
		}
		into.SetBool(yes)
		return nil
	case reflect.Slice:
		for part := range strings.SplitSeq(text, ";") {
			item := reflect.New(into.Type().Elem()).Elem()
			if err := set(item, strings.TrimSpace(part), moments); err != nil {
				return err
			}
			into.Set(reflect.Append(into, item))
		}
		return nil
	}
	return errNotKind
}

func setMoment(into reflect.Value, at time.Time) {
	if into.Type() == dateType {
		into.Set(reflect.ValueOf(domain.DateOf(at)))
		return
	}
	into.Set(reflect.ValueOf(at))
}

// checkText holds a named string to its own list or alphabet.
func checkText(v reflect.Value) error {
	switch value := v.Interface().(type) {
	case domain.Enum:
		if !slices.Contains(value.Values(), v.String()) {
			return errNotListed
		}
	case interface{ Valid() bool }:
		if !value.Valid() {
			return errNotCode
		}
	}
	return nil
}
