package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"redress/domain"
	"redress/eventstore"
)

// published returns every event of the log that is for the outside.
func (w *town) published() []eventstore.Record {
	w.t.Helper()
	var all []eventstore.Record
	for r, err := range w.store.ReadAll(w.t.Context(), 0, 0) {
		ok(w.t, err)
		if published(r.Stream) {
			all = append(all, r)
		}
	}
	return all
}

func TestEveryEventIsPublishedOnceAndBare(t *testing.T) {
	w := newTown(t)
	person, complaint := w.complained(domain.ViaWeb)
	w.happened("access-council-202603-0", 0, domain.ViaWeb, domain.ReferencesReserved{From: 1, To: 2})
	w.happened("equality-council-2026-q1", 0, domain.ViaWeb, domain.ReferencesReserved{From: 1, To: 2})
	runs(t, NewFanout(w.wiring()).Run)
	w.checkpointed()
	w.acknowledged(person, complaint, "email", domain.ViaWeb)
	w.checkpointed()

	log, stream := w.published(), w.messages()
	if len(log) != 3 || len(stream) != 3 {
		t.Fatalf("%d events of the log should be in the stream, %d are", len(log), len(stream))
	}
	for i, r := range log {
		msg := stream[i]
		for name, want := range map[string]string{
			"Nats-Msg-Id": r.ID.String(), "ce-id": r.ID.String(), "ce-type": r.Type, "ce-source": "/redress/" + tenant, "ce-specversion": "1.0",
			"ce-subject": r.Stream, "ce-time": "2026-03-02T11:59:00Z", "ce-datacontenttype": "application/json", "ce-position": strconv.FormatUint(r.Position, 10),
		} {
			if got := msg.Header.Get(name); got != want {
				t.Errorf("%s of event %d is %q, want %q", name, i, got, want)
			}
		}
		if want := "redress." + tenant + ".nnc-corporate-2024." + r.Type; msg.Subject != want {
			t.Errorf("the subject is %s, want %s", msg.Subject, want)
		}
		var m Message
		ok(t, json.Unmarshal(msg.Data, &m, json.RejectUnknownMembers(true)))
		if m != messageOf(tenant, r) {
			t.Errorf("the body is %+v, want %+v", m, messageOf(tenant, r))
		}
	}
	ok(t, w.searchBroker())
}

// searchBroker looks for the canary, and for anything sealed, in every file of the broker; of a foreign one in every
// message.
func (w *town) searchBroker() error {
	if foreign != "" {
		for _, msg := range w.messages() {
			if text := fmt.Append(msg.Data, msg.Header); bytes.Contains(text, []byte(canary)) || bytes.Contains(text, []byte(`"box"`)) {
				return errors.New("personal data in message " + msg.Header.Get("Nats-Msg-Id"))
			}
		}
		return nil
	}
	return filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && (bytes.Contains(text, []byte(canary)) || bytes.Contains(text, []byte(`"box"`))) {
			err = errors.New("personal data in " + path)
		}
		return err
	})
}

func TestACrashBeforeTheCheckpointLosesNothingAndRepeatsNothing(t *testing.T) {
	for name, repeats := range map[string]time.Duration{"the broker remembers": repeatWindow, "the broker has forgotten": 100 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			stream, err := w.wiring().stream(t.Context())
			ok(t, err)
			config := stream.CachedInfo().Config
			config.Duplicates = repeats
			js, err := jetstream.New(w.conn)
			ok(t, err)
			_, err = js.UpdateStream(t.Context(), config)
			ok(t, err)

			var sink sink
			d := w.dispatcher(Notifier{Name: "sink", Open: sink.open})
			runs(t, d.Run)
			eventually(t, "the sink is registered", func() bool {
				_, err := stream.Consumer(t.Context(), "sink")
				return err == nil
			})
			const events = 40
			for range events / 2 {
				w.complained(domain.ViaAPI)
			}
			crashes := 0
			f := NewFanout(w.wiring())
			f.acked = func(eventstore.Mark) error {
				if crashes++; crashes < 4 {
					return errors.New("crash")
				}
				return nil
			}
			runs(t, f.Run)
			w.checkpointed()
			for _, r := range w.published() {
				w.becomes("sink", r.ID, Sent)
			}
			if n := len(w.messages()); n < events || repeats == repeatWindow && n > events {
				t.Errorf("%d messages for %d events", n, events)
			}
			sink.once(t, w.published())
		})
	}
}

