package storetest

import (
	"math"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// These cases are about what deletes and metadata hide, and how it comes back.
var hiddenCases = []testCase{
	{name: "91 what a delete writes", deletes: true, run: whatDeleteWrites},
	{name: "92 delete and what is expected", deletes: true, run: deleteExpectations},
	{name: "93 metadata of a deleted stream", deletes: true, run: describeDeleted},
	{name: "94 tombstone of a stream that never was", deletes: true, run: tombstoneOfNothing},
	{name: "95 metadata without sense", deletes: true, run: senselessMetadata},
	{name: "96 age and count", deletes: true, run: ageAndCount},
	{name: "97 positions of what is hidden", deletes: true, run: hiddenPositions},
	{name: "98 subscriptions and what is hidden", deletes: true, run: hiddenAndLive},
	{name: "108 metadata that is ill-formed", deletes: true, run: illFormedMetadata},
}

func (s *suite) remove(stream string, expected esdb.ExpectedRevision) error {
	_, err := s.client.DeleteStream(s.ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: expected})
	return err
}

// last insists on the data of a stream's last event and its revision.
func (s *suite) last(stream string, revision uint64, data string) *esdb.RecordedEvent {
	s.Helper()
	all := s.read(stream, esdb.Backwards, esdb.End{}, 1)
	s.revisions(all, revision)
	if got := strings.Join(strings.Fields(string(all[0].Data)), ""); got != data {
		s.Errorf("%s ends with %s, want %s", stream, got, data)
	}
	return all[0]
}

func whatDeleteWrites(s *suite) {
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 2, events(3)...)
	s.describe(stream, func(m *esdb.StreamMetadata) { m.SetMaxCount(7); m.AddCustomProperty("owner", "me") })
	s.ok(s.remove(stream, esdb.Revision(2)))
	e := s.last("$$"+stream, 1, `{"$tb":9223372036854775807}`)
	if e.EventType != "$metadata" || e.ContentType != "application/json" {
		s.Errorf("%s, %s", e.EventType, e.ContentType)
	}
	s.append(stream, esdb.NoStream{}, 3, event(`{}`))
	s.last("$$"+stream, 2, `{"$tb":3}`)
	s.revisions(s.whole(stream), 3)
}

func deleteExpectations(s *suite) {
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 1, events(2)...)
	s.refused(s.remove(stream, esdb.NoStream{}), esdb.ErrorCodeUnknown)
	s.ok(s.remove(stream, esdb.StreamExists{}))
	s.refused(s.remove(stream, esdb.StreamExists{}), esdb.ErrorCodeStreamDeleted)
	s.ok(s.remove(stream, esdb.Any{}))
	s.ok(s.remove(stream, esdb.NoStream{}))
	s.ok(s.remove(stream, esdb.Revision(1)))
	for _, expected := range []esdb.ExpectedRevision{esdb.Any{}, esdb.NoStream{}, esdb.StreamExists{}, esdb.Revision(0)} {
		s.refused(s.remove(s.stream("none"), expected), esdb.ErrorCodeUnknown)
	}
	s.describe(s.stream("described"), func(m *esdb.StreamMetadata) { m.SetMaxCount(7) })
	s.ok(s.remove(s.stream("described"), esdb.Any{}))
	client, ok := s.wire()
	if !ok {
		return
	}
	var trailer metadata.MD
	_, err := client.Delete(s.ctx, &streams.DeleteReq{Options: &streams.DeleteReq_Options{
		StreamIdentifier:       identifier(s.stream("none")),
		ExpectedStreamRevision: &streams.DeleteReq_Options_StreamExists{StreamExists: &shared.Empty{}},
	}}, grpc.Trailer(&trailer))
	s.answered("delete", err, codes.FailedPrecondition, "Delete failed due to WrongExpectedVersion. Stream: "+s.stream("none")+
		", Expected version: -4, Actual version: -1")
	for key, want := range map[string]string{
		"exception": "wrong-expected-version", "stream-name": s.stream("none"), "expected-version": "-4", "actual-version": "-1",
	} {
		if got := strings.Join(trailer.Get(key), " "); got != want {
			s.Errorf("trailer %s is %q, want %q", key, got, want)
		}
	}
	_, err = client.Tombstone(s.ctx, &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{StreamIdentifier: identifier(stream)}})
	s.answered("tombstone", err, codes.InvalidArgument,
		"'None' is not a valid EventStore.Client.Streams.TombstoneReq+Types+Options+ExpectedStreamRevisionOneofCase")
}

