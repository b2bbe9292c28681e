package procedure

import "slices"

// Stage is one step of a procedure, with its own officer, clocks and answer.
type Stage struct {
	ID                   string               `yaml:"id"`
	Order                int                  `yaml:"order"`
	Kind                 string               `yaml:"kind"` // informal, formal, single, panel or review
	Name                 string               `yaml:"name"`
	EntersOn             EntersOn             `yaml:"enters_on"`
	Officer              Officer              `yaml:"officer"`
	Scope                string               `yaml:"scope"` // review_only, full or empty
	RemedyAssessment     *RemedyAssessment    `yaml:"remedy_assessment"`
	Clocks               []Clock              `yaml:"clocks"`
	Steps                []string             `yaml:"steps"`
	Acknowledgement      *Acknowledgement     `yaml:"acknowledgement"`
	AfterAcknowledgement map[string]OneOrMany `yaml:"after_acknowledgement"` // what is done next, by kind
	Response             Response             `yaml:"response"`
	JoinsMatters         *JoinsMatters        `yaml:"joins_matters"`
	Next                 []Next               `yaml:"next"`
}

// EntersOn is the event by which a case comes into a stage.
type EntersOn struct {
	Event    string    `yaml:"event"`
	From     string    `yaml:"from"` // the stage from which it escalates
	To       string    `yaml:"to"`   // the kind to which it is classified
	When     When      `yaml:"when"`
	Or       *EntersOn `yaml:"or"`
	Optional bool      `yaml:"optional"`
	Note     string    `yaml:"note"`
}

// When narrows a way in to kinds and channels; an empty list narrows nothing.
type When struct {
	Kind    OneOrMany `yaml:"kind"`
	Channel OneOrMany `yaml:"channel"`
	Family  string    `yaml:"family"` // a name for all kinds of the procedure; narrows nothing
}

func (w When) holds(kind, channel string) bool {
	return (len(w.Kind) == 0 || slices.Contains(w.Kind, kind)) &&
		(len(w.Channel) == 0 || slices.Contains(w.Channel, channel))
}

// Officer is who answers at a stage.
type Officer struct {
	Roles       []string      `yaml:"roles"`
	Rules       []OfficerRule `yaml:"rules"`
	With        []string      `yaml:"with"`
	Adjudicator string        `yaml:"adjudicator"`
	Delegate    string        `yaml:"delegate"`
	Note        string        `yaml:"note"`
	Source      string        `yaml:"source"`
}

// OfficerRule is one rule that the officer of a stage must satisfy.
type OfficerRule struct {
	Name   string   // of the closed list, such as not_subject or different_from
	Stages []string // the stages that different_from and more_senior_than look at
}

// RemedyAssessment is when a stage must consider a remedy.
type RemedyAssessment struct {
	RequiredWhen string `yaml:"required_when"`
	Benchmark    string `yaml:"benchmark"`
	Timing       string `yaml:"timing"`
	Note         string `yaml:"note"`
	Source       string `yaml:"source"`
}

// Acknowledgement is what an acknowledgement must contain.
type Acknowledgement struct {
	Contains []string `yaml:"contains"`
	Note     string   `yaml:"note"`
	Source   string   `yaml:"source"`
}

// Response is what the answer of a stage must be.
type Response struct {
	Form     string   `yaml:"form"`
	By       string   `yaml:"by"` // stage_officer, or whoever else answers
	SignedBy string   `yaml:"signed_by"`
	Contains []string `yaml:"contains"` // content codes
	Note     string   `yaml:"note"`
	Source   string   `yaml:"source"`
}

// JoinsMatters is until when further matters may be joined to the case.
type JoinsMatters struct {
	AllowedUntil string `yaml:"allowed_until"`
	Unless       string `yaml:"unless"`
	Otherwise    string `yaml:"otherwise"`
	Note         string `yaml:"note"`
	Source       string `yaml:"source"`
}

// Next is where a case may go from a stage.
type Next struct {
	To              string    `yaml:"to"` // a stage, or ombudsman, ico or complaint
	By              string    `yaml:"by"`
	Window          *Window   `yaml:"window"` // nil for no limit
	Expectation     string    `yaml:"expectation"`
	ReasonsRequired bool      `yaml:"reasons_required"`
	InWriting       bool      `yaml:"in_writing"`
	Condition       OneOrMany `yaml:"condition"`
	Note            string    `yaml:"note"`
	Source          string    `yaml:"source"`
}

// Window is until when a case may go on: as long as a clock of the stage runs, or a length from an event or date.
type Window struct {
	Clock  string // a clock of the stage, or empty
	Length int
	Unit   Unit
	From   string
}

// Clock returns the stage's clock of an id, or nil.
func (s *Stage) Clock(id string) *Clock { return find(s.Clocks, id) }

// Panel reports whether a review panel hears the case at the stage.
func (s *Stage) Panel() bool { return s.Kind == "panel" }

// Rule returns the stage's officer rule of a name, and whether there is one.
func (s *Stage) Rule(name string) (OfficerRule, bool) {
	for _, rule := range s.Officer.Rules {
		if rule.Name == name {
			return rule, true
		}
	}
	return OfficerRule{}, false
}

// Informal reports whether the stage comes before the formal procedure.
func (s *Stage) Informal() bool { return s.Kind == "informal" }

// NextTo returns the way from this stage to a target, or nil when there is none.
func (s *Stage) NextTo(target string) *Next {
	for i := range s.Next {
		if s.Next[i].To == target {
			return &s.Next[i]
		}
	}
	return nil
}

// AcknowledgementContents returns the codes that an acknowledgement at this stage must carry.
func (s *Stage) AcknowledgementContents() []string {
	if s.Acknowledgement == nil {
		return nil
	}
	return s.Acknowledgement.Contains
}
