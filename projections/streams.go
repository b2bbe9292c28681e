package projections

import (
	"context"
	"maps"

	"redress/eventstore"
)

// keptStreams bounds how many revisions a live runner keeps in memory.
const keptStreams = 200_000

// streams knows the last revision of each stream, so that no event is missed or applied
// twice.
type streams struct {
	last map[string]uint64
	// lookup finds the revisions of streams that are not in last; nil: last is complete.
	lookup func(ctx context.Context, names []string) (map[string]uint64, error)
}

// prepare makes sure that last holds what there is about the streams of these records.
func (s *streams) prepare(ctx context.Context, records []eventstore.Record) error {
	if s.lookup == nil {
		return nil
	}
	if len(s.last) > keptStreams {
		clear(s.last)
	}
	missing := map[string]bool{}
	for i := range records {
		if _, known := s.last[records[i].Stream]; !known {
			missing[records[i].Stream] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	names := make([]string, 0, len(missing))
	for name := range maps.Keys(missing) {
		names = append(names, name)
	}
	found, err := s.lookup(ctx, names)
	if err != nil {
		return err
	}
	maps.Copy(s.last, found)
	return nil
}

// advance reports whether the record is the next of its stream, false when it has been
// seen before.
func (s *streams) advance(r eventstore.Record) (bool, error) {
	last, known := s.last[r.Stream]
	want := uint64(0)
	if known {
		want = last + 1
	}
	switch {
	case r.Revision < want:
		return false, nil
	case r.Revision > want:
		return false, &GapError{Stream: r.Stream, Want: want, Revision: r.Revision, Position: r.Position}
	}
	s.last[r.Stream] = r.Revision
	return true, nil
}
