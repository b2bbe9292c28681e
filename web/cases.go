package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/queries"
)

// caseFilters are the parameters by which a list of cases is narrowed. What is empty narrows nothing.
var caseFilters = []struct {
	name, doc string
	set       func(f *queries.Filter, text string) error
}{
	{"status", "open, suspended or closed", func(f *queries.Filter, text string) error {
		if !slices.Contains(domain.Status("").Values(), text) {
			return domain.BadValue("status", "open, suspended or closed")
		}
		f.Status = []string{text}
		return nil
	}},
	{"kind", "what sort of feedback it is", func(f *queries.Filter, text string) error { f.Kind = text; return nil }},
	{"service", "the service it is about", func(f *queries.Filter, text string) error { f.Service = text; return nil }},
	{"category", "what it is about", func(f *queries.Filter, text string) error { f.Category = text; return nil }},
	{"ward", "the ward of the place", func(f *queries.Filter, text string) error { f.Ward = text; return nil }},
	{"stage", "the stage it is at", func(f *queries.Filter, text string) error { f.Stage = text; return nil }},
	{"channel", "how it reached the council", func(f *queries.Filter, text string) error { f.Channel = text; return nil }},
	{"procedure", "ID or ID@VERSION", func(f *queries.Filter, text string) error { f.Procedure = text; return nil }},
	{"officer", "the id of who holds it", func(f *queries.Filter, text string) error { f.Officer = text; return nil }},
	{"ref", "a reference, or SOURCE:REF of an imported case", func(f *queries.Filter, text string) error { f.Ref = text; return nil }},
	{"due_before", "open, and its response is due before this moment (RFC 3339)", func(f *queries.Filter, text string) (err error) {
		if f.DueBefore, err = time.Parse(time.RFC3339, text); err != nil {
			return domain.BadValue("due_before", "a moment in RFC 3339")
		}
		return nil
	}},
	{"overdue", "true: the response is overdue now", func(f *queries.Filter, text string) error {
		overdue, err := strconv.ParseBool(text)
		if err != nil {
			return domain.BadValue("overdue", "true or false")
		}
		f.Overdue = overdue
		return nil
	}},
	{"received_from", "received on this London date or later", func(f *queries.Filter, text string) (err error) {
		f.ReceivedFrom, err = dateOf("received_from", text)
		return err
	}},
	{"received_to", "received before this London date", func(f *queries.Filter, text string) (err error) {
		f.ReceivedTo, err = dateOf("received_to", text)
		return err
	}},
}

type eventList struct {
	Events []queries.CaseEvent `json:"events"`
}

func (s *Server) caseRoutes() []route {
	listParams := []param{
		{"after", "query", schema{"type": "string"}, "the next of the page before"},
		{"size", "query", schema{"type": "integer", "minimum": 1, "maximum": 200}, "how many; 50 unless given"},
		waitFor,
	}
	for _, f := range caseFilters {
		listParams = append(listParams, param{f.name, "query", schema{"type": "string"}, f.doc})
	}
	date := schema{"type": "string", "format": "date"}
	return []route{
		{method: "GET", path: "/api/cases", id: "listCases", params: listParams, answer: queries.CaseList{}, handle: s.listCases, summary: "Cases, the newest receipt first"},
		{method: "GET", path: "/api/cases/{ref}", id: "case", params: []param{refParam, waitFor}, answer: queries.CaseDetail{}, handle: s.oneCase, summary: "One case with its clocks and events"},
		{method: "GET", path: "/api/cases/{ref}/events", id: "caseEvents", params: []param{refParam, waitFor}, answer: eventList{}, handle: s.caseEvents, summary: "The events of a case, in order"},
		{
			method: "GET", path: "/api/reports/performance", id: "performance", answer: queries.Performance{}, handle: s.performance, summary: "The performance report",
			params: []param{
				{"from", "query", date, "first London date of the period"},
				{"to", "query", date, "the London date after the period's last"},
				{"by", "query", schema{"type": "array", "items": schema{"type": "string"}}, "cuts"},
				{"as_at", "query", schema{"type": "string"}, "T, POSITION or T@POSITION: the report as of then"},
				{"format", "query", schema{"type": "string", "enum": []string{"json", "csv"}}, "json unless given"},
				waitFor,
			},
		},
		{
			method: "GET", path: "/api/erase/{subject}", id: "erasurePreview", answer: queries.Erasure{}, handle: s.previewErasure,
			summary: "What ErasePersonalData would make unreadable for ever",
			params:  []param{{"subject", "path", schema{"type": "string"}, "a person id, or a case as elsewhere"}},
		},
	}
}

