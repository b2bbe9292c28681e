package vault_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"redress/eventstore/vault"
)

// What was sealed before a copy opens with the copy and the same key-encryption key; what was destroyed stays so.
func TestCopyAndRestore(t *testing.T) {
	first := newPlace(t)
	v := first.open(t)
	kept, gone := key(t, v, person()), key(t, v, person())
	box := kept.Seal([]byte("Ada"), "here")
	if _, err := v.Destroy(t.Context(), gone.Subject()); err != nil {
		t.Fatal(err)
	}
	mark := uuid.New()
	if err := v.NoteErasures(t.Context(), 4711, mark); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	copied, err := v.Copy(t.Context(), &text)
	if err != nil || copied != (vault.Copied{VaultID: v.ID(), KEKFingerprint: v.KEKFingerprint(), Keys: 1}) {
		t.Fatalf("copied %+v, %v", copied, err)
	}

	second := newPlace(t)
	for name, broken := range map[string]string{
		"empty": "", "shortened": text.String()[:text.Len()-40], "a key less": text.String()[:strings.LastIndex(strings.TrimSpace(text.String()), "\n")+1],
		"longer": text.String() + "{}\n", "of another kind": strings.Replace(text.String(), "redress keys 1", "redress keys 2", 1),
	} {
		if _, err := vault.Restore(t.Context(), second.url, v.ID(), strings.NewReader(broken)); err == nil {
			t.Errorf("%s: it was restored", name)
		}
	}
	if _, err := vault.Restore(t.Context(), second.url, uuid.New(), bytes.NewReader(text.Bytes())); err == nil {
		t.Error("the keys of another vault were restored")
	}
	if again, err := vault.Restore(t.Context(), second.url, v.ID(), bytes.NewReader(text.Bytes())); err != nil || again != copied {
		t.Fatalf("restored %+v, %v", again, err)
	}
	if _, err := vault.Restore(t.Context(), second.url, v.ID(), bytes.NewReader(text.Bytes())); !errors.Is(err, vault.ErrNotEmpty) {
		t.Errorf("restored over a vault: %v", err)
	}
	if _, err := vault.Open(t.Context(), second.url, second.kek); !errors.Is(err, vault.ErrNoKEK) {
		t.Errorf("without the key-encryption key: %v", err)
	}
	secret, err := os.ReadFile(first.kek)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text.Bytes(), bytes.TrimSpace(secret)) {
		t.Error("the copy holds the key-encryption key")
	}
	if err := os.WriteFile(second.kek, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	restored := second.open(t)
	if k, err := restored.KeyByID(t.Context(), kept.ID()); err != nil {
		t.Error(err)
	} else if text, err := k.Open(box, "here"); err != nil || string(text) != "Ada" {
		t.Errorf("opened %q, %v", text, err)
	}
	if _, err := restored.KeyByID(t.Context(), gone.ID()); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("the key that was destroyed: %v", err)
	}
	if position, id, err := restored.ErasuresApplied(t.Context()); position != 4711 || id != mark || err != nil {
		t.Errorf("the mark is %d %s, %v", position, id, err)
	}
}
