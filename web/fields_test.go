package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestFieldLines(t *testing.T) {
	const data = `{
		"summary": {"key": "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001", "box": "AAAA", "for": "x"},
		"outcome_sought": {"key": "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a002", "box": "AAAA", "for": "x"},
		"kind": "complaint", "case_ref": "RD-2026-000001", "received_at": "2026-07-01T08:00:00Z",
		"matter_occurred_on": "2026-06-30", "ward": "", "affected": null, "flags": ["safeguarding", "legal_hold"], "issues": [
			{"issue_id": "i1", "category": "repairs", "text": {"key": "0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001", "box": "AAAA", "for": "x"}}
		]
	}`
	gone := map[uuid.UUID]bool{uuid.MustParse("0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a002"): true}
	got, err := fieldLines("Received", []byte(data), gone)
	if err != nil {
		t.Fatal(err)
	}
	want := []fieldLine{
		{"Case ref", "RD-2026-000001", false},
		{"Kind", "complaint", false},
		{"Received at", "1 Jul 2026 09:00", false},
		{"Summary", "sealed", true},
		{"Outcome sought", "erased", true},
		{"Matter occurred on", "30 Jun 2026", false},
		{"Issues 1, category", "repairs", false},
		{"Issues 1, issue id", "i1", false},
		{"Issues 1, text", "sealed", true},
		{"Flags", "safeguarding, legal_hold", false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVeil(t *testing.T) {
	const data = `{"issues":[{"text":{"key":"0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a001","box":"AAAA","for":"x"}}],
		"summary":{"key":"0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a002","box":"AAAA","for":"x"},"amount":12}`
	gone := map[uuid.UUID]bool{uuid.MustParse("0b9c2c3e-6a52-4a0e-9e06-33b1d7c3a002"): true}
	got, err := veil([]byte(data), gone)
	if err != nil || string(got) != `{"amount":12,"issues":[{"text":{"sealed":true}}],"summary":{"erased":true}}` {
		t.Errorf("%s %v", got, err)
	}
	keys, err := sealingKeys([]byte(data))
	if err != nil || len(keys) != 2 {
		t.Errorf("%v %v", keys, err)
	}
}
