package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"redress/queries"
)

// caseView is what the page of one case prints.
type caseView struct {
	Frame  frame
	Notice string
	Kind   string
	Ref    string
	Status tag
	Facts  []fact
	Clocks []clockLine
	Events []eventLine
}

// fact is one line of the summary.
type fact struct{ Label, Value string }

// clockLine is one clock of the case.
type clockLine struct {
	Name, Class, Due, Stopped string
	State                     tag
}

// eventLine is one event of the case.
type eventLine struct {
	Revision                                   uint64
	Type, Occurred, Recorded, Role, Actor, For string
	Fields                                     []fieldLine
}

// fieldLine is one field of an event. What is sealed shows as that word.
type fieldLine struct {
	Label, Value string
	Sealed       bool
}

// casePage shows one case with its clocks and everything that was recorded of it.
func (s *Server) casePage(w http.ResponseWriter, r *http.Request) error {
	detail, err := s.visibleCase(r)
	if err != nil {
		return err
	}
	gone, err := s.destroyed(r, detail.Events)
	if err != nil {
		return err
	}
	view := caseView{
		Frame: s.frame(r, detail.Ref), Kind: words(detail.Kind), Ref: detail.Ref, Status: statusTag(detail.Status),
		Facts: factsOf(&detail.CaseRow, detail.Flags),
	}
	if detail.Parked {
		view.Notice = "A later event of this case could not be read into this page. The log has it; the operator has been told."
	}
	for _, c := range detail.Clocks {
		view.Clocks = append(view.Clocks, clockOf(c))
	}
	for _, e := range detail.Events {
		line, err := eventOf(e, gone)
		if err != nil {
			return err
		}
		view.Events = append(view.Events, line)
	}
	return page(w, http.StatusOK, "case", view)
}

// factsOf is the summary; what is not known is left out.
func factsOf(c *queries.CaseRow, flags []string) []fact {
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	instant := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return when(*t)
	}
	late := ""
	if c.Late {
		late = ", and came later"
	}
	source := ""
	if c.SourceSystem != nil {
		source = *c.SourceSystem + ":" + text(c.SourceRef)
	}
	shown := make([]string, len(flags))
	for i, flag := range flags {
		shown[i] = words(flag)
	}
	var facts []fact
	for _, f := range []fact{
		{"Received", when(c.ReceivedAt)},
		{"Could be raised in time until", readable(text(c.TimeLimit)) + late},
		{"Stage", c.Stage},
		{"Step", words(c.Step)},
		{"Closed", instant(c.ClosedAt)},
		{"Closed because", words(text(c.ClosedReason))},
		{"Outcome", words(text(c.Outcome))},
		{"Response due", readable(text(c.DueOn))},
		{"Service", c.Service},
		{"Category", c.Category},
		{"Ward", c.Ward},
		{"Channel", words(c.Channel)},
		{"Procedure", c.Procedure},
		{"Officer", text(c.Officer)},
		{"Flags", strings.Join(shown, ", ")},
		{"Imported from", source},
		{"Case id", c.ID.String()},
	} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// clockColours has the colour of each state of a clock; the word beside it says the same.
var clockColours = map[string]string{
	"running": "govuk-tag--blue", "paused": "govuk-tag--yellow", "met": "govuk-tag--green", "missed": "govuk-tag--red",
	"overdue": "govuk-tag--red",
}

func clockOf(c queries.CaseClock) clockLine {
	line := clockLine{Name: c.ID, Class: words(c.Class), State: tag{words(c.State), "govuk-tag--grey"}}
	if colour, ok := clockColours[c.State]; ok {
		line.State.Colour = colour
	}
	if c.Due != nil {
		line.Due = readable(*c.Due)
	}
	if c.Extended {
		line.Due += " (extended)"
	}
	if c.StoppedAt != nil {
		line.Stopped = when(*c.StoppedAt)
	}
	return line
}

func eventOf(e queries.CaseEvent, gone map[uuid.UUID]bool) (eventLine, error) {
	fields, err := fieldLines(e.Type, e.Data, gone)
	if err != nil {
		return eventLine{}, err
	}
	line := eventLine{
		Revision: uint64(e.Revision), Type: words(e.Type), Occurred: when(e.OccurredAt), Recorded: when(e.RecordedAt),
		Role: words(e.ActorRole), Actor: e.Actor, Fields: fields,
	}
	if e.OnBehalfOf != nil {
		line.For = *e.OnBehalfOf
	}
	return line, nil
}
