package storetest

import (
	"math"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// readAll answers a counted read of the whole log without foreign events.
func (s *suite) readAll(direction esdb.Direction, from esdb.AllPosition, count uint64) []*esdb.RecordedEvent {
	s.Helper()
	read, err := s.client.ReadAll(s.ctx, esdb.ReadAllOptions{Direction: direction, From: from}, count)
	s.ok(err)
	all, err := collect(read)
	s.ok(err)
	return s.own(all)
}

// own leaves out the events of other cases.
func (s *suite) own(all []*esdb.RecordedEvent) []*esdb.RecordedEvent {
	var own []*esdb.RecordedEvent
	for _, e := range all {
		if strings.HasPrefix(e.StreamID, s.prefix) {
			own = append(own, e)
		}
	}
	return own
}

func position(r *esdb.WriteResult) esdb.Position {
	return esdb.Position{Commit: r.CommitPosition, Prepare: r.PreparePosition}
}

// marked appends five events, one by one to two streams, and answers their positions.
func (s *suite) marked() []esdb.Position {
	s.Helper()
	var all []esdb.Position
	for i := range 5 {
		result, err := s.tryAppend(s.stream(string(rune('a'+i%2))), esdb.Any{}, event(`{}`))
		s.ok(err)
		all = append(all, position(result))
	}
	return all
}

var allCases = []testCase{
	{name: "54 all forwards from a position", run: func(s *suite) {
		marks := s.marked()
		all := s.readAll(esdb.Forwards, marks[1], math.MaxUint64)
		if len(all) != 4 {
			s.Fatalf("%d events, want 4", len(all))
		}
		for i, e := range all {
			if e.Position.Commit != marks[i+1].Commit || e.Position.Prepare != marks[i+1].Prepare {
				s.Errorf("event %d is at %d, want %d", i, e.Position.Commit, marks[i+1].Commit)
			}
		}
	}},
	{name: "55 all backwards", run: func(s *suite) {
		marks := s.marked()
		all := s.readAll(esdb.Backwards, esdb.End{}, math.MaxUint64)
		if len(all) != 5 || all[0].Position.Commit != marks[4].Commit {
			s.Fatalf("%d events from the end", len(all))
		}
		all = s.readAll(esdb.Backwards, marks[3], math.MaxUint64)
		if len(all) != 3 {
			s.Fatalf("%d events before the fourth", len(all))
		}
		for i, e := range all {
			if e.Position.Commit != marks[2-i].Commit {
				s.Errorf("event %d is at %d, want %d", i, e.Position.Commit, marks[2-i].Commit)
			}
		}
	}},
	{name: "56 all with nothing to read", run: func(s *suite) {
		marks := s.marked()
		past := esdb.Position{Commit: marks[4].Commit + 1<<40, Prepare: marks[4].Commit + 1<<40}
		for name, all := range map[string][]*esdb.RecordedEvent{
			"forwards from the end":    s.readAll(esdb.Forwards, esdb.End{}, 10),
			"backwards from the start": s.readAll(esdb.Backwards, esdb.Start{}, 10),
			"past the end":             s.readAll(esdb.Forwards, past, 10),
			"past all positions":       s.readAll(esdb.Forwards, esdb.Position{Commit: math.MaxInt64, Prepare: math.MaxInt64}, 10),
		} {
			if len(all) != 0 {
				s.Errorf("%s: %d events", name, len(all))
			}
		}
	}},
	{name: "57 all over several pages", run: func(s *suite) {
		first := s.append(s.stream("a"), esdb.NoStream{}, 0, event(`{}`))
		s.append(s.stream("a"), esdb.Revision(0), 89, events(89)...)
		from, seen := position(first), []*esdb.RecordedEvent{}
		for {
			read, err := s.client.ReadAll(s.ctx, esdb.ReadAllOptions{From: from}, 31)
			s.ok(err)
			page, err := collect(read)
			s.ok(err)
			if len(seen) > 0 {
				page = page[1:] // the event at the position itself
			}
			if len(page) == 0 {
				break
			}
			last := page[len(page)-1].Position
			from = esdb.Position{Commit: last.Commit, Prepare: last.Prepare}
			seen = append(seen, page...)
		}
		s.revisions(s.own(seen), span(0, 89)...)
	}},
	{name: "58 commit before prepare", run: func(s *suite) {
		read, err := s.client.ReadAll(s.ctx, esdb.ReadAllOptions{From: esdb.Position{Commit: 1, Prepare: 2}}, 1)
		if err == nil {
			_, err = collect(read)
		}
		s.refused(err, esdb.ErrorCodeUnknown)
	}},
}
