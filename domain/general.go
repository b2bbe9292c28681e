package domain

import (
	"slices"
	"time"

	"redress/domain/procedure"
)

// FutureAllowance is how far ahead of the recording an event may be said to have happened: clocks differ.
const FutureAllowance = 5 * time.Minute

// BackdatingDays is how many working days after its event a command may be recorded without giving a reason.
const BackdatingDays = 2

func takesCases(p *procedure.Procedure) bool      { return true }
func inForce(p *procedure.Procedure, d Date) bool { return true }

// twoApprovers reports whether two different people, in two different roles, have approved.
func twoApprovers(approvals []Approval) bool {
	for i, a := range approvals {
		for _, b := range approvals[i+1:] {
			if a.Role != b.Role && !overlap(a.By, b.By) {
				return true
			}
		}
	}
	return false
}

// overlap reports whether any id of the one equals any id of the other.
func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(id string) bool { return slices.Contains(b, id) })
}

// RuleNone is the rule_id of an approval that no configured limit covers, of which two are needed.
const RuleNone Label = "none"
