package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"redress/domain"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/notify"
	"redress/queries"
	"redress/web/accounts"
)

// unfinishedFormat is the content of FORMAT until a restore has come to its end. No verb takes such a folder.
const unfinishedFormat = "redress restore, unfinished: empty this folder and restore again\n"

// restoreCommand fills an empty data folder from a backup.
func restoreCommand() *cobra.Command {
	var r restoring
	var format string
	cmd := &cobra.Command{
		Use:   "restore DIR",
		Short: "Fill an empty data folder from a backup, and say what is in it",
		Long: `Checks every file of the backup against its digest and every record of the log against its checksum, and puts log, keys
and accounts into an empty data folder and into a database without any. It stops at the first thing that is wrong.

The key-encryption key is not in a backup: put it in its place (kek in the data folder, or REDRESS_KEK_FILE), before or
after. The next start applies every erasure that the log names before anything is served, and makes the read models
again. What was recorded after the backup is not in it: the position and the event with which it ends are printed.

--known names an event that is known to have been recorded, as POSITION/EVENT: from the answer to a command, a line of
export events, a message, what backup or verify printed. A backup that ends before it is refused, with the range that
is missing, unless --accept-loss says that somebody has decided to go on without; one with another event there is of
another log. Who has decided (an account of the backup, or a person id) and why is the first event of the restored log,
LossAccepted: the first start appends it before anything is served, and verify says from then on what is missing.

What others hold of the lost part does not go away with it. A NATS cluster that has published further, or read models of
the lost log, are refused by serve until somebody has removed them. Tokens that were revoked after the backup hold again,
and case references that were given out after it are given out again.`,
		Example: "  redress restore /backup/2026-03-01 --data /srv/redress\n  redress restore /backup/2026-03-01 --keys /vault-backup/2026-03-01.jsonl --manifest-sha256 5be1…\n" +
			"  redress restore /backup/2026-03-01 --known 2071784/6ff3a5d0-… --accept-loss --approved-by mona --reason INC-1182",
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if r.settings, err = loadSettings(dataFlag(cmd)); err != nil {
				return err
			}
			startLog(r.settings)
			r.dir = args[0]
			if err := r.restore(cmd.Context()); err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			return r.report(cmd.OutOrStdout(), format)
		},
	}
	cmd.Flags().StringVar(&r.keys, "keys", "", "where the keys are (default "+keysFile+" in DIR)")
	cmd.Flags().StringVar(&r.expected, "manifest-sha256", "", "the manifest's digest as the backup printed it")
	cmd.Flags().TextVar(&r.known, "known", recorded{}, "the last event that is known to have been recorded, as POSITION/EVENT")
	cmd.Flags().BoolVar(&r.decision.accept, "accept-loss", false, "restore a backup that ends before the known event")
	cmd.Flags().StringVar(&r.decision.approvedBy, "approved-by", "", "account name or person id of who decided to accept the loss")
	cmd.Flags().StringVar(&r.decision.reason, "reason", "", "why the loss is accepted: a code or the number of an incident")
	checkBefore(cmd, func() error { return r.decision.check(r.known) })
	formatFlag(cmd, &format)
	return cmd
}

// recorded is an event and its place in the log. The zero value is none.
type recorded struct {
	Position uint64    `json:"position"`
	EventID  uuid.UUID `json:"event_id"`
}

// UnmarshalText reads POSITION/EVENT.
func (k *recorded) UnmarshalText(text []byte) (err error) {
	position, id, _ := strings.Cut(string(text), "/")
	if k.Position, err = strconv.ParseUint(position, 10, 64); err != nil {
		return errors.New("POSITION/EVENT: the position is no whole number")
	}
	if k.EventID, err = uuid.Parse(id); err != nil {
		return errors.New("POSITION/EVENT: the event is no UUID")
	}
	return nil
}

// MarshalText writes POSITION/EVENT; nothing for none.
func (k recorded) MarshalText() ([]byte, error) {
	if k == (recorded{}) {
		return nil, nil
	}
	return fmt.Appendf(nil, "%d/%s", k.Position, k.EventID), nil
}

