package eventstore_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
)

// filled returns the event with something in every field.
func filled(zero domain.Event, text string) domain.Event {
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	fill(v, text)
	return v.Interface().(domain.Event)
}

func fill(v reflect.Value, text string) {
	switch v.Interface().(type) {
	case domain.Personal:
		v.Set(reflect.ValueOf(domain.Plain("personal " + text)))
		return
	case time.Time:
		v.Set(reflect.ValueOf(noon))
		return
	case domain.Date:
		v.SetInt(int64(domain.NewDate(2026, 3, 2)))
		return
	case uuid.UUID:
		v.Set(reflect.ValueOf(uuid.NewSHA1(uuid.Nil, []byte(text))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("some text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
				fill(v.Field(i), text)
			}
		}
	}
}

// plainly returns the event's fields as a tree that can be printed, with the texts of its personal values.
func plainly(event domain.Event) any {
	return tree(reflect.ValueOf(event), func(p domain.Personal) string { text, _ := p.Text(); return text })
}

// revealed is [plainly] for an event from the log.
func revealed(t *testing.T, s *eventstore.Store, event domain.Event) any {
	return tree(reflect.ValueOf(event), func(p domain.Personal) string {
		if text, plain := p.Text(); plain && text != "" {
			t.Error("a personal value came back in clear")
		}
		text, err := s.Reveal(t.Context(), p)
		if err != nil {
			t.Errorf("reveal: %v", err)
		}
		return text
	})
}

func tree(v reflect.Value, open func(domain.Personal) string) any {
	switch value := v.Interface().(type) {
	case domain.Personal:
		return open(value)
	case time.Time, uuid.UUID, domain.Date:
		return value
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return tree(v.Elem(), open)
	case reflect.Slice:
		all := make([]any, v.Len())
		for i := range all {
			all[i] = tree(v.Index(i), open)
		}
		return all
	case reflect.Struct:
		fields := map[string]any{}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
				fields[f.Name] = tree(v.Field(i), open)
			}
		}
		return fields
	}
	return v.Interface()
}
