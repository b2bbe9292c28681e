package notify

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"redress/domain"
	"redress/eventstore"
)

const listeners = 10

// BenchmarkBareJetStream is the raw limit: messages of our size to ten durable consumers that do nothing but acknowledge.
func BenchmarkBareJetStream(b *testing.B) {
	broker, err := StartBroker(b.Context(), filepath.Join(b.TempDir(), "nats"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer broker.Stop()
	conn, err := broker.Connect()
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	w := Wiring{Tenant: tenant, Conn: conn}
	stream, err := w.stream(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var arrived sync.WaitGroup
	arrived.Add(listeners * b.N)
	for i := range listeners {
		consumer, err := stream.CreateOrUpdateConsumer(b.Context(), jetstream.ConsumerConfig{Durable: fmt.Sprint("bare", i), AckPolicy: jetstream.AckExplicitPolicy})
		if err != nil {
			b.Fatal(err)
		}
		consuming, err := consumer.Consume(func(msg jetstream.Msg) { msg.Ack(); arrived.Done() })
		if err != nil {
			b.Fatal(err)
		}
		defer consuming.Stop()
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(window))
	if err != nil {
		b.Fatal(err)
	}
	defer js.CleanupPublisher()
	b.ResetTimer()
	for range b.N {
		if _, err := js.PublishMsgAsync(bareMessage(b), jetstream.WithStallWait(time.Minute)); err != nil {
			b.Fatal(err)
		}
	}
	arrived.Wait()
	b.ReportMetric(float64(listeners*b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

func bareMessage(b *testing.B) *nats.Msg {
	r := eventstore.Record{ID: uuid.New(), Type: "Received"}
	r.Stream = domain.CaseStream(r.ID)
	msg, err := messageOf(tenant, r).nats()
	if err != nil {
		b.Fatal(err)
	}
	return msg
}

// BenchmarkFanoutToTenNotifiers is the whole way: from the log to ten notifiers that do nothing, with a line written
// down before and after each.
func BenchmarkFanoutToTenNotifiers(b *testing.B) {
	w := newTown(b)
	var arrived sync.WaitGroup
	arrived.Add(listeners * b.N)
	var all []Notifier
	for i := range listeners {
		all = append(all, Notifier{Name: fmt.Sprint("sink", i), Open: func(Addresses, Source) (Send, error) {
			return func(context.Context, Message) error { arrived.Done(); return nil }, nil
		}})
	}
	w.fill(b.N)
	wiring := w.wiring()
	wiring.Log = slog.New(slog.DiscardHandler)
	for _, n := range all { // known since before the log began
		if _, _, err := (deliveries{w.pool, tenant}).register(b.Context(), n.Name, 0, noon); err != nil {
			b.Fatal(err)
		}
	}
	d, err := NewDispatcher(wiring, Addresses{}, all)
	ok(b, err)
	b.ResetTimer()
	runs(b, d.Run)
	runs(b, NewFanout(wiring).Run)
	arrived.Wait()
	b.ReportMetric(float64(listeners*b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

// BenchmarkAppendToHandler is the time from the beginning of an append to the notifier's Send, one at a time.
func BenchmarkAppendToHandler(b *testing.B) {
	w := newTown(b)
	arrived := make(chan struct{})
	d := w.dispatcher(Notifier{Name: "sink", Open: func(Addresses, Source) (Send, error) {
		return func(context.Context, Message) error { arrived <- struct{}{}; return nil }, nil
	}})
	runs(b, d.Run)
	w.registered("sink")
	runs(b, NewFanout(w.wiring()).Run)
	for b.Loop() {
		w.happened(domain.CaseStream(uuid.New()), 0, domain.ViaAPI, domain.Received{CaseRef: "RD-2026-000001", ReceivedAt: noon})
		<-arrived
	}
}

// fill appends events to one stream, many at a time.
func (w *town) fill(n int) {
	w.t.Helper()
	const most = 500
	for next := 0; next < n; next += most {
		events := make([]domain.Event, min(most, n-next))
		for i := range events {
			events[i] = domain.ReferencesReserved{From: next + i, To: next + i}
		}
		w.happened("refs-council-2026", uint64(next), domain.ViaAPI, events...)
	}
	w.now = w.now.Add(time.Millisecond)
}
