package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// Responded records the answer to a stage. The first of a stage stops its response clock; a later one is a revision and
// opens nothing again.
type Responded struct {
	Stage         Label          `json:"stage" rule:"required" doc:"the stage that is answered"`
	SentAt        time.Time      `json:"sent_at" rule:"required" doc:"when it was sent; by post, the day of posting"`
	Form          Form           `json:"form,omitzero" rule:"required" doc:"what it was; internal_record for an anonymous case"`
	Recipients    []uuid.UUID    `json:"recipients" rule:"required" doc:"the persons to whom it went"`
	Contents      []Term         `json:"contents" rule:"required" doc:"the content codes that it covers"`
	Outcome       Outcome        `json:"outcome" rule:"required" doc:"the outcome of the stage"`
	IssueOutcomes []IssueOutcome `json:"issue_outcomes" rule:"required" doc:"the finding on each issue"`
	AuthorID      *uuid.UUID     `json:"author_id,omitzero" rule:"required" doc:"who wrote it"`
	ApprovedBy    *uuid.UUID     `json:"approved_by,omitzero" doc:"who approved it, where that is required"`
	SignedBy      *uuid.UUID     `json:"signed_by,omitzero" doc:"who signed it"`
	Remedies      []Label        `json:"remedies,omitempty" doc:"remedies offered with it"`
	FurtherRights FurtherRights  `json:"further_rights,omitzero" rule:"required" doc:"where the complainant may go next"`
	ChildViews    Personal       `json:"child_views,omitzero" doc:"how the child's views were taken into account"`
	Letter        Label          `json:"letter,omitzero" rule:"required" doc:"the document sent"`
	Revision      bool           `json:"revision,omitzero" doc:"whether it corrects an earlier response of the stage"`
}

// Schema names the event.
func (Responded) Schema() (string, int) { return "Responded", 1 }

// When returns the moment of sending.
func (e Responded) When() time.Time { return e.SentAt }

// IssueOutcome is the finding on one issue as a response gives it.
type IssueOutcome struct {
	IssueID Label   `json:"issue_id" rule:"required" doc:"the issue"`
	Finding Finding `json:"finding" rule:"required" doc:"what was found"`
}

// Outcome is how a stage ended. For a complaint it follows from the findings.
type Outcome string

// The outcomes that follow from findings; [Outcome.Values] has the whole list.
const (
	OutcomeUpheld       Outcome = "upheld"
	OutcomePartlyUpheld Outcome = "partly_upheld"
	OutcomeNotUpheld    Outcome = "not_upheld"
	OutcomeNoFinding    Outcome = "no_finding"
)

// Values returns the closed list of outcomes.
func (Outcome) Values() []string {
	return []string{
		"upheld", "partly_upheld", "not_upheld", "no_finding", "resolved", "information_given", "refused", "partly_refused",
	}
}

// FurtherRights says where a complainant may go after a response.
type FurtherRights string

// Values returns the closed list.
func (FurtherRights) Values() []string { return []string{"next_stage", "ombudsman", "ico", "none"} }

func (e Responded) happen(c *Case, _ *Metadata) {
	if !e.Revision {
		c.moment("Responded", e.Stage, e.SentAt)
	}
	s := c.instance(e.Stage)
	if s.RespondedAt.IsZero() {
		s.RespondedAt = e.SentAt
	}
	s.Outcome = e.Outcome
	s.Author, s.ApprovedBy = e.AuthorID, e.ApprovedBy
	s.Outcomes = e.IssueOutcomes
	for _, id := range []*uuid.UUID{e.AuthorID, e.ApprovedBy} {
		if id != nil {
			s.involve(id.String())
		}
	}
	switch {
	case c.Status == StatusClosed || c.Stage == StageOmbudsman:
	case e.Stage == c.Stage:
		c.Step = StepResponded
	case s.EnteredAt.IsZero(): // imported: an answer to a question that the source does not have
		c.Stage, c.Officer, c.Step = e.Stage, s.Officer, StepResponded
	}
}

