// Package readtest gives a test a log, a vault and a PostgreSQL database of its own, all
// real, with a council that has adopted its procedures, and histories to read.
package readtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/projections"
	"redress/projections/postgres/pgtest"
)

// Tenant is the tenant of every log that this package makes.
const Tenant = "council"

// Council is a log with what reads it. Its methods fail the test on any error.
type Council struct {
	T     testing.TB
	Store *eventstore.Store
	Pool  *pgxpool.Pool
	URL   string // of the database
	// Node is the log's server, and Folder what it keeps on disk.
	Node   *node.Node
	Folder string
	Faulty bool // a runner that ends with an error is what the test is about

	now  time.Time
	next map[string]uint64 // the revision that the next event of a stream will have
}

// Opened is when the council opened its log.
var Opened = time.Date(2024, 10, 1, 8, 0, 0, 0, time.UTC)

// New makes a council that has opened its log and adopted both corporate procedures, and
// the tables that outlive rebuilds. No runner is started.
func New(t testing.TB) *Council {
	t.Helper()
	c := &Council{T: t, URL: pgtest.URL(t), Folder: t.TempDir(), now: Opened, next: map[string]uint64{}}
	sockets, err := os.MkdirTemp("", "redress-")
	c.must(err)
	t.Cleanup(func() { _ = os.RemoveAll(sockets) })
	v, err := vault.Open(t.Context(), c.URL, filepath.Join(sockets, "kek"))
	c.must(err)
	t.Cleanup(v.Close)
	socket := filepath.Join(sockets, "node")
	c.Node, err = node.Start(t.Context(), c.Folder, node.Options{Socket: socket})
	c.must(err)
	t.Cleanup(func() { c.must(c.Node.Stop()) })
	c.Store, err = eventstore.Open(t.Context(), eventstore.Config{URL: socket, Tenant: Tenant, Vault: v})
	c.must(err)
	t.Cleanup(c.Store.Close)
	c.must(projections.Migrate(t.Context(), c.URL))
	c.Pool, err = pgxpool.New(t.Context(), c.URL)
	c.must(err)
	t.Cleanup(c.Pool.Close)
	c.open(v)
	return c
}

func (c *Council) must(err error) {
	c.T.Helper()
	if err != nil {
		c.T.Fatal(err)
	}
}

// open appends what the first start appends.
func (c *Council) open(v *vault.Vault) {
	c.T.Helper()
	settings, err := domain.NewSettingsAdopted(domain.DefaultSettings(), "bootstrap", domain.Personal{})
	c.must(err)
	events := []domain.Event{domain.LogOpened{VaultID: v.ID(), KEKFingerprint: domain.Term(v.KEKFingerprint())}, settings}
	for _, id := range []string{"nnc-corporate-previous", "nnc-corporate-2024"} {
		events = append(events, Adopted(id))
	}
	for _, e := range events {
		c.Append(domain.ConfigStream(Tenant), Opened, e)
	}
}

// Adopted is the adoption of a shipped procedure.
func Adopted(id string) domain.ProcedureAdopted {
	p := domain.ShippedProcedure(id)
	return domain.ProcedureAdopted{
		ProcedureID: domain.Label(p.ID), Version: domain.Label(p.Version), Content: domain.Content(p.Source()),
		ContentHash: domain.Term(p.Hash()), ChangeClass: domain.ChangeSubstantive, Approver: "Executive",
	}
}

// Append appends events that are recorded at a moment, each as happened when it says, or
// then. It returns the position of the last. The recorded time never goes back.
func (c *Council) Append(stream string, recorded time.Time, events ...domain.Event) uint64 {
	c.T.Helper()
	if recorded.After(c.now) {
		c.now = recorded
	}
	command := uuid.NewSHA1(uuid.NameSpaceOID, []byte(stream+time.Duration(c.next[stream]).String()))
	proposed := make([]eventstore.Proposed, 0, len(events))
	for _, e := range events {
		occurred := c.now
		if timed, ok := e.(domain.Timed); ok && !timed.When().IsZero() {
			occurred = timed.When()
		}
		proposed = append(proposed, eventstore.Proposed{Event: e, Meta: domain.Metadata{
			CommandID: command, CorrelationID: command, CausationID: command,
			OccurredAt: occurred, RecordedAt: c.now, ActorID: "system", ActorRole: "system", WayIn: domain.ViaProcess,
		}})
	}
	appended, err := c.Store.Append(c.T.Context(), stream, eventstore.Next(c.next[stream]), proposed)
	c.must(err)
	c.next[stream] += uint64(len(events))
	return appended.Position
}

// Run starts a runner, which is stopped at the test's end, and returns its end as a
// channel and a function that stops it and waits.
func (c *Council) Run() (ended <-chan error, stop func()) {
	c.T.Helper()
	return c.RunOn(c.Pool)
}

// RunOn does as Run, with a pool of the runner's own.
func (c *Council) RunOn(pool *pgxpool.Pool) (ended <-chan error, stop func()) {
	ctx, cancel := contextOf(c.T)
	done := make(chan error, 1)
	over := make(chan struct{})
	runner := &projections.Runner{Pool: pool, Store: c.Store, Tenant: Tenant, Log: quiet()}
	go func() {
		defer close(over)
		err := runner.Run(ctx)
		if err != nil && !c.Faulty {
			c.T.Errorf("the runner ended: %v", err)
		}
		done <- err
	}()
	stop = func() {
		cancel()
		<-over
	}
	c.T.Cleanup(stop)
	return done, stop
}
