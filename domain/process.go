package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// Duty is a command that a process manager owes on a case: what has to happen because time passed, while nobody acts.
// Case, rule and due instant name it; whoever issues it derives the command's id from them, so that it happens once.
type Duty struct {
	Rule    string    // such as PM1:pre.resolve
	Due     time.Time // when it was owed, and so when its event happened, however late it is issued
	Command string
	Fields  map[string]string // of the command's body
	Cause   uuid.UUID         // the event that it follows from: the one that started the clock
}

// Owed returns what process managers owe on a case at a moment, earliest first. It looks at nothing else, so asking
// again is harmless: once the duty's event stands in the stream, it is owed no more.
//
// PM1: an informal stage whose time has run out becomes formal where the procedure says so by itself. PM6: a survey goes
// out some working days after closing, where surveys are wanted.
//
// An imported case is left alone until its import was signed off. The complainant's folded stream may be nil.
func Owed(c *Case, complainant *Person, config *Config, surveys bool, at time.Time) []Duty {
	p := config.Procedure(c.Procedure())
	if p == nil || !c.lookedAfter(config) {
		return nil
	}
	duties := c.formalities(p, config.Calendar(), at)
	if surveys && c.surveyed() && complainant.mayBeAsked() {
		due := config.Calendar().AddWorkingDays(DateOf(c.ClosedAt), config.Settings.SurveyDays).Midnight()
		token := uuid.NewSHA1(surveySpace, c.ID[:])
		duties = append(duties, Duty{
			Rule: "PM6:survey", Due: due, Command: "SendSurvey", Fields: map[string]string{"token": token.String()}, Cause: c.receivedEvent,
		})
	}
	return slices.DeleteFunc(duties, func(d Duty) bool { return at.Before(d.Due) })
}

// surveyed reports whether a survey follows the closing of the case: of a complaint that was dealt with here, whose
// complainant can be asked and was not yet.
func (c *Case) surveyed() bool {
	switch c.Kind {
	case KindComplaint, KindRepresentation, KindPreComplaint:
	default:
		return false
	}
	switch c.ClosedReason {
	case ReasonEnteredInError, ReasonDuplicate, ReasonWithdrawn:
		return false
	}
	elsewhere := c.Imported != nil && !c.ClosedAt.After(c.history.ImportedAt)
	return c.Status == StatusClosed && !elsewhere && c.SurveyToken == "" && c.Complainant != nil &&
		!c.Flagged(FlagAnonymous) && !c.Flagged(FlagContactRestricted)
}

// mayBeAsked reports whether a person may be sent a survey: not one with whom contact is restricted, nor one who was erased.
func (p *Person) mayBeAsked() bool { return p == nil || p.Restriction == nil && !p.Erased }

// formalities is PM1. A case that was answered informally stays where it is.
func (c *Case) formalities(p *procedure.Procedure, calendar *Calendar, at time.Time) []Duty {
	if c.Status != StatusOpen || c.answered() {
		return nil
	}
	var duties []Duty
	for _, clock := range Clocks(p, calendar, c.History(), at) {
		_, rule := p.Clock(clock.ID)
		if rule == nil || !Formalises(rule) || clock.Stage != string(c.Stage) || clock.State != ClockOverdue {
			continue
		}
		duties = append(duties, Duty{
			Rule: "PM1:" + clock.ID, Due: clock.DueInstant, Command: "ClassifyCase", Cause: c.receivedEvent,
			Fields: map[string]string{
				"kind": string(KindComplaint), "from_kind": string(c.Kind), "procedure_id": string(c.ProcedureID),
				"procedure_version": string(c.ProcedureVersion), "category": string(c.Category), "service": string(c.Service),
				"reason": "The time for an informal resolution has run out.",
			},
		})
	}
	return duties
}

// Formalises reports whether a case goes on formally, by itself, when this clock runs out.
func Formalises(k *procedure.Clock) bool {
	return k.OnMiss == "convert_to_s1" || k.OnMiss == "enter_s1"
}

// lookedAfter reports whether process managers look after the case: every case but an imported one whose import has not
// been signed off.
func (c *Case) lookedAfter(config *Config) bool {
	return c.Imported == nil || config.Reconciled(c.Imported.Batch)
}