// A storm of stops, crashes and lost brokers while events come: each event reaches the receiver once.
func TestAStormLosesNothingAndRepeatsNothing(t *testing.T) {
	w := newTown(t)
	dice := rand.New(rand.NewPCG(7, 11))
	var sink sink
	notifier := Notifier{Name: "sink", Open: sink.open}
	for round := range 24 {
		d := w.dispatcher(notifier)
		d.patience = slices.Repeat(d.patience, 10) // a message may be handed to several that are stopped
		stop := []func(){runs(t, d.Run)}
		for range 2 {
			f := NewFanout(w.wiring())
			crash := dice.IntN(3) // the fan-out dies at this acknowledgement, and comes again
			f.acked = func(eventstore.Mark) error {
				if crash--; crash == 0 {
					return errors.New("crash")
				}
				return nil
			}
			stop = append(stop, runs(t, f.Run))
		}
		w.registered("sink")
		for range 1 + dice.IntN(8) {
			w.complained(domain.ViaAPI)
		}
		seen := dice.IntN(len(w.published()))
		eventually(t, "some events have come", func() bool { return sink.total() >= seen })
		dice.Shuffle(len(stop), func(i, j int) { stop[i], stop[j] = stop[j], stop[i] })
		for _, stop := range stop {
			stop()
		}
		if round%4 == 3 {
			if round%8 == 7 {
				w.lose()
			} else {
				w.stopBroker()
			}
			w.startBroker()
		}
	}
	d := w.dispatcher(notifier)
	d.patience = slices.Repeat(d.patience, 10)
	runs(t, d.Run)
	runs(t, NewFanout(w.wiring()).Run)
	for _, r := range w.published() {
		w.becomes("sink", r.ID, Sent)
	}
	sink.once(t, w.published())
}

func TestALostBrokerIsFilledAgain(t *testing.T) {
	w := newTown(t)
	var sink sink
	stop := runs(t, w.dispatcher(Notifier{Name: "sink", Open: sink.open}).Run)
	w.registered("sink")
	stopFanout := runs(t, NewFanout(w.wiring()).Run)
	w.complained(domain.ViaAPI)
	before := w.published()
	for _, r := range before {
		w.becomes("sink", r.ID, Sent)
	}
	w.checkpointed()
	stop()
	w.complained(domain.ViaAPI) // nobody is there to be told of these
	w.checkpointed()
	stopFanout()
	w.lose()
	w.startBroker()

	runs(t, w.dispatcher(Notifier{Name: "sink", Open: sink.open}).Run)
	runs(t, NewFanout(w.wiring()).Run)
	for _, r := range w.published() {
		w.becomes("sink", r.ID, Sent)
	}
	if got, want := len(w.messages()), len(w.published()); got != want {
		t.Errorf("%d messages in the new stream, want %d", got, want)
	}
	sink.once(t, w.published())
}

func TestAStreamThatIsDeletedUnderWayIsFilledAgain(t *testing.T) {
	w := newTown(t)
	runs(t, NewFanout(w.wiring()).Run)
	w.complained(domain.ViaAPI)
	w.checkpointed()
	js, err := jetstream.New(w.conn)
	ok(t, err)
	ok(t, js.DeleteStream(t.Context(), w.wiring().streamName()))
	_, err = w.wiring().stream(t.Context()) // by somebody who does not fill it
	ok(t, err)
	w.complained(domain.ViaAPI)
	w.checkpointed()
	eventually(t, "all events are in the new stream", func() bool {
		there := map[string]bool{}
		for _, msg := range w.messages() {
			there[msg.Header.Get("ce-id")] = true
		}
		return len(there) == len(w.published())
	})
}

