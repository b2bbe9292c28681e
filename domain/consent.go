package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ConsentRequested records that somebody was asked for consent.
type ConsentRequested struct {
	Subject uuid.UUID   `json:"subject" rule:"required" doc:"who is asked"`
	Scope   Scope       `json:"scope" rule:"required" doc:"for what"`
	Form    ConsentForm `json:"form" rule:"required" doc:"how it is to be given"`
	SentAt  time.Time   `json:"sent_at" rule:"required" doc:"when the request went out"`
}

// Schema names the event.
func (ConsentRequested) Schema() (string, int) { return "ConsentRequested", 1 }

// When returns the moment of the request.
func (e ConsentRequested) When() time.Time { return e.SentAt }

// ConsentRecorded records what somebody said to a request for consent, or of their own accord.
type ConsentRecorded struct {
	Subject  uuid.UUID       `json:"subject" rule:"required" doc:"whose consent it is"`
	Scope    Scope           `json:"scope" rule:"required" doc:"for what"`
	Decision ConsentDecision `json:"decision" rule:"required" doc:"what was decided"`
	At       time.Time       `json:"at" rule:"required" doc:"when; a withdrawal holds from then on"`
	Evidence Label           `json:"evidence,omitzero" doc:"the document; required where on_behalf is given"`
}

// Schema names the event.
func (ConsentRecorded) Schema() (string, int) { return "ConsentRecorded", 1 }

// When returns the moment of the decision.
func (e ConsentRecorded) When() time.Time { return e.At }

// Scope is for what consent is given. One that shares something names the organisation behind a colon.
type Scope string

// The scopes.
const (
	ScopeOnBehalf    Scope = "on_behalf" // to act, and to be answered, for somebody
	ScopeCorrespond  Scope = "correspond_with_representative"
	ScopeRecords     Scope = "access_records"
	ScopeChildAgrees Scope = "child_agrees"
	scopeShare             = "share_with_organisation:"
)

// Valid reports whether it is one of the scopes.
func (s Scope) Valid() bool {
	switch s {
	case ScopeOnBehalf, ScopeCorrespond, ScopeRecords, ScopeChildAgrees:
		return true
	}
	return s.shares() && Term(strings.TrimPrefix(string(s), scopeShare)).Valid()
}

func (s Scope) shares() bool { return strings.HasPrefix(string(s), scopeShare) }

// Rule says what is right.
func (Scope) Rule() string {
	return "on_behalf, correspond_with_representative, access_records, child_agrees or share_with_organisation:NAME"
}

// ConsentForm is how consent is given.
type ConsentForm string

// Values returns the closed list of forms.
func (ConsentForm) Values() []string { return []string{"written", "oral", "portal"} }

// ConsentDecision is what somebody said when asked for consent.
type ConsentDecision string

// The decisions.
const (
	ConsentGiven     ConsentDecision = "given"
	ConsentRefused   ConsentDecision = "refused"
	ConsentWithdrawn ConsentDecision = "withdrawn"
)

// Values returns the closed list of decisions.
func (ConsentDecision) Values() []string { return []string{"given", "refused", "withdrawn"} }

// Consent is how the consent of one person for one scope stands.
type Consent struct {
	Subject     uuid.UUID
	Scope       Scope
	RequestedAt time.Time       // the last request; zero when nobody asked
	Decision    ConsentDecision // empty while the last request is unanswered
	DecidedAt   time.Time
}

// Awaited reports whether a request is unanswered.
func (k *Consent) Awaited() bool { return k.Decision == "" }

// Consented reports whether consent of the scope stands. A decision in the best interests of somebody who cannot give it
// stands for consent to act on that person's behalf.
func (c *Case) Consented(scope Scope) bool {
	if scope == ScopeOnBehalf && c.Accepted(DecisionBestInterests) {
		return true
	}
	return slices.ContainsFunc(c.Consents, func(k Consent) bool { return k.Scope == scope && k.Decision == ConsentGiven })
}

