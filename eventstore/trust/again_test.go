package trust

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/cmd/redress/story"
	"redress/commands"
	"redress/domain"
	"redress/eventstore/trust/scale"
)

// stories stand beside the code; between them they send every command that there is.
const stories = "../../docs/stories"

// TestAgain is T15: every command of the stories is sent by fifty callers at once, and then again: at once, after a
// restart, after a year, and with another body under the same key. There is one effect and one answer; another body is
// refused. T01 does the same over HTTP, around a kill.
func TestAgain(t *testing.T) {
	a := &again{callers: scale.Of(t, 4, 50, 50), times: scale.Of(t, 1, 2, 1000), tried: map[string]int{}}
	a.play(t, telling(t))
	if t.Failed() {
		return
	}
	if missing := a.missing(); len(missing) > 0 && !scale.Smoke() {
		t.Errorf("no story has an accepted %v", missing)
	}
	if a.sent == 0 {
		t.Error("no command was tried")
	}
	scale.Say("T15", "%d commands of %d kinds, each by %d callers, again, after a restart, after a year, with another body: one effect", a.sent, len(a.tried), a.callers)
}

// TestAgainControl: callers whose keys are lost on the way are caught.
func TestAgainControl(t *testing.T) {
	a := &again{callers: 4, times: 1, keyless: true, tried: map[string]int{}}
	theatre, err := story.Open(t.Context(), os.Getenv("REDRESS_PG_BIN"))
	if err != nil {
		t.Fatal(err)
	}
	defer theatre.Close()
	theatre.Do = a.do
	if _, err := theatre.Play(t.Context(), telling(t)[:1], false, nil); err != nil {
		t.Fatal(err)
	}
	if len(a.wrong) == 0 {
		t.Error("commands without their keys were not caught")
	} else {
		scale.Say("T15", "control \"the key is lost\" was caught: %.200s", a.wrong[0])
	}
}

// telling reads the stories of this run: each that sends a command which those before it do not send often enough, and at
// night all of them.
func telling(t *testing.T) []*story.Story {
	t.Helper()
	var all []*story.Story
	sent := map[string]int{}
	err := filepath.WalkDir(stories, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" || filepath.Base(filepath.Dir(path)) == "procedures" {
			return err
		}
		s, err := story.Read(path)
		if err != nil {
			return err
		}
		news := scale.Night()
		for _, step := range s.Steps {
			if step.Do != "" {
				news = news || sent[step.Do] < 2
				sent[step.Do]++
			}
		}
		if news && (len(all) < 2 || !scale.Smoke()) {
			all = append(all, s)
		}
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d stories, %v", len(all), err)
	}
	return all
}

// again answers the commands of stories, and sends each many times.
type again struct {
	callers int
	times   int  // how often each kind of command is tried
	keyless bool // plants a fault: keys do not arrive

	mu    sync.Mutex
	tried map[string]int // accepted commands, by kind
	sent  int
	wrong []error
}

func (a *again) play(t *testing.T, stories []*story.Story) {
	t.Helper()
	theatre, err := story.Open(t.Context(), os.Getenv("REDRESS_PG_BIN"))
	if err != nil {
		t.Fatal(err)
	}
	defer theatre.Close()
	theatre.Do = a.do
	results, err := theatre.Play(t.Context(), stories, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s does not pass when its commands are repeated", r.File)
			for _, step := range r.Steps {
				for _, difference := range step.Differences {
					t.Errorf("  step %d: %s", step.N, difference)
				}
			}
		}
	}
	for _, err := range a.wrong {
		t.Error(err)
	}
}

func (a *again) missing() []string {
	var names []string
	for _, c := range commands.All {
		if a.tried[c.Name] == 0 {
			names = append(names, c.Name)
		}
	}
	return slices.Sorted(slices.Values(names))
}

// do answers a command as the handler does, and notes what must not be.
func (a *again) do(ctx context.Context, h *commands.Handler, r commands.Request) (commands.Answer, error) {
	a.mu.Lock()
	enough := a.tried[r.Command] >= a.times
	a.mu.Unlock()
	if enough {
		return h.Do(ctx, r)
	}
	before, err := h.Store.End(ctx)
	if err != nil {
		return commands.Answer{}, err
	}
	answer, err := a.crowd(ctx, h, r)
	if err != nil {
		return answer, err
	}
	a.mu.Lock()
	a.tried[r.Command]++
	a.sent++
	a.mu.Unlock()
	if err := errors.Join(a.later(ctx, h, r, answer), a.once(ctx, h, before.Position, answer)); err != nil {
		a.note(fmt.Errorf("%s: %w", r.Command, err))
	}
	return answer, nil
}

