package queries_test

import (
	"fmt"
	"testing"

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

// BenchmarkReplay replays one case.
func BenchmarkReplay(b *testing.B) {
	_, q := council(b, 5, 12)
	list, err := q.Cases(b.Context(), queries.Filter{}, queries.Page{})
	if err != nil {
		b.Fatal(err)
	}
	id := list.Cases[0].ID.String()
	for b.Loop() {
		if _, err := q.Replay(b.Context(), id, queries.Moment{At: now}); err != nil {
			b.Fatal(err)
		}
	}
}
