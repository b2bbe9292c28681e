package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"redress/notify"
)

// readyPatience is how long the ready line waits for read models that do not move.
const readyPatience = 2 * time.Second

// serveFlags are the choices of serve that are no settings.
type serveFlags struct {
	listen      string
	doors       doors
	behindProxy bool
	orFreePort  bool
}

func serveCommand() *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run everything; prints one ready line",
		Long: `Runs everything, and prints one ready line.

Meanwhile the log of the embedded event store is read again from its disk, twice a day. Where it is not what was written
nothing is recorded any more: commands fail, /readyz says not ready, the metric redress_log_damaged is 1, and the log of
this program names the file and the place. What is whole can still be read. Put the file back from a backup, or restore
one whole, and start again; the next start looks there first.`,
		Example: "  redress serve --data data --listen 127.0.0.1:8080",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd, flags)
		},
	}
	flags.add(cmd)
	return cmd
}

func (f *serveFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.listen, "listen", "", "web address (default 127.0.0.1 and a free port)")
	cmd.Flags().StringVar(&f.doors.eventStore, "eventstore-listen", "", "open the event store on a loopback TCP address too, without credentials")
	cmd.Flags().StringVar(&f.doors.nats, "nats-listen", "", "open the message broker on a loopback TCP address too, with a token")
	cmd.Flags().BoolVar(&f.behindProxy, "behind-proxy", false, "a reverse proxy with TLS stands in front; needed for an address that is not loopback")
	cmd.Flags().BoolVar(&f.orFreePort, "or-free-port", false, "where the port is taken use a free one, and say so")
	checkBefore(cmd, f.check)
}

// check refuses addresses that could only fail later, and that others could reach.
func (f *serveFlags) check() error {
	for name, address := range map[string]string{"--eventstore-listen": f.doors.eventStore, "--nats-listen": f.doors.nats} {
		if address == "" {
			continue
		}
		if local, err := loopback(address); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		} else if !local {
			return fmt.Errorf("%s: %s is not loopback: this door is for tools on this machine", name, address)
		}
	}
	if f.listen == "" {
		return nil
	}
	return f.allowed(f.listen)
}

// allowed refuses a web address that others can reach without a proxy in front.
func (f serveFlags) allowed(address string) error {
	local, err := loopback(address)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if !local && !f.behindProxy {
		return fmt.Errorf("--listen: %s is not loopback; put a reverse proxy with TLS in front and say --behind-proxy", address)
	}
	return nil
}

// loopback reports whether only this machine can reach an address, HOST:PORT.
func loopback(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback(), err
}

// serve starts everything and keeps it running until a signal, or until a part that cannot be done without has failed.
func serve(cmd *cobra.Command, flags serveFlags) error {
	s, err := loadSettings(dataFlag(cmd))
	if err != nil {
		return err
	}
	if info, ok := running(s.Data); ok {
		return fmt.Errorf("data folder %s is in use: process %d serves it at %s", s.Data, info.PID, info.Web)
	}
	unknown, err := unknownSettings(os.Environ())
	if err != nil {
		return err
	}
	for _, name := range unknown {
		slog.Warn("there is no such setting: what it says has no effect", "variable", name)
	}
	return withSystem(cmd, wiring{broker: true, doors: flags.doors}, func(ctx context.Context, y *system) error {
		return y.serve(ctx, cmd.OutOrStdout(), flags)
	})
}

