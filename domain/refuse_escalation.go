package domain

import (
	"time"
)

// EscalationRefused records that the next stage was asked for and not given, with reasons and the way to the Ombudsman.
// It ends no clock.
type EscalationRefused struct {
	RequestedAt         time.Time         `json:"requested_at" rule:"required" doc:"when it was asked for"`
	ToStage             Label             `json:"to_stage" rule:"required" doc:"the stage asked for"`
	Code                EscalationRefusal `json:"code" rule:"required" doc:"why it is refused, as a code"`
	Reasons             Personal          `json:"reasons,omitzero" rule:"required" doc:"why, in words"`
	OmbudsmanRightGiven bool              `json:"ombudsman_right_given" rule:"required" doc:"whether the letter says how to reach the Ombudsman"`
	SentAt              time.Time         `json:"sent_at" rule:"required" doc:"when the refusal was sent"`
}

// Schema names the event.
func (EscalationRefused) Schema() (string, int) { return "EscalationRefused", 1 }

// When returns the moment of sending.
func (e EscalationRefused) When() time.Time { return e.SentAt }

// EscalationRefusal is why the next stage is refused.
type EscalationRefusal string

// Values returns the closed list.
func (EscalationRefusal) Values() []string {
	return []string{"exhausted", "out_of_scope", "remedied_in_full", "outside_window"}
}

// RefusedEscalation is one refusal of the next stage.
type RefusedEscalation struct {
	ToStage     Label
	Code        EscalationRefusal
	RequestedAt time.Time
	SentAt      time.Time
}

func (e EscalationRefused) happen(c *Case, _ *Metadata) {
	c.EscalationsRefused = append(c.EscalationsRefused, RefusedEscalation{
		ToStage: e.ToStage, Code: e.Code, RequestedAt: e.RequestedAt, SentAt: e.SentAt,
	})
}

// DecideRefuseEscalation answers with [EscalationRefused]. Rejects with REASONS_MISSING, RIGHT_NOT_GIVEN.
func DecideRefuseEscalation(ctx Context, e EscalationRefused) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: latest(ctx.Case.ReceivedAt, e.RequestedAt)}, e.SentAt); err != nil {
		return nil, err
	}
	if e.Reasons.IsZero() {
		return nil, Reject(ReasonsMissing, "a refusal has reasons")
	}
	if !e.OmbudsmanRightGiven {
		return nil, Reject(RightNotGiven, "a refusal says how to reach the Ombudsman")
	}
	return []Event{e}, nil
}
