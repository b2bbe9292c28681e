package eventstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore/vault"
)

// Config says which log is opened.
type Config struct {
	// URL is esdb://…, esdb+discover://…, unix:///PATH or the absolute path of a node's socket.
	URL string
	// Tenant stands in the metadata of every event that names none.
	Tenant string
	// Vault holds the keys under which personal values are sealed. It stays the caller's to close.
	Vault *vault.Vault
	// Logger receives what operators should know; nil means none of it.
	Logger *slog.Logger
}

// Store is an open log. Its methods may be called from any goroutine.
type Store struct {
	door   *door
	vault  *vault.Vault
	tenant string
	log    *slog.Logger
}

// Open connects to the log and returns when the server has answered. It waits for a server that is away as long as ctx
// allows, and then returns [ErrUnavailable] with the cause.
func Open(ctx context.Context, config Config) (*Store, error) {
	if config.Vault == nil {
		return nil, errors.New("the event store needs a vault")
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	d, err := newDoor(config.URL, config.Logger)
	if err != nil {
		return nil, err
	}
	l, err := d.take(ctx)
	if err != nil {
		d.close()
		return nil, err
	}
	d.release(l, nil)
	return &Store{door: d, vault: config.Vault, tenant: config.Tenant, log: config.Logger}, nil
}

// Close takes no more calls; those under way end by themselves.
func (s *Store) Close() { s.door.close() }

// Vault returns the vault with which the store seals.
func (s *Store) Vault() *vault.Vault { return s.vault }

// Expected is what an append expects of its stream: an exact last revision ([At]), or that there is no stream
// ([NoStream]), which is the zero value. There is no other expectation.
type Expected struct {
	next uint64 // the revision that the first event will have
}

// NoStream expects that nothing was ever appended to the stream.
var NoStream = Expected{}

// At expects that the stream's last event has this revision.
func At(revision uint64) Expected { return Expected{next: revision + 1} }

// Next expects that the stream has this many events: the revision of the next one.
func Next(revision uint64) Expected { return Expected{next: revision} }

// String says it in words.
func (e Expected) String() string {
	if e == NoStream {
		return "no stream"
	}
	return "revision " + strconv.FormatUint(e.next-1, 10)
}

func (e Expected) revision() esdb.ExpectedRevision {
	if e == NoStream {
		return esdb.NoStream{}
	}
	return esdb.Revision(e.next - 1)
}

// Proposed is an event that is to be appended. Of the metadata the store fills in the event's id, type, schema version
// and pii_keys; CommandID, OccurredAt and RecordedAt must be there.
type Proposed struct {
	Event domain.Event
	Meta  domain.Metadata
}

// Appended says where an append stands in the log.
type Appended struct {
	First    uint64 // revision of the first event
	Last     uint64 // revision of the last event
	Position uint64 // position of the last event
}

// Record is an event read from the log.
type Record struct {
	domain.Recorded
	ID      uuid.UUID
	Type    string
	Data    []byte    // as stored: personal values are sealed
	RawMeta []byte    // as stored
	Created time.Time // the server's own time of the append
}

// Mark is an event's place and identity: what a checkpoint keeps. The zero Mark is the place before the first event.
type Mark struct {
	Position uint64
	ID       uuid.UUID
}

// Mark returns the record's own.
func (r Record) Mark() Mark { return Mark{r.Position, r.ID} }

// How long to wait before something is tried again.
const (
	firstWait = 50 * time.Millisecond
	longWait  = 2 * time.Second
)

// Append appends the events to the stream, all or none, and returns when they are durable. The same command's events
// may be appended again at any time, with the same expectation: they stand in the log once, and the answer is the first.
//
// Errors: [*Conflict] when the stream is not as expected, [ErrUnavailable] when nothing could be sent,
// [ErrDamaged] when the server takes no more appends, what the server or the codec refuses, and [ErrUnknownOutcome] when any
// of these comes before the outcome of one that was sent is known. In all cases but the unknown one nothing was appended.
func (s *Store) Append(ctx context.Context, stream string, expected Expected, proposed []Proposed) (Appended, error) {
	if len(proposed) == 0 {
		return Appended{}, errors.New("an append needs an event")
	}
	batch := make([]esdb.EventData, len(proposed))
	for i, p := range proposed {
		var err error
		if batch[i], err = s.encode(ctx, stream, i, p); err != nil {
			return Appended{}, err
		}
	}
	at := Appended{First: expected.next, Last: expected.next + uint64(len(batch)) - 1}
	unsure := false
	for wait := firstWait; ; wait = min(2*wait, longWait) {
		position, sent, err := s.send(ctx, stream, expected, batch)
		switch judge(err) {
		case done:
			at.Position = position
			return at, nil
		case conflicting:
			if !unsure {
				return Appended{}, conflict(stream, expected, err)
			}
			return s.settle(ctx, conflict(stream, expected, err), at, batch)
		case refused:
			switch {
			case unsure: // what is refused now may have been taken before: rights, limits and the log's state change
				err = fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
			case closed(err):
				err = fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			return Appended{}, fmt.Errorf("append to %s: %w", stream, err)
		}
		if !sent && !unsure {
			return Appended{}, fmt.Errorf("append to %s: %w", stream, err)
		}
		if errors.Is(err, ErrClosed) {
			return Appended{}, fmt.Errorf("append to %s: %w: %w", stream, ErrUnknownOutcome, err)
		}
		unsure = true
		s.log.Warn("the outcome of an append is unknown; it is sent again", "stream", stream, "command", proposed[0].Meta.CommandID, "cause", err)
		if !pause(ctx, wait) {
			return Appended{}, fmt.Errorf("append to %s: %w", stream, ended(ctx, ErrUnknownOutcome))
		}
	}
}

// send makes one attempt. sent is false when it is certain that nothing has left.
func (s *Store) send(ctx context.Context, stream string, expected Expected, batch []esdb.EventData) (position uint64, sent bool, err error) {
	l, err := s.door.take(ctx)
	if err != nil {
		return 0, false, err
	}
	defer func() { s.door.release(l, err) }()
	result, err := on(ctx, s.door, l, func(c *esdb.Client) (*esdb.WriteResult, error) {
		return c.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: expected.revision()}, batch...)
	})
	if err != nil {
		return 0, true, err
	}
	if last := expected.next + uint64(len(batch)) - 1; result.NextExpectedVersion != last || result.CommitPosition == 0 {
		return 0, true, fmt.Errorf("the server's answer makes no sense: revision %d where %d was due", result.NextExpectedVersion, last)
	}
	return result.CommitPosition, true, nil
}

