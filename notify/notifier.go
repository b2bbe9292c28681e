package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

// Notifier tells one kind of receiver about some events. To add one: a file with it, and its line in [All].
type Notifier struct {
	// Name is permanent: the consumer and the deliveries are found by it. Letters, digits, - and _ only.
	Name string
	// Types are the event types that it is about; empty means all.
	Types []string
	// Open reads the configuration. It returns nil where no address is configured: then nothing is sent, and nothing is
	// kept for later. An error is a configuration that can never work.
	Open func(Addresses, Source) (Send, error)
}

// Send tells the receiver about one event. A nil error means that the receiver has taken it; [never] and [hopeless] say
// that there is no use in trying again; after any other error it is tried again later, with the same message. It may be
// called twice for one event. Its errors hold nothing personal: no address, no answer of a server's.
type Send func(context.Context, Message) error

// settled is the error of a Send that has nothing to try again.
type settled struct {
	state State
	why   string
}

// Error returns the reason.
func (s *settled) Error() string { return s.why }

// never says that there is nobody to tell, and that this is right.
func never(why string) error { return &settled{state: Dropped, why: why} }

// hopeless says that this message can never go out, and that a person should look.
func hopeless(why string) error { return &settled{state: Failed, why: why} }

const (
	sendTimeout   = 20 * time.Second
	settleTimeout = 5 * time.Second
	heldAfter     = 24 * time.Hour
	batchSize     = 64
	// idleWait bounds how long a consumer waits for the next message before it asks again.
	idleWait = 10 * time.Second
)

// patience is how long the broker waits for word of a delivery, attempt by attempt, before it hands it out again. The
// first wait must be longer than sendTimeout. There is one attempt more than waits.
var patience = []time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}

// channel is one notifier at work.
type channel struct {
	*Dispatcher
	notifier Notifier
	send     Send
	after    uint64 // the position after which its business begins
}

