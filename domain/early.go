package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// EarlyReferralAgreed records that the last stage is skipped, by agreement, and the Ombudsman asked at once. Where the
// complainant does not agree, or the Ombudsman declines, it gives no early referral.
type EarlyReferralAgreed struct {
	Grounds           []Term          `json:"grounds" rule:"required" doc:"why the stage would change nothing"`
	DiscussedAt       time.Time       `json:"discussed_at,omitzero" doc:"when it was discussed with the complainant"`
	ComplainantAgrees bool            `json:"complainant_agrees" rule:"required" doc:"whether the complainant agrees"`
	CouncilOfficer    *uuid.UUID      `json:"council_officer,omitzero" rule:"required" doc:"who agreed for the council"`
	OmbudsmanAccepts  OmbudsmanAnswer `json:"ombudsman_accepts" rule:"required" doc:"what the Ombudsman says"`
}

// Schema names the event.
func (EarlyReferralAgreed) Schema() (string, int) { return "EarlyReferralAgreed", 1 }

// OmbudsmanAnswer is what an ombudsman says to an early referral.
type OmbudsmanAnswer string

// OmbudsmanDeclines is the answer with which there is no early referral.
const OmbudsmanDeclines OmbudsmanAnswer = "no"

// Values returns the closed list of answers.
func (OmbudsmanAnswer) Values() []string { return []string{"yes", "no", "awaited"} }

func (e EarlyReferralAgreed) happen(c *Case, _ *Metadata) {
	c.EarlyAgreed = e.ComplainantAgrees && e.OmbudsmanAccepts != OmbudsmanDeclines
}

// DecideAgreeEarlyReferral answers with [EarlyReferralAgreed]. Rejects with STAGE2_NOT_ANSWERED, where no stage that the
// procedure lets go early to the Ombudsman has been answered, and NOT_DISCUSSED.
func DecideAgreeEarlyReferral(ctx Context, e EarlyReferralAgreed) ([]Event, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, ctx.Now); err != nil {
		return nil, err
	}
	if e.DiscussedAt.After(ctx.Now.Add(FutureAllowance)) {
		return nil, Reject(FutureDated, "discussed_at lies ahead")
	}
	if err := known(ctx, "council_officer", e.CouncilOfficer); err != nil {
		return nil, err
	}
	if len(e.Grounds) == 0 {
		return nil, BadValue("grounds", "at least one ground")
	}
	answered := slices.ContainsFunc(ctx.Case.Stages, func(s StageRecord) bool {
		stage := p.Stage(string(s.Stage))
		return stage != nil && !s.RespondedAt.IsZero() && slices.ContainsFunc(stage.Next, func(n procedure.Next) bool {
			return n.By == "early_referral"
		})
	})
	if !answered {
		return nil, Reject(Stage2NotAnswered, "no stage that may lead early to the Ombudsman has been answered")
	}
	if e.DiscussedAt.IsZero() {
		return nil, Reject(NotDiscussed, "an early referral is discussed with the complainant")
	}
	return []Event{e}, nil
}
