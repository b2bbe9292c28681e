package projections

import (
	_ "embed"

	"redress/domain"
)

//go:embed clocks.sql
var clocksSQL string

// clocks has one row for each clock of a case.
var clocks = &Model{
	Name: "clocks", Version: 1, SQL: clocksSQL, Columns: columns(clocksSQL),
	Key:  []string{"case_id", "clock", "instance"},
	Rows: clockRows,
}

func clockRows(v View) ([]Row, error) {
	c := v.Case
	rows := make([]Row, 0, len(v.Clocks))
	instances := map[string]int32{}
	for i := range v.Clocks {
		k := &v.Clocks[i]
		var actor any
		if rule := v.rule(k); rule != nil {
			actor = textOrNull(rule.Actor)
		}
		stage := k.Stage
		if stage == "" {
			stage = "all"
		}
		rows = append(rows, Row{
			v.Tenant, c.ID, int64(c.Revision), k.ID, instances[k.ID], stage, k.Class, k.Basis, actor, v.answers(k),
			string(Standing(k)), textOrNull(k.AtDue), instant(k.StartedAt), day(k.Due), instant(k.DueInstant),
			day(k.OriginalDue), instant(k.OriginalInstant), instant(k.StoppedAt), k.Extended > 0, daysUsed(k),
			string(c.Service), string(c.Category), ward(c), string(c.Channel), string(c.Kind), c.Procedure(),
			counted(c), c.Imported != nil, k.Calendar,
		})
		instances[k.ID]++
	}
	return rows, nil
}

// daysUsed returns the counted days from a clock's start to its stop, nil where either is
// missing.
func daysUsed(k *domain.Clock) any {
	if k.StartedAt.IsZero() || k.StoppedAt.IsZero() || k.Assumed {
		return nil
	}
	return int32(k.WorkingDays)
}
