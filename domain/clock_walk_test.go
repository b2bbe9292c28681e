package domain

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redress/domain/procedure"
)

// An extended date moves by the pauses that come after the extension, and by no others (CA-13): it is as many counted
// days away as it was when it was given.
func TestExtensionsEqualNaive(t *testing.T) {
	p := ShippedProcedure("nnc-corporate-previous") // response 20 working days from receipt, no limit of extension
	rapid.Check(t, func(t *rapid.T) {
		received := NewDate(2024, 1, 1).AddDays(rapid.IntRange(0, 700).Draw(t, "received"))
		extended := received.AddDays(rapid.IntRange(1, 20).Draw(t, "extended"))
		given := received.AddDays(rapid.IntRange(45, 90).Draw(t, "given"))
		h := History{
			Kind:       "complaint",
			Moments:    []Moment{{Event: "Received", At: received.noon()}},
			Entries:    []StageEntry{{Stage: "s1", At: received.noon()}},
			Extensions: []Postponement{{Clock: "s1.response", NewDue: given, Recorded: extended.noon()}},
		}
		known, all := map[Date]bool{}, map[Date]bool{}
		pause := func(from Date, days int, recorded Date) {
			h.Pauses = append(h.Pauses, Pause{Kind: PauseConsent, From: from, To: from.AddDays(days), Recorded: recorded.noon()})
			for d := from; d <= from.AddDays(days); d++ {
				all[d] = true
				known[d] = known[d] || recorded <= extended
			}
		}
		if rapid.Bool().Draw(t, "a pause before") {
			pause(received.AddDays(rapid.IntRange(0, 5).Draw(t, "from")), rapid.IntRange(0, 8).Draw(t, "days"), extended)
		}
		for range rapid.IntRange(0, 2).Draw(t, "later pauses") {
			from := extended.AddDays(rapid.IntRange(1, 80).Draw(t, "from"))
			pause(from, rapid.IntRange(0, 20).Draw(t, "days"), from)
		}
		counted := 0
		for d := received + 1; d <= given; d++ {
			if ShippedCalendar().WorkingDay(d) && !known[d] {
				counted++
			}
		}
		want := received
		for n := 0; n < counted; {
			want++
			if ShippedCalendar().WorkingDay(want) && !all[want] {
				n++
			}
		}
		want = max(want, given)
		got := clockNamed(Clocks(p, ShippedCalendar(), h, received.noon()), "s1.response")
		if got.Extended != 1 || got.Due != want {
			t.Fatalf("received %s, extended on %s to %s with %+v: due %s, the naive reckoning says %s", received, extended, given, h.Pauses, got.Due, want)
		}
	})
}

// events are what the walk below draws from: everything that a shipped clock looks at.
var walkEvents = []string{
	"Acknowledged", "Allocated", "Responded", "ResolvedEarly", "OutcomeAccepted", "PanelHeld", "PanelReported",
	"InformationRequested", "InformationReceived", "FeeNoticeIssued", "FeePaid",
}

