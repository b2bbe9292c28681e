package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Options says how the embedded broker is reached. The zero value works: nobody outside the process reaches it.
type Options struct {
	// Listen is a TCP address on loopback to listen on as well, such as "127.0.0.1:0"; empty for none. Whoever connects
	// needs the token in [Broker.URL].
	Listen string
	// Logger receives the server's warnings and errors. Nil means none of them.
	Logger *slog.Logger
}

// Broker is a NATS server with JetStream inside this process. What it has acknowledged is on disk.
type Broker struct {
	server *server.Server
	token  string
	stop   sync.Once
}

// StartBroker serves the JetStream store in dir, which it makes when it is missing, until [Broker.Stop]. It returns
// once connections are answered; ctx bounds that wait only. The folder must not be served by anybody else: NATS does not
// notice, so the caller holds the lock. Errors: an address that is not on loopback or is taken, a folder that cannot be
// used.
func StartBroker(ctx context.Context, dir string, opts Options) (*Broker, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	settings := &server.Options{
		ServerName: "redress", DontListen: true, NoSigs: true, NoLog: opts.Logger == nil,
		JetStream: true, StoreDir: dir, SyncAlways: true, JetStreamMaxStore: 2 * (keepBytes + letterBytes),
	}
	b := new(Broker)
	if opts.Listen != "" {
		if err := b.open(ctx, settings, opts.Listen); err != nil {
			return nil, fmt.Errorf("broker: %w", err)
		}
	}
	var err error
	if b.server, err = server.NewServer(settings); err != nil {
		return nil, fmt.Errorf("broker in %s: %w", dir, err)
	}
	if opts.Logger != nil {
		b.server.SetLoggerV2(serverLog{opts.Logger}, false, false, false)
	}
	b.server.Start()
	if err := b.ready(ctx); err != nil {
		b.Stop()
		return nil, fmt.Errorf("broker in %s: %w", dir, err)
	}
	return b, nil
}

// open makes the server listen on a loopback address, behind a token that is new at every start.
func (b *Broker) open(ctx context.Context, settings *server.Options, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return err
	}
	if len(ips) == 0 || !ips[0].IP.IsLoopback() {
		return fmt.Errorf("%s is not on loopback", address)
	}
	if settings.Port, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("port %q: not a number", port)
	}
	if settings.Port == 0 {
		settings.Port = server.RANDOM_PORT
	}
	b.token = rand.Text()
	settings.DontListen, settings.Host, settings.Authorization = false, ips[0].IP.String(), b.token
	return nil
}

// ready waits until JetStream answers, which it does once its store has been recovered. The server does not say by
// itself that it gave up, so the wait has an end of its own.
func (b *Broker) ready(ctx context.Context) error {
	limit := time.Minute
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(end))
	}
	answered := make(chan bool, 1)
	go func() { answered <- b.server.ReadyForConnections(limit) }()
	select {
	case ok := <-answered:
		if !ok || !b.server.JetStreamEnabled() {
			return errors.New("the server does not become ready")
		}
		return nil
	case <-ctx.Done():
		b.server.Shutdown()
		<-answered
		return ctx.Err()
	}
}

// Connect makes a connection to the broker that does not leave the process. It lasts until it is closed.
func (b *Broker) Connect() (*nats.Conn, error) {
	return nats.Connect("", append(connection(), nats.InProcessServer(b.server), nats.Token(b.token))...)
}

// URL is the address, with its token, under which other processes of this machine reach the broker; empty when it does
// not listen. It is a secret.
func (b *Broker) URL() string {
	if b.token == "" {
		return ""
	}
	u := url.URL{Scheme: "nats", User: url.User(b.token), Host: b.server.Addr().String()}
	return u.String()
}

// Stop ends the broker and returns when its files are closed. Connections to it end with it. It may be called again.
func (b *Broker) Stop() {
	b.stop.Do(func() {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	})
}

// Connect makes a connection to the NATS server or cluster at address (nats://… or tls://…, with its credentials). It
// reconnects by itself until it is closed. Errors never show the address, which may hold a password.
func Connect(address string) (*nats.Conn, error) {
	conn, err := nats.Connect(address, connection()...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", unaddressed(err))
	}
	return conn, nil
}

// connection is what every connection has in common, whichever broker it goes to.
func connection() []nats.Option {
	return []nats.Option{
		nats.Name("redress"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.Timeout(5 * time.Second),
	}
}

// unaddressed takes the address out of an error about it.
func unaddressed(err error) error {
	if wrong, ok := errors.AsType[*url.Error](err); ok {
		return wrong.Err
	}
	return err
}

// serverLog hands the server's warnings and errors on. Its notices, traces and debugging are of no use to an operator.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(string, ...any) {}
func (l serverLog) Debugf(string, ...any)  {}
func (l serverLog) Tracef(string, ...any)  {}
func (l serverLog) Warnf(format string, args ...any) {
	l.log.Warn("nats: " + fmt.Sprintf(format, args...))
}

func (l serverLog) Errorf(format string, args ...any) {
	l.log.Error("nats: " + fmt.Sprintf(format, args...))
}
func (l serverLog) Fatalf(format string, args ...any) { l.Errorf(format, args...) }
