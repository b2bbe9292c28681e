package queries_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/projections/readtest"
	"redress/queries"
)

// The work list is what the domain says of every case, person and learning action as their streams stand.
func TestTasks(t *testing.T) {
	c := readtest.New(t)
	c.Histories(5, 60)
	long := now.AddDate(0, -3, 0)
	pat, owner, rested, imported := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	open := func(id uuid.UUID, ref string, first ...domain.Event) {
		for _, e := range append(first, readtest.Received(ref, long)) {
			c.Append(domain.CaseStream(id), long, e)
		}
	}
	open(rested, "RD-2025-900001")
	c.Append(domain.CaseStream(rested), long, domain.Suspended{
		Scope: domain.ExtentCase, Ground: "safeguarding", FromOn: domain.DateOf(long), ReviewOn: domain.DateOf(now), NotifiedAt: long,
	})
	open(imported, "RD-2025-900002", domain.Imported{Batch: "b1", SourceSystem: "civica", SourceRef: "1"})
	c.Append(domain.CaseStream(imported), long, domain.ConsentRequested{Subject: pat, Scope: domain.ScopeOnBehalf, Form: "written", SentAt: long})
	c.Append(domain.PersonStream(pat), long, domain.PersonRecorded{PersonID: pat})
	c.Append(domain.PersonStream(pat), long, domain.ContactRestricted{PersonID: pat, ReviewOn: domain.DateOf(now.AddDate(0, 0, -1)), NotifiedAt: long})
	for i, due := range []domain.Date{domain.DateOf(now), domain.DateOf(now).AddDays(1)} {
		action := uuid.NewSHA1(owner, []byte{byte(i)})
		c.Append(domain.LearningStream(action), long, domain.LearningActionRaised{ActionID: action, OwnerID: owner, Service: "housing", DueOn: due})
	}
	c.Run()
	q := &queries.Queries{Pool: c.Pool, Store: c.Store, Tenant: readtest.Tenant, Now: func() time.Time { return now }}

	tasks := func(within queries.Scope) (queries.TaskList, []string) {
		t.Helper()
		if _, err := q.WaitForEnd(t.Context(), patience); err != nil {
			t.Fatal(err)
		}
		config, cases, beside := folded(t, c)
		var want []string
		for _, stream := range cases {
			for _, task := range domain.Tasks(stream, nil, nil, config, now) {
				want = append(want, stream.Ref+" "+string(task.Name)+" "+task.About+" "+task.Since.String())
			}
		}
		for _, task := range beside {
			if task.StandsAt(now) {
				want = append(want, " "+string(task.Name)+" "+task.About+" "+task.Since.String())
			}
		}
		slices.Sort(want)
		list, err := q.Tasks(t.Context(), within, config)
		if err != nil {
			t.Fatal(err)
		}
		return list, want
	}
	said := func(list queries.TaskList) (got []string) {
		for _, task := range list.Tasks {
			ref := ""
			if task.Ref != nil {
				ref = *task.Ref
			}
			got = append(got, ref+" "+task.Name+" "+task.About+" "+task.Since.String())
		}
		slices.Sort(got)
		return got
	}
	list, want := tasks(queries.Scope{All: true})
	if got := said(list); !slices.Equal(got, want) || list.More {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, name := range []domain.TaskName{domain.TaskRemedyDue, domain.TaskSuspensionReview, domain.TaskRestrictionReview, domain.TaskLearningDue} {
		if !slices.ContainsFunc(list.Tasks, func(task queries.Task) bool { return task.Name == string(name) }) {
			t.Errorf("nothing in this history leads to %s", name)
		}
	}
	if !slices.IsSortedFunc(list.Tasks, func(a, b queries.Task) int { return cmp.Compare(a.Since.UnixNano(), b.Since.UnixNano()) }) {
		t.Error("the oldest are not first")
	}

	// The import is signed off, the restriction lifted and the rest ended.
	c.Append(domain.ConfigStream(readtest.Tenant), now, domain.ImportReconciled{Batch: "b1", SignedAt: now})
	c.Append(domain.PersonStream(pat), now, domain.ContactRestrictionReviewed{PersonID: pat, Outcome: domain.RestrictionLifted})
	c.Append(domain.CaseStream(rested), now, domain.Resumed{On: domain.DateOf(now), RequestedBy: "council"})
	list, want = tasks(queries.Scope{All: true})
	if got := said(list); !slices.Equal(got, want) || !slices.ContainsFunc(want, func(s string) bool { return strings.HasPrefix(s, "RD-2025-900002 consent_overdue") }) {
		t.Errorf("after that got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	list, _ = tasks(queries.Scope{Assigned: &owner})
	if len(list.Tasks) != 1 || list.Tasks[0].Name != "learning_due" || *list.Tasks[0].Officer != owner.String() {
		t.Errorf("the owner of a learning action is shown %+v", list.Tasks)
	}
	if list, _ = tasks(queries.Scope{}); len(list.Tasks) > 0 {
		t.Errorf("who may see nothing is shown %+v", list.Tasks)
	}
}

// folded folds the whole log: the config, the cases, and what stands or will stand beside them.
func folded(t *testing.T, c *readtest.Council) (*domain.Config, map[string]*domain.Case, []domain.Task) {
	t.Helper()
	config, cases := domain.NewConfig(), map[string]*domain.Case{}
	people, actions := map[string]*domain.Person{}, map[string]*domain.LearningAction{}
	for r, err := range c.Store.ReadAll(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		switch kind, _, _ := strings.Cut(r.Stream, "-"); kind {
		case "config":
			err = config.Apply(r.Recorded)
		case "complaint":
			err = into(cases, r.Stream).Apply(r.Recorded)
		case "person":
			err = into(people, r.Stream).Apply(r.Recorded)
		case "learning":
			err = into(actions, r.Stream).Apply(r.Recorded)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var tasks []domain.Task
	for _, person := range people {
		if task, ok := person.Task(); ok {
			tasks = append(tasks, task)
		}
	}
	for _, action := range actions {
		if task, ok := action.Task(); ok {
			tasks = append(tasks, task)
		}
	}
	return config, cases, tasks
}

// into returns what stands under a key, made where there is nothing.
func into[T any](all map[string]*T, key string) *T {
	if all[key] == nil {
		all[key] = new(T)
	}
	return all[key]
}