// serve opens the doors of an open system, says so, and waits for its end.
func (y *system) serve(ctx context.Context, out io.Writer, flags serveFlags) error {
	d, err := y.newDoor(ctx)
	if err != nil {
		return err
	}
	d.metrics.MustRegister(y.parts.logMetrics()...)
	ln, err := flags.open(firstNonEmpty(flags.listen, y.settings.Listen, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	operators := ln
	if flags.behindProxy {
		if operators, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return errors.Join(err, ln.Close())
		}
		y.serveOn(operators, d, false)
	}
	y.serveOn(ln, d, flags.behindProxy)
	disconnect, err := y.tell(ctx, d)
	if err != nil {
		return err
	}
	defer disconnect()
	y.group.Go(func() error { return y.manage(y.ctx) })
	if err := y.publish(operators.Addr().String(), d.token); err != nil {
		return err
	}
	if flags.doors.eventStore != "" {
		slog.Warn("the event store listens on TCP without credentials", "address", y.parts.node.TCPURL())
	}
	// On a fresh folder the read models are there in a moment. A long rebuild is not waited for: until it is done pages
	// say that they are being built.
	_, _ = y.queries.WaitForEnd(ctx, readyPatience)
	if _, err := fmt.Fprintf(out, "ready http://%s data=%s\n", ln.Addr(), y.settings.Data); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// open listens on the web address.
func (f serveFlags) open(address string) (net.Listener, error) {
	if err := f.allowed(address); err != nil {
		return nil, usageError{err}
	}
	ln, err := net.Listen("tcp", address)
	if err != nil && f.orFreePort {
		fmt.Fprintf(os.Stderr, "%s is taken; a free port is used instead\n", address)
		host, _, _ := net.SplitHostPort(address) // it was read before
		return net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	return ln, err
}

// damage says what was found to be damaged in the embedded event store, which takes no appends from then on. An external
// one answers for itself.
func (p *parts) damage() error {
	if p == nil || p.node == nil {
		return nil
	}
	if damage := p.node.Damage(); damage != nil {
		return damage
	}
	return nil
}

// logMetrics are what a monitor watches of the embedded event store; there are none of an external one.
func (p *parts) logMetrics() []prometheus.Collector {
	if p.node == nil {
		return nil
	}
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redress_log_damaged", Help: "1 when damage was found in the log: nothing is appended until it is put right.",
		}, func() float64 {
			if p.damage() != nil {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redress_log_scrubbed_timestamp_seconds", Help: "Since when the whole log is known to be undamaged; 0 until it has been read through.",
		}, func() float64 {
			if at := p.node.Scrubbed(); !at.IsZero() {
				return float64(at.Unix())
			}
			return 0
		}),
	}
}

// tell starts the fan-out and the notifiers.
func (y *system) tell(ctx context.Context, d *webDoor) (disconnect func(), err error) {
	if err := notify.Migrate(ctx, y.settings.PostgresURL); err != nil {
		return nil, err
	}
	conn, err := y.messages()
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	w := notify.Wiring{
		Tenant: y.settings.Tenant, Conn: conn, Pool: y.pool, Store: y.store, Log: slog.Default(), Metrics: notify.NewMetrics(), Now: time.Now,
	}
	d.metrics.MustRegister(w.Metrics.Collectors()...)
	dispatcher, err := notify.NewDispatcher(w, notify.Addresses{
		SMTPURL: y.settings.SMTPURL, MailFrom: y.settings.MailFrom,
		WebhookURL: y.settings.WebhookURL, WebhookSecretFile: y.settings.WebhookSecretFile,
	}, notify.All)
	if err != nil {
		conn.Close()
		return nil, usageError{err}
	}
	y.group.Go(func() error { return notify.NewFanout(w).Run(y.ctx) })
	y.group.Go(func() error { return dispatcher.Run(y.ctx) })
	return conn.Close, nil
}

func (y *system) messages() (*nats.Conn, error) {
	if y.parts.broker != nil {
		return y.parts.broker.Connect()
	}
	return notify.Connect(y.settings.NATSURL)
}

// publish writes runtime.json.
func (y *system) publish(address, token string) error {
	s := y.settings
	return y.parts.folder.publish(runtimeInfo{
		PID: os.Getpid(), Web: "http://" + address, EventStore: y.parts.publishedEventStore(s), Postgres: s.PostgresURL,
		Vault: firstNonEmpty(s.VaultURL, s.PostgresURL), KEKFile: s.KEKFile, NATS: y.parts.publishedNATS(s), Tenant: s.Tenant,
		OperatorToken: token, Version: version,
	})
}
