package web

import (
	"net/http"
	"net/url"

	"redress/domain"
	"redress/queries"
)

func (s *Server) taskRoutes() []route {
	return []route{
		{method: "GET", path: "/tasks", handle: s.tasksPage},
		{
			method: "GET", path: "/api/tasks", id: "tasks", params: []param{waitFor}, answer: queries.TaskList{}, handle: s.listTasks,
			summary: "What stands open for somebody to look at, the oldest first",
		},
	}
}

// tasksView is what the page of the work list prints.
type tasksView struct {
	Frame frame
	Tasks []taskLine
	More  bool
}

// taskLine is one task.
type taskLine struct {
	Name, Since, About, Link, Ref, Service, Officer string
}

// tasksFor returns the tasks that the caller may know of. A complainant's own case is no work of theirs.
func (s *Server) tasksFor(r *http.Request) (queries.TaskList, error) {
	within, err := s.reachOf(r, domain.ActionSeeHistory)
	if err != nil {
		return queries.TaskList{}, err
	}
	if within.Party = nil; !works(within) {
		return queries.TaskList{}, domain.Reject(domain.NotPermitted, "none of the actor's roles may do this")
	}
	query, err := onlyThese(r, "wait")
	if err != nil {
		return queries.TaskList{}, err
	}
	if err := s.await(r, query["wait"]); err != nil {
		return queries.TaskList{}, err
	}
	config, err := s.Config(r.Context())
	if err != nil {
		return queries.TaskList{}, err
	}
	list, err := s.Queries.Tasks(r.Context(), within, config)
	return list, asRejection(err)
}

// works reports whether a reader has to do with anybody's case but their own.
func works(within queries.Scope) bool {
	return within.All || within.Services != nil || within.Assigned != nil
}

func (s *Server) listTasks(w http.ResponseWriter, r *http.Request) error {
	list, err := s.tasksFor(r)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, list)
}

// tasksPage shows the work list.
func (s *Server) tasksPage(w http.ResponseWriter, r *http.Request) error {
	list, err := s.tasksFor(r)
	if err != nil {
		return err
	}
	view := tasksView{Frame: s.frame(r, "Work list"), More: list.More}
	view.Frame.AsOf = when(list.At)
	for _, t := range list.Tasks {
		line := taskLine{Name: words(t.Name), Since: when(t.Since), About: t.About}
		if t.Ref != nil {
			line.Ref, line.Link = *t.Ref, "/cases/"+url.PathEscape(*t.Ref)
		}
		if t.Service != nil {
			line.Service = *t.Service
		}
		if t.Officer != nil {
			line.Officer = *t.Officer
		}
		view.Tasks = append(view.Tasks, line)
	}
	return page(w, http.StatusOK, "tasks", view)
}
