package domain

import (
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
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
	c.moment("Escalated", e.ToStage, e.RequestedAt)
	issues := e.Issues
	if len(issues) == 0 {
		issues = c.issueIDs()
	}
	c.enter(StageRecord{Stage: e.ToStage, EnteredAt: e.RequestedAt, Ground: e.Ground, Issues: issues})
	c.Step = StepReceived
}

// DecideEscalateCase answers with [Escalated], also on a closed case, which opens again. Rejects with NO_NEXT_STAGE,
// STAGE_NOT_ANSWERED, REASONS_REQUIRED, WINDOW_CLOSED, NOT_COMPLAINANT.
func DecideEscalateCase(ctx Context, e Escalated) ([]Event, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	c := ctx.Case
	from, record := p.Stage(string(e.FromStage)), c.Record(e.FromStage)
	rule := CommandRule{WhenClosed: true, After: c.ReceivedAt}
	if record != nil {
		rule.After = latest(record.EnteredAt, record.RespondedAt)
		if e.Ground == GroundResponseOverdue || e.Ground == GroundExtensionRefused {
			rule.After = record.EnteredAt
		}
	}
	if err := Preconditions(ctx, rule, e.RequestedAt); err != nil {
		return nil, err
	}
	if from == nil || record == nil || c.Stage != e.FromStage && c.Stage != StageOmbudsman {
		return nil, BadValue("from_stage", "the stage at which the case stands")
	}
	for i, issue := range e.Issues {
		if c.Issue(issue) == nil {
			return nil, BadValue(indexed("issues", i), "an issue of the case")
		}
	}
	if err := known(ctx, "requested_by", e.RequestedBy); err != nil {
		return nil, err
	}
	next := from.NextTo(string(e.ToStage))
	if next == nil || p.Stage(string(e.ToStage)) == nil || c.Record(e.ToStage) != nil {
		return nil, Reject(NoNextStage, "stage %s does not lead to %s", e.FromStage, e.ToStage)
	}
	if err := checkAnswered(ctx, p, record, e); err != nil {
		return nil, err
	}
	if e.RequestedBy != nil && !c.mayAsk(*e.RequestedBy) {
		return nil, Reject(NotComplainant, "who asks is no party, or a representative without recorded consent")
	}
	if !c.Accepted(DecisionLateEscalation) && windowClosed(ctx, p, record, next, e.RequestedAt) {
		return nil, Reject(WindowClosed, "the time to ask for stage %s has passed", e.ToStage)
	}
	if next.ReasonsRequired && e.Reasons.IsZero() {
		return nil, Reject(ReasonsRequired, "stage %s is entered with reasons only", e.ToStage)
	}
	return []Event{e}, nil
}

// checkAnswered answers STAGE_NOT_ANSWERED unless the stage has been answered, its answer was overdue when the request
// was made, or more time was refused and nobody has decided that stage 1 is answered first.
func checkAnswered(ctx Context, p *procedure.Procedure, record *StageRecord, e Escalated) error {
	switch {
	case !record.RespondedAt.IsZero() && !record.RespondedAt.After(e.RequestedAt):
		return nil
	case e.Ground == GroundExtensionRefused && !ctx.Case.Accepted(DecisionStage1First):
		return nil
	case e.Ground == GroundResponseOverdue && responseOverdue(ctx, p, e.FromStage, e.RequestedAt):
		return nil
	}
	return Reject(StageNotAnswered, "stage %s has not been answered", e.FromStage)
}

// mayAsk reports whether the person may ask for the next stage: a party, or a representative who has consent.
func (c *Case) mayAsk(person uuid.UUID) bool {
	return c.Concerns(person) || c.Plays(person, PartyRepresentative) && c.mayRepresent(person)
}
