package domain

import (
	"slices"
	"strings"
	"testing"
)

func TestMatrixIsComplete(t *testing.T) {
	for action, row := range matrix {
		if len(row) != len(roles) {
			t.Errorf("%s has %d letters for %d roles", action, len(row), len(roles))
		}
		if strings.Trim(row, "-yaopvi") != "" {
			t.Errorf("%s has a letter that means nothing: %s", action, row)
		}
		for _, auditor := range []Role{RoleAudit, RoleInternalAudit, RoleReporting} {
			switch action {
			case ActionSeeCase, ActionSeeRestricted, ActionSeeHistory, ActionReplay, ActionExportAudit, ActionReport,
				ActionReportEquality, ActionReadAccess:
			default:
				if letter(action, auditor) != '-' {
					t.Errorf("%s may %s", auditor, action)
				}
			}
		}
	}
}

func TestPermit(t *testing.T) {
	config := council(t, Settings{})
	mine := given(t, received1(), allocated("s1", jan(8), wes, 9))
	appointed := given(t, received1(), InvestigatorsAppointed{IO: Investigator{ID: wes}})
	fresh := given(t, received1())
	waste := received1()
	waste.Service = "waste"
	elsewhere := given(t, waste)
	offered := given(t, then(investigated1(), by(amina, proposal()))...)
	operator := Actor{ID: "operator:1000", Operator: true}
	for _, tt := range []struct {
		name   string
		actor  Actor
		c      *Case
		action Action
		want   bool
	}{
		{"a handler submits", Actor{ID: amina.String()}, nil, ActionSubmit, true},
		{"the public submits", Actor{ID: pat.String()}, nil, ActionSubmit, true},
		{"nobody known", Actor{ID: ghost.String()}, nil, ActionSubmit, false},
		{"a handler responds", Actor{ID: amina.String()}, fresh, ActionRespond, false},
		{"a manager of the service responds", Actor{ID: ben.String()}, fresh, ActionRespond, true},
		{"a manager of another service responds", Actor{ID: wes.String()}, fresh, ActionRespond, false},
		{"the officer of the case responds", Actor{ID: wes.String()}, mine, ActionRespond, true},
		{"who was appointed to investigate records what was found", Actor{ID: wes.String()}, appointed, ActionFind, true},
		{"a complaints manager responds", Actor{ID: cara.String()}, fresh, ActionRespond, true},
		{"the complainant escalates", Actor{ID: pat.String()}, fresh, ActionMove, true},
		{"a stranger with no case escalates", Actor{ID: pat.String()}, nil, ActionMove, false},
		{"the complainant classifies", Actor{ID: pat.String()}, fresh, ActionClassify, false},
		{"a handler closes", Actor{ID: amina.String()}, fresh, ActionConclude, false},
		{"an auditor records a finding", Actor{ID: aud.String()}, fresh, ActionFind, false},
		{"an auditor replays", Actor{ID: aud.String()}, fresh, ActionReplay, true},
		{"an administrator adopts", Actor{ID: adam.String()}, nil, ActionAdopt, true},
		{"an administrator responds", Actor{ID: adam.String()}, fresh, ActionRespond, false},
		{"a data protection officer erases", Actor{ID: dora.String()}, nil, ActionErase, true},
		{"a monitoring officer grants", Actor{ID: mona.String()}, nil, ActionGrant, false},
		{"the operator grants", operator, nil, ActionGrant, true},
		{"the operator imports", operator, nil, ActionImport, true},
		{"the operator responds", operator, fresh, ActionRespond, false},
		{"the operator for a manager", Actor{ID: operator.ID, Operator: true, OnBehalfOf: ben.String()}, fresh, ActionRespond, true},
		{"the operator for an administrator imports", Actor{ID: operator.ID, Operator: true, OnBehalfOf: adam.String()}, nil, ActionImport, false},
		{"whoever proposed comes to the decision on approval", Actor{ID: amina.String()}, offered, ActionApproveRemedy, true},
		{"a director of another service approves", Actor{ID: dan.String()}, elsewhere, ActionApproveRemedy, true},
		{"and proposes", Actor{ID: dan.String()}, elsewhere, ActionProposeRemedy, false},
		{"a handler approves", Actor{ID: amina.String()}, fresh, ActionApproveRemedy, false},
		{"no such action", Actor{ID: cara.String()}, fresh, "dance", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Permit(Context{Now: jan(9), Config: config, Actor: tt.actor, Case: tt.c, WayIn: ViaAPI}, tt.action)
			if (err == nil) != tt.want {
				t.Errorf("%v", err)
			}
		})
	}
	process := Context{Now: jan(9), Config: config, Actor: Actor{ID: actorSystem}, WayIn: ViaProcess, Case: fresh}
	if err := Permit(process, ActionClassify); err != nil {
		t.Errorf("a process manager: %v", err)
	}
}

func TestActorRole(t *testing.T) {
	config := council(t, Settings{})
	for _, tt := range []struct {
		ctx  Context
		want Role
	}{
		{Context{Actor: Actor{ID: ben.String()}, Case: given(t, received1())}, RoleServiceManager},
		{Context{Actor: Actor{ID: amina.String()}, Case: given(t, received1())}, ""},
		{Context{Actor: Actor{ID: "operator:0", Operator: true}}, roleOperator},
		{Context{Actor: Actor{ID: actorSystem}, WayIn: ViaProcess}, roleSystem},
		{Context{Actor: Actor{ID: "operator:0", Operator: true}, WayIn: ViaImport}, roleLegacy},
	} {
		tt.ctx.Config, tt.ctx.Now = config, jan(9)
		if got := ActorRole(tt.ctx, ActionRespond); got != tt.want {
			t.Errorf("role %q, expected %q", got, tt.want)
		}
	}
}

