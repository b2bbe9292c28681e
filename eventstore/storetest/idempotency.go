package storetest

import (
	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

var idempotencyCases = []testCase{
	{name: "20 resend", run: func(s *suite) {
		first := events(2)
		at := s.append(s.stream("a"), esdb.NoStream{}, 1, first...)
		second := events(2)
		after := s.append(s.stream("a"), esdb.Revision(1), 3, second...)
		for _, again := range []struct {
			expected esdb.ExpectedRevision
			events   []esdb.EventData
			want     *esdb.WriteResult
		}{
			{esdb.NoStream{}, first, at},
			{esdb.Any{}, first, at},
			{esdb.Revision(1), second, after},
			{esdb.StreamExists{}, second, after},
		} {
			got := s.append(s.stream("a"), again.expected, again.want.NextExpectedVersion, again.events...)
			if got.CommitPosition != again.want.CommitPosition {
				s.Errorf("%T: position %d, want %d", again.expected, got.CommitPosition, again.want.CommitPosition)
			}
		}
		s.revisions(s.whole(s.stream("a")), 0, 1, 2, 3)
	}},
	{name: "21 resend after growth", run: func(s *suite) {
		first := events(2)
		at := s.append(s.stream("a"), esdb.NoStream{}, 1, first...)
		s.append(s.stream("a"), esdb.Revision(1), 50, events(49)...)
		if got := s.append(s.stream("a"), esdb.NoStream{}, 1, first...); got.CommitPosition != at.CommitPosition {
			s.Errorf("position %d, want the original %d", got.CommitPosition, at.CommitPosition)
		}
	}},
	{name: "22 resend a part", run: func(s *suite) {
		batch := events(6)
		s.append(s.stream("a"), esdb.NoStream{}, 5, batch...)
		s.append(s.stream("a"), esdb.NoStream{}, 2, batch[:3]...)
		s.append(s.stream("a"), esdb.Revision(1), 3, batch[2:4]...)
		s.revisions(s.whole(s.stream("a")), span(0, 5)...)
	}},
	{name: "23 resend and one more", run: func(s *suite) {
		batch := events(2)
		s.append(s.stream("a"), esdb.NoStream{}, 1, batch...)
		more := append(batch[:2:2], event(`{}`))
		_, err := s.tryAppend(s.stream("a"), esdb.NoStream{}, more...)
		s.wrongRevision(err, "no_stream", "1")
		_, err = s.tryAppend(s.stream("a"), esdb.Any{}, more...)
		s.wrongRevision(err, "any", "1")
		s.revisions(s.whole(s.stream("a")), 0, 1)
	}},
	{name: "24 exact resend with a gap", run: func(s *suite) {
		batch := events(4)
		s.append(s.stream("a"), esdb.NoStream{}, 3, batch...)
		_, err := s.tryAppend(s.stream("a"), esdb.Revision(0), batch[1], batch[3])
		s.wrongRevision(err, "0", "3")
	}},
	{name: "25 any: a new id, then a known one", run: func(s *suite) {
		known := event(`{}`)
		s.append(s.stream("a"), esdb.NoStream{}, 0, known)
		s.append(s.stream("a"), esdb.Any{}, 2, event(`{}`), known)
	}},
	{name: "26 same id, other stream", run: func(s *suite) {
		e := event(`{}`)
		s.append(s.stream("a"), esdb.NoStream{}, 0, e)
		s.append(s.stream("b"), esdb.NoStream{}, 0, e)
		s.revisions(s.whole(s.stream("b")), 0)
	}},
	{name: "27 same id at the current revision", run: func(s *suite) {
		e := event(`{}`)
		s.append(s.stream("a"), esdb.NoStream{}, 0, e)
		s.append(s.stream("a"), esdb.Revision(0), 1, e)
		s.revisions(s.whole(s.stream("a")), 0, 1)
	}},
	{name: "28 same id twice in one batch", run: func(s *suite) {
		e := event(`{}`)
		s.append(s.stream("a"), esdb.Any{}, 1, e, e)
		s.revisions(s.whole(s.stream("a")), 0, 1)
	}},
	{name: "29 resend with another body", run: func(s *suite) {
		id := uuid.New()
		first, other := event(`{"body":"first"}`), event(`{"body":"other"}`)
		first.EventID, other.EventID = id, id
		s.append(s.stream("a"), esdb.NoStream{}, 0, first)
		s.append(s.stream("a"), esdb.NoStream{}, 0, other)
		all := s.whole(s.stream("a"))
		s.revisions(all, 0)
		if string(all[0].Data) != string(first.Data) {
			s.Errorf("the body is %s", all[0].Data)
		}
	}},
}
