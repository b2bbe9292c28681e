package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

const (
	backupFormat = "redress backup 1"
	manifestFile = "manifest.json"
	keysFile     = "keys.jsonl"
	accountsFile = "accounts.jsonl"
	notifyFile   = "notify.jsonl"
	logFolder    = "log"
)

// manifest says what a backup is a backup of. It is written last: a folder without one is no backup.
type manifest struct {
	Format  string       `json:"format"`
	MadeAt  time.Time    `json:"made_at"`
	Version string       `json:"version"`
	Tenant  string       `json:"tenant"`
	Log     backedUpLog  `json:"log"`
	Vault   backedUpKeys `json:"vault"`
	Files   []backupFile `json:"files"` // all but the manifest itself and the keys
}

// backedUpLog is how far the log goes in a backup.
type backedUpLog struct {
	Position uint64    `json:"position"` // of the last event
	EventID  uuid.UUID `json:"event_id"` // of the last event
	Events   uint64    `json:"events"`
}

// backedUpKeys is the file of the keys, which may be kept elsewhere and not as long.
type backedUpKeys struct {
	ID             uuid.UUID  `json:"id"`
	KEKFingerprint string     `json:"kek_fingerprint"`
	Keys           int64      `json:"keys"` // that live
	File           backupFile `json:"file"`
}

// backupFile is a file of a backup with its digest.
type backupFile struct {
	Name   string `json:"name"` // its path in the backup
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// describeFile reads a file and says what is in it.
func describeFile(ctx context.Context, dir, name string) (backupFile, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return backupFile{}, err
	}
	defer func() { _ = f.Close() }()
	digest := sha256.New()
	size := int64(0)
	for ctx.Err() == nil {
		n, err := io.CopyN(digest, f, 16<<20)
		size += n
		if errors.Is(err, io.EOF) {
			return backupFile{Name: filepath.ToSlash(name), Size: size, SHA256: hex.EncodeToString(digest.Sum(nil))}, nil
		}
		if err != nil {
			return backupFile{}, err
		}
	}
	return backupFile{}, context.Cause(ctx)
}

// write puts the manifest into the backup and returns its digest.
func (m *manifest) write(dir string) (digest string, err error) {
	text, err := json.Marshal(m, jsontext.WithIndent("  "))
	if err != nil {
		return "", err
	}
	text = append(text, '\n')
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), writeDurably(filepath.Join(dir, manifestFile), text, 0o600)
}

// readManifest reads the manifest of a backup. expected is its digest as the backup printed it, or empty.
func readManifest(dir, expected string) (*manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is no backup, or one that was not finished: it has no %s", dir, manifestFile)
	}
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(text); expected != "" && hex.EncodeToString(sum[:]) != expected {
		return nil, fmt.Errorf("%s: the manifest has the digest %x and not the one expected", dir, sum)
	}
	var m manifest
	if err := json.Unmarshal(text, &m, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: manifest: %w", dir, err)
	}
	if m.Format != backupFormat {
		return nil, fmt.Errorf("%s: the manifest says %q; this version reads %q", dir, m.Format, backupFormat)
	}
	return &m, nil
}

// check compares every file of the backup but the keys with the manifest.
func (m *manifest) check(ctx context.Context, dir string) error {
	all, done := int64(0), int64(0)
	for _, want := range m.Files {
		all += want.Size
	}
	bar, end := progress("checking")
	defer end()
	for _, want := range m.Files {
		if err := want.check(ctx, dir); err != nil {
			return err
		}
		done += want.Size
		bar(done, all)
	}
	return nil
}

// check compares one file with what it should be.
func (f backupFile) check(ctx context.Context, dir string) error {
	if !filepath.IsLocal(f.Name) {
		return fmt.Errorf("the backup is damaged: %q is no name of a file in it", f.Name)
	}
	got, err := describeFile(ctx, dir, filepath.FromSlash(f.Name))
	switch {
	case err != nil:
		return fmt.Errorf("the backup is not whole: %w", err)
	case got.Size != f.Size:
		return fmt.Errorf("the backup is damaged: %s has %d bytes, and had %d", f.Name, got.Size, f.Size)
	case got.SHA256 != f.SHA256:
		return fmt.Errorf("the backup is damaged: %s is not what it was", f.Name)
	}
	return nil
}