// restoring is a restore on its way.
type restoring struct {
	settings  settings
	dir, keys string
	expected  string // digest of the manifest
	known     recorded
	decision  lossDecision
	manifest  *manifest
	loss      *acceptedLoss // nil where nothing is known to be missing
	otherKeys bool          // the keys are of another backup of the same vault
	vault     vault.Copied
}

// restore fills the data folder. Until its end the folder says that it is unfinished, and nothing serves it.
func (r *restoring) restore(ctx context.Context) (err error) {
	if r.settings.EventStoreURL != "" {
		return usageError{errors.New("REDRESS_EVENTSTORE_URL: a backup holds the log of the embedded event store, and is restored to that only")}
	}
	if r.manifest, err = readManifest(r.dir, r.expected); err != nil {
		return err
	}
	if r.settings.Tenant != r.manifest.Tenant {
		return usageError{fmt.Errorf("REDRESS_TENANT: the backup is of tenant %s", r.manifest.Tenant)}
	}
	if err := r.manifest.check(ctx, r.dir); err != nil {
		return err
	}
	if r.loss, err = r.accepted(); err != nil {
		return err
	}
	if r.loses() && r.loss == nil {
		return fmt.Errorf("the backup ends with %s at position %d: what was recorded after it up to %s at position %d is missing; "+
			"find a later backup, or have somebody decide to go on without it (--accept-loss)",
			r.manifest.Log.EventID, r.manifest.Log.Position, r.known.EventID, r.known.Position)
	}
	if err := r.checkKeys(ctx); err != nil {
		return err
	}
	p := &parts{}
	if p.folder, err = claimFolder(ctx, r.settings.Data); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if r.settings.PostgresURL == "" {
		if err := p.startPostgres(ctx, &r.settings); err != nil {
			return fmt.Errorf("private PostgreSQL: %w", err)
		}
	}
	if err := r.fillDatabase(ctx); err != nil {
		return err
	}
	if err := r.fillLog(ctx); err != nil {
		return err
	}
	if err := r.tryKEK(ctx); err != nil {
		return err
	}
	format := []byte(folderFormat)
	if r.loss != nil {
		if format, err = r.loss.format(); err != nil {
			return err
		}
	}
	return writeDurably(filepath.Join(r.settings.Data, "FORMAT"), format, 0o644)
}

// loses reports whether the backup ends before the event that is known to have been recorded.
func (r *restoring) loses() bool { return r.known.Position > r.manifest.Log.Position }

// checkKeys compares the keys with the manifest. Those of another backup are taken only where they were named.
func (r *restoring) checkKeys(ctx context.Context) error {
	named := r.keys != ""
	if !named {
		r.keys = filepath.Join(r.dir, keysFile)
	}
	want := r.manifest.Vault.File
	want.Name = filepath.Base(r.keys)
	err := want.check(ctx, filepath.Dir(r.keys))
	if err != nil && named && !errors.Is(err, fs.ErrNotExist) {
		r.otherKeys, err = true, nil
	}
	return err
}

// claimFolder takes an empty data folder and marks it as unfinished.
func claimFolder(ctx context.Context, path string) (*folder, error) {
	if err := os.MkdirAll(path, 0o711); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := checkEmpty(path); err != nil {
		return nil, fmt.Errorf("a restore needs an empty data folder: %w", err)
	}
	if err := writeDurably(filepath.Join(path, "FORMAT"), []byte(unfinishedFormat), 0o644); err != nil {
		return nil, err
	}
	return lockFolder(ctx, path, lockPatience)
}

