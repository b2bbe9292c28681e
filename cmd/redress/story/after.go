package story

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/google/uuid"

	"redress/domain"
	"redress/projections"
	"redress/queries"
)

// afterwards checks what must hold after any history, and says where it does not.
func (b *sandbox) afterwards(ctx context.Context, done []accepted) ([]string, error) {
	if _, err := b.queries.WaitForEnd(ctx, patience); err != nil {
		return nil, err
	}
	wrong, err := b.readModels(ctx)
	if err != nil {
		return nil, err
	}
	more, err := b.replays(ctx)
	if err != nil {
		return nil, err
	}
	wrong = append(wrong, more...)
	more, err = b.again(ctx, done)
	return append(wrong, more...), err
}

// readModels compares every row of the read models with a fresh fold of the log.
func (b *sandbox) readModels(ctx context.Context) ([]string, error) {
	found, err := projections.Check(ctx, b.pool, b.store, tenant, nil)
	if err != nil {
		return nil, err
	}
	var wrong []string
	if found.First != nil {
		wrong = append(wrong, fmt.Sprintf("the read model %s differs from a fresh fold at %s, column %s: %s",
			found.First.Model, found.First.Key, found.First.Column, found.First.Why))
	}
	if found.Parked > 0 {
		wrong = append(wrong, fmt.Sprintf("%d cases could not be projected", found.Parked))
	}
	return wrong, nil
}

// replays replays every case at every revision, and holds the last one against the case itself.
func (b *sandbox) replays(ctx context.Context) ([]string, error) {
	end, err := b.store.End(ctx)
	if err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	for r, err := range b.store.ReadAll(ctx, 0, end.Position) {
		if err != nil {
			return nil, err
		}
		if id, ok := caseOf(r.Stream); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var wrong []string
	for _, id := range ids {
		c, err := b.handler.Case(ctx, id)
		if err != nil {
			return nil, err
		}
		for revision := range c.Events {
			replay, err := b.queries.Replay(ctx, id.String(), queries.Moment{Revision: &revision})
			switch {
			case err != nil:
				wrong = append(wrong, fmt.Sprintf("%s cannot be replayed at revision %d: %v", b.streamName(domain.CaseStream(id)), revision, err))
			case uint64(len(replay.Events)) != revision+1:
				wrong = append(wrong, fmt.Sprintf("%s replayed at revision %d has %d events", b.streamName(domain.CaseStream(id)), revision, len(replay.Events)))
			case revision == c.Revision && !sameState(replay, c):
				wrong = append(wrong, fmt.Sprintf("%s replayed to its end differs from the case", b.streamName(domain.CaseStream(id))))
			}
		}
	}
	return wrong, nil
}

func sameState(replay *queries.Replay, c *domain.Case) bool {
	said := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return said(replay.State.Status) == string(c.Status) && said(replay.State.Stage) == string(c.Stage) &&
		said(replay.State.Step) == string(c.Step) && said(replay.State.ClosedReason) == string(c.ClosedReason)
}

// again sends every accepted command a second time: each gets its first answer, and nothing is appended.
func (b *sandbox) again(ctx context.Context, done []accepted) ([]string, error) {
	if _, err := b.news(ctx); err != nil {
		return nil, err
	}
	var wrong []string
	for _, a := range done {
		answer, err := b.handler.Do(ctx, a.request)
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("the command of step %d, sent again, was answered with %v", a.step, err))
		case !reflect.DeepEqual(answer, a.answer):
			wrong = append(wrong, fmt.Sprintf("the command of step %d, sent again, got another answer", a.step))
		}
	}
	appended, err := b.news(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range appended {
		wrong = append(wrong, fmt.Sprintf("%s was appended to %s by commands sent again", r.Type, b.streamName(r.Stream)))
	}
	return wrong, nil
}
