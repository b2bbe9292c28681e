package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

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
	{name: "48 close early", run: closeEarly},
}

// closeEarly counts what is left behind. Goroutines carry the labels of those that begin them, connections and calls are
// goroutines, and so nobody else's are counted.
func closeEarly(s *suite) {
	label := s.stream("goroutines")
	left := func() int {
		var profile bytes.Buffer
		s.ok(pprof.Lookup("goroutine").WriteTo(&profile, 1))
		_, groups, _ := strings.Cut(profile.String(), "\n") // the first line is a heading
		count := 0
		for _, group := range strings.Split(groups, "\n\n") {
			if strings.Contains(group, label) {
				n, _, _ := strings.Cut(strings.TrimSpace(group), " @")
				alike, err := strconv.Atoi(n)
				s.ok(err)
				count += alike
			}
		}
		return count
	}
	s.append(s.stream("a"), esdb.NoStream{}, 499, events(500)...)
	var client *esdb.Client
	pprof.Do(s.ctx, pprof.Labels("case", label), func(ctx context.Context) {
		client = connect(s.T, s.target.URL)
		for range 20 {
			read, err := client.ReadStream(ctx, s.stream("a"), esdb.ReadStreamOptions{}, math.MaxUint64)
			s.ok(err)
			_, err = read.Recv()
			s.ok(err)
			read.Close()
			if _, err := read.Recv(); !errors.Is(err, io.EOF) {
				s.Fatalf("after Close: %v", err)
			}
			subscription, err := client.SubscribeToStream(ctx, s.stream("a"), esdb.SubscribeToStreamOptions{From: esdb.Start{}})
			s.ok(err)
			s.ok(subscription.Close())
		}
	})
	const ofTheConnection = 12 // readers, writers and watchers, however many calls there were
	s.within(patience, func() bool { return left() <= ofTheConnection }, "the calls are still there")
	if left() < 2 {
		s.Error("the connection is not seen, so that nothing is proved")
	}
	s.ok(client.Close())
	s.within(patience, func() bool { return left() == 0 }, "the connection is still there")
}

// within waits until it holds.
func (s *suite) within(patience time.Duration, holds func() bool, otherwise string) {
	s.Helper()
	end := time.After(patience)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-end:
			s.Fatal(otherwise)
		}
	}
}
