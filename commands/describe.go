package commands

import (
	"reflect"
	"strings"
	"sync"

	"redress/domain"
)

// Field describes one field of a command's body, for the API's description and the documents.
type Field struct {
	Name     string
	Type     string // instant, day, uuid, text, term, label, enum, pence, integer, boolean, content, bytes, object
	List     bool   // a list of them
	Required bool
	Personal bool     // sealed before it reaches the log
	Values   []string // the closed list of an enum
	Doc      string
	Fields   []Field // of an object
}

// Fields describes the command's body, in the order of the specification. What any command may carry, case and
// backdate_reason, is not among them.
func (c Command) Fields() []Field { return describe(reflect.TypeOf(c.Body)) }

func describe(t reflect.Type) []Field {
	var all []Field
	for _, f := range fieldsOf(t) {
		if f.assigned {
			continue
		}
		d := Field{Name: f.name, Required: f.required, Doc: f.doc}
		d.be(t.Field(f.index).Type)
		all = append(all, d)
	}
	return all
}

// be fills in what the Go type says.
func (f *Field) be(t reflect.Type) {
	switch {
	case t.Kind() == reflect.Pointer:
		f.be(t.Elem())
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		f.Type = "bytes"
	case t.Kind() == reflect.Slice:
		f.List = true
		f.be(t.Elem())
	case t == timeType:
		f.Type = "instant"
	case t == dateType:
		f.Type = "day"
	case t == uuidType:
		f.Type = "uuid"
	case t == personalType:
		f.Type, f.Personal = "text", true
	case t == penceType:
		f.Type = "pence"
	case t == contentType:
		f.Type = "content"
	case t.Implements(enumType):
		f.Type, f.Values = "enum", reflect.Zero(t).Interface().(domain.Enum).Values()
	case t == reflect.TypeFor[domain.Term]():
		f.Type = "term"
	case t == reflect.TypeFor[domain.Label]():
		f.Type = "label"
	case t.Kind() == reflect.Struct:
		f.Type, f.Fields = "object", describe(t)
	case t.Kind() == reflect.Bool:
		f.Type = "boolean"
	case t.Kind() == reflect.String:
		f.Type = "text"
	default:
		f.Type = "integer"
	}
}

// field is what the tags of one field of a struct say.
type field struct {
	index              int
	name, doc          string
	required, assigned bool
	short              bool // the object may be sent as this text alone
}

var structs sync.Map // reflect.Type -> []field

func fieldsOf(t reflect.Type) []field {
	if known, ok := structs.Load(t); ok {
		return known.([]field)
	}
	var all []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		rule := f.Tag.Get("rule")
		all = append(all, field{index: i, name: name, doc: f.Tag.Get("doc"), required: rule == "required", assigned: rule == "assigned", short: rule == "short"})
	}
	structs.Store(t, all)
	return all
}

// shortOf returns the field for which an object of the type may stand as a text, or nil.
func shortOf(t reflect.Type) *field {
	for _, f := range fieldsOf(t) {
		if f.short {
			return &f
		}
	}
	return nil
}

func has(t reflect.Type, name string) bool {
	for _, f := range fieldsOf(t) {
		if f.name == name && !f.assigned {
			return true
		}
	}
	return false
}
