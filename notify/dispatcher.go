package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"redress/eventstore"
)

// Wiring is what the fan-out and the dispatcher stand on. All fields are needed; they belong to the caller, who closes
// them after Run has returned.
type Wiring struct {
	Tenant  string // [a-z0-9]{1,32}
	Conn    *nats.Conn
	Pool    *pgxpool.Pool // of a database in which [Migrate] has run
	Store   *eventstore.Store
	Log     *slog.Logger
	Metrics *Metrics
	Now     func() time.Time
}

// Addresses says where messages go. An empty one means that nothing is sent there.
type Addresses struct {
	SMTPURL           string // smtp://USER:PASSWORD@HOST:PORT or smtps://…
	MailFrom          string // the sender of mail; needed with SMTPURL
	WebhookURL        string // https://…, or http:// on loopback
	WebhookSecretFile string // holds the signing secret, whsec_…; needed with WebhookURL
}

// Source is where a sender reads what a message leaves out.
type Source struct {
	Tenant string
	Store  *eventstore.Store
}

// Dispatcher runs the configured notifiers. Several processes may run one for the same tenant: each message goes to one
// of them.
type Dispatcher struct {
	Wiring
	deliveries deliveries
	channels   []*channel
	patience   []time.Duration
}

// NewDispatcher opens the notifiers, usually [All]. It starts nothing. An error names the setting that is wrong.
func NewDispatcher(w Wiring, addresses Addresses, notifiers []Notifier) (*Dispatcher, error) {
	d := &Dispatcher{Wiring: w, deliveries: deliveries{w.Pool, w.Tenant}, patience: patience}
	for _, n := range notifiers {
		send, err := n.Open(addresses, Source{Tenant: w.Tenant, Store: w.Store})
		if err != nil {
			return nil, fmt.Errorf("notifier %s: %w", n.Name, err)
		}
		if send != nil {
			d.channels = append(d.channels, &channel{Dispatcher: d, notifier: n, send: send})
		}
	}
	return d, nil
}

// Run delivers until ctx ends; where no notifier is configured, it returns at once. Faults of the broker, of PostgreSQL
// and of receivers are waited out.
func (d *Dispatcher) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range d.channels {
		g.Go(func() error { return persevere(ctx, d.Log, "notifier "+c.notifier.Name, c.run) })
	}
	if len(d.channels) > 0 {
		g.Go(func() error { return persevere(ctx, d.Log, "dead letters", d.bury) })
	}
	return g.Wait()
}

// Waiting returns the deliveries in one state, the oldest change first, at most limit.
func (d *Dispatcher) Waiting(ctx context.Context, state State, limit int) ([]Delivery, error) {
	return d.deliveries.list(ctx, state, limit)
}

// Release sends a held or failed delivery now, because a person says so. When the receiver does not take it, the
// delivery goes on waiting and the error says why. [ErrNotWaiting] where there is nothing to release.
func (d *Dispatcher) Release(ctx context.Context, notifier string, event uuid.UUID) error {
	for _, c := range d.channels {
		if c.notifier.Name == notifier {
			return d.deliveries.release(ctx, notifier, event, d.Now, func(position uint64) (State, string, error) {
				return c.resend(ctx, event, position)
			})
		}
	}
	return fmt.Errorf("notifier %q is not configured", notifier)
}

// resend makes the message again from the log and sends it.
func (c *channel) resend(ctx context.Context, event uuid.UUID, position uint64) (State, string, error) {
	record, err := (Source{c.Tenant, c.Store}).event(ctx, event, position)
	if err != nil {
		return "", "", err
	}
	m := messageOf(c.Tenant, record)
	err = c.attempt(ctx, m)
	state, why, final := outcome(err)
	if !final || state == Failed {
		return "", "", err
	}
	c.count(ctx, c.notifier.Name, m, state, why)
	return state, why, nil
}

// Drop settles a held or failed delivery without sending it, because a person says so. [ErrNotWaiting] where there is
// nothing to drop.
func (d *Dispatcher) Drop(ctx context.Context, notifier string, event uuid.UUID) error {
	return d.deliveries.drop(ctx, notifier, event, "dropped by a person", d.Now())
}

// count tells metrics and the operator of a delivery that has come to its end.
func (d *Dispatcher) count(ctx context.Context, notifier string, m Message, state State, why string) {
	switch state {
	case Sent:
		d.Metrics.sent.WithLabelValues(notifier).Inc()
	case Failed:
		d.Metrics.failed.WithLabelValues(notifier).Inc()
		d.Log.ErrorContext(ctx, "a notification has failed", "notifier", notifier, "event", m.EventID, "why", why)
	}
}

// advisory is what the server says of a message that it has stopped handing out.
type advisory struct {
	Consumer   string `json:"consumer"`
	Sequence   uint64 `json:"stream_seq"`
	Deliveries uint64 `json:"deliveries"`
}

// bury writes down as failed whatever the broker has given up, also where the process that tried it died each time.
func (d *Dispatcher) bury(ctx context.Context) error {
	stream, err := d.stream(ctx)
	if err != nil {
		return err
	}
	letters, err := d.deadLetters(ctx)
	if err != nil {
		return err
	}
	consumer, err := letters.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: "burial", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		batch, err := gather(ctx, consumer)
		if err != nil {
			return err
		}
		for _, msg := range batch {
			if err := d.buryOne(ctx, stream, msg); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Dispatcher) buryOne(ctx context.Context, stream jetstream.Stream, msg jetstream.Msg) error {
	var a advisory
	if err := json.Unmarshal(msg.Data(), &a); err != nil {
		return msg.TermWithReason("unreadable")
	}
	original, err := stream.GetMsg(ctx, a.Sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		d.Log.ErrorContext(ctx, "a dead letter has left the stream already", "notifier", a.Consumer, "sequence", a.Sequence)
		return msg.Ack()
	}
	if err != nil {
		return err
	}
	var m Message
	if err := json.Unmarshal(original.Data, &m); err != nil {
		return msg.TermWithReason("unreadable")
	}
	why := fmt.Sprintf("given up after %d deliveries", a.Deliveries)
	news, err := d.deliveries.fail(ctx, a.Consumer, m, why, d.Now())
	if err != nil {
		return err
	}
	if news {
		d.count(ctx, a.Consumer, m, Failed, why)
	}
	return msg.Ack()
}
