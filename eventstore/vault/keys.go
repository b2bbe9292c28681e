package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ErrDestroyed is returned for a key that was destroyed: what it sealed is gone.
var ErrDestroyed = errors.New("vault: the key was destroyed")

// ErrUnknownKey is returned for a key that this vault never had, and by Existing for a
// subject without a living key.
var ErrUnknownKey = errors.New("vault: there is no such key")

// Key returns the living key of a subject and mints one where none lives, which is so
// for a new subject and for one whose key was destroyed. The key is on disk before it
// is returned.
func (v *Vault) Key(ctx context.Context, subject string) (Key, error) {
	keys, err := v.Keys(ctx, []string{subject})
	return keys[subject], err
}

// KeyOfNew returns what Key does. It is for a subject that has most probably no key yet, such as one whose stream is empty:
// it asks the database once, where Key looks there first.
func (v *Vault) KeyOfNew(ctx context.Context, subject string) (Key, error) {
	keys, err := v.keys(ctx, []string{subject}, v.minted)
	return keys[subject], err
}

// Existing returns the living key of a subject and never mints one: [ErrUnknownKey]
// where none lives.
func (v *Vault) Existing(ctx context.Context, subject string) (Key, error) {
	if k, ok := v.cache.subject(subject); ok {
		return k, nil
	}
	keys, err := v.living(ctx, []string{subject})
	if err != nil {
		return Key{}, err
	}
	k, ok := keys[subject]
	if !ok {
		return Key{}, ErrUnknownKey
	}
	return k, nil
}

// Keys returns the living keys of many subjects and mints those that are missing, all
// of them in one transaction, which those that others ask for meanwhile may share. A subject may be named twice.
func (v *Vault) Keys(ctx context.Context, subjects []string) (map[string]Key, error) {
	return v.keys(ctx, subjects, v.living)
}

// keys returns the living keys of the subjects: those that the cache lacks by the way that is tried first, and minted
// where that finds none.
func (v *Vault) keys(ctx context.Context, subjects []string, find func(context.Context, []string) (map[string]Key, error)) (map[string]Key, error) {
	keys := make(map[string]Key, len(subjects))
	missing := v.cached(keys, subjects)
	// A key that another process minted and destroyed between our insert and our
	// reading is minted again; it takes an erasure within milliseconds to get here.
	for ; len(missing) > 0; find = v.minted {
		found, err := find(ctx, missing)
		if err != nil {
			return nil, err
		}
		missing = keep(keys, found, missing)
	}
	return keys, nil
}

