package domain

import (
	"slices"

	"github.com/google/uuid"
)

// PartyAdded records that somebody came into the case.
type PartyAdded struct {
	PartyID      uuid.UUID `json:"party_id" rule:"required" doc:"the person"`
	Role         PartyRole `json:"role" rule:"required" doc:"what the person is in the case"`
	Organisation Term      `json:"organisation,omitzero" doc:"the organisation for which the person stands"`
	Lead         bool      `json:"lead,omitzero" doc:"whether the organisation leads a joint answer"`
	Reason       Personal  `json:"reason,omitzero" doc:"why"`
}

// Schema names the event.
func (PartyAdded) Schema() (string, int) { return "PartyAdded", 1 }

// PartyRemoved records that somebody is no longer in the case.
type PartyRemoved struct {
	PartyID      uuid.UUID `json:"party_id" rule:"required" doc:"the person"`
	Role         PartyRole `json:"role" rule:"required" doc:"what the person was in the case"`
	Organisation Term      `json:"organisation,omitzero" doc:"the organisation for which the person stood"`
	Lead         bool      `json:"lead,omitzero" doc:"whether the organisation led a joint answer"`
	Reason       Personal  `json:"reason,omitzero" doc:"why"`
}

// Schema names the event.
func (PartyRemoved) Schema() (string, int) { return "PartyRemoved", 1 }

// PartyRole is what somebody is in a case.
type PartyRole string

// The roles that rules look at; [PartyRole.Values] has the whole list.
const (
	PartyComplainant    PartyRole = "complainant"
	PartyAffected       PartyRole = "affected"
	PartyRepresentative PartyRole = "representative"
)

// Values returns the closed list of roles.
func (PartyRole) Values() []string {
	return []string{"complainant", "affected", "representative", "advocate", "interpreter", "partner_org", "contractor"}
}

// PartyRecord is one person in a case, in one role.
type PartyRecord struct {
	Person       uuid.UUID
	Role         PartyRole
	Organisation Term
	Lead         bool
}

// Plays reports whether the person is in the case in that role.
func (c *Case) Plays(person uuid.UUID, role PartyRole) bool {
	return slices.ContainsFunc(c.Parties, func(p PartyRecord) bool { return p.Person == person && p.Role == role })
}

// Party reports whether the person is complainant, affected person or representative.
func (c *Case) Party(person uuid.UUID) bool {
	return c.Concerns(person) || c.Plays(person, PartyRepresentative)
}

// Concerns reports whether the case is the person's own matter, as complainant or affected person.
func (c *Case) Concerns(person uuid.UUID) bool {
	return c.Plays(person, PartyComplainant) || c.Plays(person, PartyAffected)
}

func (e PartyAdded) happen(c *Case, _ *Metadata) {
	c.addParty(PartyRecord{Person: e.PartyID, Role: e.Role, Organisation: e.Organisation, Lead: e.Lead})
	if e.Role == PartyComplainant {
		c.lower(FlagAnonymous)
	}
}

func (e PartyRemoved) happen(c *Case, _ *Metadata) {
	c.Parties = slices.DeleteFunc(slices.Clone(c.Parties), func(p PartyRecord) bool {
		return p.Person == e.PartyID && p.Role == e.Role
	})
	c.Complainant, c.Affected, c.Representative = c.first(PartyComplainant), c.first(PartyAffected), c.first(PartyRepresentative)
}

// addParty adds a party. The first of each of the main roles is the one that the case is known by.
func (c *Case) addParty(p PartyRecord) {
	c.Parties = append(c.Parties, p)
	switch {
	case p.Role == PartyComplainant && c.Complainant == nil:
		c.Complainant = &p.Person
	case p.Role == PartyAffected && c.Affected == nil:
		c.Affected = &p.Person
	case p.Role == PartyRepresentative && c.Representative == nil:
		c.Representative = &p.Person
	}
}

// all returns the persons who are in the case in a role.
func (c *Case) all(role PartyRole) (persons []uuid.UUID) {
	for _, p := range c.Parties {
		if p.Role == role {
			persons = append(persons, p.Person)
		}
	}
	return persons
}

func (c *Case) first(role PartyRole) *uuid.UUID {
	for _, p := range c.Parties {
		if p.Role == role {
			return &p.Person
		}
	}
	return nil
}

// DecideAddParty answers with [PartyAdded]. Nobody is in a case twice in the same role.
func DecideAddParty(ctx Context, e PartyAdded) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, ctx.Now); err != nil {
		return nil, err
	}
	if err := known(ctx, "party_id", &e.PartyID); err != nil {
		return nil, err
	}
	if ctx.Case.Plays(e.PartyID, e.Role) {
		return nil, BadValue("party_id", "a person who is not in the case in this role")
	}
	return []Event{e}, nil
}

// DecideRemoveParty answers with [PartyRemoved].
func DecideRemoveParty(ctx Context, e PartyRemoved) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, ctx.Now); err != nil {
		return nil, err
	}
	if !ctx.Case.Plays(e.PartyID, e.Role) {
		return nil, BadValue("party_id", "a person who is in the case in this role")
	}
	return []Event{e}, nil
}
