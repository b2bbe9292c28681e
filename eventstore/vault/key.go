package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
)

// KeyID names one key for ever. It says nothing about the subject.
type KeyID uuid.UUID

// String is the id in the usual 36 characters.
func (id KeyID) String() string { return uuid.UUID(id).String() }

// MarshalText writes what String returns.
func (id KeyID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText reads what MarshalText wrote; anything else is an error.
func (id *KeyID) UnmarshalText(text []byte) error { return (*uuid.UUID)(id).UnmarshalText(text) }

// ParseKeyID reads an id in the form of String.
func ParseKeyID(s string) (KeyID, error) {
	id, err := uuid.Parse(s)
	return KeyID(id), err
}

// Key seals and opens what belongs to one subject. It is a small value to be passed
// about; its methods may be called from any goroutine. A key that was destroyed, and
// the zero Key, open nothing, and to seal or to compute a MAC with them panics.
type Key struct {
	id      KeyID
	subject string
	secret  *secret
}

// secret is what a data key turns into when it is loaded. The data key itself is not
// kept.
type secret struct {
	sealing cipher.AEAD
	macKey  []byte
}

// algorithm is the first byte of every box: AES-256-GCM with a random nonce.
const algorithm = 1

const keySize = 32

// ErrOpen is returned for a box that this key and associated text do not open:
// damaged, sealed under another key, or moved to another place. It never says which.
var ErrOpen = errors.New("vault: the box does not open")

func newKey(id KeyID, subject string, dataKey []byte) Key {
	return Key{id: id, subject: subject, secret: &secret{
		sealing: newAEAD(subkey(dataKey, "redress seal 1")),
		macKey:  subkey(dataKey, "redress mac 1"),
	}}
}

// ID is the name of the key, to be stored beside what it sealed.
func (k Key) ID() KeyID { return k.id }

// Subject is the stream whose key this is.
func (k Key) Subject() string { return k.subject }

// Destroyed reports that there is only the name of a key left, or none (the zero Key).
func (k Key) Destroyed() bool { return k.secret == nil }

// Seal encrypts the plaintext into a box that opens only with the same key and the
// same associated text (by rule the event id and the field's path). Two calls never
// give the same box.
func (k Key) Seal(plaintext []byte, associated string) []byte {
	return seal(k.secret.sealing, plaintext, associated)
}

// Open decrypts what Seal made. Its only error is [ErrOpen].
func (k Key) Open(box []byte, associated string) ([]byte, error) {
	if k.secret == nil {
		return nil, ErrOpen
	}
	return open(k.secret.sealing, box, associated)
}

// MAC is a digest of 32 bytes that nobody can recompute or guess back without the
// key. Where one part ends and the next begins is part of what it covers. Compare two
// with hmac.Equal.
func (k Key) MAC(parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, k.secret.macKey)
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// String names the key and does not show it.
func (k Key) String() string { return "key " + k.id.String() }

// GoString names the key and does not show it.
func (k Key) GoString() string { return k.String() }

// LogValue names the key and does not show it.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

func seal(aead cipher.AEAD, plaintext []byte, associated string) []byte {
	box := make([]byte, 1, 1+aead.Overhead()+len(plaintext))
	box[0] = algorithm
	return aead.Seal(box, nil, plaintext, []byte(associated))
}

func open(aead cipher.AEAD, box []byte, associated string) ([]byte, error) {
	if len(box) == 0 || box[0] != algorithm {
		return nil, ErrOpen
	}
	plaintext, err := aead.Open(nil, nil, box[1:], []byte(associated))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// newAEAD cannot fail for a key of 32 bytes.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// subkey cannot fail for one block of SHA-256.
func subkey(key []byte, use string) []byte {
	sub, err := hkdf.Key(sha256.New, key, nil, use, keySize)
	if err != nil {
		panic(err)
	}
	return sub
}

// kek is the key-encryption key: what wraps the data keys.
type kek struct {
	wrapping    cipher.AEAD
	fingerprint string
}

func newKEK(key []byte) kek {
	sum := sha256.Sum256(append([]byte("redress key-encryption key fingerprint 1\n"), key...))
	return kek{wrapping: newAEAD(subkey(key, "redress wrap 1")), fingerprint: fmt.Sprintf("%x", sum)}
}

func wrapContext(id KeyID, subject string) string { return id.String() + " " + subject }

// mint makes a new data key and returns its wrapped form; the key itself is read back
// from the database when it has been committed there.
func (k kek) mint(id KeyID, subject string) []byte {
	dataKey := make([]byte, keySize)
	rand.Read(dataKey) // never fails: it ends the program instead
	return seal(k.wrapping, dataKey, wrapContext(id, subject))
}

// unwrap opens a wrapped data key.
func (k kek) unwrap(id KeyID, subject string, wrapped []byte) (Key, error) {
	dataKey, err := open(k.wrapping, wrapped, wrapContext(id, subject))
	if err != nil || len(dataKey) != keySize {
		return Key{}, fmt.Errorf("vault: key %s does not unwrap: its row was damaged or changed", id)
	}
	return newKey(id, subject, dataKey), nil
}

// rewrap carries a wrapped data key over to another key-encryption key.
func (k kek) rewrap(to kek, id KeyID, subject string, wrapped []byte) ([]byte, error) {
	dataKey, err := open(k.wrapping, wrapped, wrapContext(id, subject))
	if err != nil {
		return nil, fmt.Errorf("vault: key %s does not unwrap: its row was damaged or changed", id)
	}
	return seal(to.wrapping, dataKey, wrapContext(id, subject)), nil
}
