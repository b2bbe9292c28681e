package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Role is what somebody is to the council. Rights come from roles alone.
type Role string

// The roles, in the order of the columns of the permission matrix.
const (
	RolePublic         Role = "public"
	RoleCaseHandler    Role = "case_handler"
	RoleInvestigator   Role = "investigating_officer"
	RoleServiceManager Role = "service_manager"
	RoleComplaints     Role = "complaints_manager"
	RoleDirector       Role = "director"
	RoleMonitoring     Role = "monitoring_officer"
	RoleFinance        Role = "finance_approver"
	RoleAudit          Role = "audit_officer"
	RoleInternalAudit  Role = "internal_audit"
	RoleReporting      Role = "reporting"
	RoleDataProtection Role = "data_protection_officer"
	RoleAdministrator  Role = "administrator"
)

// What stands in the metadata for those who hold no granted role.
const (
	roleOperator Role = "operator" // the local user, acting for nobody
	roleSystem   Role = "system"   // a process manager
	roleLegacy   Role = "legacy"   // whoever acted in the older system
	actorSystem       = "system"
)

// roles has the granted roles in column order, with the operator's column at the end.
var roles = []Role{
	RolePublic, RoleCaseHandler, RoleInvestigator, RoleServiceManager, RoleComplaints, RoleDirector, RoleMonitoring,
	RoleFinance, RoleAudit, RoleInternalAudit, RoleReporting, RoleDataProtection, RoleAdministrator, roleOperator,
}

// Values returns the closed list of roles that can be granted.
func (Role) Values() []string {
	names := make([]string, 0, len(roles)-1)
	for _, role := range roles[:len(roles)-1] {
		names = append(names, string(role))
	}
	return names
}

// Action is something that the permission matrix speaks of.
type Action string

// The actions, one for each row of the matrix.
const (
	ActionSubmit          Action = "submit"            // submit feedback, add information
	ActionSeeCase         Action = "see_case"          // with personal data
	ActionSeeRestricted   Action = "see_restricted"    // safeguarding or child details
	ActionSeeHistory      Action = "see_history"       // without personal data
	ActionProgress        Action = "progress"          // acknowledge, allocate, link, consent, redirect proposal
	ActionDecideStanding  Action = "decide_standing"   // time limit, eligibility, redirect
	ActionFind            Action = "find"              // record findings, draft a response
	ActionRespond         Action = "respond"           // send a response
	ActionExtend          Action = "extend"            // within the limit
	ActionExtendOver      Action = "extend_over_limit" // over a soft limit
	ActionSuspend         Action = "suspend"           // suspend, resume, refuse escalation
	ActionAppoint         Action = "appoint"           // investigators, independent person, panel
	ActionProposeRemedy   Action = "propose_remedy"
	ActionApproveRemedy   Action = "approve_remedy" // within the configured limits, which may name a service
	ActionOfferRemedy     Action = "offer_remedy"   // offer an approved one, mark it undeliverable
	ActionDeliverRemedy   Action = "deliver_remedy"
	ActionRaiseLearning   Action = "raise_learning"
	ActionVerifyLearning  Action = "verify_learning"
	ActionRestrictContact Action = "restrict_contact"
	ActionErase           Action = "erase"
	ActionReplay          Action = "replay" // replay as of a moment, verify the log
	ActionExportAudit     Action = "export_audit"
	ActionReport          Action = "report"
	ActionReportEquality  Action = "report_equality"
	ActionRecordEquality  Action = "record_equality" // a quarter's answers, which nobody who deals with cases may see
	ActionAdopt           Action = "adopt"           // procedure, calendar, settings, limits, code lists
	ActionGrant           Action = "grant"           // grant and revoke roles
	ActionReadAccess      Action = "read_access"
	ActionRecord          Action = "record"        // contact, information, parties, issues, documents, cause, flags
	ActionInform          Action = "inform"        // record information that comes
	ActionFee             Action = "fee"           // issue a fee notice, record its payment
	ActionMove            Action = "move"          // escalate, withdraw, accept, answer a remedy, refer to an ombudsman
	ActionClassify        Action = "classify"      // as move, but never the complainant's
	ActionConclude        Action = "conclude"      // close, reopen, correct, panel, ombudsman's decision, early referral
	ActionRecordPerson    Action = "record_person" // record and amend persons, agree adjustments
	ActionImport          Action = "import"
)

