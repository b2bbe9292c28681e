package domain

import "time"

// ContactRecorded records that somebody was spoken with or written to about the case.
type ContactRecorded struct {
	Direction Direction       `json:"direction" rule:"required" doc:"in or out"`
	Channel   Channel         `json:"channel" rule:"required" doc:"by what way"`
	At        time.Time       `json:"at" rule:"required" doc:"when"`
	With      Correspondent   `json:"with" rule:"required" doc:"with whom: a person, or a code for a body"`
	Note      Personal        `json:"note,omitzero" rule:"required" doc:"what was said"`
	Meeting   bool            `json:"meeting,omitzero" doc:"whether people met"`
	Attendees []Correspondent `json:"attendees,omitempty" doc:"who was there"`
}

// Schema names the event.
func (ContactRecorded) Schema() (string, int) { return "ContactRecorded", 1 }

// When returns the moment of the contact.
func (e ContactRecorded) When() time.Time { return e.At }

// Direction is who turned to whom.
type Direction string

// Values returns the closed list: to the council, or from it.
func (Direction) Values() []string { return []string{"in", "out"} }

func (ContactRecorded) happen(c *Case, _ *Metadata) { c.investigating() }

// DecideRecordContact answers with [ContactRecorded].
func DecideRecordContact(ctx Context, e ContactRecorded) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: ctx.Case.ReceivedAt}, e.At); err != nil {
		return nil, err
	}
	if err := knownCorrespondent(ctx, "with", e.With); err != nil {
		return nil, err
	}
	for i, who := range e.Attendees {
		if err := knownCorrespondent(ctx, indexed("attendees", i), who); err != nil {
			return nil, err
		}
	}
	return []Event{e}, nil
}
