package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"io/fs"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx" that goose goes through
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings the tables of one owner up to date. The owner has the schema to
// itself, made here when it is missing; files in migrations are goose's, numbered and
// forward only (00001_name.sql), and what has been applied stands in the table
// goose_version of that schema. Several processes may call it at once: one works and
// the others wait. Each file is one transaction, so a crash leaves whole steps.
func Migrate(ctx context.Context, url string, migrations fs.FS, schema string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", schema, err)
	}
	defer db.Close()
	if err := makeSchema(ctx, db, schema); err != nil {
		return fmt.Errorf("migrate %s: %w", schema, err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID(schema)), lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("migrate %s: %w", schema, err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations,
		goose.WithTableName(schema+".goose_version"), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate %s: %w", schema, err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", schema, err)
	}
	return nil
}

// makeSchema makes the schema once, however many processes ask. It looks first, so
// that a role without the right to make one may use one that is there.
func makeSchema(ctx context.Context, db *sql.DB, schema string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock($1)", lockID(schema)); err != nil {
		return err
	}
	var there bool
	if err := tx.QueryRowContext(ctx, "select exists (select from pg_namespace where nspname = $1)", schema).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.ExecContext(ctx, "create schema "+pgx.Identifier{schema}.Sanitize()); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// lockID is the number of the advisory lock for one schema's migrations.
func lockID(schema string) int64 {
	h := fnv.New64a()
	h.Write([]byte("redress migrate " + schema))
	return int64(h.Sum64())
}
