package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Acknowledged records that the complainant has been told of the receipt, with all that the procedure promises. An
// automatic receipt is not one.
type Acknowledged struct {
	Stage           Label           `json:"stage" rule:"required" doc:"the stage that is acknowledged"`
	SentAt          time.Time       `json:"sent_at" rule:"required" doc:"when it was sent; by post, the day of posting"`
	Channel         Channel         `json:"channel" rule:"required" doc:"how it went out"`
	Form            Form            `json:"form" rule:"required" doc:"what it was; internal_record for an anonymous case"`
	Recipients      []uuid.UUID     `json:"recipients" rule:"required" doc:"the persons to whom it went"`
	Contains        []Term          `json:"contains" rule:"required" doc:"the content codes that it covers"`
	OmbudsmanBodies []OmbudsmanBody `json:"ombudsman_bodies,omitempty" doc:"the ombudsmen whose details it gave"`
	DueQuoted       Date            `json:"due_quoted,omitzero" doc:"the response date that it promised"`
	Letter          Label           `json:"letter,omitzero" doc:"the document sent"`
}

// Schema names the event.
func (Acknowledged) Schema() (string, int) { return "Acknowledged", 1 }

// When returns the moment of sending.
func (e Acknowledged) When() time.Time { return e.SentAt }

// Form is what an acknowledgement or a response was.
type Form string

// FormInternalRecord is an acknowledgement or response that is written down and goes to nobody.
const FormInternalRecord Form = "internal_record"

// Values returns the closed list of forms.
func (Form) Values() []string {
	return []string{"letter", "email", "phone", "portal", "internal_record"}
}

// CodeOmbudsmanDetails is the content code of a paragraph that says how to reach the Ombudsman.
const CodeOmbudsmanDetails Term = "ombudsman_details"

func (e Acknowledged) happen(c *Case, _ *Metadata) {
	c.moment("Acknowledged", e.Stage, e.SentAt)
	s := c.instance(e.Stage)
	if s.AckAt.IsZero() {
		s.AckAt = e.SentAt
	}
	if e.Stage == c.Stage {
		c.advance(StepAcknowledged)
	}
}

// DecideAcknowledgeCase answers with [Acknowledged]. Rejects with ALREADY_ACKNOWLEDGED, OMBUDSMAN_DETAILS_MISSING,
// DUE_QUOTED_WRONG. Other contents that are missing are accepted, and found by the audit rules.
func DecideAcknowledgeCase(ctx Context, e Acknowledged) ([]Event, error) {
	p, stage, record, err := atStage(ctx, e.Stage)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: record.EnteredAt}, e.SentAt); err != nil {
		return nil, err
	}
	if err := allKnown(ctx, "recipients", e.Recipients); err != nil {
		return nil, err
	}
	if !record.AckAt.IsZero() {
		return nil, Reject(AlreadyAcknowledged, "stage %s has been acknowledged", e.Stage)
	}
	asked := slices.Contains(stage.AcknowledgementContents(), string(CodeOmbudsmanDetails))
	if asked && e.Form != FormInternalRecord && !slices.Contains(e.Contains, CodeOmbudsmanDetails) {
		return nil, Reject(OmbudsmanDetailsMissing, "the acknowledgement has to say how to reach the Ombudsman")
	}
	if !e.DueQuoted.IsZero() {
		if due := dueAfter(ctx, p, e.Stage, e.SentAt); due != e.DueQuoted {
			return nil, Reject(DueQuotedWrong, "the response is due on %s", due)
		}
	}
	return []Event{e}, nil
}
