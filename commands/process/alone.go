package process

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// RunAlone is Run by one process of a cluster at a time: it waits for the tenant's lock, which the session holds from then
// on, and works until ctx ends or the session is lost. The server ends a session that has said nothing for as long as
// silence, so that a process which hangs does not hold the others up: silence is longer than the time between two ticks.
//
// The lock saves work and keeps nothing apart: one that goes on after its lock was lost issues, under the same command
// ids, what the other issues.
func (m *Manager) RunAlone(ctx context.Context, session *pgx.Conn, tenant string, silence time.Duration, ticks <-chan time.Time) error {
	limit := strconv.FormatInt(silence.Milliseconds(), 10)
	if _, err := session.Exec(ctx, "select set_config('idle_session_timeout', $1, false)", limit); err != nil {
		return fmt.Errorf("process managers' session: %w", err)
	}
	if _, err := session.Exec(ctx, "select pg_advisory_lock(hashtextextended($1, 0))", "redress process managers "+tenant); err != nil {
		return fmt.Errorf("process managers' lock: %w", err)
	}
	return m.Run(ctx, ticks, func(ctx context.Context) error {
		_, err := session.Exec(ctx, "select 1")
		return err
	})
}
