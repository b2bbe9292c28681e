package postgres_test

import (
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"redress/projections/postgres"
	"redress/projections/postgres/pgtest"
)

func steps(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
	}
	return fsys
}

// Two owners in one database keep their own counts; several processes at once apply a
// step once; a later version adds its steps.
func TestMigrate(t *testing.T) {
	url := pgtest.URL(t)
	letters := map[string]string{"00001_letters.sql": "create table letters.letter (n int);"}
	parcels := map[string]string{"00001_parcels.sql": "create table parcels.parcel (n int);"}
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if err := postgres.Migrate(t.Context(), url, steps(letters), "letters"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := postgres.Migrate(t.Context(), url, steps(parcels), "parcels"); err != nil {
		t.Fatal(err)
	}
	letters["00002_stamps.sql"] = "alter table letters.letter add stamp text;"
	if err := postgres.Migrate(t.Context(), url, steps(letters), "letters"); err != nil {
		t.Fatal(err)
	}

	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int64{"letters.goose_version": 2, "parcels.goose_version": 1} {
		var got int64
		if err := conn.QueryRow(t.Context(), "select max(version_id) from "+table).Scan(&got); err != nil || got != want {
			t.Errorf("%s is at %d, %v; want %d", table, got, err, want)
		}
	}
	if _, err := conn.Exec(t.Context(), "insert into letters.letter (n, stamp) values (1, 'red')"); err != nil {
		t.Error(err)
	}
}

// A step that does not work leaves nothing of itself.
func TestMigrateLeavesWholeSteps(t *testing.T) {
	url := pgtest.URL(t)
	bad := map[string]string{
		"00001_first.sql":  "create table owner.first (n int);",
		"00002_second.sql": "create table owner.second (n int);\nselect 1/0;",
	}
	if err := postgres.Migrate(t.Context(), url, steps(bad), "owner"); err == nil {
		t.Fatal("a step that divides by zero was applied")
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	var first, second bool
	if err := conn.QueryRow(t.Context(), "select to_regclass('owner.first') is not null, to_regclass('owner.second') is not null").Scan(&first, &second); err != nil {
		t.Fatal(err)
	}
	if !first || second {
		t.Errorf("first there = %v, second there = %v", first, second)
	}
}
