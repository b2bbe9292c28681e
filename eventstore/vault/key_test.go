package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func drawKey(t *rapid.T) Key {
	return newKey(KeyID(uuid.New()), "person-1", rapid.SliceOfN(rapid.Byte(), keySize, keySize).Draw(t, "data key"))
}

// What is sealed opens to the same bytes; with one bit changed, another associated
// text or another key it does not open.
func TestSealAndOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := drawKey(t)
		text := rapid.SliceOf(rapid.Byte()).Draw(t, "text")
		associated := rapid.String().Draw(t, "associated")
		box := k.Seal(text, associated)
		got, err := k.Open(box, associated)
		if err != nil || !bytes.Equal(got, text) {
			t.Fatalf("opened %q, %v", got, err)
		}
		if bytes.Equal(box, k.Seal(text, associated)) {
			t.Fatal("two boxes are equal")
		}
		other := associated + rapid.StringN(1, 3, -1).Draw(t, "more")
		if _, err := k.Open(box, other); !errors.Is(err, ErrOpen) {
			t.Fatalf("another associated text: %v", err)
		}
		var random [keySize]byte
		rand.Read(random[:])
		if _, err := newKey(k.id, k.subject, random[:]).Open(box, associated); !errors.Is(err, ErrOpen) {
			t.Fatalf("another key: %v", err)
		}
		bit := rapid.IntRange(0, len(box)*8-1).Draw(t, "bit")
		box[bit/8] ^= 1 << (bit % 8)
		if _, err := k.Open(box, associated); !errors.Is(err, ErrOpen) {
			t.Fatalf("a changed box: %v", err)
		}
		cut := rapid.IntRange(0, len(box)-1).Draw(t, "cut")
		if _, err := k.Open(box[:cut], associated); !errors.Is(err, ErrOpen) {
			t.Fatalf("a shortened box: %v", err)
		}
	})
}

// Moving the border between two parts changes the MAC.
func TestMACCoversTheBorders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := drawKey(t)
		text := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "text")
		a, b := rapid.IntRange(0, len(text)).Draw(t, "a"), rapid.IntRange(0, len(text)).Draw(t, "b")
		same := bytes.Equal(k.MAC(text[:a], text[a:]), k.MAC(text[:b], text[b:]))
		if same != (a == b) {
			t.Fatalf("borders %d and %d: equal = %v", a, b, same)
		}
		if bytes.Equal(k.MAC(text), k.MAC(text, nil)) {
			t.Fatal("an empty part is not covered")
		}
	})
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	dataKey := bytes.Repeat([]byte{0xAB}, keySize)
	k := newKey(KeyID(uuid.New()), "person-1", dataKey)
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, k)
		fmt.Fprintf(&out, verb, []any{k, map[string]Key{"a": k}, struct{ K Key }{k}})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("a", "key", k)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("a", "key", k)
	for _, secret := range [][]byte{dataKey, k.secret.macKey, subkey(dataKey, "redress seal 1")} {
		for _, form := range []string{"%s", "%x", "%X", "%v", "%d"} {
			if strings.Contains(out.String(), strings.Trim(fmt.Sprintf(form, secret), "[]")) {
				t.Errorf("a secret is printed: %s", out.String())
			}
		}
	}
	if !strings.Contains(out.String(), k.ID().String()) {
		t.Error("the id is not printed")
	}
}

func TestADestroyedKeyOpensNothing(t *testing.T) {
	if _, err := (Key{}).Open([]byte{1, 2, 3}, ""); !errors.Is(err, ErrOpen) {
		t.Errorf("the zero Key: %v", err)
	}
}

func TestKeyIDAsText(t *testing.T) {
	id := KeyID(uuid.New())
	parsed, err := ParseKeyID(id.String())
	if err != nil || parsed != id {
		t.Errorf("parsed %v, %v", parsed, err)
	}
	text, err := id.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var back KeyID
	if err := back.UnmarshalText(text); err != nil || back != id {
		t.Errorf("back %v, %v", back, err)
	}
	if err := back.UnmarshalText([]byte("no id")); err == nil {
		t.Error("no id was read as one")
	}
}

// What was forgotten while a reader was asking the database is not put back by it.
func TestAReaderDoesNotPutBackWhatWasForgotten(t *testing.T) {
	c := newCache(2)
	k := newKey(KeyID(uuid.New()), "person-1", make([]byte, keySize))
	epoch := c.now()
	c.forgetSubject("person-1")
	c.put(epoch, k)
	if _, ok := c.subject("person-1"); ok {
		t.Error("a forgotten key is remembered")
	}
	c.put(c.now(), k)
	if got, ok := c.subject("person-1"); !ok || got.ID() != k.ID() {
		t.Error("a key is not remembered")
	}
	later := newKey(KeyID(uuid.New()), "person-1", make([]byte, keySize))
	c.put(c.now(), later)
	if _, ok := c.id(k.ID()); ok {
		t.Error("a subject has two living keys")
	}
	for n := range 3 {
		c.put(c.now(), newKey(KeyID(uuid.New()), fmt.Sprint("person-", n+2), make([]byte, keySize)))
	}
	if len(c.bySubject) != 2 || c.byID.Len() != 2 {
		t.Errorf("the cache holds %d subjects and %d keys, not 2", len(c.bySubject), c.byID.Len())
	}
}
