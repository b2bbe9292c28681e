package projections

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"redress/domain"
	"redress/eventstore"
)

// chunk is how many rows of a model come together before they are copied.
const chunk = 5_000

// loader fills empty tables from the beginning of the log, within one transaction. While
// every case is emitted once, rows are copied into tables without indexes. The first case
// that does not fit in memory until its last event makes the loader index the tables, and
// from then on replace the rows of such cases.
type loader struct {
	tx      pgx.Tx
	tables  tables
	fold    *fold
	number  int64 // of the generation; 0 for a session's tables, which park nothing
	indexed bool
	written map[uuid.UUID]int  // cases in the tables: the era of the open ones' dates, 0 for the closed
	pending map[uuid.UUID]bool // cases in the output that is not written yet
	err     error              // of a flush in the middle of an eviction
	copying chan error         // the end of the copy that runs beside the folding; nil: there is none
	until   time.Time          // where reading stops: at the first event recorded later; zero: nowhere
	last    eventstore.Mark
	parked  []Parked
}

// newLoader makes the tables.
func newLoader(ctx context.Context, tx pgx.Tx, h history, t tables, number int64) (*loader, error) {
	if err := t.make(ctx, tx); err != nil {
		return nil, err
	}
	l := &loader{
		tx: tx, tables: t, fold: newFold(h), number: number,
		written: map[uuid.UUID]int{}, pending: map[uuid.UUID]bool{},
	}
	l.fold.evicted = func(c *folded) { l.emit(ctx, c) }
	return l, nil
}

// emit has the rows of a case go to the tables with the next flush.
func (l *loader) emit(ctx context.Context, c *folded) {
	if l.pending[c.state.ID] {
		l.err = errors.Join(l.err, l.flush(ctx))
	}
	l.pending[c.state.ID] = true
	l.fold.emit(c)
}

// take adds a record, and writes when enough has come together.
func (l *loader) take(ctx context.Context, r eventstore.Record) error {
	if err := l.fold.take(ctx, r); err != nil {
		return err
	}
	return l.relieve(ctx)
}

func (l *loader) relieve(ctx context.Context) error {
	if l.err != nil {
		return l.err
	}
	for _, rows := range l.fold.out.rows {
		if len(rows) >= chunk {
			return l.flush(ctx)
		}
	}
	return nil
}

// finish emits what is still in memory, gives the cases that are open new dates where the
// calendar has changed since they were written, and indexes the tables.
func (l *loader) finish(ctx context.Context) error {
	for _, c := range l.fold.cases.Values() {
		if !c.dirty {
			continue
		}
		l.emit(ctx, c)
		if err := l.relieve(ctx); err != nil {
			return err
		}
	}
	if err := l.flush(ctx); err != nil {
		return err
	}
	if err := errors.Join(l.redate(ctx), l.await()); err != nil {
		return err
	}
	if l.indexed {
		return nil
	}
	l.indexed = true
	return l.tables.index(ctx, l.tx)
}

// redate emits the open cases whose dates are older than the calendar.
func (l *loader) redate(ctx context.Context) error {
	for id, era := range l.written {
		if era == 0 || era == l.fold.era || l.fold.parked[id] {
			continue
		}
		c, err := l.fold.reload(ctx, id, l.fold.streams.last[domain.CaseStream(id)])
		if err != nil {
			return err
		}
		if c != nil {
			l.emit(ctx, c)
		}
		if err := l.relieve(ctx); err != nil {
			return err
		}
	}
	return l.flush(ctx)
}

// flush writes the output that has come together.
func (l *loader) flush(ctx context.Context) error {
	clear(l.pending)
	out, err := l.fold.finish(ctx)
	if err != nil {
		return err
	}
	if out.last != (eventstore.Mark{}) {
		l.last = out.last
	}
	l.parked = append(l.parked, out.parked...)
	again := len(out.cases) > 0 // rows that were written before have to go
	maps.Copy(l.written, out.eras)
	// The transaction is one connection: nothing else is sent while a copy runs.
	if err := l.await(); err != nil {
		return err
	}
	if again && !l.indexed {
		if err := l.tables.index(ctx, l.tx); err != nil {
			return err
		}
		l.indexed = true
	}
	if l.indexed {
		batch := new(pgx.Batch)
		l.tables.queue(batch, out)
		return l.tx.SendBatch(ctx, batch).Close()
	}
	l.copyBeside(ctx, out.rows)
	return nil
}

// copyBeside copies rows while the folding goes on. Whoever uses the transaction next
// awaits it.
func (l *loader) copyBeside(ctx context.Context, rows [][]Row) {
	done := make(chan error, 1)
	l.copying = done
	go func() {
		for i, m := range Models {
			if err := l.tables.copy(ctx, l.tx, m, rows[i]); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
}

// await returns when no copy runs, with what became of the last.
func (l *loader) await() error {
	if l.copying == nil {
		return nil
	}
	err := <-l.copying
	l.copying = nil
	return err
}

// keep writes what only a generation needs: the revisions of the streams, the parked cases.
func (l *loader) keep(ctx context.Context) error {
	batch := new(pgx.Batch)
	for id := range l.fold.parked {
		batch.Queue("delete from projections.parked where generation = $1 and case_id = $2", l.number, id)
	}
	queueParked(batch, l.number, l.parked)
	if len(l.fold.streams.last) > 0 {
		l.tables.seen(batch, l.fold.streams.last)
	}
	l.parked = nil
	return l.tx.SendBatch(ctx, batch).Close()
}
