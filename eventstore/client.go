package eventstore

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// attemptInterval is the least time between two attempts to reach a server that is away.
const attemptInterval = time.Second

// keepAlive is how often the connection is pinged, and how long an answer may take.
const keepAlive = 10 * time.Second

// door keeps the official client within bounds. Left alone, version 4.2.0 dies for good when a discovery fails, leaves
// those who wait for one hanging whatever their context, leaks a connection for each call that finds the server away,
// panics on messages that it does not expect and when it is closed beside a call. Hence:
//
//   - a client is made once another has found the server, which tries once and is closed; its own discoveries never give
//     up, and its first call is made alone: both by open;
//   - a client whose server was away is given up at once (a new one is opened), and closed when its last call has ended;
//   - while no client is open, callers wait here, where they can leave, and one attempt is made a second;
//   - each call runs in a goroutine of its own, which the caller can leave behind, and which catches panics.
type door struct {
	config esdb.Configuration
	log    *slog.Logger

	mu      sync.Mutex
	current *line         // nil while none is open
	opening chan struct{} // closed when the attempt under way has ended; nil when none is
	last    time.Time     // when the last attempt began
	fault   string        // what the client said last of a failing discovery
	closed  bool
	ended   chan struct{} // closed with the door
}

// line is one client and the calls that are on it.
type line struct {
	client  *esdb.Client
	calls   int
	retired bool // given up: close it when the last call ends
}

func newDoor(address string, log *slog.Logger) (*door, error) {
	config, err := configuration(address)
	if err != nil {
		return nil, err
	}
	d := &door{config: *config, log: log, ended: make(chan struct{})}
	d.config.Logger = d.clientSays
	return d, nil
}

// configuration understands esdb:// and esdb+discover://, unix:///path and an absolute path to a socket.
func configuration(address string) (*esdb.Configuration, error) {
	socket, isSocket := strings.CutPrefix(address, "unix://")
	if filepath.IsAbs(address) {
		socket, isSocket = address, true
	}
	if isSocket {
		if !filepath.IsAbs(socket) {
			return nil, fmt.Errorf("the event store's socket must be an absolute path, not %q", socket)
		}
		address = "esdb://localhost?tls=false"
	}
	config, err := esdb.ParseConnectionString(address)
	if err != nil {
		// The cause repeats the whole string, and with it the password.
		return nil, fmt.Errorf("the event store's address %s cannot be read: it should look like esdb://HOST:PORT?tls=false", withoutSecrets(address))
	}
	if config.DefaultDeadline != nil && *config.DefaultDeadline <= 0 {
		return nil, fmt.Errorf("the event store's address %s: defaultDeadline must be a number of milliseconds", withoutSecrets(address))
	}
	if isSocket {
		config.Address = "unix://" + socket
	}
	config.MaxDiscoverAttempts = math.MaxInt32
	config.DiscoveryInterval = int(attemptInterval / time.Millisecond)
	config.KeepAliveInterval, config.KeepAliveTimeout = keepAlive, keepAlive
	return config, nil
}

func withoutSecrets(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return "(not a URL)"
}

// clientSays receives the client's log lines. They hold addresses and statuses, never events.
func (d *door) clientSays(level esdb.LogLevel, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if level == esdb.LogWarn || level == esdb.LogError {
		d.mu.Lock()
		d.fault = text
		d.mu.Unlock()
	}
	d.log.Debug("event store client", "level", level, "says", text)
}

// take returns a line with one more call on it, which the caller gives back with release. It waits for the server as
// long as the context allows.
func (d *door) take(ctx context.Context) (*line, error) {
	for {
		d.mu.Lock()
		if d.closed {
			d.mu.Unlock()
			return nil, ErrClosed
		}
		if l := d.current; l != nil {
			l.calls++
			d.mu.Unlock()
			return l, nil
		}
		if d.opening == nil {
			d.opening = make(chan struct{})
			go d.open(d.opening)
		}
		attempt := d.opening
		d.mu.Unlock()
		select {
		case <-attempt:
		case <-ctx.Done():
			return nil, d.away(ctx)
		}
	}
}

// away is the error of a caller who gave up waiting, with the client's own words for what is wrong.
func (d *door) away(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == "" {
		return ended(ctx, ErrUnavailable)
	}
	return fmt.Errorf("%w (%s)", ended(ctx, ErrUnavailable), d.fault)
}

// open makes a client and its first call, alone: nobody else knows the client yet. That call returns when the server
// has answered.
func (d *door) open(attempt chan struct{}) {
	client, err := d.connect()
	d.mu.Lock()
	defer d.mu.Unlock()
	defer close(attempt)
	d.opening = nil
	switch {
	case err == nil && d.closed:
		client.Close()
	case err == nil:
		d.fault = ""
		d.current = &line{client: client}
	case d.fault == "":
		d.fault = err.Error()
	}
}

// connect waits until it is time for an attempt, looks whether the server is there, and answers a client that knows it.
func (d *door) connect() (*esdb.Client, error) {
	d.mu.Lock()
	wait := time.Until(d.last.Add(attemptInterval))
	d.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-d.ended:
		return nil, ErrClosed
	}
	once := d.config
	once.MaxDiscoverAttempts, once.DiscoveryInterval = 1, 1
	scout, err := found(&once)
	d.mu.Lock()
	d.last = time.Now()
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	scout.Close()
	config := d.config
	return found(&config)
}

// found answers a client whose server has answered it.
func found(config *esdb.Configuration) (*esdb.Client, error) {
	client, err := esdb.NewClient(config)
	if err != nil {
		return nil, err
	}
	_, err = guarded(func() (*esdb.ServerVersion, error) { return client.GetServerVersion() })
	return client, err
}

// release ends one call on a line. An error that means that the server was away retires the line.
func (d *door) release(l *line, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l.calls--
	if broken(err) {
		d.retire(l)
	}
	if l.retired && l.calls == 0 {
		l.client.Close()
	}
}

// retire takes a line out of use. The lock is held.
func (d *door) retire(l *line) {
	if !l.retired && d.current == l {
		d.current = nil
	}
	l.retired = true
}

// close takes no more calls. A client is closed when its last call has ended, which is now where there is none.
func (d *door) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.closed = true
	close(d.ended)
	if l := d.current; l != nil {
		d.retire(l)
		if l.calls == 0 {
			l.client.Close()
		}
	}
}

// on runs one call on a line that has been taken. The caller leaves when the context ends; the call then ends by itself,
// and what it returns is thrown away, so it must not leave anything open that its context does not end.
func on[T any](ctx context.Context, d *door, l *line, do func(*esdb.Client) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	d.hold(l)
	go func() {
		value, err := guarded(func() (T, error) { return do(l.client) })
		d.release(l, err)
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err() // the cause may be an answer, of another call
	}
}

// hold puts one more call on a line that somebody holds already.
func (d *door) hold(l *line) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l.calls++
}

// guarded turns a panic into an error.
func guarded[T any](do func() (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{p}
		}
	}()
	return do()
}
