package accounts_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/projections/postgres/pgtest"
	"redress/web/accounts"
)

var (
	_ scs.Store    = accounts.Sessions{}
	_ scs.CtxStore = accounts.Sessions{}
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func open(t *testing.T) (*accounts.Accounts, *clock) {
	t.Helper()
	url := pgtest.URL(t)
	for range 2 { // the second finds nothing to do
		if err := accounts.Migrate(t.Context(), url); err != nil {
			t.Fatal(err)
		}
	}
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c := &clock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	return &accounts.Accounts{Pool: pool, Now: c.now}, c
}

func TestTokenLife(t *testing.T) {
	store, clock := open(t)
	ctx := t.Context()
	jane, err := store.Open(ctx, "jane", uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := store.Open(ctx, "jane", uuid.New()); err != nil || again != jane {
		t.Fatalf("a second Open: %v %v, want the first account %v", again, err, jane)
	}
	expires := clock.at.Add(24 * time.Hour)
	secret, token, err := store.Add(ctx, jane, &expires)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(secret, accounts.TokenPrefix) || len(secret) != len(accounts.TokenPrefix)+43 {
		t.Errorf("a secret of %d characters", len(secret))
	}
	var kept string
	if err := store.Pool.QueryRow(ctx, "select t::text from accounts.tokens t").Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(kept, secret[len(accounts.TokenPrefix):]) {
		t.Error("the secret stands in the table")
	}
	valid := func(want bool) {
		t.Helper()
		got, err := store.Authenticate(ctx, secret)
		if want && (err != nil || got.Account != jane || got.ID != token.ID) {
			t.Errorf("Authenticate: %v %v", got, err)
		}
		if !want && !errors.Is(err, accounts.ErrUnknown) {
			t.Errorf("Authenticate: %v, want ErrUnknown", err)
		}
		if _, err := store.Token(ctx, token.ID); (err == nil) != want {
			t.Errorf("Token: %v, want valid %v", err, want)
		}
	}
	valid(true)
	clock.at = expires
	valid(false)
	clock.at = expires.Add(-time.Second)
	valid(true)
	if n, err := store.Revoke(ctx, "jane"); err != nil || n != 1 {
		t.Errorf("Revoke: %d %v", n, err)
	}
	valid(false)
	if n, err := store.Revoke(ctx, "jane"); err != nil || n != 0 {
		t.Errorf("Revoke again: %d %v", n, err)
	}
	if _, err := store.Revoke(ctx, "nobody"); !errors.Is(err, accounts.ErrUnknown) {
		t.Errorf("Revoke of nobody: %v", err)
	}
	list, err := store.List(ctx)
	if err != nil || len(list) != 1 || list[0].RevokedAt == nil || list[0].Account != jane {
		t.Errorf("List: %v %v", list, err)
	}
}

func TestAuthenticateRefuses(t *testing.T) {
	store, _ := open(t)
	for _, secret := range []string{"", "rdt_", accounts.NewSecret(accounts.TokenPrefix), "'; drop table accounts.tokens; --"} {
		if _, err := store.Authenticate(t.Context(), secret); !errors.Is(err, accounts.ErrUnknown) {
			t.Errorf("%v, want ErrUnknown", err)
		}
	}
}

func TestAccountNames(t *testing.T) {
	store, _ := open(t)
	for name, want := range map[string]bool{
		"jane": true, "J.Doe-2": true, "a": true, strings.Repeat("x", 64): true,
		"": false, ".a": false, "a b": false, "a@b.example": false, "a/b": false, strings.Repeat("x", 65): false, "é": false,
	} {
		if _, err := store.Open(t.Context(), name, uuid.New()); (err == nil) != want {
			t.Errorf("%q: %v, want accepted %v", name, err, want)
		}
	}
}

func TestSessions(t *testing.T) {
	store, clock := open(t)
	sessions, ctx := accounts.Sessions{Accounts: store}, t.Context()
	commit := func(token, data string, life time.Duration) {
		t.Helper()
		if err := sessions.CommitCtx(ctx, token, []byte(data), clock.at.Add(life)); err != nil {
			t.Fatal(err)
		}
	}
	find := func(token, want string) {
		t.Helper()
		data, found, err := sessions.FindCtx(ctx, token)
		if err != nil || found != (want != "") || !bytes.Equal(data, []byte(want)) {
			t.Errorf("%s: %q %v %v, want %q", token, data, found, err, want)
		}
	}
	commit("a", "first", time.Hour)
	commit("a", "second", 2*time.Hour)
	commit("b", "other", 3*time.Hour)
	find("a", "second")
	clock.at = clock.at.Add(2 * time.Hour)
	find("a", "")
	commit("c", "third", time.Hour)
	var left int
	if err := store.Pool.QueryRow(ctx, "select count(*) from accounts.sessions").Scan(&left); err != nil || left != 2 {
		t.Errorf("%d sessions left, want 2: the expired one goes (%v)", left, err)
	}
	if err := sessions.DeleteCtx(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	find("b", "")
}
