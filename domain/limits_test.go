package domain

import (
	"slices"
	"testing"
)

func TestAdoptLimits(t *testing.T) {
	ctx := at(council(t, Settings{}), jan(6), adam, nil)
	one := []RemedyLimit{{ID: "L1", Role: RoleDirector, MaxPerRemedy: 100, MaxPerCase: 200}}
	for _, tt := range []struct {
		name string
		a    AdoptLimits
		code Code
	}{
		{"a limit and a band", AdoptLimits{RemedyLimits: one, RemedyBands: []RemedyBand{{Low: 1, High: 2}}, Approver: "Cabinet"}, ""},
		{"none", AdoptLimits{Approver: "Cabinet"}, ""},
		{"a limit twice", AdoptLimits{RemedyLimits: slices.Concat(one, one), Approver: "Cabinet"}, BadValueCode},
		{"a band upside down", AdoptLimits{RemedyBands: []RemedyBand{{Low: 2, High: 1}}, Approver: "Cabinet"}, BadValueCode},
		{"approved by oneself", AdoptLimits{RemedyLimits: one, Approver: Term(adam.String())}, SelfApproval},
		{"approved by a handler", AdoptLimits{RemedyLimits: one, Approver: Term(amina.String())}, NotPermitted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := DecideAdoptLimits(ctx, tt.a)
			expect(t, events, err, tt.code)
		})
	}
}

func TestAdoptCodeList(t *testing.T) {
	ctx := at(council(t, Settings{}), jan(6), adam, nil)
	for _, tt := range []struct {
		name     string
		codes    []Term
		approver Term
		code     Code
	}{
		{"two codes", []Term{"housing", "waste"}, "Cabinet", ""},
		{"none", nil, "Cabinet", ""},
		{"a code twice", []Term{"housing", "housing"}, "Cabinet", BadValueCode},
		{"approved by oneself", []Term{"housing"}, Term(adam.String()), SelfApproval},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := DecideAdoptCodeList(ctx, AdoptCodeList{List: "service", Codes: tt.codes, Approver: tt.approver})
			expect(t, events, err, tt.code)
		})
	}
}

// TestAdoptedByThemselves asks that settings of a later day leave limits and codes alone that were adopted by themselves.
func TestAdoptedByThemselves(t *testing.T) {
	config := council(t, Settings{Codes: CodeLists{Service: []Term{"parks"}, Ward: []Term{"north"}}})
	before := config.Clone()
	for _, e := range []Event{
		CodeListAdopted{List: "service", Codes: []Term{"housing"}},
		LimitsAdopted{RemedyLimits: []RemedyLimit{{ID: "L1"}}},
		NewSettings(t, Settings{ConsentDays: 10, Codes: CodeLists{Service: []Term{"parks"}}, RemedyLimits: []RemedyLimit{{ID: "L9"}}}),
	} {
		if err := config.Apply(Recorded{Event: e, Revision: config.Events}); err != nil {
			t.Fatal(err)
		}
	}
	s := config.Settings
	if s.ConsentDays != 10 || !slices.Equal(s.Codes.Service, []Term{"housing"}) || s.Codes.Ward != nil || s.RemedyLimits[0].ID != "L1" || s.RemedyBands != nil {
		t.Errorf("%+v", s)
	}
	if s := before.Settings; !slices.Equal(s.Codes.Service, []Term{"parks"}) || len(s.RemedyBands) != 1 {
		t.Errorf("in the copy: %+v", s)
	}
	parks := received1()
	parks.Service = "parks"
	events, err := DecideReceiveFeedback(at(config, jan(6), amina, nil), parks)
	expect(t, events, err, UnknownCode)
}