func (a *again) note(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrong = append(a.wrong, err)
}

// crowd sends a command from all callers at once. A refusal leaves nothing behind, so each is decided by itself; the same
// state gives the same one.
func (a *again) crowd(ctx context.Context, h *commands.Handler, r commands.Request) (commands.Answer, error) {
	answers, errs := make([]commands.Answer, a.callers), make([]error, a.callers)
	var all sync.WaitGroup
	for i := range a.callers {
		all.Go(func() { answers[i], errs[i] = h.Do(ctx, a.arriving(r)) })
	}
	all.Wait()
	for i := range a.callers {
		if code(errs[i]) != code(errs[0]) || !same(answers[i], answers[0]) {
			a.note(fmt.Errorf("%s by %d callers at once: %s, %v and %s, %v",
				r.Command, a.callers, mustJSON(answers[0]), errs[0], mustJSON(answers[i]), errs[i]))
			break
		}
	}
	return answers[0], errs[0]
}

func (a *again) arriving(r commands.Request) commands.Request {
	if a.keyless {
		r.Key = uuid.NewString()
	}
	return r
}

func code(err error) string {
	if rejection, ok := errors.AsType[*domain.Rejection](err); ok {
		return string(rejection.Code)
	}
	return fmt.Sprint(err)
}

// later sends a command that was accepted again: to the same process, to one that has just started, to one that starts a
// year later, and to it with another body.
func (a *again) later(ctx context.Context, h *commands.Handler, r commands.Request, first commands.Answer) error {
	fresh := func(now func() time.Time) *commands.Handler {
		return &commands.Handler{Store: h.Store, Tenant: h.Tenant, Now: now, Resolve: h.Resolve, CasesOf: h.CasesOf}
	}
	for _, again := range []struct {
		when string
		by   *commands.Handler
	}{
		{"again", h},
		{"after a restart", fresh(h.Now)},
		{"after a year", fresh(func() time.Time { return h.Now().AddDate(1, 0, 0) })},
	} {
		if answer, err := again.by.Do(ctx, a.arriving(r)); err != nil || !same(answer, first) {
			return fmt.Errorf("%s: %s, %v, where the first answer was %s", again.when, mustJSON(answer), err, mustJSON(first))
		}
	}
	other := a.arriving(r)
	other.Body = changed(r.Body)
	answer, err := h.Do(ctx, other)
	if r.Command == "ErasePersonalData" && err == nil && same(answer, first) {
		return nil // the key by which bodies are compared is gone with the person
	}
	if code(err) != string(domain.CommandIDReused) {
		return fmt.Errorf("with another body: %s, %v", mustJSON(answer), err)
	}
	return nil
}

// changed is a body that says something else and is as well formed: a reason for the delay comes or is another, and of
// many answers the first is given twice.
func changed(body []byte) []byte {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		panic(err) // the handler has accepted it
	}
	fields = maps.Clone(fields)
	if answers, ok := fields["answers"].([]any); ok {
		fields["answers"] = append(answers, answers[0])
	}
	fields["backdate_reason"] = fmt.Sprintf("%v, and it lay in a drawer", fields["backdate_reason"])
	return mustJSON(fields)
}

// once makes sure that since a position the log has got the events of the answer and nothing else. Reserved references
// are left out: there may be gaps.
func (a *again) once(ctx context.Context, h *commands.Handler, since uint64, answer commands.Answer) error {
	end, err := h.Store.End(ctx)
	if err != nil {
		return err
	}
	var ids, want []uuid.UUID
	for r, err := range h.Store.ReadAll(ctx, since, end.Position) {
		if err != nil {
			return err
		}
		if _, reserved := r.Event.(domain.ReferencesReserved); !reserved {
			ids = append(ids, r.ID)
		}
	}
	for _, placed := range answer.Events {
		want = append(want, placed.ID)
	}
	if !slices.Equal(ids, want) {
		return fmt.Errorf("the log has got %d events, and the answer has %d", len(ids), len(want))
	}
	return nil
}
