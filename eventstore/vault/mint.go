package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// minting puts the keys that are asked for at the same time into one transaction, and so
// behind one wait for the disk. A key that is asked for alone waits for nobody.
type minting struct {
	turn sync.Mutex // held by the round whose transaction is under way

	mu        sync.Mutex
	gathering *round // the round that those who ask now join; nil: the next one begins it
}

// round is one transaction and those who wait for it. Its fields are guarded by the
// minting's mu, until done is closed; then they are only read.
type round struct {
	subjects []string
	waiting  int
	cancel   context.CancelFunc // when nobody waits any more
	done     chan struct{}
	keys     map[string]Key
	err      error
}

// minted returns the living keys of the subjects, after a commit of a new one for each that
// has none by then. A subject whose new key was destroyed at once is missing.
func (v *Vault) minted(ctx context.Context, subjects []string) (map[string]Key, error) {
	r := v.join(ctx, subjects)
	select {
	case <-r.done:
		return r.keys, r.err
	case <-ctx.Done():
		v.leave(r)
		return nil, fmt.Errorf("vault: %w", context.Cause(ctx))
	}
}

// join joins the round that gathers, or begins one. It goes on for the others when the one
// that began it leaves.
func (v *Vault) join(ctx context.Context, subjects []string) *round {
	m := &v.minting
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.gathering
	if r == nil {
		r = &round{done: make(chan struct{})}
		ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
		m.gathering = r
		go v.hold(ctx, r)
	}
	r.subjects = append(r.subjects, subjects...)
	r.waiting++
	return r
}

// leave gives a round up. One that nobody waits for any more is ended.
func (v *Vault) leave(r *round) {
	m := &v.minting
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.waiting--; r.waiting > 0 {
		return
	}
	r.cancel()
	if m.gathering == r {
		m.gathering = nil
	}
}

// hold lets the round gather until the one before it has ended, and mints.
func (v *Vault) hold(ctx context.Context, r *round) {
	m := &v.minting
	m.turn.Lock()
	defer m.turn.Unlock()
	m.mu.Lock()
	if m.gathering == r {
		m.gathering = nil
	}
	subjects := slices.Clone(r.subjects)
	m.mu.Unlock()
	// In order, so that two processes that mint the same ones do not wait for each other
	// in a circle.
	slices.Sort(subjects)
	keys, err := v.mint(ctx, slices.Compact(subjects))
	r.cancel()
	r.keys, r.err = keys, err
	close(r.done)
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
