package domain

import (
	"slices"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// officerCheck is what an officer rule of a procedure asks. The stages are those that the rule names.
type officerCheck func(ctx Context, officer Officer, stages []string) error

// officerChecks are the officer rules that are judged when a stage is allocated, and again when its officer answers, in the
// order of their reason codes.
// The rules on investigating officers, independent persons and panels are judged when those are appointed.
var officerChecks = []struct {
	rule  string
	check officerCheck
}{
	{"not_subject", notSubject},
	{"different_from", differentFrom},
	{"senior_officer", seniorOfficer},
	{"more_senior_than", moreSeniorThan},
	{"same_service", sameService},
}

// checkOfficer applies the procedure's general rules and those of the stage.
func checkOfficer(ctx Context, p *procedure.Procedure, stage *procedure.Stage, officer Officer) error {
	for _, known := range officerChecks {
		for _, rules := range [][]procedure.OfficerRule{p.OfficersGeneral, stage.Officer.Rules} {
			for _, rule := range rules {
				if rule.Name != known.rule {
					continue
				}
				if err := known.check(ctx, officer, rule.Stages); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// checkNotSubject applies not_subject alone, where the procedure or the stage has it, to somebody who is no officer of the
// stage and takes part in it.
func checkNotSubject(ctx Context, p *procedure.Procedure, stage *procedure.Stage, person uuid.UUID) error {
	asked := func(r procedure.OfficerRule) bool { return r.Name == "not_subject" }
	if slices.ContainsFunc(p.OfficersGeneral, asked) || slices.ContainsFunc(stage.Officer.Rules, asked) {
		return notSubject(ctx, Officer{ID: person}, nil)
	}
	return nil
}

func notSubject(ctx Context, officer Officer, _ []string) error {
	if issue := ctx.Case.issueAbout(officer.ID); issue != "" {
		return Reject(OfficerSubject, "issue %s is about this officer", issue)
	}
	return nil
}

// issueAbout returns the first issue that is about a member of staff, empty for none.
func (c *Case) issueAbout(person uuid.UUID) Label {
	for _, issue := range c.Issues {
		if slices.Contains(issue.AboutStaff, person) {
			return issue.ID
		}
	}
	return ""
}

// differentFrom looks at whoever was allocated to, answered, approved or found in any entry into the named stages, of
// this case and of those that are linked to it as the same matter.
func differentFrom(ctx Context, officer Officer, stages []string) error {
	all := sameMatter(ctx)
	for i := range all {
		s := &all[i]
		if !slices.Contains(stages, string(s.Stage)) {
			continue
		}
		allocated := slices.ContainsFunc(s.Allocated, func(earlier Officer) bool { return earlier.ID == officer.ID })
		if allocated || slices.Contains(s.Involved, officer.ID.String()) {
			return Reject(OfficerNotDifferent, "the officer has dealt with stage %s", s.Stage)
		}
	}
	return nil
}

func seniorOfficer(ctx Context, officer Officer, _ []string) error {
	if senior := ctx.Config.Settings.SeniorGrade; senior != 0 && officer.Grade < senior {
		return Reject(OfficerNotSenior, "an officer of grade %d or above", senior)
	}
	return nil
}

// moreSeniorThan compares with the grades as they were allocated, not with today's.
func moreSeniorThan(ctx Context, officer Officer, stages []string) error {
	for i := range ctx.Case.Stages {
		s := &ctx.Case.Stages[i]
		if highest := s.HighestGrade(); slices.Contains(stages, string(s.Stage)) && officer.Grade <= highest {
			return Reject(OfficerNotSenior, "an officer above grade %d, who dealt with stage %s", highest, s.Stage)
		}
	}
	return nil
}

func sameService(ctx Context, officer Officer, _ []string) error {
	if !ctx.Config.Grant(officer.ID.String(), ctx.Now).Covers(ctx.Case.Service) {
		return Reject(OfficerService, "an officer whose service covers %s", ctx.Case.Service)
	}
	return nil
}
