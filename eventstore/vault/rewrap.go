package vault

import (
	"context"
	"errors"
	"io/fs"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Rewrap wraps every living key under the key-encryption key in newFile, which is made
// where it does not exist, and returns its fingerprint. No data key changes and nothing
// that was sealed is touched. It is all one transaction: afterwards either file is the
// right one and the other opens nothing.
//
// It is to be run while nothing serves. A process that has the vault open goes on with
// the keys it knows and is refused new ones with [ErrWrongKEK].
func Rewrap(ctx context.Context, postgresURL, oldFile, newFile string) (fingerprint string, err error) {
	v, err := Open(ctx, postgresURL, oldFile)
	if err != nil {
		return "", err
	}
	defer v.Close()
	to, err := readKEK(newFile)
	if errors.Is(err, fs.ErrNotExist) {
		to, err = makeKEK(newFile)
	}
	if err != nil {
		return "", err
	}
	err = v.write(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", int64(identityLock)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "update vault.identity set kek_fingerprint = $1", to.fingerprint); err != nil {
			return err
		}
		for last := (uuid.UUID{}); ; {
			keys, err := read(ctx, tx, `select id, subject, wrapped from vault.keys
				where destroyed_at is null and id > $1 order by id limit 5000 for update`, last)
			if err != nil || len(keys) == 0 {
				return err
			}
			if err := v.carryOver(ctx, tx, to, keys); err != nil {
				return err
			}
			last = keys[len(keys)-1].ID
		}
	})
	return to.fingerprint, err
}

// carryOver stores the given keys as wrapped under another key-encryption key.
func (v *Vault) carryOver(ctx context.Context, tx pgx.Tx, to kek, keys []row) error {
	ids := make([]uuid.UUID, len(keys))
	wrapped := make([][]byte, len(keys))
	for i, k := range keys {
		var err error
		if wrapped[i], err = v.kek.rewrap(to, KeyID(k.ID), k.Subject, k.Wrapped); err != nil {
			return err
		}
		ids[i] = k.ID
	}
	_, err := tx.Exec(ctx, `update vault.keys k set wrapped = n.wrapped
		from unnest($1::uuid[], $2::bytea[]) as n (id, wrapped) where k.id = n.id and k.destroyed_at is null`, ids, wrapped)
	return err
}
