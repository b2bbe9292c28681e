package domain

import "time"

// SafeguardingReferred records that a risk of abuse or neglect was passed on to those who protect from it.
type SafeguardingReferred struct {
	To                       SafeguardingBody `json:"to" rule:"required" doc:"to whom"`
	ReferredAt               time.Time        `json:"referred_at" rule:"required" doc:"when"`
	DiscussedWithComplainant bool             `json:"discussed_with_complainant" rule:"required" doc:"whether it was discussed with the complainant"`
	NotDiscussedReason       Personal         `json:"not_discussed_reason,omitzero" doc:"why not, such as that it would not have been safe"`
	Ref                      Term             `json:"ref,omitzero" doc:"the reference there"`
}

// Schema names the event.
func (SafeguardingReferred) Schema() (string, int) { return "SafeguardingReferred", 1 }

// When returns the moment of the referral.
func (e SafeguardingReferred) When() time.Time { return e.ReferredAt }

// SafeguardingBody is who protects people at risk.
type SafeguardingBody string

// Values returns the closed list.
func (SafeguardingBody) Values() []string {
	return []string{"mash", "adult_safeguarding", "police", "designated_officer"}
}

func (e SafeguardingReferred) happen(c *Case, _ *Metadata) {
	if c.SafeguardingAt.IsZero() {
		c.SafeguardingAt = e.ReferredAt
	}
}

// DecideReferSafeguarding answers with [SafeguardingReferred]. Nothing of the case waits for it, and the flag is raised by
// whoever raises it.
func DecideReferSafeguarding(ctx Context, e SafeguardingReferred) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: ctx.Case.ReceivedAt}, e.ReferredAt); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}
