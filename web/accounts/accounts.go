package accounts

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/projections/postgres"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Accounts reads and writes the schema `accounts`. It can be used concurrently.
type Accounts struct {
	Pool *pgxpool.Pool
	Now  func() time.Time // required; the time against which expiry is judged
}

// Account is a name that can act, and the person it stands for in the log.
type Account struct {
	Name    string
	ActorID uuid.UUID
}

// ErrUnknown is the answer where no account, or no valid token, is what was asked for. It says no more on purpose.
var ErrUnknown = errors.New("no such account or token")

// NameRule says what an account name looks like.
const NameRule = "1-64 letters, digits and . _ -, beginning with a letter or digit"

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// ValidName reports whether a name follows [NameRule].
func ValidName(name string) bool { return namePattern.MatchString(name) }

// Migrate brings the schema `accounts` of the database at url up to date.
func Migrate(ctx context.Context, url string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return postgres.Migrate(ctx, url, files, "accounts")
}

// Find returns the account of a name, or [ErrUnknown].
func (a *Accounts) Find(ctx context.Context, name string) (Account, error) {
	found := Account{Name: name}
	err := a.Pool.QueryRow(ctx, "select actor_id from accounts.accounts where name = $1", name).Scan(&found.ActorID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Account{}, ErrUnknown
	}
	if err != nil {
		return Account{}, fmt.Errorf("account: %w", err)
	}
	return found, nil
}

// Open returns the account of a name and makes it, with the given actor id, where there is none. When two callers open
// one name at once, both get the same account.
func (a *Accounts) Open(ctx context.Context, name string, actor uuid.UUID) (Account, error) {
	if !ValidName(name) {
		return Account{}, fmt.Errorf("an account name is %s", NameRule)
	}
	_, err := a.Pool.Exec(ctx, `insert into accounts.accounts (name, actor_id, created_at) values ($1, $2, $3)
		on conflict (name) do nothing`, name, actor, a.Now())
	if err != nil {
		return Account{}, fmt.Errorf("open account: %w", err)
	}
	return a.Find(ctx, name)
}
