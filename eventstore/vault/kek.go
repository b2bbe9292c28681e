package vault

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoKEK is returned where keys may exist and the file of their key-encryption key
// does not: it has to be put back, a new one could open nothing.
var ErrNoKEK = errors.New("vault: the key-encryption key file is missing")

// ErrWrongKEK is returned where the file holds another key than the one that the keys
// in the database are wrapped with.
var ErrWrongKEK = errors.New("vault: the key-encryption key file holds another key than this vault was made with")

// readKEK reads the file: 32 bytes in hexadecimal or base64, readable by its owner
// only. Errors never show what it holds.
func readKEK(name string) (kek, error) {
	f, err := os.Open(name)
	if err != nil {
		return kek{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return kek{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return kek{}, fmt.Errorf("vault: others than its owner may read the key-encryption key file %s (mode %04o): chmod 0600", name, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return kek{}, err
	}
	encoded := strings.TrimSpace(string(text))
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if key, err := decode(encoded); err == nil && len(key) == keySize {
			return newKEK(key), nil
		}
	}
	return kek{}, fmt.Errorf("vault: %s does not hold 32 bytes in hexadecimal or base64", name)
}

// makeKEK writes a new key-encryption key to the file and reads it back. The file
// appears under its name complete and on disk, or not at all; where another process
// was quicker, its key is the one.
func makeKEK(name string) (kek, error) {
	key := make([]byte, keySize)
	rand.Read(key)
	// os.CreateTemp opens with O_EXCL and mode 0600.
	f, err := os.CreateTemp(filepath.Dir(name), ".kek-")
	if err != nil {
		return kek{}, err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return kek{}, err
	}
	// Link, unlike rename, does not replace a file that is there.
	if err := os.Link(f.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return kek{}, err
	}
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return kek{}, err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return kek{}, err
	}
	return readKEK(name)
}
