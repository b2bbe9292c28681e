package web

import (
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	for code, want := range map[string]string{
		"no_further_contact": "No further contact", "RemedyOffered": "Remedy offered", "Received": "Received",
		"PersonalDataErased": "Personal data erased", "closed": "Closed", "": "", "ReferredToOmbudsman": "Referred to ombudsman",
	} {
		if got := words(code); got != want {
			t.Errorf("words(%q) = %q, want %q", code, got, want)
		}
	}
}

func TestTimesAreLondons(t *testing.T) {
	summer := time.Date(2025, 6, 30, 23, 30, 0, 0, time.UTC)
	if got := when(summer); got != "1 Jul 2025 00:30" {
		t.Errorf("when: %q", got)
	}
	if got := day(summer); got != "1 Jul 2025" {
		t.Errorf("day: %q", got)
	}
	if when(time.Time{}) != "" || day(time.Time{}) != "" {
		t.Error("no time is shown as one")
	}
}
