package commands_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/commands"
	"redress/domain"
)

// A survey is answered in a stream of its own, which tells nothing of the case.
func TestSurvey(t *testing.T) {
	c := newCouncil(t)
	received := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	answer := fields{"case": received.Case, "answers": fields{"overall": 4}, "comment": "Quick in the end."}
	c.refuses(domain.OutOfOrder, c.as("pat"), "AnswerSurvey", answer)
	c.refuses(domain.MissingFieldCode, c.as("pat"), "AnswerSurvey", answer.with(fields{"case": nil}))
	c.refuses(domain.CaseNotFound, c.as("pat"), "AnswerSurvey", answer.with(fields{"case": uuid.New()}))
	c.must(c.as("cara"), "CloseCase", c.closing(received))
	c.clock = c.clock.Add(24 * time.Hour)
	c.must(c.as("cara"), "RestrictContact", fields{
		"person_id": c.people["pat"], "arrangements": []string{"writing_only"}, "reasons": "Shouting.", "from": "2026-03-03", "review_on": "2026-03-04",
		"decided_by": c.people["cara"], "notified_at": c.clock, "challenge_route": "complaints_manager",
	})
	c.refuses(domain.BadValueCode, c.as("amina"), "SendSurvey", fields{"case": received.Case, "token": "q7"})
	c.must(c.as("cara"), "ReviewRestriction", fields{"person_id": c.people["pat"], "outcome": "lifted"})
	sent := c.must(c.as("amina"), "SendSurvey", fields{"case": received.Case, "token": "q7"})
	if sent.Stream != received.Stream {
		t.Errorf("the survey was sent in %s", sent.Stream)
	}
	c.refuses(domain.CaseNotFound, c.as("paul"), "AnswerSurvey", answer)
	given := c.must(c.as("pat"), "AnswerSurvey", answer)
	if given.Stream != domain.SurveyStream("council", "q7") || given.Revision != 0 {
		t.Errorf("answered in %s at %d", given.Stream, given.Revision)
	}
	c.refuses(domain.BadValueCode, c.as("pat"), "AnswerSurvey", answer)
	for r, err := range c.Store.Read(t.Context(), given.Stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Meta.Procedure != "" || r.Meta.Stage != "" || strings.Contains(string(r.Data), received.Case.String()) || strings.Contains(string(r.Data), "Quick") {
			t.Errorf("the answer tells of the case: %+v %s", r.Meta, r.Data)
		}
	}
}

// A quarter's answers on equality come into the log once, and say nothing of who, when or in which order.
func TestEquality(t *testing.T) {
	c := newCouncil(t)
	q := domain.QuarterOf(domain.DateOf(c.clock))
	young := fields{"kind": "complaint", "service": "housing", "channel": "email", "answers": []fields{{"question": "age", "answer": "25-34"}}}
	old := young.with(fields{"answers": []fields{{"question": "age", "answer": "65-74"}}})
	silent := fields{"kind": "comment", "service": "waste", "channel": "phone", "answers": []fields{}}
	given := fields{"year": q.Year, "quarter": q.Number, "answers": []fields{old, silent, young}}
	c.refuses(domain.FutureDated, operator, "RecordEqualityAnswers", given)
	c.clock = q.End().Add(40 * time.Hour)
	c.refuses(domain.NotPermitted, c.as("cara"), "RecordEqualityAnswers", given)
	send := func(sent fields, key string) (commands.Answer, error) {
		return c.Do(t.Context(), commands.Request{Command: "RecordEqualityAnswers", Body: body(t, sent), Actor: operator, WayIn: domain.ViaAPI, Key: key})
	}
	first, err := send(given, "q")
	if err != nil || len(first.Events) != 3 || first.Case != nil || first.Stream != domain.EqualityStream("council", q) {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := send(given.with(fields{"answers": []fields{young, old, silent}}), "q")
	if err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("the same command again: %+v, %v", again, err)
	}
	_, err = send(given.with(fields{"answers": []fields{silent}}), "q")
	expectCode(t, domain.CommandIDReused, err)
	_, err = send(given, "another")
	expectCode(t, domain.BadValueCode, err)
	var ages []string
	for r, err := range c.Store.Read(t.Context(), first.Stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		m := r.Meta
		if !m.RecordedAt.Equal(q.End()) || !m.OccurredAt.Equal(q.End()) || m.ActorID != "system" || m.Procedure != "" || m.BodyMAC != nil ||
			m.ConfigRevision != 0 || m.OnBehalfOf != "" || strings.Contains(string(r.RawMeta), operator.ID) {
			t.Errorf("metadata %s", r.RawMeta)
		}
		answered, _ := r.Event.(domain.EqualityAnswered)
		for _, a := range answered.Answers {
			ages = append(ages, string(a.Answer))
		}
	}
	if !slices.Equal(ages, []string{"25-34", "65-74"}) {
		t.Errorf("they stand as %v, which is as they were sent", ages)
	}
}

// The notifier's record stands in the case, once however often it is made, and after closing too.
func TestNotified(t *testing.T) {
	c := newCouncil(t)
	received := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	c.must(c.as("cara"), "CloseCase", c.closing(received))
	sent := fields{"case": received.Case, "template": "N15", "to_role": "complainant", "to": "pat@example.org", "channel": "email", "at": c.clock, "result": "sent"}
	r := commands.Request{Body: body(t, sent), Actor: domain.Actor{ID: "system"}, WayIn: domain.ViaProcess, Key: "N15:1"}
	first, err := c.Notified(t.Context(), r)
	if err != nil || first.Events[0].Type != "NotificationSent" {
		t.Fatal(first, err)
	}
	again, err := c.Notified(t.Context(), r)
	if err != nil || again.Events[0].ID != first.Events[0].ID || c.length(received.Stream) != 3 {
		t.Errorf("again: %+v, %v, %d events", again, err, c.length(received.Stream))
	}
	c.refuses(domain.UnknownCommand, c.as("cara"), "RecordNotification", sent)
}

// An issue or a recommendation may be sent as its text alone.
func TestShortForms(t *testing.T) {
	c := newCouncil(t)
	received := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	agreed := fields{"case": received.Case, "issues": []any{"No heating", fields{"issue_id": "damp", "text": "Mould"}}, "agreed_at": c.clock, "agreed_with": c.people["pat"]}
	c.must(c.as("amina"), "AgreeIssues", agreed)
	c.refuses(domain.BadValueCode, c.as("amina"), "AgreeIssues", agreed.with(fields{"issues": []any{7}}))
	c.refuses(domain.BadValueCode, c.as("amina"), "RequestInformation", fields{
		"case": received.Case, "kind": "evidence", "asked_at": c.clock, "text": "When?", "from": "Pat Smith",
	})
	folded, err := c.Case(t.Context(), *received.Case)
	if err != nil || folded.Issue("damp") == nil || len(folded.Issues) != 2 {
		t.Errorf("issues %v, %v", folded.Issues, err)
	}
}
