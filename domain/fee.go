package domain

import (
	"time"
)

// FeeNoticeIssued records that a fee was asked for before the work goes on.
type FeeNoticeIssued struct {
	Amount   Pence     `json:"amount" rule:"required" doc:"the fee, in pence"`
	IssuedAt time.Time `json:"issued_at" rule:"required" doc:"when the notice was given"`
}

// Schema names the event.
func (FeeNoticeIssued) Schema() (string, int) { return "FeeNoticeIssued", 1 }

// When returns the moment of the notice.
func (e FeeNoticeIssued) When() time.Time { return e.IssuedAt }

// FeePaid records that the fee came in. The days from the notice to the payment, both included, do not count.
type FeePaid struct {
	PaidAt time.Time `json:"paid_at" rule:"required" doc:"when the fee was received"`
}

// Schema names the event.
func (FeePaid) Schema() (string, int) { return "FeePaid", 1 }

// When returns the moment of the payment.
func (e FeePaid) When() time.Time { return e.PaidAt }

func (e FeeNoticeIssued) happen(c *Case, m *Metadata) {
	if c.FeeAskedAt.IsZero() {
		c.FeeAskedAt = e.IssuedAt
	}
	c.moment("FeeNoticeIssued", c.atWork(), e.IssuedAt)
	c.pause(PauseFeeNotice, DateOf(e.IssuedAt), m)
}

func (e FeePaid) happen(c *Case, _ *Metadata) {
	c.FeeAskedAt = time.Time{}
	c.moment("FeePaid", c.atWork(), e.PaidAt)
	c.unpause(PauseFeeNotice, DateOf(e.PaidAt))
}

// DecideIssueFeeNotice answers with [FeeNoticeIssued].
func DecideIssueFeeNotice(ctx Context, e FeeNoticeIssued) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: ctx.Case.ReceivedAt}, e.IssuedAt); err != nil {
		return nil, err
	}
	if e.Amount == 0 {
		return nil, BadValue("amount", "more than nothing")
	}
	return []Event{e}, nil
}

// DecideRecordFeePayment answers with [FeePaid]. Without a notice that is unpaid it is out of order.
func DecideRecordFeePayment(ctx Context, e FeePaid) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	after := latest(ctx.Case.ReceivedAt, ctx.Case.FeeAskedAt)
	if err := Preconditions(ctx, CommandRule{After: after}, e.PaidAt); err != nil {
		return nil, err
	}
	if ctx.Case.FeeAskedAt.IsZero() {
		return nil, Reject(OutOfOrder, "no fee is asked for")
	}
	return []Event{e}, nil
}
