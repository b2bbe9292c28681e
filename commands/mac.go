package commands

import (
	"context"
	"crypto/hmac"
	"errors"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore/vault"
)

// mac is the digest by which another body under the same command id is told: the id of the key (16 bytes), and the HMAC
// of command and body under the key of the addressed stream. An erasure has none, because its key goes, and answers on
// equality have none, because it would prove in which order they came: there [sameAnswers] compares the answers.
func (h *Handler) mac(ctx context.Context, o *order, s *state) ([]byte, error) {
	if o.command.Name == erasure || o.command.Addresses == OneQuarter {
		return nil, nil
	}
	keyOf := h.Store.Vault().Key
	if s.events == 0 {
		keyOf = h.Store.Vault().KeyOfNew
	}
	key, err := keyOf(ctx, o.stream)
	if err != nil {
		return nil, err
	}
	id := uuid.UUID(key.ID())
	return append(id[:], key.MAC([]byte(o.command.Name), o.body.raw)...), nil
}

// sameBody answers COMMAND_ID_REUSED unless the body is the one that the stored MAC was made of. Where there is no MAC,
// or its key is lost, that cannot be told, and the first answer stands.
func (h *Handler) sameBody(ctx context.Context, o *order, stored []byte) error {
	if len(stored) <= 16 {
		return nil
	}
	key, err := h.Store.Vault().KeyByID(ctx, vault.KeyID(stored[:16]))
	switch {
	case errors.Is(err, vault.ErrDestroyed) || errors.Is(err, vault.ErrUnknownKey):
		return nil
	case err != nil:
		return err
	case !hmac.Equal(stored[16:], key.MAC([]byte(o.command.Name), o.body.raw)):
		return domain.Reject(domain.CommandIDReused, "the key was used for another body")
	}
	return nil
}
