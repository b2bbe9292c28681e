package projections

import (
	_ "embed"
	"slices"

	"redress/domain"
)

//go:embed cases.sql
var casesSQL string

// cases has one row for each case.
var cases = &Model{
	Name: "cases", Version: 3, SQL: casesSQL, Columns: columns(casesSQL),
	Key:  []string{"case_id"},
	Rows: caseRow,
}

// issueEntry is an issue as the table has it, without its sealed text.
type issueEntry struct {
	ID       string `json:"issue_id"`
	Category string `json:"category"`
	Finding  string `json:"finding,omitzero"`
}

func caseRow(v View) ([]Row, error) {
	c := v.Case
	flags, err := document(names(c.Flags))
	if err != nil {
		return nil, err
	}
	parties, err := document(partiesOf(c))
	if err != nil {
		return nil, err
	}
	issues, err := document(issuesOf(c))
	if err != nil {
		return nil, err
	}
	var system, ref any
	if c.Imported != nil {
		system, ref = string(c.Imported.SourceSystem), string(c.Imported.SourceRef)
	}
	row := Row{
		v.Tenant, c.ID, int64(c.Revision), int64(v.Position), c.Ref, system, ref,
		string(c.Kind), string(c.Channel), string(c.Service), string(c.Category), ward(c), c.Procedure(), string(c.ProcedureID),
		string(c.Status), string(c.Stage), string(c.Step), textOrNull(c.ClosedReason), idOrNull(c.Officer),
		counted(c), c.Imported != nil, instant(c.ReceivedAt), dayOf(c.ReceivedAt), instant(c.RecordedAt), instant(c.LastRecorded),
		instant(c.WithdrawnAt), dayOf(c.WithdrawnAt), instant(c.ClosedAt),
		ranges(slices.Clone(v.Spans.Open)), ranges(slices.Clone(v.Spans.Suspended)),
	}
	row = append(row, answered(v)...)
	row = append(row, due(v)...)
	return []Row{append(row, inTime(v), raiseBy(v), flags, parties, issues, v.Calendar.Version())}, nil
}

// answered is outcome and responded_at of the last answered stage.
func answered(v View) Row {
	for _, s := range slices.Backward(v.Case.Stages) {
		if !s.RespondedAt.IsZero() {
			return Row{textOrNull(s.Outcome), instant(s.RespondedAt)}
		}
	}
	return Row{nil, nil}
}

// due is due_clock to due_instant: the response clock that runs and is due first.
func due(v View) Row {
	var first *domain.Clock
	for i := range v.Clocks {
		k := &v.Clocks[i]
		state := Standing(k)
		if !v.answers(k) || state != domain.ClockRunning && state != domain.ClockPaused {
			continue
		}
		if first == nil || first.DueInstant.IsZero() || !k.DueInstant.IsZero() && k.DueInstant.Before(first.DueInstant) {
			first = k
		}
	}
	if first == nil {
		return Row{nil, nil, nil}
	}
	return Row{first.ID, day(first.Due), instant(first.DueInstant)}
}

// inTime reports whether every response clock that was judged was met, nil when none was.
func inTime(v View) any {
	judged, met := false, true
	for i := range v.Clocks {
		k := &v.Clocks[i]
		if state := Standing(k); v.answers(k) && (state == domain.ClockMet || state == domain.ClockMissed) {
			judged, met = true, met && state == domain.ClockMet
		}
	}
	if !judged {
		return nil
	}
	return met
}

// raiseBy is the last day on which the matter could be raised in time, nil where nothing is known of when it was or the
// procedure sets no limit.
func raiseBy(v View) any {
	limit, err := domain.TimeLimit(v.Procedure, v.Calendar, v.Case.MatterOccurredOn, v.Case.MatterKnownOn)
	if err != nil {
		return nil // beyond the calendar nothing is guessed
	}
	return day(limit.Date)
}

// partiesOf returns the ids of the persons whose own case it is, each once: who else is in it does not see it for that.
func partiesOf(c *domain.Case) []string {
	ids := []string{}
	for _, party := range c.Parties {
		if id := party.Person.String(); c.Party(party.Person) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// issuesOf returns the issues, each with its last finding.
func issuesOf(c *domain.Case) []issueEntry {
	list := make([]issueEntry, 0, len(c.Issues))
	for _, issue := range c.Issues {
		entry := issueEntry{ID: string(issue.ID), Category: string(issue.Category)}
		for i := range c.Stages {
			if found := c.Stages[i].Finding(issue.ID); found != nil {
				entry.Finding = string(found.Finding)
			}
		}
		list = append(list, entry)
	}
	return list
}
