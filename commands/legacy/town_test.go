package legacy

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/commands"
	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

// town is a system of a test's own with an empty log: node, vault, log and handler.
type town struct {
	t       testing.TB
	vault   *vault.Vault
	store   *eventstore.Store
	handler *commands.Handler
	clock   time.Time
}

func newTown(t testing.TB) *town {
	t.Helper()
	folder, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket := filepath.Join(folder, "node")
	w := &town{t: t, clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	if w.vault, err = vault.Open(t.Context(), pgtest.URL(t), filepath.Join(folder, "kek")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.vault.Close)
	n, err := node.Start(t.Context(), t.TempDir(), node.Options{Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop() })
	if w.store, err = eventstore.Open(t.Context(), eventstore.Config{URL: socket, Tenant: "council", Vault: w.vault}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.store.Close)
	w.handler = &commands.Handler{Store: w.store, Tenant: "council", Now: func() time.Time { return w.clock }}
	if err := w.handler.Open(t.Context(), commands.Opening{}); err != nil {
		t.Fatal(err)
	}
	return w
}

// try imports a text and checks what must hold of every report.
func (w *town) try(m *Mapping, text string, dryRun bool) (*Report, error) {
	w.t.Helper()
	im := Importer{
		Handler: w.handler, Vault: w.vault, Tenant: "council", Actor: domain.Actor{ID: "operator:0", Operator: true}, Now: w.clock,
	}
	r, err := im.Run(w.t.Context(), strings.NewReader(text), m, dryRun)
	if err != nil {
		return nil, err
	}
	if r.Rows != r.Imported+r.AlreadyPresent+r.Duplicates+r.Rejected {
		w.t.Errorf("%d rows are not accounted for: %+v", r.Rows, r)
	}
	if r.Notes == nil || r.Rejections == nil || len(r.Rejections) != r.Rejected {
		w.t.Errorf("lists: %+v", r)
	}
	return r, nil
}

// run imports a text: first a dry run, which must promise the same and write nothing, then for good.
func (w *town) run(m *Mapping, text string) *Report {
	w.t.Helper()
	before, keys := w.end(), w.keys()
	promised, err := w.try(m, text, true)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.end() != before || w.keys() != keys {
		w.t.Error("a dry run has written")
	}
	r, err := w.try(m, text, false)
	if err != nil {
		w.t.Fatal(err)
	}
	if promised.DryRun = false; fmt.Sprint(*promised) != fmt.Sprint(*r) {
		w.t.Errorf("promised %+v\ndone %+v", *promised, *r)
	}
	return r
}

// fails imports a text that cannot be imported as a whole, and makes sure that nothing was written.
func (w *town) fails(m *Mapping, text string) error {
	w.t.Helper()
	before := w.end()
	_, err := w.try(m, text, false)
	if err == nil {
		w.t.Fatal("was imported")
	}
	if w.end() != before {
		w.t.Error("a failed import has written")
	}
	return err
}

func (w *town) end() eventstore.Mark {
	mark, err := w.store.End(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return mark
}

func (w *town) keys() bool {
	empty, err := w.vault.Empty(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return empty
}

// events lists the events of a case of a source.
func (w *town) events(system, ref string) []eventstore.Record {
	w.t.Helper()
	var list []eventstore.Record
	for r, err := range w.store.Read(w.t.Context(), domain.CaseStream(CaseID("council", system, domain.Label(ref))), 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// types is what events is for most tests.
func (w *town) types(system, ref string) string {
	var names []string
	for _, r := range w.events(system, ref) {
		names = append(names, r.Type)
	}
	return strings.Join(names, " ")
}

func (w *town) caseOf(system, ref string) *domain.Case {
	w.t.Helper()
	c, err := w.handler.Case(context.Background(), CaseID("council", system, domain.Label(ref)))
	if err != nil || c == nil {
		w.t.Fatal(c, err)
	}
	return c
}

// count checks the numbers of a report: imported, already present, duplicates, rejected, events, cases.
func count(t testing.TB, r *Report, want ...int) {
	t.Helper()
	got := []int{r.Imported, r.AlreadyPresent, r.Duplicates, r.Rejected, r.Events, r.Cases}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("imported, present, duplicates, rejected, events, cases = %v, want %v; %+v", got, want, r.Rejections)
	}
}

// rejected checks the rules and lines of all rejections.
func rejected(t testing.TB, r *Report, want ...string) {
	t.Helper()
	var got []string
	for _, rejection := range r.Rejections {
		got = append(got, fmt.Sprintf("%d %s", rejection.Line, rejection.Rule))
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("rejections %v, want %v", got, want)
	}
}

// load reads a mapping that must be right.
func load(t testing.TB, nameOrFile string) *Mapping {
	t.Helper()
	m, err := Load(nameOrFile)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The made-up export of a council, and the mapping that the council wrote for it.
const (
	letters = `schema: redress.mapping/v1
name: letters
title: Letters
origin: made up
source_system: letters
zone: Europe/London
dates: DD/MM/YYYY HH:mm
grade: partial
case: Ref
status: State
procedure: letters.procedure.yaml
missing: [summary, issues]
ignore: [Clerk]
events:
  - event: Received
    at: In
    with:
      kind: {column: Kind, values: {C: complaint, F: comment}, default: complaint}
      channel: letter
      service: {column: Team}
      category: general
      ward: {column: Ward}
      outcome_sought: {column: Wish}
  - event: Responded
    when: Out
    at: Out
    with: {stage: s1, outcome: {column: Result, values: {Y: upheld, N: not_upheld}}}
`
	lettersHeader = "Ref,State,In,Out,Kind,Team,Ward,Wish,Result,Clerk\n"
)

// council writes a mapping with its procedure into a folder of its own and returns the mapping's path. change rewrites
// the mapping's text.
func council(t testing.TB, change func(string) string) string {
	t.Helper()
	dir := t.TempDir()
	bound, err := shipped.ReadFile("mappings/nyc-311.procedure.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("id: nyc-311", "id: letters", "mapping nyc-311", "mapping letters", "kinds: [complaint]", "kinds: [complaint, comment]").Replace(string(bound))
	mapping := letters
	if change != nil {
		if mapping = change(letters); mapping == letters {
			t.Fatal("the change changes nothing")
		}
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "letters.procedure.yaml"), []byte(text), 0o600),
		os.WriteFile(filepath.Join(dir, "letters.yaml"), []byte(mapping), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "letters.yaml")
}

// swap is a change of one place in a text.
func swap(old, with string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, with, 1) }
}

// fines writes a file of the fines' shape. Each row is case, activity, row id and date; the other columns are filled
// with something.
func fines(rows ...string) string {
	var b strings.Builder
	out := csv.NewWriter(&b)
	_ = out.Write([]string{
		"case_id", "activity", "lifecycle", "resource", "timestamp", "amount", "article", "dismissal", "expense", "lastsent", "matricola",
		"notificationtype", "paymentamount", "points", "totalpaymentamount", "vehicleclass", "activity_instance_id", ".order",
	})
	for _, row := range rows {
		f := strings.Split(row, ",")
		article := ""
		if f[1] == "Create Fine" {
			article = "157"
		}
		_ = out.Write([]string{f[0], f[1], "complete", "", f[3], "", article, "", "", "", "", "", "", "", "", "", f[2], f[2]})
	}
	out.Flush()
	return b.String()
}

// erase destroys the keys of an imported case, as a data protection officer of the town.
func (w *town) erase(id uuid.UUID) {
	w.t.Helper()
	officer, approver := uuid.NewSHA1(uuid.NameSpaceOID, []byte("dora")), uuid.NewSHA1(uuid.NameSpaceOID, []byte("dirk"))
	grant := func(person uuid.UUID) map[string]any {
		return map[string]any{"actor_id": person, "roles": []string{"data_protection_officer"}, "service": "legal", "grade": 9, "from": w.clock}
	}
	operator := domain.Actor{ID: "operator:0", Operator: true}
	for _, step := range []struct {
		by      domain.Actor
		command string
		body    map[string]any
	}{
		{operator, "RecordPerson", map[string]any{"person_id": officer}},
		{operator, "RecordPerson", map[string]any{"person_id": approver}},
		{operator, "GrantRole", grant(officer)},
		{operator, "GrantRole", grant(approver)},
		{domain.Actor{ID: officer.String()}, "ErasePersonalData", map[string]any{
			"subject": id, "basis": "court_order", "approved_by": approver, "categories": []string{"all"}, "requested_at": w.clock,
		}},
	} {
		body, err := json.Marshal(step.body)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.handler.Do(w.t.Context(), commands.Request{Command: step.command, Body: body, Actor: step.by, WayIn: domain.ViaCLI}); err != nil {
			w.t.Fatal(step.command, err)
		}
	}
}
