package domain

import (
	"testing"

	"github.com/google/uuid"
)

func TestLinkCases(t *testing.T) {
	other := person("another case")
	earlier := received1()
	earlier.ReceivedAt = jan(3)
	elsewhere := func(ctx Context) Context {
		ctx.OtherCase = func(id uuid.UUID) *Case {
			if id != other {
				return nil
			}
			return given(t, then([]Event{earlier}, answered1()[1:]...)...)
		}
		return ctx
	}
	link := func(to uuid.UUID, kind LinkKind) func(Context) ([]Event, error) {
		return func(ctx Context) ([]Event, error) {
			return DecideLinkCases(elsewhere(ctx), CaseLinked{OtherCase: to, Kind: kind})
		}
	}
	first := []Event{received1()}
	decide(t, Settings{}, []decision{
		{"a duplicate", first, jan(7), amina, link(other, LinkDuplicate), ""},
		{"itself", first, jan(7), amina, link(caseID, LinkDuplicate), BadValueCode},
		{"no case", first, jan(7), amina, link(ghost, "related"), CaseNotFound},
		{"twice", then(first, CaseLinked{OtherCase: other, Kind: "related"}), jan(7), amina, link(other, "related"), BadValueCode},
		{"twice, in another way", then(first, CaseLinked{OtherCase: other, Kind: "related"}), jan(7), amina, link(other, "joint"), ""},
		{"closed", then(answered1(), Closed{Reason: ReasonExhausted, At: jan(21)}), jan(22), amina, link(other, "related"), CaseClosed},
		{"from no case", nil, jan(7), amina, link(other, "related"), CaseNotFound},
	})
	config := council(t, Settings{})
	events, err := link(other, LinkDuplicate)(at(config, jan(7), amina, given(t, first...)))
	expect(t, events, err, "")
	if c := given(t, then(first, events...)...); !c.FirstReceived().Equal(jan(3)) || !c.ReceivedAt.Equal(jan(6)) || c.Status != StatusOpen {
		t.Errorf("first received %s, received %s, %s", c.FirstReceived(), c.ReceivedAt, c.Status)
	}
	duplicate := received1()
	duplicate.DuplicateOf = &other
	stage2 := then(answered1()[1:], escalated(jan(23)))
	for _, tt := range []struct {
		name    string
		history []Event
		code    Code
	}{
		{"a duplicate", then(first, then(stage2, CaseLinked{OtherCase: other, Kind: LinkDuplicate})...), OfficerNotDifferent},
		{"the same matter again", then(first, then(stage2, CaseLinked{OtherCase: other, Kind: LinkContinues})...), OfficerNotDifferent},
		{"received as a duplicate", then([]Event{duplicate}, stage2...), OfficerNotDifferent},
		{"a related matter", then(first, then(stage2, CaseLinked{OtherCase: other, Kind: "related"})...), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := at(config, jan(24), amina, given(t, tt.history...))
			ctx.OtherCase = func(uuid.UUID) *Case { return given(t, received1(), allocated("s1", jan(8), olu, 9)) }
			events, err := DecideAllocateCase(ctx, allocated("s2", jan(24), olu, 9))
			expect(t, events, err, tt.code)
		})
	}
	ctx := at(config, jan(6), amina, nil)
	ctx.OtherCase = func(uuid.UUID) *Case { return nil }
	_, err = DecideReceiveFeedback(ctx, duplicate)
	expect(t, nil, err, CaseNotFound)
}
