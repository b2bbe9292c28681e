package web

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Instants and dates as people in London read them.
const (
	dayForm     = "2 Jan 2006"
	instantForm = "2 Jan 2006 15:04"
)

// when shows an instant in London; the zero time is nothing.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(london).Format(instantForm)
}

// day shows the London day of an instant; the zero time is nothing.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(london).Format(dayForm)
}

// words turns the name of a code, a field or an event type into words: "no_further_contact" into "No further contact",
// "RemedyOffered" into "Remedy offered".
func words(code string) string {
	var b strings.Builder
	var before rune
	for _, r := range code {
		switch {
		case r == '_':
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(before):
			b.WriteByte(' ')
			fallthrough
		case unicode.IsUpper(r) && before != 0 && !unicode.IsUpper(before):
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
		before = r
	}
	return capital(b.String())
}

// capital begins a text with a capital letter.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// sentence makes a problem's detail a sentence of its own.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return capital(s)
	}
	return capital(s) + "."
}
