package node

import (
	"strings"
	"unicode/utf8"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

func identifier(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}

// nameOf answers the stream that is meant, or "" if none is.
func nameOf(id *shared.StreamIdentifier) string { return decodeName(id.GetStreamName()) }

// decodeName reads UTF-8 as a real server does, to which names are text: every longest run of bytes that begins a character
// and does not end it, and every other byte that can be none, becomes U+FFFD. Names that differ only in that are one.
func decodeName(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var name strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			size = broken(b)
		}
		name.WriteRune(r)
		b = b[size:]
	}
	return name.String()
}

// broken answers how many of the first bytes of b, which are no character, belong to one that was begun.
func broken(b []byte) int {
	const first, last = 0x80, 0xbf // of the bytes that go on
	low, high, more := byte(first), byte(last), 0
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		more = 1
	case c >= 0xe0 && c <= 0xef:
		more = 2
	case c >= 0xf0 && c <= 0xf4:
		more = 3
	}
	switch b[0] { // neither overlong, nor a surrogate, nor beyond the last character
	case 0xe0:
		low = 0xa0
	case 0xed:
		high = 0x9f
	case 0xf0:
		low = 0x90
	case 0xf4:
		high = 0x8f
	}
	n := 1
	for n <= more && n < len(b) && low <= b[n] && b[n] <= high {
		n++
		low, high = first, last
	}
	return n
}
