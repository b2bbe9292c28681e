// Package procedure reads a council's complaints procedures: files of the schema redress.procedure/v1 that say which
// stages a case goes through, which clocks run, who may answer and what an answer must contain.
//
// A [Procedure] that [Parse] returns keeps to the JSON Schema and to the loading checks, so whoever uses one need not
// ask whether a stage, a clock or a guard that it names exists. Nothing in it changes afterwards: it may be shared
// between goroutines, and must not be written to.
package procedure

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Procedure is one version of one procedure.
type Procedure struct {
	Schema          string        `yaml:"schema"`
	ID              string        `yaml:"id"`
	Version         string        `yaml:"version"`
	Status          string        `yaml:"status"` // active, superseded, documentary or profile
	SupersededBy    string        `yaml:"superseded_by"`
	Title           string        `yaml:"title"`
	Owner           string        `yaml:"owner"`
	Family          string        `yaml:"family"`
	Kinds           []string      `yaml:"kinds"` // the kinds of feedback that it takes
	Effective       Effective     `yaml:"effective"`
	Adoption        Adoption      `yaml:"adoption"`
	Review          *Review       `yaml:"review"`
	Ombudsman       []string      `yaml:"ombudsman"`    // bodies, the first with jurisdiction first
	Calendar        string        `yaml:"calendar"`     // ew or uk-any
	ClosureDays     string        `yaml:"closure_days"` // count or exclude
	Receipt         Receipt       `yaml:"receipt"`
	TimeLimit       *Limit        `yaml:"time_limit"` // nil when a matter may be raised at any time
	Eligibility     *Eligibility  `yaml:"eligibility"`
	OfficersGeneral []OfficerRule `yaml:"officers_general"` // the officer rules of every stage
	CaseClocks      []Clock       `yaml:"case_clocks"`      // clocks of the whole case, called all.<id>
	Stages          []Stage       `yaml:"stages"`           // in the order of the file
	Withdrawal      *Withdrawal   `yaml:"withdrawal"`
	Suspension      *Suspension   `yaml:"suspension"`
	Special         []Special     `yaml:"special"`
	Lint            []Lint        `yaml:"lint"` // profiles only: what other procedures are tested against
	Ambiguities     []Ambiguity   `yaml:"ambiguities"`

	source string
}

// Effective is when a procedure is in force: both days included, an empty one without end. It binds on receipt.
type Effective struct {
	From    string `yaml:"from"` // YYYY-MM-DD or empty
	To      string `yaml:"to"`   // YYYY-MM-DD or empty
	BindsOn string `yaml:"binds_on"`
}

// Adoption is who put the procedure in force.
type Adoption struct {
	ApprovedBy  string `yaml:"approved_by"`
	ApprovedOn  string `yaml:"approved_on"`
	ChangeClass string `yaml:"change_class"` // substantive or minor
	Source      string `yaml:"source"`
	Note        string `yaml:"note"`
}

// Review is how often the council looks at the procedure again.
type Review struct {
	Every  string `yaml:"every"`
	Note   string `yaml:"note"`
	Source string `yaml:"source"`
}

// Receipt is what moves the day on which something counts as received.
type Receipt struct {
	Cutoff     string `yaml:"cutoff"`      // HH:MM in London, from which on it counts for the next day; empty for none
	NonWorking string `yaml:"non_working"` // as_is or next_working_day
	Note       string `yaml:"note"`
	Source     string `yaml:"source"`
}

// Limit is how old a matter may be when it is raised.
type Limit struct {
	ID            string      `yaml:"id"`
	Length        int         `yaml:"length"`
	Unit          Unit        `yaml:"unit"`
	From          From        `yaml:"from"`
	Roll          Roll        `yaml:"roll"`
	Starts        LimitStart  `yaml:"starts"`
	OutcomeIfLate string      `yaml:"outcome_if_late"` // discretion or refuse
	Discretion    *Discretion `yaml:"discretion"`
	Basis         string      `yaml:"basis"`
	Source        string      `yaml:"source"`
	Note          string      `yaml:"note"`
}

// LimitStart names the dates of the case from which a limit runs.
type LimitStart struct {
	FirstOf []string `yaml:"first_of"`
	Pick    string   `yaml:"pick"`
}

// Discretion is who may take a matter that is too old, and what they weigh.
type Discretion struct {
	By                     []string `yaml:"by"`
	DiscussWithComplainant bool     `yaml:"discuss_with_complainant"`
	Factors                []string `yaml:"factors"`
	Note                   string   `yaml:"note"`
	Source                 string   `yaml:"source"`
}