// describeDeleted gives a deleted stream metadata: the stream is back, without what it had.
func describeDeleted(s *suite) {
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 2, events(3)...)
	s.ok(s.remove(stream, esdb.Any{}))
	e := event(`{"$maxCount":2,"owner":{"name":"me"}}`)
	e.EventType = "$metadata"
	s.append("$$"+stream, esdb.Any{}, 1, e)
	s.last("$$"+stream, 2, `{"$maxCount":2,"owner":{"name":"me"},"$tb":3}`)
	s.revisions(s.whole(stream)) // hidden, not missing
	s.append(stream, esdb.StreamExists{}, 6, events(4)...)
	s.revisions(s.whole(stream), 5, 6)
	// An append of nothing shows a deleted stream again as well.
	s.ok(s.remove(stream, esdb.Any{}))
	s.append(stream, esdb.Any{}, 6)
	s.last("$$"+stream, 4, `{"$tb":7}`)
	s.revisions(s.whole(stream))
	s.append(stream, esdb.StreamExists{}, 7, event(`{}`))
	s.revisions(s.whole(stream), 7)
}

func tombstoneOfNothing(s *suite) {
	stream := s.stream("a")
	_, err := s.client.TombstoneStream(s.ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.StreamExists{}})
	s.refused(err, esdb.ErrorCodeUnknown)
	done, err := s.client.TombstoneStream(s.ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	s.ok(err)
	all := s.readAll(esdb.Forwards, done.Position, 1)
	s.revisions(all, math.MaxInt64)
	if e := all[0]; len(e.Data) != 0 || e.ContentType != "application/octet-stream" || e.EventType != "$streamDeleted" {
		s.Errorf("%s of %s with %q", e.EventType, e.ContentType, e.Data)
	}
	_, err = s.tryAppend(stream, esdb.NoStream{}, event(`{}`))
	s.refused(err, esdb.ErrorCodeStreamDeleted)
	// Metadata ends with its stream.
	_, err = s.client.SetStreamMetadata(s.ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, esdb.StreamMetadata{})
	s.refused(err, esdb.ErrorCodeStreamDeleted)
	_, err = s.tryRead("$$"+stream, esdb.Backwards, esdb.End{}, 1)
	s.refused(err, esdb.ErrorCodeStreamDeleted)
	s.refused(s.remove(stream, esdb.Any{}), esdb.ErrorCodeStreamDeleted)
}

// senselessMetadata hides nothing.
func senselessMetadata(s *suite) {
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 3, events(4)...)
	for i, text := range []string{`{"$maxCount":0}`, `{"$tb":"2"}`, `{"$tb":-1}`, `not JSON`, `[]`, `{"$maxAge":0}`} {
		e := event(text)
		e.EventType = "$metadata"
		s.append("$$"+stream, esdb.Any{}, uint64(i), e)
		if all := s.whole(stream); len(all) != 4 {
			s.Errorf("%s leaves %d events, want 4", text, len(all))
		}
	}
	binary := event(`{"$maxCount":1}`)
	binary.ContentType = esdb.ContentTypeBinary
	s.append("$$"+stream, esdb.Any{}, 6, binary)
	s.revisions(s.whole(stream), 0, 1, 2, 3)
	e := event(`{"$maxCount":1,"$maxCount":2,"more":[1,{"$tb":3}]}`)
	s.append("$$"+stream, esdb.Any{}, 7, e)
	s.revisions(s.whole(stream), 2, 3)
}

// illFormedMetadata is void as a whole as soon as anything in it that a server knows is not what it must be.
func illFormedMetadata(s *suite) {
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 3, events(4)...)
	for i, c := range []struct {
		text string
		left int
	}{
		{`{"$maxCount":1,"$acl":{"$r":["a","b"],"$w":"c","$d":[],"$mr":"d","$mw":"e"},"$tmp":true,"$cacheControl":4,"own":{"$tb":9}}`, 1},
		{`{"$maxCount":1,"$acl":null}`, 4},
		{`{"$maxCount":1,"$acl":5}`, 4},
		{`{"$maxCount":1,"$acl":{"$r":7}}`, 4},
		{`{"$maxCount":1,"$acl":{"$r":["a",7]}}`, 4},
		{`{"$maxCount":1,"$acl":{"$other":"a"}}`, 4},
		{`{"$maxCount":1,"$tb":null}`, 4},
		{`{"$maxCount":1,"$tb":2.0}`, 4},
		{`{"$maxCount":1,"$tb":9223372036854775808}`, 4},
		{`{"$maxCount":1,"$tmp":"yes"}`, 4},
		{`{"$maxCount":1,"$cacheControl":"a"}`, 4},
		{`{"$maxCount":1,"$maxAge":-922337203686}`, 4},
		{`{"$maxCount":1,"$maxAge":-922337203685,"$cacheControl":-1}`, 1},
		{`{"$maxCount":1,"own":}`, 4},
		{`{"$maxCount":1`, 4},
		{`{"$maxCount":1} and more`, 1},
	} {
		e := event(c.text)
		e.EventType = "$metadata"
		s.append("$$"+stream, esdb.Any{}, uint64(i), e)
		if all := s.whole(stream); len(all) != c.left {
			s.Errorf("%s leaves %d events, want %d", c.text, len(all), c.left)
		}
	}
	// What cannot be written again cannot be taken back: the stream goes on, and stays deleted.
	e := event(`{"$tb":9223372036854775807} and more`)
	again := s.append("$$"+s.stream("b"), esdb.NoStream{}, 0, e)
	s.append(s.stream("b"), esdb.Any{}, 1, events(2)...)
	_, err := s.tryRead(s.stream("b"), esdb.Forwards, esdb.Start{}, 9)
	s.refused(err, esdb.ErrorCodeResourceNotFound)
	if all := s.readAll(esdb.Forwards, position(again), math.MaxUint64); len(all) != 2 {
		s.Errorf("%d events were written after the metadata, want 2", len(all))
	}
	s.last("$$"+s.stream("b"), 0, `{"$tb":9223372036854775807}andmore`)
}

