// Package pgtest gives each test an empty PostgreSQL database of its own, so that
// tests run side by side against the real thing.
//
// The databases are made on the server that REDRESS_TEST_POSTGRES names (a URL whose
// role may create databases) or, where it is unset, on one private server for each
// test binary. That server lives in the temporary folder, starts at the first call and
// goes with the binary however it ends; nothing is left behind.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"redress/projections/postgres"
)

// URL makes an empty database and returns its connection string, whose role owns it.
// The database is dropped when the test ends, together with whatever is still
// connected. Where no server can be had the test fails and says why: it never skips.
func URL(t testing.TB) string {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	if err := s.exec("create database " + name + " template template0 strategy wal_log" + s.ownedBy); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.exec("drop database " + name + " with (force)"); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	own := *s.base
	own.Path = "/" + name
	return own.String()
}

// server is where the databases are made.
type server struct {
	admin   string   // the connection string of who may create databases
	base    *url.URL // the connection string of who owns them, but for the name
	ownedBy string   // the clause that hands a database over, where the two differ

	// lifeline is our end of the reaper's pipe. Being here keeps it open; the kernel
	// closes it when this process ends, by whatever end.
	lifeline *os.File
}

var shared = sync.OnceValues(func() (server, error) {
	if given := os.Getenv("REDRESS_TEST_POSTGRES"); given != "" {
		return newServer(given, given, "")
	}
	dir, err := os.MkdirTemp("", "redress-pgtest-")
	if err != nil {
		return server{}, err
	}
	lifeline, err := startReaper(dir)
	if err != nil {
		return server{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	private, err := postgres.Start(ctx, filepath.Join(dir, "postgres"), postgres.Options{
		BinDir: os.Getenv("REDRESS_PG_BIN"), DataDir: dir, FastUnsafe: true, MaxConnections: 300,
	})
	if err != nil {
		return server{}, err
	}
	s, err := newServer(private.AdminURL(), private.URL(), " owner redress")
	s.lifeline = lifeline
	return s, err
})

func newServer(admin, owner, ownedBy string) (server, error) {
	base, err := url.Parse(owner)
	if err != nil {
		return server{}, errors.New("REDRESS_TEST_POSTGRES is not a URL") // the cause would show its password
	}
	return server{admin: admin, base: base, ownedBy: ownedBy}, nil
}

func (s server) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// startReaper starts a shell that waits for our end of its pipe to close and then
// removes the folder. It tries until it succeeds, since the server may be writing its
// last files.
func startReaper(dir string) (lifeline *os.File, err error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	cmd := exec.Command("sh", "-c", `read -r _; until rm -rf "$1" 2>/dev/null; do sleep 0.1; done`, "sh", dir)
	cmd.Stdin = theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return ours, cmd.Process.Release()
}
