package queries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redress/projections"
)

// ErrStandstill says that the read models have not moved for as long as a caller would
// wait.
var ErrStandstill = errors.New("the read models do not move")

// How often the checkpoint is looked at: at once, then ever less often.
const (
	firstLook = time.Millisecond
	longLook  = 50 * time.Millisecond
)

// WaitFor returns when the read models have reached a position. It gives up with
// [ErrStandstill] after patience without any progress, of them or of a rebuild.
func (q *Queries) WaitFor(ctx context.Context, position uint64, patience time.Duration) error {
	var last [2]uint64
	moved := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for look := firstLook; ; look = min(2*look, longLook) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		at, building, err := q.reached(ctx)
		if err != nil {
			return err
		}
		if at >= position {
			return nil
		}
		if now := [2]uint64{at, building}; now != last {
			last, moved = now, time.Now()
		}
		if waited := time.Since(moved); waited > patience {
			return fmt.Errorf("%w: at position %d for %s, and %d is awaited", ErrStandstill, at, waited.Round(time.Second), position)
		}
		timer.Reset(look)
	}
}

// WaitForEnd returns when the read models have reached the log's end as it was at the
// call, and returns that position.
func (q *Queries) WaitForEnd(ctx context.Context, patience time.Duration) (uint64, error) {
	end, err := q.Store.End(ctx)
	if err != nil {
		return 0, err
	}
	return end.Position, q.WaitFor(ctx, end.Position, patience)
}

// Reached returns the position up to which the read models stand, 0 before the first
// event and while those of this program's version are being built.
func (q *Queries) Reached(ctx context.Context) (uint64, error) {
	at, _, err := q.reached(ctx)
	return at, err
}

// reached also returns how far a rebuild has come, where there is one.
func (q *Queries) reached(ctx context.Context) (at, building uint64, err error) {
	var position, built int64
	err = q.Pool.QueryRow(ctx, `select coalesce((select position from projections.checkpoint where models = $1), 0),
		coalesce((select position from projections.building), 0)`, projections.Fingerprint()).Scan(&position, &built)
	return uint64(position), uint64(built), err
}
