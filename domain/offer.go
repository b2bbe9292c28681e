package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// DecideProposeRemedy answers with [RemedyProposed]. Rejects with REMEDY_STATE, AMOUNT_REQUIRED.
func DecideProposeRemedy(ctx Context, e RemedyProposed) ([]Event, error) {
	if _, _, _, err := atStage(ctx, e.Stage); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, ctx.Now); err != nil {
		return nil, err
	}
	if err := checkRemedyFields(ctx, e); err != nil {
		return nil, err
	}
	if ctx.Case.Remedy(e.RemedyID) != nil {
		return nil, Reject(RemedyStateCode, "remedy %s exists", e.RemedyID)
	}
	if e.Type.Financial() && e.Amount == 0 {
		return nil, Reject(AmountRequired, "a remedy of type %s needs an amount", e.Type)
	}
	if err := checkBand(ctx, e.Type, e.Amount, e.Periods, !e.OutsideBandReason.IsZero()); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// DecideApproveRemedy answers with [RemedyApproved]. It asks for the right to approve itself, because nobody's own
// proposal is told before. Rejects with SELF_APPROVAL, LIMIT_EXCEEDED, REMEDY_STATE, AMOUNT_CHANGED.
func DecideApproveRemedy(ctx Context, e RemedyApproved) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	r := ctx.Case.Remedy(e.RemedyID)
	waits := r != nil && r.State == RemedyIsProposed
	if waits && ownRemedy(ctx, r, e) {
		return nil, Reject(SelfApproval, "somebody other than who proposed remedy %s approves it", e.RemedyID)
	}
	if err := permitted(ctx, ActionApproveRemedy); err != nil {
		return nil, err
	}
	if e.ApproverID.String() != ctx.Actor.Rights() || !ctx.Config.Grant(ctx.Actor.Rights(), ctx.Now).Has(e.ApproverRole) {
		return nil, Reject(NotPermitted, "approver_id and approver_role are those of who acts")
	}
	rule := CommandRule{}
	if r != nil {
		rule.After = r.ProposedAt
	}
	if err := Preconditions(ctx, rule, e.At); err != nil {
		return nil, err
	}
	if !waits {
		return nil, Reject(RemedyStateCode, "remedy %s is not waiting for approval", e.RemedyID)
	}
	if e.Amount != r.Amount {
		return nil, Reject(AmountChanged, "the approval is for exactly the amount that was proposed")
	}
	if r.Type.Financial() {
		under, err := approvalRule(ctx, r, e)
		if err != nil {
			return nil, err
		}
		e.RuleID = under
	}
	return []Event{e}, nil
}

// ownRemedy reports whether the approver is the proposer, has approved it already, or is a finance approver who proposed
// any remedy of the case.
func ownRemedy(ctx Context, r *Remedy, e RemedyApproved) bool {
	approver := append([]string{e.ApproverID.String()}, ctx.Actor.IDs()...)
	if overlap(r.Proposer, approver) {
		return true
	}
	for _, earlier := range r.Approvals {
		if overlap(earlier.By, approver) {
			return true
		}
	}
	return e.ApproverRole == RoleFinance && slices.ContainsFunc(ctx.Case.Remedies, func(other Remedy) bool {
		return overlap(other.Proposer, approver)
	})
}

// approvalRule returns the limit under which an approval stands: the first that covers remedy and case for a role that
// the approver holds, or [RuleNone] where a director and a finance approver, or the holder of the limit and a finance
// approver, have to agree. LIMIT_EXCEEDED where neither is so.
func approvalRule(ctx Context, r *Remedy, e RemedyApproved) (Label, error) {
	settings := ctx.Config.Settings
	if e.RuleID != RuleNone && settings.limit(e.RuleID) == nil {
		return "", BadValue("rule_id", "the id of a configured limit, or none")
	}
	shared := e.ApproverRole == RoleDirector || e.ApproverRole == RoleFinance
	covering := coveringLimits(ctx, r, e.Amount)
	switch {
	case len(covering) == 0:
	case covering[0].NeedsSecondApprover:
		shared = shared || covering[0].Role == e.ApproverRole
	case e.RuleID == covering[0].ID:
		return e.RuleID, nil
	}
	if slices.ContainsFunc(covering[min(1, len(covering)):], func(l RemedyLimit) bool { return l.ID == e.RuleID }) {
		return "", BadValue("rule_id", "the first limit that covers the remedy: "+string(covering[0].ID))
	}
	named := settings.limit(e.RuleID)
	second := named == nil || named.NeedsSecondApprover
	sameRole := slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.Role == e.ApproverRole })
	if !shared || !second || sameRole {
		return "", Reject(LimitExceeded, "no limit lets this approver approve the amount alone, or together with who has approved")
	}
	return RuleNone, nil
}

