package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgxpool"

	"redress/projections/postgres"
	"redress/projections/postgres/pgtest"
)

const copyMigration = `-- +goose Up
create table kept.people (id int primary key, name text not null, secret bytea, at timestamptz);
create table kept.empty (id int primary key);
create table kept.pets (owner int not null references kept.people (id), name text);
`

func keptDatabase(t *testing.T) (string, *pgxpool.Pool) {
	t.Helper()
	url := pgtest.URL(t)
	if err := postgres.Migrate(t.Context(), url, fstest.MapFS{"00001_kept.sql": {Data: []byte(copyMigration)}}, "kept"); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return url, pool
}

func keptRows(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var rows string
	err := pool.QueryRow(t.Context(), `select (select string_agg(p::text, ';' order by id) from kept.people p)
		|| (select string_agg(p::text, ';' order by owner, name) from kept.pets p)`).Scan(&rows)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCopyAndRestoreTables(t *testing.T) {
	tables := []string{"people", "empty", "pets"}
	_, pool := keptDatabase(t)
	for _, statement := range []string{
		`insert into kept.people select n, 'a "name"' || chr(10) || n, decode('00ff', 'hex'), now() - n * interval '1 day' from generate_series(1, 2500) n`,
		"insert into kept.people values (0, '', null, null)",
		"insert into kept.pets values (0, 'Ö'), (2500, null)",
	} {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var text bytes.Buffer
	if rows, err := postgres.CopyTables(t.Context(), pool, &text, "kept", tables...); err != nil || rows != 2503 {
		t.Fatalf("copied %d rows, %v", rows, err)
	}
	url, restored := keptDatabase(t)
	for name, broken := range map[string]string{
		"shortened": text.String()[:text.Len()-3], "of another table": text.String() + `{"table":"other","row":{}}` + "\n", "no JSON": text.String() + "\n",
	} {
		if _, err := postgres.RestoreTables(t.Context(), url, strings.NewReader(broken), "kept", tables...); err == nil {
			t.Errorf("%s: it was restored", name)
		}
	}
	if rows, err := postgres.RestoreTables(t.Context(), url, bytes.NewReader(text.Bytes()), "kept", tables...); err != nil || rows != 2503 {
		t.Fatalf("restored %d rows, %v", rows, err)
	}
	if keptRows(t, restored) != keptRows(t, pool) {
		t.Error("the rows are not the same")
	}
	if _, err := postgres.RestoreTables(context.Background(), url, bytes.NewReader(text.Bytes()), "kept", tables...); err == nil {
		t.Error("restored over rows")
	} else if want := "not empty"; !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("%v does not say %q", err, want)
	}
}
