package commands

import (
	"context"
	"errors"
	"sync"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
)

// persons remembers which people have a stream. A stream never goes, so only "yes" is remembered.
type persons struct{ recorded sync.Map } // uuid.UUID -> struct{}

// lookup asks the log whether a person has a stream.
func (p *persons) lookup(ctx context.Context, store *eventstore.Store, id uuid.UUID) (bool, error) {
	if _, ok := p.recorded.Load(id); ok {
		return true, nil
	}
	_, err := store.Last(ctx, domain.PersonStream(id))
	switch {
	case errors.Is(err, eventstore.ErrNoEvent):
		return false, nil
	case err != nil:
		return false, err
	}
	p.recorded.Store(id, struct{}{})
	return true, nil
}