// fillDatabase puts keys, accounts and deliveries back.
func (r *restoring) fillDatabase(ctx context.Context) error {
	s := r.settings
	err := readFile(r.keys, func(from io.Reader) (err error) {
		r.vault, err = vault.Restore(ctx, firstNonEmpty(s.VaultURL, s.PostgresURL), r.manifest.Vault.ID, from)
		return err
	})
	if err != nil {
		return err
	}
	for name, restore := range map[string]func(context.Context, string, io.Reader) (int64, error){
		accountsFile: accounts.Restore, notifyFile: notify.Restore,
	} {
		err := readFile(filepath.Join(r.dir, name), func(from io.Reader) error {
			_, err := restore(ctx, s.PostgresURL, from)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func readFile(path string, read func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(read(f), f.Close())
}

// fillLog puts the log back and makes sure that it is the one of the manifest, event by event.
func (r *restoring) fillLog(ctx context.Context) error {
	want := r.manifest.Log
	bar, end := progress("copying")
	defer end()
	met := r.known == recorded{} || r.loses()
	got, err := node.Copy(ctx, filepath.Join(r.dir, logFolder), filepath.Join(r.settings.Data, logFolder), want.Position,
		func(position uint64, id uuid.UUID) {
			bar(int64(position), int64(want.Position))
			met = met || r.known == recorded{position, id}
		})
	if err != nil {
		return err
	}
	if (backedUpLog{Position: got.Position, EventID: got.ID, Events: got.Events}) != want {
		return fmt.Errorf("the log has %d events and ends with %s; the manifest says %d and %s", got.Events, got.ID, want.Events, want.EventID)
	}
	if !met {
		return fmt.Errorf("the backup has no event %s at position %d: it is of another log", r.known.EventID, r.known.Position)
	}
	return nil
}

// tryKEK makes sure that the key-encryption key is the right one, where it is there already.
func (r *restoring) tryKEK(ctx context.Context) error {
	if _, err := os.Stat(r.settings.KEKFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	v, err := vault.Open(ctx, firstNonEmpty(r.settings.VaultURL, r.settings.PostgresURL), r.settings.KEKFile)
	if err != nil {
		return err
	}
	v.Close()
	return nil
}

// restored is the JSON of restore.
type restored struct {
	Log            backedUpLog `json:"log"`
	MadeAt         time.Time   `json:"made_at"`
	Keys           int64       `json:"keys"`
	OtherKeys      bool        `json:"keys_of_another_backup"`
	KEKFingerprint string      `json:"kek_fingerprint"`
	KEKFile        string      `json:"kek_file"`
	KEKMissing     bool        `json:"kek_missing"`
	// MissingUpTo is the event that is known to have been recorded after the backup's last; null where none is.
	MissingUpTo *recorded `json:"missing_up_to"`
	// LossAccepted is the decision to go on without it, as the first start puts it into the log; null where none is.
	LossAccepted *domain.LossAccepted `json:"loss_accepted"`
}

// report says what was restored, where it ends, and what is still to be done.
func (r *restoring) report(out io.Writer, format string) error {
	_, err := os.Stat(r.settings.KEKFile)
	answer := restored{
		Log: r.manifest.Log, MadeAt: r.manifest.MadeAt, Keys: r.vault.Keys, OtherKeys: r.otherKeys,
		KEKFingerprint: r.vault.KEKFingerprint, KEKFile: r.settings.KEKFile, KEKMissing: err != nil,
	}
	if r.loss != nil {
		answer.MissingUpTo, answer.LossAccepted = &r.known, &r.loss.Loss
	}
	if format == "json" {
		return queries.WriteJSON(out, answer)
	}
	fmt.Fprintf(out, `%d events, the last of them %s at position %d: all that the backup of %s holds, and nothing is missing of it
what was recorded after that position is not in it
%d keys
`, answer.Log.Events, answer.Log.EventID, answer.Log.Position, answer.MadeAt.Format(time.RFC3339), answer.Keys)
	if lost := answer.MissingUpTo; lost != nil {
		fmt.Fprintf(out, "missing: everything after it up to %s at position %d, by the decision of %s (%s), which the first start puts into the log\n",
			lost.EventID, lost.Position, answer.LossAccepted.Approver, answer.LossAccepted.Reason)
	}
	if answer.OtherKeys {
		fmt.Fprintln(out, "the keys are those of another backup: what was sealed after an older one cannot be opened")
	}
	if answer.KEKMissing {
		fmt.Fprintf(out, "put back the key-encryption key with the fingerprint %s as %s (mode 0600), then start\n", answer.KEKFingerprint, answer.KEKFile)
	}
	return nil
}
