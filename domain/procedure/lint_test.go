package procedure

import (
	"strings"
	"testing"
)

func TestLintAgainst(t *testing.T) {
	lgsco, hos := parsed(t, "lgsco-code-2024.yaml"), parsed(t, "hos-code-2024.yaml")
	for _, tt := range []struct{ file, lgsco, hos string }{
		{"lgsco-code-2024.yaml", "", ""},
		{"hos-code-2024.yaml", "", ""},
		{"nnc-corporate-2024.yaml", "", ""},
		{"nnc-corporate-remedy-minutes.yaml", "", ""},
		{"nnc-corporate-previous.yaml", "CODE_S1 CODE_S2", "CODE_S1 CODE_S2"},
		{"bradford-corporate-place.yaml", "CODE_STAGE_ZERO", "CODE_STAGE_ZERO"},
		{"nct-children-statutory.yaml", "", ""}, // not for statutory procedures
		{"foi.yaml", "", ""},
	} {
		p := parsed(t, tt.file)
		if got := findingIDs(p.LintAgainst(lgsco)); got != tt.lgsco {
			t.Errorf("%s, LGSCO: %s", tt.file, got)
		}
		if got := findingIDs(p.LintAgainst(hos)); got != tt.hos {
			t.Errorf("%s, HOS: %s", tt.file, got)
		}
	}
	for _, l := range append(lgsco.Lint, hos.Lint...) {
		if lintChecks[l.ID] == nil {
			t.Errorf("no check %s", l.ID)
		}
	}
	worse := strings.NewReplacer("reasons_required: false, source: \"Code section 6;", "reasons_required: true, source: \"Code section 6;",
		"{different_from: [s1]}", "", "length: 5, unit", "length: 6, unit").Replace(shipped(t, "lgsco-code-2024.yaml"))
	p, err := Parse("worse.yaml", []byte(worse))
	if err != nil {
		t.Fatal(err)
	}
	if got := findingIDs(p.LintAgainst(lgsco)); got != "CODE_ACK CODE_DIFFERENT CODE_NO_REASONS" {
		t.Error(got)
	}
}

func findingIDs(findings []Finding) string {
	ids := make([]string, len(findings))
	for i, f := range findings {
		ids[i] = f.ID
	}
	return strings.Join(ids, " ")
}