// DecideSendResponse answers with [Responded]. Rejects with NOT_ALLOCATED, FINDINGS_INCOMPLETE, OUTCOME_MISMATCH,
// RESPONSE_INCOMPLETE, REMEDY_NOT_APPROVED, AUTHOR_NOT_STAGE_OFFICER, CONSENT_MISSING, PANEL_NOT_REPORTED, CASE_SUSPENDED.
// What forbids any answer is said before what this one lacks, so that nobody completes a letter that cannot go out.
// Who answers keeps to the officer rules at that moment: OFFICER_SUBJECT, OFFICER_NOT_DIFFERENT, OFFICER_NOT_SENIOR,
// OFFICER_SERVICE.
func DecideSendResponse(ctx Context, e Responded) ([]Event, error) {
	p, stage, record, err := atStage(ctx, e.Stage)
	if err != nil {
		return nil, err
	}
	byOfficer := stage.Response.By == "stage_officer"
	after := record.EnteredAt
	if byOfficer {
		after = latest(after, record.AllocatedAt)
	}
	panel := ctx.Case.Panel
	if stage.Panel() && panel != nil {
		after = latest(after, panel.ReportedAt)
	}
	if err := Preconditions(ctx, CommandRule{After: after}, e.SentAt); err != nil {
		return nil, err
	}
	if ctx.Case.Status == StatusSuspended {
		return nil, Reject(CaseSuspended, "the case is suspended")
	}
	if stage.Panel() && (panel == nil || panel.ReportedAt.IsZero()) {
		return nil, Reject(PanelNotReported, "the director answers the panel's report")
	}
	if e.Revision == record.RespondedAt.IsZero() {
		return nil, BadValue("revision", "true for a response that corrects an earlier one of the stage, and only then")
	}
	if byOfficer && record.Officer == nil {
		return nil, Reject(NotAllocated, "nobody has been allocated to stage %s", e.Stage)
	}
	if byOfficer && e.AuthorID != nil && *e.AuthorID != *record.Officer {
		return nil, Reject(AuthorNotStageOfficer, "the officer of stage %s writes the response", e.Stage)
	}
	if err := checkAuthor(ctx, p, stage, record, e); err != nil {
		return nil, err
	}
	barred := func(id uuid.UUID) bool { return ctx.Case.Plays(id, PartyRepresentative) && !ctx.Case.mayRepresent(id) }
	if slices.ContainsFunc(e.Recipients, barred) {
		return nil, Reject(ConsentMissing, "no consent to write to the representative has been recorded, or who represents is not suitable")
	}
	if err := checkResponsePeople(ctx, p, stage, e); err != nil {
		return nil, err
	}
	if ctx.Case.Kind == KindComplaint {
		if err := checkOutcome(record, e, ctx.Case.Rests); err != nil {
			return nil, err
		}
	}
	if code, missing := missingTerm(stage.Response.Contains, e.Contents); missing {
		return nil, Reject(ResponseIncomplete, "the response lacks %s", code)
	}
	if ctx.Case.Flagged(FlagChildVoice) && e.ChildViews.IsZero() {
		return nil, Reject(ResponseIncomplete, "the response has to say how the child's views were taken into account")
	}
	for _, id := range e.Remedies {
		if r := ctx.Case.Remedy(id); r.needsApproval() && (r.State == RemedyIsProposed || r.State == RemedyIsRefused) {
			return nil, Reject(RemedyNotApproved, "remedy %s has not been approved", id)
		}
	}
	return []Event{e}, nil
}

// checkResponsePeople looks at everybody whom a response names. From the second formal stage on, and whenever money is
// offered with it, somebody other than the author approves it.
func checkResponsePeople(ctx Context, p *procedure.Procedure, stage *procedure.Stage, e Responded) error {
	if err := allKnown(ctx, "recipients", e.Recipients); err != nil {
		return err
	}
	if err := known(ctx, "author_id", e.AuthorID); err != nil {
		return err
	}
	if err := known(ctx, "signed_by", e.SignedBy); err != nil {
		return err
	}
	financial := false
	for i, id := range e.Remedies {
		r := ctx.Case.Remedy(id)
		if r == nil {
			return BadValue(indexed("remedies", i), "a remedy of the case")
		}
		financial = financial || r.Type.Financial()
	}
	if e.ApprovedBy == nil {
		if (financial || laterFormalStage(p, stage)) && ctx.WayIn != ViaImport {
			return MissingField("approved_by", "who approved the response")
		}
		return nil
	}
	if e.AuthorID != nil && *e.ApprovedBy == *e.AuthorID {
		return Reject(SelfApproval, "approved_by: somebody other than the author")
	}
	if !ctx.Config.Holds(*e.ApprovedBy, ActionRespond, ctx.Now) {
		return Reject(NotPermitted, "approved_by: somebody who may send a response")
	}
	return nil
}

