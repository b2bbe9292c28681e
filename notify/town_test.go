package notify

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

func TestMain(m *testing.M) {
	// The databases' server stays until the binary ends.
	// A publisher that is cleaned up before its own goroutine has run leaves that one waiting on a channel that is gone:
	// nats.go v1.55.0, one goroutine for each fan-out that stops within moments of its start.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("redress/projections/postgres.(*Server).supervise"),
		goleak.IgnoreTopFunction("github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"))
}

// canary stands in every personal field of the tests. It must be found nowhere else.
const canary = "canary.wren"

// foreign is the NATS server that REDRESS_TEST_NATS names (a URL, with its credentials). Empty: every test starts the
// embedded one.
var foreign = os.Getenv("REDRESS_TEST_NATS")

// tenant is the council of the tests, on a foreign server under a name that nobody else has.
var tenant = func() string {
	if foreign == "" {
		return "council"
	}
	return "test" + strings.ReplaceAll(uuid.NewString(), "-", "")[:20]
}()

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// town is a log, a broker and a database of a test's own, all of them real.
type town struct {
	t       testing.TB
	dir     string // of the broker
	socket  string
	vault   *vault.Vault
	store   *eventstore.Store
	pool    *pgxpool.Pool
	broker  *Broker
	conn    *nats.Conn
	metrics *Metrics
	log     *journal
	now     time.Time
}

// journal is what was logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func newTown(t testing.TB) *town {
	t.Helper()
	folder, err := os.MkdirTemp("", "redress-")
	ok(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	w := &town{t: t, dir: filepath.Join(folder, "nats"), socket: filepath.Join(folder, "node"), metrics: NewMetrics(), log: new(journal), now: noon}

	database := pgtest.URL(t)
	ok(t, Migrate(t.Context(), database))
	w.pool, err = pgxpool.New(t.Context(), database)
	ok(t, err)
	t.Cleanup(w.pool.Close)
	w.vault, err = vault.Open(t.Context(), database, filepath.Join(folder, "kek"))
	ok(t, err)
	t.Cleanup(w.vault.Close)
	n, err := node.Start(t.Context(), filepath.Join(folder, "log"), node.Options{Socket: w.socket})
	ok(t, err)
	t.Cleanup(func() { n.Stop() })
	w.store, err = eventstore.Open(t.Context(), eventstore.Config{URL: w.socket, Tenant: tenant, Vault: w.vault})
	ok(t, err)
	t.Cleanup(w.store.Close)
	w.startBroker()
	if foreign != "" {
		t.Cleanup(w.lose)
	} else {
		t.Cleanup(w.stopBroker)
	}
	t.Cleanup(func() {
		if bytes.Contains([]byte(w.log.String()), []byte(canary)) {
			t.Errorf("personal data in the log lines:\n%s", w.log)
		}
	})
	return w
}

func (w *town) startBroker() {
	w.t.Helper()
	var err error
	if foreign != "" {
		w.conn, err = Connect(foreign)
		ok(w.t, err)
		return
	}
	w.broker, err = StartBroker(context.Background(), w.dir, Options{Logger: slog.New(slog.NewTextHandler(w.log, nil))})
	ok(w.t, err)
	w.conn, err = w.broker.Connect()
	ok(w.t, err)
}

func (w *town) stopBroker() {
	w.conn.Close()
	if w.broker != nil {
		w.broker.Stop()
	}
}

// lose stops the broker and takes away what it held: the embedded one's files, of a foreign one the tenant's streams.
func (w *town) lose() {
	w.t.Helper()
	if foreign != "" {
		js, err := jetstream.New(w.conn)
		ok(w.t, err)
		for _, name := range []string{w.wiring().streamName(), w.wiring().streamName() + "_DEAD"} {
			if err := js.DeleteStream(context.Background(), name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
				w.t.Error(err)
			}
		}
	}
	w.stopBroker()
	ok(w.t, os.RemoveAll(w.dir))
}

func (w *town) wiring() Wiring {
	return Wiring{
		Tenant: tenant, Conn: w.conn, Pool: w.pool, Store: w.store, Metrics: w.metrics,
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: func() time.Time { return w.now },
	}
}

