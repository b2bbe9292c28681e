package queries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
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
// [ErrStandstill] after patience without any progress.
func (q *Queries) WaitFor(ctx context.Context, position uint64, patience time.Duration) error {
	var last uint64
	moved := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for look := firstLook; ; look = min(2*look, longLook) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		at, err := q.Reached(ctx)
		if err != nil {
			return err
		}
		if at >= position {
			return nil
		}
		if at != last {
			last, moved = at, time.Now()
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
// event.
func (q *Queries) Reached(ctx context.Context) (uint64, error) {
	var at int64
	err := q.Pool.QueryRow(ctx, "select coalesce(position, 0) from projections.checkpoint").Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return uint64(at), err
}