func TestGrantRole(t *testing.T) {
	config := council(t, Settings{})
	operator := Actor{ID: "operator:0", Operator: true}
	grant := RoleGranted{ActorID: rae, Roles: []Role{RoleCaseHandler}, Service: "housing", Grade: 4, From: jan(6), Approver: id(mona)}
	for _, tt := range []struct {
		name   string
		config *Config
		actor  Actor
		change func(*RoleGranted)
		code   Code
	}{
		{"by an administrator", config, Actor{ID: adam.String()}, nil, ""},
		{"by the operator", config, operator, nil, ""},
		{"without an approver", config, operator, func(e *RoleGranted) { e.Approver = nil }, MissingFieldCode},
		{"the first of a council", NewConfig(), operator, func(e *RoleGranted) { e.Approver = nil }, ""},
		{"the first of a council, but not by the operator", NewConfig(), Actor{ID: adam.String()}, func(e *RoleGranted) { e.Approver = nil }, MissingFieldCode},
		{"approved by who does it", config, Actor{ID: mona.String()}, nil, SelfApproval},
		{"approved by who acts through the operator", config, Actor{ID: operator.ID, Operator: true, OnBehalfOf: mona.String()}, nil, SelfApproval},
		{"approved by whom it is about", config, operator, func(e *RoleGranted) { e.ActorID = mona }, SelfApproval},
		{"approved by somebody else", config, operator, func(e *RoleGranted) { e.Approver = id(cara) }, NotPermitted},
		{"to nobody known", config, operator, func(e *RoleGranted) { e.ActorID = ghost }, BadValueCode},
		{"no roles", config, operator, func(e *RoleGranted) { e.Roles = nil }, BadValueCode},
		{"ends before it begins", config, operator, func(e *RoleGranted) { e.Until = jan(6) }, BadValueCode},
		{"auditor and handler", config, operator, func(e *RoleGranted) { e.Roles = []Role{RoleAudit, RoleCaseHandler} }, BadValueCode},
		{"auditor who is a handler", config, operator, func(e *RoleGranted) { e.ActorID, e.Roles = amina, []Role{RoleInternalAudit} }, BadValueCode},
		{"administrator who is a handler", config, operator, func(e *RoleGranted) { e.ActorID, e.Roles = amina, []Role{RoleAdministrator} }, BadValueCode},
		{"handler and manager", config, operator, func(e *RoleGranted) { e.Roles = []Role{RoleCaseHandler, RoleServiceManager} }, ""},
		{"auditor who complains", config, operator, func(e *RoleGranted) { e.ActorID, e.Roles = pat, []Role{RoleAudit} }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := grant
			if tt.change != nil {
				tt.change(&e)
			}
			ctx := at(tt.config, jan(7), ghost, nil)
			ctx.Actor = tt.actor
			events, err := DecideGrantRole(ctx, e)
			expect(t, events, err, tt.code)
		})
	}
}

func TestRevokeRole(t *testing.T) {
	config := council(t, Settings{})
	ctx := at(config, jan(7), adam, nil)
	for _, tt := range []struct {
		name string
		e    RoleRevoked
		code Code
	}{
		{"held", RoleRevoked{ActorID: amina, Roles: []Role{RoleCaseHandler}, Approver: id(mona)}, ""},
		{"not held", RoleRevoked{ActorID: amina, Roles: []Role{RoleDirector}, Approver: id(mona)}, BadValueCode},
		{"nothing", RoleRevoked{ActorID: amina, Approver: id(mona)}, BadValueCode},
		{"without an approver", RoleRevoked{ActorID: amina, Roles: []Role{RoleCaseHandler}}, MissingFieldCode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := DecideRevokeRole(ctx, tt.e)
			expect(t, events, err, tt.code)
		})
	}
	events, _ := DecideRevokeRole(ctx, RoleRevoked{ActorID: amina, Roles: []Role{RoleCaseHandler}, Approver: id(mona)})
	after := config.Clone()
	if err := after.Apply(Recorded{Event: events[0], Revision: after.Events}); err != nil {
		t.Fatal(err)
	}
	if !config.Grant(amina.String(), jan(8)).Has(RoleCaseHandler) || !after.Grant(amina.String(), jan(6)).Has(RoleCaseHandler) {
		t.Error("a revocation reaches back, or into the config that was copied")
	}
	if after.Grant(amina.String(), jan(7)).Has(RoleCaseHandler) {
		t.Error("a revoked role is held")
	}
}

func TestGrantOfSeveralRoles(t *testing.T) {
	config := NewConfig()
	for i, e := range []RoleGranted{
		{ActorID: ben, Roles: []Role{RoleServiceManager}, Service: "housing", Grade: 8, From: jan(1)},
		{ActorID: ben, Roles: []Role{RoleServiceManager}, Service: "waste", Grade: 9, From: jan(5), Until: jan(10)},
	} {
		if err := config.Apply(Recorded{Event: e, Revision: uint64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	during, later := config.Grant(ben.String(), jan(6)), config.Grant(ben.String(), jan(10))
	if during.Grade() != 9 || !during.Covers("waste") || !during.Covers("housing") {
		t.Errorf("during: %+v", during)
	}
	if later.Grade() != 8 || later.Covers("waste") || slices.ContainsFunc(later.Held, func(h HeldRole) bool { return h.Service == "waste" }) {
		t.Errorf("later: %+v", later)
	}
}
