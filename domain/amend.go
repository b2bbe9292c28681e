package domain

import (
	"slices"

	"github.com/google/uuid"
)

// PersonAmended records that something is known otherwise of a person. It names the fields that it sets; one that is named
// and not there is empty from now on.
type PersonAmended struct {
	PersonID         uuid.UUID     `json:"person_id" rule:"required" doc:"the person"`
	Fields           []PersonField `json:"fields,omitempty" doc:"what is amended; left out = the fields that are given"`
	Name             Personal      `json:"name,omitzero" doc:"the person's name"`
	Contacts         Personal      `json:"contacts,omitzero" doc:"telephone, e-mail"`
	Address          Personal      `json:"address,omitzero" doc:"postal address"`
	DateOfBirth      Personal      `json:"date_of_birth,omitzero" doc:"date of birth, YYYY-MM-DD"`
	PreferredContact Personal      `json:"preferred_contact,omitzero" doc:"how the person wishes to be reached"`
	IsChild          *bool         `json:"is_child,omitzero" doc:"whether the person is a child or young person"`
	Organisation     Personal      `json:"organisation,omitzero" doc:"the organisation that the person belongs to"`
	Reason           Personal      `json:"reason,omitzero" rule:"required" doc:"why"`
}

// Schema names the event.
func (PersonAmended) Schema() (string, int) { return "PersonAmended", 1 }

// PersonField is something that is recorded of a person.
type PersonField string

// The fields.
const (
	PersonName             PersonField = "name"
	PersonContacts         PersonField = "contacts"
	PersonAddress          PersonField = "address"
	PersonDateOfBirth      PersonField = "date_of_birth"
	PersonPreferredContact PersonField = "preferred_contact"
	PersonIsChild          PersonField = "is_child"
	PersonOrganisation     PersonField = "organisation"
)

// Values returns the closed list of fields.
func (PersonField) Values() []string {
	return []string{"name", "contacts", "address", "date_of_birth", "preferred_contact", "is_child", "organisation"}
}

// Amends reports whether the event sets a field.
func (e PersonAmended) Amends(field PersonField) bool { return slices.Contains(e.Fields, field) }

// given returns the fields that have a value.
func (e PersonAmended) given() []PersonField {
	var fields []PersonField
	for _, f := range []struct {
		name  PersonField
		value Personal
	}{
		{PersonName, e.Name},
		{PersonContacts, e.Contacts},
		{PersonAddress, e.Address},
		{PersonDateOfBirth, e.DateOfBirth},
		{PersonPreferredContact, e.PreferredContact},
		{PersonOrganisation, e.Organisation},
	} {
		if !f.value.IsZero() {
			fields = append(fields, f.name)
		}
	}
	if e.IsChild != nil {
		fields = append(fields, PersonIsChild)
	}
	return fields
}

func (e PersonAmended) tell(p *Person, _ *Metadata) {
	if e.Amends(PersonIsChild) {
		p.IsChild = e.IsChild != nil && *e.IsChild
	}
}

// DecideAmendPerson answers with [PersonAmended], which names what it amends.
func DecideAmendPerson(ctx Context, e PersonAmended) ([]Event, error) {
	if err := recordedPerson(ctx); err != nil {
		return nil, err
	}
	given := e.given()
	for i, field := range e.Fields {
		if slices.Contains(e.Fields[:i], field) {
			return nil, BadValue(indexed("fields", i), "a field that is named once")
		}
	}
	if len(e.Fields) == 0 {
		e.Fields = given
	}
	if len(e.Fields) == 0 {
		return nil, MissingField("fields", "what is amended")
	}
	for _, field := range given {
		if !e.Amends(field) {
			return nil, BadValue("fields", "every field that is given")
		}
	}
	return []Event{e}, nil
}

// recordedPerson answers BAD_VALUE unless the command addresses a person who is recorded and has not been erased: of
// somebody erased nothing new is kept.
func recordedPerson(ctx Context) error {
	if ctx.Person == nil || ctx.Person.Erased {
		return BadValue("person_id", "a person who is recorded, and not erased")
	}
	return nil
}
