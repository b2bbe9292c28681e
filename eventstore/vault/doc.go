// Package vault keeps the keys under which personal data is sealed: one key for each
// person and one for each case, called a subject here and named by its stream. While
// the key lives, what was sealed under it can be opened; once it is destroyed, every
// copy of the ciphertext, in the log, in read models and in backups, is noise. That is
// how a record that never changes can forget a person.
//
// # What must hold
//
//   - A key is committed to disk before [Vault.Key] returns it, so that nothing in the
//     log is ever sealed under a key that a crash took away.
//   - A subject has at most one living key. Several processes may ask for it at once.
//   - A destroyed key keeps its row without the key: [ErrDestroyed] and [ErrUnknownKey]
//     are different answers for ever.
//   - The database holds keys only in wrapped form. The key-encryption key that opens
//     them is a file outside it and is never made anew over keys that exist.
//   - No key is printed: not in errors, not in logs, not by fmt.
//
// # Formats
//
// A data key is 32 random bytes. From it HKDF-SHA-256 derives, without salt, one subkey
// for each use: "redress seal 1" for AES-256-GCM and "redress mac 1" for HMAC-SHA-256.
// A box is
//
//	1 (one byte, the algorithm) | nonce (12 bytes) | ciphertext | tag (16 bytes)
//
// with the caller's associated text, in UTF-8, as the associated data. Before the MAC,
// each part is preceded by its length in 8 bytes, big-endian. A data key is wrapped in
// the same box format under the key-encryption key, which the info "redress wrap 1"
// turns into the subkey; its associated text is the key's id, a space and the subject.
//
// # What destroying does not reach
//
// PostgreSQL may keep the wrapped form of a destroyed key in old pages, in its
// write-ahead log and in backups until these are reused. It is of use only to someone
// who also has the key-encryption key, which is why that is never in the database nor
// in a backup; [Rewrap] under a new one, and the end of the old, closes the rest.
package vault
