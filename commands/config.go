package commands

import (
	"context"
	"fmt"
	"sync"

	"redress/domain"
	"redress/eventstore"
)

// configs reads the council's config for those who ask at the same time. Who asks gets a
// reading that began after that, so nothing older than the question; where a reading is
// under way, those who come meanwhile share the next.
type configs struct {
	turn sync.Mutex // held by the reading that is under way

	mu   sync.Mutex
	next *reading // the one that those who ask now share; nil: whoever asks first begins it
}

// reading is one reading of the config. waiting is guarded by mu of configs; config and err
// are there when done is closed.
type reading struct {
	waiting int
	cancel  context.CancelFunc // when nobody waits any more
	done    chan struct{}
	config  *domain.Config
	err     error
}

// config returns the council's config as it stands in the log now. An append to a case proves nothing about it, so it is
// read on every time.
func (h *Handler) config(ctx context.Context) (*domain.Config, error) {
	r := h.askConfig(ctx)
	select {
	case <-r.done:
		return r.config, r.err
	case <-ctx.Done():
		h.leaveConfig(r)
		return nil, fmt.Errorf("the config: %w: %w", eventstore.ErrUnavailable, context.Cause(ctx))
	}
}

// askConfig joins the next reading. It goes on for the others when the one that began it leaves.
func (h *Handler) askConfig(ctx context.Context) *reading {
	c := &h.configs
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		r := &reading{done: make(chan struct{})}
		ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
		c.next = r
		go h.readConfig(ctx, r)
	}
	c.next.waiting++
	return c.next
}

// leaveConfig gives a reading up. One that nobody waits for any more is ended.
func (h *Handler) leaveConfig(r *reading) {
	c := &h.configs
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.waiting--; r.waiting > 0 {
		return
	}
	r.cancel()
	if c.next == r {
		c.next = nil
	}
}

// readConfig reads when the reading before has ended. Nobody joins a reading that has begun.
func (h *Handler) readConfig(ctx context.Context, r *reading) {
	c := &h.configs
	c.turn.Lock()
	defer c.turn.Unlock()
	c.mu.Lock()
	if c.next == r {
		c.next = nil
	}
	c.mu.Unlock()
	defer close(r.done)
	defer r.cancel()
	s, _, err := h.streams.load(ctx, h.Store, domain.ConfigStream(h.Tenant))
	if r.err = err; err == nil {
		r.config = s.config
	}
}
