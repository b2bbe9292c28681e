package storetest

import (
	"fmt"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

var filterCases = []testCase{
	{name: "69 filters", run: filters},
	{name: "70 filters without sense", run: func(s *suite) {
		for _, f := range []*esdb.SubscriptionFilter{
			{Type: esdb.EventFilterType},
			{Type: esdb.StreamFilterType, Prefixes: []string{"a"}, Regex: "a"},
		} {
			if _, err := s.client.SubscribeToAll(s.ctx, esdb.SubscribeToAllOptions{Filter: f}); err == nil {
				s.Errorf("%+v was taken", f)
			}
		}
	}},
	{name: "71 checkpoints", run: checkpoints},
	{name: "72 resume from every checkpoint", run: resumeFromCheckpoints},
	{name: "110 a checkpoint for every event", run: checkpointForEach},
}

// filters appends events of several types to several streams, before and after subscribing.
func filters(s *suite) {
	start := position(s.append(s.stream("mark"), esdb.NoStream{}, 0, event(`{}`)))
	// Types carry the case's prefix as streams do. The pattern for streams leaves out the beginning: it is not anchored.
	kind := func(name string) string { return strings.ReplaceAll(s.prefix, "-", "") + name }
	put := func() {
		for _, stream := range []string{"red-1", "red-2", "blue-1"} {
			for _, name := range []string{"Opened", "Closed"} {
				e := event(`{}`)
				e.EventType = kind(name)
				_, err := s.tryAppend(s.stream(stream), esdb.Any{}, e)
				s.ok(err)
			}
		}
	}
	put()
	cases := []struct {
		filter *esdb.SubscriptionFilter
		want   string // the streams and types of one round, in order
	}{
		{&esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{kind("Op")}}, "red-1Opened red-2Opened blue-1Opened"},
		{&esdb.SubscriptionFilter{Type: esdb.EventFilterType, Regex: kind("Closed") + "$"}, "red-1Closed red-2Closed blue-1Closed"},
		{
			&esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{s.stream("blue"), s.stream("red-2")}},
			"red-2Opened red-2Closed blue-1Opened blue-1Closed",
		},
		{
			&esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: strings.TrimSuffix(s.prefix, "-")[2:] + `-red-\d`},
			"red-1Opened red-1Closed red-2Opened red-2Closed",
		},
		{esdb.ExcludeSystemEventsFilter(), "red-1Opened red-1Closed red-2Opened red-2Closed blue-1Opened blue-1Closed"},
	}
	var followers []*follower
	for _, c := range cases {
		followers = append(followers, s.followAll(esdb.SubscribeToAllOptions{From: start, Filter: c.filter}))
	}
	check := func(when string) {
		s.Helper()
		for i, c := range cases {
			var got []string
			for _, e := range followers[i].take(len(strings.Fields(c.want))) {
				got = append(got, strings.TrimPrefix(e.StreamID, s.prefix)+strings.TrimPrefix(e.EventType, kind("")))
			}
			if strings.Join(got, " ") != c.want {
				s.Errorf("%s, filter %d: got %v, want %s", when, i, got, c.want)
			}
		}
	}
	check("in history")
	put()
	check("live")
}

// checkpoints counts what comes for events that the filter leaves out.
func checkpoints(s *suite) {
	const considered = 60
	for _, c := range []struct{ window, multiplier, every int }{{5, 1, 5}, {5, 3, 15}, {esdb.NoMaxSearchWindow, 1, 32}} {
		f := s.followAll(esdb.SubscribeToAllOptions{
			From: esdb.End{}, MaxSearchWindow: c.window, CheckpointInterval: c.multiplier,
			Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{s.stream("last")}},
		})
		stream := s.stream(fmt.Sprint("noise", c.window, c.multiplier))
		for i := range considered {
			s.append(stream, esdb.Any{}, uint64(i), event(`{}`))
		}
		_, err := s.tryAppend(s.stream("last"), esdb.Any{}, event(`{}`))
		s.ok(err)
		f.take(1)
		if len(f.checkpoints) < considered/c.every {
			s.Errorf("window %d, multiplier %d: %d checkpoints", c.window, c.multiplier, len(f.checkpoints))
		}
		for i := 1; i < len(f.checkpoints); i++ {
			if f.checkpoints[i].Commit < f.checkpoints[i-1].Commit {
				s.Errorf("checkpoint %d falls", i)
			}
		}
	}
}

// resumeFromCheckpoints cuts the events at each checkpoint in turn: what came before it and what a new subscription
// delivers after it must be everything, once.
func resumeFromCheckpoints(s *suite) {
	start := position(s.append(s.stream("mark"), esdb.NoStream{}, 0, event(`{}`)))
	for range 40 {
		_, err := s.tryAppend(s.stream("noise"), esdb.Any{}, events(2)...)
		s.ok(err)
		_, err = s.tryAppend(s.stream("kept"), esdb.Any{}, event(`{}`))
		s.ok(err)
	}
	options := esdb.SubscribeToAllOptions{
		From: start, MaxSearchWindow: 7, CheckpointInterval: 1,
		Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{s.stream("kept")}},
	}
	f := s.followAll(options)
	before := map[esdb.Position]int{}
	for seen := 0; seen < 40; {
		m := f.next(patience)
		if m == nil {
			s.Fatalf("%d of 40 events came", seen)
		}
		if m.EventAppeared != nil {
			seen++
		}
		if m.CheckPointReached != nil {
			before[*m.CheckPointReached] = seen
		}
	}
	if len(before) == 0 {
		s.Fatal("no checkpoints")
	}
	for checkpoint, seen := range before {
		if seen == 40 {
			continue
		}
		options.From = checkpoint
		s.revisions(s.followAll(options).take(40-seen), span(uint64(seen), 39)...)
	}
}

// checkpointForEach asks, live, for a checkpoint after each event that is considered. It comes after the event, if that is
// selected, and at its position.
func checkpointForEach(s *suite) {
	f := s.followAll(esdb.SubscribeToAllOptions{
		From: esdb.End{}, MaxSearchWindow: 1, CheckpointInterval: 1,
		Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{s.stream("kept")}},
	})
	f.untilCaughtUp()
	var at []esdb.Position
	for i := range 6 {
		result, err := s.tryAppend(s.stream([]string{"kept", "noise"}[i%2]), esdb.Any{}, event(`{}`))
		s.ok(err)
		at = append(at, position(result))
	}
	for i, p := range at {
		before := "nothing"
		for {
			m := f.next(patience)
			if m == nil || m.SubscriptionDropped != nil {
				s.Fatalf("no checkpoint at %d", p.Commit)
			}
			if m.EventAppeared != nil {
				before = m.EventAppeared.Event.StreamID
			}
			if m.CheckPointReached != nil && m.CheckPointReached.Commit >= p.Commit {
				if *m.CheckPointReached != p {
					s.Fatalf("a checkpoint at %d and none at %d", m.CheckPointReached.Commit, p.Commit)
				}
				break
			}
			if m.CheckPointReached != nil {
				before = "nothing"
			}
		}
		if want := []string{s.stream("kept"), "nothing"}[i%2]; before != want {
			s.Errorf("before the checkpoint at %d comes %s, want %s", p.Commit, before, want)
		}
	}
}
