package vault

import (
	"context"
	"database/sql"
	"embed"
	"io/fs"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" that goose goes through
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// The vault's numbers among PostgreSQL's advisory locks.
const (
	// migrationLock: the schema is made and updated by one process at a time.
	migrationLock = 0x7661756c74 // "vault"
	// identityLock: held alone by who settles or changes the identity, shared by who
	// adds keys under it.
	identityLock = migrationLock + 1
)

// migrate brings the schema vault up to date: numbered steps, forward only, each one
// transaction. Several processes may call it at once.
func migrate(ctx context.Context, url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := makeSchema(ctx, db); err != nil {
		return err
	}
	steps, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, steps,
		goose.WithTableName("vault.goose_version"), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// makeSchema looks first, so that a role without the right to make a schema may use
// one that was made for it.
func makeSchema(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock($1)", int64(migrationLock)); err != nil {
		return err
	}
	var there bool
	if err := tx.QueryRowContext(ctx, "select exists (select from pg_namespace where nspname = 'vault')").Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.ExecContext(ctx, "create schema vault"); err != nil {
			return err
		}
	}
	return tx.Commit()
}
