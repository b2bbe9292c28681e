package queries_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/projections/readtest"
	"redress/queries"
)

// multiply has the rows of the first generation stand there many times, each time with
// other case ids.
const multiply = `do $$ declare cols text; begin
	select string_agg(case column_name when 'case_id' then 'md5(n::text || case_id::text)::uuid' else column_name end, ', ' order by ordinal_position)
		into cols from information_schema.columns where table_schema = 'read_1' and table_name = '%[1]s';
	execute 'insert into read_1.%[1]s select ' || cols || ' from read_1.%[1]s, generate_series(1, 499) n';
end $$; analyze read_1.%[1]s`

// BenchmarkReport makes the performance report with three cuts over 50,000 cases: those of
// 100, multiplied.
func BenchmarkReport(b *testing.B) {
	c, q := council(b, 5, 100)
	for _, table := range []string{"cases", "facts", "clocks", "remedies"} {
		if _, err := c.Pool.Exec(b.Context(), fmt.Sprintf(multiply, table)); err != nil {
			b.Fatal(err)
		}
	}
	p := queries.Parameters{By: []string{"service", "quarter", "stage"}}
	for b.Loop() {
		if _, err := q.Performance(b.Context(), p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReplay replays the longest of some cases, and in the same run reads its stream alone.
func BenchmarkReplay(b *testing.B) {
	c, q := council(b, 5, 40)
	var id uuid.UUID
	events := 0
	for n := range 40 {
		if found, err := q.Events(b.Context(), readtest.CaseID(5, n).String()); err != nil {
			b.Fatal(err)
		} else if len(found) > events {
			id, events = readtest.CaseID(5, n), len(found)
		}
	}
	var replaying, reading time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := q.Replay(b.Context(), id.String(), queries.Moment{At: now}); err != nil {
			b.Fatal(err)
		}
		replaying += time.Since(began)
		began = time.Now()
		for _, err := range c.Store.Read(b.Context(), domain.CaseStream(id), 0) {
			if err != nil {
				b.Fatal(err)
			}
		}
		reading += time.Since(began)
	}
	b.ReportMetric(float64(replaying.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(events), "events")
	b.ReportMetric(replaying.Seconds()/reading.Seconds(), "of-reading")
}
