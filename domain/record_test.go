package domain

import (
	"testing"
)

// closed1 is a case that was answered and closed on 21 January.
func closed1() []Event { return then(answered1(), Closed{Reason: ReasonExhausted, At: jan(21)}) }

func TestReferSafeguarding(t *testing.T) {
	refer := func(change func(*SafeguardingReferred)) func(Context) ([]Event, error) {
		return with(DecideReferSafeguarding, SafeguardingReferred{To: "mash", ReferredAt: jan(7)}, change)
	}
	first := []Event{received1()}
	decide(t, Settings{}, []decision{
		{"accepted", first, jan(7), amina, refer(nil), ""},
		{"again, to the police", then(first, SafeguardingReferred{To: "mash", ReferredAt: jan(6)}), jan(7), amina, refer(nil), ""},
		{"before the receipt", first, jan(7), amina, refer(func(e *SafeguardingReferred) { e.ReferredAt = jan(6).Add(-1) }), OutOfOrder},
		{"closed", closed1(), jan(22), amina, refer(func(e *SafeguardingReferred) { e.ReferredAt = jan(22) }), CaseClosed},
		{"no case", nil, jan(7), amina, refer(nil), CaseNotFound},
	})
}

func TestChangeFlag(t *testing.T) {
	change := func(flag ChangeableFlag, on bool) func(Context) ([]Event, error) {
		return with(DecideChangeFlag, FlagChanged{Flag: flag, On: on, Reason: Plain("so it is")}, nil)
	}
	first := []Event{received1()}
	raised := then(first, FlagChanged{Flag: "safeguarding", On: true})
	decide(t, Settings{}, []decision{
		{"raised", first, jan(7), amina, change("safeguarding", true), ""},
		{"raised twice", raised, jan(7), amina, change("safeguarding", true), BadValueCode},
		{"lowered", raised, jan(7), amina, change("safeguarding", false), ""},
		{"closed", closed1(), jan(22), amina, change("child_voice", true), CaseClosed},
		{"a legal hold after closing", closed1(), jan(22), amina, change("legal_hold", true), ""},
		{"no case", nil, jan(7), amina, change("legal_hold", true), CaseNotFound},
	})
	if c := given(t, then(raised, FlagChanged{Flag: "safeguarding"})...); len(c.Flags) != 0 {
		t.Errorf("%v", c.Flags)
	}
}

func TestAttachDocument(t *testing.T) {
	attach := func(change func(*DocumentAttached)) func(Context) ([]Event, error) {
		return with(DecideAttachDocument, DocumentAttached{
			DocID: "D1", SHA256: "ab", MediaType: "application/pdf", Size: 7, Kind: "evidence", Title: Plain("photographs"),
			From: Correspondent(pat.String()),
		}, change)
	}
	first := []Event{received1()}
	decide(t, Settings{}, []decision{
		{"accepted", first, jan(7), amina, attach(nil), ""},
		{"after closing", closed1(), jan(22), amina, attach(nil), ""},
		{"twice", then(first, DocumentAttached{DocID: "D1"}), jan(7), amina, attach(nil), BadValueCode},
		{"from a body", first, jan(7), amina, attach(func(e *DocumentAttached) { e.From = "police" }), ""},
		{"from nobody known", first, jan(7), amina, attach(func(e *DocumentAttached) { e.From = Correspondent(ghost.String()) }), BadValueCode},
		{"of no type", first, jan(7), amina, attach(func(e *DocumentAttached) { e.MediaType = "pdf" }), BadValueCode},
		{"a long type", first, jan(7), amina, attach(func(e *DocumentAttached) {
			e.MediaType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
		}), ""},
		{"no case", nil, jan(7), amina, attach(nil), CaseNotFound},
	})
}

func TestRecordContact(t *testing.T) {
	contact := func(change func(*ContactRecorded)) func(Context) ([]Event, error) {
		return with(DecideRecordContact, ContactRecorded{
			Direction: "out", Channel: "phone", At: jan(10), With: Correspondent(pat.String()), Note: Plain("told of the delay"),
		}, change)
	}
	first := []Event{received1()}
	decide(t, Settings{}, []decision{
		{"accepted", first, jan(10), amina, contact(nil), ""},
		{"a meeting", first, jan(10), amina, contact(func(e *ContactRecorded) {
			e.Meeting, e.Attendees = true, []Correspondent{"interpreter", Correspondent(rae.String())}
		}), ""},
		{"a meeting with nobody known", first, jan(10), amina, contact(func(e *ContactRecorded) {
			e.Attendees = []Correspondent{Correspondent(ghost.String())}
		}), BadValueCode},
		{"with nobody known", first, jan(10), amina, contact(func(e *ContactRecorded) { e.With = Correspondent(ghost.String()) }), BadValueCode},
		{"before the receipt", first, jan(7), amina, contact(func(e *ContactRecorded) { e.At = jan(6).Add(-1) }), OutOfOrder},
		{"closed", closed1(), jan(22), amina, contact(func(e *ContactRecorded) { e.At = jan(22) }), CaseClosed},
		{"no case", nil, jan(10), amina, contact(nil), CaseNotFound},
	})
	moment := ContactRecorded{Direction: "out", At: jan(10)}
	if c := given(t, received1(), allocated("s1", jan(8), ben, 8), moment); c.Step != StepInvestigating {
		t.Errorf("step %s after a contact", c.Step)
	}
}
