package commands_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/commands"
	"redress/domain"
	"redress/domain/procedure"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

// council is a system of a test's own: node, vault, log, handler, and a clock that the test sets.
type council struct {
	*commands.Handler
	t      testing.TB
	dir    string // of the node
	socket string
	vault  *vault.Vault
	clock  time.Time
	people map[string]uuid.UUID
}

var operator = domain.Actor{ID: "operator:0", Operator: true}

// newCouncil opens a log that has the corporate procedure, and people with their roles.
func newCouncil(t testing.TB) *council {
	t.Helper()
	c := newSystem(t)
	if err := c.Open(t.Context(), commands.Opening{Procedures: procedureFiles(t, "nnc-corporate-2024")}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		name, service string
		grade         int
		role          domain.Role
	}{
		{"amina", "housing", 4, domain.RoleCaseHandler},
		{"ben", "housing", 8, domain.RoleServiceManager},
		{"cara", "corporate", 9, domain.RoleComplaints},
		{"dora", "legal", 9, domain.RoleDataProtection},
		{"dirk", "legal", 9, domain.RoleDataProtection},
		{"pat", "", 0, domain.RolePublic},
		{"paul", "", 0, domain.RolePublic},
	} {
		id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(p.name))
		c.people[p.name] = id
		c.must(operator, "RecordPerson", fields{"person_id": id, "name": "Name of " + p.name})
		grant := fields{"actor_id": id, "roles": []domain.Role{p.role}, "grade": p.grade, "from": c.clock}
		if p.service != "" {
			grant["service"] = p.service
		}
		c.must(operator, "GrantRole", grant)
	}
	return c
}

// newSystem is a council whose log is empty.
func newSystem(t testing.TB) *council {
	t.Helper()
	folder, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	c := &council{
		t: t, dir: t.TempDir(), socket: filepath.Join(folder, "node"),
		clock: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), people: map[string]uuid.UUID{},
	}
	if c.vault, err = vault.Open(t.Context(), pgtest.URL(t), filepath.Join(folder, "kek")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.vault.Close)
	n, err := node.Start(t.Context(), c.dir, node.Options{Socket: c.socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop() })
	c.Handler = c.another()
	return c
}

// another is a second process on the same log, vault and clock.
func (c *council) another() *commands.Handler {
	c.t.Helper()
	store, err := eventstore.Open(c.t.Context(), eventstore.Config{URL: c.socket, Tenant: "council", Vault: c.vault})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(store.Close)
	return &commands.Handler{
		Store: store, Tenant: "council", Now: func() time.Time { return c.clock }, Resolve: c.byRef,
		CasesOf: func(ctx context.Context, person uuid.UUID) ([]uuid.UUID, error) {
			return c.find(ctx, func(r *domain.Received) bool { return true })
		},
	}
}

// byRef finds a case in the log itself.
func (c *council) byRef(ctx context.Context, ref string) (uuid.UUID, bool, error) {
	ids, err := c.find(ctx, func(r *domain.Received) bool { return r.CaseRef == ref })
	if err != nil || len(ids) == 0 {
		return uuid.Nil, false, err
	}
	return ids[0], true, nil
}

func (c *council) find(ctx context.Context, wanted func(*domain.Received) bool) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for r, err := range c.Store.OfType(ctx, "Received") {
		if err != nil {
			return nil, err
		}
		received := r.Event.(domain.Received)
		if wanted(&received) {
			ids = append(ids, uuid.MustParse(r.Stream[len("complaint-"):]))
		}
	}
	return ids, nil
}

func procedureFiles(t testing.TB, names ...string) []*procedure.Procedure {
	t.Helper()
	shipped, err := commands.ShippedProcedures()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(shipped, func(p *procedure.Procedure) bool { return !slices.Contains(names, p.ID) })
}

type fields map[string]any

func (f fields) with(more fields) fields {
	all := fields{}
	for _, from := range []fields{f, more} {
		for name, value := range from {
			if value == nil {
				delete(all, name)
			} else {
				all[name] = value
			}
		}
	}
	return all
}

func body(t testing.TB, f fields) []byte {
	t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (c *council) as(name string) domain.Actor { return domain.Actor{ID: c.people[name].String()} }

func (c *council) do(actor domain.Actor, command string, f fields, change ...func(*commands.Request)) (commands.Answer, error) {
	c.t.Helper()
	r := commands.Request{Command: command, Body: body(c.t, f), Actor: actor, WayIn: domain.ViaAPI}
	for _, apply := range change {
		apply(&r)
	}
	return c.Do(c.t.Context(), r)
}

func (c *council) must(actor domain.Actor, command string, f fields, change ...func(*commands.Request)) commands.Answer {
	c.t.Helper()
	answer, err := c.do(actor, command, f, change...)
	if err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
	return answer
}

// refuses expects a rejection with the code.
func (c *council) refuses(code domain.Code, actor domain.Actor, command string, f fields, change ...func(*commands.Request)) {
	c.t.Helper()
	answer, err := c.do(actor, command, f, change...)
	expectCode(c.t, code, err)
	if err == nil {
		c.t.Logf("%s was accepted: %+v", command, answer)
	}
}

func expectCode(t testing.TB, code domain.Code, err error) {
	t.Helper()
	if rejection, ok := errors.AsType[*domain.Rejection](err); !ok || rejection.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func key(key string) func(*commands.Request) { return func(r *commands.Request) { r.Key = key } }

func seen(revision uint64) func(*commands.Request) {
	return func(r *commands.Request) { r.IfMatch = &revision }
}

// complaint is the body of a complaint of pat's.
func (c *council) complaint() fields {
	return fields{
		"kind": "complaint", "channel": "email", "received_at": c.clock, "service": "housing", "category": "repairs",
		"procedure_id": "nnc-corporate-2024", "summary": "The boiler has been out for three weeks.", "complainant": c.people["pat"],
		"issues": []fields{{"issue_id": "boiler", "text": "No heating", "category": "repairs"}},
	}
}

func (c *council) acknowledgement(answer commands.Answer) fields {
	return fields{
		"case": answer.Case, "stage": "s1", "sent_at": c.clock, "channel": "email", "form": "email",
		"recipients": []uuid.UUID{c.people["pat"]}, "contains": []string{"ombudsman_details"}, "letter": "L1",
	}
}

func (c *council) closing(answer commands.Answer) fields {
	return fields{"case": answer.Case, "reason": "entered_in_error", "at": c.clock}
}

// length is how many events a stream has.
func (c *council) length(stream string) int {
	c.t.Helper()
	n := 0
	for _, err := range c.Store.Read(c.t.Context(), stream, 0) {
		if err != nil {
			c.t.Fatal(err)
		}
		n++
	}
	return n
}

func same(t *testing.T, a, b commands.Answer) {
	t.Helper()
	first, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Errorf("answers differ:\n%s\n%s", first, second)
	}
}
