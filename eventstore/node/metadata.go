package node

import (
	"math"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// metadata is what the event `$metadata` in stream `$$S` says of stream S. Only a folder begun in test mode has any:
// elsewhere no interface can hide an event.
type metadata struct {
	TruncateBefore *uint64 `json:"$tb,omitzero"`
	MaxCount       *uint64 `json:"$maxCount,omitzero"`
	MaxAge         *uint64 `json:"$maxAge,omitzero"` // seconds
}

// deletedBefore is the truncation that means "deleted".
const deletedBefore = math.MaxInt64

const (
	metastreamPrefix = "$$"
	metadataType     = "$metadata"
	tombstoneType    = "$streamDeleted"
)

func (m metadata) deleted() bool {
	return m.TruncateBefore != nil && *m.TruncateBefore == deletedBefore
}

// firstVisible answers the first revision that reads show, of a stream that has next events.
func (m metadata) firstVisible(next uint32) uint64 {
	first := uint64(0)
	if m.TruncateBefore != nil {
		first = *m.TruncateBefore
	}
	if m.MaxCount != nil && uint64(next) > *m.MaxCount {
		first = max(first, uint64(next)-*m.MaxCount)
	}
	return first
}

// expired says whether an event of this age is hidden.
func (m metadata) expired(created, now int64) bool {
	const ticksPerSecond = 10_000_000
	return m.MaxAge != nil && *m.MaxAge < math.MaxInt64/ticksPerSecond && created < now-int64(*m.MaxAge)*ticksPerSecond
}

// metadata answers what is said of the stream, and whether anything is. Text that is not understood hides nothing.
func (l *log) metadata(c *cursor, stream string) (m metadata, ok bool, err error) {
	if !l.format.test {
		return metadata{}, false, nil
	}
	if strings.HasPrefix(stream, metastreamPrefix) {
		one := uint64(1)
		return metadata{MaxCount: &one}, false, nil
	}
	h, ok, _ := l.stream(metastreamPrefix + stream)
	if !ok {
		return metadata{}, false, nil
	}
	r, i, err := c.revision(h.last, uint64(h.next)-1)
	if err != nil {
		return metadata{}, false, err
	}
	if json.Unmarshal(r.events[i].data, &m) != nil {
		return metadata{}, true, nil
	}
	return m, true, nil
}

// undeletion answers the metadata that shows a deleted stream again from revision first on.
func (l *log) undeletion(c *cursor, stream string, first uint64) (*record, error) {
	m, _, err := l.metadata(c, stream)
	if err != nil {
		return nil, err
	}
	m.TruncateBefore = &first
	return l.described(stream, m)
}

// described answers the record that gives a stream its new metadata.
func (l *log) described(stream string, m metadata) (*record, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	h, _, _ := l.stream(metastreamPrefix + stream)
	e := event{id: uuid.New(), kind: metadataType, json: true, data: data}
	return &record{stream: metastreamPrefix + stream, first: uint64(h.next), events: []event{e}}, nil
}
