package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"redress/domain"
	"redress/eventstore"
)

// keptCases bounds how many folded cases stay in memory. A case that is not among them
// is folded again from its stream when its next event comes.
const keptCases = 20_000

// history is what a fold reads: a log and a tenant's part in it, with how many folded cases
// are kept in memory.
type history struct {
	store  *eventstore.Store
	tenant string
	kept   int
}

func historyOf(store *eventstore.Store, tenant string) history {
	return history{store, tenant, keptCases}
}

// folded is a case in memory, as it stands after the event at position.
type folded struct {
	state    *domain.Case
	spans    Spans
	position uint64
	event    uuid.UUID
	dirty    bool // its rows have not been written yet
	written  bool // the tables may have rows of it
}

// fold is the state that the log builds up in memory: the config stream, the cases and
// the last revision of every stream. It belongs to one goroutine. After an error it is
// thrown away, because it may have gone further than the tables.
type fold struct {
	history
	config    *domain.Config
	calendars []adoption
	era       int // counts the config events that give open cases new dates, from 1
	cases     *lru.Cache[uuid.UUID, *folded]
	streams   streams
	parked    map[uuid.UUID]bool // cases whose events wait
	out       *output
	// was and is are the faces of the case in hand round its event in hand.
	was, is Face
	evicted func(*folded) // what becomes of a dirty case that no longer fits; nil: there is none
	judge   Judge         // under what cases are judged; nil: under what they are bound to
}

// adoption is a calendar with the position of the event that brought it.
type adoption struct {
	position uint64
	calendar *domain.Calendar
}

// output is what a stretch of the log does to the tables.
type output struct {
	rows    [][]Row           // by model
	cases   []uuid.UUID       // those whose former rows of the models with Rows go
	settled []uuid.UUID       // those whose added rows go as well
	eras    map[uuid.UUID]int // of cases: the era of an open one's dates, 0 for a closed one
	seen    map[string]uint64 // the last revisions of streams, by a live runner
	parked  []Parked
	failed  []uuid.UUID     // cases that have to be settled event by event
	touched []*folded       // cases to emit; only where eviction does not
	last    eventstore.Mark // of the last record taken; zero: none
}

// Parked is a case that waits because one of its events could not be projected. Its rows
// stand as they were before that event.
type Parked struct {
	Case     uuid.UUID
	Revision uint64
	Position uint64
	Event    uuid.UUID
	Type     string
	Reason   string
}

func newFold(h history) *fold {
	f := &fold{
		history: h, config: domain.NewConfig(), era: 1, parked: map[uuid.UUID]bool{},
		streams: streams{last: map[string]uint64{}}, out: newOutput(),
	}
	f.cases, _ = lru.NewWithEvict(h.kept, func(_ uuid.UUID, c *folded) { // fails for sizes below 1 only
		if c.dirty && f.evicted != nil {
			f.evicted(c)
		}
	})
	return f
}

func newOutput() *output {
	return &output{rows: make([][]Row, len(Models)), seen: map[string]uint64{}, eras: map[uuid.UUID]int{}}
}

// take adds the next record of the log. A case's own rows come with emit; what the event
// adds is in the output already.
func (f *fold) take(ctx context.Context, r eventstore.Record) error {
	fresh, err := f.streams.advance(r)
	if err != nil {
		return err
	}
	f.out.last = r.Mark()
	if r.Stream == domain.ConfigStream(f.tenant) && r.Revision >= f.config.Events {
		err = f.configure(r)
	}
	if err != nil || !fresh {
		return err
	}
	f.saw(r)
	if isCase(r.Stream) {
		return f.takeCase(ctx, r)
	}
	return nil
}

// saw notes for the tables which revision of a stream was the last. Where the fold has seen
// all streams from their beginning, streams has them, and they are written in the end.
func (f *fold) saw(r eventstore.Record) {
	if f.streams.lookup != nil {
		f.out.seen[r.Stream] = r.Revision
	}
}

// configure adds a record of the config stream, without which no case can be judged: an
// error here stops everything.
func (f *fold) configure(r eventstore.Record) error {
	if err := guarded(func() error { return f.config.Apply(r.Recorded) }); err != nil {
		return fmt.Errorf("config stream, position %d: %w", r.Position, err)
	}
	if redates(r) {
		f.era++
	}
	calendar := f.config.Calendar()
	if n := len(f.calendars); n == 0 || f.calendars[n-1].calendar != calendar {
		f.calendars = append(f.calendars, adoption{r.Position, calendar})
	}
	return nil
}

