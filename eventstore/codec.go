package eventstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/domain"
)

// EventID is the id of the event that a command puts in the n-th place (from 0) of what it appends to a stream. It is
// derived, so that a repeated command makes the same ids.
func EventID(commandID uuid.UUID, stream string, ordinal int) uuid.UUID {
	return uuid.NewSHA1(commandID, []byte(stream+" "+strconv.Itoa(ordinal)))
}

// encode makes the bytes of one event, with its personal values sealed, and completes its metadata.
func (s *Store) encode(ctx context.Context, stream string, ordinal int, p Proposed) (esdb.EventData, error) {
	meta := p.Meta
	switch {
	case p.Event == nil:
		return esdb.EventData{}, errors.New("there is no event to append")
	case meta.CommandID == uuid.Nil:
		return esdb.EventData{}, errors.New("an event needs the id of its command")
	case meta.RecordedAt.IsZero() || meta.OccurredAt.IsZero():
		return esdb.EventData{}, errors.New("an event needs the time at which it happened and at which it is recorded")
	}
	meta.EventID = EventID(meta.CommandID, stream, ordinal)
	meta.Type, meta.SchemaVersion = p.Event.Schema()
	meta.OccurredAt, meta.RecordedAt = meta.OccurredAt.UTC(), meta.RecordedAt.UTC()
	if meta.Tenant == "" {
		meta.Tenant = s.tenant
	}
	seal := sealer{ctx: ctx, vault: s.vault, stream: stream, event: meta.EventID}
	data, err := seal.encode("", p.Event)
	if err != nil {
		return esdb.EventData{}, fmt.Errorf("event %s for %s: %w", meta.Type, stream, err)
	}
	if !meta.BackdateReason.IsZero() && !seal.used {
		// The key must stand in pii_keys before the metadata are written.
		if seal.key, err = s.vault.Key(ctx, stream); err != nil {
			return esdb.EventData{}, err
		}
		seal.used = true
	}
	if meta.PIIKeys = nil; seal.used {
		meta.PIIKeys = []uuid.UUID{uuid.UUID(seal.key.ID())}
	}
	envelope, err := seal.encode(inMetadata, meta)
	if err != nil {
		return esdb.EventData{}, fmt.Errorf("metadata of event %s for %s: %w", meta.Type, stream, err)
	}
	return esdb.EventData{
		EventID: meta.EventID, EventType: meta.Type, ContentType: esdb.ContentTypeJson, Data: data, Metadata: envelope,
	}, nil
}

// decode reads one event as it was recorded. Its errors are [*Undecodable].
func decode(e *esdb.RecordedEvent) (Record, error) {
	r := Record{
		Recorded: domain.Recorded{Stream: e.StreamID, Revision: e.EventNumber, Position: e.Position.Commit},
		ID:       e.EventID, Type: e.EventType, Data: e.Data, RawMeta: e.UserMetadata, Created: e.CreatedDate.UTC(),
	}
	err := r.decode()
	if err != nil {
		err = &Undecodable{Position: r.Position, Stream: r.Stream, Revision: r.Revision, Type: r.Type, Err: err}
	}
	return r, err
}

func (r *Record) decode() error {
	if err := json.Unmarshal(r.RawMeta, &r.Meta, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	if r.Meta.EventID != r.ID || r.Meta.Type != r.Type {
		return errors.New("its metadata are those of another event")
	}
	if sealed, ok := r.Meta.BackdateReason.Sealed(); ok {
		sealed.Associated = r.ID.String() + inMetadata + "/backdate_reason"
		r.Meta.BackdateReason = domain.SealedValue(sealed)
	}
	event, err := domain.Decode(r.Type, r.Meta.SchemaVersion, r.Data)
	if err != nil {
		return err
	}
	r.Event = associated(r.ID, event)
	return nil
}

// alone is how many events are decoded without help: fewer are not worth a goroutine.
const alone = 32

// decodeAll decodes events side by side and keeps their order. With an error it returns the records before the first
// event that cannot be decoded.
func decodeAll(events []*esdb.RecordedEvent) ([]Record, error) {
	records := make([]Record, len(events))
	failed := make([]error, len(events))
	part := max(alone, (len(events)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for from := 0; from < len(events); from += part {
		to := min(from+part, len(events))
		work := func() {
			for i := from; i < to; i++ {
				records[i], failed[i] = decode(events[i])
			}
		}
		if to == len(events) {
			work()
		} else {
			group.Go(work)
		}
	}
	group.Wait()
	for i, err := range failed {
		if err != nil {
			return records[:i], err
		}
	}
	return records, nil
}

// foreign reports whether an event is the server's own: stream metadata, statistics, links. They are no part of our log.
func foreign(e *esdb.RecordedEvent) bool {
	return strings.HasPrefix(e.StreamID, "$") || strings.HasPrefix(e.EventType, "$")
}
