package story

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redress/domain"
)

// ours is where the stories that come with Redress stand.
const ours = "../../../docs/stories"

// waiting names the stories that tell of what the system cannot do yet, each with what it waits for. One that passes has
// to leave the list.
var waiting = map[string]string{
	"bradford/bradford-48-hours-over-a-weekend.yaml": "the process managers",
}

// onlyHTTP are the codes that no story can reach, because a story sends no command twice with another body.
var onlyHTTP = []domain.Code{domain.CommandIDReused}

func TestStories(t *testing.T) {
	var stories []*Story
	err := filepath.WalkDir(ours, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
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
		t.Logf("%d codes that no story reaches: %s", len(codes), strings.Join(codes, ", "))
	}
}
