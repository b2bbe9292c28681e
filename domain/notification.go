package domain

import (
	"time"

	"github.com/google/uuid"
)

// NotificationSent records that somebody was written to by the notifier, or that it failed.
type NotificationSent struct {
	Template        Term         `json:"template" rule:"required" doc:"which letter, as in N04"`
	ToRole          Term         `json:"to_role" rule:"required" doc:"what the recipient is in the case"`
	To              Personal     `json:"to,omitzero" doc:"the address"`
	Channel         Term         `json:"channel" rule:"required" doc:"by what way, such as email"`
	TriggerEvent    *uuid.UUID   `json:"trigger_event,omitzero" doc:"the event that it follows from"`
	TriggerDeadline Label        `json:"trigger_deadline,omitzero" doc:"the clock whose date it follows from, as in s1.response"`
	At              time.Time    `json:"at" rule:"required" doc:"when"`
	Result          NotifyResult `json:"result" rule:"required" doc:"what became of it"`
}

// Schema names the event.
func (NotificationSent) Schema() (string, int) { return "NotificationSent", 1 }

// When returns the moment of sending.
func (e NotificationSent) When() time.Time { return e.At }

// NotifyResult is what became of a notification.
type NotifyResult string

// Values returns the closed list.
func (NotifyResult) Values() []string { return []string{"sent", "failed"} }

func (NotificationSent) happen(*Case, *Metadata) {}

// DecideRecordNotification answers with [NotificationSent], also on a closed case.
func DecideRecordNotification(ctx Context, e NotificationSent) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{WhenClosed: true, After: ctx.Case.ReceivedAt}, e.At); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}
