package storetest

import (
	"errors"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

var readCases = []testCase{
	{name: "41 missing stream", run: func(s *suite) {
		read, err := s.client.ReadStream(s.ctx, s.stream("none"), esdb.ReadStreamOptions{}, 10)
		s.ok(err)
		defer read.Close()
		_, err = read.Recv()
		s.refused(err, esdb.ErrorCodeResourceNotFound)
		if _, err = read.Recv(); !errors.Is(err, io.EOF) {
			s.Errorf("then %v", err)
		}
	}},
	{name: "42 forwards", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 9, events(10)...)
		s.revisions(s.read(s.stream("a"), esdb.Forwards, esdb.Start{}, 3), 0, 1, 2)
		s.revisions(s.read(s.stream("a"), esdb.Forwards, esdb.Revision(4), 3), 4, 5, 6)
		s.revisions(s.read(s.stream("a"), esdb.Forwards, esdb.Revision(8), 30), 8, 9)
	}},
	{name: "43 forwards at the end", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 4, events(5)...)
		s.revisions(s.read(s.stream("a"), esdb.Forwards, esdb.Revision(4), 5), 4)
		s.revisions(s.read(s.stream("a"), esdb.Forwards, esdb.Revision(5), 5))
		s.revisions(s.read(s.stream("a"), esdb.Forwards, esdb.Revision(5000), 5))
	}},
	{name: "44 forwards from the end, and nothing", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 4, events(5)...)
		_, err := s.tryRead(s.stream("a"), esdb.Forwards, esdb.End{}, 5)
		s.refused(err, esdb.ErrorCodeUnknown)
		_, err = s.tryRead(s.stream("a"), esdb.Forwards, esdb.Start{}, 0)
		s.refused(err, esdb.ErrorCodeUnknown)
	}},
	{name: "45 backwards", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 4, events(5)...)
		s.revisions(s.read(s.stream("a"), esdb.Backwards, esdb.End{}, 2), 4, 3)
		s.revisions(s.read(s.stream("a"), esdb.Backwards, esdb.Revision(2), 10), 2, 1, 0)
		s.revisions(s.read(s.stream("a"), esdb.Backwards, esdb.Start{}, 10), 0)
		s.revisions(s.read(s.stream("a"), esdb.Backwards, esdb.Revision(4000), 3), 4, 3, 2)
	}},
	{name: "46 everything, both ways", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 299, events(300)...)
		want := span(0, 299)
		s.revisions(s.read(s.stream("a"), esdb.Forwards, esdb.Start{}, math.MaxUint64), want...)
		slices.Reverse(want)
		s.revisions(s.read(s.stream("a"), esdb.Backwards, esdb.End{}, math.MaxUint64), want...)
	}},
	{name: "47 read while the writer goes on", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 99, events(100)...)
		var writer sync.WaitGroup
		writer.Go(func() {
			for range 50 {
				if _, err := s.tryAppend(s.stream("a"), esdb.Any{}, event(`{}`)); err != nil {
					s.Error(err)
				}
			}
		})
		for range 20 {
			all := s.read(s.stream("a"), esdb.Forwards, esdb.Start{}, 120)
			if len(all) < 100 || len(all) > 120 {
				s.Errorf("%d events", len(all))
			}
			s.revisions(all, span(0, uint64(len(all)-1))...)
		}
		writer.Wait()
	}},
	{name: "48 close early", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 499, events(500)...)
		for range 20 {
			read, err := s.client.ReadStream(s.ctx, s.stream("a"), esdb.ReadStreamOptions{}, math.MaxUint64)
			s.ok(err)
			_, err = read.Recv()
			s.ok(err)
			read.Close()
			if _, err := read.Recv(); !errors.Is(err, io.EOF) {
				s.Fatalf("after Close: %v", err)
			}
		}
	}},
}