func (f *fold) takeCase(ctx context.Context, r eventstore.Record) error {
	id, err := caseID(r.Stream)
	if err != nil {
		return err
	}
	if f.parked[id] || slices.Contains(f.out.failed, id) {
		return nil // settling finds the event by itself
	}
	c, err := f.before(ctx, id, r)
	if err != nil || c == nil {
		return err
	}
	if err := f.extend(c, r); err != nil {
		f.drop(id)
	}
	return nil
}

// takeUndecodable takes an event whose bytes make no sense, as far as it is a case's own
// fault: settling the case finds it and parks it there. Whatever else cannot be decoded
// stops the projection, an event of an unknown type above all.
func (f *fold) takeUndecodable(ctx context.Context, bad *eventstore.Undecodable) error {
	if !ownFault(bad) {
		return bad
	}
	r, err := f.store.EventAt(ctx, bad.Position)
	if _, same := errors.AsType[*eventstore.Undecodable](err); !same {
		return errors.Join(bad, err)
	}
	if err := f.streams.prepare(ctx, []eventstore.Record{r}); err != nil {
		return err
	}
	fresh, err := f.streams.advance(r)
	if err != nil || !fresh {
		return err
	}
	f.saw(r)
	f.out.last = r.Mark()
	id, err := caseID(r.Stream)
	if err == nil && !f.parked[id] {
		f.drop(id)
	}
	return err
}

func ownFault(bad *eventstore.Undecodable) bool {
	_, unknown := errors.AsType[*domain.UnknownEvent](bad)
	return !unknown && isCase(bad.Stream)
}

// drop forgets a case that failed, without its rows.
func (f *fold) drop(id uuid.UUID) {
	if c, ok := f.cases.Peek(id); ok {
		c.dirty = false
		f.cases.Remove(id)
	}
	if !slices.Contains(f.out.failed, id) {
		f.out.failed = append(f.out.failed, id)
	}
}

// before returns the case as it stands before the record, from memory or from its
// stream. It is nil when the stream cannot be folded up to there; the case has failed.
func (f *fold) before(ctx context.Context, id uuid.UUID, r eventstore.Record) (*folded, error) {
	if r.Revision == 0 {
		c := &folded{state: new(domain.Case)}
		f.cases.Add(id, c)
		return c, nil
	}
	if c, ok := f.cases.Get(id); ok && c.state.Revision+1 == r.Revision {
		return c, nil
	}
	return f.reload(ctx, id, r.Revision-1)
}

// reload folds a case's stream up to a revision.
func (f *fold) reload(ctx context.Context, id uuid.UUID, to uint64) (*folded, error) {
	c := &folded{state: new(domain.Case), written: true}
	for r, err := range f.store.Read(ctx, domain.CaseStream(id), 0) {
		if err != nil {
			return nil, err
		}
		if err := c.apply(r); err != nil {
			f.drop(id)
			return nil, nil
		}
		if r.Revision == to {
			f.cases.Add(id, c)
			return c, nil
		}
	}
	return nil, &GapError{Stream: domain.CaseStream(id), Want: c.state.Events, Revision: to + 1}
}

// extend adds a record to a case and its added rows to the output.
func (f *fold) extend(c *folded, r eventstore.Record) error {
	f.was = f.was.of(c.state)
	if err := c.apply(r); err != nil {
		return err
	}
	f.is = f.is.of(c.state)
	change := Change{Tenant: f.tenant, Record: r, Before: f.was, After: f.is, CaseID: c.state.ID}
	for i, m := range Models {
		if m.Adds == nil {
			continue
		}
		var rows []Row
		err := guarded(func() (err error) { rows, err = m.Adds(change); return err })
		if err != nil {
			return err
		}
		f.out.rows[i] = append(f.out.rows[i], rows...)
	}
	if !c.dirty && f.evicted == nil {
		f.out.touched = append(f.out.touched, c)
	}
	c.dirty = true
	return nil
}

// apply folds one record into the case.
func (c *folded) apply(r eventstore.Record) error {
	was := c.state.Status
	if err := guarded(func() error { return c.state.Apply(r.Recorded) }); err != nil {
		return err
	}
	c.spans.turn(was, c.state.Status, r.Meta.OccurredAt)
	c.position, c.event = r.Position, r.ID
	return nil
}