// settle tells what a refusal for a wrong revision means after an attempt whose outcome was unknown: the stream's own
// events say whether that attempt was the one that moved it. A follower may not have them yet; then it is asked again.
func (s *Store) settle(ctx context.Context, refusal *Conflict, at Appended, batch []esdb.EventData) (Appended, error) {
	for wait := firstWait; ; wait = min(2*wait, longWait) {
		found, err := s.page(ctx, refusal.Stream, refusal.Expected.next, uint64(len(batch)))
		if err != nil && !errors.Is(err, ErrUnavailable) && ctx.Err() == nil {
			return Appended{}, fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
		}
		for i, e := range found {
			if e.EventID != batch[i].EventID {
				return Appended{}, refusal
			}
		}
		if len(found) == len(batch) {
			at.Position = found[len(found)-1].Position.Commit
			return at, nil
		}
		if !pause(ctx, wait) {
			return Appended{}, fmt.Errorf("append to %s: %w", refusal.Stream, ended(ctx, ErrUnknownOutcome))
		}
	}
}

// page reads up to count raw events of a stream.
func (s *Store) page(ctx context.Context, stream string, from, count uint64) ([]*esdb.RecordedEvent, error) {
	var found []*esdb.RecordedEvent
	for e, err := range s.events(ctx, func(ctx context.Context, c *esdb.Client) (*esdb.ReadStream, error) {
		return c.ReadStream(ctx, stream, esdb.ReadStreamOptions{From: esdb.Revision(from)}, count)
	}) {
		if err != nil {
			return found, err
		}
		found = append(found, e)
	}
	return found, nil
}

