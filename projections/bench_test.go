package projections_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"redress/domain"
	"redress/eventstore"
	"redress/projections"
	"redress/projections/readtest"
)

// BenchmarkRebuild rebuilds all read models, and in the same run copies the same rows into
// tables without indexes with pgx alone, and reads the log alone. It reports events a
// second and both ratios.
func BenchmarkRebuild(b *testing.B) {
	c := readtest.New(b)
	c.Histories(1, 3000)
	end, err := c.Store.End(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var events int
	var rebuilding, copying, reading time.Duration
	for b.Loop() {
		began := time.Now()
		if err := projections.Rebuild(b.Context(), c.Pool, c.Store, readtest.Tenant, nil); err != nil {
			b.Fatal(err)
		}
		rebuilding += time.Since(began)
		copying += copyRows(b, c)
		began, events = time.Now(), 0
		for _, err := range c.Store.ReadAll(b.Context(), 0, end.Position) {
			if err != nil {
				b.Fatal(err)
			}
			events++
		}
		reading += time.Since(began)
	}
	total := float64(events * b.N)
	b.ReportMetric(total/rebuilding.Seconds(), "events/s")
	b.ReportMetric(total/reading.Seconds(), "reads/s")
	b.ReportMetric(copying.Seconds()/rebuilding.Seconds(), "of-copy")
	b.ReportMetric(reading.Seconds()/rebuilding.Seconds(), "of-reading")
	b.ReportMetric(0, "ns/op")
}

// copyRows copies the rows of the live tables into bare ones, and returns how long the
// copying alone took.
func copyRows(b *testing.B, c *readtest.Council) (took time.Duration) {
	b.Helper()
	tx, err := c.Pool.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(b.Context()))
	for _, m := range projections.Models {
		bare := m.Name + "_bare"
		var columns, wanted []string
		for _, column := range m.Columns {
			columns, wanted = append(columns, column.Name), append(wanted, column.Name)
			if column.Type == "tstzmultirange" { // pgx cannot write again what it reads of these
				wanted[len(wanted)-1] += "::text as " + column.Name
			}
		}
		selected := "select " + strings.Join(wanted, ", ") + " from read." + m.Name
		if _, err := tx.Exec(b.Context(), "create table "+bare+" as "+selected+" with no data"); err != nil {
			b.Fatal(err)
		}
		rows, err := tx.Query(b.Context(), selected)
		if err != nil {
			b.Fatal(err)
		}
		var values [][]any
		for rows.Next() {
			row, err := rows.Values()
			if err != nil {
				b.Fatal(err)
			}
			values = append(values, row)
		}
		if rows.Err() != nil {
			b.Fatal(rows.Err())
		}
		began := time.Now()
		if _, err := tx.CopyFrom(b.Context(), pgx.Identifier{bare}, columns, pgx.CopyFromRows(values)); err != nil {
			b.Fatal(err)
		}
		took += time.Since(began)
	}
	return took
}

// BenchmarkFreshness is the time from an append's answer until its rows are committed.
func BenchmarkFreshness(b *testing.B) {
	c := readtest.New(b)
	c.Run()
	reach(b, c)
	n := 0
	var took []time.Duration
	for b.Loop() {
		n++
		id := readtest.CaseID(77, n)
		position := c.Append(domain.CaseStream(id), readtest.Opened, readtest.Received("RD-2024-000001", readtest.Opened))
		began := time.Now()
		for checkpoint(b, c) < position {
		}
		took = append(took, time.Since(began))
	}
	percentiles(b, took)
}

// checkpoint returns how far the read models have come.
func checkpoint(b *testing.B, c *readtest.Council) uint64 {
	var at int64
	if err := c.Pool.QueryRow(b.Context(), "select position from projections.checkpoint").Scan(&at); err != nil {
		b.Fatal(err)
	}
	return uint64(at)
}

func percentiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkFreshnessUnderLoad is the same while 500 commands a second come, whether or not those before are answered.
func BenchmarkFreshnessUnderLoad(b *testing.B) {
	const every = time.Second / 500
	c := readtest.New(b)
	c.Run()
	reach(b, c)
	type answer struct {
		position uint64
		at       time.Time
	}
	answers := make(chan answer, 1<<10)
	var callers sync.WaitGroup
	began := time.Now()
	callers.Go(func() {
		for n := range b.N {
			time.Sleep(time.Until(began.Add(time.Duration(n) * every)))
			callers.Go(func() {
				id := readtest.CaseID(78, n)
				appended, err := c.Store.Append(b.Context(), domain.CaseStream(id), eventstore.NoStream, []eventstore.Proposed{{
					Event: readtest.Received("RD-2024-000001", readtest.Opened), Meta: domain.Metadata{
						CommandID: id, CorrelationID: id, CausationID: id, OccurredAt: readtest.Opened, RecordedAt: readtest.Opened,
						ActorID: "system", ActorRole: "system", WayIn: domain.ViaProcess,
					},
				}})
				if err != nil {
					b.Error(err)
				}
				answers <- answer{appended.Position, time.Now()}
			})
		}
	})
	took := make([]time.Duration, 0, b.N)
	var waiting []answer
	for len(took) < b.N {
		at, seen := checkpoint(b, c), time.Now()
		waiting = slices.DeleteFunc(waiting, func(a answer) bool {
			there := a.position <= at
			if there {
				took = append(took, max(0, seen.Sub(a.at)))
			}
			return there
		})
		for more := true; more; {
			select {
			case a := <-answers:
				waiting = append(waiting, a)
			default:
				more = false
			}
		}
	}
	callers.Wait()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "commands/s")
	percentiles(b, took)
}

// Readers that come while a rebuild swaps the tables always get an answer.
func TestReadsNeverFailDuringARebuild(t *testing.T) {
	c := readtest.New(t)
	c.Histories(1, 30)
	c.Run()
	reach(t, c)
	var over atomic.Bool
	done := make(chan error, 1)
	go func() {
		var failed error
		for !over.Load() && failed == nil {
			var n int
			failed = c.Pool.QueryRow(context.WithoutCancel(t.Context()), "select count(*) from read.cases").Scan(&n)
			if failed == nil && n != 30 {
				t.Errorf("a reader saw %d cases", n)
			}
		}
		done <- failed
	}()
	for range 5 {
		if err := projections.Rebuild(t.Context(), c.Pool, c.Store, readtest.Tenant, nil); err != nil {
			t.Error(err)
		}
	}
	over.Store(true)
	if err := <-done; err != nil {
		t.Error(err)
	}
	reach(t, c)
	equal(t, c)
}
