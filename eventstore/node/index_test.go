package node

import (
	"fmt"
	"math/bits"
	"testing"

	"github.com/google/uuid"
)

// grown answers a log of many small segments in which streams grow side by side, opened again if so asked, and the
// numbers of each stream's events.
func grown(t *testing.T, reopened bool) (*log, map[string][]uint32) {
	t.Helper()
	files := newMemory()
	l, err := openMemory(files)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(l, 0)
	want := map[string][]uint32{}
	for i := range 3000 {
		name := fmt.Sprintf("stream-%d", i%7*(i%3))
		r := &record{stream: name, first: uint64(len(want[name]))}
		for range 1 + i%4 {
			want[name] = append(want[name], l.count+uint32(len(r.events)))
			r.events = append(r.events, event{id: uuid.New(), kind: "Noted"})
		}
		if err := w.write([]staged{{records: []*record{r}}}); err != nil {
			t.Fatal(err)
		}
	}
	l.sealing.Wait()
	if reopened {
		if err := l.close(true); err != nil {
			t.Fatal(err)
		}
		if l, err = openMemory(files); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.segments) < 50 {
		t.Fatalf("%d segments are too few to try", len(l.segments))
	}
	return l, want
}

// TestIndexFind: every revision of every stream is found, in closed segments and in the last, and the jumps are those of
// a skew-binary list.
func TestIndexFind(t *testing.T) {
	for _, reopened := range []bool{false, true} {
		l, want := grown(t, reopened)
		c := cursor{log: l, ahead: oneRecord}
		for name, numbers := range want {
			h, ok, _, err := c.stream(name)
			if err != nil || !ok || int(h.next) != len(numbers) {
				t.Fatalf("%s has %d events, the index says %d: %v", name, len(numbers), h.next, err)
			}
			for revision, n := range numbers {
				if got, err := c.find(h, uint32(revision)); err != nil || got != n {
					t.Fatalf("%s revision %d is event %d, found %d: %v", name, revision, n, got, err)
				}
				k, _, err := c.locate(n)
				if jumped := numbers[revision-int(jumpLength(uint32(revision)))]; err != nil || k.jump != jumped {
					t.Fatalf("%s revision %d jumps to event %d, expected %d: %v", name, revision, k.jump, jumped, err)
				}
			}
		}
	}
}

// TestHeads: streams with equal tags are kept apart, and a table that has grown has all that was in it.
func TestHeads(t *testing.T) {
	h := newHeads(0)
	const streams = 5000
	tag := func(i uint32) uint32 { return bits.Reverse32(i / 2 % 1500) } // many have the same, and the last slots are full
	for i := range uint32(streams) {
		h = h.room(1)
		h.add(tag(i), i)
	}
	for i := range uint32(streams) {
		if !h.move(tag(i), i, i+streams) {
			t.Fatalf("stream %d is not there", i)
		}
		if h.move(tag(i), i, i) {
			t.Fatalf("stream %d is there twice", i)
		}
	}
	found := 0
	for i := range uint32(1500) {
		for _, n := range h.candidates(bits.Reverse32(i), nil) {
			if found++; tag(n-streams) != bits.Reverse32(i) {
				t.Fatalf("event %d has another tag", n)
			}
		}
	}
	if found != streams || h.used != streams {
		t.Fatalf("%d streams and %d counted, want %d", found, h.used, streams)
	}
}
