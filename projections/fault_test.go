package projections_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/domain"
	"redress/eventstore"
	"redress/projections"
	"redress/projections/readtest"
)

func TestAPoisonEventParksItsOwnCase(t *testing.T) {
	c := readtest.New(t)
	c.Run()
	good, bad, late := readtest.CaseID(20, 1), readtest.CaseID(20, 2), readtest.CaseID(20, 3)
	at := readtest.Opened.AddDate(0, 0, 1)
	for i, id := range []uuid.UUID{good, bad, late} {
		c.Append(domain.CaseStream(id), at, readtest.Received("RD-2024-00000"+string(rune('1'+i)), at))
	}
	reach(t, c)
	// An event that has no place in a case; then the case and the others go on.
	poison := c.Append(domain.CaseStream(bad), at, domain.PersonRecorded{PersonID: bad})
	c.Append(domain.CaseStream(bad), at, domain.Closed{Reason: "accepted", At: at})
	// Bytes that are no JSON.
	garbage := c.AppendRaw(domain.CaseStream(late), "Closed", []byte("{"))
	c.Append(domain.CaseStream(good), at, domain.Closed{Reason: "accepted", At: at})
	reach(t, c)
	for id, status := range map[uuid.UUID]string{good: "closed", bad: "open", late: "open"} {
		var got string
		if err := c.Pool.QueryRow(t.Context(), "select status from read.cases where case_id = $1", id).Scan(&got); err != nil || got != status {
			t.Errorf("case %s is %s (%v), want %s", id, got, err, status)
		}
	}
	state, err := projections.Status(t.Context(), c.Pool, c.Store)
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Parked) != 2 || state.Parked[0].Position != int64(poison) || state.Parked[1].Position != int64(garbage) {
		t.Errorf("parked %+v, want positions %d and %d", state.Parked, poison, garbage)
	}
	equal(t, c)
	if err := projections.Rebuild(t.Context(), c.Pool, c.Store, readtest.Tenant, nil); err != nil {
		t.Fatal(err)
	}
	equal(t, c)
	if again, err := projections.Status(t.Context(), c.Pool, c.Store); err != nil || len(again.Parked) != 2 {
		t.Errorf("after the rebuild parked %+v, %v", again.Parked, err)
	}
}

func TestAStartRetriesParkedCases(t *testing.T) {
	c := readtest.New(t)
	_, stop := c.Run()
	id := readtest.CaseID(20, 1)
	at := readtest.Opened.AddDate(0, 0, 1)
	received := readtest.Received("RD-2024-000001", at)
	received.ProcedureID, received.ProcedureVersion = "lgsco-code-2024", domain.Label(domain.ShippedProcedure("lgsco-code-2024").Version)
	c.Append(domain.CaseStream(id), at, received) // nobody has adopted it
	reach(t, c)
	if state, err := projections.Status(t.Context(), c.Pool, c.Store); err != nil || len(state.Parked) != 1 {
		t.Fatalf("parked %+v, %v", state.Parked, err)
	}
	c.Append(domain.ConfigStream(readtest.Tenant), at, readtest.Adopted("lgsco-code-2024"))
	reach(t, c)
	stop()
	_, stop = c.Run()
	c.Append(domain.CaseStream(id), at, domain.Closed{Reason: "accepted", At: at})
	reach(t, c)
	stop()
	if state, err := projections.Status(t.Context(), c.Pool, c.Store); err != nil || len(state.Parked) != 0 {
		t.Errorf("after a new start parked %+v, %v", state.Parked, err)
	}
	equal(t, c)
}

// ending waits for a runner's own end.
func ending(t *testing.T, ended <-chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		t.Fatal("the runner goes on")
		return nil
	}
}

func TestWhatStopsARunner(t *testing.T) {
	at := readtest.Opened.AddDate(0, 0, 1)
	id := readtest.CaseID(21, 1)
	begun := func(t *testing.T) *readtest.Council {
		c := readtest.New(t)
		_, stop := c.Run()
		c.Append(domain.CaseStream(id), at, readtest.Received("RD-2024-000001", at))
		reach(t, c)
		stop()
		c.Faulty = true
		return c
	}
	t.Run("a gap", func(t *testing.T) {
		c := begun(t)
		mustExec(t, c, "delete from read_1.streams where stream like 'complaint-%'")
		c.Append(domain.CaseStream(id), at, domain.Closed{Reason: "accepted", At: at})
		ended, _ := c.Run()
		gap, ok := errors.AsType[*projections.GapError](ending(t, ended))
		if !ok || gap.Revision != 1 || gap.Want != 0 {
			t.Errorf("ended with %v", gap)
		}
	})
	t.Run("an event applied before is passed over", func(t *testing.T) {
		c := begun(t)
		c.Faulty = false
		config, err := c.Store.Last(t.Context(), domain.ConfigStream(readtest.Tenant))
		if err != nil {
			t.Fatal(err)
		}
		mustExec(t, c, fmt.Sprintf("update projections.checkpoint set position = %d, event_id = '%s'", config.Position, config.ID))
		_, stop := c.Run()
		reach(t, c)
		stop()
		equal(t, c)
	})
	t.Run("a fork", func(t *testing.T) {
		c := begun(t)
		mustExec(t, c, "update projections.checkpoint set event_id = gen_random_uuid()")
		ended, _ := c.Run()
		if _, ok := errors.AsType[*projections.ForkError](ending(t, ended)); !ok {
			t.Error("another log is taken for this one")
		}
	})
	t.Run("an unknown type", func(t *testing.T) {
		c := begun(t)
		c.AppendRaw(domain.CaseStream(id), "Bewitched", []byte("{}"))
		ended, _ := c.Run()
		if _, ok := errors.AsType[*domain.UnknownEvent](ending(t, ended)); !ok {
			t.Error("an unknown event is skipped")
		}
		err := projections.Rebuild(t.Context(), c.Pool, c.Store, readtest.Tenant, nil)
		if _, ok := errors.AsType[*eventstore.Undecodable](err); !ok {
			t.Errorf("a rebuild passes over an unknown event: %v", err)
		}
	})
}

func mustExec(t *testing.T, c *readtest.Council, sql string) {
	t.Helper()
	if _, err := c.Pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// A runner whose database connections die at any moment goes on behind what was
// committed, and so does the next one.
func TestCrashesBetween(t *testing.T) {
	c := readtest.New(t)
	for round := range uint64(8) {
		config, err := pgxpool.ParseConfig(c.URL)
		if err != nil {
			t.Fatal(err)
		}
		config.ConnConfig.RuntimeParams["application_name"] = "crashing"
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		ended, stop := c.RunOn(pool)
		over := make(chan struct{})
		go func() {
			defer close(over)
			for range 6 {
				_, _ = c.Pool.Exec(context.WithoutCancel(t.Context()),
					"select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crashing'")
			}
		}()
		c.Histories(30+round, 6)
		<-over
		stop()
		<-ended
		pool.Close()
	}
	c.Run()
	reach(t, c)
	equal(t, c)
}
