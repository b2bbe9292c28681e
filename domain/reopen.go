package domain

import (
	"time"

	"github.com/google/uuid"
)

// Reopened records that a closed case is taken up again. Clocks that had stopped stay stopped.
type Reopened struct {
	Reason Personal   `json:"reason" rule:"required" doc:"why"`
	By     *uuid.UUID `json:"by,omitzero" rule:"required" doc:"who decided it"`
}

// Schema names the event.
func (Reopened) Schema() (string, int) { return "Reopened", 1 }

func (e Reopened) happen(c *Case, _ *Metadata) {
	c.reopen()
	if s := c.Current(); s != nil {
		s.EndedAt, s.Ending = time.Time{}, "" // it owes its answer again, though its clocks do not run
	}
}

// DecideReopenCase answers with [Reopened]. A case that is not closed cannot be opened again: OUT_OF_ORDER.
func DecideReopenCase(ctx Context, e Reopened) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{WhenClosed: true}, ctx.Now); err != nil {
		return nil, err
	}
	if ctx.Case.Status != StatusClosed {
		return nil, Reject(OutOfOrder, "the case is not closed")
	}
	if err := known(ctx, "by", e.By); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}