// matrix says who may do what. A row has one letter for each role:
//
//	y yes    a only cases that are assigned to the actor or in the actor's own service    o only the actor's own cases
//	p may propose it, and another one approves    v may approve it    i only requests for information    - no
//
// The letters stand for P H I S M D O F A N R DP X and the operator. The operator's column is what the local user may do
// without a granted name.
var matrix = map[Action]string{
	//                      PHISMDOFANRDX+
	ActionSubmit:          "yy-yyyy-------",
	ActionSeeCase:         "oaaayaa-yy-y--",
	ActionSeeRestricted:   "-aaayaa-y--y--",
	ActionSeeHistory:      "oaaayay-yy-y-y", // who may see a case whole may see it without what is personal
	ActionProgress:        "-y-ay---------",
	ActionDecideStanding:  "----y-y-------",
	ActionFind:            "--aayaa-------",
	ActionRespond:         "--aayaa-------",
	ActionExtend:          "--aaya--------",
	ActionExtendOver:      "----y---------",
	ActionSuspend:         "----ya--------",
	ActionAppoint:         "----y---------",
	ActionProposeRemedy:   "-yaaya--------",
	ActionApproveRemedy:   "---yyy-y------", // who holds a limit is held by it, not by a service
	ActionOfferRemedy:     "-y-aya--------",
	ActionDeliverRemedy:   "-y-ay--y------",
	ActionRaiseLearning:   "--aaya--------",
	ActionVerifyLearning:  "----yy--------",
	ActionRestrictContact: "----yyy-------",
	ActionErase:           "-----------y-y",
	ActionReplay:          "--------yy---y",
	ActionExportAudit:     "--------yy---y",
	ActionReport:          "-y-ayyy-yyy--y",
	ActionReportEquality:  "----y-----yy--",
	ActionRecordEquality:  "-----------y-y",
	ActionAdopt:           "----p-------yy", // what a manager proposes an administrator approves
	ActionGrant:           "------v-----py",
	ActionReadAccess:      "--------yy-y-y",
	ActionRecord:          "-yaayaa-------",
	ActionInform:          "oyayyyy-------",
	ActionFee:             "-i--y---------",
	ActionMove:            "oy-ay---------",
	ActionClassify:        "-y-ay---------",
	ActionConclude:        "----y---------",
	ActionRecordPerson:    "-y-ay--------y",
	ActionImport:          "----y--------y",
}

// Permit answers NOT_PERMITTED unless who acts may do this to the case in the context. What a process manager does was
// permitted when its rule was adopted. Whoever proposed a remedy or owns a learning action is let through to the decision
// on approving or verifying it, which tells SELF_APPROVAL or SELF_VERIFICATION before it asks for the right.
func Permit(ctx Context, action Action) error {
	if action == ActionApproveRemedy && ctx.Case != nil && ctx.Case.proposed(ctx.Actor) ||
		action == ActionVerifyLearning && ctx.Learning.ownedBy(ctx.Actor) {
		return nil
	}
	return permitted(ctx, action)
}

// permittedFor is [permitted] for what belongs to a service and to no case: roles that count only in the actor's own
// service have to cover it.
func permittedFor(ctx Context, action Action, service Term) error {
	ctx.Case = &Case{Service: service}
	return permitted(ctx, action)
}

func permitted(ctx Context, action Action) error {
	if ctx.Actor.ID == actorSystem && ctx.WayIn == ViaProcess {
		return nil
	}
	if ctx.Actor.Operator && ctx.Actor.OnBehalfOf == "" {
		if letter(action, roleOperator) == 'y' {
			return nil
		}
		return Reject(NotPermitted, "the operator does this only for somebody who may")
	}
	grant := ctx.Config.Grant(ctx.Actor.Rights(), ctx.Now)
	for _, held := range grant.Held {
		if held.may(action, ctx.Case, grant.Actor) {
			return nil
		}
	}
	return Reject(NotPermitted, "none of the actor's roles may do this")
}

// ActorRole returns the role that the metadata of an event name: the first one held that permits the action.
func ActorRole(ctx Context, action Action) Role {
	switch {
	case ctx.WayIn == ViaImport:
		return roleLegacy
	case ctx.Actor.ID == actorSystem:
		return roleSystem
	case ctx.Actor.Operator && ctx.Actor.OnBehalfOf == "":
		return roleOperator
	}
	grant := ctx.Config.Grant(ctx.Actor.Rights(), ctx.Now)
	for _, held := range grant.Held {
		if held.may(action, ctx.Case, grant.Actor) {
			return held.Role
		}
	}
	return ""
}

// Holds reports whether somebody holds a role of which the matrix says y, a or v for the action, whatever the service.
// That is asked of a named approver.
func (c *Config) Holds(person uuid.UUID, action Action, at time.Time) bool {
	for _, held := range c.Grant(person.String(), at).Held {
		if strings.IndexByte("yav", letter(action, held.Role)) >= 0 {
			return true
		}
	}
	return false
}

func letter(action Action, role Role) byte {
	row, column := matrix[action], slices.Index(roles, role)
	if column < 0 || column >= len(row) {
		return '-'
	}
	return row[column]
}

// may reports whether one held role permits the action on the case, which is nil where none is addressed.
func (h HeldRole) may(action Action, c *Case, actor string) bool {
	switch letter(action, h.Role) {
	case 'y', 'p':
		return true
	case 'a':
		return c == nil || h.covers(c.Service) || c.assigned(actor)
	case 'i':
		return c != nil && c.Kind.informationRights()
	case 'o':
		id, err := uuid.Parse(actor)
		return err == nil && c != nil && c.Party(id)
	}
	return false
}

// covers reports whether the role was granted for the service. One that was granted for no service in particular holds
// in all.
func (h HeldRole) covers(service Term) bool { return h.Service == "" || h.Service == service }

// assigned reports whether the person has been allocated to any stage of the case, or appointed to investigate it.
func (c *Case) assigned(person string) bool {
	if slices.ContainsFunc(c.Appointments, func(a Appointment) bool { return a.IO.String() == person }) {
		return true
	}
	for i := range c.Stages {
		for _, officer := range c.Stages[i].Allocated {
			if officer.ID.String() == person {
				return true
			}
		}
	}
	return false
}
