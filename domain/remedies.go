package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// RemedyType is what sort of remedy it is.
type RemedyType string

// Values returns the closed list of types.
func (RemedyType) Values() []string {
	return []string{
		"apology", "explanation", "specific_action", "record_amendment", "decision_changed", "review_or_appeal_right_restored",
		"service_improvement", "other_affected_people_reviewed", "provision_made_good", "fee_or_charge_waived",
		"quantifiable_loss", "distress", "time_and_trouble", "loss_of_service", "loss_of_opportunity_or_uncertainty",
		"education_provision", "accommodation", "social_care_provision", "goodwill", "other",
	}
}

// Financial reports whether a remedy of this type has an amount, and so needs approval.
func (t RemedyType) Financial() bool {
	switch t {
	case "fee_or_charge_waived", "quantifiable_loss", "distress", "time_and_trouble", "loss_of_service",
		"loss_of_opportunity_or_uncertainty", "education_provision", "accommodation", "social_care_provision", "goodwill":
		return true
	}
	return false
}

// RemedyOrigin is where a remedy comes from.
type RemedyOrigin string

// The origins.
const (
	OriginStage     RemedyOrigin = "stage"
	OriginPanel     RemedyOrigin = "panel"
	OriginOmbudsman RemedyOrigin = "ombudsman"
	OriginGoodwill  RemedyOrigin = "goodwill"
)

// Values returns the closed list of origins.
func (RemedyOrigin) Values() []string { return []string{"stage", "panel", "ombudsman", "goodwill"} }

// RemedyState is where a remedy stands.
type RemedyState string

// The states. Events lead to all but the last: an offer without an answer by its day lapses, which follows from the day
// that is asked about.
const (
	RemedyIsProposed      RemedyState = "proposed"
	RemedyIsRefused       RemedyState = "refused"
	RemedyIsApproved      RemedyState = "approved"
	RemedyIsOffered       RemedyState = "offered"
	RemedyIsAccepted      RemedyState = "accepted"
	RemedyIsRejected      RemedyState = "rejected"
	RemedyIsDelivered     RemedyState = "delivered"
	RemedyIsUndeliverable RemedyState = "undeliverable"
	RemedyIsLapsed        RemedyState = "lapsed" // derived, see [Remedy.StateOn]
)

// Remedy is one remedy of a case, folded.
type Remedy struct {
	ID      Label
	Stage   Label
	Issues  []Label
	Type    RemedyType
	Origin  RemedyOrigin
	State   RemedyState
	Amount  Pence // as proposed, or as offered when that came later
	Periods int   // for how many months, terms or weeks the amount is; 0 where nobody says
	// OutsideBand is set where a reason was given why the amount is not the usual.
	OutsideBand bool
	Owner       uuid.UUID
	DeliverBy   Date
	ResponseBy  Date
	// Proposer is who proposed it: the person whose rights counted, and who acted for that person where one did.
	Proposer   []string
	ProposedAt time.Time // when the proposal, or the first offer, was recorded
	Approvals  []Approval
	FirstOffer time.Time // places it in reports; zero when it was never offered
	OfferedAt  time.Time // the last offer
	AnsweredAt time.Time
	// DeliveredOn and Paid are set by delivery. Paid is the amount offered unless another was stated.
	DeliveredOn Date
	Paid        Pence
}

// Approval is one approver's agreement to a remedy.
type Approval struct {
	Approver uuid.UUID
	Role     Role
	Rule     Label
	Amount   Pence
	By       []string // the ids of who acted
}

// Lapsed reports whether an offer has run out on the given day without an answer. A lapsed offer may be made again.
func (r *Remedy) Lapsed(on Date) bool {
	return r.State == RemedyIsOffered && !r.ResponseBy.IsZero() && r.ResponseBy < on
}

// StateOn returns the state on the given day, in which an offer may have lapsed.
func (r *Remedy) StateOn(on Date) RemedyState {
	if r.Lapsed(on) {
		return RemedyIsLapsed
	}
	return r.State
}

// Outstanding reports whether the remedy still has to be delivered on the given day: it was approved, offered without
// having lapsed, or accepted.
func (r *Remedy) Outstanding(on Date) bool {
	switch r.State {
	case RemedyIsApproved, RemedyIsAccepted:
		return true
	case RemedyIsOffered:
		return !r.Lapsed(on)
	}
	return false
}

