package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// storyVerb runs the verb and returns what it printed, and its exit code.
func storyVerb(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	root := rootCommand()
	root.SetOut(&out)
	root.SetArgs(append([]string{"story"}, args...))
	err := root.ExecuteContext(t.Context())
	if code := exitCode(err); code == exitFailure {
		t.Fatal(err)
	}
	return out.String(), exitCode(err)
}

func TestStoryVerb(t *testing.T) {
	const good = "../../docs/stories/corporate/withdrawn.yaml"
	source, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(wrong, bytes.Replace(source, []byte("expect: [Withdrawn]"), []byte("expect: [Closed]"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := storyVerb(t, good, wrong, "--format", "json")
	var answer struct {
		Stories []struct {
			File, Title string
			Passed      bool
			Steps       []struct {
				N             int
				At, Do        string
				Expected, Got map[string]any
				Passed        bool
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &answer, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	if code != exitFindings || len(answer.Stories) != 2 || !answer.Stories[0].Passed || answer.Stories[1].Passed {
		t.Fatalf("exit %d: %s", code, out)
	}
	step := answer.Stories[1].Steps[2]
	if step.N != 3 || step.Do != "WithdrawCase" || step.At != "2025-03-07T09:00:00Z" || step.Passed || len(step.Expected) == 0 || len(step.Got) == 0 {
		t.Errorf("%+v", step)
	}
	out, code = storyVerb(t, good, "--trace")
	if code != exitDone || !strings.HasPrefix(out, "passed  ") || !strings.Contains(out, "A@2 Withdrawn by pat") || !strings.Contains(out, "s1.response void") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// A story that cannot be read is refused before any is played, with file, line and rule.
func TestStoryVerbRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("schema: redress.story/v1\ntitle: x\nsteps:\n- at: today\n  check: {case: A}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := storyVerb(t, "../../docs/stories/corporate/withdrawn.yaml", bad); code != exitUsage || out != "" {
		t.Errorf("exit %d: %s", code, out)
	}
	if _, err := readStories([]string{bad}); err == nil || !strings.Contains(err.Error(), bad+":4: at is an instant") {
		t.Errorf("%v", err)
	}
	if _, err := readStories([]string{filepath.Join(t.TempDir(), "gone.yaml")}); !strings.Contains(errors.Join(err).Error(), "gone.yaml") {
		t.Errorf("%v", err)
	}
	if _, code := storyVerb(t); code != exitUsage {
		t.Errorf("no file: exit %d", code)
	}
}
