package domain

import (
	"time"
)

// Closed records that a person closed the case. Nothing closes by itself.
type Closed struct {
	Reason ClosedReason `json:"reason" rule:"required" doc:"why"`
	At     time.Time    `json:"at" rule:"required" doc:"when"`
	Note   Personal     `json:"note,omitzero" doc:"anything to remember"`
}

// Schema names the event.
func (Closed) Schema() (string, int) { return "Closed", 1 }

// When returns the moment of closing.
func (e Closed) When() time.Time { return e.At }

// ClosedReason is why a case is closed.
type ClosedReason string

// The reasons that rules look at; [ClosedReason.Values] has the whole list.
const (
	ReasonResolvedEarly    ClosedReason = "resolved_early"
	ReasonAccepted         ClosedReason = "accepted"
	ReasonNoFurtherContact ClosedReason = "no_further_contact"
	ReasonExhausted        ClosedReason = "exhausted"
	ReasonWithdrawn        ClosedReason = "withdrawn"
	ReasonRedirected       ClosedReason = "redirected"
	ReasonTimeLimit        ClosedReason = "time_limit"
	ReasonDuplicate        ClosedReason = "duplicate"
	ReasonEnteredInError   ClosedReason = "entered_in_error"
)

// Values returns the closed list of reasons.
func (ClosedReason) Values() []string {
	return []string{
		"resolved_early", "accepted", "no_further_contact", "exhausted", "redirected", "not_eligible", "withdrawn", "duplicate",
		"consent_not_given", "insufficient_information", "time_limit", "forwarded", "acknowledged_only", "ombudsman_concluded",
		"lapsed", "entered_in_error",
	}
}

func (e Closed) happen(c *Case, _ *Metadata) {
	c.end(e.At, EndedClosed)
	c.shut(e.At, e.Reason)
}

// DecideCloseCase answers with [Closed]. Rejects with REMEDY_OUTSTANDING, unless the case is withdrawn, a duplicate or an
// error, and with RESPONSE_OUTSTANDING where the reason says that the complainant has had an answer. Nothing is closed for
// its age before that was decided: OUT_OF_ORDER.
func DecideCloseCase(ctx Context, e Closed) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	c := ctx.Case
	after := c.ReceivedAt
	if s := c.Current(); s != nil {
		after = latest(after, s.EnteredAt, s.RespondedAt)
	}
	if err := Preconditions(ctx, CommandRule{After: after}, e.At); err != nil {
		return nil, err
	}
	if e.Reason == ReasonTimeLimit && !c.Refused(DecisionTimeLimit) {
		return nil, Reject(OutOfOrder, "nobody has decided that the matter came too late")
	}
	switch e.Reason {
	case ReasonWithdrawn, ReasonDuplicate, ReasonEnteredInError:
	default:
		for i := range c.Remedies {
			if r := &c.Remedies[i]; r.Outstanding(DateOf(e.At)) {
				return nil, Reject(RemedyOutstanding, "remedy %s has not been delivered", r.ID)
			}
		}
	}
	switch e.Reason {
	case ReasonAccepted, ReasonExhausted, ReasonNoFurtherContact:
		for i := range c.Stages {
			if s := &c.Stages[i]; s.EndedAt.IsZero() && s.RespondedAt.IsZero() {
				return nil, Reject(ResponseOutstanding, "stage %s has not been answered", s.Stage)
			}
		}
	}
	return []Event{e}, nil
}
