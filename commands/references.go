package commands

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
)

// The sizes of the blocks of numbers that a process reserves: each is twice the one before, so that one command wastes
// few numbers and an import waits for few reservations.
const (
	firstBlock = 10
	largeBlock = 2560
)

// numbers hands out the numbers of case references from blocks that the process owns.
type numbers struct {
	mu     sync.Mutex
	stream string // of the year that the block is for
	next   int    // the next number of the block
	last   int    // the last number of the block; below next when it is used up
	size   int    // of the next block
	spare  []int  // numbers of the year that were taken and not used
}

// take returns a reference for a case recorded at the given moment, and its number.
func (n *numbers) take(ctx context.Context, h *Handler, dc domain.Context) (ref string, number int, err error) {
	stream, year := domain.ReferenceStream(h.Tenant, dc.Now)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stream != stream {
		n.stream, n.next, n.last, n.size, n.spare = stream, 1, 0, firstBlock, nil
	}
	if k := len(n.spare); k > 0 {
		number, n.spare = n.spare[k-1], n.spare[:k-1]
	} else {
		if n.next > n.last {
			if err := n.reserve(ctx, h, dc.Now); err != nil {
				return "", 0, err
			}
		}
		number = n.next
		n.next++
	}
	return domain.Reference(dc.Config.Settings.ReferencePrefix, year, number), number, nil
}

// giveBack takes a number that no case got.
func (n *numbers) giveBack(dc domain.Context, number int) {
	if number == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if stream, _ := domain.ReferenceStream(dc.Tenant, dc.Now); stream == n.stream {
		n.spare = append(n.spare, number)
	}
}

// reserve appends the next block. Whoever appends it at the exact revision owns it; who comes second takes the one after.
func (n *numbers) reserve(ctx context.Context, h *Handler, now time.Time) error {
	for {
		var taken domain.References
		recorded := now
		for r, err := range h.Store.Read(ctx, n.stream, 0) {
			if err != nil {
				return err
			}
			if err := taken.Apply(r.Recorded); err != nil {
				return err
			}
			recorded = later(recorded, r.Meta.RecordedAt)
		}
		block := taken.Reserve(n.size)
		id := uuid.New()
		_, err := h.Store.Append(ctx, n.stream, eventstore.Next(taken.Events), []eventstore.Proposed{{Event: block, Meta: domain.Metadata{
			Tenant: h.Tenant, OccurredAt: recorded, RecordedAt: recorded, ActorID: systemActor, ActorRole: systemActor, WayIn: domain.ViaProcess,
			CommandID: id, CorrelationID: id, CausationID: id,
		}}})
		if _, conflict := errors.AsType[*eventstore.Conflict](err); conflict {
			continue
		}
		if err != nil {
			return err
		}
		n.next, n.last, n.size = block.From, block.To, min(2*n.size, largeBlock)
		return nil
	}
}

// systemActor is the actor, and the role, of what no person asked for.
const systemActor = "system"
