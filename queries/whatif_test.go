package queries_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redress/domain"
	"redress/domain/procedure"
	"redress/queries"
)

func shipped(t testing.TB, id string) *procedure.Procedure {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "domain", "procedures", id+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := procedure.Parse(id+".yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func whatIf(t testing.TB, q *queries.Queries, id string, p queries.Parameters) *queries.WhatIf {
	t.Helper()
	w, err := q.WhatIf(t.Context(), shipped(t, id), p)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Under the procedure that everything is bound to, nothing would have been otherwise; under one of another family neither.
func TestWhatIfNothingChanges(t *testing.T) {
	_, q := council(t, 5, 40)
	for _, id := range []string{"nnc-corporate-2024", "nct-children-statutory"} {
		w := whatIf(t, q, id, queries.Parameters{})
		if len(w.Cases) > 0 || len(w.Turns) > 0 {
			t.Errorf("under %s %d clocks differ", id, len(w.Cases))
		}
		for _, m := range w.Measures {
			if string(m.Before.Value) != string(m.After.Value) {
				t.Errorf("under %s %s goes from %s to %s", id, m.ID, m.Before.Value, m.After.Value)
			}
		}
		if judged := w.Judged > 0; judged != (id == "nnc-corporate-2024") {
			t.Errorf("%d cases judged under %s", w.Judged, id)
		}
	}
}

// Under the policy before, which gave twenty days, the clocks stand as the engine says of each case by itself, and the
// report of what is stays the same.
func TestWhatIfTwentyDays(t *testing.T) {
	c, q := council(t, 5, 60)
	before := encoded(t, report(t, q, queries.Parameters{}))
	w := whatIf(t, q, "nnc-corporate-previous", queries.Parameters{})
	if after := encoded(t, report(t, q, queries.Parameters{})); !bytes.Equal(before, after) {
		t.Error("what was recorded reads otherwise afterwards")
	}
	cases := map[string]*domain.Case{}
	config := domain.NewConfig()
	for r, err := range c.Store.ReadAll(t.Context(), 0, w.AsAt.Position) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(r.Stream, "complaint-"):
			if cases[r.Stream] == nil {
				cases[r.Stream] = new(domain.Case)
			}
			err = cases[r.Stream].Apply(r.Recorded)
		case strings.HasPrefix(r.Stream, "config-"):
			err = config.Apply(r.Recorded)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	want, judged := map[string]int{}, 0
	other := shipped(t, "nnc-corporate-previous")
	for _, c := range cases {
		judged++
		own := map[string]domain.Clock{}
		for _, k := range domain.Clocks(config.Procedure(c.Procedure()), config.Calendar(), c.History(), now) {
			own[k.ID] = k
		}
		for _, k := range domain.Clocks(other, config.Calendar(), c.History(), now) {
			if was := own[k.ID]; was.State != k.State {
				want[k.ID+" "+string(was.State)+" "+string(k.State)]++
			}
			delete(own, k.ID)
		}
		for _, k := range own {
			want[k.ID+" "+string(k.State)+" "]++
		}
	}
	if w.Judged != judged || w.LeftOut != 0 {
		t.Errorf("%d cases judged and %d left out of %d", w.Judged, w.LeftOut, judged)
	}
	for _, turn := range w.Turns {
		key := turn.Clock + " " + turn.Before + " " + turn.After
		if want[key] != turn.Clocks {
			t.Errorf("%s: %d clocks, expected %d", key, turn.Clocks, want[key])
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
	var table bytes.Buffer
	if err := w.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"judged under nnc-corporate-previous", "P07", "s1.response", "nothing was written"} {
		if !strings.Contains(table.String(), text) {
			t.Errorf("the table does not say %q:\n%s", text, table.String())
		}
	}
}

func TestWhatIfInAPeriod(t *testing.T) {
	_, q := council(t, 5, 60)
	all := whatIf(t, q, "nnc-corporate-previous", queries.Parameters{})
	from, to := domain.NewDate(2024, 10, 1), domain.NewDate(2025, 1, 1)
	some := whatIf(t, q, "nnc-corporate-previous", queries.Parameters{From: from, To: to})
	within := 0
	for _, k := range all.Cases {
		for _, due := range []*string{k.Before.Due, k.After.Due} {
			if due != nil && *due >= from.String() && *due < to.String() {
				within++
				break
			}
		}
	}
	if within == 0 || within != len(some.Cases) {
		t.Errorf("%d clocks in the period, expected %d of %d", len(some.Cases), within, len(all.Cases))
	}
	if _, err := q.WhatIf(t.Context(), shipped(t, "nnc-corporate-previous"), queries.Parameters{From: to, To: from}); err == nil {
		t.Error("a period that ends before it begins was taken")
	}
}
