package domain

import (
	"time"
)

// RemedyRefused records that an approver does not agree to a proposed remedy. Another may be proposed under another id.
type RemedyRefused struct {
	RemedyID Label    `json:"remedy_id" rule:"required" doc:"the remedy"`
	Reason   Personal `json:"reason" rule:"required" doc:"why"`
}

// Schema names the event.
func (RemedyRefused) Schema() (string, int) { return "RemedyRefused", 1 }

// RemedyUndeliverable records that a remedy that was promised cannot be delivered, and that the complainant knows.
type RemedyUndeliverable struct {
	RemedyID            Label     `json:"remedy_id" rule:"required" doc:"the remedy"`
	Reasons             Personal  `json:"reasons" rule:"required" doc:"why it cannot be delivered"`
	Alternative         Label     `json:"alternative,omitzero" doc:"the remedy that takes its place"`
	InformedAt          time.Time `json:"informed_at" rule:"required" doc:"when the complainant was told"`
	OmbudsmanRightGiven bool      `json:"ombudsman_right_given" rule:"required" doc:"whether the way to the Ombudsman was told"`
}

// Schema names the event.
func (RemedyUndeliverable) Schema() (string, int) { return "RemedyUndeliverable", 1 }

// When returns the moment at which the complainant was told.
func (e RemedyUndeliverable) When() time.Time { return e.InformedAt }

func (e RemedyRefused) happen(c *Case, _ *Metadata) {
	if r := c.remedy(e.RemedyID); r != nil {
		r.State = RemedyIsRefused
	}
}

func (e RemedyUndeliverable) happen(c *Case, _ *Metadata) {
	if r := c.remedy(e.RemedyID); r != nil {
		r.State = RemedyIsUndeliverable
	}
}

// DecideRefuseRemedy answers with [RemedyRefused]. Like an approval it is somebody else's than the proposer's. Rejects
// with SELF_APPROVAL, REMEDY_STATE.
func DecideRefuseRemedy(ctx Context, e RemedyRefused) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	r := ctx.Case.Remedy(e.RemedyID)
	if r != nil && overlap(r.Proposer, ctx.Actor.IDs()) {
		return nil, Reject(SelfApproval, "somebody other than who proposed remedy %s decides on it", e.RemedyID)
	}
	if err := permitted(ctx, ActionApproveRemedy); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, ctx.Now); err != nil {
		return nil, err
	}
	if r == nil || r.State != RemedyIsProposed {
		return nil, Reject(RemedyStateCode, "remedy %s is not waiting for approval", e.RemedyID)
	}
	return []Event{e}, nil
}

// DecideMarkRemedyUndeliverable answers with [RemedyUndeliverable]. Rejects with REMEDY_STATE unless the remedy still has
// to be delivered.
func DecideMarkRemedyUndeliverable(ctx Context, e RemedyUndeliverable) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	r := ctx.Case.Remedy(e.RemedyID)
	var rule CommandRule
	if r != nil {
		rule.After = latest(r.OfferedAt, r.AnsweredAt)
	}
	if err := Preconditions(ctx, rule, e.InformedAt); err != nil {
		return nil, err
	}
	if e.Alternative != "" && (e.Alternative == e.RemedyID || ctx.Case.Remedy(e.Alternative) == nil) {
		return nil, BadValue("alternative", "another remedy of the case")
	}
	if r == nil || !r.Outstanding(DateOf(e.InformedAt)) {
		return nil, Reject(RemedyStateCode, "remedy %s does not have to be delivered", e.RemedyID)
	}
	return []Event{e}, nil
}
