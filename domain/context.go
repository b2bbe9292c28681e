package domain

import (
	"time"

	"github.com/google/uuid"
)

// Context is all that a decision may look at: the moment, who acts, and the folded streams that the command names.
// Whoever makes it has read the streams from the log, never from a read model.
type Context struct {
	Now       time.Time // when the command is recorded, UTC
	CommandID uuid.UUID
	Tenant    string
	WayIn     WayIn
	Actor     Actor
	// Backdated says that the command carries a backdate_reason.
	Backdated bool
	Config    *Config // the config stream as it stood when the command was decided; never nil
	// Case is the case that the command addresses. It is nil when the command opens one (then CaseID and CaseRef are
	// what the new case will be called) or addresses another stream.
	Case    *Case
	CaseID  uuid.UUID
	CaseRef string
	// Person is the person that the command addresses, nil when that stream has no event.
	Person *Person
	// Learning is the learning action that the command addresses, nil when that stream has no event.
	Learning *LearningAction
	// Survey is the survey that the command addresses, nil when that stream has no event. Case is then the case it is of.
	Survey *Survey
	// Equality is the quarter of answers that the command addresses, nil when that stream has no event.
	Equality *EqualityQuarter
	// PersonCases are all cases in which the addressed person is a party; filled for ErasePersonalData only.
	PersonCases []*Case
	// KnownPerson reports whether a person id has a stream. The handler answers it from the log.
	KnownPerson func(id uuid.UUID) bool
	// OtherPerson returns a person as the log has them, nil where there is none.
	OtherPerson func(id uuid.UUID) *Person
	// OtherCase returns another case as it stands in the log, nil where there is none. The handler answers it; nil = no
	// other case is looked at.
	OtherCase func(id uuid.UUID) *Case
}

// Actor is who acts, as the edge has authenticated them. Rights come from the config stream alone.
type Actor struct {
	ID         string // person id (UUID text), `operator:<uid>` or `system`
	OnBehalfOf string // the person id whose rights apply when the operator acts for somebody; else empty
	Operator   bool   // the local user who can read runtime.json
}

// IDs returns every id of who acts: the actor's, and the id whose rights apply where that is another. Two acts that need
// two people are refused when any id of the one equals any id of the other.
func (a Actor) IDs() []string {
	if a.OnBehalfOf == "" || a.OnBehalfOf == a.ID {
		return []string{a.ID}
	}
	return []string{a.ID, a.OnBehalfOf}
}

// Is reports whether the person is any of those who act.
func (a Actor) Is(person uuid.UUID) bool {
	id := person.String()
	return a.ID == id || a.OnBehalfOf == id
}

// Rights returns the id whose grants apply.
func (a Actor) Rights() string {
	if a.OnBehalfOf != "" {
		return a.OnBehalfOf
	}
	return a.ID
}
