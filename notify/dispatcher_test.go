package notify

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"redress/domain"
	"redress/eventstore"
)

// sink is a receiver that remembers what it was told, and fails as often as it is asked to.
type sink struct {
	mu    sync.Mutex
	got   map[uuid.UUID]int
	fails error
	tried int
}

func (s *sink) open(Addresses, Source) (Send, error) { return s.send, nil }

func (s *sink) send(_ context.Context, m Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried++
	if s.fails != nil {
		return s.fails
	}
	if s.got == nil {
		s.got = map[uuid.UUID]int{}
	}
	s.got[m.EventID]++
	return nil
}

// becomes makes the receiver fail from now on, or recover.
func (s *sink) becomes(fails error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = fails
}

func (s *sink) count(id uuid.UUID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got[id]
}

// total is how many different events have come.
func (s *sink) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

// once checks that each of these events came, once, and nothing else.
func (s *sink) once(t *testing.T, records []eventstore.Record) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		if s.got[r.ID] != 1 {
			t.Errorf("event %d (%s) came %d times", r.Position, r.Type, s.got[r.ID])
		}
	}
	if len(s.got) != len(records) {
		t.Errorf("%d events came, want %d", len(s.got), len(records))
	}
}

// dispatcher makes one with little patience.
func (w *town) dispatcher(notifiers ...Notifier) *Dispatcher {
	w.t.Helper()
	d, err := NewDispatcher(w.wiring(), Addresses{}, notifiers)
	ok(w.t, err)
	d.patience = []time.Duration{200 * time.Millisecond, 200 * time.Millisecond}
	return d
}

// registered waits until a notifier has its place in the stream.
func (w *town) registered(notifier string) {
	w.t.Helper()
	eventually(w.t, notifier+" is registered", func() bool {
		stream, err := w.wiring().stream(w.t.Context())
		ok(w.t, err)
		_, err = stream.Consumer(w.t.Context(), notifier)
		return err == nil
	})
}

func TestANewNotifierBeginsAtTheEnd(t *testing.T) {
	w := newTown(t)
	runs(t, NewFanout(w.wiring()).Run)
	w.complained(domain.ViaAPI)
	before := len(w.published())
	var sink sink
	runs(t, w.dispatcher(Notifier{Name: "sink", Open: sink.open}).Run)
	w.registered("sink")
	w.complained(domain.ViaAPI)
	after := w.published()[before:]
	for _, r := range after {
		w.becomes("sink", r.ID, Sent)
	}
	sink.once(t, after)
	if sent := testutil.ToFloat64(w.metrics.sent.WithLabelValues("sink")); sent != 2 {
		t.Errorf("%v counted as sent, want 2", sent)
	}
}

func TestNothingIsKeptForWhoIsNotConfigured(t *testing.T) {
	w := newTown(t)
	d, err := NewDispatcher(w.wiring(), Addresses{}, All)
	ok(t, err)
	if len(d.channels) != 0 {
		t.Errorf("%d notifiers are at work without an address", len(d.channels))
	}
	for _, wrong := range []Addresses{
		{SMTPURL: "http://localhost", MailFrom: "a@example.org"},
		{SMTPURL: "smtp://localhost"},
		{WebhookURL: "http://example.org", WebhookSecretFile: "x"},
		{WebhookURL: "https://example.org"},
		{WebhookURL: "https://example.org", WebhookSecretFile: "/nonexistent"},
	} {
		if _, err := NewDispatcher(w.wiring(), wrong, All); err == nil {
			t.Errorf("%+v was accepted", wrong)
		}
	}
}

func TestSilentWaysAreNeverSent(t *testing.T) {
	w := newTown(t)
	var sink sink
	runs(t, w.dispatcher(Notifier{Name: "sink", Open: sink.open}).Run)
	w.registered("sink")
	runs(t, NewFanout(w.wiring()).Run)
	for _, via := range []domain.WayIn{domain.ViaImport, domain.ViaDemo, domain.ViaStory} {
		w.complained(via)
	}
	silent := len(w.published())
	w.complained(domain.ViaProcess)
	spoken := w.published()[silent:]
	for _, r := range spoken {
		w.becomes("sink", r.ID, Sent) // the stream is in order: what came before has been settled
	}
	sink.once(t, spoken)
}

