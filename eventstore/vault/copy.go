package vault

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// copyFormat stands first in every copy of a vault.
const copyFormat = "redress keys 1"

// ErrNotEmpty is returned by Restore for a database that has a vault already.
var ErrNotEmpty = errors.New("vault: the database has a vault already")

// Copied says what a copy of a vault holds.
type Copied struct {
	VaultID        uuid.UUID
	KEKFingerprint string // of the key-encryption key without which the copy opens nothing
	Keys           int64  // that live; those that were destroyed are there by name
}

// copyHeader is the first line of a copy.
type copyHeader struct {
	Format         string      `json:"format"`
	VaultID        uuid.UUID   `json:"vault_id"`
	KEKFingerprint string      `json:"kek_fingerprint"`
	CreatedAt      time.Time   `json:"created_at"`
	Erasures       *copiedMark `json:"erasures"` // null where none was ever noted
	Rows           int64       `json:"rows"`
}

type copiedMark struct {
	Position int64     `json:"position"`
	EventID  uuid.UUID `json:"event_id"`
}

// copiedKey is every other line: one row of the keys.
type copiedKey struct {
	ID          uuid.UUID  `json:"id"`
	Subject     string     `json:"subject"`
	Wrapped     []byte     `json:"wrapped"` // null: destroyed
	CreatedAt   time.Time  `json:"created_at"`
	DestroyedAt *time.Time `json:"destroyed_at"`
}

// Copy writes the whole vault as it stands at one moment, a line of JSON for each key. Keys are in it as in the
// database, wrapped: without the key-encryption key, which is not in it, it opens nothing.
func (v *Vault) Copy(ctx context.Context, to io.Writer) (Copied, error) {
	copied := Copied{VaultID: v.id, KEKFingerprint: v.kek.fingerprint}
	out := bufio.NewWriter(to)
	err := pgx.BeginTxFunc(ctx, v.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		h := copyHeader{Format: copyFormat}
		if err := tx.QueryRow(ctx, "select vault_id, kek_fingerprint, created_at, (select count(*) from vault.keys) from vault.identity").
			Scan(&h.VaultID, &h.KEKFingerprint, &h.CreatedAt, &h.Rows); err != nil {
			return err
		}
		if h.KEKFingerprint != v.kek.fingerprint {
			return fmt.Errorf("%w: it was changed while this process was running; start it again", ErrWrongKEK)
		}
		var mark copiedMark
		switch err := tx.QueryRow(ctx, "select position, event_id from vault.erasures").Scan(&mark.Position, &mark.EventID); {
		case err == nil:
			h.Erasures = &mark
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		if err := writeLine(out, h); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, "select id, subject, wrapped, created_at, destroyed_at from vault.keys order by created_at, id")
		if err != nil {
			return err
		}
		var k copiedKey
		_, err = pgx.ForEachRow(rows, []any{&k.ID, &k.Subject, &k.Wrapped, &k.CreatedAt, &k.DestroyedAt}, func() error {
			if k.Wrapped != nil {
				copied.Keys++
			}
			return writeLine(out, k)
		})
		return err
	})
	if err := errors.Join(err, out.Flush()); err != nil {
		return Copied{}, fmt.Errorf("vault: copy: %w", err)
	}
	return copied, nil
}

func writeLine(out *bufio.Writer, line any) error {
	if err := json.MarshalWrite(out, line, json.FormatNilSliceAsNull(true)); err != nil {
		return err
	}
	return out.WriteByte('\n')
}

// restoreBatch is how many keys are put back with one statement.
const restoreBatch = 5000

// Restore puts a copy of the vault with this id into a database without one, whole or not at all, and durably. The
// key-encryption key is not needed for it, and is for [Open]. Errors: [ErrNotEmpty], and what says that the copy is not a
// whole one or of another vault.
func Restore(ctx context.Context, postgresURL string, id uuid.UUID, from io.Reader) (Copied, error) {
	if err := migrate(ctx, postgresURL); err != nil {
		return Copied{}, fmt.Errorf("vault: %w", err)
	}
	conn, err := pgx.Connect(ctx, postgresURL)
	if err != nil {
		return Copied{}, fmt.Errorf("vault: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var copied Copied
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		copied, err = restore(ctx, tx, id, bufio.NewReaderSize(from, 64<<10))
		return err
	})
	if err != nil && !errors.Is(err, ErrNotEmpty) {
		err = fmt.Errorf("vault: restore: %w", err)
	}
	return copied, err
}

func restore(ctx context.Context, tx pgx.Tx, id uuid.UUID, in *bufio.Reader) (Copied, error) {
	if err := durable(ctx, tx); err != nil {
		return Copied{}, err
	}
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", int64(identityLock)); err != nil {
		return Copied{}, err
	}
	var used bool
	if err := tx.QueryRow(ctx, "select exists (select from vault.identity) or exists (select from vault.keys)").Scan(&used); err != nil || used {
		if used {
			err = ErrNotEmpty
		}
		return Copied{}, err
	}
	var h copyHeader
	if err := readLine(in, &h); err != nil || h.Format != copyFormat {
		return Copied{}, fmt.Errorf("it does not begin as a copy does: %w", errors.Join(err, io.ErrUnexpectedEOF))
	}
	if h.VaultID != id {
		return Copied{}, fmt.Errorf("it is of vault %s, not of %s", h.VaultID, id)
	}
	copied := Copied{VaultID: h.VaultID, KEKFingerprint: h.KEKFingerprint}
	if _, err := tx.Exec(ctx, "insert into vault.identity (vault_id, kek_fingerprint, created_at) values ($1, $2, $3)", h.VaultID, h.KEKFingerprint, h.CreatedAt); err != nil {
		return copied, err
	}
	if m := h.Erasures; m != nil {
		if _, err := tx.Exec(ctx, "insert into vault.erasures (position, event_id) values ($1, $2)", m.Position, m.EventID); err != nil {
			return copied, err
		}
	}
	for left := h.Rows; left > 0; {
		rows := make([][]any, min(left, restoreBatch))
		for i := range rows {
			var k copiedKey
			if err := readLine(in, &k); err != nil {
				return copied, fmt.Errorf("key %d of %d: %w", h.Rows-left+int64(i)+1, h.Rows, err)
			}
			if k.Wrapped != nil {
				copied.Keys++
			}
			rows[i] = []any{k.ID, k.Subject, k.Wrapped, k.CreatedAt, k.DestroyedAt}
		}
		left -= int64(len(rows))
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"vault", "keys"}, []string{"id", "subject", "wrapped", "created_at", "destroyed_at"}, pgx.CopyFromRows(rows)); err != nil {
			return copied, err
		}
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return copied, errors.New("it goes on after the last key")
	}
	return copied, nil
}

func readLine(in *bufio.Reader, into any) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	return json.Unmarshal(line, into, json.RejectUnknownMembers(true))
}
