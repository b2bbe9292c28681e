package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"redress/eventstore/rounds"
)

// Vault is an open key store. Its methods may be called from any goroutine; several
// processes may have the same one open.
type Vault struct {
	pool  *pgxpool.Pool
	id    uuid.UUID
	kek   kek
	cache *cache

	minting rounds.Rounds[string, map[string]Key] // of keys
}

// Open opens the vault in a PostgreSQL database, in whose schema "vault" it makes and
// updates its own tables, with the key-encryption key in kekFile.
//
// A vault that was never opened gets an id and, where kekFile does not exist, a new
// key-encryption key. From then on the file must be there and hold the same key:
// [ErrNoKEK] and [ErrWrongKEK] otherwise, and nothing is changed.
func Open(ctx context.Context, postgresURL string, kekFile string) (*Vault, error) {
	if err := migrate(ctx, postgresURL); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	pool, err := pgxpool.New(ctx, postgresURL)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	v := &Vault{pool: pool, cache: newCache(cacheSize)}
	if err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return v.settle(ctx, tx, kekFile) }); err != nil {
		pool.Close()
		return nil, err
	}
	return v, nil
}

// settle reads the vault's identity and proves that the file's key is the right one,
// or gives a new vault its identity. The file is on disk before the identity is
// committed: a crash between the two leaves a key that the next Open uses.
func (v *Vault) settle(ctx context.Context, tx pgx.Tx, kekFile string) error {
	if err := durable(ctx, tx); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", int64(identityLock)); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	var fingerprint string
	err := tx.QueryRow(ctx, "select vault_id, kek_fingerprint from vault.identity").Scan(&v.id, &fingerprint)
	if errors.Is(err, pgx.ErrNoRows) {
		return v.found(ctx, tx, kekFile)
	}
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	v.kek, err = readKEK(kekFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: put back %s, the one with the fingerprint %.16s…; a new one cannot open the keys of vault %s",
			ErrNoKEK, kekFile, fingerprint, v.id)
	case err != nil:
		return err
	case v.kek.fingerprint != fingerprint:
		return fmt.Errorf("%w: %s has the fingerprint %.16s…, vault %s needs %.16s…",
			ErrWrongKEK, kekFile, v.kek.fingerprint, v.id, fingerprint)
	}
	return v.tryOne(ctx, tx)
}

// found gives a new vault its identity.
func (v *Vault) found(ctx context.Context, tx pgx.Tx, kekFile string) error {
	var err error
	if v.kek, err = readKEK(kekFile); errors.Is(err, fs.ErrNotExist) {
		v.kek, err = makeKEK(kekFile)
	}
	if err != nil {
		return err
	}
	v.id = uuid.New()
	if _, err := tx.Exec(ctx, "insert into vault.identity (vault_id, kek_fingerprint) values ($1, $2)", v.id, v.kek.fingerprint); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

// tryOne unwraps the newest key that lives: a fingerprint only says what somebody
// wrote down.
func (v *Vault) tryOne(ctx context.Context, tx pgx.Tx) error {
	var id uuid.UUID
	var subject string
	var wrapped []byte
	err := tx.QueryRow(ctx, `select id, subject, wrapped from vault.keys
		where destroyed_at is null order by created_at desc limit 1`).Scan(&id, &subject, &wrapped)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if _, err := v.kek.unwrap(KeyID(id), subject, wrapped); err != nil {
		return fmt.Errorf("%w: %w", ErrWrongKEK, err)
	}
	return nil
}

// durable makes a transaction's commit wait for the disk, whatever the server's default.
func durable(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "set local synchronous_commit = on"); err != nil {
		return err
	}
	return nil
}

// ID is the vault's own id, drawn once. It stands in the log, so that a log is never
// served with another vault's keys.
func (v *Vault) ID() uuid.UUID { return v.id }

// KEKFingerprint is 64 hexadecimal digits by which the key-encryption key can be
// recognised and from which it cannot be found.
func (v *Vault) KEKFingerprint() string { return v.kek.fingerprint }

// Empty reports whether no key was ever minted here. A log with sealed events over an
// empty vault has lost its keys, and is not to be served.
func (v *Vault) Empty(ctx context.Context) (bool, error) {
	var empty bool
	if err := v.pool.QueryRow(ctx, "select not exists (select from vault.keys)").Scan(&empty); err != nil {
		return false, fmt.Errorf("vault: %w", err)
	}
	return empty, nil
}

// Close gives back the connections. Keys that were handed out go on working.
func (v *Vault) Close() { v.pool.Close() }
