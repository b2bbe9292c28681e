package domain

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestCatalogueOfCodes(t *testing.T) {
	seen := map[Code]bool{}
	for _, reason := range Codes {
		if seen[reason.Code] {
			t.Errorf("%s stands twice in the catalogue", reason.Code)
		}
		seen[reason.Code] = true
		if reason.Meaning == "" || reason.Code.Class() != reason.Class {
			t.Errorf("%s has no meaning, or another class than it says", reason.Code)
		}
	}
	if Code("UNHEARD_OF").Class() != Refused {
		t.Error("a code that nobody knows is not a refusal")
	}
}

// TestEveryCodeIsListedAndExpected reads the package's own text: a code that stands in no catalogue, or that no table of
// decisions expects, is found here. Those in elsewhere are given by the edges.
func TestEveryCodeIsListedAndExpected(t *testing.T) {
	elsewhere := []string{"UnknownFieldCode", "UnknownCommand", "CommandIDReused", "CalendarCoverage"}
	code, err := os.ReadFile("code.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+Code = "([A-Z_]+)"`).FindAllStringSubmatch(string(code), -1) {
		if !slices.ContainsFunc(Codes, func(r Reason) bool { return r.Code == Code(m[2]) }) {
			t.Errorf("%s is in no catalogue", m[2])
		}
		expected := regexp.MustCompile(`\b` + m[1] + `\b[}),]`).MatchString(tests.String())
		if !expected && !slices.Contains(elsewhere, m[1]) {
			t.Errorf("no table of decisions expects %s", m[2])
		}
	}
}
