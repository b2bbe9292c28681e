package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Redirected records that a matter, or some issues of it, are not for the complaints procedure, and where they go.
type Redirected struct {
	Scope               Extent     `json:"scope" rule:"required" doc:"the whole case, which closes it, or some issues"`
	Issues              []Label    `json:"issues,omitempty" doc:"the issues, where not the whole case goes"`
	Code                Term       `json:"code" rule:"required" doc:"the reason, of the list of what is out of scope"`
	Target              Term       `json:"target" rule:"required" doc:"where it goes; none = it is explained only"`
	Explanation         Personal   `json:"explanation,omitzero" rule:"required" doc:"the reason as the complainant is told"`
	OmbudsmanRightGiven bool       `json:"ombudsman_right_given" rule:"required" doc:"whether the right to go to the Ombudsman was told"`
	SentAt              time.Time  `json:"sent_at" rule:"required" doc:"when the letter went out"`
	ConsentRef          *uuid.UUID `json:"consent_ref,omitzero" doc:"the event that recorded the consent to pass it on"`
}

// Schema names the event.
func (Redirected) Schema() (string, int) { return "Redirected", 1 }

// When returns the moment of the letter.
func (e Redirected) When() time.Time { return e.SentAt }

func (e Redirected) happen(c *Case, _ *Metadata) {
	if e.Scope == ExtentCase {
		c.end(e.SentAt, EndedRedirected)
		c.shut(e.SentAt, ReasonRedirected)
		return
	}
	c.Issues = slices.Clone(c.Issues)
	for i := range c.Issues {
		if slices.Contains(e.Issues, c.Issues[i].ID) {
			c.Issues[i].Redirected = e.Code
		}
	}
	for i := range c.Stages {
		if s := &c.Stages[i]; s.RespondedAt.IsZero() {
			s.Issues = slices.DeleteFunc(slices.Clone(s.Issues), func(id Label) bool { return slices.Contains(e.Issues, id) })
		}
	}
}

// DecideRedirectCase answers with [Redirected]. What goes outside the council needs recorded consent to share. A
// monitoring officer redirects matters of conduct only. Before a matter goes for its age the time limit is decided on:
// OUT_OF_ORDER. Rejects with UNKNOWN_CODE, EXPLANATION_MISSING, RIGHT_NOT_GIVEN,
// CONSENT_MISSING.
func DecideRedirectCase(ctx Context, e Redirected) ([]Event, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: ctx.Case.ReceivedAt}, e.SentAt); err != nil {
		return nil, err
	}
	reason := outOfScope(e.Code)
	if reason != nil && reason.Refused != "" && !ctx.Case.Refused(reason.Refused) {
		return nil, Reject(OutOfOrder, "%s is given after the decision %s was a refusal", e.Code, reason.Refused)
	}
	if e.Scope == ExtentIssues && len(e.Issues) == 0 {
		return nil, MissingField("issues", "the issues that are redirected")
	}
	for i, issue := range e.Issues {
		if known := ctx.Case.Issue(issue); known == nil || known.Redirected != "" {
			return nil, BadValue(indexed("issues", i), "an issue of the case that has not been redirected")
		}
	}
	if reason == nil || !reason.allowed(p.Ombudsman) {
		return nil, Reject(UnknownCode, "code: not among the reasons for which this procedure redirects")
	}
	if !reason.Conduct && ActorRole(ctx, ActionDecideStanding) == RoleMonitoring {
		return nil, Reject(NotPermitted, "a monitoring officer redirects matters of conduct")
	}
	if e.Explanation.IsZero() {
		return nil, Reject(ExplanationMissing, "the complainant has to be told why")
	}
	if !e.OmbudsmanRightGiven {
		return nil, Reject(RightNotGiven, "the letter has to tell of the right to go to the Ombudsman")
	}
	if reason.Outside && !ctx.Case.mayShare() {
		return nil, Reject(ConsentMissing, "no consent to share the matter with an organisation has been recorded")
	}
	return []Event{e}, nil
}
