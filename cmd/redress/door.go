package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"redress/web"
	"redress/web/accounts"
)

// server is the HTTP door as the operator's verbs see it.
type server struct{ client client }

// webDoor is the HTTP door while it is being opened.
type webDoor struct {
	handler http.Handler
	token   string // the operator's, new at each start
	metrics *prometheus.Registry
}

// newDoor makes the handler of the API and the pages.
func (y *system) newDoor(ctx context.Context) (*webDoor, error) {
	if err := accounts.Migrate(ctx, y.settings.PostgresURL); err != nil {
		return nil, err
	}
	d := &webDoor{token: accounts.NewSecret(accounts.OperatorPrefix), metrics: prometheus.NewRegistry()}
	d.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s := &web.Server{
		Commands: y.handler, Queries: y.queries, Accounts: &accounts.Accounts{Pool: y.pool, Now: time.Now},
		OperatorToken: d.token, UID: os.Getuid(), Tenant: y.settings.Tenant, Version: version, PublicURL: y.settings.PublicURL,
		Now: time.Now, Metrics: d.metrics, Ready: y.ready, Log: slog.Default(),
	}
	d.handler = s.Handler()
	return d, nil
}

// ready reports whether commands and questions can be answered.
func (y *system) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, log := y.handler.Config(ctx)
	_, models := y.queries.Reached(ctx)
	return errors.Join(log, models, y.parts.damage())
}

// serveOn answers on a listener until the system is closed.
func (y *system) serveOn(ln net.Listener, d *webDoor, proxied bool) {
	y.group.Go(func() error { return web.Serve(y.ctx, ln, d.handler, proxied) })
}

// withServer runs a verb that goes through the HTTP API: that of a running serve, or one of its own on loopback.
func withServer(cmd *cobra.Command, verb func(*server) error) error {
	s, err := loadSettings(dataFlag(cmd))
	if err != nil {
		return err
	}
	if info, ok := running(s.Data); ok {
		return verb(&server{client{base: info.Web, token: info.OperatorToken}})
	}
	return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
		d, err := y.newDoor(ctx)
		if err != nil {
			return err
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		y.serveOn(ln, d, false)
		return verb(&server{client{base: fmt.Sprintf("http://%s", ln.Addr()), token: d.token}})
	})
}
