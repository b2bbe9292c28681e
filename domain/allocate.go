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
	c.moment("Allocated", e.Stage, e.AllocatedAt)
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

// DecideAllocateCase answers with [Allocated]. Who takes over from another needs a reason, and keeps to the same rules.
// Rejects with OFFICER_SUBJECT, OFFICER_NOT_DIFFERENT, OFFICER_NOT_SENIOR, OFFICER_SERVICE.
func DecideAllocateCase(ctx Context, e Allocated) ([]Event, error) {
	p, stage, record, err := atStage(ctx, e.Stage)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{After: record.EnteredAt}, e.AllocatedAt); err != nil {
		return nil, err
	}
	if err := known(ctx, "officer_id", &e.OfficerID); err != nil {
		return nil, err
	}
	if err := known(ctx, "delegate_of", e.DelegateOf); err != nil {
		return nil, err
	}
	if e.OfficerGrade != ctx.Config.Grant(e.OfficerID.String(), ctx.Now).Grade() {
		return nil, BadValue("officer_grade", "the grade that the officer has been granted")
	}
	if record.Officer != nil && e.Reason.IsZero() {
		return nil, MissingField("reason", "why another officer takes over")
	}
	if err := listed("team", e.Team, ctx.Config.Settings.Codes.Team); err != nil {
		return nil, err
	}
	if err := checkOfficer(ctx, p, stage, Officer{ID: e.OfficerID, Grade: e.OfficerGrade}); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}
