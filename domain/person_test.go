package domain

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// knownAs folds a person from what is known of them.
func knownAs(t testing.TB, facts ...Event) *Person {
	t.Helper()
	p := new(Person)
	for _, e := range append([]Event{PersonRecorded{PersonID: pat, Name: Plain("Pat")}}, facts...) {
		err := p.Apply(Recorded{Event: e, Stream: PersonStream(pat), Revision: p.Events, Meta: Metadata{OccurredAt: jan(6), RecordedAt: jan(6)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// ofPerson is one row of a table of decisions on a person.
type ofPerson struct {
	name   string
	person *Person
	when   func(Context) ([]Event, error)
	code   Code
}

func decideOnPerson(t *testing.T, tests []ofPerson) {
	t.Helper()
	config := council(t, Settings{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx := at(config, jan(9), cara, nil)
			ctx.Person = tt.person
			events, err := tt.when(ctx)
			expect(t, events, err, tt.code)
			for _, e := range events {
				if err := new(Person).Apply(Recorded{Event: e, Stream: PersonStream(pat)}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestAmendPerson(t *testing.T) {
	amend := func(change func(*PersonAmended)) func(Context) ([]Event, error) {
		return with(DecideAmendPerson, PersonAmended{PersonID: pat, Address: Plain("1 New Road"), Reason: Plain("moved")}, change)
	}
	erased := knownAs(t, PersonalDataErased{Subject: pat})
	decideOnPerson(t, []ofPerson{
		{"the fields that are given", knownAs(t), amend(nil), ""},
		{"a field that is named", knownAs(t), amend(func(e *PersonAmended) { e.Fields = []PersonField{PersonAddress} }), ""},
		{"a field that is emptied", knownAs(t), amend(func(e *PersonAmended) { e.Fields = []PersonField{PersonAddress, PersonContacts} }), ""},
		{"a field that is given and not named", knownAs(t), amend(func(e *PersonAmended) { e.Fields = []PersonField{PersonName} }), BadValueCode},
		{"a field twice", knownAs(t), amend(func(e *PersonAmended) { e.Fields = []PersonField{PersonAddress, PersonAddress} }), BadValueCode},
		{"nothing", knownAs(t), amend(func(e *PersonAmended) { e.Address = Personal{} }), MissingFieldCode},
		{"nobody known", nil, amend(nil), BadValueCode},
		{"somebody erased", erased, amend(nil), BadValueCode},
	})
	yes := true
	p := knownAs(t, PersonAmended{PersonID: pat, Fields: []PersonField{PersonIsChild}, IsChild: &yes})
	if !p.IsChild || knownAs(t, PersonAmended{PersonID: pat, IsChild: &yes}).IsChild {
		t.Error("whether somebody is a child follows the fields that are named")
	}
}

func TestAgreeAdjustment(t *testing.T) {
	agree := func(change func(*AdjustmentAgreed)) func(Context) ([]Event, error) {
		return with(DecideAgreeAdjustment, AdjustmentAgreed{
			PersonID: pat, Adjustment: Plain("large print"), AgreedAt: jan(9), ReviewOn: NewDate(2025, 7, 9), DecidedBy: cara, Outcome: AdjustmentIsAgreed,
		}, change)
	}
	decideOnPerson(t, []ofPerson{
		{"agreed", knownAs(t), agree(nil), ""},
		{"declined", knownAs(t), agree(func(e *AdjustmentAgreed) { e.Outcome = "declined" }), ""},
		{"ahead", knownAs(t), agree(func(e *AdjustmentAgreed) { e.AgreedAt = jan(10) }), FutureDated},
		{"reviewed at once", knownAs(t), agree(func(e *AdjustmentAgreed) { e.ReviewOn = NewDate(2025, 1, 9) }), BadValueCode},
		{"by nobody known", knownAs(t), agree(func(e *AdjustmentAgreed) { e.DecidedBy = ghost }), BadValueCode},
		{"with nobody known", nil, agree(nil), BadValueCode},
	})
	if p := knownAs(t, AdjustmentAgreed{Outcome: AdjustmentIsAgreed}, AdjustmentAgreed{Outcome: "declined"}); len(p.Adjustments) != 1 {
		t.Errorf("%+v", p.Adjustments)
	}
}

func restriction() ContactRestricted {
	return ContactRestricted{
		PersonID: pat, Arrangements: []Arrangement{"writing_only"}, Reasons: Plain("threats"), From: NewDate(2025, 1, 9),
		ReviewOn: NewDate(2025, 7, 9), DecidedBy: cara, NotifiedAt: jan(9), ChallengeRoute: Plain("write to the monitoring officer"),
	}
}

func TestRestrictContact(t *testing.T) {
	restrict := func(change func(*ContactRestricted)) func(Context) ([]Event, error) {
		return with(DecideRestrictContact, restriction(), change)
	}
	decidedBy := func(who uuid.UUID) func(*ContactRestricted) {
		return func(e *ContactRestricted) { e.DecidedBy = who }
	}
	decideOnPerson(t, []ofPerson{
		{"by a complaints manager", knownAs(t), restrict(nil), ""},
		{"by a director", knownAs(t), restrict(decidedBy(dan)), ""},
		{"by a case handler", knownAs(t), restrict(decidedBy(amina)), NotPermitted},
		{"by nobody known", knownAs(t), restrict(decidedBy(ghost)), BadValueCode},
		{"without an arrangement", knownAs(t), restrict(func(e *ContactRestricted) { e.Arrangements = nil }), BadValueCode},
		{"never reviewed", knownAs(t), restrict(func(e *ContactRestricted) { e.ReviewOn = e.From }), BadValueCode},
		{"told long ago", knownAs(t), restrict(func(e *ContactRestricted) { e.NotifiedAt = jan(2) }), BackdateReason},
		{"nobody known", nil, restrict(nil), BadValueCode},
	})
}

func TestReviewRestriction(t *testing.T) {
	review := func(change func(*ContactRestrictionReviewed)) func(Context) ([]Event, error) {
		return with(DecideReviewRestriction, ContactRestrictionReviewed{
			PersonID: pat, Outcome: RestrictionContinued, NextReviewOn: NewDate(2025, 12, 9),
		}, change)
	}
	restricted := knownAs(t, restriction())
	lifted := ContactRestrictionReviewed{Outcome: RestrictionLifted}
	decideOnPerson(t, []ofPerson{
		{"continued", restricted, review(nil), ""},
		{"lifted", restricted, review(func(e *ContactRestrictionReviewed) { e.Outcome, e.NextReviewOn = RestrictionLifted, 0 }), ""},
		{"next review in the past", restricted, review(func(e *ContactRestrictionReviewed) { e.NextReviewOn = NewDate(2025, 1, 8) }), BadValueCode},
		{"of somebody unrestricted", knownAs(t), review(nil), BadValueCode},
		{"lifted before", knownAs(t, restriction(), lifted), review(nil), BadValueCode},
		{"of nobody known", nil, review(nil), BadValueCode},
	})
	varied := knownAs(t, restriction(), ContactRestrictionReviewed{
		Outcome: RestrictionVaried, Arrangements: []Arrangement{"set_times"}, NextReviewOn: DateOf(jan(30).Add(24 * time.Hour)),
	})
	if r := varied.Restriction; r.Arrangements[0] != "set_times" || r.ReviewOn != NewDate(2025, 1, 31) || r.From != NewDate(2025, 1, 9) {
		t.Errorf("%+v", r)
	}
}
