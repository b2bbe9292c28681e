package projections

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"redress/eventstore"
)

// RebuildKeeping rebuilds with so few folded cases in memory that most are folded again.
func RebuildKeeping(ctx context.Context, pool *pgxpool.Pool, store *eventstore.Store, tenant string, kept int) error {
	_, err := rebuild(ctx, pool, history{store, tenant, kept}, nil)
	return err
}
