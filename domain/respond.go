package domain

import (
	"time"

	"github.com/google/uuid"
)

// Responded records the answer to a stage. The first of a stage stops its response clock; a later one is a revision and
// opens nothing again.
type Responded struct {
	Stage         Label          `json:"stage" rule:"required" doc:"the stage that is answered"`
	SentAt        time.Time      `json:"sent_at" rule:"required" doc:"when it was sent; by post, the day of posting"`
	Form          Form           `json:"form,omitzero" rule:"required" doc:"what it was; internal_record for an anonymous case"`
	Recipients    []uuid.UUID    `json:"recipients" rule:"required" doc:"the persons to whom it went"`
	Contents      []Term         `json:"contents" rule:"required" doc:"the content codes that it covers"`
	Outcome       Outcome        `json:"outcome" rule:"required" doc:"the outcome of the stage"`
	IssueOutcomes []IssueOutcome `json:"issue_outcomes" rule:"required" doc:"the finding on each issue"`
	AuthorID      *uuid.UUID     `json:"author_id,omitzero" rule:"required" doc:"who wrote it"`
	ApprovedBy    *uuid.UUID     `json:"approved_by,omitzero" doc:"who approved it, where that is required"`
	SignedBy      *uuid.UUID     `json:"signed_by,omitzero" doc:"who signed it"`
	Remedies      []Label        `json:"remedies,omitempty" doc:"remedies offered with it"`
	FurtherRights FurtherRights  `json:"further_rights,omitzero" rule:"required" doc:"where the complainant may go next"`
	ChildViews    Personal       `json:"child_views,omitzero" doc:"how the child's views were taken into account"`
	Letter        Label          `json:"letter,omitzero" rule:"required" doc:"the document sent"`
	Revision      bool           `json:"revision,omitzero" doc:"whether it corrects an earlier response of the stage"`
}

// Schema names the event.
func (Responded) Schema() (string, int) { return "Responded", 1 }

// When returns the moment of sending.
func (e Responded) When() time.Time { return e.SentAt }

// IssueOutcome is the finding on one issue as a response gives it.
type IssueOutcome struct {
	IssueID Label   `json:"issue_id" rule:"required" doc:"the issue"`
	Finding Finding `json:"finding" rule:"required" doc:"what was found"`
}

// Outcome is how a stage ended. For a complaint it follows from the findings.
type Outcome string

// The outcomes that follow from findings; [Outcome.Values] has the whole list.
const (
	OutcomeUpheld       Outcome = "upheld"
	OutcomePartlyUpheld Outcome = "partly_upheld"
	OutcomeNotUpheld    Outcome = "not_upheld"
	OutcomeNoFinding    Outcome = "no_finding"
)

// Values returns the closed list of outcomes.
func (Outcome) Values() []string {
	return []string{
		"upheld", "partly_upheld", "not_upheld", "no_finding", "resolved", "information_given", "refused", "partly_refused",
	}
}

// FurtherRights says where a complainant may go after a response.
type FurtherRights string

// Values returns the closed list.
func (FurtherRights) Values() []string { return []string{"next_stage", "ombudsman", "ico", "none"} }

func (e Responded) happen(c *Case, _ *Metadata) {
	s := c.instance(e.Stage)
	if s.RespondedAt.IsZero() {
		s.RespondedAt = e.SentAt
	}
	s.Outcome = e.Outcome
	s.Author, s.ApprovedBy = e.AuthorID, e.ApprovedBy
	s.Outcomes = e.IssueOutcomes
	for _, id := range []*uuid.UUID{e.AuthorID, e.ApprovedBy} {
		if id != nil {
			s.involve(id.String())
		}
	}
	if c.Status != StatusClosed && c.Stage != StageOmbudsman {
		c.Stage = e.Stage
		c.Officer = s.Officer
		c.Step = StepResponded
	}
}
