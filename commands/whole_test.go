package commands_test

import (
	"slices"
	"testing"
	"time"

	"redress/domain"
)

// A case goes its whole way through the handler, and stands as its stream says.
func TestAWholeCase(t *testing.T) {
	c := newCouncil(t)
	config, err := c.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stage := config.Procedures()[0].Stage("s1")
	day := func(n int) time.Time { return c.clock.Add(time.Duration(n) * 24 * time.Hour) }
	received := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	of := fields{"case": *received.Ref, "stage": "s1"}

	c.clock = day(1)
	c.must(c.as("amina"), "AcknowledgeCase", c.acknowledgement(received))
	c.must(c.as("amina"), "AllocateCase", of.with(fields{
		"allocated_at": c.clock, "team": "repairs", "officer_id": c.people["ben"], "officer_grade": 8,
	}))
	c.clock = day(1)
	c.must(c.as("ben"), "RecordFinding", of.with(fields{
		"issue_id": "boiler", "finding": "upheld", "fault": "service_failure", "injustice": true, "reasons": "The part was not ordered.",
	}))
	remedy := of.with(fields{
		"remedy_id": "apology", "issue_ids": []string{"boiler"}, "type": "apology", "description": "A written apology",
		"deliver_by": "2026-03-30", "owner_id": c.people["ben"], "origin": "stage",
	})
	c.must(c.as("ben"), "ProposeRemedy", remedy)
	c.must(c.as("ben"), "OfferRemedy", remedy.with(fields{"offered_at": c.clock}))
	c.must(c.as("ben"), "SendResponse", of.with(fields{
		"sent_at": c.clock, "form": "letter", "recipients": []any{c.people["pat"]}, "contents": stage.Response.Contains, "outcome": "upheld",
		"issue_outcomes": []fields{{"issue_id": "boiler", "finding": "upheld"}}, "author_id": c.people["ben"],
		"further_rights": "next_stage", "letter": "L2", "remedies": []string{"apology"},
	}))
	c.clock = day(1)
	c.must(c.as("amina"), "AnswerRemedy", fields{"case": received.Case, "remedy_id": "apology", "answer": "accepted", "at": c.clock, "by": c.people["pat"]})
	c.must(c.as("amina"), "DeliverRemedy", fields{"case": received.Case, "remedy_id": "apology", "delivered_on": "2026-03-05", "evidence": "L3"})
	escalation := fields{
		"case": received.Case, "from_stage": "s1", "to_stage": "s2", "requested_at": c.clock, "requested_by": c.people["pat"],
		"channel": "email", "issues": []string{"boiler"}, "ground": "dissatisfied", "reasons": "It broke again.",
	}
	c.must(c.as("amina"), "EscalateCase", escalation)
	c.must(c.as("amina"), "WithdrawCase", fields{"case": received.Case, "by": c.people["pat"], "at": c.clock, "continue_internally": false, "contact_wanted": false})

	folded, err := c.Case(t.Context(), *received.Case)
	if err != nil {
		t.Fatal(err)
	}
	if folded.Status != domain.StatusClosed || folded.Stage != "s2" || folded.Remedy("apology").State != "delivered" || folded.Ref != *received.Ref {
		t.Errorf("the case stands at %s, %s, remedy %s", folded.Status, folded.Stage, folded.Remedy("apology").State)
	}
	var types []string
	for r, err := range c.Store.Read(t.Context(), received.Stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, r.Type)
		if r.Meta.ActorRole == "" || r.Meta.CorrelationID != r.Meta.CommandID || len(r.Meta.BodyMAC) != 48 {
			t.Errorf("metadata of %s: %+v", r.Type, r.Meta)
		}
	}
	want := []string{
		"Received", "Acknowledged", "Allocated", "FindingRecorded", "RemedyProposed", "RemedyOffered", "Responded", "RemedyAccepted",
		"RemedyDelivered", "Escalated", "Withdrawn",
	}
	if !slices.Equal(types, want) {
		t.Errorf("the stream holds %v", types)
	}
}
