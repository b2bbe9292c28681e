package projections

import (
	_ "embed"
	"time"

	"redress/domain"
)

//go:embed facts.sql
var factsSQL string

// facts has one row for each entry of a case into a stage: what the reports count.
var facts = &Model{
	Name: "facts", Version: 2, SQL: factsSQL, Columns: columns(factsSQL),
	Key:  []string{"case_id", "instance"},
	Rows: factRows,
}

func factRows(v View) ([]Row, error) {
	c := v.Case
	entries := map[domain.Label]int{}
	for i := range c.Stages {
		entries[c.Stages[i].Stage]++
	}
	seen := map[domain.Label]int{}
	rows := make([]Row, 0, len(c.Stages))
	for i := range c.Stages {
		s := &c.Stages[i]
		n := seen[s.Stage]
		seen[s.Stage]++
		rule := v.stage(s.Stage)
		if rule == nil {
			continue // an ombudsman is no stage of the procedure
		}
		row := Row{
			v.Tenant, c.ID, int64(c.Revision), int32(i), string(s.Stage), !rule.Informal(),
			v.Procedure.After(string(s.Stage)) != nil, !s.EnteredAt.IsZero(),
			string(c.Service), string(c.Category), ward(c), string(c.Channel), string(c.Kind), c.Procedure(),
			counted(c), c.Imported != nil, dayOf(c.ReceivedAt), instant(s.EnteredAt), dayOf(s.EnteredAt),
			idOrNull(s.Officer), textOrNull(s.Team),
		}
		row = append(row, acknowledgement(s, v.clock(s.Stage, n, entries[s.Stage], v.acknowledges))...)
		answer := v.clock(s.Stage, n, entries[s.Stage], v.answers)
		row = append(row, response(c, s, answer)...)
		row = append(row, extension(c, s, answer)...)
		row = append(row, duration(c, s, answer)...)
		rows = append(rows, append(row, escalation(v, i)...))
	}
	return rows, nil
}

// acknowledgement is ack_at to ack_due.
func acknowledgement(s *domain.StageRecord, k *domain.Clock) Row {
	if k == nil {
		return Row{instant(s.AckAt), nil, nil, nil}
	}
	return Row{instant(s.AckAt), string(Standing(k)), day(k.Due), instant(k.DueInstant)}
}

// response is responded_at to ended_at.
func response(c *domain.Case, s *domain.StageRecord, k *domain.Clock) Row {
	row := Row{instant(s.RespondedAt), dayOf(s.RespondedAt), textOrNull(s.Outcome)}
	if k == nil {
		return append(row, nil, nil, nil, nil, nil, nil)
	}
	return append(row, string(Standing(k)), day(k.Due), instant(k.DueInstant),
		day(k.OriginalDue), instant(k.OriginalInstant), instant(k.StoppedAt))
}

// extension is extended and extension_code.
func extension(c *domain.Case, s *domain.StageRecord, k *domain.Clock) Row {
	if k == nil || k.Extended == 0 {
		return Row{false, nil}
	}
	for i := range c.Extensions {
		if e := &c.Extensions[i]; string(e.Clock) == k.ID && !e.NotifiedAt.Before(s.EnteredAt) {
			return Row{true, textOrNull(e.ReasonCode)}
		}
	}
	return Row{true, nil}
}

// duration is days_used and days_in_all, both to the response.
func duration(c *domain.Case, s *domain.StageRecord, k *domain.Clock) Row {
	if s.RespondedAt.IsZero() {
		return Row{nil, nil}
	}
	var used any
	if k != nil && k.StoppedAt.Equal(s.RespondedAt) {
		used = daysUsed(k)
	}
	return Row{used, int32(domain.DateOf(s.RespondedAt) - domain.DateOf(c.ReceivedAt))}
}

// escalation is escalated_at and escalation_days: when the next stage was asked for, at
// or after the answer.
func escalation(v View, i int) Row {
	s := &v.Case.Stages[i]
	at := nextAskedFor(v.Case, i)
	if s.RespondedAt.IsZero() || at.IsZero() || at.Before(s.RespondedAt) {
		return Row{nil, nil}
	}
	days := v.Calendar.WorkingDaysBetween(domain.DateOf(s.RespondedAt), domain.DateOf(at))
	return Row{instant(at), int32(days)}
}

// nextAskedFor returns when the stage after the i-th was entered by escalation, zero when
// none was.
func nextAskedFor(c *domain.Case, i int) (at time.Time) {
	if i+1 < len(c.Stages) && c.Stages[i+1].Ground != "" {
		return c.Stages[i+1].EnteredAt
	}
	return at
}