// mayRepresent reports whether a representative may act, and be answered, for the person concerned: with consent, and
// unless found unsuitable.
func (c *Case) mayRepresent(person uuid.UUID) bool {
	return c.Consented(ScopeOnBehalf) && !c.unsuitable(person)
}

// mayShare reports whether consent stands to give what the case holds to an organisation outside.
func (c *Case) mayShare() bool {
	return slices.ContainsFunc(c.Consents, func(k Consent) bool { return k.Scope.shares() && k.Decision == ConsentGiven })
}

// consent returns the record of a person's consent for a scope, or nil.
func (c *Case) consent(subject uuid.UUID, scope Scope) *Consent {
	for i := range c.Consents {
		if c.Consents[i].Subject == subject && c.Consents[i].Scope == scope {
			return &c.Consents[i]
		}
	}
	return nil
}

// ask returns the record of a person's consent for a scope, made where there is none.
func (c *Case) ask(subject uuid.UUID, scope Scope) *Consent {
	if c.consent(subject, scope) == nil {
		c.Consents = append(c.Consents, Consent{Subject: subject, Scope: scope})
	}
	return c.consent(subject, scope)
}

func (e ConsentRequested) happen(c *Case, m *Metadata) {
	k := c.ask(e.Subject, e.Scope)
	k.RequestedAt, k.Decision, k.DecidedAt = e.SentAt, "", time.Time{}
	c.waitForConsent(e.SentAt, m)
}

func (e ConsentRecorded) happen(c *Case, m *Metadata) {
	k := c.ask(e.Subject, e.Scope)
	k.Decision, k.DecidedAt = e.Decision, e.At
	c.waitForConsent(e.At, m)
}

// waitForConsent begins or ends the pause of those clocks that stand still while consent to act on somebody's behalf is
// awaited. No other scope pauses anything.
func (c *Case) waitForConsent(at time.Time, m *Metadata) {
	awaited := !c.Accepted(DecisionBestInterests) && slices.ContainsFunc(c.Consents, func(k Consent) bool {
		return k.Scope == ScopeOnBehalf && k.Awaited()
	})
	paused := slices.ContainsFunc(c.history.Pauses, func(p Pause) bool { return p.Kind == PauseConsent && p.To.IsZero() })
	switch {
	case awaited && !paused:
		c.pause(PauseConsent, DateOf(at), m)
	case !awaited:
		c.unpause(PauseConsent, DateOf(at))
	}
}

// DecideRequestConsent answers with [ConsentRequested].
func DecideRequestConsent(ctx Context, e ConsentRequested) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: ctx.Case.ReceivedAt}, e.SentAt); err != nil {
		return nil, err
	}
	if err := known(ctx, "subject", &e.Subject); err != nil {
		return nil, err
	}
	if !e.Scope.Valid() {
		return nil, BadValue("scope", e.Scope.Rule())
	}
	return []Event{e}, nil
}

// DecideRecordConsent answers with [ConsentRecorded]. Consent may have been given before anybody asked, and before the
// case came. Rejects with EVIDENCE_REQUIRED: consent to act on somebody's behalf is given in writing.
func DecideRecordConsent(ctx Context, e ConsentRecorded) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	standing := ctx.Case.consent(e.Subject, e.Scope)
	rule := CommandRule{}
	if standing != nil {
		rule.After = latest(standing.RequestedAt, standing.DecidedAt)
	}
	if err := Preconditions(ctx, rule, e.At); err != nil {
		return nil, err
	}
	if err := known(ctx, "subject", &e.Subject); err != nil {
		return nil, err
	}
	if !e.Scope.Valid() {
		return nil, BadValue("scope", e.Scope.Rule())
	}
	if e.Decision == ConsentWithdrawn && (standing == nil || standing.Decision != ConsentGiven) {
		return nil, BadValue("decision", "withdrawn only where consent was given")
	}
	if e.Scope == ScopeOnBehalf && e.Decision == ConsentGiven && e.Evidence == "" {
		return nil, Reject(EvidenceRequired, "consent to act on somebody's behalf is given in writing: name the document")
	}
	return []Event{e}, nil
}
