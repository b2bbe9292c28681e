package notify

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What a stream keeps when we make it. An operator may change it on the server; we do not change it back.
const (
	keepFor   = 14 * 24 * time.Hour
	keepBytes = 1 << 30
	// repeatWindow is how long the stream knows a message id again. Later repetitions are told by the deliveries.
	repeatWindow = 10 * time.Minute
	letterBytes  = 64 << 20
)

func (w Wiring) streamName() string { return "REDRESS_" + w.Tenant }

// stream finds the tenant's stream or makes it.
func (w Wiring) stream(ctx context.Context) (jetstream.Stream, error) {
	return w.findOrMake(ctx, jetstream.StreamConfig{
		Name: w.streamName(), Description: "What happened to complaints: ids and dates only",
		Subjects: []string{"redress." + w.Tenant + ".>"},
		Storage:  jetstream.FileStorage, MaxAge: keepFor, MaxBytes: keepBytes, Discard: jetstream.DiscardOld, Duplicates: repeatWindow,
	})
}

// deadLetters finds or makes the stream that keeps what the server says of messages it has given up.
func (w Wiring) deadLetters(ctx context.Context) (jetstream.Stream, error) {
	const advisories = "$JS.EVENT.ADVISORY.CONSUMER."
	return w.findOrMake(ctx, jetstream.StreamConfig{
		Name: w.streamName() + "_DEAD", Description: "Deliveries that were given up",
		Subjects: []string{advisories + "MAX_DELIVERIES." + w.streamName() + ".>", advisories + "MSG_TERMINATED." + w.streamName() + ".>"},
		Storage:  jetstream.FileStorage, MaxAge: keepFor, MaxBytes: letterBytes, Discard: jetstream.DiscardOld,
	})
}

func (w Wiring) findOrMake(ctx context.Context, config jetstream.StreamConfig) (jetstream.Stream, error) {
	js, err := jetstream.New(w.Conn)
	if err != nil {
		return nil, err
	}
	stream, err := js.Stream(ctx, config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return js.CreateStream(ctx, config)
	}
	return stream, err
}

// nothingThere reports whether a pull ended because no message came.
func nothingThere(err error) bool {
	return errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoMessages)
}

// fatal is a fault that waiting does not heal.
type fatal struct{ error }

// Unwrap returns the fault itself.
func (f fatal) Unwrap() error { return f.error }

// persevere runs work again whenever it fails, after a wait that grows to ten seconds, until ctx ends; a fatal fault
// ends it too and is returned.
func persevere(ctx context.Context, log *slog.Logger, what string, work func(context.Context) error) error {
	const shortest, longest = 100 * time.Millisecond, 10 * time.Second
	for wait := shortest; ; wait = min(2*wait, longest) {
		began := time.Now()
		err := work(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if f, ok := errors.AsType[fatal](err); ok {
			return f.error
		}
		if time.Since(began) > time.Minute {
			wait = shortest
		}
		log.WarnContext(ctx, "interrupted, will go on", "what", what, "cause", err, "wait", wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}