func (e RemedyProposed) happen(c *Case, m *Metadata) {
	c.Remedies = append(c.Remedies, Remedy{
		ID: e.RemedyID, Stage: e.Stage, Issues: e.IssueIDs, Type: e.Type, Origin: e.Origin, State: RemedyIsProposed,
		Amount: e.Amount, Owner: e.OwnerID, DeliverBy: e.DeliverBy, ResponseBy: e.ResponseBy, Proposer: m.ids(),
		ProposedAt: m.OccurredAt, Periods: e.Periods, OutsideBand: !e.OutsideBandReason.IsZero(),
	})
}

func (e RemedyApproved) happen(c *Case, m *Metadata) {
	r := c.remedy(e.RemedyID)
	if r == nil {
		return
	}
	r.Approvals = append(r.Approvals, Approval{
		Approver: e.ApproverID, Role: e.ApproverRole, Rule: e.RuleID, Amount: e.Amount, By: m.ids(),
	})
	if e.RuleID != RuleNone || !r.Type.Financial() || twoApprovers(r.Approvals) {
		r.State = RemedyIsApproved
	}
}

func (e RemedyOffered) happen(c *Case, m *Metadata) {
	r := c.remedy(e.RemedyID)
	if r == nil {
		c.Remedies = append(c.Remedies, Remedy{ID: e.RemedyID, Proposer: m.ids(), FirstOffer: e.OfferedAt})
		r = &c.Remedies[len(c.Remedies)-1]
	}
	if r.FirstOffer.IsZero() {
		r.FirstOffer = e.OfferedAt
	}
	r.Stage, r.Issues, r.Type, r.Origin, r.State = e.Stage, e.IssueIDs, e.Type, e.Origin, RemedyIsOffered
	r.Amount, r.Owner, r.DeliverBy, r.ResponseBy, r.OfferedAt = e.Amount, e.OwnerID, e.DeliverBy, e.ResponseBy, e.OfferedAt
	r.Periods = cmp.Or(e.Periods, r.Periods)
	r.OutsideBand = r.OutsideBand || !e.OutsideBandReason.IsZero()
}

func (e RemedyAccepted) happen(c *Case, _ *Metadata) {
	if r := c.remedy(e.RemedyID); r != nil {
		r.State, r.AnsweredAt = RemedyIsAccepted, e.At
	}
}

func (e RemedyRejected) happen(c *Case, _ *Metadata) {
	if r := c.remedy(e.RemedyID); r != nil {
		r.State, r.AnsweredAt = RemedyIsRejected, e.At
	}
}

func (e RemedyDelivered) happen(c *Case, _ *Metadata) {
	if r := c.remedy(e.RemedyID); r != nil {
		r.State, r.DeliveredOn, r.Paid = RemedyIsDelivered, e.DeliveredOn, e.AmountPaid
		if r.Paid == 0 {
			r.Paid = r.Amount
		}
	}
}

// RuleNone is the rule_id of an approval that no single limit covers, of which two are needed.
const RuleNone Label = "none"

// twoApprovers reports whether two different people, in two different roles, have approved.
func twoApprovers(approvals []Approval) bool {
	for i, a := range approvals {
		for _, b := range approvals[i+1:] {
			if a.Role != b.Role && !overlap(a.By, b.By) {
				return true
			}
		}
	}
	return false
}

// needsApproval reports whether the remedy may be offered only when it is approved. What an ombudsman recommends needs no
// approval.
func (r *Remedy) needsApproval() bool { return r.Type.Financial() && r.Origin != OriginOmbudsman }

// proposed reports whether who acts has proposed a remedy of the case.
func (c *Case) proposed(actor Actor) bool {
	return slices.ContainsFunc(c.Remedies, func(r Remedy) bool { return overlap(r.Proposer, actor.IDs()) })
}

// committed is the money that the case's remedies come to, but for the named one: offered or further, and not rejected.
func (c *Case) committed(except Label) Pence {
	var sum Pence
	for i := range c.Remedies {
		switch r := &c.Remedies[i]; r.State {
		case RemedyIsOffered, RemedyIsAccepted, RemedyIsDelivered:
			if r.ID != except {
				sum += r.Amount
			}
		}
	}
	return sum
}
