package domain

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

func asked(scope Scope, when time.Time) ConsentRequested {
	return ConsentRequested{Subject: pat, Scope: scope, Form: "written", SentAt: when}
}

func consented(scope Scope, decision ConsentDecision, when time.Time) ConsentRecorded {
	return ConsentRecorded{Subject: pat, Scope: scope, Decision: decision, At: when, Evidence: "C1"}
}

func forSomebody() Received {
	e := received1()
	e.Representative = id(rae)
	return e
}

func TestRequestConsent(t *testing.T) {
	ask := func(change func(*ConsentRequested)) func(Context) ([]Event, error) {
		return with(DecideRequestConsent, asked(ScopeOnBehalf, jan(8)), change)
	}
	first := []Event{forSomebody()}
	decide(t, Settings{}, []decision{
		{"accepted", first, jan(8), amina, ask(nil), ""},
		{"for an organisation", first, jan(8), amina, ask(func(e *ConsentRequested) { e.Scope = "share_with_organisation:Acme Repairs" }), ""},
		{"for no organisation", first, jan(8), amina, ask(func(e *ConsentRequested) { e.Scope = "share_with_organisation:" }), BadValueCode},
		{"for anything", first, jan(8), amina, ask(func(e *ConsentRequested) { e.Scope = "everything" }), BadValueCode},
		{"of nobody known", first, jan(8), amina, ask(func(e *ConsentRequested) { e.Subject = ghost }), BadValueCode},
		{"before the receipt", first, jan(8), amina, ask(func(e *ConsentRequested) { e.SentAt = jan(6).Add(-1) }), OutOfOrder},
		{"no case", nil, jan(8), amina, ask(nil), CaseNotFound},
	})
}

func TestRecordConsent(t *testing.T) {
	record := func(change func(*ConsentRecorded)) func(Context) ([]Event, error) {
		return with(DecideRecordConsent, consented(ScopeOnBehalf, ConsentGiven, jan(9)), change)
	}
	first := []Event{forSomebody()}
	requested := then(first, asked(ScopeOnBehalf, jan(8)))
	withdrawn := func(e *ConsentRecorded) { e.Decision = ConsentWithdrawn }
	decide(t, Settings{}, []decision{
		{"given", requested, jan(9), amina, record(nil), ""},
		{"refused", requested, jan(9), amina, record(func(e *ConsentRecorded) { e.Decision, e.Evidence = ConsentRefused, "" }), ""},
		{"unasked", first, jan(9), amina, record(nil), ""},
		{"without evidence", requested, jan(9), amina, record(func(e *ConsentRecorded) { e.Evidence = "" }), EvidenceRequired},
		{"another scope without evidence", first, jan(9), amina, record(func(e *ConsentRecorded) { e.Scope, e.Evidence = ScopeRecords, "" }), ""},
		{"before it was asked for", requested, jan(9), amina, record(func(e *ConsentRecorded) { e.At = jan(7) }), OutOfOrder},
		{"no such scope", first, jan(9), amina, record(func(e *ConsentRecorded) { e.Scope = "all" }), BadValueCode},
		{"by nobody known", first, jan(9), amina, record(func(e *ConsentRecorded) { e.Subject = ghost }), BadValueCode},
		{"withdrawn though never given", requested, jan(9), amina, record(withdrawn), BadValueCode},
		{"withdrawn", then(requested, consented(ScopeOnBehalf, ConsentGiven, jan(8))), jan(9), amina, record(withdrawn), ""},
		{"no case", nil, jan(9), amina, record(nil), CaseNotFound},
	})
}

