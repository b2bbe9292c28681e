package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var subscriptionCases = []testCase{
	{name: "59 stream from the start, then live", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 2, events(3)...)
		f := s.followStream(s.stream("a"), esdb.Start{})
		s.revisions(f.untilCaughtUp(), 0, 1, 2)
		s.append(s.stream("a"), esdb.Revision(2), 4, events(2)...)
		s.revisions(f.take(2), 3, 4)
		if f.caughtUp != 1 {
			s.Errorf("caught up %d times", f.caughtUp)
		}
	}},
	{name: "60 stream from a revision", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 4, events(5)...)
		s.revisions(s.followStream(s.stream("a"), esdb.Revision(2)).untilCaughtUp(), 3, 4)
		s.revisions(s.followStream(s.stream("a"), esdb.Revision(0)).untilCaughtUp(), 1, 2, 3, 4)
		last, future := s.followStream(s.stream("a"), esdb.Revision(4)), s.followStream(s.stream("a"), esdb.Revision(6))
		s.append(s.stream("a"), esdb.Revision(4), 8, events(4)...)
		s.revisions(last.take(4), 5, 6, 7, 8)
		s.revisions(future.take(2), 7, 8)
	}},
	{name: "61 stream from the end", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 4, events(5)...)
		end, unset := s.followStream(s.stream("a"), esdb.End{}), s.followStream(s.stream("a"), nil)
		s.append(s.stream("a"), esdb.Revision(4), 5, event(`{}`))
		s.revisions(end.take(1), 5)
		s.revisions(unset.take(1), 5)
	}},
	{name: "62 missing stream", run: func(s *suite) {
		f := s.followStream(s.stream("a"), esdb.Start{})
		s.append(s.stream("a"), esdb.NoStream{}, 0, event(`{}`))
		s.revisions(f.take(1), 0)
	}},
	{name: "63 history of 500", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 499, events(500)...)
		s.revisions(s.followStream(s.stream("a"), esdb.Start{}).take(500), span(0, 499)...)
	}},
	{name: "64 two subscribers, one batch", run: func(s *suite) {
		one, two := s.followStream(s.stream("a"), esdb.Start{}), s.followStream(s.stream("a"), esdb.Start{})
		s.append(s.stream("a"), esdb.NoStream{}, 11, events(12)...)
		s.revisions(one.take(12), span(0, 11)...)
		s.revisions(two.take(12), span(0, 11)...)
	}},
	{name: "65 stream during 200 appends", run: func(s *suite) {
		var writer sync.WaitGroup
		writer.Go(func() {
			for range 200 {
				if _, err := s.tryAppend(s.stream("a"), esdb.Any{}, event(`{}`)); err != nil {
					s.Error(err)
				}
			}
		})
		s.revisions(s.resuming(200, func(last *esdb.RecordedEvent) (*esdb.Subscription, error) {
			options := esdb.SubscribeToStreamOptions{From: esdb.Start{}}
			if last != nil {
				options.From = esdb.Revision(last.EventNumber)
			}
			return s.client.SubscribeToStream(s.ctx, s.stream("a"), options)
		}), span(0, 199)...)
		writer.Wait()
	}},
	{name: "66 ends", run: func(s *suite) {
		subscription, err := s.client.SubscribeToStream(s.ctx, s.stream("a"), esdb.SubscribeToStreamOptions{})
		s.ok(err)
		s.ok(subscription.Close())
		if m := subscription.Recv(); m.SubscriptionDropped == nil {
			s.Error("closed, and goes on")
		}
		ctx, cancel := context.WithCancel(s.ctx)
		subscription, err = s.client.SubscribeToStream(ctx, s.stream("a"), esdb.SubscribeToStreamOptions{From: esdb.Start{}})
		s.ok(err)
		cancel()
		if err := s.follow(subscription).dropped(); status.Code(err) != codes.Canceled {
			s.Errorf("cancelled, and ended with %v", err)
		}
		deadline := 300 * time.Millisecond
		subscription, err = s.client.SubscribeToStream(s.ctx, s.stream("a"),
			esdb.SubscribeToStreamOptions{From: esdb.Start{}, Deadline: &deadline})
		s.ok(err)
		if err := s.follow(subscription).dropped(); status.Code(err) != codes.DeadlineExceeded {
			s.Errorf("out of time, and ended with %v", err)
		}
	}},
	{name: "67 all from a position and from the end", run: func(s *suite) {
		marks := s.marked()
		after, end := s.followAll(esdb.SubscribeToAllOptions{From: marks[2]}), s.followAll(esdb.SubscribeToAllOptions{})
		next := s.append(s.stream("c"), esdb.NoStream{}, 0, event(`{}`))
		for i, e := range after.take(3) {
			if want := []uint64{marks[3].Commit, marks[4].Commit, next.CommitPosition}[i]; e.Position.Commit != want {
				s.Errorf("event %d is at %d, want %d", i, e.Position.Commit, want)
			}
		}
		if e := end.take(1)[0]; e.Position.Commit != next.CommitPosition {
			s.Errorf("from the end, %d came instead of %d", e.Position.Commit, next.CommitPosition)
		}
	}},
	{name: "68 all, four writers", run: func(s *suite) {
		start := position(s.append(s.stream("mark"), esdb.NoStream{}, 0, event(`{}`)))
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for range 25 {
					if _, err := s.tryAppend(s.stream(fmt.Sprint(w)), esdb.Any{}, events(2)...); err != nil {
						s.Error(err)
					}
				}
			})
		}
		next, last := map[string]uint64{}, uint64(0)
		for _, e := range s.resuming(200, func(last *esdb.RecordedEvent) (*esdb.Subscription, error) {
			options := esdb.SubscribeToAllOptions{From: start}
			if last != nil {
				options.From = esdb.Position{Commit: last.Position.Commit, Prepare: last.Position.Prepare}
			}
			return s.client.SubscribeToAll(s.ctx, options)
		}) {
			if e.EventNumber != next[e.StreamID] || e.Position.Commit <= last {
				s.Fatalf("%s revision %d at %d comes after %d", e.StreamID, e.EventNumber, e.Position.Commit, last)
			}
			next[e.StreamID], last = e.EventNumber+1, e.Position.Commit
		}
		writers.Wait()
	}},
}

// resuming collects n events of this case, subscribing again after the last one whenever it is dropped. Real servers
// drop slow readers.
func (s *suite) resuming(n int, subscribe func(last *esdb.RecordedEvent) (*esdb.Subscription, error)) []*esdb.RecordedEvent {
	s.Helper()
	var own []*esdb.RecordedEvent
	var last *esdb.RecordedEvent
	for len(own) < n {
		subscription, err := subscribe(last)
		s.ok(err)
		for len(own) < n {
			m := subscription.Recv()
			if m.SubscriptionDropped != nil {
				if s.ctx.Err() != nil {
					s.Fatalf("%d of %d events came", len(own), n)
				}
				break
			}
			if m.EventAppeared == nil {
				continue
			}
			last = m.EventAppeared.Event
			if strings.HasPrefix(last.StreamID, s.prefix) {
				own = append(own, last)
			}
		}
		subscription.Close()
	}
	return own
}