// ageAndCount reads with a count over events that are too old: they do not count.
func ageAndCount(s *suite) {
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 2, events(3)...)
	s.describe(stream, func(m *esdb.StreamMetadata) { m.SetMaxAge(2 * time.Second) })
	select {
	case <-time.After(2100 * time.Millisecond):
	case <-s.ctx.Done():
	}
	s.append(stream, esdb.Revision(2), 4, events(2)...)
	s.revisions(s.read(stream, esdb.Forwards, esdb.Start{}, 1), 3)
	s.revisions(s.read(stream, esdb.Forwards, esdb.Revision(1), 9), 3, 4)
	s.revisions(s.read(stream, esdb.Backwards, esdb.End{}, 9), 4, 3)
	s.revisions(s.read(stream, esdb.Backwards, esdb.Revision(1), 9))
}

func hiddenPositions(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 79, events(80)...)
	s.describe(stream, func(m *esdb.StreamMetadata) { m.SetTruncateBefore(50) })
	for _, c := range []struct {
		count uint64
		want  string
	}{
		{5, "first=50 50 51 52 53 54 last=79"},
		{1, "first=50 50 last=79"},
	} {
		options := streamRead(stream)
		options.CountOption = &streams.ReadReq_Options_Count{Count: c.count}
		options.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
		all, err := s.receive(client, options)
		s.ok(err)
		if got := messages(all); got != c.want {
			s.Errorf("count %d: %s, want %s", c.count, got, c.want)
		}
	}
	ahead := s.stream("ahead")
	s.append(ahead, esdb.NoStream{}, 2, events(3)...)
	for before, want := range map[uint64]string{100: "first=100 first=3 last=2", 20: "first=3 last=2", 3: "first=3 last=2"} {
		s.describe(ahead, func(m *esdb.StreamMetadata) { m.SetTruncateBefore(before) })
		options := streamRead(ahead)
		options.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
		all, err := s.receive(client, options)
		s.ok(err)
		if got := messages(all); got != want {
			s.Errorf("hidden before %d: %s, want %s", before, got, want)
		}
	}
	s.ok(s.remove(stream, esdb.Any{}))
	all, err := s.receive(client, streamRead(stream))
	if status.Code(err) != codes.OK || len(all) != 1 || string(all[0].GetStreamNotFound().GetStreamIdentifier().GetStreamName()) != stream {
		s.Errorf("deleted: %v, %v", all, err)
	}
}

// hiddenAndLive subscribes to streams whose events are hidden: what is appended from then on is delivered.
func hiddenAndLive(s *suite) {
	deleted, ahead := s.stream("deleted"), s.stream("ahead")
	s.append(deleted, esdb.NoStream{}, 2, events(3)...)
	s.ok(s.remove(deleted, esdb.Any{}))
	back := s.followStream(deleted, esdb.Start{})
	s.append(deleted, esdb.Any{}, 3, event(`{}`))
	s.revisions(back.take(1), 3)
	s.append(ahead, esdb.NoStream{}, 2, events(3)...)
	s.describe(ahead, func(m *esdb.StreamMetadata) { m.SetTruncateBefore(100) })
	live := s.followStream(ahead, esdb.Start{})
	s.revisions(live.untilCaughtUp())
	s.append(ahead, esdb.Revision(2), 3, event(`{}`))
	s.revisions(live.take(1), 3)
	s.revisions(s.whole(ahead))
}
