package domain

import (
	"time"

	"github.com/google/uuid"
)

// ResolvedEarly records that a matter was put right in an informal stage. It closes the case.
type ResolvedEarly struct {
	Stage      Label        `json:"stage" rule:"required" doc:"the informal stage"`
	ResolvedAt time.Time    `json:"resolved_at" rule:"required" doc:"when"`
	Resolution Personal     `json:"resolution,omitzero" rule:"required" doc:"how"`
	Satisfied  Satisfaction `json:"satisfied" rule:"required" doc:"whether the person is content"`
	By         *uuid.UUID   `json:"by,omitzero" rule:"required" doc:"who put it right"`
}

// Schema names the event.
func (ResolvedEarly) Schema() (string, int) { return "ResolvedEarly", 1 }

// When returns the moment of the resolution.
func (e ResolvedEarly) When() time.Time { return e.ResolvedAt }

// Satisfaction is what a person says of an informal resolution.
type Satisfaction string

// Dissatisfied is the answer with which nothing is resolved.
const Dissatisfied Satisfaction = "no"

// Values returns the closed list.
func (Satisfaction) Values() []string { return []string{"yes", "no", "not_asked"} }

func (e ResolvedEarly) happen(c *Case, _ *Metadata) {
	c.moment("ResolvedEarly", e.Stage, e.ResolvedAt)
	c.end(e.ResolvedAt, EndedClosed)
	c.shut(e.ResolvedAt, ReasonResolvedEarly)
}

// DecideResolveEarly answers with [ResolvedEarly]. Rejects with NOT_INFORMAL, NOT_SATISFIED.
func DecideResolveEarly(ctx Context, e ResolvedEarly) ([]Event, error) {
	_, stage, record, err := atStage(ctx, e.Stage)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: record.EnteredAt}, e.ResolvedAt); err != nil {
		return nil, err
	}
	if err := known(ctx, "by", e.By); err != nil {
		return nil, err
	}
	if !stage.Informal() || e.Stage != ctx.Case.Stage {
		return nil, Reject(NotInformal, "the case is in no informal stage")
	}
	if e.Satisfied == Dissatisfied {
		return nil, Reject(NotSatisfied, "what does not satisfy the person is not resolved")
	}
	return []Event{e}, nil
}
