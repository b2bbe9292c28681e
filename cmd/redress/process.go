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

// managersLook is how often process managers look at what is owed, and managersSilence for how long those that work may
// say nothing before others take over.
const (
	managersLook    = 30 * time.Second
	managersSilence = 5 * time.Minute
)

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
	m := &managers.Manager{Handler: y.handler, Candidates: y.candidates, Log: slog.Default(), Surveys: y.settings.SMTPURL != ""}
	return m.RunAlone(ctx, session, y.settings.Tenant, managersSilence, ticks)
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