// checkAuthor holds the author of a response against the officer rules: the officer of the stage against all of them again,
// since the case may have changed since the allocation, and anybody else against those on subjects and different people.
// The officers of a panel are its members: there the rule means that who answers has not answered the earlier stages.
// Nobody answers an investigation of their own.
func checkAuthor(ctx Context, p *procedure.Procedure, stage *procedure.Stage, record *StageRecord, e Responded) error {
	switch {
	case e.AuthorID == nil:
		return nil
	case stage.Response.By == "stage_officer":
		return checkOfficer(ctx, p, stage, Officer{ID: *e.AuthorID, Grade: record.Grade})
	}
	if err := checkNotSubject(ctx, p, stage, *e.AuthorID); err != nil {
		return err
	}
	if ctx.Case.investigated(*e.AuthorID) {
		return Reject(OfficerNotDifferent, "author_id: another than the investigating officer")
	}
	rule, _ := stage.Rule("different_from")
	if !stage.Panel() {
		return differentFrom(ctx, Officer{ID: *e.AuthorID}, rule.Stages)
	}
	for i := range ctx.Case.Stages {
		s := &ctx.Case.Stages[i]
		if slices.Contains(rule.Stages, string(s.Stage)) && s.Author != nil && *s.Author == *e.AuthorID {
			return Reject(OfficerNotDifferent, "author_id: another than who answered stage %s", s.Stage)
		}
	}
	return nil
}

// laterFormalStage reports whether a formal stage of a lower order comes before this one.
func laterFormalStage(p *procedure.Procedure, stage *procedure.Stage) bool {
	return !stage.Informal() && slices.ContainsFunc(p.Stages, func(s procedure.Stage) bool {
		return !s.Informal() && s.Order < stage.Order
	})
}

// checkOutcome holds a complaint's response against the findings of the stage. An issue that rests needs none.
func checkOutcome(record *StageRecord, e Responded, rests func(Label) bool) error {
	for _, issue := range record.Issues {
		if record.Finding(issue) == nil && !rests(issue) {
			return Reject(FindingsIncomplete, "issue %s has no finding at stage %s", issue, e.Stage)
		}
	}
	for _, stated := range e.IssueOutcomes {
		if found := record.Finding(stated.IssueID); found == nil || found.Finding != stated.Finding {
			return Reject(OutcomeMismatch, "the outcome given for issue %s is not its finding", stated.IssueID)
		}
	}
	for _, issue := range record.Issues {
		if !rests(issue) && !slices.ContainsFunc(e.IssueOutcomes, func(o IssueOutcome) bool { return o.IssueID == issue }) {
			return Reject(OutcomeMismatch, "issue_outcomes does not say what was found on issue %s", issue)
		}
	}
	if derived := record.DerivedOutcome(); e.Outcome != derived && (len(record.Issues) > 0 || e.Outcome.found()) {
		return Reject(OutcomeMismatch, "by its findings the stage's outcome is %s", derived)
	}
	return nil
}

// found reports whether an outcome says that something was found, and so cannot stand without issues.
func (o Outcome) found() bool {
	return o == OutcomeUpheld || o == OutcomePartlyUpheld || o == OutcomeNotUpheld
}

// DerivedOutcome returns the outcome that follows from the findings on the issues in dispute: upheld when every decided
// issue is upheld, not upheld when none is, no finding when none is decided, and otherwise partly upheld.
func (s *StageRecord) DerivedOutcome() Outcome {
	decided, upheld, not := 0, 0, 0
	for _, issue := range s.Issues {
		switch found := s.Finding(issue); {
		case found == nil || found.Finding == FindingNone:
			continue
		case found.Finding == FindingUpheld:
			upheld++
		case found.Finding == FindingNotUpheld:
			not++
		}
		decided++
	}
	switch {
	case decided == 0:
		return OutcomeNoFinding
	case upheld == decided:
		return OutcomeUpheld
	case not == decided:
		return OutcomeNotUpheld
	}
	return OutcomePartlyUpheld
}