// coveringLimits returns the limits that cover the amount, and with it the case, for a role of who acts, in order.
func coveringLimits(ctx Context, r *Remedy, amount Pence) []RemedyLimit {
	grant := ctx.Config.Grant(ctx.Actor.Rights(), ctx.Now)
	total := ctx.Case.committed(r.ID) + amount
	return slices.DeleteFunc(slices.Clone(ctx.Config.Settings.RemedyLimits), func(l RemedyLimit) bool {
		return !l.covers(ctx.Case, r, amount, total) || !grant.Has(l.Role)
	})
}

func (l RemedyLimit) covers(c *Case, r *Remedy, amount, total Pence) bool {
	return slices.Contains(l.RemedyTypes, r.Type) && (l.Service == "" || l.Service == c.Service) &&
		amount <= l.MaxPerRemedy && total <= l.MaxPerCase
}

// limit returns the limit of an id, nil for none.
func (s Settings) limit(id Label) *RemedyLimit {
	for i := range s.RemedyLimits {
		if s.RemedyLimits[i].ID == id {
			return &s.RemedyLimits[i]
		}
	}
	return nil
}

// DecideOfferRemedy answers with [RemedyOffered]. What needs no approval may be offered as soon as it is proposed, or
// without a proposal. Rejects with REMEDY_NOT_APPROVED, REMEDY_STATE, AMOUNT_REQUIRED, AMOUNT_CHANGED, LIMIT_EXCEEDED,
// NO_UPHELD_ISSUE, DELIVER_BY_PAST.
func DecideOfferRemedy(ctx Context, e RemedyOffered) ([]Event, error) {
	_, _, record, err := atStage(ctx, e.Stage)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: record.EnteredAt}, e.OfferedAt); err != nil {
		return nil, err
	}
	if err := checkRemedyFields(ctx, e.proposal()); err != nil {
		return nil, err
	}
	if err := checkOffer(ctx, ctx.Case.Remedy(e.RemedyID), e); err != nil {
		return nil, err
	}
	if e.Origin != OriginGoodwill && e.Origin != OriginOmbudsman && !ctx.Case.anyUpheld(e.IssueIDs) {
		return nil, Reject(NoUpheldIssue, "none of the issues was upheld, and the offer is not one of goodwill")
	}
	if e.DeliverBy < DateOf(e.OfferedAt) {
		return nil, Reject(DeliverByPast, "the remedy would have to be delivered before it is offered")
	}
	periods, reason := e.Periods, !e.OutsideBandReason.IsZero()
	if r := ctx.Case.Remedy(e.RemedyID); r != nil {
		periods, reason = cmp.Or(periods, r.Periods), reason || r.OutsideBand
	}
	if err := checkBand(ctx, e.Type, e.Amount, periods, reason); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// checkOffer compares an offer with the remedy as it stands, which is nil when it is new.
func checkOffer(ctx Context, r *Remedy, e RemedyOffered) error {
	financial := e.Type.Financial()
	if financial && e.Origin != OriginOmbudsman && (r == nil || r.State == RemedyIsProposed) {
		return Reject(RemedyNotApproved, "remedy %s has not been approved", e.RemedyID)
	}
	if r != nil {
		lapsed := r.Lapsed(DateOf(e.OfferedAt))
		if r.State != RemedyIsProposed && r.State != RemedyIsApproved && !lapsed {
			return Reject(RemedyStateCode, "remedy %s is %s", e.RemedyID, r.State)
		}
		if r.Type != e.Type || r.Origin != e.Origin {
			return BadValue("type", "type and origin as they were proposed")
		}
	}
	if financial && e.Amount == 0 {
		return Reject(AmountRequired, "a remedy of type %s needs an amount", e.Type)
	}
	if r == nil {
		return nil
	}
	if e.Amount != r.Amount {
		return Reject(AmountChanged, "the amount is not the one that was proposed or approved")
	}
	return checkStillWithin(ctx, r)
}

// checkStillWithin looks again at the case's running total, which may have grown since the approval.
func checkStillWithin(ctx Context, r *Remedy) error {
	if len(r.Approvals) == 0 {
		return nil
	}
	approval := r.Approvals[len(r.Approvals)-1]
	for _, limit := range ctx.Config.Settings.RemedyLimits {
		if limit.ID == approval.Rule && ctx.Case.committed(r.ID)+r.Amount > limit.MaxPerCase {
			return Reject(LimitExceeded, "with the other remedies of the case the offer is over the limit it was approved under")
		}
	}
	return nil
}

// DecideAnswerRemedy answers with [RemedyAccepted] or [RemedyRejected]. Rejects with REMEDY_STATE.
func DecideAnswerRemedy(ctx Context, a AnswerRemedy) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	r := ctx.Case.Remedy(a.RemedyID)
	var offered time.Time
	if r != nil {
		offered = r.OfferedAt
	}
	if err := Preconditions(ctx, CommandRule{After: offered}, a.At); err != nil {
		return nil, err
	}
	if err := known(ctx, "by", a.By); err != nil {
		return nil, err
	}
	if r == nil || r.State != RemedyIsOffered || r.Lapsed(DateOf(a.At)) {
		return nil, Reject(RemedyStateCode, "remedy %s is not waiting for an answer", a.RemedyID)
	}
	if a.Answer == AnswerAccepted {
		return []Event{RemedyAccepted{RemedyID: a.RemedyID, At: a.At, By: a.By, Note: a.Note}}, nil
	}
	return []Event{RemedyRejected{RemedyID: a.RemedyID, At: a.At, By: a.By, Note: a.Note}}, nil
}