// happened appends events that came by a way in at the town's present time, and returns their ids.
func (w *town) happened(stream string, next uint64, via domain.WayIn, events ...domain.Event) []uuid.UUID {
	w.t.Helper()
	command := uuid.New()
	var proposed []eventstore.Proposed
	var ids []uuid.UUID
	for i, e := range events {
		proposed = append(proposed, eventstore.Proposed{Event: e, Meta: domain.Metadata{
			CommandID: command, CorrelationID: command, OccurredAt: w.now.Add(-time.Minute), RecordedAt: w.now, ActorID: "system", WayIn: via,
			Procedure: "nnc-corporate-2024@2024-04", Stage: "s1",
		}})
		ids = append(ids, eventstore.EventID(command, stream, i))
	}
	_, err := w.store.Append(w.t.Context(), stream, eventstore.Next(next), proposed)
	ok(w.t, err)
	return ids
}

// complained makes a person and their case, and returns both.
func (w *town) complained(via domain.WayIn) (person, complaint uuid.UUID) {
	w.t.Helper()
	person, complaint = uuid.New(), uuid.New()
	w.happened(domain.PersonStream(person), 0, via, domain.PersonRecorded{
		PersonID: person, Name: domain.Plain("Jenny " + canary), Contacts: domain.Plain("01234 567890, " + canary + "@example.org"),
	})
	w.happened(domain.CaseStream(complaint), 0, via, domain.Received{
		CaseRef: "RD-2026-000007", Kind: domain.KindComplaint, Channel: "email", ReceivedAt: w.now, Service: "waste", Category: "missed bin",
		ProcedureID: "nnc-corporate-2024", ProcedureVersion: "2024-04", Stage: "s1", Summary: domain.Plain("my bins, " + canary), Complainant: &person,
	})
	return person, complaint
}

// acknowledged acknowledges a case and returns the event's id.
func (w *town) acknowledged(person, complaint uuid.UUID, form domain.Form, via domain.WayIn) uuid.UUID {
	w.t.Helper()
	return w.happened(domain.CaseStream(complaint), 1, via, domain.Acknowledged{
		Stage: "s1", SentAt: w.now, Channel: "email", Form: form, Recipients: []uuid.UUID{person}, Contains: []domain.Term{"reference"},
		OmbudsmanBodies: []domain.OmbudsmanBody{"LGSCO", "HOS"}, DueQuoted: domain.NewDate(2026, time.March, 16),
	})[0]
}

// runs runs something until the returned function is called, which waits for its end.
func runs(t testing.TB, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// eventually waits until something is true.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// checkpointed waits until the checkpoint has reached the log's end.
func (w *town) checkpointed() {
	w.t.Helper()
	end, err := w.store.End(w.t.Context())
	ok(w.t, err)
	eventually(w.t, "the checkpoint at the log's end", func() bool {
		var reached bool
		ok(w.t, w.pool.QueryRow(w.t.Context(), "select exists (select from notify.fanout where position = $1 and event_id = $2)", int64(end.Position), end.ID).Scan(&reached))
		return reached
	})
}

// messages returns all that the stream holds, in order.
func (w *town) messages() []*jetstream.RawStreamMsg {
	w.t.Helper()
	stream, err := w.wiring().stream(w.t.Context())
	ok(w.t, err)
	info, err := stream.Info(w.t.Context())
	ok(w.t, err)
	var all []*jetstream.RawStreamMsg
	for seq := info.State.FirstSeq; info.State.Msgs > 0 && seq <= info.State.LastSeq; seq++ {
		msg, err := stream.GetMsg(w.t.Context(), seq)
		ok(w.t, err)
		all = append(all, msg)
	}
	return all
}

// stateOf returns the state of a delivery and its reason; empty where there is none.
func (w *town) stateOf(notifier string, event uuid.UUID) (state State, why string) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), "select state, why from notify.deliveries where notifier = $1 and event_id = $2", notifier, event)
	ok(w.t, err)
	defer rows.Close()
	for rows.Next() {
		ok(w.t, rows.Scan(&state, &why))
	}
	return state, why
}

// becomes waits for the state of a delivery.
func (w *town) becomes(notifier string, event uuid.UUID, want State) {
	w.t.Helper()
	eventually(w.t, notifier+" "+string(want), func() bool { state, _ := w.stateOf(notifier, event); return state == want })
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
