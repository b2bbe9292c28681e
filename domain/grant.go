package domain

import (
	"fmt"
	"slices"
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

func (e RoleGranted) adopt(c *Config, _ time.Time) error {
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

func (e RoleRevoked) adopt(c *Config, _ time.Time) error {
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

// DecideGrantRole answers with [RoleGranted]. Until a monitoring officer has been granted, the operator needs no approver;
// the handler marks such an event bootstrap, see [BootstrapGrant]. Afterwards, and for everybody else, a monitoring
// officer other than who acts has to approve. Roles that may not meet in one person are BAD_VALUE.
func DecideGrantRole(ctx Context, e RoleGranted) ([]Event, error) {
	if err := known(ctx, "actor_id", &e.ActorID); err != nil {
		return nil, err
	}
	if len(e.Roles) == 0 {
		return nil, BadValue("roles", "at least one role")
	}
	if e.From.IsZero() {
		e.From = ctx.Now
	}
	if !e.Until.IsZero() && !e.Until.After(e.From) {
		return nil, BadValue("until", "a moment after from")
	}
	if e.Grade < 0 {
		return nil, BadValue("grade", "a grade that is not negative")
	}
	if err := listed("service", e.Service, ctx.Config.Settings.Codes.Service); err != nil {
		return nil, err
	}
	together := slices.Clone(e.Roles)
	for _, held := range ctx.Config.Grant(e.ActorID.String(), e.From).Held {
		together = append(together, held.Role)
	}
	if a, b, clash := incompatible(together); clash {
		return nil, BadValue("roles", fmt.Sprintf("roles that one person may hold together: not %s and %s", a, b))
	}
	if err := checkGrantApprover(ctx, e.ActorID, e.Approver); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// DecideRevokeRole answers with [RoleRevoked]. It needs an approver as a grant does.
func DecideRevokeRole(ctx Context, e RoleRevoked) ([]Event, error) {
	if e.From.IsZero() {
		e.From = ctx.Now
	}
	held := ctx.Config.Grant(e.ActorID.String(), e.From)
	for i, role := range e.Roles {
		if !held.Has(role) {
			return nil, BadValue(indexed("roles", i), "a role that the person holds")
		}
	}
	if len(e.Roles) == 0 {
		return nil, BadValue("roles", "at least one role")
	}
	if err := checkGrantApprover(ctx, e.ActorID, e.Approver); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// BootstrapGrant reports whether a grant in this context is made by the operator before a monitoring officer exists, and
// so is marked bootstrap.
func BootstrapGrant(ctx Context) bool { return ctx.Actor.Operator && !ctx.Config.Monitored() }

func checkGrantApprover(ctx Context, subject uuid.UUID, approver *uuid.UUID) error {
	switch {
	case BootstrapGrant(ctx):
		return nil
	case approver == nil:
		return MissingField("approver", "the monitoring officer who approved it")
	case ctx.Actor.Is(*approver) || *approver == subject:
		return Reject(SelfApproval, "approver: neither who does it nor whom it is about")
	case !ctx.Config.Grant(approver.String(), ctx.Now).Has(RoleMonitoring):
		return Reject(NotPermitted, "approver: a monitoring officer")
	}
	return nil
}

// incompatible returns two roles of the list that may not meet in one person: auditors with whoever changes cases, and
// the administrator with anything else. What a person is as a member of the public does not count.
func incompatible(together []Role) (a, b Role, clash bool) {
	for _, a := range together {
		for _, b := range together {
			auditor := a == RoleAudit || a == RoleInternalAudit
			if auditor && slices.Contains(caseChanging, b) || a == RoleAdministrator && b != a && b != RolePublic {
				return a, b, true
			}
		}
	}
	return "", "", false
}

// caseChanging are the roles that append to cases.
var caseChanging = []Role{
	RoleCaseHandler, RoleInvestigator, RoleServiceManager, RoleComplaints, RoleDirector, RoleMonitoring, RoleFinance,
}
