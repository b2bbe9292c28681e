package queries_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/projections/readtest"
	"redress/queries"
)

func all(t *testing.T, q *queries.Queries, f queries.Filter, size int) []queries.CaseRow {
	t.Helper()
	var rows []queries.CaseRow
	page := queries.Page{Size: size}
	for {
		list, err := q.Cases(t.Context(), f, page)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, list.Cases...)
		if list.Next == "" {
			return rows
		}
		page.After = list.Next
	}
}

func TestPagesHaveEveryCaseOnce(t *testing.T) {
	_, q := council(t, 12, 30)
	seen := map[uuid.UUID]bool{}
	rows := all(t, q, queries.Filter{}, 7)
	for i, row := range rows {
		if seen[row.ID] || i > 0 && row.ReceivedAt.After(rows[i-1].ReceivedAt) {
			t.Errorf("row %d is out of place", i)
		}
		seen[row.ID] = true
	}
	if len(rows) != 30 {
		t.Errorf("%d cases", len(rows))
	}
}

func TestFilters(t *testing.T) {
	_, q := council(t, 12, 30)
	rows := all(t, q, queries.Filter{}, 200)
	from, to := domain.NewDate(2025, 1, 1), domain.NewDate(2025, 6, 1)
	for name, filter := range map[string]struct {
		f    queries.Filter
		pass func(queries.CaseRow) bool
	}{
		"status":    {queries.Filter{Status: []string{"open"}}, func(r queries.CaseRow) bool { return r.Status == "open" }},
		"service":   {queries.Filter{Service: "waste"}, func(r queries.CaseRow) bool { return r.Service == "waste" }},
		"ward":      {queries.Filter{Ward: "not known"}, func(r queries.CaseRow) bool { return r.Ward == "not known" }},
		"channel":   {queries.Filter{Channel: "phone"}, func(r queries.CaseRow) bool { return r.Channel == "phone" }},
		"stage":     {queries.Filter{Stage: "s2"}, func(r queries.CaseRow) bool { return r.Stage == "s2" }},
		"procedure": {queries.Filter{Procedure: "nnc-corporate-2024"}, func(r queries.CaseRow) bool { return true }},
		"version":   {queries.Filter{Procedure: "nnc-corporate-2024@1.0"}, func(r queries.CaseRow) bool { return false }},
		"overdue":   {queries.Filter{Overdue: true}, func(r queries.CaseRow) bool { return r.Overdue }},
		"due": {queries.Filter{DueBefore: now}, func(r queries.CaseRow) bool {
			return r.Status != "closed" && r.DueInstant != nil && r.DueInstant.Before(now)
		}},
		"ref": {queries.Filter{Ref: rows[3].Ref}, func(r queries.CaseRow) bool { return r.Ref == rows[3].Ref }},
		"received": {queries.Filter{ReceivedFrom: from, ReceivedTo: to}, func(r queries.CaseRow) bool {
			return domain.DateOf(r.ReceivedAt) >= from && domain.DateOf(r.ReceivedAt) < to
		}},
	} {
		want := 0
		for _, row := range rows {
			if filter.pass(row) {
				want++
			}
		}
		if got := len(all(t, q, filter.f, 200)); got != want {
			t.Errorf("%s: %d cases, want %d", name, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	c, q := council(t, 12, 3)
	at := readtest.Opened.AddDate(0, 0, 3)
	imported := readtest.CaseID(99, 1)
	received := readtest.Received("RD-2024-999999", at)
	c.Append(domain.CaseStream(imported), at, domain.Imported{
		SourceSystem: "nyc-311", SourceRef: "64345465", Batch: "b1", RowMAC: []byte{1}, Grade: "partial", Missing: []domain.Term{}, SourceStatus: "Closed",
	}, received)
	if _, err := q.WaitForEnd(t.Context(), patience); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{imported.String(), "RD-2024-999999", "nyc-311:64345465"} {
		if id, found, err := q.Resolve(t.Context(), ref); err != nil || !found || id != imported {
			t.Errorf("%s: %s, %t, %v", ref, id, found, err)
		}
	}
	for _, ref := range []string{uuid.NewString(), "RD-2024-000000", "nyc-311:1", "other:64345465", "", "%"} {
		if _, found, err := q.Resolve(t.Context(), ref); err != nil || found {
			t.Errorf("%q is found (%v)", ref, err)
		}
	}
	cases, err := q.CasesOf(t.Context(), *received.Complainant)
	if err != nil || len(cases) != 1 || cases[0] != imported {
		t.Errorf("the complainant's cases are %v, %v", cases, err)
	}
	if _, err := q.Case(t.Context(), "RD-1-1"); !errors.Is(err, queries.ErrNoCase) {
		t.Errorf("an unknown case: %v", err)
	}
}

func TestOverviewAgreesWithTheReport(t *testing.T) {
	_, q := council(t, 13, 60)
	later := now.AddDate(1, 0, 0) // after everything that has happened
	q.Now = func() time.Time { return later }
	o, err := q.Overview(t.Context(), later.AddDate(0, 0, 7), queries.Scope{All: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range report(t, q, queries.Parameters{}).Measures {
		switch m.ID {
		case "P12.open":
			if *m.Numerator != o.Open {
				t.Errorf("open: %d and %d", *m.Numerator, o.Open)
			}
		case "P12.overdue":
			if *m.Numerator != o.Overdue {
				t.Errorf("overdue: %d and %d", *m.Numerator, o.Overdue)
			}
		}
	}
	if o.Cases != 60 || o.Open == 0 || o.Answered == 0 || o.InTime > o.Answered {
		t.Errorf("overview %+v", o)
	}
}

func TestWaitingGivesUpOnAStandstill(t *testing.T) {
	_, q := council(t, 12, 1)
	if err := q.WaitFor(t.Context(), 1<<40, 20*time.Millisecond); !errors.Is(err, queries.ErrStandstill) {
		t.Errorf("waited to the end: %v", err)
	}
}

func TestVerify(t *testing.T) {
	c, q := council(t, 12, 20)
	v, err := q.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !v.OK || v.Events == 0 || v.Streams != 21 || len(v.NotChecked) == 0 {
		t.Errorf("a sound log: %s", encoded(t, v))
	}
	bad := c.AppendRaw(domain.CaseStream(readtest.CaseID(12, 0)), "Closed", []byte(`{"reason":3}`))
	if _, err := q.WaitForEnd(t.Context(), patience); err != nil {
		t.Fatal(err)
	}
	if v, err = q.Verify(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, check := range v.Checks {
		wrong := check.Name == "decoding" || check.Name == "fold" || check.Name == "read_models"
		if check.OK == wrong || wrong && check.FirstBad.Position != bad {
			t.Errorf("after a bad event at %d: %s %+v", bad, check.Name, check.FirstBad)
		}
	}
	if v.OK {
		t.Error("a bad event is verified")
	}
}

// A matter that was raised late is shown as that, with the last day on which it would have been in time.
func TestLate(t *testing.T) {
	c := readtest.New(t)
	for i, occurred := range []domain.Date{0, domain.NewDate(2024, 6, 2), domain.NewDate(2024, 6, 1)} {
		e := readtest.Received("RD-2025-90000"+strconv.Itoa(i), time.Date(2025, 6, 2, 9, 0, 0, 0, time.UTC))
		e.MatterOccurredOn = occurred
		c.Append(domain.CaseStream(uuid.NewSHA1(uuid.Nil, []byte{byte(i)})), e.ReceivedAt, e)
	}
	c.Run()
	q := &queries.Queries{Pool: c.Pool, Store: c.Store, Tenant: readtest.Tenant, Now: func() time.Time { return now }}
	if _, err := q.WaitForEnd(t.Context(), patience); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		limit string
		late  bool
	}{{"", false}, {"2025-06-02", false}, {"2025-06-01", true}} {
		found, err := q.Case(t.Context(), "RD-2025-90000"+strconv.Itoa(i))
		if err != nil {
			t.Fatal(err)
		}
		limit := ""
		if found.TimeLimit != nil {
			limit = *found.TimeLimit
		}
		if limit != want.limit || found.Late != want.late {
			t.Errorf("case %d: could be raised until %q, late %v", i, limit, found.Late)
		}
	}
}
