package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ErasuresApplied returns the place in the log up to which every erasure has been applied to this vault: the position
// and id of an event, zeros where none was ever noted. Whoever goes on from there makes sure that the log still has
// that event.
func (v *Vault) ErasuresApplied(ctx context.Context) (position uint64, event uuid.UUID, err error) {
	var at int64
	err = v.pool.QueryRow(ctx, "select position, event_id from vault.erasures").Scan(&at, &event)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, uuid.Nil, fmt.Errorf("vault: %w", err)
	}
	return uint64(at), event, nil
}

// NoteErasures notes that every erasure up to and including this event has been applied. The keys must have been
// destroyed before; a crash in between only has them destroyed again.
func (v *Vault) NoteErasures(ctx context.Context, position uint64, event uuid.UUID) error {
	return v.write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into vault.erasures (position, event_id) values ($1, $2)
			on conflict (one) do update set position = excluded.position, event_id = excluded.event_id`, int64(position), event)
		return err
	})
}
