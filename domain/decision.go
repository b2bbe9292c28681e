package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// DecisionRecorded records a decision about the case that is not its outcome: who may complain, whether it is too late,
// what comes first. It never closes a case; a person does.
type DecisionRecorded struct {
	Kind       DecisionKind    `json:"kind" rule:"required" doc:"what is decided"`
	Outcome    DecisionOutcome `json:"outcome" rule:"required" doc:"accepted or refused; for time_limit accepted_late or refused_late"`
	DecidedBy  uuid.UUID       `json:"decided_by" rule:"required" doc:"who decided it"`
	Consulted  []Correspondent `json:"consulted" rule:"required" doc:"who was consulted: persons, or codes for roles and bodies; at least one"`
	Factors    []Term          `json:"factors" rule:"required" doc:"what was weighed; at least one"`
	Reasons    Personal        `json:"reasons,omitzero" rule:"required" doc:"why"`
	NotifiedAt time.Time       `json:"notified_at,omitzero" doc:"when the complainant was told; required for a refusal"`
}

// Schema names the event.
func (DecisionRecorded) Schema() (string, int) { return "DecisionRecorded", 1 }

// DecisionKind is what a decision is about.
type DecisionKind string

// The kinds that rules look at; [DecisionKind.Values] has the whole list.
const (
	DecisionTimeLimit      DecisionKind = "time_limit"
	DecisionRepresentative DecisionKind = "representative_suitability"
	DecisionBestInterests  DecisionKind = "best_interests"
	DecisionLateEscalation DecisionKind = "late_escalation"
	DecisionStage1First    DecisionKind = "stage1_required_first"
)

// Values returns the closed list of kinds.
func (DecisionKind) Values() []string {
	return []string{
		"time_limit", "qualifying_complainant", "representative_suitability", "sufficient_interest", "best_interests",
		"late_escalation", "safeguarding_no_referral", "care_decision_freeze", "appeal_instead", "suspension_not_needed",
		"stage1_required_first",
	}
}

// DecisionOutcome is how a decision went.
type DecisionOutcome string

// The outcomes.
const (
	DecisionAccepted     DecisionOutcome = "accepted"
	DecisionRefused      DecisionOutcome = "refused"
	DecisionAcceptedLate DecisionOutcome = "accepted_late"
	DecisionRefusedLate  DecisionOutcome = "refused_late"
)

// Values returns the closed list of outcomes.
func (DecisionOutcome) Values() []string {
	return []string{"accepted", "refused", "accepted_late", "refused_late"}
}

func (o DecisionOutcome) late() bool { return o == DecisionAcceptedLate || o == DecisionRefusedLate }

func (o DecisionOutcome) refuses() bool { return o == DecisionRefused || o == DecisionRefusedLate }

// Decision is a decision that was taken on a case.
type Decision struct {
	Kind    DecisionKind
	Outcome DecisionOutcome
	At      time.Time
	About   []uuid.UUID // whom it is about: of one on a representative, those who were representatives then
}

// Accepted reports whether the last decision of a kind was not a refusal. Without one it reports false.
func (c *Case) Accepted(kind DecisionKind) bool {
	for _, d := range slices.Backward(c.Decisions) {
		if d.Kind == kind {
			return !d.Outcome.refuses()
		}
	}
	return false
}

// Refused reports whether the last decision of a kind was a refusal. Without one it reports false.
func (c *Case) Refused(kind DecisionKind) bool {
	decided := slices.ContainsFunc(c.Decisions, func(d Decision) bool { return d.Kind == kind })
	return decided && !c.Accepted(kind)
}

// unsuitable reports whether the person was found unsuitable to act for somebody in the case. A representative who comes
// into it later is another matter.
func (c *Case) unsuitable(person uuid.UUID) bool {
	for _, d := range slices.Backward(c.Decisions) {
		if d.Kind == DecisionRepresentative && slices.Contains(d.About, person) {
			return d.Outcome.refuses()
		}
	}
	return false
}

func (e DecisionRecorded) happen(c *Case, m *Metadata) {
	d := Decision{Kind: e.Kind, Outcome: e.Outcome, At: m.OccurredAt}
	if e.Kind == DecisionRepresentative {
		d.About = c.all(PartyRepresentative)
	}
	c.Decisions = append(c.Decisions, d)
	if e.Kind == DecisionBestInterests {
		c.waitForConsent(m.OccurredAt, m)
	}
}

// DecideRecordDecision answers with [DecisionRecorded]. Nothing is too late that was raised in time, or in a procedure that
// sets no limit: BAD_VALUE. Rejects with CONSULTATION_MISSING, FACTORS_MISSING, NOTICE_REQUIRED.
func DecideRecordDecision(ctx Context, e DecisionRecorded) ([]Event, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, ctx.Now); err != nil {
		return nil, err
	}
	if err := known(ctx, "decided_by", &e.DecidedBy); err != nil {
		return nil, err
	}
	if (e.Kind == DecisionTimeLimit) != e.Outcome.late() {
		return nil, BadValue("outcome", "accepted or refused; for time_limit, and only for it, accepted_late or refused_late")
	}
	if e.Kind == DecisionTimeLimit && p.TimeLimit == nil {
		return nil, BadValue("kind", "another: the procedure sets no time limit")
	}
	if last, inTime := ctx.Case.raisedInTime(p, ctx.Config.Calendar()); inTime && e.Outcome == DecisionRefusedLate {
		return nil, BadValue("outcome", "not refused_late: the matter could be raised until "+last.String()+", and was")
	}
	if len(e.Consulted) == 0 {
		return nil, Reject(ConsultationMissing, "nobody was consulted")
	}
	if len(e.Factors) == 0 {
		return nil, Reject(FactorsMissing, "a decision weighs at least one factor")
	}
	if e.Outcome.refuses() && e.NotifiedAt.IsZero() {
		return nil, Reject(NoticeRequired, "the complainant has to be told of a refusal: say when in notified_at")
	}
	if e.NotifiedAt.After(ctx.Now.Add(FutureAllowance)) {
		return nil, Reject(FutureDated, "notified_at lies ahead")
	}
	return []Event{e}, nil
}
