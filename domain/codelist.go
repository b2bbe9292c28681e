package domain

import (
	"slices"
	"time"
)

// CodeListAdopted records which codes of one sort the council uses. It holds whatever later settings say.
type CodeListAdopted struct {
	List        CodeList `json:"list" doc:"of what"`
	Codes       []Term   `json:"codes" doc:"the codes, all of them"`
	ContentHash Term     `json:"content_hash" doc:"SHA-256 of the codes' JSON, hexadecimal"`
	Approver    Term     `json:"approver" doc:"who approved them"`
	Reference   Personal `json:"reference,omitzero" doc:"the decision"`
}

// Schema names the event.
func (CodeListAdopted) Schema() (string, int) { return "CodeListAdopted", 1 }

// CodeList is of what a list of codes is.
type CodeList string

// Values returns the closed list.
func (CodeList) Values() []string { return []string{"service", "category", "team", "ward", "cause"} }

func (e CodeListAdopted) adopt(c *Config, _ time.Time) error {
	c.lists[e.List] = e.Codes
	c.overlay()
	return nil
}

// of returns the named list.
func (l *CodeLists) of(list CodeList) *[]Term {
	switch list {
	case "service":
		return &l.Service
	case "category":
		return &l.Category
	case "team":
		return &l.Team
	case "ward":
		return &l.Ward
	}
	return &l.Cause
}

// overlay puts the lists and limits that were adopted by themselves over those of the settings.
func (c *Config) overlay() {
	for list, codes := range c.lists {
		*c.Settings.Codes.of(list) = codes
	}
	if c.limits != nil {
		c.Settings.RemedyLimits, c.Settings.RemedyBands = c.limits.RemedyLimits, c.limits.RemedyBands
	}
}

// AdoptCodeList is the command that decides one list of codes, whole.
type AdoptCodeList struct {
	List      CodeList `json:"list" rule:"required" doc:"of what"`
	Codes     []Term   `json:"codes" rule:"required" doc:"the codes, all of them; none = every code is taken"`
	Approver  Term     `json:"approver" rule:"required" doc:"who approved them"`
	Reference Personal `json:"reference,omitzero" rule:"required" doc:"the decision"`
}

// DecideAdoptCodeList answers with [CodeListAdopted]. What stands in cases already keeps its code.
func DecideAdoptCodeList(ctx Context, a AdoptCodeList) ([]Event, error) {
	for i, code := range a.Codes {
		if slices.Contains(a.Codes[:i], code) {
			return nil, BadValue(indexed("codes", i), "a code that is not in the list already")
		}
	}
	if err := checkAdopter(ctx, a.Approver); err != nil {
		return nil, err
	}
	hash, err := digestOf(a.Codes)
	if err != nil {
		return nil, err
	}
	return []Event{CodeListAdopted{
		List: a.List, Codes: a.Codes, ContentHash: hash, Approver: a.Approver, Reference: a.Reference,
	}}, nil
}
