package domain

import (
	"slices"
	"testing"
)

func TestRecordEqualityAnswers(t *testing.T) {
	spoken := EqualityAnswered{Kind: KindComplaint, Service: "housing", Channel: "phone"}
	young, old := spoken, spoken
	young.Answers = []EqualityAnswer{{Question: "age", Answer: "25-34"}}
	old.Answers = []EqualityAnswer{{Question: "age", Answer: "65-74"}}
	record := func(change func(*RecordEqualityAnswers)) func(Context) ([]Event, error) {
		return with(DecideRecordEqualityAnswers, RecordEqualityAnswers{Year: 2024, Quarter: 3, Answers: []EqualityAnswered{old, spoken, young}}, change)
	}
	lists := council(t, Settings{Codes: CodeLists{Service: []Term{"waste"}}})
	free := council(t, Settings{})
	for _, tt := range []decision{
		{"after the quarter", nil, jan(6), dora, record(nil), ""},
		{"while it lasts", nil, jan(6), dora, record(func(a *RecordEqualityAnswers) { a.Quarter = 4 }), FutureDated},
		{"a fifth quarter", nil, jan(6), dora, record(func(a *RecordEqualityAnswers) { a.Quarter = 5 }), BadValueCode},
		{"no year", nil, jan(6), dora, record(func(a *RecordEqualityAnswers) { a.Year = 24 }), BadValueCode},
		{"nobody answered", nil, jan(6), dora, record(func(a *RecordEqualityAnswers) { a.Answers = nil }), BadValueCode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := tt.when(at(free, tt.now, tt.who, nil))
			expect(t, events, err, tt.code)
		})
	}
	again := at(free, jan(6), dora, nil)
	again.Equality = &EqualityQuarter{Events: 3}
	_, err := record(nil)(again)
	expect(t, nil, err, BadValueCode)
	_, err = record(nil)(at(lists, jan(6), dora, nil))
	expect(t, nil, err, UnknownCode)

	one, err := record(nil)(at(free, jan(6), dora, nil))
	expect(t, one, err, "")
	other, err := record(func(a *RecordEqualityAnswers) { slices.Reverse(a.Answers) })(at(free, jan(7), dora, nil))
	expect(t, other, err, "")
	for i := range one {
		if one[i].(EqualityAnswered).compare(other[i].(EqualityAnswered)) != 0 {
			t.Errorf("answer %d stands where it was sent", i)
		}
	}
}
