package vault_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

// place is where one vault lives: its database and its key-encryption key.
type place struct{ url, kek string }

func newPlace(t *testing.T) place {
	t.Helper()
	return place{url: pgtest.URL(t), kek: filepath.Join(t.TempDir(), "kek")}
}

func (p place) open(t *testing.T) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), p.url, p.kek)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func (p place) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func person() string { return "person-" + uuid.NewString() }

func key(t *testing.T, v *vault.Vault, subject string) vault.Key {
	t.Helper()
	k, err := v.Key(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestWhatOneProcessSealsAnotherOpens(t *testing.T) {
	p := newPlace(t)
	first := p.open(t)
	subject := person()
	k := key(t, first, subject)
	box := k.Seal([]byte("the text"), "event/field")
	mac := k.MAC([]byte("a"), []byte("b"))
	first.Close()

	second := p.open(t)
	if second.ID() != first.ID() || second.KEKFingerprint() != first.KEKFingerprint() {
		t.Error("the same vault has another identity")
	}
	for name, get := range map[string]func() (vault.Key, error){
		"by id":    func() (vault.Key, error) { return second.KeyByID(t.Context(), k.ID()) },
		"existing": func() (vault.Key, error) { return second.Existing(t.Context(), subject) },
		"key":      func() (vault.Key, error) { return second.Key(t.Context(), subject) },
	} {
		got, err := get()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := got.Open(box, "event/field")
		if err != nil || string(text) != "the text" {
			t.Errorf("%s: opened %q, %v", name, text, err)
		}
		if string(got.MAC([]byte("a"), []byte("b"))) != string(mac) {
			t.Errorf("%s: the MAC differs", name)
		}
		if got.ID() != k.ID() || got.Subject() != subject {
			t.Errorf("%s: got %v of %s", name, got, got.Subject())
		}
	}
}

func TestEmptyUntilTheFirstKey(t *testing.T) {
	v := newPlace(t).open(t)
	if empty, err := v.Empty(t.Context()); err != nil || !empty {
		t.Errorf("new vault: empty = %v, %v", empty, err)
	}
	subject := person()
	key(t, v, subject)
	if _, err := v.Destroy(t.Context(), subject); err != nil {
		t.Fatal(err)
	}
	if empty, err := v.Empty(t.Context()); err != nil || empty {
		t.Errorf("vault whose only key was destroyed: empty = %v, %v", empty, err)
	}
}

func TestExistingNeverMints(t *testing.T) {
	v := newPlace(t).open(t)
	if _, err := v.Existing(t.Context(), person()); !errors.Is(err, vault.ErrUnknownKey) {
		t.Errorf("Existing of a new subject: %v", err)
	}
	if empty, err := v.Empty(t.Context()); err != nil || !empty {
		t.Errorf("after Existing: empty = %v, %v", empty, err)
	}
	if _, err := v.Key(t.Context(), ""); err == nil {
		t.Error("a key was minted for no subject")
	}
}

// A subject that was taken for a new one and is none has the key that it had, whichever process minted it; one whose key
// was destroyed gets another.
func TestKeyOfNewIsTheLivingKey(t *testing.T) {
	p := newPlace(t)
	first, second := p.open(t), p.open(t)
	ofNew := func(v *vault.Vault, subject string) vault.KeyID {
		k, err := v.KeyOfNew(t.Context(), subject)
		if err != nil {
			t.Fatal(err)
		}
		return k.ID()
	}
	subject := person()
	minted := ofNew(first, subject)
	if again, elsewhere, looked := ofNew(first, subject), ofNew(second, subject), key(t, second, subject).ID(); again != minted || elsewhere != minted || looked != minted {
		t.Errorf("minted %v, then %v, elsewhere %v and %v", minted, again, elsewhere, looked)
	}
	if _, err := second.Destroy(t.Context(), subject); err != nil {
		t.Fatal(err)
	}
	if after := ofNew(second, subject); after == minted {
		t.Error("the destroyed key came back")
	}
}

// Two processes ask for the same new subjects, in different orders, at once.
func TestProcessesThatMintAtOnceGetTheSameKeys(t *testing.T) {
	p := newPlace(t)
	vaults := []*vault.Vault{p.open(t), p.open(t)}
	subjects := make([]string, 200)
	for i := range subjects {
		subjects[i] = person()
	}
	const perVault = 4
	got := make([]map[string]vault.Key, len(vaults)*perVault)
	var group sync.WaitGroup
	for i := range got {
		group.Go(func() {
			mine := append(append([]string{}, subjects[i*20:]...), subjects[:i*20]...)
			keys, err := vaults[i%len(vaults)].Keys(t.Context(), mine)
			if err != nil {
				t.Error(err)
			}
			got[i] = keys
		})
	}
	group.Wait()
	for _, subject := range subjects {
		for i := range got {
			if got[i][subject].ID() != got[0][subject].ID() {
				t.Fatalf("two living keys for one subject: %v and %v", got[0][subject], got[i][subject])
			}
		}
	}
}

func TestOpeningAtOnceSettlesOnOneIdentity(t *testing.T) {
	p := newPlace(t)
	vaults := make([]*vault.Vault, 4)
	var group sync.WaitGroup
	for i := range vaults {
		group.Go(func() {
			v, err := vault.Open(t.Context(), p.url, p.kek)
			if err != nil {
				t.Error(err)
				return
			}
			vaults[i] = v
		})
	}
	group.Wait()
	for _, v := range vaults {
		if v == nil {
			continue
		}
		if v.ID() != vaults[0].ID() || v.KEKFingerprint() != vaults[0].KEKFingerprint() {
			t.Error("two processes opened two vaults")
		}
		v.Close()
	}
}

func TestADestroyedKeyIsKnownAsDestroyed(t *testing.T) {
	p := newPlace(t)
	v := p.open(t)
	subject := person()
	k := key(t, v, subject)
	box := k.Seal([]byte("the text"), "")

	ids, err := v.Destroy(t.Context(), subject)
	if err != nil || len(ids) != 1 || ids[0] != k.ID() {
		t.Fatalf("Destroy = %v, %v", ids, err)
	}
	again, err := v.Destroy(t.Context(), subject)
	if err != nil || len(again) != 1 || again[0] != k.ID() {
		t.Errorf("the second Destroy = %v, %v", again, err)
	}
	if _, err := v.KeyByID(t.Context(), k.ID()); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("KeyByID of a destroyed key: %v", err)
	}
	if _, err := v.KeyByID(t.Context(), vault.KeyID(uuid.New())); !errors.Is(err, vault.ErrUnknownKey) {
		t.Errorf("KeyByID of no key: %v", err)
	}
	if ids, err := v.Destroy(t.Context(), person()); err != nil || len(ids) != 0 {
		t.Errorf("Destroy of a subject without a key = %v, %v", ids, err)
	}

	later := key(t, v, subject)
	if later.ID() == k.ID() {
		t.Fatal("the destroyed key lives again")
	}
	if _, err := later.Open(box, ""); !errors.Is(err, vault.ErrOpen) {
		t.Errorf("the later key on the earlier box: %v", err)
	}
	// What the start does with the ids in the log leaves the later key alone.
	if err := v.DestroyKeys(t.Context(), []vault.KeyID{k.ID(), vault.KeyID(uuid.New())}); err != nil {
		t.Fatal(err)
	}
	if still := key(t, p.open(t), subject); still.ID() != later.ID() {
		t.Error("DestroyKeys took a key that it was not asked to")
	}
	if err := v.DestroyKeys(t.Context(), []vault.KeyID{later.ID()}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.KeyByID(t.Context(), later.ID()); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("KeyByID after DestroyKeys: %v", err)
	}
	keys, err := v.KeysByID(t.Context(), []vault.KeyID{k.ID(), vault.KeyID(uuid.New())})
	if err != nil || len(keys) != 1 || !keys[k.ID()].Destroyed() {
		t.Errorf("KeysByID = %v, %v", keys, err)
	}
}

// The cache answers until it is told; that is what Forget is for.
func TestForgetEndsTheUseOfAKeyDestroyedElsewhere(t *testing.T) {
	p := newPlace(t)
	here, elsewhere := p.open(t), p.open(t)
	subject := person()
	k := key(t, here, subject)
	if _, err := elsewhere.Destroy(t.Context(), subject); err != nil {
		t.Fatal(err)
	}
	if _, err := here.KeyByID(t.Context(), k.ID()); err != nil {
		t.Errorf("before Forget the cache should answer: %v", err)
	}
	here.Forget(subject)
	if _, err := here.KeyByID(t.Context(), k.ID()); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("after Forget: %v", err)
	}
	if _, err := here.Existing(t.Context(), subject); !errors.Is(err, vault.ErrUnknownKey) {
		t.Errorf("Existing after Forget: %v", err)
	}

	k = key(t, here, subject)
	if err := elsewhere.DestroyKeys(t.Context(), []vault.KeyID{k.ID()}); err != nil {
		t.Fatal(err)
	}
	here.ForgetKey(k.ID())
	if next := key(t, here, subject); next.ID() == k.ID() {
		t.Error("after ForgetKey the destroyed key is used for its subject")
	}
}