// emit puts the rows of a case, as it stands, into the output.
func (f *fold) emit(c *folded) {
	c.dirty = false
	if f.parked[c.state.ID] || slices.Contains(f.out.failed, c.state.ID) {
		return
	}
	rows, err := f.rows(c)
	if err != nil {
		f.drop(c.state.ID)
		return
	}
	if c.written {
		f.out.cases = append(f.out.cases, c.state.ID)
	}
	c.written = true
	f.out.eras[c.state.ID] = 0
	if c.state.Status != domain.StatusClosed {
		f.out.eras[c.state.ID] = f.era
	}
	for i := range rows {
		f.out.rows[i] = append(f.out.rows[i], rows[i]...)
	}
}

// rows asks each model for the rows of a case. A case that has only been announced by an
// import has none yet.
func (f *fold) rows(c *folded) ([][]Row, error) {
	rows := make([][]Row, len(Models))
	if c.state.Kind == "" {
		return rows, nil
	}
	return rows, guarded(func() error {
		view, err := f.view(c)
		if err != nil {
			return err
		}
		for i, m := range Models {
			if m.Rows == nil {
				continue
			}
			if rows[i], err = m.Rows(view); err != nil {
				return fmt.Errorf("model %s: %w", m.Name, err)
			}
		}
		return nil
	})
}

// settle folds a case that failed once more, event by event, and finds the first event
// with which it cannot be projected. The case's rows are those before it; it is parked
// there, or not at all when everything passes.
func (f *fold) settle(ctx context.Context, id uuid.UUID) error {
	to, seen := f.streams.last[domain.CaseStream(id)]
	if !seen {
		return fmt.Errorf("case %s is parked, but its stream was never seen", id)
	}
	whole, good := f.out, newOutput()
	defer func() { f.out = whole }()
	rows := make([][]Row, len(Models))
	c := &folded{state: new(domain.Case)}
	var parked *Parked
	for r, err := range f.store.Read(ctx, domain.CaseStream(id), 0) {
		bad, _ := errors.AsType[*eventstore.Undecodable](err)
		if err != nil && (bad == nil || !ownFault(bad)) {
			return err
		}
		f.out = newOutput()
		reason := err
		if reason == nil {
			reason = f.extend(c, r)
		}
		if reason == nil {
			var now [][]Row
			if now, reason = f.rows(c); reason == nil {
				rows = now
			}
		}
		if reason != nil {
			parked = &Parked{id, r.Revision, r.Position, r.ID, r.Type, reason.Error()}
			break
		}
		for i := range Models {
			good.rows[i] = append(good.rows[i], f.out.rows[i]...)
		}
		if r.Revision == to {
			break
		}
	}
	for i := range Models {
		whole.rows[i] = append(whole.rows[i], rows[i]...)
		whole.rows[i] = append(whole.rows[i], good.rows[i]...)
	}
	whole.cases = append(whole.cases, id)
	whole.eras[id] = f.era // read once more when the calendar changes; parked cases are left alone
	whole.settled = append(whole.settled, id)
	delete(f.parked, id)
	if parked != nil {
		whole.parked = append(whole.parked, *parked)
		f.parked[id] = true
	}
	return nil
}

// finish settles what failed and hands the output over.
func (f *fold) finish(ctx context.Context) (*output, error) {
	failed := f.out.failed
	for i := range Models {
		f.out.rows[i] = f.without(f.out.rows[i], failed)
	}
	for _, id := range failed {
		if err := f.settle(ctx, id); err != nil {
			return nil, err
		}
	}
	f.out.failed = nil
	out := f.out
	f.out = newOutput()
	return out, nil
}

// without drops the rows that failed cases have left behind; settling makes them anew.
func (f *fold) without(rows []Row, failed []uuid.UUID) []Row {
	if len(failed) == 0 {
		return rows
	}
	return slices.DeleteFunc(rows, func(row Row) bool {
		id, _ := row[1].(uuid.UUID) // the second column of every model
		return slices.Contains(failed, id)
	})
}

// guarded runs a function that works on one case and turns a panic into an error.
func guarded(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return work()
}

func isCase(stream string) bool { return strings.HasPrefix(stream, casePrefix) }

const casePrefix = "complaint-"

func caseID(stream string) (uuid.UUID, error) {
	id, err := uuid.Parse(strings.TrimPrefix(stream, casePrefix))
	if err != nil {
		return uuid.Nil, fmt.Errorf("stream %s has no case id in its name", stream)
	}
	return id, nil
}
