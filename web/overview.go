package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"redress/domain"
	"redress/queries"
)

// overviewView is what the front page prints.
type overviewView struct {
	Frame    frame
	Notice   string
	Figures  []figure
	Filters  []filterField
	Listed   bool // the caller may see cases, not figures alone
	Works    bool // the caller may see the work list
	Filtered bool // some filter is set
	Caption  string
	Cases    []caseLine
	Empty    string // what is said where there is no case to list
	Newest   string // address of the first page; empty on it
	Next     string // address of the next page; empty on the last
}

// figure is one number at a glance.
type figure struct {
	Label string
	Value string
	Note  string
	Bad   bool // somebody must act
}

// filterField is one field of the filter form: a list to choose from, or a text where there are no options.
type filterField struct {
	Name, Label, Value string
	Options            []option
}

type option struct {
	Value, Text string
	Selected    bool
}

// caseLine is one case in the list.
type caseLine struct {
	Link, Ref, Received, Service, Category, Stage, Due string
	Status                                             tag
	DueTag                                             *tag // overdue; nil: not
}

// soonDays is how many working days ahead the front page looks for what is due.
const soonDays = 5

// pageSize is how many cases a page of the list shows.
const pageSize = 25

// overviewPage shows where the council stands, and the cases that the caller may know of. Who may see reports and no
// case gets the figures alone.
func (s *Server) overviewPage(w http.ResponseWriter, r *http.Request) error {
	within, err := s.reachOf(r, domain.ActionSeeHistory)
	listed := err == nil
	if refused, ok := errors.AsType[*domain.Rejection](err); ok && refused.Class == domain.Forbidden {
		within, err = s.reachOf(r, domain.ActionReport)
	}
	if err != nil {
		return err
	}
	config, err := s.Config(r.Context())
	if err != nil {
		return err
	}
	// The first moment after the fifth working day from today.
	soon := config.Calendar().AddWorkingDays(domain.DateOf(s.Now()), soonDays).AddDays(1).Midnight()
	counts, err := s.Queries.Overview(r.Context(), soon, within)
	if err != nil {
		return asRejection(err)
	}
	view := overviewView{Frame: s.frame(r, "Complaints"), Figures: figures(counts), Listed: listed, Works: listed && works(within)}
	view.Frame.AsOf = when(counts.At)
	if listed {
		if err := s.listInto(r, within, &view); err != nil {
			return err
		}
	}
	return page(w, http.StatusOK, "overview", view)
}

// listInto adds the page of cases that the query asks for.
func (s *Server) listInto(r *http.Request, within queries.Scope, view *overviewView) error {
	chosen, err := oneOfEach(r, "show", "service", "category", "ref", "after")
	if err != nil {
		return err
	}
	filter := queries.Filter{Service: chosen["service"], Category: chosen["category"], Ref: chosen["ref"], Within: &within}
	switch show := chosen["show"]; show {
	case "overdue":
		filter.Overdue = true
	case "open", "suspended", "closed":
		filter.Status = []string{show}
	}
	list, err := s.Queries.Cases(r.Context(), filter, queries.Page{After: chosen["after"], Size: pageSize})
	if err != nil {
		return asRejection(err)
	}
	view.Filters, view.Caption, view.Empty = filterFields(chosen), "Newest receipt first", "No case has been received yet."
	for _, c := range list.Cases {
		view.Cases = append(view.Cases, lineOf(c))
	}
	kept := url.Values{}
	for _, name := range []string{"show", "service", "category", "ref"} {
		if chosen[name] != "" {
			kept.Set(name, chosen[name])
		}
	}
	if view.Filtered = len(kept) > 0; view.Filtered {
		view.Empty = "No case matches."
	}
	if chosen["after"] != "" {
		view.Newest = "/?" + kept.Encode() + "#cases"
	}
	if list.Next != "" {
		kept.Set("after", list.Next)
		view.Next = "/?" + kept.Encode() + "#cases"
	}
	return nil
}

// figures are the numbers at a glance.
func figures(o queries.Overview) []figure {
	inTime := figure{Label: "Answered in time", Value: "n/a", Note: "nothing has been answered yet"}
	if o.Answered > 0 {
		tenths := (2000*o.InTime + o.Answered) / (2 * o.Answered) // half up
		inTime.Value = fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
		inTime.Note = grouped(o.InTime) + " of " + grouped(o.Answered)
	}
	return []figure{
		{Label: "Open", Value: grouped(o.Open)},
		{Label: fmt.Sprintf("Due within %d working days", soonDays), Value: grouped(o.DueSoon)},
		{Label: "Overdue", Value: grouped(o.Overdue), Bad: o.Overdue > 0},
		inTime,
	}
}

func filterFields(chosen map[string]string) []filterField {
	show := filterField{Name: "show", Label: "Status"}
	for _, o := range []option{
		{Value: "", Text: "All"},
		{Value: "open", Text: "Open"},
		{Value: "overdue", Text: "Overdue"},
		{Value: "suspended", Text: "Suspended"},
		{Value: "closed", Text: "Closed"},
	} {
		o.Selected = o.Value == chosen["show"]
		show.Options = append(show.Options, o)
	}
	return []filterField{
		show,
		{Name: "service", Label: "Service", Value: chosen["service"]},
		{Name: "category", Label: "Category", Value: chosen["category"]},
		{Name: "ref", Label: "Reference", Value: chosen["ref"]},
	}
}

func lineOf(c queries.CaseRow) caseLine {
	line := caseLine{
		Link: "/cases/" + url.PathEscape(c.Ref), Ref: c.Ref, Received: day(c.ReceivedAt), Service: c.Service,
		Category: c.Category, Stage: c.Stage, Status: statusTag(c.Status),
	}
	if c.Status != string(domain.StatusClosed) && c.DueOn != nil {
		line.Due = readable(*c.DueOn)
	}
	if c.Overdue {
		line.DueTag = &tag{"Overdue", "govuk-tag--red"}
	}
	return line
}

func statusTag(status string) tag {
	colour := map[string]string{"open": "govuk-tag--blue", "suspended": "govuk-tag--yellow", "closed": "govuk-tag--grey"}[status]
	return tag{words(status), colour}
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, digit := range text {
		if i > 0 && (len(text)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}
