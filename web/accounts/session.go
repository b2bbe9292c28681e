package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Sessions is the store behind scs, which hashes the cookie's value before it comes here. Its forms without a context
// are what scs asks of every store; scs never calls them where the others are there.
type Sessions struct{ *Accounts }

// FindCtx returns the data of a session that has not expired.
func (s Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = s.Pool.QueryRow(ctx, "select data from accounts.sessions where token = $1 and expires_at > $2",
		token, s.Now()).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	return data, true, nil
}

// CommitCtx keeps the data of a session until expiry, and drops those that have expired.
func (s Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := s.Pool.Exec(ctx, `with gone as (delete from accounts.sessions where expires_at <= $4 and token <> $1)
		insert into accounts.sessions (token, data, expires_at) values ($1, $2, $3)
		on conflict (token) do update set data = excluded.data, expires_at = excluded.expires_at`, token, data, expiry, s.Now())
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// DeleteCtx ends a session; one that is not there is none.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	if _, err := s.Pool.Exec(ctx, "delete from accounts.sessions where token = $1", token); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// Find is [Sessions.FindCtx] without a context.
func (s Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is [Sessions.CommitCtx] without a context.
func (s Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is [Sessions.DeleteCtx] without a context.
func (s Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
