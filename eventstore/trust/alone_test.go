package trust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// startAlone runs `redress node` and answers its address.
func startAlone(binary, data, listen string) (p *process, address string, err error) {
	p, line, err := launch(exec.Command(binary, "node", "--data", data, "--listen", listen))
	if err != nil {
		return nil, "", fmt.Errorf("node: %w", err)
	}
	address, _, found := strings.Cut(strings.TrimPrefix(line, "ready esdb://"), "?")
	if !found {
		return nil, "", fmt.Errorf("node says %q", line)
	}
	return p, address, nil
}

// official opens the official client. It is for one goroutine: when the server goes, version 4.2.0 leaves those hanging who
// call beside another.
func official(address string) (*esdb.Client, error) {
	config, err := esdb.ParseConnectionString("esdb://" + address + "?tls=false")
	if err != nil {
		return nil, err
	}
	config.Logger, config.MaxDiscoverAttempts = esdb.NoopLogging(), 1
	return esdb.NewClient(config)
}

// scribe appends to a stream of its own, one batch after the other, each at the revision that the stream must have.
type scribe struct {
	stream  string
	batches []*batch // the last may be without an answer
}

// batch is one append. It never changes, so that it can be sent again.
type batch struct {
	first    uint64 // the revision of its first event
	events   []esdb.EventData
	answered bool
	position uint64 // in the log, as it was answered
}

// next notes a new batch of one to three events.
func (s *scribe) next(size int) *batch {
	b := &batch{}
	if n := len(s.batches); n > 0 {
		b.first = s.batches[n-1].first + uint64(len(s.batches[n-1].events))
	}
	for range 1 + len(s.batches)%3 {
		b.events = append(b.events, esdb.EventData{
			EventID: uuid.New(), EventType: "Noted", ContentType: esdb.ContentTypeBinary, Data: []byte(strings.Repeat("noted ", size/6)),
		})
	}
	s.batches = append(s.batches, b)
	return b
}

// appendTimeout is how long one append may take.
const appendTimeout = 10 * time.Second

// send sends a batch, for the first time or again.
func (s *scribe) send(ctx context.Context, client *esdb.Client, b *batch) error {
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	defer cancel()
	var expected esdb.ExpectedRevision = esdb.NoStream{}
	if b.first > 0 {
		expected = esdb.Revision(b.first - 1)
	}
	result, err := client.AppendToStream(ctx, s.stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, b.events...)
	if err != nil {
		return fmt.Errorf("append to %s at %d: %w", s.stream, b.first, err)
	}
	if last := b.first + uint64(len(b.events)) - 1; result.NextExpectedVersion != last {
		return fmt.Errorf("append to %s at %d: the answer names revision %d and not %d", s.stream, b.first, result.NextExpectedVersion, last)
	}
	b.answered, b.position = true, result.CommitPosition
	return nil
}

// scribes are all that append to a log.
type scribes []*scribe

func newScribes(n int) scribes {
	var all scribes
	for i := range n {
		all = append(all, &scribe{stream: fmt.Sprintf("stream-%d", i)})
	}
	return all
}

// run lets each append so many batches, with events of a size, until all have or the node fails them.
func (all scribes) run(ctx context.Context, address string, batches, size int) {
	var working sync.WaitGroup
	for _, s := range all {
		working.Go(func() {
			client, err := official(address)
			if err != nil {
				return
			}
			defer client.Close()
			for range batches {
				if s.send(ctx, client, s.next(size)) != nil {
					return // it stays open
				}
			}
		})
	}
	working.Wait()
}

// settle sends what was left open again, which must succeed now.
func (all scribes) settle(ctx context.Context, client *esdb.Client) (open int, err error) {
	for _, s := range all {
		for _, b := range s.batches {
			if b.answered {
				continue
			}
			open++
			if err := s.send(ctx, client, b); err != nil {
				return open, fmt.Errorf("what was left open is sent again: %w", err)
			}
		}
	}
	return open, nil
}

// copied answers scribes who have done the same so far and go on by themselves.
func (all scribes) copied() scribes {
	var others scribes
	for _, s := range all {
		others = append(others, &scribe{stream: s.stream, batches: slices.Clone(s.batches)})
	}
	return others
}

// answered counts the appends that were acknowledged.
func (all scribes) answered() (n int) {
	for _, s := range all {
		for _, b := range s.batches {
			if b.answered {
				n++
			}
		}
	}
	return n
}

// errLost says that something was acknowledged and does not stand in the log.
var errLost = errors.New("acknowledged and lost")

// audit reads the whole log: what was acknowledged stands there, at its revision, and there is nothing else but what was
// left open. What is there is in order, without a gap, once.
func (all scribes) audit(ctx context.Context, client *esdb.Client) error {
	log, err := readLog(ctx, client)
	if err != nil {
		return fmt.Errorf("reading the log: %w", err)
	}
	for _, s := range all {
		stands := log[s.stream]
		delete(log, s.stream)
		for _, b := range s.batches {
			have := min(len(stands), len(b.events))
			if !b.answered && have == 0 {
				continue
			}
			if have < len(b.events) && b.answered {
				return fmt.Errorf("%w: revision %d of %s", errLost, b.first+uint64(have), s.stream)
			}
			if have < len(b.events) {
				return fmt.Errorf("%s has a part of a batch, to revision %d", s.stream, b.first+uint64(have)-1)
			}
			for i, want := range b.events {
				got := stands[i]
				if got.EventID != want.EventID || got.EventNumber != b.first+uint64(i) || string(got.Data) != string(want.Data) {
					return fmt.Errorf("%w: revision %d of %s is another event", errLost, b.first+uint64(i), s.stream)
				}
			}
			stands = stands[len(b.events):]
		}
		if len(stands) > 0 {
			return fmt.Errorf("%s has %d events too many: something was applied twice", s.stream, len(stands))
		}
	}
	if len(log) > 0 {
		return fmt.Errorf("%d streams are there that nobody wrote", len(log))
	}
	return nil
}

// readLog reads everything, by stream. Positions must rise.
func readLog(ctx context.Context, client *esdb.Client) (map[string][]*esdb.RecordedEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	read, err := client.ReadAll(ctx, esdb.ReadAllOptions{From: esdb.Start{}, Direction: esdb.Forwards}, 1<<62)
	if err != nil {
		return nil, err
	}
	defer read.Close()
	log, last := map[string][]*esdb.RecordedEvent{}, uint64(0)
	for {
		e, err := read.Recv()
		if errors.Is(err, io.EOF) {
			return log, nil
		}
		if err != nil {
			return nil, err
		}
		if e.Event.Position.Commit <= last {
			return nil, fmt.Errorf("position %d follows %d", e.Event.Position.Commit, last)
		}
		last = e.Event.Position.Commit
		log[e.Event.StreamID] = append(log[e.Event.StreamID], e.Event)
	}
}
