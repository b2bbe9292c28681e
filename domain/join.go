package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// IssuesAgreed records the statement of the complaint, its issues and what would put it right, as agreed with the
// complainant. An issue with a new id becomes one of the case.
type IssuesAgreed struct {
	Issues     []Matter   `json:"issues" rule:"required" doc:"the issues as agreed"`
	Outcomes   []Personal `json:"outcomes,omitempty" doc:"the outcomes sought"`
	AgreedAt   time.Time  `json:"agreed_at" rule:"required" doc:"when"`
	AgreedWith *uuid.UUID `json:"agreed_with,omitzero" rule:"required" doc:"with whom"`
	DocID      Label      `json:"doc_id,omitzero" doc:"the record of the complaint"`
}

// Schema names the event.
func (IssuesAgreed) Schema() (string, int) { return "IssuesAgreed", 1 }

// When returns the moment of the agreement.
func (e IssuesAgreed) When() time.Time { return e.AgreedAt }

// MattersJoined records that further matters were raised while the stage was open, and whether they joined the case or
// became a case of their own.
type MattersJoined struct {
	Issues   []Matter       `json:"issues" rule:"required" doc:"the further matters"`
	RaisedAt time.Time      `json:"raised_at" rule:"required" doc:"when they were raised"`
	Decision MatterDecision `json:"decision" rule:"required" doc:"what becomes of them"`
	NewCase  *uuid.UUID     `json:"new_case,omitzero" doc:"the case that they became"`
	Reason   Personal       `json:"reason,omitzero" rule:"required" doc:"why; a new case is for what would unreasonably delay the answer"`
}

// Schema names the event.
func (MattersJoined) Schema() (string, int) { return "MattersJoined", 1 }

// When returns the moment at which they were raised.
func (e MattersJoined) When() time.Time { return e.RaisedAt }

// Matter is an issue as it is agreed or raised later. Without an id it is written down and needs no finding of its own.
// A matter may be sent as its text alone.
type Matter struct {
	ID         Label       `json:"issue_id,omitzero" doc:"unique in the case; left out for what is no issue of its own"`
	Text       Personal    `json:"text,omitzero" rule:"short" doc:"the matter in words"`
	Category   Term        `json:"category,omitzero" doc:"what it is about; left out = as the case"`
	AboutStaff []uuid.UUID `json:"about_staff,omitempty" doc:"staff who are complained about"`
}

// MatterDecision is what becomes of further matters.
type MatterDecision string

// The decisions.
const (
	MattersJoin    MatterDecision = "joined"
	MattersNewCase MatterDecision = "new_case"
)

// Values returns the closed list of decisions.
func (MatterDecision) Values() []string { return []string{"joined", "new_case"} }

func (e IssuesAgreed) happen(c *Case, _ *Metadata) {
	c.join(e.Issues)
	c.investigating()
}

func (e MattersJoined) happen(c *Case, _ *Metadata) {
	if e.Decision == MattersJoin {
		c.join(e.Issues)
	}
}

// join adds what has a new id to the issues of the case, and to those that its stage has to answer.
func (c *Case) join(matters []Matter) {
	s := c.Record(c.atWork())
	for _, matter := range matters {
		if matter.ID == "" || c.Issue(matter.ID) != nil {
			continue
		}
		issue := IssueRecord{ID: matter.ID, Category: matter.Category, AboutStaff: matter.AboutStaff}
		if issue.Category == "" {
			issue.Category = c.Category
		}
		c.Issues = append(c.Issues, issue)
		if s != nil {
			s.Issues = append(slices.Clip(s.Issues), matter.ID)
		}
	}
}

// DecideAgreeIssues answers with [IssuesAgreed].
func DecideAgreeIssues(ctx Context, e IssuesAgreed) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: ctx.Case.entered()}, e.AgreedAt); err != nil {
		return nil, err
	}
	if err := checkMatters(ctx, e.Issues, false); err != nil {
		return nil, err
	}
	if err := known(ctx, "agreed_with", e.AgreedWith); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// DecideJoinMatters answers with [MattersJoined]. Rejects with WOULD_DELAY_REASON, STAGE_ANSWERED.
func DecideJoinMatters(ctx Context, e MattersJoined) ([]Event, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	c := ctx.Case
	if err := Preconditions(ctx, CommandRule{After: c.ReceivedAt}, e.RaisedAt); err != nil {
		return nil, err
	}
	if err := checkMatters(ctx, e.Issues, e.Decision == MattersJoin); err != nil {
		return nil, err
	}
	if e.Decision == MattersNewCase && e.Reason.IsZero() {
		return nil, Reject(WouldDelayReason, "a new case has a reason: why joining the matters would delay the answer")
	}
	if e.Decision == MattersNewCase {
		return []Event{e}, nil
	}
	if s := c.Current(); s == nil || !s.RespondedAt.IsZero() {
		return nil, Reject(StageAnswered, "further matters join until the stage is answered")
	}
	if stage := p.Stage(string(c.Stage)); stage != nil && stage.Scope == "review_only" {
		return nil, BadValue("decision", "new_case: this stage takes no new complaints")
	}
	return []Event{e}, nil
}

// checkMatters finds matters without content, ids that are not unique, and staff who are not recorded.
func checkMatters(ctx Context, matters []Matter, fresh bool) error {
	if len(matters) == 0 {
		return BadValue("issues", "at least one")
	}
	for i, matter := range matters {
		at := indexed("issues", i)
		if matter.ID == "" && matter.Text.IsZero() {
			return BadValue(at, "an issue with a text")
		}
		again := slices.ContainsFunc(matters[:i], func(m Matter) bool { return m.ID == matter.ID })
		if matter.ID != "" && (again || fresh && ctx.Case.Issue(matter.ID) != nil) {
			return BadValue(at+".issue_id", "an id that no other issue of the case has")
		}
		if err := allKnown(ctx, at+".about_staff", matter.AboutStaff); err != nil {
			return err
		}
		if err := listed(at+".category", matter.Category, ctx.Config.Settings.Codes.Category); err != nil {
			return err
		}
	}
	return nil
}