func TestWhatIsOldIsHeldForAPerson(t *testing.T) {
	w := newTown(t)
	var sink sink
	d := w.dispatcher(Notifier{Name: "sink", Types: []string{"Acknowledged"}, Open: sink.open})
	stop := runs(t, d.Run)
	w.registered("sink")
	stop()
	var events []uuid.UUID
	for range 2 {
		person, complaint := w.complained(domain.ViaWeb)
		events = append(events, w.acknowledged(person, complaint, "email", domain.ViaWeb))
	}
	w.now = noon.Add(25 * time.Hour)
	runs(t, NewFanout(w.wiring()).Run)
	runs(t, d.Run)
	for _, id := range events {
		w.becomes("sink", id, Held)
	}
	held, err := d.Waiting(t.Context(), Held, 10)
	ok(t, err)
	if len(held) != 2 || held[0].Type != "Acknowledged" || held[0].Attempts != 0 {
		t.Fatalf("the list of held deliveries is %+v", held)
	}

	sink.becomes(errors.New("away"))
	if err := d.Release(t.Context(), "sink", events[0]); err == nil {
		t.Error("a release that the receiver did not take is no error")
	}
	if state, _ := w.stateOf("sink", events[0]); state != Held {
		t.Errorf("after a release in vain it is %s", state)
	}
	sink.becomes(nil)
	ok(t, d.Release(t.Context(), "sink", events[0]))
	ok(t, d.Drop(t.Context(), "sink", events[1]))
	for i, want := range []State{Sent, Dropped} {
		if state, _ := w.stateOf("sink", events[i]); state != want {
			t.Errorf("delivery %d is %s, want %s", i, state, want)
		}
		if err := d.Release(t.Context(), "sink", events[i]); !errors.Is(err, ErrNotWaiting) {
			t.Errorf("a settled delivery can be released: %v", err)
		}
		if err := d.Drop(t.Context(), "sink", events[i]); !errors.Is(err, ErrNotWaiting) {
			t.Errorf("a settled delivery can be dropped: %v", err)
		}
	}
	if a, b := sink.count(events[0]), sink.count(events[1]); a != 1 || b != 0 {
		t.Errorf("the released came %d times, the dropped %d times", a, b)
	}
}

func TestAFailingReceiverIsTriedAgainAndThenGivenUp(t *testing.T) {
	w := newTown(t)
	var bad, good sink
	bad.becomes(errors.New("away"))
	d := w.dispatcher(Notifier{Name: "bad", Types: []string{"Received"}, Open: bad.open}, Notifier{Name: "good", Types: []string{"Received"}, Open: good.open})
	runs(t, d.Run)
	w.registered("bad")
	w.registered("good")
	runs(t, NewFanout(w.wiring()).Run)
	w.complained(domain.ViaWeb)
	event := w.published()[1].ID
	w.becomes("bad", event, Failed)
	if bad.tried != 3 {
		t.Errorf("tried %d times, want 3", bad.tried)
	}
	if _, why := w.stateOf("bad", event); why != "away" {
		t.Errorf("the reason is %q", why)
	}
	w.becomes("good", event, Sent) // nobody waits for another's receiver
	eventually(t, "the failure is counted", func() bool { return testutil.ToFloat64(w.metrics.failed.WithLabelValues("bad")) == 1 })

	bad.becomes(nil)
	ok(t, d.Release(t.Context(), "bad", event))
	if state, _ := w.stateOf("bad", event); state != Sent {
		t.Errorf("after its release it is %s", state)
	}
}

// A process that stops while it sends leaves a line that says so, and the next one sends again: that message and no other.
func TestACrashInTheMiddleRepeatsTheOneInFlight(t *testing.T) {
	w := newTown(t)
	var sink sink
	second := make(chan struct{})
	stuck := func(ctx context.Context, m Message) error {
		if err := sink.send(ctx, m); err != nil || m.Type != "Received" {
			return err
		}
		close(second)
		<-ctx.Done()
		return ctx.Err()
	}
	stop := runs(t, w.dispatcher(Notifier{Name: "sink", Open: func(Addresses, Source) (Send, error) { return stuck, nil }}).Run)
	w.registered("sink")
	runs(t, NewFanout(w.wiring()).Run)
	w.complained(domain.ViaWeb)
	<-second
	stop()
	records := w.published()
	if state, _ := w.stateOf("sink", records[1].ID); state != Sending {
		t.Errorf("what was under way is %q", state)
	}
	runs(t, w.dispatcher(Notifier{Name: "sink", Open: sink.open}).Run)
	w.becomes("sink", records[1].ID, Sent)
	if a, b := sink.count(records[0].ID), sink.count(records[1].ID); a != 1 || b != 2 {
		t.Errorf("the first came %d times, the one in flight %d times", a, b)
	}
}

// A process that dies in every attempt leaves the broker to give up, and the dead letter is written down all the same.
func TestWhatTheBrokerGivesUpIsWrittenDown(t *testing.T) {
	w := newTown(t)
	var sink sink
	d := w.dispatcher(Notifier{Name: "sink", Types: []string{"Received"}, Open: sink.open})
	stream, err := w.wiring().stream(t.Context())
	ok(t, err)
	_, err = w.wiring().deadLetters(t.Context())
	ok(t, err)
	consumer, err := d.channels[0].enlist(t.Context(), stream)
	ok(t, err)
	runs(t, NewFanout(w.wiring()).Run)
	w.complained(domain.ViaWeb)
	for range len(d.patience) + 1 {
		batch, err := gather(t.Context(), consumer)
		ok(t, err)
		if len(batch) != 1 {
			t.Fatalf("%d messages, want 1", len(batch))
		}
	}
	runs(t, func(ctx context.Context) error { return persevere(ctx, d.Log, "dead letters", d.bury) })
	// The server looks at what it has handed out too often when it is asked for more.
	if _, err := consumer.Next(jetstream.FetchMaxWait(time.Second)); !nothingThere(err) {
		t.Fatalf("a message was handed out once too often: %v", err)
	}
	w.becomes("sink", w.published()[1].ID, Failed)
}