// caseFilter reads the parameters of a list of cases.
func caseFilter(query map[string]string) (queries.Filter, error) {
	var f queries.Filter
	for _, known := range caseFilters {
		if text := query[known.name]; text != "" {
			if err := known.set(&f, text); err != nil {
				return f, err
			}
		}
	}
	return f, nil
}

func (s *Server) listCases(w http.ResponseWriter, r *http.Request) error {
	within, err := s.reachOf(r, domain.ActionSeeHistory)
	if err != nil {
		return err
	}
	names := []string{"after", "size", "wait"}
	for _, f := range caseFilters {
		names = append(names, f.name)
	}
	query, err := onlyThese(r, names...)
	if err != nil {
		return err
	}
	filter, err := caseFilter(query)
	if err != nil {
		return err
	}
	filter.Within = &within
	page := queries.Page{After: query["after"]}
	if text := query["size"]; text != "" {
		if page.Size, err = strconv.Atoi(text); err != nil || page.Size < 1 {
			return domain.BadValue("size", "1 to 200")
		}
	}
	if err := s.await(r, query["wait"]); err != nil {
		return err
	}
	list, err := s.Queries.Cases(r.Context(), filter, page)
	if err != nil {
		return asRejection(err)
	}
	return answer(w, http.StatusOK, list)
}

func (s *Server) oneCase(w http.ResponseWriter, r *http.Request) error {
	detail, err := s.visibleCase(r)
	if err != nil {
		return err
	}
	if detail.Events, err = s.veiled(r, detail.Events); err != nil {
		return err
	}
	w.Header().Set("ETag", strconv.Quote(strconv.FormatInt(detail.Revision, 10)))
	return answer(w, http.StatusOK, detail)
}

func (s *Server) caseEvents(w http.ResponseWriter, r *http.Request) error {
	detail, err := s.visibleCase(r)
	if err != nil {
		return err
	}
	events, err := s.veiled(r, detail.Events)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, eventList{events})
}

// visibleCase returns the case that a request names, when the caller may know of it. One that they may not know of and
// one that is not there have the same answer.
func (s *Server) visibleCase(r *http.Request) (*queries.CaseDetail, error) {
	within, err := s.reachOf(r, domain.ActionSeeHistory)
	if refused, ok := errors.AsType[*domain.Rejection](err); ok && refused.Class == domain.Forbidden {
		return nil, errNoCase() // who may see no case may not know of this one
	}
	if err != nil {
		return nil, err
	}
	query, err := onlyThese(r, "wait")
	if err != nil {
		return nil, err
	}
	if err := s.await(r, query["wait"]); err != nil {
		return nil, err
	}
	ref := r.PathValue("ref")
	if err := s.Queries.Knows(r.Context(), ref, within); err != nil {
		return nil, asRejection(err)
	}
	detail, err := s.Queries.Case(r.Context(), ref)
	if err != nil {
		return nil, asRejection(err)
	}
	return detail, nil
}

// veiled takes every ciphertext out of events and says in its place whether it is sealed or, its key gone, erased.
func (s *Server) veiled(r *http.Request, events []queries.CaseEvent) ([]queries.CaseEvent, error) {
	gone, err := s.destroyed(r, events)
	if err != nil {
		return nil, err
	}
	for i := range events {
		if events[i].Data, err = veil(events[i].Data, gone); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// destroyed says which of the keys that seal anything in the events were destroyed.
func (s *Server) destroyed(r *http.Request, events []queries.CaseEvent) (map[uuid.UUID]bool, error) {
	var keys []uuid.UUID
	for _, e := range events {
		found, err := sealingKeys(e.Data)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	if keys == nil {
		return nil, nil
	}
	return s.Queries.Destroyed(r.Context(), keys)
}
