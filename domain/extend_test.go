package domain

import (
	"slices"
	"testing"
)

// Every condition that a shipped procedure sets for more time can be met by a reason that can be given.
func TestConditionsForMoreTimeCanBeMet(t *testing.T) {
	for _, p := range Shipped() {
		for _, stage := range p.Stages {
			for _, k := range stage.Clocks {
				if k.Extend == nil || k.Extend.OnlyFor == "" {
					continue
				}
				met := slices.ContainsFunc(ExtensionCode("").Values(), func(code string) bool { return ExtensionCode(code).answers(k.Extend.OnlyFor) })
				if !met || ExtensionCode("other").answers(k.Extend.OnlyFor) {
					t.Errorf("%s %s.%s is extended for %s only", p.ID, stage.ID, k.ID, k.Extend.OnlyFor)
				}
			}
		}
	}
}
