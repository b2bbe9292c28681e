package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// InformationRequested records a question on which the work waits. Where a procedure says so, a question for clarification
// stops the clock and one for proof of identity makes its date provisional.
type InformationRequested struct {
	Kind    EnquiryKind   `json:"kind" rule:"required" doc:"what is asked for"`
	AskedAt time.Time     `json:"asked_at" rule:"required" doc:"when"`
	Text    Personal      `json:"text,omitzero" rule:"required" doc:"the question"`
	From    Correspondent `json:"from" rule:"required" doc:"who is asked: a person, or a code for a body"`
}

// Schema names the event.
func (InformationRequested) Schema() (string, int) { return "InformationRequested", 1 }

// When returns the moment of the question.
func (e InformationRequested) When() time.Time { return e.AskedAt }

// InformationReceived records an answer, or information that nobody asked for.
type InformationReceived struct {
	Kind       EnquiryKind   `json:"kind" rule:"required" doc:"what it is about"`
	ReceivedAt time.Time     `json:"received_at" rule:"required" doc:"when it first reached any part of the council"`
	Text       Personal      `json:"text,omitzero" rule:"required" doc:"the answer"`
	From       Correspondent `json:"from" rule:"required" doc:"from whom: a person, or a code for a body"`
}

// Schema names the event.
func (InformationReceived) Schema() (string, int) { return "InformationReceived", 1 }

// When returns the moment of receipt.
func (e InformationReceived) When() time.Time { return e.ReceivedAt }

// EnquiryKind is what is asked for.
type EnquiryKind string

// The kinds that clocks look at; [EnquiryKind.Values] has the whole list.
const (
	EnquiryClarification EnquiryKind = "clarification"
	EnquiryIdentity      EnquiryKind = "identity"
)

// Values returns the closed list of kinds.
func (EnquiryKind) Values() []string { return []string{"clarification", "identity", "evidence"} }

// Correspondent is from whom something comes or to whom it goes: a person's id, or a code for a body or a role that is not
// recorded as a person, such as police. A name does not fit into it.
type Correspondent string

// Valid reports whether it is an id or a code.
func (w Correspondent) Valid() bool {
	if _, err := uuid.Parse(string(w)); err == nil {
		return len(w) == 36
	}
	lower := !slices.ContainsFunc([]byte(w), func(b byte) bool { return b == ' ' || 'A' <= b && b <= 'Z' })
	return lower && fromAlphabet(string(w))
}

// Rule says what is right.
func (Correspondent) Rule() string { return "the id of a person, or a code in small letters" }

// Enquiry is one question and its answer.
type Enquiry struct {
	Kind       EnquiryKind
	AskedAt    time.Time
	ReceivedAt time.Time // zero while it is outstanding
}

func (e InformationRequested) happen(c *Case, m *Metadata) {
	c.Enquiries = append(c.Enquiries, Enquiry{Kind: e.Kind, AskedAt: e.AskedAt})
	c.history.Moments = append(c.history.Moments, Moment{
		Event: "InformationRequested", Stage: string(c.atWork()), Kind: string(e.Kind), At: e.AskedAt,
	})
	if e.Kind == EnquiryClarification {
		c.pause(PauseClarification, DateOf(e.AskedAt), m)
	}
}

func (e InformationReceived) happen(c *Case, _ *Metadata) {
	answers := false
	c.Enquiries = slices.Clone(c.Enquiries)
	for i := range c.Enquiries {
		if q := &c.Enquiries[i]; q.Kind == e.Kind && q.ReceivedAt.IsZero() {
			q.ReceivedAt, answers = e.ReceivedAt, true
		}
	}
	c.history.Moments = append(c.history.Moments, Moment{
		Event: "InformationReceived", Stage: string(c.atWork()), Kind: string(e.Kind), At: e.ReceivedAt,
	})
	if e.Kind == EnquiryClarification && answers {
		c.unpause(PauseClarification, DateOf(e.ReceivedAt))
		c.history.Resets = append(c.history.Resets, Reset{Kind: PauseClarification, At: e.ReceivedAt})
	}
}

// DecideRequestInformation answers with [InformationRequested].
func DecideRequestInformation(ctx Context, e InformationRequested) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: ctx.Case.ReceivedAt}, e.AskedAt); err != nil {
		return nil, err
	}
	if err := knownCorrespondent(ctx, "from", e.From); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// DecideRecordInformation answers with [InformationReceived]. It closes every outstanding question of its kind.
func DecideRecordInformation(ctx Context, e InformationReceived) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	after := ctx.Case.ReceivedAt
	for _, q := range ctx.Case.Enquiries {
		if q.Kind == e.Kind && q.ReceivedAt.IsZero() {
			after = latest(after, q.AskedAt)
		}
	}
	if err := Preconditions(ctx, CommandRule{After: after}, e.ReceivedAt); err != nil {
		return nil, err
	}
	if err := knownCorrespondent(ctx, "from", e.From); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// knownCorrespondent answers BAD_VALUE for a person who is not recorded. A code is taken as it is.
func knownCorrespondent(ctx Context, field string, w Correspondent) error {
	id, err := uuid.Parse(string(w))
	if err != nil {
		return nil
	}
	return known(ctx, field, &id)
}