// cached puts what the cache holds into keys and returns the other subjects, in order
// and once each.
func (v *Vault) cached(keys map[string]Key, subjects []string) []string {
	var missing []string
	for _, subject := range subjects {
		if k, ok := v.cache.subject(subject); ok {
			keys[subject] = k
		} else {
			missing = append(missing, subject)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// keep moves what was found into keys and returns the subjects that were not.
func keep(keys, found map[string]Key, subjects []string) []string {
	var missing []string
	for _, subject := range subjects {
		if k, ok := found[subject]; ok {
			keys[subject] = k
		} else {
			missing = append(missing, subject)
		}
	}
	return missing
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// row is one key as it is stored.
type row struct {
	ID      uuid.UUID
	Subject string
	Wrapped []byte // nil: destroyed
}

// livingKeys is the query for the living keys of subjects.
const livingKeys = "select id, subject, wrapped from vault.keys where subject = any($1) and destroyed_at is null"

// living reads the living keys of the subjects and remembers them.
func (v *Vault) living(ctx context.Context, subjects []string) (map[string]Key, error) {
	epoch := v.cache.now()
	stored, err := read(ctx, v.pool, livingKeys, subjects)
	if err != nil {
		return nil, err
	}
	return v.unwrap(epoch, stored)
}

// unwrap opens living keys that were read in an epoch, and remembers them.
func (v *Vault) unwrap(epoch uint64, stored []row) (map[string]Key, error) {
	keys := make(map[string]Key, len(stored))
	for _, r := range stored {
		k, err := v.kek.unwrap(KeyID(r.ID), r.Subject, r.Wrapped)
		if err != nil {
			return nil, err
		}
		v.cache.put(epoch, k)
		keys[r.Subject] = k
	}
	return keys, nil
}

func read(ctx context.Context, q querier, query string, arg any) ([]row, error) {
	rows, err := q.Query(ctx, query, arg)
	if err == nil {
		var stored []row
		if stored, err = pgx.CollectRows(rows, pgx.RowToStructByName[row]); err == nil {
			return stored, nil
		}
	}
	return nil, fmt.Errorf("vault: %w", err)
}

// KeyByID returns the key that something was sealed under: [ErrDestroyed] when it was
// destroyed, [ErrUnknownKey] when this vault never had it.
func (v *Vault) KeyByID(ctx context.Context, id KeyID) (Key, error) {
	keys, err := v.KeysByID(ctx, []KeyID{id})
	if err != nil {
		return Key{}, err
	}
	k, ok := keys[id]
	switch {
	case !ok:
		return Key{}, ErrUnknownKey
	case k.secret == nil:
		return Key{}, ErrDestroyed
	}
	return k, nil
}

// KeysByID returns many keys at once, for readers that know what is coming. A key that
// was destroyed is there as a Key for which Destroyed is true; one that this vault
// never had is absent.
func (v *Vault) KeysByID(ctx context.Context, ids []KeyID) (map[KeyID]Key, error) {
	keys := make(map[KeyID]Key, len(ids))
	var missing []uuid.UUID
	for _, id := range ids {
		if k, ok := v.cache.id(id); ok {
			keys[id] = k
		} else {
			missing = append(missing, uuid.UUID(id))
		}
	}
	if len(missing) == 0 {
		return keys, nil
	}
	epoch := v.cache.now()
	stored, err := read(ctx, v.pool, "select id, subject, wrapped from vault.keys where id = any($1)", missing)
	if err != nil {
		return nil, err
	}
	for _, r := range stored {
		k := Key{id: KeyID(r.ID), subject: r.Subject}
		if r.Wrapped != nil {
			if k, err = v.kek.unwrap(k.id, k.subject, r.Wrapped); err != nil {
				return nil, err
			}
			v.cache.put(epoch, k)
		}
		keys[k.id] = k
	}
	return keys, nil
}

// Destroy destroys the living key of a subject and returns the ids of every key of
// the subject that is destroyed by now, oldest first: asked again, it gives the same
// answer. Other processes learn of it from the log and call Forget.
func (v *Vault) Destroy(ctx context.Context, subject string) ([]KeyID, error) {
	var destroyed []KeyID
	err := v.write(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `update vault.keys set wrapped = null, destroyed_at = now()
			where subject = $1 and destroyed_at is null`, subject); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select id from vault.keys
			where subject = $1 and destroyed_at is not null order by destroyed_at, id`, subject)
		if err != nil {
			return err
		}
		destroyed, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (KeyID, error) {
			var id uuid.UUID
			err := r.Scan(&id)
			return KeyID(id), err
		})
		return err
	})
	v.Forget(subject)
	return destroyed, err
}

// DestroyKeys destroys exactly these keys and leaves a later key of the same subject
// alone. It is what the start and a restore do with the keys that the log says were
// destroyed; keys that are destroyed or unknown already are no error.
func (v *Vault) DestroyKeys(ctx context.Context, ids []KeyID) error {
	list := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		list[i] = uuid.UUID(id)
	}
	err := v.write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update vault.keys set wrapped = null, destroyed_at = now()
			where id = any($1) and destroyed_at is null`, list)
		return err
	})
	for _, id := range ids {
		v.ForgetKey(id)
	}
	return err
}

// Forget drops a subject's key from this process's memory. The next use asks the
// database.
func (v *Vault) Forget(subject string) { v.cache.forgetSubject(subject) }

// ForgetKey drops one key from this process's memory.
func (v *Vault) ForgetKey(id KeyID) { v.cache.forgetID(id) }

// write runs one transaction whose commit waits for the disk.
func (v *Vault) write(ctx context.Context, do func(pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, v.pool, func(tx pgx.Tx) error {
		if err := durable(ctx, tx); err != nil {
			return err
		}
		return do(tx)
	})
	if err != nil && !errors.Is(err, ErrWrongKEK) {
		return fmt.Errorf("vault: %w", err)
	}
	return err
}
