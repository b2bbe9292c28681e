package domain

import (
	"time"

	"github.com/google/uuid"
)

// ContactRestricted records how contact with somebody is managed whose behaviour was unacceptable. It stops no complaint
// and no clock.
type ContactRestricted struct {
	PersonID       uuid.UUID     `json:"person_id" rule:"required" doc:"the person"`
	Arrangements   []Arrangement `json:"arrangements" rule:"required" doc:"what holds from now on"`
	Reasons        Personal      `json:"reasons,omitzero" rule:"required" doc:"why"`
	From           Date          `json:"from" rule:"required" doc:"the first day"`
	ReviewOn       Date          `json:"review_on" rule:"required" doc:"when it is looked at again"`
	DecidedBy      uuid.UUID     `json:"decided_by" rule:"required" doc:"who decided: a complaints manager or above"`
	NotifiedAt     time.Time     `json:"notified_at" rule:"required" doc:"when the person was told"`
	ChallengeRoute Personal      `json:"challenge_route,omitzero" rule:"required" doc:"how the person may challenge it"`
}

// Schema names the event.
func (ContactRestricted) Schema() (string, int) { return "ContactRestricted", 1 }

// When returns the moment at which the person was told.
func (e ContactRestricted) When() time.Time { return e.NotifiedAt }

// ContactRestrictionReviewed records that a restriction was looked at again.
type ContactRestrictionReviewed struct {
	PersonID     uuid.UUID     `json:"person_id" rule:"required" doc:"the person"`
	Outcome      ReviewOutcome `json:"outcome" rule:"required" doc:"what became of it"`
	NextReviewOn Date          `json:"next_review_on,omitzero" doc:"when it is looked at next; left out = the day stays"`
	Arrangements []Arrangement `json:"arrangements,omitempty" doc:"what holds from now on, where it is varied"`
	Reasons      Personal      `json:"reasons,omitzero" doc:"why"`
}

// Schema names the event.
func (ContactRestrictionReviewed) Schema() (string, int) { return "ContactRestrictionReviewed", 1 }

// Arrangement is one way of managing contact.
type Arrangement string

// Values returns the closed list of arrangements.
func (Arrangement) Values() []string {
	return []string{
		"single_point_of_contact", "writing_only", "set_times", "no_further_replies_on_matter", "staff_accompanied", "other",
	}
}

// ReviewOutcome is what became of a restriction when it was looked at again.
type ReviewOutcome string

// The outcomes.
const (
	RestrictionContinued ReviewOutcome = "continued"
	RestrictionVaried    ReviewOutcome = "varied"
	RestrictionLifted    ReviewOutcome = "lifted"
)

// Values returns the closed list of outcomes.
func (ReviewOutcome) Values() []string { return []string{"continued", "varied", "lifted"} }

// Restriction is a restriction of contact in force.
type Restriction struct {
	Arrangements []Arrangement
	From         Date
	ReviewOn     Date
}

func (e ContactRestricted) tell(p *Person, _ *Metadata) {
	p.Restriction = &Restriction{Arrangements: e.Arrangements, From: e.From, ReviewOn: e.ReviewOn}
}

func (e ContactRestrictionReviewed) tell(p *Person, _ *Metadata) {
	if p.Restriction == nil || e.Outcome == RestrictionLifted {
		p.Restriction = nil
		return
	}
	next := *p.Restriction
	if !e.NextReviewOn.IsZero() {
		next.ReviewOn = e.NextReviewOn
	}
	if len(e.Arrangements) > 0 {
		next.Arrangements = e.Arrangements
	}
	p.Restriction = &next
}

// DecideRestrictContact answers with [ContactRestricted]. One that follows on another takes its place.
func DecideRestrictContact(ctx Context, e ContactRestricted) ([]Event, error) {
	if err := recordedPerson(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, e.NotifiedAt); err != nil {
		return nil, err
	}
	if len(e.Arrangements) == 0 {
		return nil, BadValue("arrangements", "at least one arrangement")
	}
	if e.ReviewOn <= e.From {
		return nil, BadValue("review_on", "a day after the first")
	}
	if err := known(ctx, "decided_by", &e.DecidedBy); err != nil {
		return nil, err
	}
	if !ctx.Config.Holds(e.DecidedBy, ActionRestrictContact, ctx.Now) {
		return nil, Reject(NotPermitted, "decided_by: somebody who may restrict contact")
	}
	return []Event{e}, nil
}

// DecideReviewRestriction answers with [ContactRestrictionReviewed].
func DecideReviewRestriction(ctx Context, e ContactRestrictionReviewed) ([]Event, error) {
	if err := recordedPerson(ctx); err != nil {
		return nil, err
	}
	if ctx.Person.Restriction == nil {
		return nil, BadValue("person_id", "a person with whom contact is restricted")
	}
	if !e.NextReviewOn.IsZero() && e.NextReviewOn <= DateOf(ctx.Now) {
		return nil, BadValue("next_review_on", "a day to come")
	}
	return []Event{e}, nil
}
