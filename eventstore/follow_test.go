package eventstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
)

var errEnough = errors.New("enough")

// numbers follows the log and sends the number of every block of references that comes by.
func numbers(ctx context.Context, s *eventstore.Store, after uint64, how eventstore.Following) (<-chan int, <-chan error) {
	got, ended := make(chan int, 10000), make(chan error, 1)
	go func() {
		ended <- s.Follow(ctx, after, func(records []eventstore.Record) error {
			for _, r := range records {
				if e, ok := r.Event.(domain.ReferencesReserved); ok {
					got <- e.From
				}
			}
			return nil
		}, how)
	}()
	return got, ended
}

func TestFollowAcrossDropsAndRestarts(t *testing.T) {
	p := newPlace(t)
	s := p.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got, ended := numbers(ctx, s, 0, eventstore.Following{Batch: 7, Contiguous: true})
	expected := eventstore.NoStream
	for n := 1; n <= 300; n++ {
		appended := mustAppend(t, s, "refs-a-2026", expected, propose(uuid.New(), block(n)))
		expected = eventstore.At(appended.Last)
		switch {
		case n == 150:
			if err := p.node.Stop(); err != nil {
				t.Fatal(err)
			}
			p.start(t)
		case n%50 == 0:
			p.node.DropSubscriptions()
		}
	}
	for want := 1; want <= 300; want++ {
		if n := <-got; n != want {
			t.Fatalf("%d came where %d was due", n, want)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestFollowBeginsAfterAPosition(t *testing.T) {
	s := newPlace(t).open(t)
	first := mustAppend(t, s, "refs-a-2026", eventstore.NoStream, propose(uuid.New(), block(1), block(2)))
	mustAppend(t, s, "refs-a-2026", eventstore.At(1), propose(uuid.New(), block(3)))
	err := s.Follow(t.Context(), first.Position, func(records []eventstore.Record) error {
		if len(records) != 1 || records[0].Revision != 2 {
			t.Errorf("came %d records, the first of revision %d", len(records), records[0].Revision)
		}
		return errEnough
	}, eventstore.Following{Contiguous: true})
	if !errors.Is(err, errEnough) {
		t.Errorf("ended with %v", err)
	}
	err = s.Follow(t.Context(), first.Position, func([]eventstore.Record) error { return nil },
		eventstore.Following{Contiguous: true, Revisions: map[string]uint64{"refs-a-2026": 0}})
	if gap, ok := errors.AsType[*eventstore.Gap](err); !ok || gap.Want != 1 || gap.Found != 2 {
		t.Errorf("ended with %v", err)
	}
}

// What this program cannot read stops it, after everything in front of it was handled.
func TestFollowStopsAtAnUnknownEvent(t *testing.T) {
	p := newPlace(t)
	s := p.open(t)
	mustAppend(t, s, "refs-a-2026", eventstore.NoStream, propose(uuid.New(), block(1)))
	config, err := esdb.ParseConnectionString("esdb://localhost?tls=false")
	if err != nil {
		t.Fatal(err)
	}
	config.Address, config.Logger = p.node.Socket(), esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	id := uuid.New()
	result, err := client.AppendToStream(t.Context(), "refs-b-2026", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, esdb.EventData{
		EventID: id, EventType: "FromTheFuture", ContentType: esdb.ContentTypeJson, Data: []byte(`{}`),
		Metadata: []byte(`{"event_id":"` + id.String() + `","type":"FromTheFuture","schema_version":9}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "refs-a-2026", eventstore.At(0), propose(uuid.New(), block(2)))
	handled := 0
	err = s.Follow(t.Context(), 0, func(records []eventstore.Record) error { handled += len(records); return nil }, eventstore.Following{})
	bad, ok := errors.AsType[*eventstore.Undecodable](err)
	if !ok || bad.Position != result.CommitPosition || bad.Stream != "refs-b-2026" || handled != 1 {
		t.Errorf("ended with %v after %d records", err, handled)
	}
	if unknown, ok := errors.AsType[*domain.UnknownEvent](err); !ok || unknown.Version != 9 {
		t.Errorf("ended with %v", err)
	}
}
