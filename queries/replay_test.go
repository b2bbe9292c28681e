package queries_test

import (
	"bytes"
	"reflect"
	"sync"
	"testing"
	"time"

	"redress/domain"
	"redress/projections/readtest"
	"redress/queries"
)

func replay(t testing.TB, q *queries.Queries, ref string, m queries.Moment) *queries.Replay {
	t.Helper()
	r, err := q.Replay(t.Context(), ref, m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Many replays at once share what was read of the config, and a config that moves on is seen by the next.
func TestReplaysAtOnce(t *testing.T) {
	c, q := council(t, 7, 4)
	id := readtest.CaseID(7, 1).String()
	for range 3 {
		want := replay(t, q, id, queries.Moment{At: now})
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if got, err := q.Replay(t.Context(), id, queries.Moment{At: now}); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("replayed %+v, %v, expected %+v", got, err, want)
				}
			})
		}
		group.Wait()
		c.Append(domain.ConfigStream(readtest.Tenant), readtest.Opened, readtest.Adopted("lgsco-code-2024"))
	}
}

func TestReplayToTheLastRevisionIsTheLiveCase(t *testing.T) {
	_, q := council(t, 7, 40)
	for i := range 40 {
		id := readtest.CaseID(7, i).String()
		live, err := q.Case(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		last := uint64(live.Revision)
		r := replay(t, q, live.Ref, queries.Moment{Revision: &last})
		s := r.State
		if *s.Status != live.Status || *s.Stage != live.Stage || *s.Step != live.Step || text(s.ClosedReason) != text(live.ClosedReason) ||
			text(s.Officer) != text(live.Officer) || len(s.Flags) != len(live.Flags) || len(s.Remedies) != len(live.Remedies) {
			t.Errorf("%s: replayed %+v, live %+v", live.Ref, s, live.CaseRow)
		}
		for _, remedy := range live.Remedies {
			if s.Remedies[remedy.ID] != remedy.State {
				t.Errorf("%s: remedy %s is %s and %s live", live.Ref, remedy.ID, s.Remedies[remedy.ID], remedy.State)
			}
		}
		clocks := map[string]queries.CaseClock{}
		for _, k := range live.Clocks {
			clocks[k.ID] = k
		}
		for _, k := range r.Clocks {
			if of := clocks[k.ID]; k.State != of.State || text(k.Due) != text(of.Due) {
				t.Errorf("%s: clock %s is %s, due %s; live %s, due %s", live.Ref, k.ID, k.State, text(k.Due), of.State, text(of.Due))
			}
		}
		if len(r.Clocks) != len(live.Clocks) || len(r.Events) != len(live.Events) {
			t.Errorf("%s: %d clocks and %d events, live %d and %d", live.Ref, len(r.Clocks), len(r.Events), len(live.Clocks), len(live.Events))
		}
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestReplayAtAnyMomentAgainstANaiveFold(t *testing.T) {
	c, q := council(t, 8, 25)
	moments := []time.Time{
		readtest.Opened.AddDate(-1, 0, 0), now.AddDate(5, 0, 0),
		time.Date(2025, 3, 30, 0, 59, 59, 0, time.UTC), time.Date(2025, 3, 30, 1, 0, 0, 0, time.UTC), // the clocks go forward
		time.Date(2024, 10, 27, 0, 30, 0, 0, time.UTC), time.Date(2024, 10, 27, 1, 30, 0, 0, time.UTC),
	} // and back
	for i := range 12 {
		moments = append(moments, readtest.Opened.AddDate(0, 0, 31*i))
	}
	for i := range 25 {
		id := readtest.CaseID(8, i)
		for _, at := range moments {
			for _, known := range []time.Time{{}, at, at.AddDate(0, 0, -2)} {
				r := replay(t, q, id.String(), queries.Moment{At: at, KnownAt: known})
				naive, events, unknown := new(domain.Case), 0, 0
				for record, err := range c.Store.Read(t.Context(), domain.CaseStream(id), 0) {
					if err != nil {
						t.Fatal(err)
					}
					if record.Meta.OccurredAt.After(at) {
						continue
					}
					if !known.IsZero() && record.Meta.RecordedAt.After(known) {
						unknown++
						continue
					}
					record.Revision = uint64(events)
					if err := naive.Apply(record.Recorded); err != nil {
						t.Fatal(err)
					}
					events++
				}
				if len(r.Events) != events || r.NotYetKnown != unknown || text(r.State.Status) != string(naive.Status) ||
					text(r.State.Step) != string(naive.Step) || text(r.State.Stage) != string(naive.Stage) {
					t.Fatalf("case %d at %s known %s: %d events, %d not known, %+v; want %d, %d, %s %s %s", i, at, known,
						len(r.Events), r.NotYetKnown, r.State, events, unknown, naive.Status, naive.Stage, naive.Step)
				}
			}
		}
	}
}

// An import is later than all that it tells of. What it says the source lacks is known of
// the case at every earlier moment: nobody asked to stay anonymous.
func TestReplayBeforeTheImport(t *testing.T) {
	c, q := council(t, 14, 1)
	id, received := readtest.CaseID(98, 1), readtest.Received("RD-2024-999998", readtest.Opened)
	received.Complainant = nil
	c.Append(domain.CaseStream(id), readtest.Opened.AddDate(1, 0, 0), domain.Imported{
		SourceSystem: "nyc-311", SourceRef: "64345466", Batch: "b1", RowMAC: []byte{1}, Grade: "partial",
		Missing: []domain.Term{"complainant"}, SourceStatus: "Open",
	}, received)
	if _, err := q.WaitForEnd(t.Context(), patience); err != nil {
		t.Fatal(err)
	}
	r := replay(t, q, id.String(), queries.Moment{At: readtest.Opened.AddDate(0, 0, 1)})
	if len(r.Events) != 1 || r.Events[0].Type != "Received" || r.Events[0].Revision != 1 || len(r.State.Flags) != 0 {
		t.Errorf("%d events, flags %v", len(r.Events), r.State.Flags)
	}
}

func TestReplayGolden(t *testing.T) {
	_, q := council(t, 5, 12)
	for i := range 12 {
		id := readtest.CaseID(5, i).String()
		r := replay(t, q, id, queries.Moment{At: now.AddDate(0, -1, 0), KnownAt: now})
		if len(r.Events) < 8 || len(r.State.Remedies) == 0 {
			continue
		}
		var table bytes.Buffer
		if err := r.WriteTable(&table); err != nil {
			t.Fatal(err)
		}
		golden(t, "replay.json", encoded(t, r))
		golden(t, "replay.table", table.Bytes())
		return
	}
	t.Fatal("no case of the histories is long enough")
}

func TestReplayRefuses(t *testing.T) {
	_, q := council(t, 5, 1)
	if _, err := q.Replay(t.Context(), "RD-1999-000001", queries.Moment{}); err != queries.ErrNoCase {
		t.Errorf("an unknown reference: %v", err)
	}
	beyond := uint64(1000)
	if _, err := q.Replay(t.Context(), readtest.CaseID(5, 0).String(), queries.Moment{Revision: &beyond}); err == nil {
		t.Error("a revision that the case does not have is taken")
	}
}
