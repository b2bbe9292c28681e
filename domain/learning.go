package domain

import (
	"time"

	"github.com/google/uuid"
)

// LearningActionRaised begins the stream of a learning action: what a service undertakes to do after one or more cases.
type LearningActionRaised struct {
	ActionID uuid.UUID      `json:"action_id" rule:"required" doc:"a UUID of the caller's choosing"`
	Text     Personal       `json:"text" rule:"required" doc:"what is to be done"`
	OwnerID  uuid.UUID      `json:"owner_id" rule:"required" doc:"who sees to it"`
	Service  Term           `json:"service" rule:"required" doc:"the service that undertakes it"`
	DueOn    Date           `json:"due_on" rule:"required" doc:"the day by which it is done"`
	Cases    []uuid.UUID    `json:"cases" rule:"required" doc:"the cases that it follows from"`
	Causes   []Term         `json:"causes" rule:"required" doc:"the causes that it answers"`
	Type     LearningType   `json:"type" rule:"required" doc:"what sort of action it is"`
	Origin   LearningOrigin `json:"origin" rule:"required" doc:"where it comes from"`
}

// LearningActionUpdated records how a learning action gets on, and a due date or an owner that changed.
type LearningActionUpdated struct {
	ActionID uuid.UUID      `json:"action_id" rule:"required" doc:"the action"`
	Status   LearningStatus `json:"status" rule:"required" doc:"how far it is"`
	DueOn    Date           `json:"due_on,omitzero" doc:"the new due date, where it moves"`
	OwnerID  *uuid.UUID     `json:"owner_id,omitzero" doc:"the new owner, where that changes"`
	Note     Personal       `json:"note" rule:"required" doc:"what has been done"`
	Reason   Personal       `json:"reason,omitzero" doc:"why the due date moves; required when it does"`
}

// LearningActionClosed records that somebody other than its owner found the action carried out, or given up.
type LearningActionClosed struct {
	ActionID   uuid.UUID      `json:"action_id" rule:"required" doc:"the action"`
	Result     LearningResult `json:"result" rule:"required" doc:"implemented or not pursued"`
	ClosedOn   Date           `json:"closed_on" rule:"required" doc:"the day"`
	Evidence   Label          `json:"evidence,omitzero" rule:"required" doc:"the document that proves it"`
	VerifiedBy uuid.UUID      `json:"verified_by" rule:"required" doc:"who verified it; always who acts"`
}

// Schema names the event.
func (LearningActionRaised) Schema() (string, int) { return "LearningActionRaised", 1 }

// Schema names the event.
func (LearningActionUpdated) Schema() (string, int) { return "LearningActionUpdated", 1 }

// Schema names the event.
func (LearningActionClosed) Schema() (string, int) { return "LearningActionClosed", 1 }

// When returns midnight in London of the day of closing.
func (e LearningActionClosed) When() time.Time { return e.ClosedOn.Midnight() }

// LearningType is what sort of learning action it is.
type LearningType string

// Values returns the closed list of types.
func (LearningType) Values() []string {
	return []string{"policy", "procedure", "training", "system", "communication", "contract", "staffing", "other"}
}

// LearningOrigin is where a learning action comes from.
type LearningOrigin string

// Values returns the closed list of origins.
func (LearningOrigin) Values() []string { return []string{"stage", "panel", "ombudsman", "audit"} }

// LearningStatus is how far a learning action is.
type LearningStatus string

// LearningNotStarted is the status of an action of which nothing has been heard since it was raised.
const LearningNotStarted LearningStatus = "not_started"

// Values returns the closed list of statuses.
func (LearningStatus) Values() []string {
	return []string{"not_started", "in_progress", "blocked", "done"}
}

// LearningResult is how a learning action ended.
type LearningResult string

// Values returns the closed list of results.
func (LearningResult) Values() []string { return []string{"implemented", "not_pursued"} }

// LearningAction is the folded stream of one learning action.
type LearningAction struct {
	ID          uuid.UUID
	Revision    uint64 // of the last event
	Events      uint64
	Owner       uuid.UUID
	Service     Term
	Cases       []uuid.UUID
	Causes      []Term
	Type        LearningType
	Origin      LearningOrigin
	RaisedAt    time.Time
	OriginalDue Date
	DueOn       Date
	Status      LearningStatus
	Result      LearningResult // empty while the action is open
	ClosedOn    Date
	Evidence    Label
	VerifiedBy  uuid.UUID
}

type learningFact interface {
	Event
	learn(a *LearningAction, m *Metadata)
}

// Apply adds the next event of the action's stream. An event of another stream, or out of its place, is an error.
func (a *LearningAction) Apply(r Recorded) error {
	fact, ok := r.Event.(learningFact)
	if !ok {
		return misplaced(r, "learning")
	}
	if r.Revision != a.Events {
		return gap(r, a.Events)
	}
	a.Revision, a.Events = r.Revision, a.Events+1
	fact.learn(a, &r.Meta)
	return nil
}

