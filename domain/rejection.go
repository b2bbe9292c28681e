package domain

import "fmt"

// Class groups the reasons for which a command is refused. The edges map classes to statuses and never look at codes.
type Class int

// The five classes.
const (
	Refused   Class = iota // a business rule says no
	Invalid                // the command cannot be read, or a field is wrong
	Forbidden              // the actor has no right to it
	Missing                // there is no such thing, or not for this actor
	Stale                  // the stream has moved on
)

// Code is a reason code of the specification, permanent and machine-readable.
type Code string

// Rejection is the answer to a command that is refused. It may be shown to whoever sent the command: it names fields and
// rules, never values.
type Rejection struct {
	Code   Code
	Class  Class
	Detail string  // one sentence for a person
	Faults []Fault // what is wrong field by field, when Class is Invalid
}

// Fault is one thing wrong with one field.
type Fault struct {
	Field string `json:"field"` // JSON path, such as issues[0].text
	Code  Code   `json:"code"`
	Rule  string `json:"rule"` // what the field must be
}

// Error returns code and detail.
func (r *Rejection) Error() string { return fmt.Sprintf("%s: %s", r.Code, r.Detail) }

// Reject makes a rejection of the class that the catalogue gives for the code.
func Reject(code Code, format string, args ...any) *Rejection {
	return &Rejection{Code: code, Class: code.Class(), Detail: fmt.Sprintf(format, args...)}
}

// BadValue makes a rejection that names one field and the rule it breaks.
func BadValue(field, rule string) *Rejection {
	return faulty(BadValueCode, field, rule)
}

// MissingField makes a rejection that names a field that has to be there.
func MissingField(field, rule string) *Rejection {
	return faulty(MissingFieldCode, field, rule)
}

func faulty(code Code, field, rule string) *Rejection {
	r := Reject(code, "%s", rule)
	if field != "" { // else it is the whole body
		r.Detail = field + ": " + rule
	}
	r.Faults = []Fault{{Field: field, Code: code, Rule: rule}}
	return r
}