// run delivers until ctx ends or something is out of order.
func (c *channel) run(ctx context.Context) error {
	stream, err := c.stream(ctx)
	if err != nil {
		return err
	}
	consumer, err := c.enlist(ctx, stream)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		batch, err := gather(ctx, consumer)
		if err != nil {
			return err
		}
		if err := c.handle(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// enlist finds the notifier's consumer or makes it. A notifier that was never seen before begins after the log's end; one
// whose consumer has gone with a lost stream is shown the whole stream again, and the deliveries tell what is new.
func (c *channel) enlist(ctx context.Context, stream jetstream.Stream) (jetstream.Consumer, error) {
	// Whatever is in the stream by now is in the log too, before the end that is read next.
	held := stream.CachedInfo().State.LastSeq
	end, err := c.Store.End(ctx)
	if err != nil {
		return nil, err
	}
	var fresh bool
	if c.after, fresh, err = c.deliveries.register(ctx, c.notifier.Name, end.Position, c.Now()); err != nil {
		return nil, err
	}
	config := jetstream.ConsumerConfig{
		Durable: c.notifier.Name, AckPolicy: jetstream.AckExplicitPolicy, DeliverPolicy: jetstream.DeliverAllPolicy,
		BackOff: c.patience, MaxDeliver: len(c.patience) + 1, MaxAckPending: 4 * batchSize,
	}
	if fresh {
		config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, held+1
	}
	for _, eventType := range c.notifier.Types {
		config.FilterSubjects = append(config.FilterSubjects, "redress."+c.Tenant+".*."+percent(eventType, tokenSafe))
	}
	known, err := stream.Consumer(ctx, config.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return stream.CreateOrUpdateConsumer(ctx, config)
	}
	if err != nil {
		return nil, err
	}
	began := known.CachedInfo().Config
	config.DeliverPolicy, config.OptStartSeq = began.DeliverPolicy, began.OptStartSeq
	return stream.UpdateConsumer(ctx, config)
}

// gather waits for a message and takes along what else is there. It returns nothing when nothing came in a while.
func gather(ctx context.Context, consumer jetstream.Consumer) ([]jetstream.Msg, error) {
	wait, cancel := context.WithTimeout(ctx, idleWait)
	defer cancel()
	first, err := consumer.Next(jetstream.FetchContext(wait))
	if err != nil {
		if wait.Err() != nil || nothingThere(err) {
			return nil, ctx.Err()
		}
		return nil, err
	}
	batch := []jetstream.Msg{first}
	more, err := consumer.FetchNoWait(batchSize - 1)
	if err != nil {
		return batch, nil
	}
	for msg := range more.Messages() {
		batch = append(batch, msg)
	}
	return batch, nil
}

// item is a message of a batch that is the notifier's business.
type item struct {
	msg     jetstream.Msg
	message Message
}

// handle settles what is not the notifier's business at once, writes down that the rest is begun, and delivers it in
// order. An error means that the table or the broker does not answer; what is not settled comes again.
func (c *channel) handle(ctx context.Context, batch []jetstream.Msg) (err error) {
	due, err := c.sift(ctx, batch)
	if err != nil || len(due) == 0 {
		return err
	}
	messages := make([]Message, len(due))
	for i := range due {
		messages[i] = due[i].message
	}
	now := c.Now()
	begun, err := c.deliveries.begin(ctx, c.notifier.Name, messages, now.Add(-heldAfter), now)
	if err != nil {
		return err
	}
	touched := time.Now()
	for i := range due {
		if ctx.Err() != nil {
			return handBack(ctx.Err(), due[i:])
		}
		// What waits behind a slow receiver must not be handed out to another process meanwhile.
		if time.Since(touched) > c.patience[0]/6 {
			for _, waiting := range due[i:] {
				if err := waiting.msg.InProgress(); err != nil {
					return err
				}
			}
			touched = time.Now()
		}
		if err := c.deliver(ctx, due[i], begun[due[i].message.EventID]); err != nil {
			return handBack(fmt.Errorf("delivery of event %s: %w", due[i].message.EventID, err), due[i:])
		}
	}
	return nil
}

// handBack gives the rest of a batch back to the broker, so that whoever comes next need not wait for it.
func handBack(cause error, rest []item) error {
	for _, undone := range rest {
		cause = errors.Join(cause, undone.msg.Nak())
	}
	return cause
}

// sift lets the broker forget what is silent, what was before the notifier's time, and what comes twice in the batch.
func (c *channel) sift(ctx context.Context, batch []jetstream.Msg) ([]item, error) {
	var due []item
	seen := map[uuid.UUID]bool{}
	for _, msg := range batch {
		var m Message
		if err := json.Unmarshal(msg.Data(), &m); err != nil {
			c.Log.ErrorContext(ctx, "a message of the stream cannot be read", "notifier", c.notifier.Name, "subject", msg.Subject())
			if err := msg.TermWithReason("unreadable"); err != nil {
				return nil, err
			}
			continue
		}
		if m.WayIn.Silent() || m.Position <= c.after || seen[m.EventID] {
			if err := msg.Ack(); err != nil {
				return nil, err
			}
			continue
		}
		seen[m.EventID] = true
		due = append(due, item{msg, m})
	}
	return due, nil
}

// deliver tries one delivery that has begun, and writes down what became of it.
func (c *channel) deliver(ctx context.Context, it item, state State) error {
	if state == Held {
		c.Metrics.held.WithLabelValues(c.notifier.Name).Inc()
		c.Log.WarnContext(ctx, "an old notification is held for a person's word", "notifier", c.notifier.Name, "event", it.message.EventID)
	}
	if state != Sending {
		return it.msg.Ack()
	}
	err := c.attempt(ctx, it.message)
	state, why, final := outcome(err)
	if !final && ctx.Err() != nil {
		return ctx.Err() // perhaps gone out: the one in flight
	}
	// What is known is written down even when we are being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if final {
		return c.settle(ctx, it.msg, it.message, state, why)
	}
	return c.again(ctx, it.msg, it.message, err)
}

// attempt calls Send within the time it has.
func (c *channel) attempt(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return c.send(ctx, m)
}

// outcome says in which state the error of a Send leaves a delivery, if in a final one.
func outcome(err error) (state State, why string, final bool) {
	if err == nil {
		return Sent, "", true
	}
	if s, ok := errors.AsType[*settled](err); ok {
		return s.state, s.why, true
	}
	return Sending, "", false
}

// settle writes the end of a delivery, and then lets the broker forget it.
func (c *channel) settle(ctx context.Context, msg jetstream.Msg, m Message, state State, why string) error {
	news, err := c.deliveries.end(ctx, c.notifier.Name, m.EventID, state, why, c.Now())
	if err != nil {
		return err
	}
	if news {
		c.count(ctx, c.notifier.Name, m, state, why)
	}
	if state == Failed {
		return msg.TermWithReason("failed")
	}
	return msg.Ack()
}

// again asks the broker to hand the message out later, or gives it up after the last attempt.
func (c *channel) again(ctx context.Context, msg jetstream.Msg, m Message, cause error) error {
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	if meta.NumDelivered > uint64(len(c.patience)) {
		return c.settle(ctx, msg, m, Failed, cause.Error())
	}
	c.Log.WarnContext(ctx, "a notification will be tried again", "notifier", c.notifier.Name, "event", m.EventID, "attempt", meta.NumDelivered, "cause", cause)
	return msg.NakWithDelay(c.patience[meta.NumDelivered-1])
}
