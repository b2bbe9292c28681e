package storetest

import (
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// follower receives what a subscription delivers.
type follower struct {
	suite       *suite
	messages    chan *esdb.SubscriptionEvent
	caughtUp    int
	checkpoints []esdb.Position
}

// follow begins to receive. It ends with the subscription.
func (s *suite) follow(subscription *esdb.Subscription) *follower {
	f := &follower{suite: s, messages: make(chan *esdb.SubscriptionEvent)}
	s.Cleanup(func() { subscription.Close() })
	go func() {
		defer close(f.messages)
		for {
			m := subscription.Recv()
			select {
			case f.messages <- m:
			case <-s.ctx.Done():
				return
			}
			if m.SubscriptionDropped != nil {
				return
			}
		}
	}()
	return f
}

// next answers the next message, and notes what kind it is. It is nil when nothing comes for the given time.
func (f *follower) next(patience time.Duration) *esdb.SubscriptionEvent {
	f.suite.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case m, ok := <-f.messages:
		if !ok {
			f.suite.Fatal("the subscription had ended")
		}
		switch {
		case m.CaughtUp != nil:
			f.caughtUp++
		case m.CheckPointReached != nil:
			f.checkpoints = append(f.checkpoints, *m.CheckPointReached)
		}
		return m
	case <-timer.C:
		return nil
	}
}

// patience is how long a message may take that must come.
const patience = 20 * time.Second

// take answers the next n events of this case.
func (f *follower) take(n int) []*esdb.RecordedEvent {
	f.suite.Helper()
	var all []*esdb.RecordedEvent
	for len(all) < n {
		switch m := f.next(patience); {
		case m == nil:
			f.suite.Fatalf("%d of %d events came", len(all), n)
		case m.SubscriptionDropped != nil:
			f.suite.Fatalf("dropped after %d of %d events: %v", len(all), n, m.SubscriptionDropped.Error)
		case m.EventAppeared != nil && strings.HasPrefix(m.EventAppeared.Event.StreamID, f.suite.prefix):
			all = append(all, m.EventAppeared.Event)
		}
	}
	return all
}

// untilCaughtUp receives until the server says that history is over, and answers this case's events.
func (f *follower) untilCaughtUp() []*esdb.RecordedEvent {
	f.suite.Helper()
	var all []*esdb.RecordedEvent
	for f.caughtUp == 0 {
		switch m := f.next(patience); {
		case m == nil:
			f.suite.Fatal("never caught up")
		case m.SubscriptionDropped != nil:
			f.suite.Fatal(m.SubscriptionDropped.Error)
		case m.EventAppeared != nil && strings.HasPrefix(m.EventAppeared.Event.StreamID, f.suite.prefix):
			all = append(all, m.EventAppeared.Event)
		}
	}
	return all
}

// dropped answers with what the subscription ends.
func (f *follower) dropped() error {
	f.suite.Helper()
	for {
		m := f.next(patience)
		if m == nil {
			f.suite.Fatal("the subscription goes on")
		}
		if m.SubscriptionDropped != nil {
			return m.SubscriptionDropped.Error
		}
	}
}

func (s *suite) followStream(stream string, from esdb.StreamPosition) *follower {
	s.Helper()
	subscription, err := s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: from})
	s.ok(err)
	return s.follow(subscription)
}

func (s *suite) followAll(options esdb.SubscribeToAllOptions) *follower {
	s.Helper()
	subscription, err := s.client.SubscribeToAll(s.ctx, options)
	s.ok(err)
	return s.follow(subscription)
}
