package procedure

import (
	"slices"
)

// Finding is one check of a code of practice that a procedure does not pass.
type Finding struct {
	Profile string `json:"profile"` // id@version of the code
	ID      string `json:"id"`
	Level   string `json:"level"` // error or warning
	Rule    string `json:"rule"`
	Source  string `json:"source"`
}

// lintChecks are the checks that a profile may ask for. Each reports whether a procedure passes.
var lintChecks = map[string]func(*Procedure) bool{
	"CODE_STAGE_ZERO": func(p *Procedure) bool {
		return !slices.ContainsFunc(p.Stages, func(s Stage) bool { return s.Informal() })
	},
	"CODE_MAX_STAGES": func(p *Procedure) bool { return len(p.formal()) == 2 },
	"CODE_ACK": func(p *Procedure) bool {
		return !slices.ContainsFunc(p.formal(), func(s *Stage) bool { return !s.acknowledgedWithin(5) })
	},
	"CODE_S1":         func(p *Procedure) bool { return p.answeredWithin(0, 10, 20) },
	"CODE_S2":         func(p *Procedure) bool { return p.answeredWithin(1, 20, 40) },
	"CODE_DIFFERENT":  (*Procedure).differentOfficer,
	"CODE_NO_REASONS": (*Procedure).escalatesWithoutReasons,
}

// lintFamilies are the families to which codes of practice for complaints apply.
var lintFamilies = []string{"corporate", "housing", "code-profile"}

// LintAgainst tests the procedure against a profile and returns what it does not pass: nothing where the profile is of
// an ombudsman who has no say over it. Findings never keep a procedure from being adopted.
func (p *Procedure) LintAgainst(profile *Procedure) []Finding {
	concerned := slices.ContainsFunc(profile.Ombudsman, func(body string) bool { return slices.Contains(p.Ombudsman, body) })
	if !concerned || !slices.Contains(lintFamilies, p.Family) {
		return nil
	}
	var findings []Finding
	for _, l := range profile.Lint {
		if passes, known := lintChecks[l.ID]; known && !passes(p) {
			findings = append(findings, Finding{Profile: profile.Key(), ID: l.ID, Level: l.Level, Rule: l.Rule, Source: l.Source})
		}
	}
	return findings
}

// formal returns the stages after the informal ones, by order.
func (p *Procedure) formal() []*Stage {
	var stages []*Stage
	for i := range p.Stages {
		if !p.Stages[i].Informal() {
			stages = append(stages, &p.Stages[i])
		}
	}
	slices.SortFunc(stages, func(a, b *Stage) int { return a.Order - b.Order })
	return stages
}

func (s *Stage) acknowledgedWithin(workingDays int) bool {
	return slices.ContainsFunc(s.Clocks, func(k Clock) bool {
		return k.Stops.Event == "Acknowledged" && k.Unit == WorkingDays && k.Length <= workingDays
	})
}

// answeredWithin reports whether the n-th formal stage has a response clock of at most so many working days, and at most
// so many with an extension. A procedure without such a stage has nothing too long.
func (p *Procedure) answeredWithin(n, workingDays, extended int) bool {
	formal := p.formal()
	if n >= len(formal) {
		return true
	}
	return slices.ContainsFunc(formal[n].Clocks, func(k Clock) bool {
		if !k.ForResponse() || k.Unit != WorkingDays || k.Length > workingDays {
			return false
		}
		x := k.Extend
		return x == nil || x.Cap != nil && x.Cap.Unit == WorkingDays && x.Cap.Length <= extended
	})
}

func (p *Procedure) differentOfficer() bool {
	formal := p.formal()
	return len(formal) < 2 || slices.ContainsFunc(formal[1].Officer.Rules, func(r OfficerRule) bool {
		return r.Name == "different_from" && slices.Contains(r.Stages, formal[0].ID)
	})
}

func (p *Procedure) escalatesWithoutReasons() bool {
	for _, s := range p.formal() {
		for _, n := range s.Next {
			if n.ReasonsRequired && p.Stage(n.To) != nil {
				return false
			}
		}
	}
	return true
}
