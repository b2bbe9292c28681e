package domain

import (
	"time"

	"github.com/google/uuid"
)

// OutcomeAccepted records that the complainant is content with the answer of a stage. It closes nothing: a person does,
// once no remedy is undelivered.
type OutcomeAccepted struct {
	Stage  Label           `json:"stage" rule:"required" doc:"the stage whose answer is accepted"`
	At     time.Time       `json:"at" rule:"required" doc:"when"`
	By     *uuid.UUID      `json:"by,omitzero" rule:"required" doc:"who accepted it"`
	Scope  AcceptanceScope `json:"scope,omitzero" doc:"all, or some issues; left out = all"`
	Issues []Label         `json:"issues,omitempty" doc:"the issues that are accepted, where not all are"`
}

// Schema names the event.
func (OutcomeAccepted) Schema() (string, int) { return "OutcomeAccepted", 1 }

// When returns the moment of acceptance.
func (e OutcomeAccepted) When() time.Time { return e.At }

// AcceptanceScope says how much of an answer is accepted.
type AcceptanceScope string

// The scopes.
const (
	AcceptedAll    AcceptanceScope = "all"
	AcceptedIssues AcceptanceScope = "issues"
)

// Values returns the closed list of scopes.
func (AcceptanceScope) Values() []string { return []string{"all", "issues"} }

func (e OutcomeAccepted) happen(c *Case, _ *Metadata) {
	c.moment("OutcomeAccepted", e.Stage, e.At)
	if s := c.instance(e.Stage); s.AcceptedAt.IsZero() {
		s.AcceptedAt = e.At
	}
}

// DecideAcceptOutcome answers with [OutcomeAccepted]. A stage that has not been answered has nothing to accept:
// OUT_OF_ORDER.
func DecideAcceptOutcome(ctx Context, e OutcomeAccepted) ([]Event, error) {
	_, _, record, err := atStage(ctx, e.Stage)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: latest(record.EnteredAt, record.RespondedAt)}, e.At); err != nil {
		return nil, err
	}
	if record.RespondedAt.IsZero() {
		return nil, Reject(OutOfOrder, "stage %s has not been answered", e.Stage)
	}
	if err := known(ctx, "by", e.By); err != nil {
		return nil, err
	}
	if (e.Scope == AcceptedIssues) != (len(e.Issues) > 0) {
		return nil, BadValue("issues", "the issues that are accepted where scope is issues, and only then")
	}
	for i, issue := range e.Issues {
		if ctx.Case.Issue(issue) == nil {
			return nil, BadValue(indexed("issues", i), "an issue of the case")
		}
	}
	return []Event{e}, nil
}
