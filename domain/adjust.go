package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// AdjustmentAgreed records that a reasonable adjustment was asked for, and whether it was agreed. It stands with the
// person, for all cases.
type AdjustmentAgreed struct {
	PersonID   uuid.UUID         `json:"person_id" rule:"required" doc:"the person"`
	Adjustment Personal          `json:"adjustment,omitzero" rule:"required" doc:"what is done otherwise for this person"`
	AgreedAt   time.Time         `json:"agreed_at" rule:"required" doc:"when"`
	ReviewOn   Date              `json:"review_on" rule:"required" doc:"when it is looked at again"`
	DecidedBy  uuid.UUID         `json:"decided_by" rule:"required" doc:"who decided"`
	Outcome    AdjustmentOutcome `json:"outcome" rule:"required" doc:"agreed or declined"`
	Reason     Personal          `json:"reason,omitzero" doc:"why"`
}

// Schema names the event.
func (AdjustmentAgreed) Schema() (string, int) { return "AdjustmentAgreed", 1 }

// When returns the moment of the decision.
func (e AdjustmentAgreed) When() time.Time { return e.AgreedAt }

// AdjustmentOutcome is what became of the wish for an adjustment.
type AdjustmentOutcome string

// AdjustmentIsAgreed is an adjustment that everybody who deals with the person has to make.
const AdjustmentIsAgreed AdjustmentOutcome = "agreed"

// Values returns the closed list of outcomes.
func (AdjustmentOutcome) Values() []string { return []string{"agreed", "declined"} }

// Adjustment is an adjustment that was agreed with a person. What it is stands sealed in its event.
type Adjustment struct {
	Revision uint64 // of its event in the person's stream
	AgreedAt time.Time
	ReviewOn Date
}

func (e AdjustmentAgreed) tell(p *Person, _ *Metadata) {
	if e.Outcome == AdjustmentIsAgreed {
		p.Adjustments = append(slices.Clip(p.Adjustments), Adjustment{Revision: p.Revision, AgreedAt: e.AgreedAt, ReviewOn: e.ReviewOn})
	}
}

// DecideAgreeAdjustment answers with [AdjustmentAgreed].
func DecideAgreeAdjustment(ctx Context, e AdjustmentAgreed) ([]Event, error) {
	if err := recordedPerson(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, e.AgreedAt); err != nil {
		return nil, err
	}
	if err := known(ctx, "decided_by", &e.DecidedBy); err != nil {
		return nil, err
	}
	if e.ReviewOn <= DateOf(e.AgreedAt) {
		return nil, BadValue("review_on", "a day after the decision")
	}
	return []Event{e}, nil
}
