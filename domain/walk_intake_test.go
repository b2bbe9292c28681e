package domain

import "github.com/google/uuid"

// intake makes one of the commands about who is in the case, what it is, and where it belongs.
func (w *journey) intake(ctx Context) ([]Event, error) {
	return pick(w,
		w.party, w.party, w.consent, w.consent, w.decision, w.decision, w.link, w.safeguard, w.flag, w.document, w.contact,
		w.redirect, w.classify,
	)(ctx)
}

func (w *journey) who() uuid.UUID { return pick(w, pat, rae, rae, iris, ghost) }

func (w *journey) correspondent() Correspondent {
	return pick(w, Correspondent(pat.String()), "police", Correspondent(ghost.String()))
}

func (w *journey) party(ctx Context) ([]Event, error) {
	role := PartyRole(w.enum(PartyRole("")))
	if w.next(2) == 0 {
		return DecideRemoveParty(ctx, PartyRemoved{PartyID: w.who(), Role: role})
	}
	return DecideAddParty(ctx, PartyAdded{PartyID: w.who(), Role: role})
}

func (w *journey) consent(ctx Context) ([]Event, error) {
	scope := pick(w, ScopeOnBehalf, ScopeOnBehalf, ScopeRecords, Scope("share_with_organisation:acme"), Scope("everything"))
	if w.next(2) == 0 {
		return DecideRequestConsent(ctx, ConsentRequested{Subject: w.who(), Scope: scope, Form: "oral", SentAt: w.moment()})
	}
	return DecideRecordConsent(ctx, ConsentRecorded{
		Subject: w.who(), Scope: scope, Decision: ConsentDecision(w.enum(ConsentGiven)), At: w.moment(), Evidence: pick[Label](w, "C1", ""),
	})
}

func (w *journey) decision(ctx Context) ([]Event, error) {
	e := ruled(DecisionKind(w.enum(DecisionTimeLimit)), DecisionOutcome(w.enum(DecisionAccepted)))
	e.NotifiedAt = w.moment()
	e.Consulted, e.Factors = e.Consulted[w.next(2):], e.Factors[w.next(2):]
	return DecideRecordDecision(ctx, e)
}

func (w *journey) link(ctx Context) ([]Event, error) {
	return DecideLinkCases(ctx, CaseLinked{OtherCase: pick(w, rae, pat, caseID), Kind: LinkKind(w.enum(LinkDuplicate))})
}

func (w *journey) safeguard(ctx Context) ([]Event, error) {
	return DecideReferSafeguarding(ctx, SafeguardingReferred{To: "mash", ReferredAt: w.moment()})
}

func (w *journey) flag(ctx Context) ([]Event, error) {
	return DecideChangeFlag(ctx, FlagChanged{Flag: ChangeableFlag(w.enum(ChangeableFlag(""))), On: w.next(3) > 0})
}

func (w *journey) document(ctx Context) ([]Event, error) {
	return DecideAttachDocument(ctx, DocumentAttached{
		DocID: pick[Label](w, "D1", "D2"), MediaType: pick[MediaType](w, "text/plain", "text"), From: w.correspondent(),
	})
}

func (w *journey) contact(ctx Context) ([]Event, error) {
	return DecideRecordContact(ctx, ContactRecorded{Direction: "in", Channel: "phone", At: w.moment(), With: w.correspondent()})
}

func (w *journey) redirect(ctx Context) ([]Event, error) {
	reason := pick(w, OutOfScopeReasons...)
	e := redirected()
	e.Scope, e.Code, e.Target, e.SentAt = ExtentIssues, reason.Code, Term(reason.Target), w.moment()
	e.Issues = []Label{w.issue()}
	if w.next(8) == 0 {
		e.Scope, e.Issues = ExtentCase, nil
	}
	return DecideRedirectCase(ctx, e)
}

func (w *journey) classify(ctx Context) ([]Event, error) {
	p := pick(w, w.config.procedures...)
	if w.c != nil && w.next(2) == 0 {
		if bound := w.config.Procedure(w.c.Procedure()); bound != nil {
			p = bound
		}
	}
	return DecideClassifyCase(ctx, classified(Label(p.ID), Label(p.Version), Kind(pick(w, p.Kinds...))))
}

// checkParties holds the parties against those by whom the case is known, and the pause against what is awaited.
func (w *journey) checkParties() {
	c := w.c
	for _, known := range []struct {
		id   *uuid.UUID
		role PartyRole
	}{{c.Complainant, PartyComplainant}, {c.Affected, PartyAffected}, {c.Representative, PartyRepresentative}} {
		switch first := c.first(known.role); {
		case (first == nil) != (known.id == nil), first != nil && *first != *known.id:
			w.t.Fatalf("%s %v, of the parties %v", known.role, known.id, c.Parties)
		}
	}
	awaited, paused := false, 0
	for _, k := range c.Consents {
		awaited = awaited || k.Scope == ScopeOnBehalf && k.Awaited()
	}
	for _, p := range c.history.Pauses {
		if p.Kind == PauseConsent && p.To.IsZero() {
			paused++
		}
	}
	if want := awaited && !c.Accepted(DecisionBestInterests); paused > 1 || (paused == 1) != want {
		w.t.Fatalf("%d pauses while consent is awaited: %v", paused, want)
	}
}
