package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"redress/projections/postgres/pgtest"
)

// Two tests see two databases, each empty and owned by a role that is no superuser.
func TestURLGivesEachTestItsOwnDatabase(t *testing.T) {
	a, b := pgtest.URL(t), pgtest.URL(t)
	connA, err := pgx.Connect(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	connB, err := pgx.Connect(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connA.Exec(t.Context(), "create table only_here (n int)"); err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := connB.QueryRow(t.Context(), "select to_regclass('only_here') is not null").Scan(&there); err != nil {
		t.Fatal(err)
	}
	if there {
		t.Error("a table of one test's database is seen in another's")
	}
}
