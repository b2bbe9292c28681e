package domain

import (
	"time"

	"github.com/google/uuid"
)

// RemedyProposed records what somebody suggests would put an injustice right.
type RemedyProposed struct {
	RemedyID          Label        `json:"remedy_id" rule:"required" doc:"unique in the case"`
	Stage             Label        `json:"stage" rule:"required" doc:"the stage at which it is proposed"`
	IssueIDs          []Label      `json:"issue_ids" rule:"required" doc:"the issues that it answers"`
	Type              RemedyType   `json:"type" rule:"required" doc:"what sort of remedy it is"`
	Description       Personal     `json:"description" rule:"required" doc:"what is offered, in words"`
	Amount            Pence        `json:"amount,omitzero" doc:"pence, for a financial remedy"`
	Calculation       Personal     `json:"calculation,omitzero" doc:"how the amount was reached"`
	BenchmarkRef      Term         `json:"benchmark_ref,omitzero" doc:"the guidance that it was compared with"`
	DeliverBy         Date         `json:"deliver_by" rule:"required" doc:"the day by which it is delivered"`
	OwnerID           uuid.UUID    `json:"owner_id" rule:"required" doc:"who sees to it"`
	Origin            RemedyOrigin `json:"origin" rule:"required" doc:"where it comes from"`
	ResponseBy        Date         `json:"response_by,omitzero" doc:"the day by which an answer is asked for"`
	OutsideBandReason Personal     `json:"outside_band_reason,omitzero" doc:"why it lies outside the configured band"`
}

// Schema names the event.
func (RemedyProposed) Schema() (string, int) { return "RemedyProposed", 1 }

// RemedyApproved records that one approver agrees to exactly this amount.
type RemedyApproved struct {
	RemedyID     Label     `json:"remedy_id" rule:"required" doc:"the remedy"`
	ApproverID   uuid.UUID `json:"approver_id" rule:"required" doc:"who approves; always who acts"`
	ApproverRole Role      `json:"approver_role" rule:"required" doc:"the role in which"`
	RuleID       Label     `json:"rule_id" rule:"required" doc:"the limit that covers it, or none"`
	Amount       Pence     `json:"amount" rule:"required" doc:"pence; the amount that is approved"`
	At           time.Time `json:"at" rule:"required" doc:"when"`
}

// Schema names the event.
func (RemedyApproved) Schema() (string, int) { return "RemedyApproved", 1 }

// When returns the moment of approval.
func (e RemedyApproved) When() time.Time { return e.At }

// RemedyOffered records that a remedy was offered to the complainant.
type RemedyOffered struct {
	RemedyID          Label        `json:"remedy_id" rule:"required" doc:"unique in the case"`
	Stage             Label        `json:"stage" rule:"required" doc:"the stage at which it is offered"`
	IssueIDs          []Label      `json:"issue_ids" rule:"required" doc:"the issues that it answers"`
	Type              RemedyType   `json:"type" rule:"required" doc:"what sort of remedy it is"`
	Description       Personal     `json:"description" rule:"required" doc:"what is offered, in words"`
	Amount            Pence        `json:"amount,omitzero" doc:"pence, for a financial remedy"`
	Calculation       Personal     `json:"calculation,omitzero" doc:"how the amount was reached"`
	BenchmarkRef      Term         `json:"benchmark_ref,omitzero" doc:"the guidance that it was compared with"`
	DeliverBy         Date         `json:"deliver_by" rule:"required" doc:"the day by which it is delivered"`
	OwnerID           uuid.UUID    `json:"owner_id" rule:"required" doc:"who sees to it"`
	Origin            RemedyOrigin `json:"origin" rule:"required" doc:"where it comes from"`
	OfferedAt         time.Time    `json:"offered_at" rule:"required" doc:"when it was offered"`
	ResponseBy        Date         `json:"response_by,omitzero" doc:"the day by which an answer is asked for"`
	OutsideBandReason Personal     `json:"outside_band_reason,omitzero" doc:"why it lies outside the configured band"`
}

// Schema names the event.
func (RemedyOffered) Schema() (string, int) { return "RemedyOffered", 1 }

// When returns the moment of the offer.
func (e RemedyOffered) When() time.Time { return e.OfferedAt }

