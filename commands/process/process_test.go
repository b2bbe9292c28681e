package process_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/commands"
	"redress/commands/process"
	"redress/domain"
	"redress/domain/procedure"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

// town is a log with Bradford's procedure, and a clock that the test sets.
type town struct {
	*commands.Handler
	t     *testing.T
	store *eventstore.Store
	pg    string // the database's connection string
	clock time.Time
	cases []uuid.UUID
}

var operator = domain.Actor{ID: "operator:0", Operator: true}

func newTown(t *testing.T) *town {
	t.Helper()
	folder, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	pg := pgtest.URL(t)
	v, err := vault.Open(t.Context(), pg, filepath.Join(folder, "kek"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	socket := filepath.Join(folder, "node")
	n, err := node.Start(t.Context(), t.TempDir(), node.Options{Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop() })
	store, err := eventstore.Open(t.Context(), eventstore.Config{URL: socket, Tenant: "council", Vault: v})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	w := &town{t: t, store: store, pg: pg, clock: time.Date(2026, 3, 6, 9, 0, 0, 0, time.UTC)} // a Friday
	w.Handler = w.another()
	shipped, err := commands.ShippedProcedures()
	if err != nil {
		t.Fatal(err)
	}
	bradford := slices.DeleteFunc(shipped, func(p *procedure.Procedure) bool { return p.ID != "bradford-corporate-place" })
	if err := w.Open(t.Context(), commands.Opening{Procedures: bradford}); err != nil {
		t.Fatal(err)
	}
	amina := uuid.NewSHA1(uuid.NameSpaceOID, []byte("amina"))
	w.must(operator, "RecordPerson", map[string]any{"person_id": amina, "name": "Amina"})
	w.must(operator, "GrantRole", map[string]any{"actor_id": amina, "roles": []string{"case_handler"}, "from": w.clock})
	return w
}

// another is a second process on the same log.
func (w *town) another() *commands.Handler {
	return &commands.Handler{Store: w.store, Tenant: "council", Now: func() time.Time { return w.clock }}
}

func (w *town) must(actor domain.Actor, command string, body map[string]any) commands.Answer {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := w.Do(w.t.Context(), commands.Request{Command: command, Body: text, Actor: actor, WayIn: domain.ViaAPI})
	if err != nil {
		w.t.Fatalf("%s: %v", command, err)
	}
	return answer
}

// receive opens a pre-complaint now.
func (w *town) receive() uuid.UUID {
	w.t.Helper()
	actor := domain.Actor{ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte("amina")).String()}
	answer := w.must(actor, "ReceiveFeedback", map[string]any{
		"kind": "pre_complaint", "channel": "phone", "received_at": w.clock, "service": "waste", "category": "bins",
		"procedure_id": "bradford-corporate-place", "summary": "The bin was missed.",
	})
	w.cases = append(w.cases, *answer.Case)
	return *answer.Case
}

func (w *town) candidates(context.Context, []string, time.Time, time.Time) ([]uuid.UUID, error) {
	return w.cases, nil
}

func (w *town) manager(h *commands.Handler) *process.Manager {
	return &process.Manager{Handler: h, Candidates: w.candidates, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.clock }}
}

func (w *town) step(m *process.Manager) int {
	w.t.Helper()
	n, err := m.Step(w.t.Context(), w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *town) history(id uuid.UUID) []eventstore.Record {
	w.t.Helper()
	var records []eventstore.Record
	for r, err := range w.store.Read(w.t.Context(), domain.CaseStream(id), 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// A pre-complaint of a Friday turns formal on the Tuesday, though the program stood still until the week after.
func TestIssuedLateAtTheInstantItWasDue(t *testing.T) {
	w := newTown(t)
	id := w.receive()
	m := w.manager(w.Handler)
	if n := w.step(m); n != 0 {
		t.Fatalf("%d duties at once", n)
	}
	w.clock = time.Date(2026, 3, 16, 8, 0, 0, 0, time.UTC)
	if n := w.step(m); n != 1 {
		t.Fatalf("%d duties after the time had run out", n)
	}
	records := w.history(id)
	if len(records) != 2 {
		t.Fatalf("the case has %d events", len(records))
	}
	r, due := records[1], time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	if r.Type != "Classified" || !r.Meta.OccurredAt.Equal(due) || !r.Meta.RecordedAt.Equal(w.clock) {
		t.Errorf("%s happened at %s, recorded at %s", r.Type, r.Meta.OccurredAt, r.Meta.RecordedAt)
	}
	if r.Meta.ActorID != "system" || r.Meta.ActorRole != "system" || r.Meta.WayIn != domain.ViaProcess || r.Meta.CausationID != records[0].ID {
		t.Errorf("the envelope is %+v", r.Meta)
	}
	if c, err := w.Case(t.Context(), id); err != nil || c.Stage != "s1" || c.Kind != domain.KindComplaint {
		t.Errorf("the case stands at %+v, %v", c, err)
	}
}

// Two processes that look at the same time, or one that crashed after it had issued, do it once.
func TestIssuedOnce(t *testing.T) {
	w := newTown(t)
	id := w.receive()
	w.clock = w.clock.AddDate(0, 0, 10)
	a, b := w.manager(w.Handler), w.manager(w.another())
	first, err := a.Owed(t.Context(), w.clock)
	if err != nil || len(first) != 1 {
		t.Fatalf("%v, %v", first, err)
	}
	second, err := b.Owed(t.Context(), w.clock)
	if err != nil || len(second) != 1 {
		t.Fatalf("%v, %v", second, err)
	}
	for _, issue := range []func() error{
		func() error { return a.Issue(t.Context(), first[0]) },
		func() error { return b.Issue(t.Context(), second[0]) },
		func() error { return a.Issue(t.Context(), first[0]) },
	} {
		if err := issue(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.history(id)); n != 2 {
		t.Errorf("the case has %d events", n)
	}
	if n := w.step(b); n != 0 {
		t.Errorf("%d duties are left", n)
	}
}

// Run goes on after a step that failed, asks whether it is still the one, and ends with its context.
func TestRun(t *testing.T) {
	w := newTown(t)
	id := w.receive()
	w.clock = w.clock.AddDate(0, 0, 10)
	m := w.manager(w.Handler)
	failed := false
	m.Candidates = func(_ context.Context, clocks []string, _, since time.Time) ([]uuid.UUID, error) {
		if !failed {
			failed = true
			return nil, errors.New("the read models are away")
		}
		if !since.IsZero() || strings.Join(clocks, " ") != "pre.resolve" {
			t.Errorf("asked for %v since %s", clocks, since)
		}
		return w.cases, nil
	}
	lost := errors.New("another process has taken over")
	ticks := make(chan time.Time)
	asked := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- m.Run(t.Context(), ticks, func(context.Context) error {
			asked <- struct{}{}
			if len(w.history(id)) == 2 {
				return lost
			}
			return nil
		})
	}()
	<-asked
	ticks <- w.clock
	<-asked
	ticks <- w.clock
	<-asked
	if err := <-ended; !errors.Is(err, lost) {
		t.Errorf("ended with %v", err)
	}
}
