package domain

import (
	"time"

	"github.com/google/uuid"
)

// Escalated records that the matter goes to the next stage. Clocks of the new stage run from the moment at which that was
// asked for.
type Escalated struct {
	FromStage     Label            `json:"from_stage" rule:"required" doc:"the stage that is left"`
	ToStage       Label            `json:"to_stage" rule:"required" doc:"the stage that is entered"`
	RequestedAt   time.Time        `json:"requested_at" rule:"required" doc:"when it was asked for"`
	RequestedBy   *uuid.UUID       `json:"requested_by,omitzero" rule:"required" doc:"who asked"`
	Channel       Channel          `json:"channel" rule:"required" doc:"how the request came"`
	Reasons       Personal         `json:"reasons,omitzero" doc:"why the answer does not satisfy"`
	Issues        []Label          `json:"issues" rule:"required" doc:"the issues still in dispute"`
	OutcomeSought Personal         `json:"outcome_sought,omitzero" doc:"what would put it right"`
	Ground        EscalationGround `json:"ground" rule:"required" doc:"on what ground"`
	Late          bool             `json:"late,omitzero" doc:"whether it came after the time for asking"`
}

// Schema names the event.
func (Escalated) Schema() (string, int) { return "Escalated", 1 }

// When returns the moment of the request.
func (e Escalated) When() time.Time { return e.RequestedAt }

// EscalationGround is why a case goes to the next stage.
type EscalationGround string

// The grounds.
const (
	GroundDissatisfied     EscalationGround = "dissatisfied"
	GroundResponseOverdue  EscalationGround = "response_overdue"
	GroundExtensionRefused EscalationGround = "extension_refused"
	GroundEarlyReview      EscalationGround = "early_review"
)

// Values returns the closed list of grounds.
func (EscalationGround) Values() []string {
	return []string{"dissatisfied", "response_overdue", "extension_refused", "early_review"}
}

func (e Escalated) happen(c *Case, _ *Metadata) {
	left := c.instance(e.FromStage)
	if left.EndedAt.IsZero() {
		left.EndedAt, left.Ending = e.RequestedAt, EndedEscalated
	}
	c.reopen()
	issues := e.Issues
	if len(issues) == 0 {
		issues = c.issueIDs()
	}
	c.enter(StageRecord{Stage: e.ToStage, EnteredAt: e.RequestedAt, Ground: e.Ground, Issues: issues})
	c.Step = StepReceived
}
