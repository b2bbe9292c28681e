package node

import (
	"bytes"
	"math"
	"sort"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// metadata is what the event `$metadata` in stream `$$S` says of stream S. Only a folder begun in test mode has any:
// elsewhere no interface can hide an event.
type metadata struct {
	TruncateBefore *int64 `json:"$tb"`
	MaxCount       *int64 `json:"$maxCount"`
	MaxAge         *int64 `json:"$maxAge"` // seconds
}

// deletedBefore is the truncation that means "deleted".
const deletedBefore = math.MaxInt64

const (
	metastreamPrefix = "$$"
	metadataType     = "$metadata"
	tombstoneType    = "$streamDeleted"
	truncateBefore   = "$tb"
)

// ticksPerSecond counts the unit of time stamps.
const ticksPerSecond = 10_000_000

// readMetadata reads an event's data. What is not understood says nothing, and neither does a number that makes no
// sense; only an age beyond all time makes the whole text void.
func readMetadata(data []byte) metadata {
	var m metadata
	if json.Unmarshal(data, &m, jsontext.AllowDuplicateNames(true)) != nil {
		return metadata{}
	}
	if m.MaxAge != nil && *m.MaxAge > math.MaxInt64/ticksPerSecond {
		return metadata{}
	}
	if m.TruncateBefore != nil && *m.TruncateBefore < 0 {
		m.TruncateBefore = nil
	}
	if m.MaxCount != nil && *m.MaxCount <= 0 {
		m.MaxCount = nil
	}
	if m.MaxAge != nil && *m.MaxAge <= 0 {
		m.MaxAge = nil
	}
	return m
}

func (m metadata) deleted() bool {
	return m.TruncateBefore != nil && *m.TruncateBefore == deletedBefore
}

// metadata answers what is said of the stream, and whether anything is.
func (l *log) metadata(c *cursor, stream string) (m metadata, described bool, err error) {
	if !l.format.test {
		return metadata{}, false, nil
	}
	if strings.HasPrefix(stream, metastreamPrefix) {
		return metadata{MaxCount: new(int64(1))}, false, nil
	}
	e, described, err := l.lastOf(c, metastreamPrefix+stream)
	if err != nil || !e.json {
		return metadata{}, described, err
	}
	return readMetadata(e.data), described, nil
}

// lastOf answers the newest event of a stream, if it has any.
func (l *log) lastOf(c *cursor, stream string) (event, bool, error) {
	h, ok, _, err := c.stream(stream)
	if err != nil || !ok {
		return event{}, false, err
	}
	r, i, err := c.event(h.last)
	if err != nil {
		return event{}, true, err
	}
	return r.events[i], true, nil
}

// visible answers the first revision of the stream that reads show; it is h.next or more if they show none.
func (l *log) visible(c *cursor, stream string, h head, m metadata) (uint64, error) {
	next := int64(h.next)
	first := int64(0)
	if m.TruncateBefore != nil {
		first = *m.TruncateBefore
	}
	if m.MaxCount != nil {
		first = max(first, next-*m.MaxCount)
	}
	if m.MaxAge == nil || first >= next {
		return uint64(first), nil
	}
	// Times never fall within a log, so that what is too old is all at the beginning.
	oldest := now() - *m.MaxAge*ticksPerSecond
	var fault error
	young := sort.Search(int(next-first), func(i int) bool {
		revision := uint32(first) + uint32(i)
		places, err := c.page(h, revision, 1)
		var r *record
		if err == nil {
			r, _, err = c.revision(places[0], stream, uint64(revision))
		}
		if err != nil {
			fault = err
			return true
		}
		return r.created >= oldest
	})
	return uint64(first) + uint64(young), fault
}

// standing answers the stream's head, whether there is one, and whether the stream has been ended. Metadata ends with
// the stream that it describes.
func (l *log) standing(c *cursor, stream string) (h head, ok, ended bool, err error) {
	h, ok, ended, err = c.stream(stream)
	if described, isMeta := strings.CutPrefix(stream, metastreamPrefix); isMeta && !ended && err == nil && l.format.test {
		_, _, ended, err = l.standing(c, described)
	}
	return h, ok, ended, err
}

// describe answers the record with new metadata of the stream, which has revision first in its metastream.
func describe(stream string, first uint64, data []byte) *record {
	e := event{id: uuid.New(), kind: metadataType, json: true, data: data}
	return &record{stream: metastreamPrefix + stream, first: first, events: []event{e}}
}

// withTruncation answers metadata with another `$tb`; everything else in it stays, also what has no meaning here. It is
// nil if data is no JSON object.
func withTruncation(data []byte, before uint64) []byte {
	in := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
	var out bytes.Buffer
	enc := jsontext.NewEncoder(&out, jsontext.AllowDuplicateNames(true))
	if in.PeekKind() != '{' {
		return nil
	}
	in.ReadToken()
	enc.WriteToken(jsontext.BeginObject)
	found := false
	for in.PeekKind() == '"' {
		token, err := in.ReadToken()
		if err != nil {
			return nil
		}
		name := token.String()
		value, err := in.ReadValue()
		if err != nil {
			return nil
		}
		enc.WriteToken(jsontext.String(name))
		if name == truncateBefore {
			found = true
			enc.WriteToken(jsontext.Uint(before))
		} else {
			enc.WriteValue(value)
		}
	}
	if _, err := in.ReadToken(); err != nil {
		return nil
	}
	if !found {
		enc.WriteToken(jsontext.String(truncateBefore))
		enc.WriteToken(jsontext.Uint(before))
	}
	enc.WriteToken(jsontext.EndObject)
	return bytes.TrimSpace(out.Bytes())
}
