package domain

import (
	"slices"
	"time"
)

// ReferredToOmbudsman records that an ombudsman has the case. The clocks of open stages go on.
type ReferredToOmbudsman struct {
	Body         OmbudsmanBody `json:"body" rule:"required" doc:"which ombudsman"`
	ReferredAt   time.Time     `json:"referred_at" rule:"required" doc:"when"`
	By           Referrer      `json:"by" rule:"required" doc:"who referred it"`
	OmbudsmanRef Term          `json:"ombudsman_ref,omitzero" doc:"the ombudsman's reference"`
	Early        bool          `json:"early" rule:"required" doc:"whether a stage is skipped by agreement"`
	Premature    *bool         `json:"premature,omitzero" doc:"whether the procedure was not finished"`
	Issues       []Label       `json:"issues,omitempty" doc:"the issues that the ombudsman looks at"`
}

// Schema names the event.
func (ReferredToOmbudsman) Schema() (string, int) { return "ReferredToOmbudsman", 1 }

// When returns the moment of the referral.
func (e ReferredToOmbudsman) When() time.Time { return e.ReferredAt }

// OmbudsmanBody is a body to which a complainant may go after the council.
type OmbudsmanBody string

// Values returns the closed list of bodies.
func (OmbudsmanBody) Values() []string { return []string{"LGSCO", "HOS", "ICO"} }

// Referrer is who brought a case to an ombudsman.
type Referrer string

// Values returns the closed list.
func (Referrer) Values() []string {
	return []string{"complainant", "council_early", "ombudsman_notice"}
}

func (e ReferredToOmbudsman) happen(c *Case, _ *Metadata) {
	var o OmbudsmanReferral
	if c.Ombudsman != nil {
		o = *c.Ombudsman
	}
	if c.Stage != StageOmbudsman || c.Step != StepWithOmbudsman {
		o.FromStage, o.FromStep, o.FromReason = c.Stage, c.Step, c.ClosedReason
	}
	o.Bodies, o.Waiting = append(slices.Clip(o.Bodies), e.Body), append(slices.Clip(o.Waiting), e.Body)
	o.ReferredAt = e.ReferredAt
	c.Ombudsman = &o
	c.moment("ReferredToOmbudsman", StageOmbudsman, e.ReferredAt)
	c.reopen()
	c.Stage, c.Step, c.Officer = StageOmbudsman, StepWithOmbudsman, nil
}

// DecideReferToOmbudsman answers with [ReferredToOmbudsman], also on a closed case, which opens again. Rejects with
// EARLY_NOT_AGREED, ALREADY_WITH_BODY.
func DecideReferToOmbudsman(ctx Context, e ReferredToOmbudsman) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	c := ctx.Case
	if err := Preconditions(ctx, CommandRule{WhenClosed: true, After: c.ReceivedAt}, e.ReferredAt); err != nil {
		return nil, err
	}
	for i, issue := range e.Issues {
		if c.Issue(issue) == nil {
			return nil, BadValue(indexed("issues", i), "an issue of the case")
		}
	}
	if e.Early && !c.EarlyAgreed {
		return nil, Reject(EarlyNotAgreed, "no early referral has been agreed with the complainant")
	}
	if c.Stage == StageOmbudsman && c.Step == StepWithOmbudsman && slices.Contains(c.Ombudsman.Waiting, e.Body) {
		return nil, Reject(AlreadyWithBody, "the %s has the case", e.Body)
	}
	return []Event{e}, nil
}