// AnswerRemedy is the command that records the complainant's answer to an offer.
type AnswerRemedy struct {
	RemedyID Label      `json:"remedy_id" rule:"required" doc:"the remedy"`
	Answer   Answer     `json:"answer" rule:"required" doc:"accepted or rejected"`
	At       time.Time  `json:"at" rule:"required" doc:"when"`
	By       *uuid.UUID `json:"by,omitzero" rule:"required" doc:"who answered"`
	Note     Personal   `json:"note,omitzero" doc:"what else was said"`
}

// Answer is what a complainant says to an offer.
type Answer string

// AnswerAccepted takes the offer.
const AnswerAccepted Answer = "accepted"

// Values returns the closed list.
func (Answer) Values() []string { return []string{"accepted", "rejected"} }

// DecideDeliverRemedy answers with [RemedyDelivered], also on a closed case. Money has to be accepted first; what needs no
// acceptance goes from offered to delivered. Rejects with EVIDENCE_REQUIRED, AMOUNT_DIFFERS, REMEDY_STATE.
func DecideDeliverRemedy(ctx Context, e RemedyDelivered) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	r := ctx.Case.Remedy(e.RemedyID)
	rule := CommandRule{WhenClosed: true, WholeDays: true}
	if r != nil {
		rule.After = latest(r.OfferedAt, r.AnsweredAt)
	}
	if err := Preconditions(ctx, rule, e.When()); err != nil {
		return nil, err
	}
	if e.Evidence == "" {
		return nil, Reject(EvidenceRequired, "a document that proves the delivery")
	}
	if r != nil && e.AmountPaid != 0 && e.AmountPaid != r.Amount && e.Note.IsZero() {
		return nil, Reject(AmountDiffers, "say in note why another amount was paid than offered")
	}
	if r == nil || !r.deliverable() {
		return nil, Reject(RemedyStateCode, "remedy %s cannot be delivered as it stands", e.RemedyID)
	}
	return []Event{e}, nil
}

func (r *Remedy) deliverable() bool {
	switch r.State {
	case RemedyIsAccepted:
		return true
	case RemedyIsOffered:
		return !r.Type.Financial() || r.Origin == OriginOmbudsman
	case RemedyIsApproved:
		return r.Origin == OriginOmbudsman
	}
	return false
}

// maxPeriods is a hundred years of months, more than any injustice lasted.
const maxPeriods = 1200

// checkRemedyFields finds issues that the case does not have, an owner who is not recorded, money on a remedy that is not
// financial, which no limit would catch, and the origin that needs no approval on a case that no ombudsman has had.
func checkRemedyFields(ctx Context, e RemedyProposed) error {
	for i, issue := range e.IssueIDs {
		if ctx.Case.Issue(issue) == nil {
			return BadValue(indexed("issue_ids", i), "an issue of the case")
		}
	}
	if e.Amount < 0 || e.Amount != 0 && !e.Type.Financial() {
		return BadValue("amount", "an amount of pence that is not negative, for a financial remedy only")
	}
	if e.Periods < 0 || e.Periods > maxPeriods {
		return BadValue("periods", "0 to 1200")
	}
	if e.Origin == OriginOmbudsman && ctx.Case.Ombudsman == nil {
		return BadValue("origin", "ombudsman for a case only that one has had")
	}
	return known(ctx, "owner_id", &e.OwnerID)
}

// proposal returns what was offered as if it were proposed only.
func (e RemedyOffered) proposal() RemedyProposed {
	return RemedyProposed{
		RemedyID: e.RemedyID, Stage: e.Stage, IssueIDs: e.IssueIDs, Type: e.Type, Amount: e.Amount, Periods: e.Periods, OwnerID: e.OwnerID,
		Origin: e.Origin,
	}
}

// checkBand asks for a reason where an amount lies outside the configured band. One by the month, week or term counts for
// each of the periods; where nobody says how many they are, an amount that is too little for one is too little for all.
func checkBand(ctx Context, kind RemedyType, amount Pence, periods int, reason bool) error {
	band := ctx.Config.Settings.band(kind)
	if band == nil || reason {
		return nil
	}
	high, low := band.High, band.Low
	switch {
	case band.Unit == "case":
	case periods == 0:
		high = amount
	default:
		high, low = high*Pence(periods), low*Pence(periods)
	}
	if low <= amount && amount <= high {
		return nil
	}
	return MissingField("outside_band_reason", "why the amount lies outside the band")
}

// anyUpheld reports whether any of the issues was upheld, wholly or partly, at any stage.
func (c *Case) anyUpheld(issues []Label) bool {
	for i := range c.Stages {
		for _, issue := range issues {
			if found := c.Stages[i].Finding(issue); found != nil && found.Finding.Upheld() {
				return true
			}
		}
	}
	return false
}