func TestAnotherLogIsRefused(t *testing.T) {
	w := newTown(t)
	w.complained(domain.ViaAPI)
	end, err := w.store.End(t.Context())
	ok(t, err)
	_, err = w.pool.Exec(t.Context(), "insert into notify.fanout values ($3, $1, $2, now(), now())", int64(end.Position), uuid.New(), tenant)
	ok(t, err)
	if err := NewFanout(w.wiring()).Run(t.Context()); !errors.Is(err, ErrOtherLog) {
		t.Errorf("a checkpoint with another event's id gives %v", err)
	}
	if n := len(w.messages()); n > 0 {
		t.Errorf("%d messages were published", n)
	}
}

func TestAnotherStreamIsRefused(t *testing.T) {
	w := newTown(t)
	w.complained(domain.ViaAPI)
	other := w.published()[0]
	other.ID = uuid.New()
	msg, err := messageOf(tenant, other).nats()
	ok(t, err)
	_, err = w.wiring().stream(t.Context())
	ok(t, err)
	js, err := jetstream.New(w.conn)
	ok(t, err)
	_, err = js.PublishMsg(t.Context(), msg)
	ok(t, err)
	if err := NewFanout(w.wiring()).Run(t.Context()); !errors.Is(err, ErrOtherLog) {
		t.Errorf("a stream made from another log gives %v", err)
	}
}

func TestOnePublishesAndTheNextTakesOver(t *testing.T) {
	w := newTown(t)
	stopFirst := runs(t, NewFanout(w.wiring()).Run)
	w.complained(domain.ViaAPI)
	w.checkpointed()
	second := NewFanout(w.wiring())
	took := make(chan eventstore.Mark, 100)
	second.acked = func(m eventstore.Mark) error { took <- m; return nil }
	runs(t, second.Run)
	eventually(t, "the second waits for the lock", func() bool {
		var waiting bool
		ok(t, w.pool.QueryRow(t.Context(), `select exists (select from pg_locks where locktype = 'advisory' and not granted
			and database = (select oid from pg_database where datname = current_database()))`).Scan(&waiting))
		return waiting
	})
	w.complained(domain.ViaAPI)
	w.checkpointed()
	if len(took) > 0 {
		t.Error("the second published while the first was at work")
	}
	stopFirst()
	w.complained(domain.ViaAPI)
	w.checkpointed()
	if len(took) == 0 {
		t.Error("the second did not take over")
	}
	if got, want := len(w.messages()), len(w.published()); got != want {
		t.Errorf("%d messages for %d events", got, want)
	}
}

func TestSubjectsAndHeadersAreSafe(t *testing.T) {
	for _, c := range []struct{ procedure, event, want string }{
		{"", "LogOpened", "redress.council._.LogOpened"},
		{"nnc-corporate-2024@1.2", "Received", "redress.council.nnc-corporate-2024.Received"},
		{"a.b c*>@1", "X", "redress.council.a%2Eb%20c%2A%3E.X"},
		{"_", "X", "redress.council.%5F.X"},
	} {
		if got := subject("council", c.procedure, c.event); got != c.want {
			t.Errorf("subject of %q is %s, want %s", c.procedure, got, c.want)
		}
	}
	if got, want := percent("Euro € \"100%\"", headerSafe), "Euro%20%E2%82%AC%20%22100%25%22"; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
}

func TestTheBrokerListensOnLoopbackBehindItsToken(t *testing.T) {
	if _, err := StartBroker(t.Context(), t.TempDir(), Options{Listen: "0.0.0.0:0"}); err == nil {
		t.Error("an address that others can reach was accepted")
	}
	dir := t.TempDir()
	b, err := StartBroker(t.Context(), dir, Options{Listen: "127.0.0.1:0"})
	ok(t, err)
	defer b.Stop()
	conn, err := Connect(b.URL())
	ok(t, err)
	conn.Close()
	if conn, err := Connect("nats://" + b.server.Addr().String()); err == nil {
		conn.Close()
		t.Error("the broker let somebody in without its token")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := StartBroker(ctx, t.TempDir(), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a start whose time is over gives %v", err)
	}
}
