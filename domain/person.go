package domain

import (
	"github.com/google/uuid"
)

// PersonRecorded begins the stream of a person: a complainant, an officer, anybody whom a case names.
type PersonRecorded struct {
	PersonID         uuid.UUID `json:"person_id" rule:"required" doc:"a UUID of the caller's choosing"`
	Name             Personal  `json:"name,omitzero" doc:"the person's name"`
	Contacts         Personal  `json:"contacts,omitzero" doc:"telephone, e-mail"`
	Address          Personal  `json:"address,omitzero" doc:"postal address"`
	DateOfBirth      Personal  `json:"date_of_birth,omitzero" doc:"date of birth, YYYY-MM-DD"`
	PreferredContact Personal  `json:"preferred_contact,omitzero" doc:"how the person wishes to be reached"`
	IsChild          bool      `json:"is_child,omitzero" doc:"whether the person is a child or young person"`
	Organisation     Personal  `json:"organisation,omitzero" doc:"the organisation that the person belongs to"`
}

// Schema names the event.
func (PersonRecorded) Schema() (string, int) { return "PersonRecorded", 1 }

// Person is the folded stream of one person. It knows nothing personal. A copy shares nothing that a later event changes.
type Person struct {
	ID       uuid.UUID
	Revision uint64 // of the last event
	Events   uint64
	IsChild  bool
	Erased   bool

	Adjustments []Adjustment // that were agreed, in order
	Restriction *Restriction // nil while contact is not restricted
}

type personFact interface {
	Event
	tell(p *Person, m *Metadata)
}

// Apply adds the next event of the person's stream. An event of another stream, or out of its place, is an error.
func (p *Person) Apply(r Recorded) error {
	fact, ok := r.Event.(personFact)
	if !ok {
		return misplaced(r, "person")
	}
	if r.Revision != p.Events {
		return gap(r, p.Events)
	}
	p.Revision, p.Events = r.Revision, p.Events+1
	fact.tell(p, &r.Meta)
	return nil
}

// FoldPerson folds a person's whole stream; no records give nil.
func FoldPerson(records []Recorded) (*Person, error) {
	if len(records) == 0 {
		return nil, nil
	}
	p := new(Person)
	for _, r := range records {
		if err := p.Apply(r); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (e PersonRecorded) tell(p *Person, _ *Metadata) { p.ID, p.IsChild = e.PersonID, e.IsChild }

// DecideRecordPerson answers with [PersonRecorded]. A person who has a stream already is BAD_VALUE.
func DecideRecordPerson(ctx Context, e PersonRecorded) ([]Event, error) {
	if e.PersonID == uuid.Nil {
		return nil, BadValue("person_id", "a UUID that is not zero")
	}
	if ctx.Person != nil {
		return nil, BadValue("person_id", "an id under which no person is recorded yet")
	}
	return []Event{e}, nil
}
