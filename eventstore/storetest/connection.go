package storetest

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

var connectionCases = []testCase{
	{name: "01 server version", run: func(s *suite) {
		version, err := s.client.GetServerVersion()
		s.ok(err)
		if version.Major < 22 {
			s.Errorf("version %d.%d.%d", version.Major, version.Minor, version.Patch)
		}
	}},
	{name: "02 closed client", run: func(s *suite) {
		client := connect(s.T, s.target.URL)
		s.ok(client.Close())
		_, err := client.AppendToStream(s.ctx, s.stream("a"), esdb.AppendToStreamOptions{}, event(`{}`))
		s.refused(err, esdb.ErrorCodeConnectionClosed)
		_, err = client.ReadStream(s.ctx, s.stream("a"), esdb.ReadStreamOptions{}, 1)
		s.refused(err, esdb.ErrorCodeConnectionClosed)
	}},
	{name: "03 nobody listens", run: func(s *suite) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		s.ok(err)
		address := listener.Addr().String()
		s.ok(listener.Close())
		client := connect(s.T, "esdb://"+address+"?tls=false&maxDiscoverAttempts=2&discoveryInterval=10")
		_, err = client.AppendToStream(s.ctx, s.stream("a"), esdb.AppendToStreamOptions{}, event(`{}`))
		s.refused(err, esdb.ErrorUnavailable)
		_, err = client.AppendToStream(s.ctx, s.stream("a"), esdb.AppendToStreamOptions{}, event(`{}`))
		s.refused(err, esdb.ErrorCodeConnectionClosed)
	}},
	{name: "04 gossip seeds", run: func(s *suite) {
		scheme, rest, _ := strings.Cut(s.target.URL, "://")
		host, query, ok := strings.Cut(rest, "?")
		if scheme != "esdb" || !ok || strings.ContainsAny(host, ",@") {
			return // a socket has no seeds, a cluster was given with its own
		}
		client := connect(s.T, "esdb://"+host+","+host+"?"+query)
		_, err := client.AppendToStream(s.ctx, s.stream("a"), esdb.AppendToStreamOptions{}, event(`{}`))
		s.ok(err)
	}},
	{name: "05 node preferences", run: func(s *suite) {
		if strings.HasPrefix(s.target.URL, "unix://") {
			return // a socket has one node behind it
		}
		for _, preference := range []string{"leader", "follower", "random", "readOnlyReplica"} {
			client := connect(s.T, s.target.URL+"&nodePreference="+preference)
			_, err := client.AppendToStream(s.ctx, s.stream(preference), esdb.AppendToStreamOptions{}, event(`{}`))
			s.ok(err)
		}
	}},
	{name: "06 idle subscription", run: idleSubscription},
	{name: "07 deadline and cancellation", run: func(s *suite) {
		deadline := time.Nanosecond
		_, err := s.client.AppendToStream(s.ctx, s.stream("a"), esdb.AppendToStreamOptions{Deadline: &deadline}, event(`{}`))
		s.refused(err, esdb.ErrorCodeDeadlineExceeded)
		ctx, cancel := context.WithCancel(s.ctx)
		cancel()
		if _, err = s.client.AppendToStream(ctx, s.stream("a"), esdb.AppendToStreamOptions{}, event(`{}`)); err == nil {
			s.Error("an append whose context had ended was answered")
		}
		_, err = s.tryRead(s.stream("a"), esdb.Forwards, esdb.Start{}, 10)
		s.refused(err, esdb.ErrorCodeResourceNotFound)
	}},
	{name: "08 credentials without TLS", run: func(s *suite) {
		_, err := s.client.AppendToStream(s.ctx, s.stream("a"), esdb.AppendToStreamOptions{
			Authenticated: &esdb.Credentials{Login: "nobody", Password: "nothing"},
		}, event(`{}`))
		s.ok(err)
	}},
	{name: "09 twelve clients", run: func(s *suite) {
		var clients sync.WaitGroup
		for i := range 12 {
			client := connect(s.T, s.target.URL)
			clients.Go(func() {
				_, err := client.AppendToStream(s.ctx, s.stream(string(rune('a'+i))), esdb.AppendToStreamOptions{}, event(`{}`))
				if err != nil {
					s.Error(err)
				}
			})
		}
		clients.Wait()
	}},
}

// idleSubscription is longer than any keep-alive that could cut the connection.
func idleSubscription(s *suite) {
	const idle = 45 * time.Second
	client := connect(s.T, s.target.URL)
	subscription, err := client.SubscribeToStream(s.ctx, s.stream("a"), esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	s.ok(err)
	defer subscription.Close()
	select {
	case <-time.After(idle):
	case <-s.ctx.Done():
	}
	_, err = client.AppendToStream(s.ctx, s.stream("a"), esdb.AppendToStreamOptions{}, event(`{"late":true}`))
	s.ok(err)
	f := s.follow(subscription)
	s.revisions(f.take(1), 0)
}
