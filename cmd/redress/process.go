package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	managers "redress/commands/process"
)

// managersLook is how often process managers look at what is owed.
const managersLook = 30 * time.Second

// manage runs the process managers for as long as the system runs. Of several processes on one cluster one does the work
// and the others wait for its lock; command ids, and not the lock, keep a duty from being done twice.
func (y *system) manage(ctx context.Context) error {
	ticks := time.NewTicker(managersLook)
	defer ticks.Stop()
	for ctx.Err() == nil {
		err := y.manageLocked(ctx, ticks.C)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		slog.Warn("process managers begin again", "error", err)
		select {
		case <-ctx.Done():
		case <-ticks.C:
		}
	}
	return nil
}

// manageLocked waits for the lock and works until the session that holds it is lost.
func (y *system) manageLocked(ctx context.Context, ticks <-chan time.Time) (err error) {
	pooled, err := y.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	session := pooled.Hijack()
	defer func() { err = errors.Join(err, closeSession(ctx, session)) }()
	if _, err := session.Exec(ctx, "select pg_advisory_lock(hashtextextended($1, 0))", "redress process managers "+y.settings.Tenant); err != nil {
		return err
	}
	m := &managers.Manager{Handler: y.handler, Candidates: y.candidates, Log: slog.Default(), Surveys: y.settings.SMTPURL != ""}
	return m.Run(ctx, ticks, func(ctx context.Context) error {
		_, err := session.Exec(ctx, "select 1")
		return err
	})
}

// candidates lists the cases at which process managers look, from an index that has reached the log's end.
func (y *system) candidates(ctx context.Context, clocks []string, by, closedSince time.Time) ([]uuid.UUID, error) {
	if _, err := y.queries.WaitForEnd(ctx, patience); err != nil {
		return nil, err
	}
	return y.queries.Candidates(ctx, clocks, by, closedSince)
}

// closeSession ends a session whatever became of ctx. One that was lost already is no fault.
func closeSession(ctx context.Context, session *pgx.Conn) error {
	if session.IsClosed() {
		return nil
	}
	return session.Close(context.WithoutCancel(ctx))
}
