package commands_test

import (
	"testing"

	"github.com/google/uuid"

	"redress/domain"
)

// A learning action has a stream of its own, through the same handler.
func TestLearningAction(t *testing.T) {
	c := newCouncil(t)
	received := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte("action"))
	action := fields{
		"action_id": id, "text": "Train the crew", "owner_id": c.people["ben"], "service": "housing", "due_on": "2026-06-30",
		"cases": []any{received.Case}, "causes": []string{"delay"}, "type": "training", "origin": "stage",
	}
	raised := c.must(c.as("ben"), "RaiseAction", action, key("a"))
	if raised.Stream != domain.LearningStream(id) || raised.Case != nil || raised.Ref != nil || len(raised.Events) != 1 {
		t.Errorf("the answer is %+v", raised)
	}
	same(t, raised, c.must(c.as("ben"), "RaiseAction", action, key("a")))
	c.refuses(domain.BadValueCode, c.as("ben"), "RaiseAction", action)
	c.refuses(domain.NotPermitted, c.as("amina"), "RaiseAction", action.with(fields{"action_id": uuid.NewString()}))
	c.refuses(domain.MissingFieldCode, c.as("ben"), "UpdateAction", fields{
		"action_id": id, "status": "in_progress", "note": "Booked", "due_on": "2026-07-31",
	})
	c.must(c.as("ben"), "UpdateAction", fields{"action_id": id, "status": "done", "note": "The crew was trained"}, seen(0))
	closing := fields{"action_id": id, "result": "implemented", "closed_on": "2026-03-02", "evidence": "register", "verified_by": c.people["ben"]}
	c.refuses(domain.SelfVerification, c.as("ben"), "CloseAction", closing)
	closing["verified_by"] = c.people["cara"]
	c.refuses(domain.EvidenceRequired, c.as("cara"), "CloseAction", closing.with(fields{"evidence": ""}))
	c.refuses(domain.StaleRevision, c.as("cara"), "CloseAction", closing, seen(0))
	c.must(c.as("cara"), "CloseAction", closing)
	if n := c.length(domain.LearningStream(id)); n != 3 {
		t.Errorf("the stream has %d events", n)
	}
}
