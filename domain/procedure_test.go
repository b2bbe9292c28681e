package domain

import (
	"strings"
	"testing"
	"time"

	"redress/domain/procedure"
)

// Every clock of every shipped procedure, and every extended limit, can be computed and explained.
func TestShippedProcedures(t *testing.T) {
	if len(Shipped()) != 15 {
		t.Fatalf("%d procedures", len(Shipped()))
	}
	start := time.Date(2025, time.May, 30, 14, 0, 0, 0, time.UTC)
	for _, p := range Shipped() {
		if err := CheckCoverage(p.ID, p, ShippedCalendar()); err != nil {
			t.Error(err)
		}
		clocks := map[string]*procedure.Clock{}
		for i := range p.CaseClocks {
			clocks["all."+p.CaseClocks[i].ID] = &p.CaseClocks[i]
		}
		for _, s := range p.Stages {
			for i := range s.Clocks {
				clocks[s.ID+"."+s.Clocks[i].ID] = &s.Clocks[i]
			}
		}
		for name, k := range clocks {
			x, err := ExplainFrom(p, ShippedCalendar(), name, start)
			if err != nil || x.Due.IsZero() || x.Problem != "" || x.Source == "" || len(x.Days) == 0 {
				t.Errorf("%s %s: %v %+v", p.ID, name, err, x)
			}
			if k.Extend == nil || k.Extend.Cap == nil {
				continue
			}
			longest, err := ExplainFrom(p, ShippedCalendar(), name+procedure.CapSuffix, start)
			if err != nil || longest.Due <= x.Due {
				t.Errorf("%s %s: the cap is not later: %v %s", p.ID, name, err, longest.Due)
			}
		}
	}
	if ShippedProcedure("nnc-corporate-2024") == nil || ShippedProcedure("nobody") != nil {
		t.Error("by id")
	}
}

func TestCheckCoverage(t *testing.T) {
	text := strings.Replace(ShippedProcedure("foi").Source(), `from: "2005-01-01"`, `from: "2028-12-20"`, 1)
	p, err := procedure.Parse("foi.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	err = CheckCoverage("foi.yaml", p, ShippedCalendar())
	if err == nil || !strings.Contains(err.Error(), "foi.yaml: stages[0].clocks[0]: ") || !strings.Contains(err.Error(), "2028") {
		t.Error(err)
	}
}