// Read returns the events of a stream from a revision on, in order, as far as they stand there when the reading begins;
// none for a stream that does not exist. An error ends the sequence: [*Undecodable], [*Gap], [ErrUnavailable], or the
// context's.
func (s *Store) Read(ctx context.Context, stream string, from uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		next := from
		for e, err := range s.events(ctx, func(ctx context.Context, c *esdb.Client) (*esdb.ReadStream, error) {
			return c.ReadStream(ctx, stream, esdb.ReadStreamOptions{From: esdb.Revision(next)}, math.MaxUint64)
		}) {
			if err != nil {
				yield(Record{}, fmt.Errorf("stream %s: %w", stream, err))
				return
			}
			r, err := decode(e)
			if err == nil && r.Revision != next {
				err = &Gap{Position: r.Position, Stream: stream, Want: next, Found: r.Revision}
			}
			if !yield(r, err) || err != nil {
				return
			}
			next++
		}
	}
}

// events opens a reading and yields its raw events. A reading that cannot begin because the server is away is tried
// again; one that breaks off begins again only if nothing has come of it.
func (s *Store) events(ctx context.Context, open func(context.Context, *esdb.Client) (*esdb.ReadStream, error)) iter.Seq2[*esdb.RecordedEvent, error] {
	return func(yield func(*esdb.RecordedEvent, error) bool) {
		for wait := firstWait; ; wait = min(2*wait, longWait) {
			begun, err := s.reading(ctx, open, yield)
			if err == nil {
				return
			}
			if begun || !passing(err) || !pause(ctx, wait) {
				if ctx.Err() != nil {
					err = ended(ctx, ErrUnavailable)
				}
				yield(nil, err)
				return
			}
		}
	}
}

// reading makes one reading, to its end or until the consumer has enough. begun tells whether an event was yielded.
func (s *Store) reading(ctx context.Context, open func(context.Context, *esdb.Client) (*esdb.ReadStream, error), yield func(*esdb.RecordedEvent, error) bool) (begun bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := s.door.take(ctx)
	if err != nil {
		return false, err
	}
	defer func() { s.door.release(l, err) }()
	stream, err := on(ctx, s.door, l, func(c *esdb.Client) (*esdb.ReadStream, error) { return open(ctx, c) })
	if err != nil {
		return false, err
	}
	defer stream.Close()
	for {
		e, err := guarded(stream.Recv)
		switch {
		case errors.Is(err, io.EOF) || notFound(err):
			return begun, nil
		case err != nil:
			return begun, err
		}
		begun = true
		if !yield(e.OriginalEvent(), nil) {
			return begun, nil
		}
	}
}

// Last returns the last event of a stream, or [ErrNoEvent].
func (s *Store) Last(ctx context.Context, stream string) (Record, error) {
	for e, err := range s.events(ctx, func(ctx context.Context, c *esdb.Client) (*esdb.ReadStream, error) {
		return c.ReadStream(ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
	}) {
		if err != nil {
			return Record{}, fmt.Errorf("stream %s: %w", stream, err)
		}
		return decode(e)
	}
	return Record{}, ErrNoEvent
}

// End returns the mark of the log's last event, the zero Mark for an empty log.
func (s *Store) End(ctx context.Context) (Mark, error) {
	for e, err := range s.events(ctx, func(ctx context.Context, c *esdb.Client) (*esdb.ReadStream, error) {
		return c.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, math.MaxInt64)
	}) {
		if err != nil {
			return Mark{}, fmt.Errorf("the log's end: %w", err)
		}
		if !foreign(e) {
			return Mark{e.Position.Commit, e.EventID}, nil
		}
	}
	return Mark{}, nil
}

// EventAt returns the event at exactly this position of the log, or [ErrNoEvent].
func (s *Store) EventAt(ctx context.Context, position uint64) (Record, error) {
	for e, err := range s.events(ctx, func(ctx context.Context, c *esdb.Client) (*esdb.ReadStream, error) {
		return c.ReadAll(ctx, esdb.ReadAllOptions{From: esdb.Position{Commit: position, Prepare: position}}, 1)
	}) {
		if err != nil {
			return Record{}, fmt.Errorf("position %d: %w", position, err)
		}
		if e.Position.Commit != position {
			break
		}
		return decode(e)
	}
	return Record{}, ErrNoEvent
}

// pause waits and reports whether the context is still alive.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
