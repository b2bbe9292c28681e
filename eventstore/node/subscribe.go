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
	r.live = true
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

// followStream serves a subscription to one stream, which begins after the revision. One to what comes after the end of a
// stream that has been ended is not refused: nothing will come.
func (r *reader) followStream() error {
	p := r.plan
	dropped := r.node.dropped()
	h, _, ended, err := r.log.standing(&r.cursor, p.stream)
	switch {
	case err != nil:
		return err
	case ended && p.origin != fromEnd:
		return streamDeleted(r.ctx, p.stream)
	}
	if err := r.confirm(); err != nil {
		return err
	}
	next := uint64(h.next)
	if p.origin != fromEnd {
		if next, err = r.history(dropped); err != nil {
			return err
		}
	}
	for told := false; ; {
		_, _, moved := r.log.state()
		if !ended {
			if next, err = r.followRevisions(next, told, dropped); err != nil {
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

// history answers the first revision that a subscription from the start or from a revision delivers. It waits until there
// is a stream: before, there is nothing to be caught up with.
func (r *reader) history(dropped <-chan struct{}) (next uint64, err error) {
	p := r.plan
	for {
		_, _, moved := r.log.state()
		h, ok, ended, err := r.log.standing(&r.cursor, p.stream)
		if err != nil {
			return 0, err
		}
		if ended {
			return 0, streamDeleted(r.ctx, p.stream)
		}
		m, _, err := r.log.metadata(&r.cursor, p.stream)
		if err != nil {
			return 0, err
		}
		if ok && !m.deleted() {
			next, err = r.log.visible(&r.cursor, p.stream, h, m)
			next = min(next, uint64(h.next)) // what is yet to come is never hidden
			if p.origin == fromValue {
				next = max(next, p.value+1)
			}
			return next, err
		}
		if err := r.wait(moved, dropped); err != nil {
			return 0, err
		}
	}
}

// followRevisions sends what the stream has from revision next on, and answers what comes after. The end of a stream ends
// the subscription; one that has not caught up learns it as a reader does, without the event.
func (r *reader) followRevisions(next uint64, told bool, dropped <-chan struct{}) (uint64, error) {
	h, _, ended, err := r.cursor.stream(r.plan.stream)
	if err != nil {
		return 0, err
	}
	for next < uint64(h.next) {
		if err := r.over(dropped); err != nil {
			return 0, err
		}
		to := min(next+pageSize, uint64(h.next))
		if err := r.sendRevisions(h, uint32(next), uint32(to)); err != nil {
			return 0, err
		}
		next = to
	}
	switch {
	case ended && !told && r.plan.origin != fromEnd:
		return 0, streamDeleted(r.ctx, r.plan.stream)
	case ended:
		return 0, r.sendTombstone()
	}
	return next, nil
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
