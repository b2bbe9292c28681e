package domain

import (
	"time"

	"github.com/google/uuid"
)

// Extended records that a due date was moved, with notice and reason, before it passed.
type Extended struct {
	Clock         Label         `json:"clock" rule:"required" doc:"the clock, as in s1.response"`
	OldDueDate    Date          `json:"old_due_date" rule:"required" doc:"the due date in force until now"`
	NewDueDate    Date          `json:"new_due_date" rule:"required" doc:"the due date from now on"`
	Reason        Personal      `json:"reason" rule:"required" doc:"why, in words"`
	ReasonCode    ExtensionCode `json:"reason_code" rule:"required" doc:"why, as a code"`
	NotifiedAt    time.Time     `json:"notified_at" rule:"required" doc:"when the complainant was told"`
	Notice        Label         `json:"notice" rule:"required" doc:"the document sent"`
	Contains      []Term        `json:"contains" rule:"required" doc:"what the notice covers"`
	DiscussedAt   time.Time     `json:"discussed_at,omitzero" doc:"when it was discussed with the complainant"`
	Agreed        *bool         `json:"agreed,omitzero" doc:"whether the complainant agreed"`
	AgreedAt      time.Time     `json:"agreed_at,omitzero" doc:"when"`
	ApprovedBy    *uuid.UUID    `json:"approved_by,omitzero" doc:"who approved going over a soft limit"`
	GoodReason    Personal      `json:"good_reason,omitzero" doc:"the good reason for going over a soft limit"`
	UpdateEveryWD int           `json:"update_every_wd,omitzero" doc:"working days between promised updates"`
}

// Schema names the event.
func (Extended) Schema() (string, int) { return "Extended", 1 }

// When returns the moment of the notice.
func (e Extended) When() time.Time { return e.NotifiedAt }

// ExtensionCode is why a due date was moved.
type ExtensionCode string

// Values returns the closed list of reasons.
func (ExtensionCode) Values() []string {
	return []string{
		"complex", "awaiting_third_party", "awaiting_complainant", "officer_absence", "volume", "public_interest", "other",
	}
}

func (e Extended) happen(c *Case, m *Metadata) {
	c.Extensions = append(c.Extensions, Extension{
		Clock: e.Clock, OldDue: e.OldDueDate, NewDue: e.NewDueDate,
		NotifiedAt: e.NotifiedAt, RecordedAt: m.RecordedAt, ReasonCode: e.ReasonCode,
	})
}
