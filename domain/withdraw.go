package domain

import (
	"time"

	"github.com/google/uuid"
)

// Withdrawn records that the complainant does not pursue the matter. It closes the case unless the council goes on by
// itself.
type Withdrawn struct {
	By                 *uuid.UUID `json:"by,omitzero" rule:"required" doc:"who withdrew it"`
	At                 time.Time  `json:"at" rule:"required" doc:"when"`
	Reason             Personal   `json:"reason,omitzero" doc:"why, where the person says so"`
	ContinueInternally bool       `json:"continue_internally" rule:"required" doc:"whether the council looks into it all the same"`
	ContactWanted      bool       `json:"contact_wanted" rule:"required" doc:"whether the person wants to hear of it"`
}

// Schema names the event.
func (Withdrawn) Schema() (string, int) { return "Withdrawn", 1 }

// When returns the moment of withdrawal.
func (e Withdrawn) When() time.Time { return e.At }

func (e Withdrawn) happen(c *Case, _ *Metadata) {
	if c.WithdrawnAt.IsZero() {
		c.WithdrawnAt = e.At
	}
	c.end(e.At, EndedWithdrawn)
	if !e.ContinueInternally {
		c.shut(e.At, ReasonWithdrawn)
	}
}

// DecideWithdrawCase answers with [Withdrawn]. No reason is needed.
func DecideWithdrawCase(ctx Context, e Withdrawn) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: ctx.Case.ReceivedAt}, e.At); err != nil {
		return nil, err
	}
	if err := known(ctx, "by", e.By); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}
