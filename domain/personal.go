package domain

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// Personal is a value that may tell something about a person: every free text, name, address or contact. It is plain
// only between a command and the log; in the log and in every read model it is sealed under the key of the stream's
// subject. No decision and no fold depends on its content.
type Personal struct {
	text   string
	sealed Sealed
}

// Sealed is the ciphertext of a [Personal]. Box is made by the vault; Associated is the data bound to it (event id and
// field path), without which the box does not open.
type Sealed struct {
	Key        uuid.UUID `json:"key"`
	Box        []byte    `json:"box"`
	Associated string    `json:"for"`
}

// Plain makes a personal value from its text.
func Plain(text string) Personal { return Personal{text: text} }

// SealedValue makes a personal value from its ciphertext.
func SealedValue(s Sealed) Personal { return Personal{sealed: s} }

// IsZero reports whether there is no value at all.
func (p Personal) IsZero() bool { return p.text == "" && p.sealed.Box == nil }

// Text returns the plain text, and whether the value is plain.
func (p Personal) Text() (string, bool) { return p.text, p.sealed.Box == nil }

// Sealed returns the ciphertext, and whether the value is sealed.
func (p Personal) Sealed() (Sealed, bool) { return p.sealed, p.sealed.Box != nil }

// String hides the value, so that it cannot reach a log line by accident.
func (p Personal) String() string {
	if p.IsZero() {
		return ""
	}
	return "[personal]"
}

// GoString hides the value from %#v.
func (p Personal) GoString() string { return p.String() }

// Format hides the value from every verb.
func (p Personal) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

var errPlain = errors.New("a personal value must be sealed before it is written")

// MarshalJSONTo writes the ciphertext. A plain value is refused: only the event store's codec, which seals, writes it.
func (p Personal) MarshalJSONTo(enc *jsontext.Encoder) error {
	if p.IsZero() {
		return enc.WriteToken(jsontext.Null)
	}
	if p.sealed.Box == nil {
		return errPlain
	}
	return json.MarshalEncode(enc, p.sealed)
}

// UnmarshalJSONFrom reads a plain string (a command's field) or a ciphertext (an event's, a read model's).
func (p *Personal) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case '"':
		*p = Personal{}
		return json.UnmarshalDecode(dec, &p.text)
	case 'n':
		*p = Personal{}
		return dec.SkipValue()
	default:
		*p = Personal{}
		return json.UnmarshalDecode(dec, &p.sealed)
	}
}
