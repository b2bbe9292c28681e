package trust

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"redress/eventstore/trust/scale"
)

// TestKill is T01: `redress serve` is killed without warning under load, at random instants, time and again.
func TestKill(t *testing.T) {
	random := scale.Seeded(t, "T01")
	rounds := scale.Of(t, 2, 40, 1000)
	k := &killing{random: random, rounds: rounds}
	if err := k.run(t); err != nil {
		t.Fatal(err)
	}
	scale.Say("T01", "%d kills, %d commands acknowledged, %d requests without an answer: 0 lost, 0 applied twice, 0 messages lost",
		rounds, len(k.load.acknowledged()), k.load.tries)
}

// TestKillControls: a machine that loses the end of its log, and callers that send again under another key, are caught.
func TestKillControls(t *testing.T) {
	random := scale.Seeded(t, "T01-controls")
	for _, control := range []struct {
		name string
		killing
	}{
		{"the end of the log goes", killing{rounds: 2, afterKill: cutTail}},
		{"retries under another key", killing{rounds: 12, careless: true}},
	} {
		control.random = random
		if err := control.run(t); err == nil {
			t.Errorf("control %q was not caught", control.name)
		} else {
			scale.Say("T01", "control %q was caught: %.200s", control.name, err)
		}
		if scale.Smoke() {
			return
		}
	}
}

// killing is one run of T01.
type killing struct {
	random    *rand.Rand
	rounds    int
	careless  bool                    // plants a fault in the callers
	afterKill func(data string) error // plants one on the disk

	load *load
}

// often is every how many rounds the whole is checked.
const often = 10

func (k *killing) run(t *testing.T) error {
	m := newMachine(t, filepath.Join(folder(t), "data"), "")
	m.mustStart()
	defer m.kill()
	var err error
	if k.load, err = newLoad(m, k.random); err != nil {
		return err
	}
	k.load.careless = k.careless
	for round := 1; round <= k.rounds; round++ {
		if err := k.round(t, m); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if round%often == 0 {
			if err := m.clean(); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
		}
	}
	return errors.Join(whole(m, k.load), k.load.proved(k.rounds), m.stop())
}

// round puts load on, kills, starts again, and asks again for what was answered last and for what was left open.
func (k *killing) round(t *testing.T, m *machine) error {
	ctx, cancel := context.WithCancel(t.Context())
	k.load.mu.Lock()
	moment := time.NewTimer(time.Duration(50+k.random.IntN(700)) * time.Millisecond)
	k.load.mu.Unlock()
	loaded := make(chan struct{})
	go func() {
		k.load.run(ctx)
		close(loaded)
	}()
	<-moment.C
	_ = m.running.end(syscall.SIGKILL)
	cancel()
	<-loaded
	k.load.client.CloseIdleConnections()
	if k.afterKill != nil {
		if err := k.afterKill(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.start(); err != nil {
		return err
	}
	return k.load.settle(t.Context(), 40)
}

// whole checks a settled machine: every answer again, the log, the read models, and the messages.
func whole(m *machine, l *load) error {
	if err := l.settle(m.t.Context(), len(l.calls)); err != nil {
		return err
	}
	if err := m.clean(); err != nil {
		return err
	}
	log, err := m.events(0)
	if err != nil {
		return err
	}
	if err := l.audit(log); err != nil {
		return err
	}
	return messages(m, log)
}

// messages makes sure that every event of the log has come to the broker, once.
func messages(m *machine, log []event) error {
	conn, err := nats.Connect(m.running.nats)
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := awake(m.t.Context(), 30*time.Second)
	defer cancel()
	stream, err := js.Stream(ctx, "REDRESS_council")
	if err != nil {
		return err
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	found := map[string]int{}
	for silent := 0; len(found) < len(log) && silent < 30; {
		msg, err := consumer.Next(jetstream.FetchMaxWait(time.Second))
		if errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoMessages) {
			silent++
			continue
		}
		if err != nil {
			return fmt.Errorf("messages: %w", err)
		}
		silent = 0
		found[msg.Headers().Get(jetstream.MsgIDHeader)]++
	}
	for _, e := range log {
		if n := found[e.ID.String()]; n != 1 {
			return fmt.Errorf("the broker has %d messages of %s revision %d (%d of %d events have one)", n, e.Stream, e.Revision, len(found), len(log))
		}
	}
	return nil
}

// cutTail takes the last records that were written off the log, as a disk does that lied about a sync.
func cutTail(data string) error {
	segments, err := filepath.Glob(filepath.Join(data, "log", "*.log"))
	if err != nil || len(segments) == 0 {
		return errors.Join(err, fs.ErrNotExist)
	}
	path := segments[len(segments)-1]
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	end := len(text)
	for end > 0 && text[end-1] == 0 {
		end--
	}
	// More than what all workers may have had under way: acknowledged commands are among it.
	return os.Truncate(path, int64(max(0, end-16<<10)))
}
