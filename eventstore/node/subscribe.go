package node

import (
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// A subscription follows the log by position: it sends what is there, says once that it has caught up, and waits for
// more. It holds nothing but its place, however far behind its reader is, and so never loses an event.

// confirm sends the message that every subscription begins with.
func (r *reader) confirm() error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: uuid.NewString()},
	}})
}

func (r *reader) caughtUp() error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}})
}

// wait returns when the log has moved or the subscription is over.
func (r *reader) wait(moved, dropped <-chan struct{}) error {
	select {
	case <-moved:
		return nil
	case <-dropped:
		return errTooSlow
	case <-r.node.refused:
		return errUnavailable
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// over answers why a subscription that still has events to send must end, if it must.
func (r *reader) over(dropped <-chan struct{}) error {
	select {
	case <-dropped:
		return errTooSlow
	default:
		return r.ended()
	}
}

// followAll serves a subscription to the whole log, which begins after the position.
func (r *reader) followAll() error {
	p := r.plan
	dropped := r.node.dropped()
	count, _, _ := r.log.state()
	next := uint32(0)
	switch p.origin {
	case fromEnd:
		next = count
	case fromValue:
		from, err := r.cursor.from(p.value + 1)
		if err != nil {
			return err
		}
		next = min(count, from)
	}
	if err := r.confirm(); err != nil {
		return err
	}
	considered := uint64(0)
	for told := false; ; {
		count, _, moved := r.log.state()
		for ; next < count; next++ {
			if err := r.over(dropped); err != nil {
				return err
			}
			if err := r.follow(next, &considered); err != nil {
				return err
			}
		}
		if !told {
			told = true
			if err := r.caughtUp(); err != nil {
				return err
			}
		}
		if err := r.wait(moved, dropped); err != nil {
			return err
		}
	}
}

// follow sends event n if the filter selects it, and a checkpoint when one is due.
func (r *reader) follow(n uint32, considered *uint64) error {
	rec, at, err := r.cursor.event(n)
	if err != nil {
		return err
	}
	f := r.plan.filter
	if f == nil || f.matches(rec.stream, rec.events[at].kind) {
		if err := r.send(rec, at); err != nil {
			return err
		}
	}
	if f == nil {
		return nil
	}
	if *considered++; *considered < f.interval {
		return nil
	}
	*considered = 0
	position := rec.eventPosition(at)
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{
		Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: position, PreparePosition: position},
	}})
}

// followStream serves a subscription to one stream, which begins after the revision.
func (r *reader) followStream() error {
	p := r.plan
	dropped := r.node.dropped()
	h, _, ended, err := r.log.standing(&r.cursor, p.stream)
	if err != nil {
		return err
	}
	if ended {
		return streamDeleted(r.ctx, p.stream)
	}
	m, _, err := r.log.metadata(&r.cursor, p.stream)
	if err != nil {
		return err
	}
	next, err := r.log.visible(&r.cursor, p.stream, h, m)
	if err != nil {
		return err
	}
	next = min(next, uint64(h.next)) // what is yet to come is never hidden
	switch p.origin {
	case fromEnd:
		next = uint64(h.next)
	case fromValue:
		next = max(next, p.value+1)
	}
	if err := r.confirm(); err != nil {
		return err
	}
	// A stream that is not there has no history to be caught up with, unless none was asked for.
	absent := p.origin != fromEnd && (h.next == 0 || m.deleted())
	was := h.next
	for told := false; ; {
		_, _, moved := r.log.state()
		h, _, ended, err := r.cursor.stream(p.stream)
		if err != nil {
			return err
		}
		for next < uint64(h.next) {
			if err := r.over(dropped); err != nil {
				return err
			}
			to := min(next+pageSize, uint64(h.next))
			if err := r.sendRevisions(h, uint32(next), uint32(to)); err != nil {
				return err
			}
			next = to
		}
		if ended {
			return r.sendTombstone()
		}
		if absent = absent && h.next == was; !told && !absent {
			told = true
			if err := r.caughtUp(); err != nil {
				return err
			}
		}
		if err := r.wait(moved, dropped); err != nil {
			return err
		}
	}
}

// sendTombstone sends the event that ended the stream, and ends the subscription.
func (r *reader) sendTombstone() error {
	n, _ := r.log.tombstone(r.plan.stream)
	rec, at, err := r.cursor.event(n)
	if err != nil {
		return err
	}
	if err := r.send(rec, at); err != nil {
		return err
	}
	return streamDeleted(r.ctx, r.plan.stream)
}
