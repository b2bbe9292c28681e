package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"redress/commands"
	"redress/eventstore"
	"redress/eventstore/vault"
	"redress/projections"
	"redress/queries"
)

// system is the program wired to its addresses, the same whether the servers behind them are our own parts, those of a
// running serve, or a cluster.
type system struct {
	settings settings
	parts    *parts // nil when a running serve has them
	vault    *vault.Vault
	store    *eventstore.Store
	pool     *pgxpool.Pool
	handler  *commands.Handler
	queries  *queries.Queries

	group  *errgroup.Group // everything that runs until the system is closed
	ctx    context.Context // ends with the first of them that fails
	cancel context.CancelCauseFunc
}

// wiring says what a verb needs beyond the common parts.
type wiring struct {
	broker  bool             // it will use messages
	doors   doors            // TCP doors for outside tools
	opening commands.Opening // how an empty log begins
	now     func() time.Time // the clock of commands; nil: the machine's
}

// patience is how long reading verbs wait for read models that do not move.
const patience = 60 * time.Second

// errLost says that what a verb was working through has gone.
var errLost = errors.New("the running serve, or the event store behind it, has gone")

// openSystem attaches to a running serve, or starts the parts and the projections for the caller's own duration. The
// caller closes it.
func openSystem(ctx context.Context, s settings, w wiring) (_ *system, err error) {
	y := &system{settings: s}
	ctx, y.cancel = context.WithCancelCause(ctx)
	y.group, y.ctx = errgroup.WithContext(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, y.close())
		}
	}()
	if info, ok := running(s.Data); ok {
		y.attach(info)
	} else if y.parts, err = startParts(ctx, &y.settings, w.doors, w.broker); err != nil {
		return nil, err
	}
	connected := make(chan struct{})
	if y.parts == nil { // already now: a store that has gone is waited for without end
		y.group.Go(func() error { return y.watchServe(connected) })
	}
	if err := y.connect(y.ctx, w); err != nil {
		return nil, err
	}
	close(connected)
	if y.parts == nil {
		return y, nil
	}
	y.group.Go(func() error { return y.parts.watch(y.ctx) })
	runner := &projections.Runner{Pool: y.pool, Store: y.store, Tenant: y.settings.Tenant, Log: slog.Default()}
	y.group.Go(func() error { return runner.Run(y.ctx) })
	return y, nil
}

// attach takes the addresses of a running serve.
func (y *system) attach(info runtimeInfo) {
	s := &y.settings
	s.attached = true
	s.EventStoreURL, s.PostgresURL, s.VaultURL = info.EventStore, info.Postgres, info.Vault
	s.KEKFile, s.Tenant = info.KEKFile, info.Tenant
}

// connect opens vault, log and database, in this order, and begins or checks the log.
func (y *system) connect(ctx context.Context, w wiring) (err error) {
	s := y.settings
	if y.vault, err = vault.Open(ctx, firstNonEmpty(s.VaultURL, s.PostgresURL), s.KEKFile); err != nil {
		return err
	}
	if y.store, err = eventstore.Open(ctx, eventstore.Config{URL: s.EventStoreURL, Tenant: s.Tenant, Vault: y.vault, Logger: slog.Default()}); err != nil {
		return fmt.Errorf("event store: %w", err)
	}
	if y.parts != nil {
		if err := projections.Migrate(ctx, s.PostgresURL); err != nil {
			return err
		}
	}
	if y.pool, err = openPool(ctx, s.PostgresURL); err != nil {
		return err
	}
	y.queries = &queries.Queries{Pool: y.pool, Store: y.store, Tenant: s.Tenant}
	y.handler = &commands.Handler{Store: y.store, Tenant: s.Tenant, Now: w.now, Resolve: y.resolve, CasesOf: y.casesOf}
	if err := y.handler.Open(ctx, w.opening); err != nil {
		return err
	}
	if y.parts == nil {
		return nil
	}
	if err := projections.SameLog(ctx, y.pool, y.store); err != nil {
		return err
	}
	if err := y.recordLoss(ctx); err != nil {
		return err
	}
	_, err = y.handler.FinishErasures(ctx)
	return err
}

func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("postgres: the address cannot be read")
	}
	config.MaxConns = max(config.MaxConns, 12)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return pool, nil
}

// watchServe ends the system when the serve that it is attached to goes away, so that no verb waits for it for ever. Until
// the system is connected it has no store to ask, and looks at the process alone.
func (y *system) watchServe(connected <-chan struct{}) error {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for misses := 0; misses < 2; {
		select {
		case <-y.ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, ok := running(y.settings.Data); !ok {
			break
		}
		select {
		case <-connected:
		default:
			continue
		}
		probe, cancel := context.WithTimeout(y.ctx, 4*time.Second)
		if _, err := y.store.End(probe); err != nil && y.ctx.Err() == nil {
			misses++
		} else {
			misses = 0
		}
		cancel()
	}
	return errLost
}

// close ends everything that runs and then what it ran on.
func (y *system) close() error {
	y.cancel(nil)
	err := y.group.Wait()
	if y.store != nil {
		y.store.Close()
	}
	if y.pool != nil {
		y.pool.Close()
	}
	if y.vault != nil {
		y.vault.Close()
	}
	if y.parts != nil {
		err = errors.Join(err, y.parts.stop())
	}
	return err
}

// withSystem runs a verb on an open system. When a part of it fails meanwhile, that is the verb's error.
func withSystem(cmd *cobra.Command, w wiring, verb func(context.Context, *system) error) error {
	s, err := loadSettings(dataFlag(cmd))
	if err != nil {
		return err
	}
	startLog(s)
	y, err := openSystem(cmd.Context(), s, w)
	if err != nil {
		return err
	}
	err = verb(y.ctx, y)
	lost := y.ctx.Err() != nil && cmd.Context().Err() == nil
	if closed := y.close(); closed != nil && (lost || err == nil) {
		return closed
	}
	return err
}

// startLog sends the program's own log to stderr.
func startLog(s settings) {
	level := slog.LevelInfo
	if s.LogLevel != "" {
		_ = level.UnmarshalText([]byte(s.LogLevel))
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
}

// resolve finds a case by its reference. The index is asked at once, and again when it has reached the log's end.
func (y *system) resolve(ctx context.Context, ref string) (uuid.UUID, bool, error) {
	if id, ok, err := y.queries.Resolve(ctx, ref); ok && err == nil {
		return id, ok, nil
	}
	if _, err := y.queries.WaitForEnd(ctx, patience); err != nil {
		return uuid.Nil, false, err
	}
	return y.queries.Resolve(ctx, ref)
}

// casesOf lists the cases of a person, from an index that has reached the log's end.
func (y *system) casesOf(ctx context.Context, person uuid.UUID) ([]uuid.UUID, error) {
	if _, err := y.queries.WaitForEnd(ctx, patience); err != nil {
		return nil, err
	}
	return y.queries.CasesOf(ctx, person)
}
