package node

import (
	"bytes"
	"testing"

	"github.com/google/uuid"
)

// FuzzDecodePayload: whatever is decoded encodes to the same bytes; nothing makes the decoder panic.
func FuzzDecodePayload(f *testing.F) {
	for _, r := range []*record{
		{stream: "case-1", created: 17e15, first: 3, events: []event{
			{id: uuid.New(), kind: "Received", json: true, metadata: []byte("{}"), data: []byte(`{"a":1}`)},
			{id: uuid.New(), kind: "Acknowledged", data: []byte{0, 1, 2}},
		}},
		{stream: "gone", first: tombstoneRevision, events: []event{{id: uuid.New(), kind: tombstoneType}}},
	} {
		f.Add(appendRecord(nil, 7, r, 0)[recordHeaderSize:])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, payload []byte) {
		var r record
		if decodePayload(payload, 99, &r) != nil {
			return
		}
		var again record
		encoded := appendRecord(nil, 7, &r, 5)
		if err := decodePayload(encoded[recordHeaderSize:], 99, &again); err != nil {
			t.Fatalf("what was decoded cannot be decoded again: %v", err)
		}
		if !bytes.Equal(appendRecord(nil, 7, &again, 5), encoded) {
			t.Fatal("decoding and encoding changes the record")
		}
	})
}

// FuzzDecodeHeader: a header is taken only where it was written.
func FuzzDecodeHeader(f *testing.F) {
	r := &record{position: 32, stream: "case-1", events: []event{{id: uuid.New(), kind: "Received"}}}
	f.Add(appendRecord(nil, 7, r, 0), uint64(32))
	f.Add([]byte{1, 2, 3}, uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, position uint64) {
		h, ok := decodeHeader(b, 7, position)
		if ok && h.length > maxPayload {
			t.Fatalf("length %d accepted", h.length)
		}
		if _, elsewhere := decodeHeader(b, 7, position+1); ok && elsewhere {
			t.Fatal("the same bytes are a header in two places")
		}
	})
}
