package domain

import (
	"time"

	"github.com/google/uuid"
)

// Allocated records who deals with a stage. The first of a stage counts for its clocks; a later one replaces the officer.
type Allocated struct {
	Stage        Label      `json:"stage" rule:"required" doc:"the stage that is allocated"`
	AllocatedAt  time.Time  `json:"allocated_at" rule:"required" doc:"when"`
	Team         Term       `json:"team" rule:"required" doc:"the team"`
	OfficerID    uuid.UUID  `json:"officer_id" rule:"required" doc:"the officer"`
	OfficerGrade int        `json:"officer_grade" rule:"required" doc:"the officer's grade at that time, as granted"`
	DelegateOf   *uuid.UUID `json:"delegate_of,omitzero" doc:"for whom the officer stands in"`
	Reason       Personal   `json:"reason,omitzero" doc:"why another officer takes over; required then"`
}

// Schema names the event.
func (Allocated) Schema() (string, int) { return "Allocated", 1 }

// When returns the moment of allocation.
func (e Allocated) When() time.Time { return e.AllocatedAt }

func (e Allocated) happen(c *Case, _ *Metadata) {
	s := c.instance(e.Stage)
	if s.AllocatedAt.IsZero() {
		s.AllocatedAt = e.AllocatedAt
	}
	officer := e.OfficerID
	s.Officer, s.Grade, s.Team = &officer, e.OfficerGrade, e.Team
	s.Allocated = append(s.Allocated, Officer{ID: officer, Grade: e.OfficerGrade})
	if e.Stage == c.Stage {
		c.advance(StepAllocated)
	}
}
