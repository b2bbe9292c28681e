package eventstore_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/eventstore"
	"redress/eventstore/node"
)

// appendHeld appends through a proxy that holds the answer back, and returns when the append stands in the log. Closing
// the proxy's hold loses the answer.
func appendHeld(ctx context.Context, p *proxy, through, direct *eventstore.Store, stream string) <-chan error {
	p.hold = make(chan struct{})
	p.loseAnswers.Store(true)
	answered := make(chan error, 1)
	go func() {
		_, err := through.Append(ctx, stream, eventstore.NoStream, propose(uuid.New(), block(1)))
		answered <- err
	}()
	for {
		if _, err := direct.Last(ctx, stream); err == nil {
			return answered
		}
		runtime.Gosched()
	}
}

// seconds bounds a call that would otherwise go on for ever.
func seconds(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// What goes on trying ends when the store is closed, and does not say that nothing was appended.
func TestCloseEndsWhatIsTriedAgain(t *testing.T) {
	p, through, direct := throughProxy(t)
	answered := appendHeld(seconds(t), p, through, direct, "refs-a-2026")
	through.Close()
	close(p.hold)
	if err := <-answered; !errors.Is(err, eventstore.ErrClosed) || !errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Errorf("the append ended with %v", err)
	}
	err := through.Follow(seconds(t), 0, func([]eventstore.Record) error { return nil }, eventstore.Following{})
	if !errors.Is(err, eventstore.ErrClosed) {
		t.Errorf("following ended with %v", err)
	}
}

// An append whose answer was lost may have been done, whatever it is refused for when it is sent again.
func TestALostAnswerBeforeARefusal(t *testing.T) {
	dir := t.TempDir()
	p, through, direct := throughProxyTo(t, dir)
	answered := appendHeld(seconds(t), p, through, direct, "refs-a-2026")
	p.node.Stop()
	strict, err := node.Start(t.Context(), dir, node.Options{Listen: p.server, MaxAppendSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { strict.Stop() })
	close(p.hold)
	if err := <-answered; !errors.Is(err, eventstore.ErrUnknownOutcome) || !strings.Contains(err.Error(), "Maximum Append Size") {
		t.Errorf("refused with %v", err)
	}
}

// The cause for which a context ended is no answer to the append that was under way, whoever was refused with it.
func TestACauseIsNoAnswer(t *testing.T) {
	p, through, direct := throughProxy(t)
	_, refusal := direct.Append(t.Context(), "$forbidden", eventstore.NoStream, propose(uuid.New(), block(1)))
	if refusal == nil {
		t.Fatal("not refused")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	answered := appendHeld(ctx, p, through, direct, "refs-a-2026")
	cancel(refusal)
	if err := <-answered; !errors.Is(err, eventstore.ErrUnknownOutcome) {
		t.Errorf("the append that was under way ended with %v", err)
	}
	close(p.hold)
}
