package domain

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
)

// eventID is the id that the n-th event of a history has in these tests.
func eventID(n int) uuid.UUID { return uuid.NewSHA1(caseID, []byte{byte(n)}) }

// marked folds a history in which every event has an id.
func marked(t testing.TB, history ...Event) *Case {
	t.Helper()
	c := new(Case)
	for i, event := range history {
		who := mary
		if d, ok := event.(done); ok {
			event, who = d.Event, d.who
		}
		when := OccurredAt(event, c.LastRecorded)
		if err := c.Apply(Recorded{Event: event, Stream: CaseStream(caseID), Revision: c.Events, Meta: Metadata{
			EventID: eventID(i), OccurredAt: when, RecordedAt: latest(when, c.LastRecorded), ActorID: who.String(),
		}}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestCorrectRecord(t *testing.T) {
	config := council(t, Settings{})
	right := CorrectionRecorded{Corrects: eventID(0), Field: "received_at", NewValue: Plain("2025-01-05T12:00:00Z"), Reason: Plain("it lay in the porch"), ApprovedBy: id(mary)}
	for _, tt := range []struct {
		name   string
		change func(*CorrectionRecorded)
		code   Code
	}{
		{"accepted", func(*CorrectionRecorded) {}, ""},
		{"approved by a director", func(e *CorrectionRecorded) { e.ApprovedBy = id(dan) }, ""},
		{"approved by oneself", func(e *CorrectionRecorded) { e.ApprovedBy = id(cara) }, SelfApproval},
		{"approved by nobody", func(e *CorrectionRecorded) { e.ApprovedBy = nil }, MissingFieldCode},
		{"approved by a handler", func(e *CorrectionRecorded) { e.ApprovedBy = id(amina) }, NotPermitted},
		{"no event of the case", func(e *CorrectionRecorded) { e.Corrects = uuid.New() }, BadValueCode},
		{"no field", func(e *CorrectionRecorded) { e.Field = "colour" }, BadValueCode},
		{"a field of a field", func(e *CorrectionRecorded) { e.Field, e.NewValue = "issues[1].category", Plain("contact centre") }, ""},
		{"a list", func(e *CorrectionRecorded) { e.Field, e.NewValue = "issues", Plain("none") }, BadValueCode},
		{"no list", func(e *CorrectionRecorded) { e.Field, e.NewValue = "ward[0]", Plain("north") }, BadValueCode},
		{"a field that is assigned", func(e *CorrectionRecorded) { e.Field, e.NewValue = "case_ref", Plain("RD-1") }, BadValueCode},
		{"free text", func(e *CorrectionRecorded) { e.Field, e.NewValue = "summary", Plain("No heating, and no hot water.") }, ""},
		{"no instant", func(e *CorrectionRecorded) { e.NewValue = Plain("yesterday") }, BadValueCode},
		{"no channel", func(e *CorrectionRecorded) { e.Field, e.NewValue = "channel", Plain("pigeon") }, BadValueCode},
		{"no code", func(e *CorrectionRecorded) { e.Field, e.NewValue = "ward", Plain("north; south") }, BadValueCode},
		{"no day", func(e *CorrectionRecorded) { e.Field, e.NewValue = "matter_known_on", Plain("5 January") }, BadValueCode},
		{"no person", func(e *CorrectionRecorded) { e.Field, e.NewValue = "complainant", Plain("Pat Smith") }, BadValueCode},
		{"no number", func(e *CorrectionRecorded) {
			e.Corrects, e.Field, e.NewValue = eventID(2), "officer_grade", Plain("nine")
		}, BadValueCode},
		{"a number", func(e *CorrectionRecorded) { e.Corrects, e.Field, e.NewValue = eventID(2), "officer_grade", Plain("9") }, ""},
		{"no yes or no", func(e *CorrectionRecorded) {
			e.Corrects, e.Field, e.NewValue = eventID(3), "injustice", Plain("perhaps")
		}, BadValueCode},
		{"ahead", func(e *CorrectionRecorded) { e.NewValue = Plain("2025-02-05T12:00:00Z") }, FutureDated},
		{"received after the acknowledgement", func(e *CorrectionRecorded) { e.NewValue = Plain("2025-01-15T12:00:00Z") }, OutOfOrder},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := right
			tt.change(&e)
			events, err := DecideCorrectRecord(at(config, jan(24), cara, marked(t, investigated1()...)), e)
			expect(t, events, err, tt.code)
			for _, decided := range events {
				c := decided.(CorrectionRecorded)
				if sealed := e.Field == "summary"; sealed == c.NewValue.IsZero() || sealed != (c.Value == "") {
					t.Errorf("kept as %v and %q", c.NewValue, c.Value)
				}
			}
		})
	}
}

// A corrected start moves the clocks that are the council's own. The law's move only where the fact starts a clock and a
// complaints manager has approved it.
func TestCorrectionsAndClocks(t *testing.T) {
	foi := adopting(t, "foi")
	asked := []Event{request(foi, "foi", "foi_request")}
	finished := then(asked, func() Event { e := responded("req", noon(2025, 2, 3), amina); return e }())
	for _, tt := range []struct {
		name     string
		history  []Event
		event    int
		field    Path
		value    string
		approver uuid.UUID
		due      Date
		state    ClockState
	}{
		{"the law follows the start", asked, 0, "received_at", "2025-01-03T12:00:00Z", mary, NewDate(2025, 1, 31), ClockOverdue},
		{"not with a director's approval", asked, 0, "received_at", "2025-01-03T12:00:00Z", dan, NewDate(2025, 2, 3), ClockOverdue},
		{"nor the stop", finished, 1, "sent_at", "2025-02-04T12:00:00Z", mary, NewDate(2025, 2, 3), ClockMet},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := noon(2025, 2, 5)
			c := marked(t, tt.history...)
			before := c.Clone()
			events, err := DecideCorrectRecord(at(foi, now, cara, c), CorrectionRecorded{
				Corrects: eventID(tt.event), Field: tt.field, NewValue: Plain(tt.value), Reason: Plain("a slip"), ApprovedBy: id(tt.approver),
			})
			expect(t, events, err, "")
			if err := c.Apply(Recorded{Event: events[0], Revision: c.Events, Meta: Metadata{RecordedAt: now}}); err != nil {
				t.Fatal(err)
			}
			if k := response(t, foi, c, now); k.Due != tt.due || k.State != tt.state {
				t.Errorf("the clock is %s, due %s", k.State, k.Due)
			}
			if k := response(t, foi, before, now); k.Due != NewDate(2025, 2, 3) {
				t.Errorf("the copy's clock is due %s", k.Due)
			}
		})
	}
	config := council(t, Settings{})
	c := marked(t, investigated1()...)
	events, err := DecideCorrectRecord(at(config, jan(24), cara, c), CorrectionRecorded{
		Corrects: eventID(1), Field: "sent_at", NewValue: Plain("2025-01-09T12:00:00Z"), Reason: Plain("a slip"), ApprovedBy: id(dan),
	})
	expect(t, events, err, "")
	for _, e := range events {
		if err := c.Apply(Recorded{Event: e, Revision: c.Events, Meta: Metadata{RecordedAt: jan(24)}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), jan(24)) {
		if k.ID == "s1.response" && k.Due != NewDate(2025, 1, 23) || k.ID == "s1.ack" && !k.StoppedAt.Equal(jan(9)) {
			t.Errorf("%s due %s, stopped at %s", k.ID, k.Due, k.StoppedAt)
		}
	}
	if s := c.Current(); !s.AckAt.Equal(jan(9)) {
		t.Errorf("acknowledged at %s", s.AckAt)
	}
}

func TestCorrectedReceipt(t *testing.T) {
	c := marked(t, received1())
	for field, value := range map[Path]Datum{
		"service": "waste", "category": "bins", "ward": "north", "channel": "phone", "matter_occurred_on": "2024-12-01", "matter_known_on": "2024-12-02",
	} {
		if err := c.Apply(Recorded{Event: CorrectionRecorded{Corrects: eventID(0), Field: field, Value: value}, Revision: c.Events}); err != nil {
			t.Fatal(err)
		}
	}
	if c.Service != "waste" || c.Category != "bins" || c.Ward != "north" || c.Channel != "phone" || c.MatterOccurredOn != NewDate(2024, 12, 1) || c.MatterKnownOn != NewDate(2024, 12, 2) {
		t.Errorf("%s %s %s %s %s %s", c.Service, c.Category, c.Ward, c.Channel, c.MatterOccurredOn, c.MatterKnownOn)
	}
}

// Every event that clocks know has the field in which it says when it happened.
func TestOccurredFieldsExist(t *testing.T) {
	for event, field := range occurredFields {
		if shape, ok := fieldOf(event, field); !ok || shape != reflect.TypeFor[time.Time]() {
			t.Errorf("%s has no instant %s", event, field)
		}
	}
}
