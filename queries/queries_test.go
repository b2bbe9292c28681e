package queries_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"redress/projections/readtest"
	"redress/queries"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// patience is how long a test waits without any progress.
const patience = 10 * time.Second

// council is a council whose read models have caught up with some histories.
func council(t testing.TB, seed uint64, cases int) (*readtest.Council, *queries.Queries) {
	t.Helper()
	c := readtest.New(t)
	c.Histories(seed, cases)
	c.Run()
	q := &queries.Queries{Pool: c.Pool, Store: c.Store, Tenant: readtest.Tenant, Now: func() time.Time { return now }}
	if _, err := q.WaitForEnd(t.Context(), patience); err != nil {
		t.Fatal(err)
	}
	return c, q
}

// now is the present of these tests: some of their cases are still open then.
var now = time.Date(2025, 9, 1, 9, 0, 0, 0, time.UTC)

// golden compares with a file of testdata, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (run with -update to accept):\n%s", path, got)
	}
}
