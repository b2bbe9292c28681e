package domain

import (
	"slices"
)

// Settings is what a council decides once for all its cases. They are adopted whole: what an adoption leaves out has its
// default again.
type Settings struct {
	// ReferencePrefix begins every case reference. Defaults to RD.
	ReferencePrefix Label `json:"reference_prefix,omitzero" doc:"begins every case reference; RD when left out"`
	// SeniorGrade is the lowest grade that the officer rule senior_officer accepts. Zero means that it is not checked.
	SeniorGrade int `json:"senior_grade,omitzero" doc:"the lowest grade of a senior officer; 0 = not checked"`
	// ClosureDays are days on which the council is closed. They are working days for clocks unless a procedure excludes
	// them. None by default.
	ClosureDays []Date `json:"closure_days,omitempty" doc:"days on which the council is closed"`
	// ConsentDays is after how many working days without consent a handler is asked to close. Defaults to 20.
	ConsentDays int `json:"consent_days,omitzero" doc:"working days to wait for consent; 20 when left out"`
	// SurveyDays is how many working days after closing a survey goes out. Defaults to 5.
	SurveyDays int `json:"survey_days,omitzero" doc:"working days from closing to the survey; 5 when left out"`
	// RetentionYears is how long a closed case is kept before its personal data may be erased for retention or on request.
	// Zero, the default, means that no period has been decided, and none holds an erasure up.
	RetentionYears int `json:"retention_years,omitzero" doc:"years to keep a closed case; 0 = no period decided"`
	// RemedyLimits say who may approve how much. With none, every financial remedy needs a director and a finance approver.
	// These, the bands and the codes hold until they are adopted by themselves ([LimitsAdopted], [CodeListAdopted]).
	RemedyLimits []RemedyLimit `json:"remedy_limits,omitempty" doc:"who may approve how much, the first that fits"`
	// RemedyBands are what the guidance calls usual. A remedy outside needs a reason and is not blocked. Left out, they are
	// the one band whose figures could be verified.
	RemedyBands []RemedyBand `json:"remedy_bands,omitempty" doc:"usual amounts by type of remedy; the verified ones when left out"`
	// Codes are the adopted code lists. A list that is empty takes every code.
	Codes CodeLists `json:"codes,omitzero" doc:"adopted code lists; an empty list takes every code"`
}

// RemedyLimit says how much the holders of a role may approve.
type RemedyLimit struct {
	ID                  Label        `json:"id" rule:"required" doc:"named by an approval as its rule_id"`
	Role                Role         `json:"role" rule:"required" doc:"whose holders may approve"`
	RemedyTypes         []RemedyType `json:"remedy_types" rule:"required" doc:"the types that it covers"`
	Service             Term         `json:"service,omitzero" doc:"only for cases of this service"`
	MaxPerRemedy        Pence        `json:"max_per_remedy" rule:"required" doc:"pence, for one remedy"`
	MaxPerCase          Pence        `json:"max_per_case" rule:"required" doc:"pence, for all remedies of a case together"`
	NeedsSecondApprover bool         `json:"needs_second_approver,omitzero" doc:"whether a finance approver has to agree too"`
}

// RemedyBand is the usual amount for a type of remedy.
type RemedyBand struct {
	Type    RemedyType `json:"type" rule:"required" doc:"the type of remedy"`
	Unit    BandUnit   `json:"unit" rule:"required" doc:"for what the amount is"`
	Low     Pence      `json:"low" rule:"required" doc:"pence"`
	High    Pence      `json:"high" rule:"required" doc:"pence"`
	Source  Term       `json:"source" rule:"required" doc:"the guidance"`
	Version Term       `json:"version,omitzero" doc:"the guidance's version"`
}

// BandUnit is for what a band's amount is.
type BandUnit string

// Values returns the closed list of units.
func (BandUnit) Values() []string { return []string{"case", "month", "term", "week"} }

// CodeLists are the codes that a council has adopted.
type CodeLists struct {
	Service  []Term `json:"service,omitempty" doc:"services"`
	Category []Term `json:"category,omitempty" doc:"categories"`
	Team     []Term `json:"team,omitempty" doc:"teams"`
	Ward     []Term `json:"ward,omitempty" doc:"wards"`
	Cause    []Term `json:"cause,omitempty" doc:"root causes"`
}

// DefaultSettings returns the settings of a council that has adopted none.
func DefaultSettings() Settings {
	return Settings{ReferencePrefix: "RD", ConsentDays: 20, SurveyDays: 5, RemedyBands: shippedBands()}
}

// shippedBands are the bands whose figures were read in the guidance itself. For every other type the guidance's figures
// could not be verified: there is no band until the council adopts its own, with its source.
func shippedBands() []RemedyBand {
	return []RemedyBand{{
		Type: "accommodation", Unit: "month", Low: 15000, High: 35000, Source: "LGSCO Guidance on Remedies part 8", Version: "September 2023",
	}}
}

// checkSettings finds the first value that no council can mean.
func checkSettings(s Settings) error {
	numbers := []struct {
		field string
		value int
	}{
		{"senior_grade", s.SeniorGrade},
		{"consent_days", s.ConsentDays},
		{"survey_days", s.SurveyDays},
		{"retention_years", s.RetentionYears},
	}
	for _, n := range numbers {
		if n.value < 0 {
			return BadValue("settings."+n.field, "a number that is not negative")
		}
	}
	return checkLimits("settings.", s.RemedyLimits, s.RemedyBands)
}

// withDefaults fills what an adoption left out.
func (s Settings) withDefaults() Settings {
	defaults := DefaultSettings()
	if s.ReferencePrefix == "" {
		s.ReferencePrefix = defaults.ReferencePrefix
	}
	if s.ConsentDays == 0 {
		s.ConsentDays = defaults.ConsentDays
	}
	if s.SurveyDays == 0 {
		s.SurveyDays = defaults.SurveyDays
	}
	if s.RemedyBands == nil {
		s.RemedyBands = defaults.RemedyBands
	}
	return s
}

// band returns the band of a type of remedy, or nil.
func (s Settings) band(of RemedyType) *RemedyBand {
	for i := range s.RemedyBands {
		if s.RemedyBands[i].Type == of {
			return &s.RemedyBands[i]
		}
	}
	return nil
}

// listed answers UNKNOWN_CODE unless the code stands in the adopted list, or there is no such list, or no code.
func listed(field string, code Term, list []Term) error {
	if code == "" || len(list) == 0 || slices.Contains(list, code) {
		return nil
	}
	return Reject(UnknownCode, "%s: not in the list that the council has adopted", field)
}
