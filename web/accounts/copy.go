package accounts

import (
	"context"
	"io"

	"github.com/jackc/pgx/v5/pgxpool"

	"redress/projections/postgres"
)

// copied are the tables that a copy holds. Sessions are not worth keeping: who had one signs in again.
var copied = []string{"accounts", "tokens"}

// Copy writes accounts and tokens, which are hashed, and returns how many rows there are. The schema must be up to date.
func Copy(ctx context.Context, pool *pgxpool.Pool, to io.Writer) (rows int64, err error) {
	return postgres.CopyTables(ctx, pool, to, "accounts", copied...)
}

// Restore puts a copy into a database without accounts, all or none, and returns how many rows there were.
func Restore(ctx context.Context, url string, from io.Reader) (rows int64, err error) {
	if err := Migrate(ctx, url); err != nil {
		return 0, err
	}
	return postgres.RestoreTables(ctx, url, from, "accounts", copied...)
}
