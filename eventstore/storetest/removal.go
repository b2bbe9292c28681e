package storetest

import (
	"math"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var removalCases = []testCase{
	{name: "16 stream_exists with metadata only", deletes: true, run: func(s *suite) {
		s.describe(s.stream("a"), func(m *esdb.StreamMetadata) { m.SetMaxCount(10) })
		s.append(s.stream("a"), esdb.StreamExists{}, 0, event(`{}`))
		// So it is with metadata, which has metadata of its own.
		s.append("$$$$"+s.stream("b"), esdb.NoStream{}, 0, event(`{}`))
		s.append("$$"+s.stream("b"), esdb.StreamExists{}, 0, event(`{}`))
	}},
	{name: "76 delete and begin again", deletes: true, run: deleteAndBeginAgain},
	{name: "77 tombstone", deletes: true, run: tombstone},
	{name: "78 metadata", deletes: true, run: describedStream},
}

// describe sets a stream's metadata.
func (s *suite) describe(stream string, change func(*esdb.StreamMetadata)) {
	s.Helper()
	var m esdb.StreamMetadata
	change(&m)
	_, err := s.client.SetStreamMetadata(s.ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m)
	s.ok(err)
}

func deleteAndBeginAgain(s *suite) {
	_, err := s.client.DeleteStream(s.ctx, s.stream("none"), esdb.DeleteStreamOptions{ExpectedRevision: esdb.StreamExists{}})
	s.refused(err, esdb.ErrorCodeUnknown)
	for name, expected := range map[string]esdb.ExpectedRevision{
		"any": esdb.Any{}, "no_stream": esdb.NoStream{}, "exact": esdb.Revision(2),
	} {
		stream := s.stream(name)
		s.append(stream, esdb.NoStream{}, 2, events(3)...)
		_, err := s.client.DeleteStream(s.ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(1)})
		s.refused(err, esdb.ErrorCodeUnknown)
		_, err = s.client.DeleteStream(s.ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(2)})
		s.ok(err)
		_, err = s.tryRead(stream, esdb.Forwards, esdb.Start{}, 10)
		s.refused(err, esdb.ErrorCodeResourceNotFound)
		_, err = s.tryAppend(stream, esdb.StreamExists{}, event(`{}`))
		s.refused(err, esdb.ErrorCodeStreamDeleted)
		s.append(stream, expected, 4, events(2)...)
		s.revisions(s.whole(stream), 3, 4)
	}
}

func tombstone(s *suite) {
	stream := s.stream("a")
	start := position(s.append(stream, esdb.NoStream{}, 1, events(2)...))
	open := s.followStream(stream, esdb.Start{})
	s.revisions(open.take(2), 0, 1)
	_, err := s.client.TombstoneStream(s.ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(1)})
	s.ok(err)
	last := open.take(1)[0]
	if last.EventType != "$streamDeleted" || last.EventNumber != math.MaxInt64 {
		s.Errorf("the subscription ends with %s at revision %d", last.EventType, last.EventNumber)
	}
	if err := open.dropped(); status.Code(err) != codes.FailedPrecondition {
		s.Errorf("the subscription ends with %v", err)
	}
	_, err = s.tryRead(stream, esdb.Forwards, esdb.Start{}, 10)
	s.refused(err, esdb.ErrorCodeStreamDeleted)
	_, err = s.tryAppend(stream, esdb.Any{}, event(`{}`))
	s.refused(err, esdb.ErrorCodeStreamDeleted)
	_, err = s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	s.refused(err, esdb.ErrorCodeStreamDeleted)
	_, err = s.client.TombstoneStream(s.ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	s.refused(err, esdb.ErrorCodeStreamDeleted)
	s.revisions(s.readAll(esdb.Forwards, start, 1<<40), 1, math.MaxInt64)
}

func describedStream(s *suite) {
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 9, events(10)...)
	s.describe(stream, func(m *esdb.StreamMetadata) { m.SetMaxCount(3) })
	s.revisions(s.whole(stream), 7, 8, 9)
	s.append(stream, esdb.Revision(9), 10, event(`{}`))
	s.revisions(s.read(stream, esdb.Backwards, esdb.End{}, 10), 10, 9, 8)
	s.describe(stream, func(m *esdb.StreamMetadata) { m.SetTruncateBefore(5) })
	s.revisions(s.whole(stream), span(5, 10)...)
	s.describe(stream, func(m *esdb.StreamMetadata) { m.SetMaxAge(time.Hour) })
	s.revisions(s.whole(stream), span(0, 10)...)
	got, err := s.client.GetStreamMetadata(s.ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}})
	s.ok(err)
	if got.MaxAge() == nil || *got.MaxAge() != time.Hour || got.MaxCount() != nil {
		s.Errorf("metadata came back as %+v", got)
	}
	s.revisions(s.whole("$$"+stream), 2)
	s.describe(stream, func(m *esdb.StreamMetadata) { m.SetTruncateBefore(11) })
	s.revisions(s.whole(stream)) // hidden, not missing
}
