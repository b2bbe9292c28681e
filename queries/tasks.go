package queries

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"redress/domain"
	"redress/projections"
)

// TaskList is the work list of the process managers: what stands open, the oldest first.
type TaskList struct {
	At       time.Time `json:"at"`
	Position uint64    `json:"position"`
	Tasks    []Task    `json:"tasks"`
	More     bool      `json:"more"` // some newer tasks are left out
}

// Task is one thing that stands open for a person. A task about a case names it; one about a learning action or a person
// names that in About.
type Task struct {
	Name    string     `json:"name" db:"name"`
	Since   time.Time  `json:"since" db:"since"`
	About   string     `json:"about" db:"about"` // the clock, the scope, the remedy, the ground, the action or the person
	Case    *uuid.UUID `json:"case" db:"case_id"`
	Ref     *string    `json:"ref" db:"ref"`
	Service *string    `json:"service" db:"service"`
	Officer *string    `json:"officer" db:"officer"` // who holds the case, or owns the action
}

// mostTasks bounds a work list.
const mostTasks = 500

// Tasks returns what stands open now within a scope. Cases of an import are left out until it was signed off, which config
// says. Reviews of restrictions of contact are for those who may know of every case.
func (q *Queries) Tasks(ctx context.Context, within Scope, config *domain.Config) (TaskList, error) {
	l := TaskList{At: q.now(), Tasks: []Task{}}
	signedOff := make([]string, 0, len(config.ReconciledBatches()))
	for _, batch := range config.ReconciledBatches() {
		signedOff = append(signedOff, string(batch))
	}
	w := &where{
		sql:  "stands_from <= $1 and (stands_until is null or stands_until > $1) and (batch is null or batch = any($2))",
		args: []any{l.At, signedOff},
	}
	w.within(&within)
	err := q.pinned(ctx, func(tx pgx.Tx, at projections.Pinned) (err error) {
		l.Position = at.Position
		l.Tasks, err = list[Task](ctx, tx, `select name, stands_from as since, about, case_id, ref, service, officer
			from tasks join cases using (case_id) where `+w.sql+" order by stands_from, name, ref limit "+strconv.Itoa(mostTasks+1), w.args...)
		if err != nil {
			return err
		}
		others, err := q.tasksBeside(ctx, tx, within, l.At)
		l.Tasks = append(l.Tasks, others...)
		return err
	})
	slices.SortStableFunc(l.Tasks, func(a, b Task) int { return a.Since.Compare(b.Since) })
	if l.More = len(l.Tasks) > mostTasks; l.More {
		l.Tasks = l.Tasks[:mostTasks]
	}
	for i := range l.Tasks {
		l.Tasks[i].Since = l.Tasks[i].Since.UTC()
	}
	return l, err
}

// beside keeps what streams beside the cases lead to: learning actions, and persons of whom more was recorded than that
// they exist. They are few and short, and are read from the log when they have grown.
type beside struct {
	mu   sync.Mutex
	kept map[string]besides // by stream
}

// besides is what one stream led to at a revision.
type besides struct {
	revision uint64
	stands   bool // there is a task, or there will be
	task     domain.Task
	service  domain.Term // of a learning action
	owner    uuid.UUID   // of a learning action
}

// tasksBeside returns the tasks that stand open beside the cases.
func (q *Queries) tasksBeside(ctx context.Context, tx pgx.Tx, within Scope, at time.Time) ([]Task, error) {
	type grown struct {
		Stream   string `db:"stream"`
		Revision int64  `db:"revision"`
	}
	streams, err := list[grown](ctx, tx, `select stream, revision from streams
		where stream like 'learning-%' or stream like 'person-%' and revision > 0 order by stream`)
	if err != nil {
		return nil, err
	}
	q.beside.mu.Lock()
	defer q.beside.mu.Unlock()
	if q.beside.kept == nil {
		q.beside.kept = map[string]besides{}
	}
	var tasks []Task
	for _, s := range streams {
		kept, known := q.beside.kept[s.Stream]
		if !known || kept.revision < uint64(s.Revision) {
			if kept, err = q.readBeside(ctx, s.Stream); err != nil {
				return nil, err
			}
			q.beside.kept[s.Stream] = kept
		}
		if kept.stands && kept.task.StandsAt(at) && kept.within(within) {
			tasks = append(tasks, kept.row())
		}
	}
	return tasks, nil
}

// readBeside folds a stream as it stands in the log.
func (q *Queries) readBeside(ctx context.Context, stream string) (besides, error) {
	var b besides
	person, action := new(domain.Person), new(domain.LearningAction)
	learning := strings.HasPrefix(stream, "learning-")
	for r, err := range q.Store.Read(ctx, stream, 0) {
		if err == nil && learning {
			err = action.Apply(r.Recorded)
		} else if err == nil {
			err = person.Apply(r.Recorded)
		}
		if err != nil {
			return b, fmt.Errorf("tasks of %s: %w", stream, err)
		}
		b.revision = r.Revision
	}
	if b.task, b.stands = person.Task(); learning {
		b.task, b.stands = action.Task()
		b.service, b.owner = action.Service, action.Owner
	}
	return b, nil
}

// within reports whether a task beside the cases is for a reader: one of the service or of the reader's own, and of a
// person for who may know of every case.
func (b *besides) within(s Scope) bool {
	return s.All || b.service != "" && (slices.Contains(s.Services, b.service) || s.Assigned != nil && *s.Assigned == b.owner)
}

func (b *besides) row() Task {
	t := Task{Name: string(b.task.Name), Since: b.task.Since, About: b.task.About}
	if b.service != "" {
		service, owner := string(b.service), b.owner.String()
		t.Service, t.Officer = &service, &owner
	}
	return t
}