func TestKeysBeyondTheCacheAreReadAgain(t *testing.T) {
	v := newPlace(t).open(t)
	subjects := make([]string, 20_000)
	for i := range subjects {
		subjects[i] = fmt.Sprintf("complaint-%08d-0000-0000-0000-000000000000", i)
	}
	keys, err := v.Keys(t.Context(), append(subjects, subjects[0]))
	if err != nil || len(keys) != len(subjects) {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	again, err := v.Keys(t.Context(), subjects)
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range subjects {
		if again[subject].ID() != keys[subject].ID() {
			t.Fatalf("%s got a second key", subject)
		}
	}
}

func TestTheKeyEncryptionKeyIsNeverReplaced(t *testing.T) {
	p := newPlace(t)
	v := p.open(t)
	key(t, v, person())
	kept := filepath.Join(filepath.Dir(p.kek), "kept")
	if err := os.Rename(p.kek, kept); err != nil {
		t.Fatal(err)
	}

	if _, err := vault.Open(t.Context(), p.url, p.kek); !errors.Is(err, vault.ErrNoKEK) {
		t.Errorf("without the file: %v", err)
	}
	if _, err := os.Stat(p.kek); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("a refused Open made a file")
	}
	other := newPlace(t)
	other.open(t)
	if _, err := vault.Open(t.Context(), p.url, other.kek); !errors.Is(err, vault.ErrWrongKEK) {
		t.Errorf("with another's file: %v", err)
	}
	// Even when the fingerprint has been made to fit.
	p.exec(t, "update vault.identity set kek_fingerprint = $1", other.open(t).KEKFingerprint())
	if _, err := vault.Open(t.Context(), p.url, other.kek); !errors.Is(err, vault.ErrWrongKEK) {
		t.Errorf("with another's file and its fingerprint: %v", err)
	}
	p.exec(t, "update vault.identity set kek_fingerprint = $1", v.KEKFingerprint())
	place{p.url, kept}.open(t)
}

