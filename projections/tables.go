package projections

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// tables is one complete set of read-model tables: a schema.
type tables struct{ schema string }

// generation returns the tables with that number.
func generation(n int64) tables { return tables{"read_" + strconv.FormatInt(n, 10)} }

// session are temporary tables of one connection. They hide the live ones from queries
// that do not qualify names, and go with the transaction that made them.
var session = tables{"pg_temp"}

// published is the schema of the views by which queries reach the live tables.
const published = "read"

// streamsTable holds the last revision seen of every stream.
const streamsTable = "create table streams (stream text not null, revision bigint not null);\n"

// in returns the qualified name of a table.
func (t tables) in(name string) string { return pgx.Identifier{t.schema, name}.Sanitize() }

// make makes the tables without their indexes.
func (t tables) make(ctx context.Context, tx pgx.Tx) error {
	if t != session {
		if _, err := tx.Exec(ctx, "create schema "+t.schema); err != nil {
			return err
		}
	}
	sql := streamsTable
	for _, m := range Models {
		sql += m.table()
	}
	return t.run(ctx, tx, sql)
}

// index makes the indexes of tables that were filled without.
func (t tables) index(ctx context.Context, tx pgx.Tx) error {
	sql := "alter table streams add primary key (stream);\n"
	for _, m := range Models {
		sql += m.indexes()
	}
	return t.run(ctx, tx, sql)
}

// run runs statements whose names are not qualified. Named first in the path, pg_temp
// is where tables are made.
func (t tables) run(ctx context.Context, tx pgx.Tx, sql string) error {
	_, err := tx.Exec(ctx, "set local search_path to "+t.schema+";\n"+sql+"\nset local search_path to default;")
	return err
}

// publish points the views at these tables. Columns of a changed model may differ, so
// the views are made anew; a reader sees the old or the new ones, never none.
func (t tables) publish(ctx context.Context, tx pgx.Tx) error {
	var sql strings.Builder
	fmt.Fprintf(&sql, "create schema if not exists %s;\n", published)
	for _, m := range Models {
		view := pgx.Identifier{published, m.Name}.Sanitize()
		fmt.Fprintf(&sql, "drop view if exists %s;\ncreate view %s as select %s from %s;\n",
			view, view, strings.Join(m.names(), ", "), t.in(m.Name))
	}
	_, err := tx.Exec(ctx, sql.String())
	return err
}

// drop removes the tables.
func (t tables) drop(ctx context.Context, db execer) error {
	_, err := db.Exec(ctx, "drop schema if exists "+t.schema+" cascade")
	return err
}

// replace queues the statements that put rows in the place of the former rows of the
// cases named in gone. All go to the server in one round trip.
func (t tables) replace(batch *pgx.Batch, m *Model, gone []uuid.UUID, rows []Row) {
	if len(gone) > 0 {
		batch.Queue("delete from "+t.in(m.Name)+" where case_id = any($1::uuid[])", gone)
	}
	if len(rows) == 0 {
		return
	}
	arrays := make([]any, len(m.Columns))
	for i := range m.Columns {
		column := make([]any, len(rows))
		for j, row := range rows {
			column[j] = row[i]
			if r, ok := row[i].(ranges); ok {
				column[j] = r.text()
			}
		}
		arrays[i] = column
	}
	batch.Queue(t.insert(m), arrays...)
}

// queue adds the statements that write an output's rows.
func (t tables) queue(batch *pgx.Batch, out *output) {
	for i, m := range Models {
		gone := out.cases
		if m.Adds != nil {
			gone = out.settled
		}
		t.replace(batch, m, gone, out.rows[i])
	}
}

func queueParked(batch *pgx.Batch, generation int64, parked []Parked) {
	for _, p := range parked {
		batch.Queue(`insert into projections.parked (generation, case_id, revision, position, event_id, type, reason)
			values ($1, $2, $3, $4, $5, $6, $7)`,
			generation, p.Case, int64(p.Revision), int64(p.Position), p.Event, p.Type, p.Reason)
	}
}

// insert returns the statement that takes an array for each column. Types of which pgx
// knows no array come as text.
func (t tables) insert(m *Model) string {
	var arrays, fields, casts []string
	for i, c := range m.Columns {
		field, of := fmt.Sprintf("c%d", i), c.Type
		casts = append(casts, field+"::"+c.Type)
		if c.Type == "tstzmultirange" {
			of = "text"
		}
		arrays, fields = append(arrays, fmt.Sprintf("$%d::%s[]", i+1, of)), append(fields, field)
	}
	return fmt.Sprintf("insert into %s (%s) select %s from unnest(%s) as u(%s)", t.in(m.Name), strings.Join(m.names(), ", "),
		strings.Join(casts, ", "), strings.Join(arrays, ", "), strings.Join(fields, ", "))
}

// seen queues the statement that keeps the last revision of streams.
func (t tables) seen(batch *pgx.Batch, last map[string]uint64) {
	names, revisions := make([]string, 0, len(last)), make([]int64, 0, len(last))
	for name, revision := range last {
		names, revisions = append(names, name), append(revisions, int64(revision))
	}
	batch.Queue("insert into "+t.in("streams")+" as s (stream, revision) select * from unnest($1::text[], $2::bigint[])"+
		" on conflict (stream) do update set revision = excluded.revision", names, revisions)
}
