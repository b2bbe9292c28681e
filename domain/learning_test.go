package domain

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

var actionID = person("action")

func raised() LearningActionRaised {
	return LearningActionRaised{
		ActionID: actionID, Text: Plain("train the crew"), OwnerID: ben, Service: "housing", DueOn: NewDate(2025, 2, 28),
		Cases: []uuid.UUID{caseID}, Causes: []Term{"delay"}, Type: "training", Origin: "stage",
	}
}

// learnt folds a learning action from its history, recorded a day apart from 6 January 2025 on.
func learnt(t *testing.T, history ...Event) *LearningAction {
	t.Helper()
	if len(history) == 0 {
		return nil
	}
	a := new(LearningAction)
	for i, e := range history {
		now := jan(6 + i)
		if err := a.Apply(Recorded{Event: e, Revision: uint64(i), Meta: Metadata{OccurredAt: now, RecordedAt: now}}); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func TestLearningActions(t *testing.T) {
	config := council(t, Settings{Codes: CodeLists{Service: []Term{"housing", "waste"}, Cause: []Term{"delay"}}})
	raise := func(change func(*LearningActionRaised)) func(Context) ([]Event, error) {
		return with(DecideRaiseAction, raised(), change)
	}
	update := func(change func(*LearningActionUpdated)) func(Context) ([]Event, error) {
		return with(DecideUpdateAction, LearningActionUpdated{ActionID: actionID, Status: "in_progress", Note: Plain("booked")}, change)
	}
	shut := func(verifier uuid.UUID, change func(*LearningActionClosed)) func(Context) ([]Event, error) {
		return with(DecideCloseAction, LearningActionClosed{
			ActionID: actionID, Result: "implemented", ClosedOn: NewDate(2025, 1, 20), Evidence: "register", VerifiedBy: verifier,
		}, change)
	}
	open, closed := []Event{raised()}, []Event{raised(), LearningActionClosed{Result: "implemented", ClosedOn: NewDate(2025, 1, 7)}}
	for _, tt := range []decision{
		{"raised", nil, jan(6), ben, raise(nil), ""},
		{"raised for another service", nil, jan(6), wes, raise(nil), NotPermitted},
		{"raised from a case that does not exist", nil, jan(6), ben, func(ctx Context) ([]Event, error) {
			ctx.OtherCase = func(uuid.UUID) *Case { return nil }
			return DecideRaiseAction(ctx, raised())
		}, CaseNotFound},
		{"raised by a handler", nil, jan(6), amina, raise(nil), NotPermitted},
		{"raised twice", open, jan(7), ben, raise(nil), BadValueCode},
		{"owned by nobody known", nil, jan(6), ben, raise(func(e *LearningActionRaised) { e.OwnerID = ghost }), BadValueCode},
		{"a service not in the list", nil, jan(6), cara, raise(func(e *LearningActionRaised) { e.Service = "parks" }), UnknownCode},
		{"a cause not in the list", nil, jan(6), ben, raise(func(e *LearningActionRaised) { e.Causes = []Term{"fate"} }), UnknownCode},
		{"updated", open, jan(7), ben, update(nil), ""},
		{"updated, no such action", nil, jan(7), ben, update(nil), BadValueCode},
		{"updated after closing", closed, jan(8), ben, update(nil), BadValueCode},
		{"updated from another service", open, jan(7), wes, update(nil), NotPermitted},
		{"given to nobody known", open, jan(7), ben, update(func(e *LearningActionUpdated) { e.OwnerID = id(ghost) }), BadValueCode},
		{"due later", open, jan(7), ben, update(func(e *LearningActionUpdated) { e.DueOn = NewDate(2025, 3, 31) }), MissingFieldCode},
		{"due later, and why", open, jan(7), ben, update(func(e *LearningActionUpdated) {
			e.DueOn, e.Reason = NewDate(2025, 3, 31), Plain("no trainer")
		}), ""},
		{"closed", open, jan(20), cara, shut(cara, nil), ""},
		{"closed by the owner", open, jan(20), ben, shut(ben, nil), SelfVerification},
		{"closed in the owner's name", open, jan(20), cara, shut(ben, nil), SelfVerification},
		{"closed in another's name", open, jan(20), cara, shut(mary, nil), NotPermitted},
		{"closed without the right", open, jan(20), olu, shut(olu, nil), NotPermitted},
		{"closed without evidence", open, jan(20), cara, shut(cara, func(e *LearningActionClosed) { e.Evidence = "" }), EvidenceRequired},
		{"closed before it was raised", open, jan(6), cara, shut(cara, func(e *LearningActionClosed) {
			e.ClosedOn = NewDate(2025, 1, 5)
		}), OutOfOrder},
		{"closed twice", closed, jan(20), cara, shut(cara, nil), BadValueCode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := at(config, tt.now, tt.who, nil)
			ctx.Learning = learnt(t, tt.given...)
			events, err := tt.when(ctx)
			expect(t, events, err, tt.code)
			learnt(t, append(append([]Event{}, tt.given...), events...)...)
		})
	}
	a := learnt(t, raised(), LearningActionUpdated{Status: "blocked", DueOn: NewDate(2025, 3, 31), OwnerID: id(olu)})
	if a.OriginalDue != NewDate(2025, 2, 28) || a.DueOn != NewDate(2025, 3, 31) || a.Owner != olu || !a.Open() || !a.RaisedAt.Equal(jan(6)) {
		t.Errorf("the action is %+v", a)
	}
	if a.Apply(Recorded{Event: received1(), Revision: a.Events}) == nil || a.Apply(Recorded{Event: raised()}) == nil {
		t.Error("an event out of its place was taken")
	}
}

// The owner may not verify, and is told so before the right to verify is asked for.
func TestOwnerIsLetThroughToTheDecision(t *testing.T) {
	ctx := at(council(t, Settings{}), jan(7).Add(time.Hour), ben, nil)
	ctx.Learning = learnt(t, raised())
	if err := Permit(ctx, ActionVerifyLearning); err != nil {
		t.Errorf("the owner: %v", err)
	}
	ctx.Actor.ID = olu.String()
	expect(t, nil, Permit(ctx, ActionVerifyLearning), NotPermitted)
}
