package notify

import (
	"context"
	"io"

	"github.com/jackc/pgx/v5/pgxpool"

	"redress/projections/postgres"
)

// copied are the tables that a copy holds.
var copied = []string{"fanout", "notifiers", "deliveries"}

// Copy writes how far the log has been published and what became of each delivery, so that after a restore nobody is
// written to again. It returns how many rows there are. It is made before the copy of the log: a checkpoint must not be
// ahead of its log. The schema must be up to date.
func Copy(ctx context.Context, pool *pgxpool.Pool, to io.Writer) (rows int64, err error) {
	return postgres.CopyTables(ctx, pool, to, "notify", copied...)
}

// Restore puts a copy into a database in which nothing was published, all or nothing, and returns how many rows there
// were.
func Restore(ctx context.Context, url string, from io.Reader) (rows int64, err error) {
	if err := Migrate(ctx, url); err != nil {
		return 0, err
	}
	return postgres.RestoreTables(ctx, url, from, "notify", copied...)
}
