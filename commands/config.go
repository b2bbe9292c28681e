package commands

import (
	"context"
	"fmt"

	"redress/domain"
	"redress/eventstore"
)

// config returns the council's config as it stands in the log now. An append to a case proves nothing about it, so it is
// read on every time; those who ask at the same time share a reading that began after they asked.
func (h *Handler) config(ctx context.Context) (*domain.Config, error) {
	config, err := h.configs.Ask(ctx, h.readConfig, struct{}{})
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("the config: %w: %w", eventstore.ErrUnavailable, context.Cause(ctx))
	}
	return config, err
}

func (h *Handler) readConfig(ctx context.Context, _ []struct{}) (*domain.Config, error) {
	s, _, err := h.streams.load(ctx, h.Store, domain.ConfigStream(h.Tenant))
	if err != nil {
		return nil, err
	}
	return s.config, nil
}
