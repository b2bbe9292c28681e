package story

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redress/domain"
)

const good = `schema: redress.story/v1
title: A good story
procedures: [nnc-corporate-2024]
actors:
  amina: {roles: [case_handler], service: housing, grade: 4}
  pat: {roles: [public]}
steps:
- at: 2025-01-06T09:10:00Z
  as: amina
  do: AcknowledgeCase
  case: A
  revision: 3
  with: {contains: all}
  expect: {refused: [CASE_NOT_FOUND]}
- at: 2025-01-06T09:10:00+00:00
  check: {case: A, closed_reason: null, clocks: {s1.ack: {state: met, due: 2025-01-13}}, rules: {AR-05: pass}, officer: null}
`

// written writes a story into a file of its own.
func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "story.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestReadGoodStory(t *testing.T) {
	s, err := Read(written(t, good))
	if err != nil {
		t.Fatal(err)
	}
	step := s.Steps[0]
	if s.Title != "A good story" || len(s.Procedures) != 1 || len(s.Actors) != 2 || len(s.Steps) != 2 {
		t.Errorf("%+v", s)
	}
	if step.As != "amina" || step.Do != "AcknowledgeCase" || step.Case != "A" || *step.revision != 3 || step.expect.refused[0] != "CASE_NOT_FOUND" {
		t.Errorf("%+v", step)
	}
	if a := s.actor("amina"); a.Roles[0] != domain.RoleCaseHandler || a.Service != "housing" || a.Grade != 4 {
		t.Errorf("%+v", a)
	}
}

// Every story that cannot be played is refused with the line and the rule.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, from, to string
		line           int
		rule           string
	}{
		{"unknown key", "title:", "subtitle: x\ntitle:", 2, "no key subtitle"},
		{"unknown key of a step", "  case: A\n", "  case: A\n  who: amina\n", 12, "no key who"},
		{"unknown key of a check", "check: {", "check: {state: open, ", 16, "no key state"},
		{"unknown key of a clock", "{state: met,", "{status: met,", 16, "no key status"},
		{"unknown key of an actor", "grade: 4", "level: 4", 5, "no key level"},
		{"unknown key of config", "actors:", "config: {colour: red}\nactors:", 4, "no key colour"},
		{"unknown key of a limit", "actors:", "config:\n  remedy_limits:\n  - {id: L1, most: 5}\nactors:", 6, "no key most"},
		{"limit without a role", "actors:", "config:\n  remedy_limits:\n  - {id: L1}\nactors:", 6, "remedy_limits lacks role"},
		{"limit that is no number", "actors:", "config:\n  remedy_limits:\n  - {id: L1, role: director, remedy_types: [distress], max_per_remedy: much}\nactors:", 6, "max_per_remedy is a whole number"},
		{"closing day that is none", "actors:", "config: {closure_days: [Christmas]}\nactors:", 4, "closure_days: a day"},
		{"another schema", "story/v1", "story/v2", 1, "redress.story/v1"},
		{"no title", "title: A good story\n", "", 1, "lacks title"},
		{"no steps", good[strings.Index(good, "steps:"):], "steps: []\n", 7, "at least one"},
		{"instant without a zone", "2025-01-06T09:10:00Z", "2025-01-06T09:10:00", 8, "with its zone"},
		{"no instant", "2025-01-06T09:10:00Z", "yesterday", 8, "RFC 3339"},
		{"day that does not exist", "2025-01-06T09:10:00Z", "2025-02-30T09:10:00Z", 8, "RFC 3339"},
		{"back in time", "2025-01-06T09:10:00+00:00", "2025-01-06T09:10:00+01:00", 15, "never go back"},
		{"undeclared actor", "as: amina", "as: ben", 9, "nobody declared ben"},
		{"nobody acts", "  as: amina\n", "", 8, "step 1 lacks as"},
		{"nothing expected", "  expect: {refused: [CASE_NOT_FOUND]}\n", "", 8, "says what to expect"},
		{"no code", "[CASE_NOT_FOUND]", "[]", 14, "at least one reason code"},
		{"no step that does anything", good[strings.Index(good, "  check:"):], "  case: A\n", 15, "do, check or both"},
		{"fields without a command", "- at: 2025-01-06T09:10:00+00:00", "- with: {}\n  at: 2025-01-06T09:10:00+00:00", 15, "with stands in a step that has do"},
		{"unknown role", "case_handler", "handler", 5, "handler is no role"},
		{"unknown procedure", "nnc-corporate-2024", "nnc-corporate", 3, "is neither"},
		{"procedure file that is not there", "nnc-corporate-2024", "gone.yaml", 3, "gone.yaml"},
		{"unknown state of a clock", "state: met", "state: done", 16, "state is one of"},
		{"due that is no day", "due: 2025-01-13", "due: soon", 16, "due is a day"},
		{"check without a case", "check: {case: A, ", "check: {", 16, "check lacks case"},
		{"grade that is no number", "grade: 4", "grade: high", 5, "grade is a whole number"},
		{"the same key twice", "title:", "schema: redress.story/v1\ntitle:", 2, "schema"},
		{"tag", "title: A good story", "title: !!str A good story", 2, "no tags"},
		{"merged keys", "title: A good story", "title: A good story\n<<: {source: x}", 3, "no merged keys"},
		{"alias of nothing", "title: A good story", "title: *t", 2, "an anchor before it"},
		{"no YAML", "title: A good story", "title: [", 0, "YAML"},
		{"two documents", good, good + "---\n" + good, 0, "one YAML document"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.from, tt.to, 1)
			if text == good {
				t.Fatal("the story was not changed")
			}
			_, err := Read(written(t, text))
			faults, ok := errors.AsType[*Faults](err)
			if !ok {
				t.Fatalf("%v", err)
			}
			first := faults.Faults[0]
			if tt.line > 0 && first.Line != tt.line || !strings.Contains(first.Rule, tt.rule) {
				t.Errorf("%v, want line %d and %q", err, tt.line, tt.rule)
			}
			if !strings.HasPrefix(err.Error(), faults.File+":") {
				t.Errorf("the file is not named: %v", err)
			}
		})
	}
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	text := strings.NewReplacer("grade: 4", "grade: high", "as: amina", "as: ben", "state: met", "state: done").Replace(good)
	_, err := Read(written(t, text))
	if faults, ok := errors.AsType[*Faults](err); !ok || len(faults.Faults) != 3 {
		t.Errorf("%v", err)
	}
}

// The ids of a story do not change from one playing to the next, and no two stories share any.
func TestIDsAreDerived(t *testing.T) {
	a, b := &Story{Title: "one"}, &Story{Title: "two"}
	if a.id("pat") != (&Story{Title: "one"}).id("pat") || a.key(1) != (&Story{Title: "one"}).key(1) {
		t.Error("the same title, another id")
	}
	if a.id("pat") == b.id("pat") || a.id("pat") == a.id("sam") || a.key(1) == b.key(1) || a.key(1) == a.key(2) {
		t.Error("two things with the same id")
	}
	a.Actors = []Actor{{Name: "pat"}}
	if a.nameOf(a.id("pat")) != "pat" || a.nameOf(b.id("pat")) == "pat" {
		t.Error("an actor's name is not found again by the id")
	}
}

func TestStepsKeepTheirZone(t *testing.T) {
	s, err := Read(written(t, strings.Replace(good, "2025-01-06T09:10:00+00:00", "2025-06-06T09:10:00+01:00", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Steps[1].At.Format(time.RFC3339); got != "2025-06-06T09:10:00+01:00" {
		t.Error(got)
	}
}
