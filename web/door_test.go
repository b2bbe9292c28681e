package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"redress/commands"
	"redress/domain"
	"redress/projections/postgres/pgtest"
	"redress/queries"
	"redress/web/accounts"
)

// door is a server that listens on loopback, with real accounts in PostgreSQL and a config stream in memory. Behind it
// stand neither log nor read models: what it tests never reaches them.
type door struct {
	*Server
	t    testing.TB
	url  string
	log  *lines
	pool *pgxpool.Pool

	mu      sync.Mutex
	config  *domain.Config    // guarded by mu
	at      time.Time         // guarded by mu; moved by tests
	secrets map[string]string // token by account name
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// openDoor starts a door. change may alter the server before it starts.
func openDoor(t testing.TB, change func(*door)) *door {
	t.Helper()
	dsn := pgtest.URL(t)
	if err := accounts.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	d := &door{
		t: t, log: &lines{}, pool: pool, config: domain.NewConfig(), secrets: map[string]string{},
		at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
	}
	d.Server = &Server{
		Commands: &commands.Handler{}, Queries: &queries.Queries{},
		Accounts:      &accounts.Accounts{Pool: pool, Now: d.now},
		Config:        d.configNow,
		OperatorToken: accounts.NewSecret(accounts.OperatorPrefix), UID: 1000, Tenant: "council", Version: "test",
		Now: d.now, Metrics: prometheus.NewRegistry(), Ready: func(context.Context) error { return nil },
		Log: slog.New(slog.NewJSONHandler(d.log, nil)),
	}
	if change != nil {
		change(d)
	}
	d.url = d.serve(false)
	return d
}

// serve listens on a free port of loopback until the test ends.
func (d *door) serve(proxied bool) string {
	d.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	handler := d.handler()
	go func() { ended <- Serve(ctx, ln, handler, proxied) }()
	d.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			d.t.Errorf("Serve: %v", err)
		}
	})
	return "http://" + ln.Addr().String()
}

func (d *door) handler() http.Handler {
	d.Metrics = prometheus.NewRegistry()
	return d.Handler()
}

func (d *door) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *door) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

func (d *door) configNow(context.Context) (*domain.Config, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.config.Clone(), nil
}

// person makes an account with a token and grants it roles for a service, or for all where that is empty.
func (d *door) person(name string, service domain.Term, roles ...domain.Role) accounts.Account {
	d.t.Helper()
	account, err := d.Accounts.Open(d.t.Context(), name, uuid.New())
	if err != nil {
		d.t.Fatal(err)
	}
	if d.secrets[name], _, err = d.Accounts.Add(d.t.Context(), account, nil); err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	err = d.config.Apply(domain.Recorded{
		Event:    domain.RoleGranted{ActorID: account.ActorID, Roles: roles, Service: service, From: d.at},
		Revision: d.config.Events, Stream: domain.ConfigStream("council"),
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return account
}

// call sends a request. The header's pairs are names and values.
func (d *door) call(method, path, body string, header ...string) (*http.Response, string) {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return d.send(client, request)
}

func (d *door) send(client *http.Client, request *http.Request) (*http.Response, string) {
	d.t.Helper()
	response, err := client.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return response, string(text)
}

func bearer(secret string) []string { return []string{"Authorization", "Bearer " + secret} }

// visit is a browser: it keeps cookies and follows no redirect.
func (d *door) visit() *http.Client {
	d.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// post sends a form as a browser does from one of our own pages.
func (d *door) post(client *http.Client, path string, form url.Values, site string) (*http.Response, string) {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), "POST", d.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", site)
	return d.send(client, request)
}

// get asks for a page.
func (d *door) get(client *http.Client, path string) (*http.Response, string) {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), "GET", d.url+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.send(client, request)
}
