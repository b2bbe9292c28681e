package domain

import (
	"time"

	"github.com/google/uuid"
)

// RoleGranted records that somebody holds roles from a moment on.
type RoleGranted struct {
	ActorID  uuid.UUID  `json:"actor_id" rule:"required" doc:"the person"`
	Roles    []Role     `json:"roles" rule:"required" doc:"the roles"`
	Service  Term       `json:"service,omitzero" doc:"the service in which; left out = all"`
	Grade    int        `json:"grade,omitzero" doc:"the person's grade"`
	From     time.Time  `json:"from" rule:"required" doc:"from when"`
	Until    time.Time  `json:"until,omitzero" doc:"until when, exclusive; left out = without end"`
	Approver *uuid.UUID `json:"approver,omitzero" doc:"the monitoring officer who approved it"`
}

// Schema names the event.
func (RoleGranted) Schema() (string, int) { return "RoleGranted", 1 }

func (e RoleGranted) adopt(c *Config) error {
	actor := e.ActorID.String()
	for _, role := range e.Roles {
		c.monitored = c.monitored || role == RoleMonitoring
		c.grants[actor] = append(c.grants[actor], granted{
			HeldRole: HeldRole{Role: role, Service: e.Service, Grade: e.Grade}, from: e.From, until: e.Until,
		})
	}
	return nil
}

// RoleRevoked records that somebody ceases to hold roles.
type RoleRevoked struct {
	ActorID  uuid.UUID  `json:"actor_id" rule:"required" doc:"the person"`
	Roles    []Role     `json:"roles" rule:"required" doc:"the roles"`
	From     time.Time  `json:"from" rule:"required" doc:"from when they are no longer held"`
	Approver *uuid.UUID `json:"approver,omitzero" doc:"the monitoring officer who approved it"`
}

// Schema names the event.
func (RoleRevoked) Schema() (string, int) { return "RoleRevoked", 1 }

func (e RoleRevoked) adopt(c *Config) error {
	held := c.grants[e.ActorID.String()]
	for i := range held {
		for _, role := range e.Roles {
			if held[i].Role == role && (held[i].until.IsZero() || e.From.Before(held[i].until)) {
				held[i].until = e.From
			}
		}
	}
	return nil
}