func TestTheKeyEncryptionKeyFile(t *testing.T) {
	hexKey := strings.Repeat("0123456789abcdef", 4)
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		refusal    string
	}{
		{"hexadecimal", hexKey, 0o600, ""},
		{"with an end of line, read-only", hexKey + "\n", 0o400, ""},
		{"base64", "ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8=\n", 0o600, ""},
		{"too short", hexKey[:62], 0o600, "does not hold 32 bytes"},
		{"empty", "", 0o600, "does not hold 32 bytes"},
		{"readable by others", hexKey, 0o644, "chmod 0600"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t)
			if err := os.WriteFile(p.kek, []byte(tt.text), tt.mode); err != nil {
				t.Fatal(err)
			}
			v, err := vault.Open(t.Context(), p.url, p.kek)
			if tt.refusal == "" {
				if err != nil {
					t.Fatal(err)
				}
				v.Close()
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.refusal) {
				t.Errorf("error %v, want one that says %q", err, tt.refusal)
			}
			if err != nil && tt.text != "" && strings.Contains(err.Error(), tt.text) {
				t.Error("the error shows the key")
			}
		})
	}
}

func TestANewKeyEncryptionKeyFileIsForItsOwnerOnly(t *testing.T) {
	p := newPlace(t)
	p.open(t)
	info, err := os.Stat(p.kek)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(p.kek))
	if err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

// A row that was swapped or changed in the database is an error and not another key.
func TestRowsCannotBeSwapped(t *testing.T) {
	p := newPlace(t)
	v := p.open(t)
	a, b := key(t, v, person()), key(t, v, person())
	p.exec(t, `update vault.keys k set wrapped = o.wrapped from vault.keys o
		where k.id = $1 and o.id = $2`, uuid.UUID(a.ID()), uuid.UUID(b.ID()))
	v.ForgetKey(a.ID())
	_, err := v.KeyByID(t.Context(), a.ID())
	if err == nil || errors.Is(err, vault.ErrDestroyed) || errors.Is(err, vault.ErrUnknownKey) {
		t.Errorf("a swapped row: %v", err)
	}
}

func TestRewrapChangesTheFileAndNoKey(t *testing.T) {
	p := newPlace(t)
	v := p.open(t)
	subject, gone := person(), person()
	box := key(t, v, subject).Seal([]byte("the text"), "")
	key(t, v, gone)
	destroyed, err := v.Destroy(t.Context(), gone)
	if err != nil {
		t.Fatal(err)
	}

	next := place{p.url, p.kek + "-2"}
	fingerprint, err := vault.Rewrap(t.Context(), p.url, p.kek, next.kek)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Key(t.Context(), person()); !errors.Is(err, vault.ErrWrongKEK) {
		t.Errorf("a process with the old key minted: %v", err)
	}
	if _, err := vault.Open(t.Context(), p.url, p.kek); !errors.Is(err, vault.ErrWrongKEK) {
		t.Errorf("the old file: %v", err)
	}
	now := next.open(t)
	if now.KEKFingerprint() != fingerprint || now.ID() != v.ID() {
		t.Error("the vault's identity is not the old id with the new fingerprint")
	}
	text, err := key(t, now, subject).Open(box, "")
	if err != nil || string(text) != "the text" {
		t.Errorf("opened %q, %v", text, err)
	}
	if _, err := now.KeyByID(t.Context(), destroyed[0]); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("the destroyed key: %v", err)
	}
}
