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

// validate checks a rule against the event's own shape and returns every fault.
func (r *EventRule) validate() []error {
	var faults []error
	if _, err := r.filler(); err != nil {
		faults = append(faults, err)
	}
	if r.At == "" {
		faults = append(faults, errors.New("at: is missing"))
	}
	return faults
}

func (r *EventRule) filler() (*filler, error) {
	at := slices.IndexFunc(domain.Events, func(e domain.Event) bool { name, _ := e.Schema(); return name == r.Event })
	if at < 0 || !onCase(domain.Events[at]) {
		return nil, fmt.Errorf("event: there is no event %q of a case", r.Event)
	}
	f := &filler{shape: reflect.TypeOf(domain.Events[at]), at: -1}
	for i := range f.shape.NumField() {
		field := f.shape.Field(i)
		if f.at < 0 && isMoment(field.Type) && field.Tag.Get("rule") == "required" {
			f.at = i
		}
	}
	var faults []error
	for name, value := range r.With {
		index := slices.IndexFunc(reflect.VisibleFields(f.shape), func(field reflect.StructField) bool { return jsonName(field) == name })
		if index < 0 || f.shape.Field(index).Tag.Get("rule") == "assigned" {
			faults = append(faults, fmt.Errorf("with.%s: %s has no such field", name, r.Event))
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

// onCase reports whether an event may come from a row: it belongs to a case and is not the import's own.
func onCase(e domain.Event) bool {
	switch e.(type) {
	case domain.Imported, domain.PersonRecorded, domain.PersonalDataErased, domain.LogOpened, domain.TimeSimulated,
		domain.ProcedureAdopted, domain.CalendarAdopted, domain.SettingsAdopted, domain.RoleGranted, domain.RoleRevoked, domain.ReferencesReserved:
		return false
	}
	return true
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

// check refuses fixed and translated values that the field's type does not take.
func (f fieldFiller) check(t reflect.Type) error {
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

// make reads one event from a row. moments turns a source time into an instant.
func (f *filler) make(rule *EventRule, row func(column string) string, moments func(string) (time.Time, error)) (domain.Event, error) {
	event := reflect.New(f.shape).Elem()
	if f.at >= 0 {
		at, err := moments(row(rule.At))
		if err != nil {
			return nil, &RejectedValue{RuleDate, rule.At, err.Error()}
		}
		setMoment(event.Field(f.at), at)
	}
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
	if errors.Is(err, errNotListed) {
		return RuleUnmapped
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
