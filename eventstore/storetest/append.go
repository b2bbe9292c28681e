package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

var appendCases = []testCase{
	{name: "10 no_stream on a new stream", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 0, event(`{}`))
	}},
	{name: "11 any twice", run: func(s *suite) {
		s.append(s.stream("a"), esdb.Any{}, 0, event(`{}`))
		s.append(s.stream("a"), esdb.Any{}, 1, event(`{}`))
	}},
	{name: "12 exact", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 1, events(2)...)
		s.append(s.stream("a"), esdb.Revision(1), 2, event(`{}`))
	}},
	{name: "13 exact and wrong", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 4, events(5)...)
		_, err := s.tryAppend(s.stream("a"), esdb.Revision(2), event(`{}`))
		s.wrongRevision(err, "2", "4")
		_, err = s.tryAppend(s.stream("a"), esdb.Revision(7), event(`{}`))
		s.wrongRevision(err, "7", "4")
		_, err = s.tryAppend(s.stream("none"), esdb.Revision(0), event(`{}`))
		s.wrongRevision(err, "0", "no_stream")
	}},
	{name: "14 no_stream on an existing stream", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 1, events(2)...)
		_, err := s.tryAppend(s.stream("a"), esdb.NoStream{}, event(`{}`))
		s.wrongRevision(err, "no_stream", "1")
	}},
	{name: "15 stream_exists", run: func(s *suite) {
		_, err := s.tryAppend(s.stream("a"), esdb.StreamExists{}, event(`{}`))
		s.wrongRevision(err, "stream_exists", "no_stream")
		s.append(s.stream("a"), esdb.NoStream{}, 0, event(`{}`))
		s.append(s.stream("a"), esdb.StreamExists{}, 1, event(`{}`))
	}},
	{name: "17 batches", run: func(s *suite) {
		for _, n := range []int{5, 500} {
			stream := s.stream(fmt.Sprint(n))
			result := s.append(stream, esdb.NoStream{}, uint64(n-1), events(n)...)
			all := s.whole(stream)
			s.revisions(all, span(0, uint64(n-1))...)
			for i := 1; i < n; i++ {
				if all[i].Position.Commit <= all[i-1].Position.Commit {
					s.Fatalf("position %d follows %d", all[i].Position.Commit, all[i-1].Position.Commit)
				}
			}
			if all[n-1].Position.Commit != result.CommitPosition {
				s.Errorf("the append answered position %d, the last event has %d", result.CommitPosition, all[n-1].Position.Commit)
			}
		}
	}},
	{name: "18 failed batch", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 0, event(`{}`))
		_, err := s.tryAppend(s.stream("a"), esdb.Revision(5), events(5)...)
		s.wrongRevision(err, "5", "0")
		s.revisions(s.whole(s.stream("a")), 0)
	}},
	{name: "19 empty append", run: func(s *suite) {
		s.append(s.stream("new"), esdb.NoStream{}, 1) // the client reports 1 for "none"
		s.append(s.stream("a"), esdb.NoStream{}, 2, events(3)...)
		s.append(s.stream("a"), esdb.Any{}, 2)
		s.append(s.stream("a"), esdb.Revision(2), 2)
		_, err := s.tryAppend(s.stream("a"), esdb.Revision(1))
		s.wrongRevision(err, "1", "2")
		s.revisions(s.whole(s.stream("a")), 0, 1, 2)
	}},
	{name: "113 the position of an empty append", run: func(s *suite) {
		before := s.append(s.stream("a"), esdb.NoStream{}, 2, events(3)...)
		at := s.append(s.stream("a"), esdb.Any{}, 2)
		if at.CommitPosition <= before.CommitPosition {
			s.Errorf("position %d, want more than that of what was there, %d", at.CommitPosition, before.CommitPosition)
		}
		after := s.append(s.stream("a"), esdb.Revision(2), 3, event(`{}`))
		if at.CommitPosition >= after.CommitPosition {
			s.Errorf("position %d, want less than that of what came after, %d", at.CommitPosition, after.CommitPosition)
		}
		// It is no event's, whoever else appends.
		read, err := s.client.ReadAll(s.ctx, esdb.ReadAllOptions{From: position(at)}, 1)
		s.ok(err)
		all, err := collect(read)
		s.ok(err)
		if len(all) != 1 || all[0].Position.Commit == at.CommitPosition {
			s.Errorf("an event has position %d, or none comes after", at.CommitPosition)
		}
		s.revisions(s.readAll(esdb.Forwards, position(at), 1<<40), 3)
	}},
}

var concurrencyCases = []testCase{
	{name: "38 twenty writers, one revision", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 0, event(`{}`))
		var writers sync.WaitGroup
		var won, lost atomic.Int64
		for range 20 {
			writers.Go(func() {
				switch _, err := s.tryAppend(s.stream("a"), esdb.Revision(0), event(`{}`)); {
				case err == nil:
					won.Add(1)
				case code(err) == esdb.ErrorCodeWrongExpectedVersion:
					lost.Add(1)
				default:
					s.Error(err)
				}
			})
		}
		writers.Wait()
		if won.Load() != 1 || lost.Load() != 19 {
			s.Errorf("%d won, %d lost", won.Load(), lost.Load())
		}
	}},
	{name: "39 sixteen writers, any", run: func(s *suite) {
		var writers sync.WaitGroup
		for w := range 16 {
			writers.Go(func() {
				batch := events(5)
				for i := range batch {
					batch[i].Data = fmt.Appendf(nil, `{"w":%d}`, w)
				}
				if _, err := s.tryAppend(s.stream("a"), esdb.Any{}, batch...); err != nil {
					s.Error(err)
				}
			})
		}
		writers.Wait()
		all := s.whole(s.stream("a"))
		s.revisions(all, span(0, 79)...)
		for i, e := range all {
			if string(e.Data) != string(all[i-i%5].Data) {
				s.Fatalf("revision %d is in the midst of another batch", i)
			}
		}
	}},
	{name: "40 read your own append", run: func(s *suite) {
		for i := range uint64(40) {
			s.append(s.stream("a"), esdb.Any{}, i, event(`{}`))
			s.revisions(s.read(s.stream("a"), esdb.Backwards, esdb.End{}, 1), i)
		}
	}},
}
