package web

import (
	"testing"
	"time"
)

func TestOperatorSessionLife(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	sessions := newOperatorSessions(func() time.Time { return at })
	id := sessions.start()
	if sessions.touch("") || sessions.touch(id+"x") {
		t.Error("an id that was never given out is alive")
	}
	for range 23 { // seen every half hour less a second
		at = at.Add(sessionIdle - time.Second)
		if !sessions.touch(id) {
			t.Fatalf("dead at %s", at)
		}
	}
	at = at.Add(sessionIdle)
	if sessions.touch(id) {
		t.Error("alive after idling")
	}
	long := sessions.start()
	if len(sessions.byID) != 1 {
		t.Errorf("%d sessions kept, want 1: the dead one goes", len(sessions.byID))
	}
	for end := at.Add(sessionLife); at.Before(end); at = at.Add(20 * time.Minute) {
		if !sessions.touch(long) {
			t.Fatalf("dead at %s", at)
		}
	}
	if sessions.touch(long) {
		t.Error("alive after twelve hours")
	}
	other := sessions.start()
	sessions.end(other)
	if sessions.touch(other) {
		t.Error("alive after its end")
	}
}