// RemedyAccepted records that the complainant takes a remedy.
type RemedyAccepted struct {
	RemedyID Label      `json:"remedy_id" rule:"required" doc:"the remedy"`
	At       time.Time  `json:"at" rule:"required" doc:"when"`
	By       *uuid.UUID `json:"by,omitzero" rule:"required" doc:"who answered"`
	Note     Personal   `json:"note,omitzero" doc:"what else was said"`
}

// Schema names the event.
func (RemedyAccepted) Schema() (string, int) { return "RemedyAccepted", 1 }

// When returns the moment of the answer.
func (e RemedyAccepted) When() time.Time { return e.At }

// RemedyRejected records that the complainant does not take a remedy.
type RemedyRejected struct {
	RemedyID Label      `json:"remedy_id" rule:"required" doc:"the remedy"`
	At       time.Time  `json:"at" rule:"required" doc:"when"`
	By       *uuid.UUID `json:"by,omitzero" rule:"required" doc:"who answered"`
	Note     Personal   `json:"note,omitzero" doc:"what else was said"`
}

// Schema names the event.
func (RemedyRejected) Schema() (string, int) { return "RemedyRejected", 1 }

// When returns the moment of the answer.
func (e RemedyRejected) When() time.Time { return e.At }

// RemedyDelivered records that a remedy was carried out or paid, with evidence.
type RemedyDelivered struct {
	RemedyID    Label    `json:"remedy_id" rule:"required" doc:"the remedy"`
	DeliveredOn Date     `json:"delivered_on" rule:"required" doc:"the day of delivery"`
	Evidence    Label    `json:"evidence,omitzero" rule:"required" doc:"the document that proves it"`
	PaymentRef  Term     `json:"payment_ref,omitzero" doc:"the payment's reference"`
	AmountPaid  Pence    `json:"amount_paid,omitzero" doc:"pence; left out = the amount offered"`
	Note        Personal `json:"note,omitzero" doc:"why another amount was paid"`
}

// Schema names the event.
func (RemedyDelivered) Schema() (string, int) { return "RemedyDelivered", 1 }

// When returns midnight in London of the day of delivery.
func (e RemedyDelivered) When() time.Time { return e.DeliveredOn.Start() }

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

// The states that events lead to. An offer without an answer by its day lapses, which is derived and not a state of its
// own: see [Remedy.Lapsed].
const (
	RemedyIsProposed  RemedyState = "proposed"
	RemedyIsApproved  RemedyState = "approved"
	RemedyIsOffered   RemedyState = "offered"
	RemedyIsAccepted  RemedyState = "accepted"
	RemedyIsRejected  RemedyState = "rejected"
	RemedyIsDelivered RemedyState = "delivered"
)

// Remedy is one remedy of a case, folded.
type Remedy struct {
	ID         Label
	Stage      Label
	Issues     []Label
	Type       RemedyType
	Origin     RemedyOrigin
	State      RemedyState
	Amount     Pence // as proposed, or as offered when that came later
	Owner      uuid.UUID
	DeliverBy  Date
	ResponseBy Date
	// Proposer is who proposed it: the person whose rights counted, and who acted for that person where one did.
	Proposer   []string
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
	return r.State == RemedyIsOffered && !r.ResponseBy.IsZero() && r.ResponseBy.Before(on)
}

// Outstanding reports whether the remedy still has to be delivered: it was offered or accepted, or recommended by an
// ombudsman.
func (r *Remedy) Outstanding() bool {
	switch r.State {
	case RemedyIsOffered, RemedyIsAccepted:
		return true
	case RemedyIsApproved:
		return r.Origin == OriginOmbudsman
	}
	return false
}

func (e RemedyProposed) happen(c *Case, m *Metadata) {
	c.Remedies = append(c.Remedies, Remedy{
		ID: e.RemedyID, Stage: e.Stage, Issues: e.IssueIDs, Type: e.Type, Origin: e.Origin, State: RemedyIsProposed,
		Amount: e.Amount, Owner: e.OwnerID, DeliverBy: e.DeliverBy, ResponseBy: e.ResponseBy, Proposer: m.ids(),
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
	if e.RuleID != RuleNone || twoApprovers(r.Approvals) {
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
