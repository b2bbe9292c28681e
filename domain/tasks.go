package domain

import (
	"cmp"
	"slices"
	"time"

	"redress/domain/procedure"
)

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

// Task is one thing that stands open for a person, or will when its moment comes.
type Task struct {
	Name  TaskName
	Since time.Time // the instant from which it stands
	Until time.Time // the instant at which it is none any more, whatever happens; zero for never
	About string    // the clock, the consent's scope, the remedy, the action, the ground or the person
}

// StandsAt reports whether the task stands open at a moment.
func (t Task) StandsAt(at time.Time) bool {
	return !at.Before(t.Since) && (t.Until.IsZero() || at.Before(t.Until))
}

// Tasks returns what stands open about a case at a moment, the oldest first: its own tasks, those of the people in it, and
// those of the learning actions that follow from it. Nothing stands about an imported case before its import was signed off.
func Tasks(c *Case, people []*Person, actions []*LearningAction, config *Config, at time.Time) []Task {
	p := config.Procedure(c.Procedure())
	if p == nil || !c.lookedAfter(config) {
		return nil
	}
	tasks := CaseTasks(c, p, config.Calendar(), Clocks(p, config.Calendar(), c.History(), at), config.Settings)
	for _, person := range people {
		if task, ok := person.Task(); ok {
			tasks = append(tasks, task)
		}
	}
	for _, a := range actions {
		if task, ok := a.Task(); ok {
			tasks = append(tasks, task)
		}
	}
	tasks = slices.DeleteFunc(tasks, func(t Task) bool { return !t.StandsAt(at) })
	slices.SortStableFunc(tasks, func(a, b Task) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Name, b.Name)) })
	return tasks
}

// CaseTasks returns the tasks that a case's own stream leads to if nothing more happens, each with the time in which it
// stands. They do not depend on the present.
func CaseTasks(c *Case, p *procedure.Procedure, calendar *Calendar, clocks []Clock, s Settings) []Task {
	var tasks []Task
	for i := range c.Remedies {
		if task, ok := c.Remedies[i].task(); ok {
			tasks = append(tasks, task)
		}
	}
	if c.Status == StatusClosed {
		return tasks
	}
	return slices.Concat(tasks, c.endedWindows(p, calendar, clocks), c.waiting(calendar, s))
}

// Task is PM7: the review of a restriction, where one is in force.
func (p *Person) Task() (Task, bool) {
	if p.Restriction == nil {
		return Task{}, false
	}
	return Task{Name: TaskRestrictionReview, Since: p.Restriction.ReviewOn.Midnight(), About: p.ID.String()}, true
}

// Task is PM4: the day of an action that is open.
func (a *LearningAction) Task() (Task, bool) {
	return Task{Name: TaskLearningDue, Since: a.DueOn.Midnight(), About: a.ID.String()}, a.Open()
}

// task is PM4: the day of delivery of a remedy that is outstanding. With an offer that lapses it ends.
func (r *Remedy) task() (Task, bool) {
	task := Task{Name: TaskRemedyDue, Since: r.DeliverBy.Midnight(), About: string(r.ID)}
	if r.State == RemedyIsOffered && !r.ResponseBy.IsZero() {
		task.Until = r.ResponseBy.AddDays(1).Midnight()
	}
	return task, r.Outstanding(min(r.DeliverBy, cmp.Or(r.ResponseBy, r.DeliverBy)))
}

// endedWindows is PM2: the windows of the current stage that nobody used, be they clocks or a length from the answer.
// Nothing closes by itself; a handler does, or grants more time.
func (c *Case) endedWindows(p *procedure.Procedure, calendar *Calendar, clocks []Clock) []Task {
	var tasks []Task
	for i := range clocks {
		k := &clocks[i]
		if k.Class == "window" && k.Stage == string(c.Stage) && k.StateAt(k.DueInstant) == ClockOverdue {
			tasks = append(tasks, Task{Name: TaskWindowEnded, Since: k.DueInstant, About: k.ID})
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
			tasks = append(tasks, Task{Name: TaskWindowEnded, Since: end, About: string(c.Stage) + "-" + next.To})
		}
	}
	return tasks
}

// waiting is PM3 and PM5: consent that does not come, and suspensions to look at again.
func (c *Case) waiting(calendar *Calendar, s Settings) []Task {
	var tasks []Task
	for i := range c.Consents {
		if k := &c.Consents[i]; k.Awaited() && !k.RequestedAt.IsZero() {
			last := calendar.AddWorkingDays(DateOf(k.RequestedAt), s.ConsentDays)
			tasks = append(tasks, Task{Name: TaskConsentOverdue, Since: last.AddDays(1).Midnight(), About: string(k.Scope)})
		}
	}
	for i := range c.Suspensions {
		if s := &c.Suspensions[i]; s.Open() {
			tasks = append(tasks, Task{Name: TaskSuspensionReview, Since: s.ReviewOn.Midnight(), About: string(s.Ground)})
		}
	}
	return tasks
}
