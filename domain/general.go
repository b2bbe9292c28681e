package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// FutureAllowance is how far ahead of its recording an event may be said to have happened, because clocks differ.
const FutureAllowance = 5 * time.Minute

// BackdatingDays is for how many working days after its event a command may be recorded without saying why so late.
const BackdatingDays = 2

// CommandRule says what the general checks need to know of a command.
type CommandRule struct {
	// WhenClosed is set for what may still happen to a closed case.
	WhenClosed bool
	// After is when the event happened on which this one depends; zero for none.
	After time.Time
	// WholeDays is set where the command gives a day and no moment: then days are compared.
	WholeDays bool
}

// Preconditions makes the general checks on a command that says when its event happened, in the order of the
// specification: CASE_CLOSED, FUTURE_DATED, BACKDATE_REASON, OUT_OF_ORDER. A zero moment means the moment of recording.
// What an import brings and what a process manager owes late needs no reason for being late.
func Preconditions(ctx Context, rule CommandRule, occurred time.Time) error {
	if ctx.Case != nil && ctx.Case.Status == StatusClosed && !rule.WhenClosed {
		return Reject(CaseClosed, "the case was closed: %s", ctx.Case.ClosedReason)
	}
	if occurred.IsZero() {
		occurred = ctx.Now
	}
	if occurred.After(ctx.Now.Add(FutureAllowance)) {
		return Reject(FutureDated, "the moment given lies more than %d minutes ahead", int(FutureAllowance.Minutes()))
	}
	if !ctx.Backdated && ctx.WayIn != ViaImport && ctx.WayIn != ViaProcess && tooLate(ctx.Config.Calendar(), occurred, ctx.Now) {
		return Reject(BackdateReason, "more than %d working days have passed since; say why in backdate_reason", BackdatingDays)
	}
	before := occurred.Before(rule.After)
	if rule.WholeDays {
		before = DateOf(occurred) < DateOf(rule.After)
	}
	if before {
		return Reject(OutOfOrder, "the event on which this one depends happened later")
	}
	return nil
}

// tooLate reports whether more than the allowed working days lie between an event and its recording.
func tooLate(calendar *Calendar, occurred, recorded time.Time) bool {
	if recorded.Sub(occurred) < BackdatingDays*24*time.Hour {
		return false
	}
	return DateOf(recorded) > calendar.AddWorkingDays(DateOf(occurred), BackdatingDays)
}

// received answers CASE_NOT_FOUND unless the command addresses a case that has been received. Every decision about a case
// begins with it.
func received(ctx Context) error {
	if ctx.Case == nil || ctx.Case.ProcedureID == "" {
		return Reject(CaseNotFound, "there is no such case")
	}
	return nil
}

// bound returns the procedure that the case is bound to. That it is adopted holds since the case was opened.
func bound(ctx Context) (*procedure.Procedure, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	p := ctx.Config.Procedure(ctx.Case.Procedure())
	if p == nil {
		return nil, Reject(ProcedureNotEffective, "the procedure %s has not been adopted", ctx.Case.Procedure())
	}
	return p, nil
}

// atStage returns the case's procedure, the named stage of it, and the case's last entry into that stage. A stage that
// the case has not entered is BAD_VALUE.
func atStage(ctx Context, id Label) (*procedure.Procedure, *procedure.Stage, *StageRecord, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	stage, record := p.Stage(string(id)), ctx.Case.Record(id)
	if stage == nil || record == nil {
		return nil, nil, nil, BadValue("stage", "a stage that the case has entered")
	}
	return p, stage, record, nil
}

// known answers BAD_VALUE for a person id that has no stream. What is not given is not asked for.
func known(ctx Context, field string, person *uuid.UUID) error {
	if person == nil || ctx.KnownPerson == nil || ctx.KnownPerson(*person) {
		return nil
	}
	return BadValue(field, "the id of a person who is recorded")
}

// allKnown is [known] for a list.
func allKnown(ctx Context, field string, persons []uuid.UUID) error {
	for i := range persons {
		if err := known(ctx, indexed(field, i), &persons[i]); err != nil {
			return err
		}
	}
	return nil
}

// approvedBy answers NOT_PERMITTED unless the person named as approver holds a role that may do this, and SELF_APPROVAL
// when that is who acts.
func approvedBy(ctx Context, field string, person uuid.UUID, action Action) error {
	if ctx.Actor.Is(person) {
		return Reject(SelfApproval, "%s: somebody other than who does it", field)
	}
	if !ctx.Config.Holds(person, action, ctx.Now) {
		return Reject(NotPermitted, "%s: somebody who may do this", field)
	}
	return nil
}

// overlap reports whether any id of the one equals any id of the other.
func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(id string) bool { return slices.Contains(b, id) })
}

func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// missingTerm returns the first code that is asked for and not given, and whether there is one. Those in except are not
// asked for.
func missingTerm(asked []string, given []Term, except ...Term) (Term, bool) {
	for _, code := range asked {
		if !slices.Contains(given, Term(code)) && !slices.Contains(except, Term(code)) {
			return Term(code), true
		}
	}
	return "", false
}
