package projections

import (
	_ "embed"

	"redress/domain"
)

//go:embed tasks.sql
var tasksSQL string

// tasks has one row for each task that a case leads to if nothing more happens, with the time in which it stands open. The
// moment of asking says which stand now.
var tasks = &Model{
	Name: "tasks", Version: 1, SQL: tasksSQL, Columns: columns(tasksSQL),
	Key:  []string{"case_id", "n"},
	Rows: taskRows,
}

func taskRows(v View) ([]Row, error) {
	c := v.Case
	var batch any
	if c.Imported != nil {
		batch = string(c.Imported.Batch)
	}
	var rows []Row
	for _, t := range domain.CaseTasks(c, v.Procedure, v.Calendar, v.Clocks, v.Settings) {
		rows = append(rows, Row{
			v.Tenant, c.ID, int64(len(rows)), int64(c.Revision), string(t.Name), t.About, instant(t.Since), instant(t.Until), batch,
		})
	}
	return rows, nil
}
