package projections

import (
	_ "embed"
)

//go:embed timeline.sql
var timelineSQL string

// timeline has one row for each event of a case.
var timeline = &Model{
	Name: "timeline", Version: 2, SQL: timelineSQL, Columns: columns(timelineSQL),
	Key:  []string{"case_id", "revision"},
	Adds: timelineRow,
}

func timelineRow(c Change) ([]Row, error) {
	changed, err := c.Before.document(c.After)
	if err != nil {
		return nil, err
	}
	m := &c.Record.Meta
	return []Row{{
		c.Tenant, c.CaseID, int64(c.Record.Revision), int64(c.Record.Position), c.Record.ID,
		c.Record.Type, int32(m.SchemaVersion), instant(m.OccurredAt), instant(m.RecordedAt),
		m.ActorID, m.ActorRole, textOrNull(m.OnBehalfOf), string(m.WayIn),
		c.After.text("stage"), c.After.text("status"), changed, c.Record.Data,
	}}, nil
}
