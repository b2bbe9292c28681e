package projections_test

import (
	"fmt"
	"testing"
	"time"

	"redress/domain"
	"redress/projections"
	"redress/projections/readtest"
	"redress/queries"
)

// patience is how long a test waits without any progress. It is never waited for when
// all is well.
const patience = 10 * time.Second

// reach waits until the read models have reached the log's end.
func reach(t testing.TB, c *readtest.Council) uint64 {
	t.Helper()
	q := &queries.Queries{Pool: c.Pool, Store: c.Store, Tenant: readtest.Tenant}
	at, err := q.WaitForEnd(t.Context(), patience)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// equal fails unless a fresh fold of the log gives the live rows, and returns how many
// rows there are.
func equal(t testing.TB, c *readtest.Council) int64 {
	t.Helper()
	found, err := projections.Check(t.Context(), c.Pool, c.Store, readtest.Tenant, nil)
	if err != nil {
		t.Fatal(err)
	}
	if found.First != nil {
		t.Fatalf("live tables differ: %+v", *found.First)
	}
	return found.Rows
}

func TestLiveEqualsTheLog(t *testing.T) {
	c := readtest.New(t)
	c.Histories(1, 10)
	_, stop := c.Run()
	c.Histories(2, 60) // while the runner is at work
	reach(t, c)
	if rows := equal(t, c); rows < 500 {
		t.Errorf("%d rows are too few for 70 cases", rows)
	}
	stop()
	c.Histories(3, 20)
	c.Run()
	reach(t, c)
	equal(t, c)
}

func TestRebuildBesideTheLiveTables(t *testing.T) {
	c := readtest.New(t)
	c.Histories(1, 40)
	ended, _ := c.Run()
	reach(t, c)
	before := equal(t, c)
	calls := 0
	if err := projections.Rebuild(t.Context(), c.Pool, c.Store, readtest.Tenant, func(_, _ uint64) { calls++ }); err != nil {
		t.Fatal(err)
	}
	if calls == 0 {
		t.Error("progress was never told")
	}
	if after := equal(t, c); after != before {
		t.Errorf("%d rows after the rebuild and %d before", after, before)
	}
	c.Histories(2, 10) // the runner goes on, in the new tables
	reach(t, c)
	equal(t, c)
	state, err := projections.Status(t.Context(), c.Pool, c.Store)
	if err != nil {
		t.Fatal(err)
	}
	if state.Generation != 2 || !state.Current || !state.CaughtUp() || len(state.Models) != len(projections.Models) {
		t.Errorf("status %+v", state)
	}
	select {
	case err := <-ended:
		t.Errorf("the runner ended: %v", err)
	default:
	}
}

// A log whose cases do not fit in memory gives the same rows, also where the calendar
// changes on the way.
func TestRebuildWithLittleMemory(t *testing.T) {
	c := readtest.New(t)
	c.Histories(1, 25)
	c.Append(domain.ConfigStream(readtest.Tenant), readtest.Opened, restDay("2025-12-02"))
	c.Histories(2, 25)
	_, stop := c.Run()
	reach(t, c)
	for _, kept := range []int{1, 3, 20} {
		if err := projections.RebuildKeeping(t.Context(), c.Pool, c.Store, readtest.Tenant, kept); err != nil {
			t.Fatal(err)
		}
		equal(t, c)
	}
	stop()
}

// restDay adopts a calendar with one holiday more than the shipped one.
func restDay(date string) domain.CalendarAdopted {
	days := string(domain.ShippedHolidays()) + date + ",england-and-wales,Day of rest,false\n"
	return domain.CalendarAdopted{Version: domain.Label("with-" + date), Content: domain.Content(days), Approver: "Executive"}
}

func TestCheckNamesWhatWasPlanted(t *testing.T) {
	c := readtest.New(t)
	c.Histories(1, 20)
	_, stop := c.Run()
	reach(t, c)
	stop()
	for i, planted := range []struct{ sql, model, column string }{
		{"update %s.cases set service = 'elsewhere' where case_id = (select case_id from %[1]s.cases order by case_id limit 1)", "cases", "service"},
		{"delete from %s.timeline where revision = 0", "timeline", ""},
		{"update %s.facts set days_in_all = 999 where responded_at is not null", "facts", "days_in_all"},
		{"insert into %s.remedies select tenant, case_id, revision, 'R-none', stage, type, origin, state, amount, amount_paid, offered_at, " +
			"offered_on, accepted_at, accepted_on, deliver_by, delivered_on, service, category, ward, channel, kind, procedure, counted, imported " +
			"from %[1]s.remedies limit 1", "remedies", ""},
	} {
		if _, err := c.Pool.Exec(t.Context(), fmt.Sprintf(planted.sql, fmt.Sprintf("read_%d", i+1))); err != nil {
			t.Fatal(err)
		}
		found, err := projections.Check(t.Context(), c.Pool, c.Store, readtest.Tenant, nil)
		if err != nil {
			t.Fatal(err)
		}
		if found.First == nil || found.First.Model != planted.model || found.First.Column != planted.column || found.First.Key == "" {
			t.Errorf("%s: found %+v", planted.sql, found.First)
		}
		if err := projections.Rebuild(t.Context(), c.Pool, c.Store, readtest.Tenant, nil); err != nil {
			t.Fatal(err)
		}
		equal(t, c)
	}
}

func TestTwoRunnersAtOnce(t *testing.T) {
	c := readtest.New(t)
	c.Run()
	c.Run()
	c.Histories(1, 30)
	reach(t, c)
	equal(t, c)
}

func TestNewCalendarRedatesOpenCases(t *testing.T) {
	c := readtest.New(t)
	_, stop := c.Run()
	id := readtest.CaseID(9, 1)
	received := readtest.Opened.AddDate(0, 0, 1)
	c.Append(domain.CaseStream(id), received, readtest.Received("RD-2024-000001", received))
	reach(t, c)
	before := dueOn(t, c, "s1.ack")
	c.Append(domain.ConfigStream(readtest.Tenant), received, restDay("2024-10-04"))
	reach(t, c)
	if after := dueOn(t, c, "s1.ack"); after == before {
		t.Errorf("the due date is still %s", after)
	}
	equal(t, c)
	stop()
}

func dueOn(t *testing.T, c *readtest.Council, clock string) (date string) {
	t.Helper()
	if err := c.Pool.QueryRow(t.Context(), "select due_on::text from read.clocks where clock = $1", clock).Scan(&date); err != nil {
		t.Fatal(err)
	}
	return date
}

func TestNothingPersonalStandsInClear(t *testing.T) {
	c := readtest.New(t)
	c.Histories(1, 10)
	c.Run()
	reach(t, c)
	for _, m := range projections.Models {
		var rows, clear int
		err := c.Pool.QueryRow(t.Context(), "select count(*), count(*) filter (where t::text like '%Canary%' or t::text like '%heating%') from read."+m.Name+" t").
			Scan(&rows, &clear)
		if err != nil || clear > 0 || m.Name == "timeline" && rows == 0 {
			t.Errorf("%s: %d of %d rows have a canary in clear, %v", m.Name, clear, rows, err)
		}
	}
}
