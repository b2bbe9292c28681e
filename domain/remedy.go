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
	Periods           int          `json:"periods,omitzero" doc:"for how many months, terms or weeks the amount is, where the usual one is by these"`
	BenchmarkRef      Term         `json:"benchmark_ref,omitzero" doc:"the guidance that it was compared with"`
	DeliverBy         Date         `json:"deliver_by" rule:"required" doc:"the day by which it is delivered"`
	OwnerID           uuid.UUID    `json:"owner_id" rule:"required" doc:"who sees to it"`
	Origin            RemedyOrigin `json:"origin" rule:"required" doc:"where it comes from"`
	ResponseBy        Date         `json:"response_by,omitzero" doc:"the day by which an answer is asked for"`
	OutsideBandReason Personal     `json:"outside_band_reason,omitzero" doc:"why it lies outside the configured band"`
}

// Schema names the event.
func (RemedyProposed) Schema() (string, int) { return "RemedyProposed", 2 }

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
	Periods           int          `json:"periods,omitzero" doc:"for how many months, terms or weeks the amount is, where the usual one is by these"`
	BenchmarkRef      Term         `json:"benchmark_ref,omitzero" doc:"the guidance that it was compared with"`
	DeliverBy         Date         `json:"deliver_by" rule:"required" doc:"the day by which it is delivered"`
	OwnerID           uuid.UUID    `json:"owner_id" rule:"required" doc:"who sees to it"`
	Origin            RemedyOrigin `json:"origin" rule:"required" doc:"where it comes from"`
	OfferedAt         time.Time    `json:"offered_at" rule:"required" doc:"when it was offered"`
	ResponseBy        Date         `json:"response_by,omitzero" doc:"the day by which an answer is asked for"`
	OutsideBandReason Personal     `json:"outside_band_reason,omitzero" doc:"why it lies outside the configured band"`
}

// Schema names the event.
func (RemedyOffered) Schema() (string, int) { return "RemedyOffered", 2 }

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
func (e RemedyDelivered) When() time.Time { return e.DeliveredOn.Midnight() }
