package domain

import (
	"slices"
	"strconv"
	"strings"
)

// Term is a value of a code list: a service, a category, a ward, a team, a content code, a reference at another body.
// It is 1 to 64 letters, digits, spaces and -_./, and so can hold nothing that would have to be sealed.
type Term string

// Valid reports whether the term keeps to its alphabet and length.
func (t Term) Valid() bool { return fromAlphabet(string(t)) }

// Label is an id of the caller's choosing: an issue, a remedy, a document, a stage, a clock. It has the alphabet and the
// length of a [Term] and is unique within its case.
type Label string

// Valid reports whether the label keeps to its alphabet and length.
func (l Label) Valid() bool { return fromAlphabet(string(l)) }

// Content is the text of a file that a council adopts: a procedure, a calendar. It tells nothing about a person.
type Content string

// Enum is a value of a closed list. Each enumeration of this package has it.
type Enum interface {
	// Values returns the whole list, in the order of the specification.
	Values() []string
}

// among reports whether a value stands in its enumeration's list.
func among[E interface {
	~string
	Enum
}](value E) bool {
	return slices.Contains(value.Values(), string(value))
}

func fromAlphabet(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(" -_./", r):
		default:
			return false
		}
	}
	return true
}

// indexed writes the path of an element of a list.
func indexed(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
