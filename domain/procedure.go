package domain

import (
	"fmt"
	"io/fs"
	"sync"

	"redress/domain/procedure"
	"redress/domain/procedures"
)

// Shipped returns the procedures that come with Redress, in the order of their file names.
var Shipped = sync.OnceValue(func() []*procedure.Procedure {
	names, err := fs.Glob(procedures.Files, "*.yaml")
	if err != nil {
		panic(err) // the pattern is fixed
	}
	shipped := make([]*procedure.Procedure, 0, len(names))
	for _, name := range names {
		text, err := procedures.Files.ReadFile(name)
		if err != nil {
			panic(err) // the name is one of its files
		}
		p, err := procedure.Parse(name, text)
		if err != nil {
			panic(err) // tested
		}
		shipped = append(shipped, p)
	}
	return shipped
})

// ShippedProcedure returns the shipped procedure of an id, or nil.
func ShippedProcedure(id string) *procedure.Procedure {
	for _, p := range Shipped() {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// CheckCoverage says what a procedure asks of a calendar that the calendar cannot answer: a clock by the holidays of all
// the United Kingdom needs years that were published. The error is a [*procedure.Faults]. It is the one loading check
// that needs a calendar.
func CheckCoverage(file string, p *procedure.Procedure, calendar *Calendar) error {
	from, err := ParseDate(p.Effective.From)
	if Holidays(p.Calendar) != AnyOfUK || err != nil {
		return nil
	}
	_, last := calendar.Covered(AnyOfUK)
	var faults []procedure.Fault
	for i := range p.Stages {
		for j := range p.Stages[i].Clocks {
			k := &p.Stages[i].Clocks[j]
			first := max(from, calendar.ukFrom)
			_, err := calendar.Due(period(p, k), first.Midnight(), Circumstances{})
			if err != nil {
				faults = append(faults, procedure.Fault{
					Path: fmt.Sprintf("stages[%d].clocks[%d]", i, j),
					Rule: fmt.Sprintf("ends within the published holidays of the United Kingdom, which reach to %d", last),
				})
			}
		}
	}
	if len(faults) > 0 {
		return &procedure.Faults{File: file, Faults: faults}
	}
	return nil
}

// period returns a clock's length as the engine counts it.
func period(p *procedure.Procedure, k *procedure.Clock) Period {
	return Period{
		Length: k.Length, Unit: k.Unit, From: k.From, Hours: k.HoursBasis, Roll: k.Roll, Set: Holidays(p.Calendar),
	}
}
