// Package rounds lets those who ask at the same time share one round of work: one
// reading, one transaction, one wait for the disk.
//
// What must hold: a round begins after everybody whose question it answers has asked, so
// that its answer is never older than a question. Rounds follow one another; whoever
// asks while one is under way shares the next. Who is alone waits for nobody.
package rounds

import (
	"context"
	"sync"
)

// Rounds are rounds of the same work for questions Q with answers A. The zero value is
// ready; it must not be copied after first use.
type Rounds[Q, A any] struct {
	turn sync.Mutex // held by the round that is under way

	mu   sync.Mutex
	next *round[Q, A] // the one that those who ask now share; nil: whoever asks first begins it
}

// round is one round and those who wait for it. asked and waiting are guarded by mu of
// Rounds; answer and err are there when done is closed.
type round[Q, A any] struct {
	asked   []Q
	waiting int
	cancel  context.CancelFunc // when nobody waits any more
	done    chan struct{}
	answer  A
	err     error
}

// Ask returns the answer of a round of work on everything that was asked for it, these
// questions among it. The work has the context of whoever began the round, without its
// end: it goes on for the others when that one leaves, and is cancelled when everybody
// has. When ctx ends first, the error is its cause.
func (r *Rounds[Q, A]) Ask(ctx context.Context, work func(ctx context.Context, asked []Q) (A, error), questions ...Q) (A, error) {
	mine := r.join(ctx, work, questions)
	select {
	case <-mine.done:
		return mine.answer, mine.err
	case <-ctx.Done():
		r.leave(mine)
		var none A
		return none, context.Cause(ctx)
	}
}

// join joins the round that is to come, or begins one.
func (r *Rounds[Q, A]) join(ctx context.Context, work func(context.Context, []Q) (A, error), questions []Q) *round[Q, A] {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		began := &round[Q, A]{done: make(chan struct{})}
		ctx, began.cancel = context.WithCancel(context.WithoutCancel(ctx))
		r.next = began
		go r.run(ctx, began, work)
	}
	r.next.asked = append(r.next.asked, questions...)
	r.next.waiting++
	return r.next
}

// leave gives a round up. One that nobody waits for any more is ended.
func (r *Rounds[Q, A]) leave(left *round[Q, A]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if left.waiting--; left.waiting > 0 {
		return
	}
	left.cancel()
	if r.next == left {
		r.next = nil
	}
}

// run lets a round gather until the one before it has ended, and works. Nobody joins a
// round that has begun.
func (r *Rounds[Q, A]) run(ctx context.Context, begun *round[Q, A], work func(context.Context, []Q) (A, error)) {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.mu.Lock()
	if r.next == begun {
		r.next = nil
	}
	asked := begun.asked
	r.mu.Unlock()
	defer close(begun.done)
	defer begun.cancel()
	begun.answer, begun.err = work(ctx, asked)
}
