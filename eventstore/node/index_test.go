package node

import (
	"fmt"
	"testing"
)

// TestIndexFind: every revision of streams that grow side by side is found.
func TestIndexFind(t *testing.T) {
	x := newIndex()
	want := map[string][]uint32{}
	for i := range 5000 {
		name := fmt.Sprintf("stream-%d", i%7*(i%3))
		n := 1 + i%4
		for j := range n {
			want[name] = append(want[name], x.count+uint32(j))
		}
		x.add(0, uint32(i), &record{stream: name, events: make([]event, n)})
	}
	for name, numbers := range want {
		h := x.streams[name]
		if int(h.next) != len(numbers) {
			t.Fatalf("%s has %d events, the index says %d", name, len(numbers), h.next)
		}
		for revision, n := range numbers {
			if got := x.find(h, uint32(revision)); got != n {
				t.Fatalf("%s revision %d is event %d, found %d", name, revision, n, got)
			}
		}
	}
}

// TestJumpLength: the jumps are those that entering events makes.
func TestJumpLength(t *testing.T) {
	x := newIndex()
	for revision := range uint32(2000) {
		x.add(0, revision, &record{stream: "s", events: make([]event, 1)})
		if got := revision - x.entry(revision).jump; got != jumpLength(revision) {
			t.Fatalf("revision %d jumps %d back, expected %d", revision, got, jumpLength(revision))
		}
	}
}
