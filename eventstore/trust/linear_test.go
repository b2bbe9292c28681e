package trust

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/trust/scale"
	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

// TestLinear is T08: concurrent appends and readings of a few streams, over connections that are cut at random moments,
// are explained by one order in which each took effect at one moment between its call and its return. What got no answer
// may have happened at any later time, once.
func TestLinear(t *testing.T) {
	random := scale.Seeded(t, "T08")
	histories, ops := scale.Of(t, 1, 20, 1000), scale.Of(t, 300, 2000, 5000)
	at := newLane(t)
	var mu sync.Mutex
	came := map[verdict]int{}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(4)
	for n := range histories {
		h := newHistory(n, random.Uint64(), ops)
		group.Go(func() error {
			if err := h.run(ctx, t, at, exactly); err != nil {
				return err
			}
			mu.Lock()
			for _, o := range h.operations {
				came[o.Output.(reply).verdict]++
			}
			mu.Unlock()
			return h.explained(porcupine.Ok)
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if came[appended] == 0 || came[read] == 0 || came[conflict] == 0 || came[unknown] < histories/4 {
		t.Errorf("%d appends, %d readings, %d conflicts and %d without an answer: that proves little", came[appended], came[read], came[conflict], came[unknown])
	}
	scale.Say("T08", "%d histories of %d operations, %d of them conflicts, %d without an answer: linearizable", histories, ops, came[conflict], came[unknown])
}

// TestLinearControls: two ways in which an append is commonly got wrong are told from the right one.
func TestLinearControls(t *testing.T) {
	random := scale.Seeded(t, "T08-controls")
	at := newLane(t)
	for name, wrong := range map[string]appender{"a racy check": racily, "a retry that is not idempotent": carelessly} {
		h := newHistory(len(name), random.Uint64(), 600)
		if err := h.run(t.Context(), t, at, wrong); err != nil {
			t.Fatal(err)
		}
		if err := h.explained(porcupine.Illegal); err != nil {
			t.Errorf("control %q: %v", name, err)
			continue
		}
		scale.Say("T08", "control %q was caught: illegal", name)
	}
}

// lane is a node with its vault, for all histories.
type lane struct {
	node  *node.Node
	vault *vault.Vault
}

func newLane(t *testing.T) *lane {
	t.Helper()
	dir := folder(t)
	v, err := vault.Open(t.Context(), pgtest.URL(t), filepath.Join(dir, "kek"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	n, err := node.Start(t.Context(), filepath.Join(dir, "log"), node.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Stop() })
	return &lane{n, v}
}

func (l *lane) address() string {
	return strings.TrimSuffix(strings.TrimPrefix(l.node.TCPURL(), "esdb://"), "?tls=false")
}

const (
	clients = 6  // callers of a history, each with a connection of its own
	several = 12 // streams of a history
)

// history is what several clients did with a few streams, and when.
type history struct {
	n       int
	seed    uint64
	ops     int
	began   time.Time
	unknown atomic.Int64

	mu         sync.Mutex
	operations []porcupine.Operation
	left       int
}

func newHistory(n int, seed uint64, ops int) *history {
	return &history{n: n, seed: seed, ops: ops, left: ops, began: time.Now()}
}

// question is one operation: an append of a batch at an expected length, or a reading (no batch).
type question struct {
	stream   string
	expected uint64
	batch    string // the tags of its events, tagSize bytes each
}

// reply is what came of it.
type reply struct {
	verdict verdict
	content string // what a reading found: tags
}

type verdict int

const (
	appended verdict = iota
	conflict
	nothing // it certainly did not happen
	unknown // it may have happened, or happen later
	read
)

// tagSize is the size of an event's tag: its number, unique in the history.
const tagSize = 4

// model says what may follow what. The state is the tags of the stream's events.
var model = porcupine.NondeterministicModel{
	Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
		by := map[string][]porcupine.Operation{}
		for _, o := range all {
			stream := o.Input.(question).stream
			by[stream] = append(by[stream], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range by {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() []any { return []any{""} },
	Step: func(state, input, output any) []any {
		have, q, r := state.(string), input.(question), output.(reply)
		at := int(q.expected) * tagSize
		fits, stands := len(have) == at, len(have) > at && strings.HasPrefix(have[at:], q.batch)
		switch {
		case r.verdict == read && r.content == have, r.verdict == conflict && !fits && !stands, r.verdict == nothing:
			return []any{have}
		case r.verdict == appended && fits:
			return []any{have + q.batch}
		case r.verdict == appended && stands, r.verdict == unknown && !fits:
			return []any{have}
		case r.verdict == unknown:
			return []any{have, have + q.batch}
		}
		return nil
	},
}

// explained checks the history against the model.
func (h *history) explained(want porcupine.CheckResult) error {
	got := porcupine.CheckOperationsTimeout(model.ToModel(), h.operations, 2*time.Minute)
	if got != want {
		return fmt.Errorf("history %d of %d operations, %d without an answer, is %s and not %s", h.n, len(h.operations), h.unknown.Load(), got, want)
	}
	return nil
}

// appender appends a batch in its own way.
type appender func(ctx context.Context, s *eventstore.Store, random *rand.Rand, q question) error

// run lets the clients do their operations.
func (h *history) run(ctx context.Context, t *testing.T, at *lane, by appender) error {
	group, ctx := errgroup.WithContext(ctx)
	for client := range clients {
		p := newProxy(t, at.address())
		s, err := eventstore.Open(ctx, eventstore.Config{URL: "esdb://" + p.Listen + "?tls=false", Tenant: "council", Vault: at.vault})
		if err != nil {
			return err
		}
		c := &caller{
			history: h, id: client, store: s, by: by, cut: p.cut,
			random: rand.New(rand.NewPCG(h.seed, uint64(client))), lengths: map[string]uint64{},
		}
		group.Go(func() error {
			defer p.Stop()
			defer s.Close()
			return c.run(ctx)
		})
	}
	return group.Wait()
}

// caller is one caller of a history.
type caller struct {
	*history
	id      int
	store   *eventstore.Store
	by      appender
	cut     func() error // breaks every connection of this client
	random  *rand.Rand
	lengths map[string]uint64 // what it believes of the streams
	open    []question        // appends without an answer, to be sent again
}

func (c *caller) run(ctx context.Context) error {
	for {
		c.mu.Lock()
		number := c.left
		c.left--
		c.mu.Unlock()
		if number <= 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		cut := c.random.IntN(60) == 0
		if cut {
			time.AfterFunc(time.Duration(c.random.IntN(3000))*time.Microsecond, func() { _ = c.cut() })
		}
		q := c.next(number)
		call := time.Since(c.began).Nanoseconds()
		r, err := c.ask(ctx, q, cut && c.random.IntN(2) == 0)
		if err != nil {
			return err
		}
		back := time.Since(c.began).Nanoseconds()
		if r.verdict == unknown {
			back = math.MaxInt64
			c.unknown.Add(1)
			c.open = append(c.open, q)
		}
		c.mu.Lock()
		c.operations = append(c.operations, porcupine.Operation{ClientId: c.id, Input: q, Call: call, Output: r, Return: back})
		c.mu.Unlock()
	}
}

// next chooses an operation: what was left open, a reading, or an append at the length that the client believes in.
func (c *caller) next(number int) question {
	if len(c.open) > 0 && c.random.IntN(3) > 0 {
		q := c.open[0]
		c.open = c.open[1:]
		return q
	}
	q := question{stream: fmt.Sprintf("refs-h%dx%x-%d", c.n, c.seed, c.random.IntN(several))}
	if c.random.IntN(3) == 0 {
		return q
	}
	q.expected = c.lengths[q.stream]
	for i := range 1 + c.random.IntN(3) {
		q.batch += string(binary.BigEndian.AppendUint32(nil, uint32(number*4+i)))
	}
	return q
}

// ask does an operation. One that is hasty does not wait until a connection that was cut is there again.
func (c *caller) ask(ctx context.Context, q question, hasty bool) (reply, error) {
	patience := 20 * time.Second
	if hasty {
		patience = 100 * time.Millisecond
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if q.batch == "" {
		content, err := tags(limited, c.store, q.stream)
		if err != nil {
			return reply{verdict: nothing}, ctx.Err()
		}
		c.lengths[q.stream] = uint64(len(content) / tagSize)
		return reply{verdict: read, content: content}, nil
	}
	err := c.by(limited, c.store, c.random, q)
	_, conflicting := errors.AsType[*eventstore.Conflict](err)
	switch {
	case err == nil:
		c.lengths[q.stream] = q.expected + uint64(len(q.batch)/tagSize)
		return reply{verdict: appended}, nil
	case conflicting:
		if content, err := tags(limited, c.store, q.stream); err == nil {
			c.lengths[q.stream] = uint64(len(content) / tagSize)
		}
		return reply{verdict: conflict}, nil
	case errors.Is(err, eventstore.ErrUnknownOutcome):
		return reply{verdict: unknown}, ctx.Err()
	case errors.Is(err, eventstore.ErrUnavailable):
		return reply{verdict: nothing}, ctx.Err()
	}
	return reply{}, fmt.Errorf("append to %s: %w", q.stream, err)
}

// tags reads a whole stream.
func tags(ctx context.Context, s *eventstore.Store, stream string) (string, error) {
	var found []byte
	for r, err := range s.Read(ctx, stream, 0) {
		if err != nil {
			return "", err
		}
		found = binary.BigEndian.AppendUint32(found, uint32(r.Event.(domain.ReferencesReserved).From))
	}
	return string(found), nil
}

// proposed makes the events of a batch. Their ids come from its command's.
func proposed(batch string, command uuid.UUID) []eventstore.Proposed {
	var all []eventstore.Proposed
	for i := 0; i < len(batch); i += tagSize {
		n := int(binary.BigEndian.Uint32([]byte(batch[i:])))
		all = append(all, eventstore.Proposed{Event: domain.ReferencesReserved{From: n, To: n}, Meta: domain.Metadata{
			CommandID: command, OccurredAt: noon, RecordedAt: noon, ActorID: "system", WayIn: domain.ViaProcess,
		}})
	}
	return all
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// exactly appends as the port promises it: at the expected revision, under ids that are the batch's own.
func exactly(ctx context.Context, s *eventstore.Store, _ *rand.Rand, q question) error {
	_, err := s.Append(ctx, q.stream, eventstore.Next(q.expected), proposed(q.batch, uuid.NewSHA1(uuid.NameSpaceOID, []byte(q.stream+q.batch))))
	return err
}

// racily looks first whether the stream is as expected, and then appends wherever it ends: a planted fault.
func racily(ctx context.Context, s *eventstore.Store, _ *rand.Rand, q question) error {
	content, err := tags(ctx, s, q.stream)
	if err != nil {
		return eventstore.ErrUnavailable
	}
	if uint64(len(content)/tagSize) != q.expected {
		return &eventstore.Conflict{Stream: q.stream}
	}
	return anywhere(ctx, s, q)
}

// carelessly does a tenth of the appends twice, the second time under other ids and wherever the stream ends, as somebody
// does who takes a lost answer for a refusal: a planted fault.
func carelessly(ctx context.Context, s *eventstore.Store, random *rand.Rand, q question) error {
	if err := exactly(ctx, s, random, q); err != nil || random.IntN(10) > 0 {
		return err
	}
	return anywhere(ctx, s, q)
}

// anywhere appends at the end of the stream, wherever that is.
func anywhere(ctx context.Context, s *eventstore.Store, q question) error {
	command := uuid.New()
	for {
		content, err := tags(ctx, s, q.stream)
		if err != nil {
			return eventstore.ErrUnknownOutcome
		}
		_, err = s.Append(ctx, q.stream, eventstore.Next(uint64(len(content)/tagSize)), proposed(q.batch, command))
		if _, conflicting := errors.AsType[*eventstore.Conflict](err); !conflicting {
			return err
		}
	}
}
