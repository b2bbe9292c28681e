package story

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redress/commands"
	"redress/domain"
)

// ours is where the stories that come with Redress stand.
const ours = "../../../docs/stories"

// waiting names the stories that tell of what the system cannot do yet, each with what it waits for. One that passes has
// to leave the list.
var waiting = map[string]string{}

// onlyHTTP are the codes that no story can reach, because a story sends no command twice with another body.
var onlyHTTP = []domain.Code{domain.CommandIDReused}

func TestStories(t *testing.T) {
	var stories []*Story
	err := filepath.WalkDir(ours, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" || filepath.Base(filepath.Dir(path)) == "procedures" {
			return err
		}
		s, err := Read(path)
		if err != nil {
			t.Error(err)
			return nil
		}
		stories = append(stories, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]string{}
	for _, s := range stories {
		if other, twice := titles[s.Title]; twice {
			t.Errorf("%s and %s have the same title, and so the same ids", s.File, other)
		}
		titles[s.Title] = s.File
	}
	for _, r := range play(t, stories...) {
		name, _ := filepath.Rel(ours, r.File)
		reason, waits := waiting[name]
		switch {
		case waits && r.Passed:
			t.Errorf("%s passes, and need not wait for %s any more", name, reason)
		case !waits && !r.Passed:
			t.Errorf("%s", table(t, r))
		}
	}
	unreached(t, slices.DeleteFunc(stories, func(s *Story) bool {
		name, _ := filepath.Rel(ours, s.File)
		return waiting[name] != ""
	}))
}

// A story that says anything that is not so fails, and the step that says it is the one that went wrong.
func TestWrongStoriesFail(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(ours, "corporate", "an-apology-needs-no-approval.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	wrongs := []struct {
		name, from, to string
		step           int
		want           string
	}{
		{"another event", "expect: [Acknowledged]", "expect: [Allocated]", 2, "got Acknowledged"},
		{"one event more", "expect: [Acknowledged]", "expect: [Acknowledged, Allocated]", 2, "got Acknowledged"},
		{"refused after all", "expect: [Acknowledged]", "expect: {refused: [NOT_PERMITTED]}", 2, "got Acknowledged"},
		{"another code", "refused: [BAD_VALUE]", "refused: [AMOUNT_CHANGED]", 7, "BAD_VALUE"},
		{"accepted after all", "expect: {refused: [BAD_VALUE]}", "expect: [RemedyOffered]", 7, "BAD_VALUE"},
	}
	looks := []struct{ says, want string }{
		{"remedies: {sorry: offered}", `got {"sorry":"delivered"}`},
		{"remedies: {}", `got {"sorry":"delivered"}`},
		{"events: 8", "got 7"},
		{"status: closed", `got "open"`},
		{"stage: s2", `got "s1"`},
		{"step: investigating", `got "responded"`},
		{"closed_reason: withdrawn", "got null"},
		{"officer: cara", `got "ben"`},
		{"officer: null", `got "ben"`},
		{"flags: [anonymous]", "got []"},
		{"tasks: [consent_overdue]", "got []"},
		{"clocks: {s1.ack: {state: missed}}", `"state":"met"`},
		{"clocks: {s1.response: {due: 2025-03-19}}", `"due":"2025-03-18"`},
		{"clocks: {s2.ack: {state: running}}", `{"s2.ack":null}`},
	}
	var stories []*Story
	for _, w := range wrongs {
		stories = append(stories, told(t, strings.Replace(string(source), w.from, w.to, 1)))
	}
	text := string(source)
	for _, l := range looks {
		text += "- at: 2025-03-14T09:00:00Z\n  check:\n    case: A\n    " + l.says + "\n"
	}
	text += "- at: 2025-03-14T09:00:00Z\n  check: {case: B, status: open}\n"
	results := play(t, append(stories, told(t, text))...)
	for i, w := range wrongs {
		failsAt(t, w.name, results[i], w.step, w.want)
	}
	last := results[len(wrongs)]
	for i, l := range looks {
		step := &last.Steps[8+i]
		if last.Passed || step.Passed || !strings.Contains(strings.Join(step.Differences, " "), l.want) {
			t.Errorf("%s: %q, want %q", l.says, step.Differences, l.want)
		}
	}
	failsAt(t, "the first look", last, 9, looks[0].want)
	if of := last.Steps[8+len(looks)]; of.Passed {
		t.Error("a case that nobody opened was found")
	}
}

// told reads a story that is no file yet.
func told(t *testing.T, text string) *Story {
	t.Helper()
	s, err := Read(written(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// failsAt holds that the first step that went wrong is the one, and says why.
func failsAt(t *testing.T, name string, r Result, step int, why string) {
	t.Helper()
	first := slices.IndexFunc(r.Steps, func(s StepResult) bool { return !s.Passed })
	if r.Passed || first < 0 || r.Steps[first].N != step || !strings.Contains(strings.Join(r.Steps[first].Differences, " "), why) {
		t.Errorf("%s: step %d should fail with %q\n%s", name, step, why, table(t, r))
	}
}

// play opens a theatre for the test and plays stories in it.
func play(t *testing.T, stories ...*Story) []Result {
	t.Helper()
	theatre, err := Open(t.Context(), os.Getenv("REDRESS_PG_BIN"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := theatre.Close(); err != nil {
			t.Error(err)
		}
	})
	results, err := theatre.Play(t.Context(), stories, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func table(t *testing.T, r Result) string {
	t.Helper()
	var out strings.Builder
	for i := range r.Steps {
		r.Steps[i].Trace = nil
	}
	if err := WriteTable(&out, []Result{r}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// unreached lists the codes of the catalogue that no story expects.
func unreached(t *testing.T, stories []*Story) {
	var codes []string
	for _, reason := range domain.Codes {
		reached := slices.ContainsFunc(stories, func(s *Story) bool {
			return slices.ContainsFunc(s.Steps, func(step Step) bool {
				return len(step.expect.refused) == 1 && step.expect.refused[0] == string(reason.Code)
			})
		})
		switch {
		case reached && slices.Contains(onlyHTTP, reason.Code):
			t.Errorf("a story reaches %s after all", reason.Code)
		case !reached && !slices.Contains(onlyHTTP, reason.Code):
			codes = append(codes, string(reason.Code))
		}
	}
	if len(codes) > 0 {
		t.Errorf("%d codes that no story reaches: %s", len(codes), strings.Join(codes, ", "))
	}
	undone(t, stories)
}

// undone lists the commands that no story sends with success.
func undone(t *testing.T, stories []*Story) {
	var names []string
	for _, name := range commands.Commands() {
		if !slices.ContainsFunc(stories, func(s *Story) bool {
			return slices.ContainsFunc(s.Steps, func(step Step) bool { return step.Do == name && len(step.expect.events) > 0 })
		}) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		t.Errorf("%d commands that no story does: %s", len(names), strings.Join(names, ", "))
	}
}
