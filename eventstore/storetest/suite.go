// Package storetest says what an event store must do, as tests over the official client: the embedded node and a
// real EventStoreDB answer them alike. The numbers in the names are those of the conformance list, and go on from 83 with
// what was read in the server's sources; cases that need a server that can be killed or that refuses deletes are in the
// node's own tests. CONTRIBUTING says how the official client's tests are run against the node.
//
// Every case uses stream names of its own and ignores foreign events, so that a server in use may be tested.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// Target is the server under test.
type Target struct {
	// URL is a connection string, or the address of a unix socket in the form "unix:///path".
	URL string
	// Deletes says that the server allows deletes, tombstones and metadata.
	Deletes bool
}

// testCase is one line of the conformance list.
type testCase struct {
	name    string
	run     func(*suite)
	deletes bool // runs only where deletes are allowed
}

// timeLimit bounds one case.
const timeLimit = 80 * time.Second

// Run runs every case against the server, several at a time.
func Run(t *testing.T, target Target) {
	client := connect(t, target.URL)
	if _, err := client.GetServerVersion(); err != nil {
		t.Fatalf("no server at the given address: %v", err)
	}
	run := uuid.NewString()[:8]
	for _, cases := range [][]testCase{
		connectionCases, appendCases, idempotencyCases, contentCases, concurrencyCases, readCases, wireCases,
		allCases, subscriptionCases, filterCases, removalCases, edgeCases, hiddenCases, nameCases, endedCases,
	} {
		for _, c := range cases {
			if c.deletes && !target.Deletes {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), timeLimit)
				defer cancel()
				number, _, _ := strings.Cut(c.name, " ")
				c.run(&suite{T: t, ctx: ctx, target: target, client: client, prefix: "t-" + run + "-" + number + "-"})
			})
		}
	}
}

// suite is what a case works with.
type suite struct {
	*testing.T
	ctx    context.Context
	target Target
	client *esdb.Client
	prefix string
}

// connect answers a client of its own for the server. It ends with the test.
func connect(t *testing.T, url string) *esdb.Client {
	t.Helper()
	text := url
	if strings.HasPrefix(url, "unix://") {
		text = "esdb://localhost?tls=false"
	}
	config, err := esdb.ParseConnectionString(text)
	if err != nil {
		t.Fatal(err)
	}
	if text != url {
		config.Address = url
	}
	config.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// stream answers a stream name of this case's own.
func (s *suite) stream(name string) string { return s.prefix + name }

// ok ends the case over an error.
func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// event answers an event with an id of its own.
func event(data string) esdb.EventData {
	return esdb.EventData{EventID: uuid.New(), EventType: "Noted", ContentType: esdb.ContentTypeJson, Data: []byte(data)}
}

// events answers n events, numbered from 0.
func events(n int) []esdb.EventData {
	all := make([]esdb.EventData, n)
	for i := range all {
		all[i] = event(fmt.Sprintf(`{"n":%d}`, i))
	}
	return all
}

func (s *suite) tryAppend(stream string, expected esdb.ExpectedRevision, events ...esdb.EventData) (*esdb.WriteResult, error) {
	return s.client.AppendToStream(s.ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, events...)
}

// append appends and insists on success with this last revision.
func (s *suite) append(stream string, expected esdb.ExpectedRevision, next uint64, events ...esdb.EventData) *esdb.WriteResult {
	s.Helper()
	result, err := s.tryAppend(stream, expected, events...)
	s.ok(err)
	if result.NextExpectedVersion != next {
		s.Fatalf("append answered revision %d, want %d", result.NextExpectedVersion, next)
	}
	if result.CommitPosition == 0 || result.CommitPosition != result.PreparePosition {
		s.Fatalf("append answered position %d/%d", result.CommitPosition, result.PreparePosition)
	}
	return result
}

// code answers the client's code for an error, looking through wrappers, which the client's own function does not.
func code(err error) esdb.ErrorCode {
	if e, ok := errors.AsType[*esdb.Error](err); ok {
		return e.Code()
	}
	return esdb.ErrorCodeUnknown
}

// refused insists that err has the code.
func (s *suite) refused(err error, want esdb.ErrorCode) {
	s.Helper()
	if err == nil {
		s.Fatal("answered without an error")
	}
	if got := code(err); got != want {
		s.Fatalf("code %d, want %d: %v", got, want, err)
	}
}

// wrongRevision insists on the client's text for a wrong expectation.
func (s *suite) wrongRevision(err error, expected, current string) {
	s.Helper()
	s.refused(err, esdb.ErrorCodeWrongExpectedVersion)
	want := fmt.Sprintf("expecting '%s' but got '%s'", expected, current)
	if !strings.Contains(err.Error(), want) {
		s.Fatalf("%q does not say %q", err, want)
	}
}

// collect answers what is left of a read.
func collect(read *esdb.ReadStream) ([]*esdb.RecordedEvent, error) {
	defer read.Close()
	var all []*esdb.RecordedEvent
	for {
		e, err := read.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, e.Event)
	}
}

// read answers a counted read of a stream.
func (s *suite) read(stream string, direction esdb.Direction, from esdb.StreamPosition, count uint64) []*esdb.RecordedEvent {
	s.Helper()
	all, err := s.tryRead(stream, direction, from, count)
	s.ok(err)
	return all
}

func (s *suite) tryRead(stream string, direction esdb.Direction, from esdb.StreamPosition, count uint64) ([]*esdb.RecordedEvent, error) {
	read, err := s.client.ReadStream(s.ctx, stream, esdb.ReadStreamOptions{Direction: direction, From: from}, count)
	if err != nil {
		return nil, err
	}
	return collect(read)
}

// whole answers every event of a stream.
func (s *suite) whole(stream string) []*esdb.RecordedEvent {
	s.Helper()
	return s.read(stream, esdb.Forwards, esdb.Start{}, 1<<40)
}

// revisions insists on these revisions, in this order.
func (s *suite) revisions(got []*esdb.RecordedEvent, want ...uint64) {
	s.Helper()
	if len(got) != len(want) {
		s.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i, e := range got {
		if e.EventNumber != want[i] {
			s.Fatalf("event %d has revision %d, want %d", i, e.EventNumber, want[i])
		}
	}
}

// span answers the numbers from first to last.
func span(first, last uint64) []uint64 {
	var all []uint64
	for n := first; n <= last; n++ {
		all = append(all, n)
	}
	return all
}
