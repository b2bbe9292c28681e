package domain

import (
	"testing"

	"github.com/google/uuid"
)

func TestAddParty(t *testing.T) {
	add := func(who uuid.UUID, role PartyRole) func(Context) ([]Event, error) {
		return with(DecideAddParty, PartyAdded{PartyID: who, Role: role}, nil)
	}
	remove := func(who uuid.UUID, role PartyRole) func(Context) ([]Event, error) {
		return with(DecideRemoveParty, PartyRemoved{PartyID: who, Role: role}, nil)
	}
	first := []Event{received1()}
	over := then(answered1(), Closed{Reason: ReasonExhausted, At: jan(21)})
	decide(t, Settings{}, []decision{
		{"a representative", first, jan(7), amina, add(rae, PartyRepresentative), ""},
		{"a second complainant", first, jan(7), amina, add(rae, PartyComplainant), ""},
		{"the complainant also as affected", first, jan(7), amina, add(pat, PartyAffected), ""},
		{"the complainant twice", first, jan(7), amina, add(pat, PartyComplainant), BadValueCode},
		{"nobody known", first, jan(7), amina, add(ghost, "advocate"), BadValueCode},
		{"no case", nil, jan(7), amina, add(rae, PartyRepresentative), CaseNotFound},
		{"closed", over, jan(22), amina, add(rae, PartyRepresentative), CaseClosed},
		{"removed", first, jan(7), amina, remove(pat, PartyComplainant), ""},
		{"removed in another role", first, jan(7), amina, remove(pat, "advocate"), BadValueCode},
		{"removed from no case", nil, jan(7), amina, remove(pat, PartyComplainant), CaseNotFound},
		{"removed after closing", over, jan(22), amina, remove(pat, PartyComplainant), CaseClosed},
	})
}

func TestPartiesOfACase(t *testing.T) {
	anonymous := received1()
	anonymous.Complainant = nil
	c := given(t, anonymous, PartyAdded{PartyID: pat, Role: PartyComplainant}, PartyAdded{PartyID: rae, Role: PartyComplainant},
		PartyAdded{PartyID: iris, Role: "advocate"})
	if *c.Complainant != pat || !c.Party(rae) || c.Party(iris) || c.Flagged(FlagAnonymous) {
		t.Errorf("complainant %v, parties %v, flags %v", c.Complainant, c.Parties, c.Flags)
	}
	before := c.Clone()
	apply(t, c, PartyRemoved{PartyID: pat, Role: PartyComplainant})
	if *c.Complainant != rae || *before.Complainant != pat || len(before.Parties) != 3 {
		t.Errorf("after the removal %v, and in the copy %v", c.Complainant, before.Complainant)
	}
}

// apply adds one more event to a case that is already folded.
func apply(t testing.TB, c *Case, e Event) {
	t.Helper()
	at := OccurredAt(e, c.LastRecorded)
	err := c.Apply(Recorded{Event: e, Stream: CaseStream(caseID), Revision: c.Events, Meta: Metadata{
		OccurredAt: at, RecordedAt: latest(at, c.LastRecorded), ActorID: mary.String(),
	}})
	if err != nil {
		t.Fatal(err)
	}
}