// walk draws a history that no decision would have allowed, but that a fold could be handed.
func walk(t *rapid.T, p *procedure.Procedure) History {
	h := History{Kind: rapid.SampledFrom(p.Kinds).Draw(t, "kind"), Conditions: []string{"request_too_general"}}
	at := NewDate(2024, 1, 1).Midnight().Add(time.Duration(rapid.IntRange(0, 365*24).Draw(t, "received")) * time.Hour)
	entry := p.EntryStage(h.Kind, "")
	h.Moments = []Moment{{Event: "Received", At: at}}
	h.Entries = []StageEntry{{Stage: entry.ID, At: at}}
	stage := entry
	for seq := range uint64(rapid.IntRange(0, 12).Draw(t, "steps")) {
		at = at.Add(time.Duration(rapid.IntRange(-24, 24*15).Draw(t, "hours")) * time.Hour)
		day := DateOf(at)
		switch rapid.IntRange(0, 9).Draw(t, "step") {
		case 0:
			if next := p.After(stage.ID); next != nil {
				stage = next
				h.Moments = append(h.Moments, Moment{Event: "Escalated", Stage: stage.ID, At: at})
				h.Entries = append(h.Entries, StageEntry{Stage: stage.ID, At: at, Seq: seq + 1})
			}
		case 1:
			pause := Pause{Kind: rapid.SampledFrom([]string{PauseSuspension, PauseConsent, PauseClarification, PauseFeeNotice}).Draw(t, "pause"), From: day, Recorded: at}
			if rapid.Bool().Draw(t, "closed") {
				pause.To = day.AddDays(rapid.IntRange(0, 40).Draw(t, "days"))
			}
			h.Pauses = append(h.Pauses, pause)
		case 2:
			h.Resets = append(h.Resets, Reset{Kind: PauseClarification, At: at})
		case 3:
			k := rapid.SampledFrom(stage.Clocks).Draw(t, "clock")
			h.Extensions = append(h.Extensions, Postponement{Clock: stage.ID + "." + k.ID, NewDue: day.AddDays(rapid.IntRange(-5, 60).Draw(t, "days")), Recorded: at})
		case 4:
			h.Endings = append(h.Endings, CaseEnding{At: at, Seq: seq + 1})
		default:
			h.Moments = append(h.Moments, Moment{Event: rapid.SampledFrom(walkEvents).Draw(t, "event"), Stage: stage.ID, Kind: rapid.SampledFrom([]string{"", "identity", PauseClarification}).Draw(t, "of"), At: at})
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "imported") == 0 {
		h.ImportedAt = at
	}
	return h
}

// Whatever happened to a case under whatever procedure: its clocks are computed, all but the state is the same at any
// moment, a clock that ended keeps its state, and its receipt says the same.
func TestClocksOfAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Shipped()[rapid.IntRange(0, len(Shipped())-1).Draw(t, "procedure")]
		h := walk(t, p)
		early, late := NewDate(2024, 6, 1).Midnight(), NewDate(2030, 1, 1).Midnight()
		clocks, later := Clocks(p, ShippedCalendar(), h, early), Clocks(p, ShippedCalendar(), h, late)
		if len(clocks) != len(later) {
			t.Fatalf("%d clocks, later %d", len(clocks), len(later))
		}
		for i, c := range clocks {
			after := later[i]
			if c.StateAt(late) != after.State || after.StateAt(early) != c.State {
				t.Fatalf("%s: %s and %s", c.ID, c.State, after.State)
			}
			after.State = c.State
			if c != after {
				t.Fatalf("a stored part depends on the moment: %+v, %+v", c, after)
			}
			checkAnyClock(t, c)
			x, exists := Explain(p, ShippedCalendar(), h, c.ID, early)
			if !exists || x.Due != c.Due || x.State != c.State || x.DaysLeft != c.DaysLeft || x.OriginalDue != c.OriginalDue {
				t.Fatalf("%+v\nis explained as\n%+v", c, x)
			}
			if _, exists, err := LimitsOf(p, ShippedCalendar(), h, c.ID, early); !exists || err != nil {
				t.Fatalf("%s has no limits: %v", c.ID, err)
			}
			if _, err := Warnings(p, ShippedCalendar(), c); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func checkAnyClock(t *rapid.T, c Clock) {
	switch {
	case !slices.Contains(c.State.Values(), string(c.State)):
		t.Fatalf("%s: state %q", c.ID, c.State)
	case c.Problem != "":
		t.Fatalf("%s: %s", c.ID, c.Problem)
	case c.Due.IsZero() != c.DueInstant.IsZero():
		t.Fatalf("%s: due %s, instant %s", c.ID, c.Due, c.DueInstant)
	case !c.PausedFrom.IsZero() && (!c.Due.IsZero() || c.DaysLeft < 1 || !c.StoppedAt.IsZero()):
		t.Fatalf("%s is paused: %+v", c.ID, c)
	case c.Due < c.OriginalDue && !c.Due.IsZero():
		t.Fatalf("%s: due %s before the original %s", c.ID, c.Due, c.OriginalDue)
	case c.Final == ClockMet && c.AtDue == "" && !c.StoppedAt.Before(c.DueInstant):
		t.Fatalf("%s is met too late: %+v", c.ID, c)
	case c.Final == ClockMissed && c.StoppedAt.Before(c.DueInstant):
		t.Fatalf("%s is missed in time: %+v", c.ID, c)
	case c.Final != "" && c.StoppedAt.IsZero() && c.Final != ClockUnknown:
		t.Fatalf("%s ended and did not stop: %+v", c.ID, c)
	}
}
