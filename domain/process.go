package domain

import (
	"cmp"
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

// TaskName says what somebody has to look at. Tasks are rows of the work list: they follow from events and time, and are
// never events.
type TaskName string

// The tasks.
const (
	TaskWindowEnded       TaskName = "window_ended"       // PM2: the complainant's time to go on has ended
	TaskConsentOverdue    TaskName = "consent_overdue"    // PM3: consent was asked for and has not come
	TaskRemedyDue         TaskName = "remedy_due"         // PM4: the day of delivery has come
	TaskLearningDue       TaskName = "learning_due"       // PM4: a learning action's day has come
	TaskSuspensionReview  TaskName = "suspension_review"  // PM5: a suspension is to be looked at again
	TaskRestrictionReview TaskName = "restriction_review" // PM7: a contact restriction is to be looked at again
)

// Values returns the closed list of tasks.
func (TaskName) Values() []string {
	return []string{"window_ended", "consent_overdue", "remedy_due", "learning_due", "suspension_review", "restriction_review"}
}

// Task is one thing that stands open for a person.
type Task struct {
	Name  TaskName
	Since time.Time // the instant from which it stands
	About string    // the clock, the consent's scope, the remedy, the action, the ground or the person
}

// Tasks returns what stands open about a case at a moment, the oldest first: its own tasks, those of the people in it, and
// those of the learning actions that follow from it.
func Tasks(c *Case, people []*Person, actions []*LearningAction, config *Config, at time.Time) []Task {
	p := config.Procedure(c.Procedure())
	if p == nil || !c.lookedAfter(config) {
		return nil
	}
	var tasks []Task
	for i := range c.Remedies {
		if r := &c.Remedies[i]; r.Outstanding(DateOf(at)) {
			tasks = append(tasks, Task{TaskRemedyDue, r.DeliverBy.Midnight(), string(r.ID)})
		}
	}
	if c.Status != StatusClosed {
		tasks = slices.Concat(tasks, c.endedWindows(p, config.Calendar(), at), c.waiting(config))
	}
	for _, person := range people {
		if r := person.Restriction; r != nil {
			tasks = append(tasks, Task{TaskRestrictionReview, r.ReviewOn.Midnight(), person.ID.String()})
		}
	}
	for _, a := range actions {
		if a.Open() {
			tasks = append(tasks, Task{TaskLearningDue, a.DueOn.Midnight(), a.ID.String()})
		}
	}
	tasks = slices.DeleteFunc(tasks, func(t Task) bool { return at.Before(t.Since) })
	slices.SortStableFunc(tasks, func(a, b Task) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Name, b.Name)) })
	return tasks
}

// endedWindows is PM2: the windows of the current stage that nobody used, be they clocks or a length from the answer.
// Nothing closes by itself; a handler does, or grants more time.
func (c *Case) endedWindows(p *procedure.Procedure, calendar *Calendar, at time.Time) []Task {
	var tasks []Task
	for _, clock := range Clocks(p, calendar, c.History(), at) {
		if clock.Class == "window" && clock.Stage == string(c.Stage) && clock.State == ClockOverdue {
			tasks = append(tasks, Task{TaskWindowEnded, clock.DueInstant, clock.ID})
		}
	}
	stage, record := p.Stage(string(c.Stage)), c.Current()
	if stage == nil || record == nil || record.RespondedAt.IsZero() || !record.AcceptedAt.IsZero() {
		return tasks
	}
	for _, next := range stage.Next {
		if next.Window == nil || next.Window.From != "Responded" || p.Stage(next.To) == nil {
			continue
		}
		if end := windowEnd(p, calendar, record, next.Window); !end.IsZero() {
			tasks = append(tasks, Task{TaskWindowEnded, end, string(c.Stage) + "-" + next.To})
		}
	}
	return tasks
}

// waiting is PM3 and PM5: consent that does not come, and suspensions to look at again.
func (c *Case) waiting(config *Config) []Task {
	var tasks []Task
	for i := range c.Consents {
		if k := &c.Consents[i]; k.Awaited() && !k.RequestedAt.IsZero() {
			last := config.Calendar().AddWorkingDays(DateOf(k.RequestedAt), config.Settings.ConsentDays)
			tasks = append(tasks, Task{TaskConsentOverdue, last.AddDays(1).Midnight(), string(k.Scope)})
		}
	}
	for i := range c.Suspensions {
		if s := &c.Suspensions[i]; s.Open() {
			tasks = append(tasks, Task{TaskSuspensionReview, s.ReviewOn.Midnight(), string(s.Ground)})
		}
	}
	return tasks
}
