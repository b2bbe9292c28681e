package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The prefixes by which a secret found in the wrong place is recognised for what it is.
const (
	TokenPrefix    = "rdt_" // an API token
	OperatorPrefix = "rdo_" // the operator's token in runtime.json
)

// NewSecret returns the prefix followed by 32 random bytes in URL-safe base64.
func NewSecret(prefix string) string {
	var b [32]byte
	rand.Read(b[:]) // never fails: it ends the process where the system has no randomness
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// Token is what is known of an API token after it has been shown.
type Token struct {
	ID        uuid.UUID
	Account   Account
	CreatedAt time.Time
	ExpiresAt *time.Time // nil: it does not expire
	RevokedAt *time.Time // nil: it has not been revoked
}

// Valid reports whether the token is accepted at a moment.
func (t Token) Valid(at time.Time) bool {
	return t.RevokedAt == nil && (t.ExpiresAt == nil || at.Before(*t.ExpiresAt))
}

// Add makes a token of an account that exists and returns its secret, which is shown this once and kept nowhere. An
// account may have several, so that a new one can be rolled out before the old one is revoked.
func (a *Accounts) Add(ctx context.Context, account Account, expires *time.Time) (secret string, token Token, err error) {
	secret = NewSecret(TokenPrefix)
	hash := sha256.Sum256([]byte(secret))
	token = Token{ID: uuid.New(), Account: account, CreatedAt: a.Now().UTC().Truncate(time.Microsecond), ExpiresAt: expires}
	_, err = a.Pool.Exec(ctx, `insert into accounts.tokens (id, account, hash, created_at, expires_at)
		values ($1, $2, $3, $4, $5)`, token.ID, account.Name, hash[:], token.CreatedAt, expires)
	if err != nil {
		return "", Token{}, fmt.Errorf("add token: %w", err)
	}
	return secret, token, nil
}

const selectTokens = `select t.id, t.account, a.actor_id, t.created_at, t.expires_at, t.revoked_at
	from accounts.tokens t join accounts.accounts a on a.name = t.account `

// List returns every token, also the expired and the revoked, by account name and then by age.
func (a *Accounts) List(ctx context.Context) ([]Token, error) {
	rows, err := a.Pool.Query(ctx, selectTokens+"order by t.account, t.created_at, t.id")
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	tokens, err := pgx.CollectRows(rows, scanToken)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

// Revoke ends every token of an account, and with them its sessions, at once. It returns how many were valid until
// now, or [ErrUnknown] where there is no such account.
func (a *Accounts) Revoke(ctx context.Context, name string) (int, error) {
	if _, err := a.Find(ctx, name); err != nil {
		return 0, err
	}
	tag, err := a.Pool.Exec(ctx, `update accounts.tokens set revoked_at = $2
		where account = $1 and revoked_at is null`, name, a.Now())
	if err != nil {
		return 0, fmt.Errorf("revoke tokens: %w", err)
	}
	return int(tag.RowsAffected()), nil
}

// Authenticate returns the token of a secret that is valid now, or [ErrUnknown]. The comparison is the look-up of a
// hash: what its timing tells is nothing about the secret.
func (a *Accounts) Authenticate(ctx context.Context, secret string) (Token, error) {
	hash := sha256.Sum256([]byte(secret))
	return a.valid(ctx, "where t.hash = $1", hash[:])
}

// Token returns the token of an id where it is valid now, or [ErrUnknown]. A session asks with each request, so that
// revoking a token ends it.
func (a *Accounts) Token(ctx context.Context, id uuid.UUID) (Token, error) {
	return a.valid(ctx, "where t.id = $1", id)
}

func (a *Accounts) valid(ctx context.Context, where string, arg any) (Token, error) {
	rows, err := a.Pool.Query(ctx, selectTokens+where, arg)
	if err != nil {
		return Token{}, fmt.Errorf("token: %w", err)
	}
	token, err := pgx.CollectExactlyOneRow(rows, scanToken)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Token{}, ErrUnknown
	case err != nil:
		return Token{}, fmt.Errorf("token: %w", err)
	case !token.Valid(a.Now()):
		return Token{}, ErrUnknown
	}
	return token, nil
}

func scanToken(row pgx.CollectableRow) (Token, error) {
	var t Token
	if err := row.Scan(&t.ID, &t.Account.Name, &t.Account.ActorID, &t.CreatedAt, &t.ExpiresAt, &t.RevokedAt); err != nil {
		return Token{}, err
	}
	t.CreatedAt = t.CreatedAt.UTC()
	for _, at := range []*time.Time{t.ExpiresAt, t.RevokedAt} {
		if at != nil {
			*at = at.UTC()
		}
	}
	return t, nil
}