func (e LearningActionRaised) learn(a *LearningAction, m *Metadata) {
	a.ID, a.Owner, a.Service, a.Cases, a.Causes = e.ActionID, e.OwnerID, e.Service, e.Cases, e.Causes
	a.Type, a.Origin, a.RaisedAt, a.Status = e.Type, e.Origin, m.OccurredAt, LearningNotStarted
	a.OriginalDue, a.DueOn = e.DueOn, e.DueOn
}

func (e LearningActionUpdated) learn(a *LearningAction, _ *Metadata) {
	a.Status = e.Status
	if !e.DueOn.IsZero() {
		a.DueOn = e.DueOn
	}
	if e.OwnerID != nil {
		a.Owner = *e.OwnerID
	}
}

func (e LearningActionClosed) learn(a *LearningAction, _ *Metadata) {
	a.Result, a.ClosedOn, a.Evidence, a.VerifiedBy = e.Result, e.ClosedOn, e.Evidence, e.VerifiedBy
}

// Open reports whether the action has not been closed.
func (a *LearningAction) Open() bool { return a.Result == "" }

// ownedBy reports whether who acts is the action's owner. There may be no action.
func (a *LearningAction) ownedBy(actor Actor) bool { return a != nil && actor.Is(a.Owner) }

// DecideRaiseAction answers with [LearningActionRaised]. An id that an action has already is BAD_VALUE, a case that
// was never received CASE_NOT_FOUND. Rejects with UNKNOWN_CODE where the council has adopted lists of services or causes.
func DecideRaiseAction(ctx Context, e LearningActionRaised) ([]Event, error) {
	if err := permittedFor(ctx, ActionRaiseLearning, e.Service); err != nil {
		return nil, err
	}
	if ctx.Learning != nil || e.ActionID == uuid.Nil {
		return nil, BadValue("action_id", "an id that no learning action has")
	}
	if err := known(ctx, "owner_id", &e.OwnerID); err != nil {
		return nil, err
	}
	for i, id := range e.Cases {
		if _, err := otherCase(ctx, indexed("cases", i), id); err != nil {
			return nil, err
		}
	}
	codes := ctx.Config.Settings.Codes
	if err := listed("service", e.Service, codes.Service); err != nil {
		return nil, err
	}
	for i, cause := range e.Causes {
		if err := listed(indexed("causes", i), cause, codes.Cause); err != nil {
			return nil, err
		}
	}
	return []Event{e}, nil
}

// DecideUpdateAction answers with [LearningActionUpdated]. An action that does not exist or is closed is BAD_VALUE.
func DecideUpdateAction(ctx Context, e LearningActionUpdated) ([]Event, error) {
	if err := openAction(ctx); err != nil {
		return nil, err
	}
	if err := permittedFor(ctx, ActionRaiseLearning, ctx.Learning.Service); err != nil {
		return nil, err
	}
	if err := known(ctx, "owner_id", e.OwnerID); err != nil {
		return nil, err
	}
	if !e.DueOn.IsZero() && e.DueOn != ctx.Learning.DueOn && e.Reason.IsZero() {
		return nil, MissingField("reason", "why the due date moves")
	}
	return []Event{e}, nil
}

// DecideCloseAction answers with [LearningActionClosed]. Whoever closes an action verifies it, and never as its owner.
// Rejects with SELF_VERIFICATION, EVIDENCE_REQUIRED. An action that does not exist or is closed is BAD_VALUE.
func DecideCloseAction(ctx Context, e LearningActionClosed) ([]Event, error) {
	if err := openAction(ctx); err != nil {
		return nil, err
	}
	if ctx.Learning.ownedBy(ctx.Actor) || e.VerifiedBy == ctx.Learning.Owner {
		return nil, Reject(SelfVerification, "somebody other than the owner verifies a learning action")
	}
	if err := permittedFor(ctx, ActionVerifyLearning, ctx.Learning.Service); err != nil {
		return nil, err
	}
	if e.VerifiedBy.String() != ctx.Actor.Rights() {
		return nil, Reject(NotPermitted, "verified_by is who acts")
	}
	rule := CommandRule{After: ctx.Learning.RaisedAt, WholeDays: true}
	if err := Preconditions(ctx, rule, e.When()); err != nil {
		return nil, err
	}
	if e.Evidence == "" {
		return nil, Reject(EvidenceRequired, "a document that proves what was done")
	}
	return []Event{e}, nil
}

// openAction answers BAD_VALUE unless the command addresses a learning action that is open.
func openAction(ctx Context) error {
	if ctx.Learning == nil || !ctx.Learning.Open() {
		return BadValue("action_id", "a learning action that is open")
	}
	return nil
}
