package domain

import (
	"testing"
	"time"
)

func TestOutOfTime(t *testing.T) {
	p := ShippedProcedure("nnc-corporate-2024")
	last := NewDate(2025, 1, 6).Midnight()
	for _, tt := range []struct {
		received time.Time
		late     bool
	}{
		{last.Add(-time.Second), false}, {last, true},
	} {
		e := received1()
		e.MatterOccurredOn, e.ReceivedAt = NewDate(2024, 1, 5), tt.received
		if c := given(t, e); c.OutOfTime(p, ShippedCalendar()) != tt.late {
			t.Errorf("received %s: late %v", tt.received, !tt.late)
		}
		// A duplicate that came earlier was in time, and so is the matter
		c := given(t, e, CaseLinked{OtherCase: person("first"), Kind: LinkDuplicate, OtherReceivedAt: jan(3)})
		if c.OutOfTime(p, ShippedCalendar()) {
			t.Error("the earlier receipt does not count")
		}
	}
	if given(t, received1()).OutOfTime(p, ShippedCalendar()) {
		t.Error("late, though nobody knows when it happened")
	}
}
