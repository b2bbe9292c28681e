package commands_test

import (
	"testing"

	"redress/domain"
)

// Who is in a case, what they consent to and where it belongs comes through the handler to the case.
func TestIntake(t *testing.T) {
	c := newCouncil(t)
	first := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	second := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	of := fields{"case": *second.Ref}
	paul, pat := c.people["paul"], c.people["pat"]

	c.must(c.as("amina"), "AddParty", of.with(fields{"party_id": paul, "role": "representative"}))
	c.refuses(domain.NotPermitted, c.as("pat"), "AddParty", of.with(fields{"party_id": paul, "role": "advocate"}))
	c.must(c.as("amina"), "RequestConsent", of.with(fields{"subject": pat, "scope": "on_behalf", "form": "written", "sent_at": c.clock}))
	given := of.with(fields{"subject": pat, "scope": "on_behalf", "decision": "given", "at": c.clock})
	c.refuses(domain.EvidenceRequired, c.as("amina"), "RecordConsent", given)
	c.refuses(domain.BadValueCode, c.as("amina"), "RecordConsent", given.with(fields{"scope": "anything"}))
	c.must(c.as("amina"), "RecordConsent", given.with(fields{"evidence": "C1"}))
	c.must(c.as("amina"), "RecordContact", of.with(fields{"direction": "out", "channel": "phone", "at": c.clock, "with": pat, "note": "Told of the delay"}))
	c.must(c.as("amina"), "AttachDocument", of.with(fields{
		"doc_id": "D1", "sha256": "ab", "media_type": "application/pdf", "size": 7, "kind": "evidence", "title": "Photographs", "from": "police",
	}))
	c.refuses(domain.NotPermitted, c.as("amina"), "RedirectCase", of.with(fields{
		"scope": "case", "code": "OOS-20", "target": "parking representations", "explanation": "A fine", "ombudsman_right_given": true, "sent_at": c.clock,
	}))

	folded, err := c.Case(t.Context(), *second.Case)
	if err != nil {
		t.Fatal(err)
	}
	if !folded.Consented(domain.ScopeOnBehalf) || !folded.Party(paul) || len(folded.Documents) != 1 || len(folded.History().Pauses) != 1 {
		t.Errorf("consents %v, parties %v, documents %v", folded.Consents, folded.Parties, folded.Documents)
	}

	c.refuses(domain.CaseNotFound, c.as("amina"), "LinkCases", of.with(fields{"other_case": pat, "kind": "duplicate"}))
	c.must(c.as("amina"), "LinkCases", of.with(fields{"other_case": first.Case, "kind": "continues"}))
	if folded, err = c.Case(t.Context(), *second.Case); err != nil {
		t.Fatal(err)
	}
	if link := folded.Links[0]; link.Other != *first.Case || !link.OtherReceivedAt.Equal(folded.ReceivedAt) {
		t.Errorf("linked as %+v", link)
	}
}

// Persons are amended and restricted in their own stream; lists of codes hold for what comes after them.
func TestPersonsAndLists(t *testing.T) {
	c := newCouncil(t)
	pat := c.people["pat"]
	c.must(c.as("amina"), "AmendPerson", fields{"person_id": pat, "address": "1 New Road", "reason": "Moved"})
	c.refuses(domain.MissingFieldCode, c.as("amina"), "AmendPerson", fields{"person_id": pat, "address": "1 New Road"})
	c.must(c.as("amina"), "AgreeAdjustment", fields{
		"person_id": pat, "adjustment": "Large print", "agreed_at": c.clock, "review_on": "2026-09-01", "decided_by": c.people["cara"], "outcome": "agreed",
	})
	restriction := fields{
		"person_id": pat, "arrangements": []string{"writing_only"}, "reasons": "Threats", "from": "2026-03-02", "review_on": "2026-09-02",
		"decided_by": c.people["cara"], "notified_at": c.clock, "challenge_route": "Write to the monitoring officer",
	}
	c.refuses(domain.NotPermitted, c.as("amina"), "RestrictContact", restriction)
	c.must(c.as("cara"), "RestrictContact", restriction)
	c.must(c.as("cara"), "ReviewRestriction", fields{"person_id": pat, "outcome": "lifted"})
	c.refuses(domain.BadValueCode, c.as("cara"), "ReviewRestriction", fields{"person_id": pat, "outcome": "continued"})

	c.must(operator, "AdoptCodeList", fields{"list": "service", "codes": []string{"waste"}, "approver": "Cabinet", "reference": "Minute 7"})
	c.must(operator, "AdoptLimits", fields{"remedy_limits": []any{}, "remedy_bands": []any{}, "approver": "Cabinet", "reference": "Minute 8"})
	c.refuses(domain.UnknownCode, c.as("amina"), "ReceiveFeedback", c.complaint())
}
