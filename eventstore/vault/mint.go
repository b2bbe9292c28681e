package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// minted returns the living keys of the subjects, after a commit of a new one for each that
// has none by then. A subject whose new key was destroyed at once is missing. The keys that
// are asked for at the same time are minted in one transaction, and so behind one wait for
// the disk.
func (v *Vault) minted(ctx context.Context, subjects []string) (map[string]Key, error) {
	keys, err := v.minting.Ask(ctx, v.mintSorted, subjects...)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("vault: %w", context.Cause(ctx))
	}
	return keys, err
}

// mintSorted mints in order, so that two processes that mint the same ones do not wait for
// each other in a circle.
func (v *Vault) mintSorted(ctx context.Context, subjects []string) (map[string]Key, error) {
	return v.mint(ctx, slices.Compact(slices.Sorted(slices.Values(subjects))))
}

// mint commits a new key for each subject that has none by then, and returns the living
// ones. All goes to the server at once: one round trip. A crash on the way leaves either
// all of the new keys or none; those that are left unused are found by the next who asks.
func (v *Vault) mint(ctx context.Context, subjects []string) (map[string]Key, error) {
	ids := make([]uuid.UUID, len(subjects))
	wrapped := make([][]byte, len(subjects))
	for i, subject := range subjects {
		ids[i] = uuid.New()
		wrapped[i] = v.kek.mint(KeyID(ids[i]), subject)
	}
	conn, err := v.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	// A connection that an error has left within the transaction is closed, not given back.
	defer conn.Release()
	epoch := v.cache.now()
	var fingerprint string
	var stored []row
	committed := false
	batch := new(pgx.Batch)
	batch.Queue("begin")
	batch.Queue("set local synchronous_commit = on")
	// A rewrapping is held back until the transaction has ended. In a vault that has been
	// rewrapped since this process opened it nothing is minted.
	batch.Queue("select pg_advisory_xact_lock_shared($1)", int64(identityLock))
	batch.Queue("select kek_fingerprint from vault.identity").QueryRow(func(r pgx.Row) error { return r.Scan(&fingerprint) })
	batch.Queue(`insert into vault.keys (id, subject, wrapped)
		select * from unnest($1::uuid[], $2::text[], $3::bytea[])
		where exists (select from vault.identity where kek_fingerprint = $4)
		on conflict (subject) where destroyed_at is null do nothing`, ids, subjects, wrapped, v.kek.fingerprint)
	batch.Queue(livingKeys, subjects).Query(func(rows pgx.Rows) (err error) {
		stored, err = pgx.CollectRows(rows, pgx.RowToStructByName[row])
		return err
	})
	batch.Queue("commit").Exec(func(tag pgconn.CommandTag) error { committed = tag.String() == "COMMIT"; return nil })
	err = conn.SendBatch(ctx, batch).Close()
	switch {
	case err != nil:
		return nil, fmt.Errorf("vault: %w", err)
	case !committed:
		return nil, errors.New("vault: the new keys were not committed")
	case fingerprint != v.kek.fingerprint:
		return nil, fmt.Errorf("%w: it was changed while this process was running; start it again", ErrWrongKEK)
	}
	return v.unwrap(epoch, stored)
}
