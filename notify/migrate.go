package notify

import (
	"context"
	"embed"
	"io/fs"

	"redress/projections/postgres"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema notify of the database up to date. The checkpoint and the deliveries in it are no read
// models: they cannot be made again from the log.
func Migrate(ctx context.Context, postgresURL string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return postgres.Migrate(ctx, postgresURL, files, "notify")
}
