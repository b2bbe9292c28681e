package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"redress/eventstore/node"
	"redress/notify"
	"redress/queries"
	"redress/web/accounts"
)

// backupCommand copies what no other copy can be made from.
func backupCommand() *cobra.Command {
	var format, keys string
	cmd := &cobra.Command{
		Use:   "backup DIR",
		Short: "Copy the log, the keys and the accounts to an empty folder, also while serve runs",
		Long: `Copies the log up to the event that is its last when the backup begins, the accounts, what has been sent to whom, and in
a file of its own the keys as they are in the vault, wrapped. Everything is read again and listed with its digest in
manifest.json, which is written last: a folder without it is no backup. Read models are made again from the log.

The key-encryption key is never in it. Keep that apart, and the keys (keys.jsonl, or --keys) no longer than 30 days: an
erasure is complete when the last copy of its key is gone.`,
		Example: "  redress backup /backup/2026-03-01\n  redress backup /backup/2026-03-01 --keys /vault-backup/2026-03-01.jsonl",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				b, err := newBackup(y, args[0], keys)
				if err != nil {
					return err
				}
				if err := b.make(ctx); err != nil {
					return fmt.Errorf("backup: %w", err)
				}
				return b.report(cmd.OutOrStdout(), format)
			})
		},
	}
	cmd.Flags().StringVar(&keys, "keys", "", "where the keys go (default "+keysFile+" in DIR)")
	formatFlag(cmd, &format)
	return cmd
}

// backup is one on its way.
type backup struct {
	*system
	dir, keys string
	manifest  manifest
	digest    string // of the manifest
}

// newBackup makes the folder. One that holds anything is refused.
func newBackup(y *system, dir, keys string) (*backup, error) {
	if _, err := os.Stat(filepath.Join(y.settings.Data, logFolder)); errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the event store is not the embedded one: back it up with its own tools, and the databases of vault and accounts after it")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty; a backup needs a folder of its own", dir)
	}
	keys = firstNonEmpty(keys, filepath.Join(dir, keysFile))
	if _, err := os.Lstat(keys); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already", keys)
	}
	return &backup{system: y, dir: dir, keys: keys}, nil
}

// make makes the backup. The order matters. What was sent goes first, so that it is not ahead of the log; the keys go
// after the log, so that every event in it has its key: a key is on the disk before anything is sealed with it.
func (b *backup) make(ctx context.Context) error {
	for _, migrate := range []func(context.Context, string) error{notify.Migrate, accounts.Migrate} {
		if err := migrate(ctx, b.settings.PostgresURL); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(b.dir, notifyFile), func(to io.Writer) error {
		_, err := notify.Copy(ctx, b.pool, to)
		return err
	}); err != nil {
		return err
	}
	if err := b.copyLog(ctx); err != nil {
		return err
	}
	if err := writeFile(b.keys, func(to io.Writer) error {
		copied, err := b.vault.Copy(ctx, to)
		b.manifest.Vault = backedUpKeys{ID: copied.VaultID, KEKFingerprint: copied.KEKFingerprint, Keys: copied.Keys}
		return err
	}); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(b.dir, accountsFile), func(to io.Writer) error {
		_, err := accounts.Copy(ctx, b.pool, to)
		return err
	}); err != nil {
		return err
	}
	return b.seal(ctx)
}

// copyLog copies the log up to its present end.
func (b *backup) copyLog(ctx context.Context) error {
	last, err := b.store.End(ctx)
	if err != nil {
		return err
	}
	bar, end := progress("copying")
	defer end()
	copied, err := node.Copy(ctx, filepath.Join(b.settings.Data, logFolder), filepath.Join(b.dir, logFolder), last.Position,
		func(position uint64, _ uuid.UUID) { bar(int64(position), int64(last.Position)) })
	if err != nil {
		return err
	}
	if copied.ID != last.ID {
		return errors.New("the log in the data folder is not the one that is served")
	}
	b.manifest.Log = backedUpLog{Position: copied.Position, EventID: copied.ID, Events: copied.Events}
	return nil
}

// seal reads everything again and writes the manifest.
func (b *backup) seal(ctx context.Context) (err error) {
	m := &b.manifest
	m.Format, m.MadeAt, m.Version, m.Tenant = backupFormat, time.Now().UTC().Truncate(time.Second), version, b.settings.Tenant
	if m.Vault.File, err = describeFile(ctx, filepath.Dir(b.keys), filepath.Base(b.keys)); err != nil {
		return err
	}
	names := []string{accountsFile, notifyFile}
	entries, err := os.ReadDir(filepath.Join(b.dir, logFolder))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		names = append(names, filepath.Join(logFolder, entry.Name()))
	}
	for _, name := range names {
		file, err := describeFile(ctx, b.dir, name)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, file)
	}
	b.digest, err = m.write(b.dir)
	return err
}

// report says what is in the backup.
func (b *backup) report(out io.Writer, format string) error {
	m := b.manifest
	if format == "json" {
		return queries.WriteJSON(out, struct {
			manifest
			Digest string `json:"manifest_sha256"`
		}{m, b.digest})
	}
	_, err := fmt.Fprintf(out, `%d events up to position %d, event %s
%d keys of vault %s in %s, wrapped by the key-encryption key %s
manifest sha256 %s
`, m.Log.Events, m.Log.Position, m.Log.EventID, m.Vault.Keys, m.Vault.ID, b.keys, m.Vault.KEKFingerprint, b.digest)
	return err
}

// writeFile makes a new file, for its owner only, and has it on the disk when it returns.
func writeFile(path string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(fill(f), f.Sync(), f.Close())
}