// TestConsentDecides asks the two rules that hang on consent, and on whether the representative is suitable: who may be
// answered, and who may go on.
func TestConsentDecides(t *testing.T) {
	send := with(DecideSendResponse, responded("s1", jan(20), ben), func(e *Responded) { e.Recipients = []uuid.UUID{rae} })
	ask := with(DecideEscalateCase, escalated(jan(23)), func(e *Escalated) { e.RequestedBy = id(rae) })
	to := func(history []Event, more ...Event) []Event {
		return then([]Event{forSomebody()}, then(more, history[1:]...)...)
	}
	yes := consented(ScopeOnBehalf, ConsentGiven, jan(7))
	no := consented(ScopeOnBehalf, ConsentRefused, jan(7))
	back := consented(ScopeOnBehalf, ConsentWithdrawn, jan(7))
	other := consented(ScopeCorrespond, ConsentGiven, jan(7))
	best := ruled(DecisionBestInterests, DecisionAccepted)
	unfit, fit := ruled(DecisionRepresentative, DecisionRefused), ruled(DecisionRepresentative, DecisionAccepted)
	newcomer := then([]Event{received1(), unfit, PartyAdded{PartyID: rae, Role: PartyRepresentative}, yes}, investigated1()[1:]...)
	decide(t, Settings{}, []decision{
		{"answered without consent", to(investigated1()), jan(20), ben, send, ConsentMissing},
		{"answered without consent or finding", to([]Event{received1(), allocated("s1", jan(8), ben, 8)}), jan(20), ben, send, ConsentMissing},
		{"answered with consent", to(investigated1(), yes), jan(20), ben, send, ""},
		{"answered after a refusal", to(investigated1(), no), jan(20), ben, send, ConsentMissing},
		{"answered after a withdrawal", to(investigated1(), yes, back), jan(20), ben, send, ConsentMissing},
		{"answered with another scope", to(investigated1(), other), jan(20), ben, send, ConsentMissing},
		{"answered in the person's best interests", to(investigated1(), best), jan(20), ben, send, ""},
		{"answered though unsuitable", to(investigated1(), yes, unfit), jan(20), ben, send, ConsentMissing},
		{"answered when found suitable after all", to(investigated1(), yes, unfit, fit), jan(20), ben, send, ""},
		{"answered who came after another was refused", newcomer, jan(20), ben, send, ""},
		{"asked for more though unsuitable", to(answered1(), yes, unfit), jan(23), cara, ask, NotComplainant},
		{"asked for more without consent", to(answered1()), jan(23), cara, ask, NotComplainant},
		{"asked for more with consent", to(answered1(), yes), jan(23), cara, ask, ""},
	})
}

// TestConsentPauses follows the response clock of stage 1 while consent is awaited.
func TestConsentPauses(t *testing.T) {
	config := council(t, Settings{})
	first := []Event{forSomebody(), acknowledged("s1", jan(8))}
	yes := func(d int) Event { return consented(ScopeOnBehalf, ConsentGiven, jan(d)) }
	for _, tt := range []struct {
		name    string
		history []Event
		state   ClockState
		due     Date
	}{
		{"not asked", first, ClockRunning, NewDate(2025, 1, 22)},
		{"awaited", then(first, asked(ScopeOnBehalf, jan(9))), ClockPaused, 0},
		{"given", then(first, asked(ScopeOnBehalf, jan(9)), yes(13)), ClockRunning, NewDate(2025, 1, 27)},
		{"asked twice", then(first, asked(ScopeOnBehalf, jan(9)), asked(ScopeOnBehalf, jan(10)), yes(13)), ClockRunning, NewDate(2025, 1, 27)},
		{"given unasked", then(first, yes(13)), ClockRunning, NewDate(2025, 1, 22)},
		{"another scope", then(first, asked(ScopeRecords, jan(9))), ClockRunning, NewDate(2025, 1, 22)},
		{"decided instead", then(first, asked(ScopeOnBehalf, jan(13)), ruled(DecisionBestInterests, DecisionAccepted)), ClockRunning, NewDate(2025, 1, 23)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := given(t, tt.history...)
			clocks := Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), jan(14))
			response := responseClock(config.Procedure(c.Procedure()), "s1", clocks)
			if response.State != tt.state || response.Due != tt.due {
				t.Errorf("%s, due %s", response.State, response.Due)
			}
		})
	}
}
