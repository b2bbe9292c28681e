package domain

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
)

// LimitsAdopted records who may approve how much, and what amounts the guidance calls usual. It is adopted whole and holds
// whatever later settings say.
type LimitsAdopted struct {
	RemedyLimits []RemedyLimit `json:"remedy_limits" doc:"who may approve how much, the first that fits"`
	RemedyBands  []RemedyBand  `json:"remedy_bands" doc:"usual amounts by type of remedy"`
	ContentHash  Term          `json:"content_hash" doc:"SHA-256 of the limits' and bands' JSON, hexadecimal"`
	Approver     Term          `json:"approver" doc:"who approved them"`
	Reference    Personal      `json:"reference,omitzero" doc:"the decision"`
}

// Schema names the event.
func (LimitsAdopted) Schema() (string, int) { return "LimitsAdopted", 1 }

func (e LimitsAdopted) adopt(c *Config, _ time.Time) error {
	c.limits = &e
	c.overlay()
	return nil
}

// AdoptLimits is the command that decides the limits and bands of remedies, whole.
type AdoptLimits struct {
	RemedyLimits []RemedyLimit `json:"remedy_limits" rule:"required" doc:"who may approve how much, the first that fits; none = a director and a finance approver for every sum"`
	RemedyBands  []RemedyBand  `json:"remedy_bands" rule:"required" doc:"usual amounts by type of remedy; none = nothing is called usual"`
	Approver     Term          `json:"approver" rule:"required" doc:"who approved them"`
	Reference    Personal      `json:"reference,omitzero" rule:"required" doc:"the decision"`
}

// DecideAdoptLimits answers with [LimitsAdopted].
func DecideAdoptLimits(ctx Context, a AdoptLimits) ([]Event, error) {
	if err := checkLimits("", a.RemedyLimits, a.RemedyBands); err != nil {
		return nil, err
	}
	if err := checkAdopter(ctx, a.Approver); err != nil {
		return nil, err
	}
	hash, err := digestOf(a.RemedyLimits, a.RemedyBands)
	if err != nil {
		return nil, err
	}
	return []Event{LimitsAdopted{
		RemedyLimits: a.RemedyLimits, RemedyBands: a.RemedyBands, ContentHash: hash, Approver: a.Approver, Reference: a.Reference,
	}}, nil
}

// checkLimits finds the first limit or band that no council can mean. The path of their fields begins with the prefix.
func checkLimits(prefix string, limits []RemedyLimit, bands []RemedyBand) error {
	for i, limit := range limits {
		field := prefix + indexed("remedy_limits", i)
		if limit.ID == RuleNone || slices.ContainsFunc(limits[:i], func(l RemedyLimit) bool { return l.ID == limit.ID }) {
			return BadValue(field+".id", "an id that no other limit has, and not none")
		}
		if limit.MaxPerRemedy < 0 || limit.MaxPerCase < limit.MaxPerRemedy {
			return BadValue(field, "max_per_case not below max_per_remedy, neither negative")
		}
	}
	for i, band := range bands {
		if band.Low < 0 || band.High < band.Low {
			return BadValue(prefix+indexed("remedy_bands", i), "high not below low, neither negative")
		}
	}
	return nil
}

// digestOf returns the SHA-256 of what is adopted, as JSON.
func digestOf(adopted ...any) (Term, error) {
	text, err := json.Marshal(adopted, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("what is adopted: %w", err)
	}
	return digest(text), nil
}