// Eligibility is who may use the procedure and who decides it.
type Eligibility struct {
	QualifyingComplainant        bool   `yaml:"qualifying_complainant"`
	SufficientInterestDiscretion bool   `yaml:"sufficient_interest_discretion"`
	ChildViewsChecked            bool   `yaml:"child_views_checked"`
	RepresentativeGrounds        bool   `yaml:"representative_grounds"`
	BestInterests                bool   `yaml:"best_interests"`
	DecidedBy                    string `yaml:"decided_by"`
	Consult                      string `yaml:"consult"`
	WrittenNotice                bool   `yaml:"written_notice"`
	Note                         string `yaml:"note"`
	Source                       string `yaml:"source"`
}

// Withdrawal is how a complaint may be withdrawn.
type Withdrawal struct {
	AnyStage           bool   `yaml:"any_stage"`
	ReasonNeeded       bool   `yaml:"reason_needed"`
	CouncilMayContinue bool   `yaml:"council_may_continue"`
	Note               string `yaml:"note"`
	Source             string `yaml:"source"`
}

// Suspension is on which grounds a case may be suspended.
type Suspension struct {
	Grounds        []string `yaml:"grounds"`
	ResumeOn       string   `yaml:"resume_on"`
	PartialAllowed bool     `yaml:"partial_allowed"`
	Note           string   `yaml:"note"`
	Source         string   `yaml:"source"`
}

// Special is a rule for people that the procedure adds.
type Special struct {
	ID     string `yaml:"id"`
	When   string `yaml:"when"`
	Do     string `yaml:"do"`
	Note   string `yaml:"note"`
	Source string `yaml:"source"`
}

// Lint is one check of a code of practice.
type Lint struct {
	ID     string `yaml:"id"`
	Rule   string `yaml:"rule"`
	Level  string `yaml:"level"` // error or warning
	Source string `yaml:"source"`
	Note   string `yaml:"note"`
}

// Ambiguity is a question that the source leaves open, and how the file answers it.
type Ambiguity struct {
	ID       string `yaml:"id"`
	Question string `yaml:"question"`
	Ruling   string `yaml:"ruling"`
}

// Key returns id@version, by which a case is bound.
func (p *Procedure) Key() string { return p.ID + "@" + p.Version }

// Source returns the text that was parsed, byte for byte.
func (p *Procedure) Source() string { return p.source }

// Hash returns the SHA-256 of the text in hexadecimal.
func (p *Procedure) Hash() string {
	sum := sha256.Sum256([]byte(p.source))
	return hex.EncodeToString(sum[:])
}

// Takes reports whether the procedure takes a kind of feedback.
func (p *Procedure) Takes(kind string) bool { return slices.Contains(p.Kinds, kind) }

// TakesCases reports whether any case may be bound to it: profiles and documentary procedures take none.
func (p *Procedure) TakesCases() bool { return p.Status == "active" || p.Status == "superseded" }

// InForce reports whether the procedure is in force on a day, written YYYY-MM-DD.
func (p *Procedure) InForce(day string) bool {
	return (p.Effective.From == "" || p.Effective.From <= day) && (p.Effective.To == "" || day <= p.Effective.To)
}

// Stage returns the stage of an id, or nil.
func (p *Procedure) Stage(id string) *Stage {
	for i := range p.Stages {
		if p.Stages[i].ID == id {
			return &p.Stages[i]
		}
	}
	return nil
}

// EntryStage returns the stage in which a case of a kind begins that came by a channel, or nil when the procedure has
// none for it. Of several the one with the lowest order is meant. A case that is classified anew has no channel.
func (p *Procedure) EntryStage(kind, channel string) *Stage {
	var entry *Stage
	for i := range p.Stages {
		s := &p.Stages[i]
		if s.EntersOn.Event == "Received" && s.EntersOn.When.holds(kind, channel) && (entry == nil || s.Order < entry.Order) {
			entry = s
		}
	}
	return entry
}

// After returns the stage that follows a stage by order among those it may lead to, or nil after the last.
func (p *Procedure) After(stage string) *Stage {
	from := p.Stage(stage)
	if from == nil {
		return nil
	}
	var after *Stage
	for _, n := range from.Next {
		if s := p.Stage(n.To); s != nil && s.Order > from.Order && (after == nil || s.Order < after.Order) {
			after = s
		}
	}
	return after
}

// Clock finds a clock by its full name: s1.ack, or all.statutory for a clock of the whole case. The stage is nil for the
// latter, the clock is nil when there is none of that name.
func (p *Procedure) Clock(name string) (*Stage, *Clock) {
	stage, id, _ := strings.Cut(name, ".")
	if stage == CaseScope {
		return nil, find(p.CaseClocks, id)
	}
	s := p.Stage(stage)
	if s == nil {
		return nil, nil
	}
	return s, s.Clock(id)
}

func find(clocks []Clock, id string) *Clock {
	for i := range clocks {
		if clocks[i].ID == id {
			return &clocks[i]
		}
	}
	return nil
}
