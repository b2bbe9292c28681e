package domain

import (
	"testing"

	"github.com/google/uuid"
)

func TestRecordPerson(t *testing.T) {
	ctx := at(council(t, Settings{}), jan(6), amina, nil)
	events, err := DecideRecordPerson(ctx, PersonRecorded{PersonID: pat, Name: Plain("Pat"), IsChild: true})
	expect(t, events, err, "")
	p, err := FoldPerson([]Recorded{{Event: events[0]}})
	if err != nil || !p.IsChild || p.ID != pat {
		t.Fatalf("%+v, %v", p, err)
	}
	ctx.Person = p
	events, err = DecideRecordPerson(ctx, PersonRecorded{PersonID: pat})
	expect(t, events, err, BadValueCode)
	events, err = DecideRecordPerson(Context{}, PersonRecorded{})
	expect(t, events, err, BadValueCode)
}

func TestErasePersonalData(t *testing.T) {
	closed := then(answered1(), Closed{Reason: "exhausted", At: jan(21)})
	held := given(t, closed...)
	held.raise(FlagLegalHold)
	subject := &Person{ID: pat, Events: 1}
	anonymous := given(t, Imported{SourceSystem: "old", SourceRef: "7"}, func() Event {
		e := received1()
		e.Complainant = nil
		return e
	}(), Closed{Reason: "exhausted", At: jan(21)})
	for _, tt := range []struct {
		name     string
		settings Settings
		actor    uuid.UUID
		ctx      Context
		change   func(*PersonalDataErased)
		code     Code
	}{
		{"accepted", Settings{}, dora, Context{Person: subject, PersonCases: []*Case{given(t, closed...)}}, nil, ""},
		{"without cases", Settings{}, dora, Context{Person: subject}, nil, ""},
		{"an imported case", Settings{}, dora, Context{Case: anonymous}, func(e *PersonalDataErased) { e.Subject = caseID }, ""},
		{"a case that has persons", Settings{}, dora, Context{Case: given(t, closed...)}, func(e *PersonalDataErased) { e.Subject = caseID }, BadValueCode},
		{"nobody recorded", Settings{}, dora, Context{}, nil, BadValueCode},
		{"without an approver", Settings{}, dora, Context{Person: subject}, func(e *PersonalDataErased) { e.ApprovedBy = nil }, MissingFieldCode},
		{"approved by who asks", Settings{}, dirk, Context{Person: subject}, nil, SelfApproval},
		{"approved by somebody else", Settings{}, dora, Context{Person: subject}, func(e *PersonalDataErased) { e.ApprovedBy = id(cara) }, NotPermitted},
		{"legal hold", Settings{}, dora, Context{Person: subject, PersonCases: []*Case{held}}, nil, LegalHold},
		{"open case", Settings{}, dora, Context{Person: subject, PersonCases: []*Case{given(t, received1())}}, nil, OpenCase},
		{"retention", Settings{RetentionYears: 6}, dora, Context{Person: subject, PersonCases: []*Case{given(t, closed...)}}, nil, RetentionRunning},
		{
			"a court's order",
			Settings{RetentionYears: 6},
			dora,
			Context{Person: subject, PersonCases: []*Case{given(t, closed...)}},
			func(e *PersonalDataErased) { e.Basis = BasisCourtOrder }, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := PersonalDataErased{Subject: pat, Basis: BasisArticle17, ApprovedBy: id(dirk), Categories: []Term{"all"}}
			if tt.change != nil {
				tt.change(&e)
			}
			ctx := at(council(t, tt.settings), jan(30), tt.actor, tt.ctx.Case)
			ctx.Person, ctx.PersonCases = tt.ctx.Person, tt.ctx.PersonCases
			events, err := DecideErasePersonalData(ctx, e)
			expect(t, events, err, tt.code)
		})
	}
}
