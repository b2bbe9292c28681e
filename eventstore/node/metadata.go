package node

import (
	"bytes"
	"errors"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// metadata is what the event `$metadata` in stream `$$S` says of stream S. Only a folder begun in test mode has any:
// elsewhere no interface can hide an event.
type metadata struct {
	TruncateBefore *int64
	MaxCount       *int64
	MaxAge         *int64 // seconds
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

// readMetadata reads an event's data. A number that makes no sense says nothing; what a real server cannot read makes the
// whole text void.
func readMetadata(data []byte) metadata {
	m, err := parseMetadata(newJSON(data))
	if err != nil {
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

// newJSON reads JSON as leniently as a real server does where that is no matter of taste.
func newJSON(data []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

var errMetadata = errors.New("no metadata")

// parseMetadata reads one object; of what is said twice, the last counts, and what follows the object is not looked at.
func parseMetadata(in *jsontext.Decoder) (m metadata, err error) {
	if in.PeekKind() != '{' {
		return m, errMetadata
	}
	in.ReadToken()
	for in.PeekKind() == '"' {
		name, err := in.ReadToken()
		if err != nil {
			return m, err
		}
		switch name.String() {
		case "$maxCount":
			m.MaxCount, err = readInteger(in)
		case truncateBefore:
			m.TruncateBefore, err = readInteger(in)
		case "$maxAge":
			m.MaxAge, err = readAge(in)
		case "$cacheControl":
			_, err = readAge(in)
		case "$tmp":
			err = readBool(in)
		case "$acl":
			err = readACL(in)
		default:
			err = in.SkipValue()
		}
		if err != nil {
			return m, err
		}
	}
	_, err = in.ReadToken() // the end of the object
	return m, err
}

func readInteger(in *jsontext.Decoder) (*int64, error) {
	value, err := in.ReadValue()
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	return &n, err
}

// readAge reads a number of seconds, no more than there can be.
func readAge(in *jsontext.Decoder) (*int64, error) {
	const most = math.MaxInt64 / ticksPerSecond
	n, err := readInteger(in)
	if err == nil && (*n > most || *n < -most) {
		return nil, errMetadata
	}
	return n, err
}

func readBool(in *jsontext.Decoder) error {
	if k := in.PeekKind(); k != 't' && k != 'f' {
		return errMetadata
	}
	return in.SkipValue()
}

// readACL reads who may do what. Nobody asks for it here, but a list of rights must name rights that there are, each of
// them for one role or for several.
func readACL(in *jsontext.Decoder) error {
	if in.PeekKind() != '{' {
		return errMetadata
	}
	in.ReadToken()
	for in.PeekKind() == '"' {
		right, err := in.ReadToken()
		if err != nil {
			return err
		}
		switch right.String() {
		case "$r", "$w", "$d", "$mr", "$mw":
			if err := readRoles(in); err != nil {
				return err
			}
		default:
			return errMetadata
		}
	}
	_, err := in.ReadToken()
	return err
}

func readRoles(in *jsontext.Decoder) error {
	switch in.PeekKind() {
	case '"':
		return in.SkipValue()
	case '[':
		in.ReadToken()
		for in.PeekKind() == '"' {
			if err := in.SkipValue(); err != nil {
				return err
			}
		}
		if in.PeekKind() == ']' {
			_, err := in.ReadToken()
			return err
		}
	}
	return errMetadata
}

func (m metadata) deleted() bool {
	return m.TruncateBefore != nil && *m.TruncateBefore == deletedBefore
}

// metadata answers what is said of the stream, and whether anything is.
func (l *log) metadata(c *cursor, stream string) (m metadata, described bool, err error) {
	if !l.format.test {
		return metadata{}, false, nil
	}
	e, described, err := l.lastOf(c, metastreamPrefix+stream)
	if strings.HasPrefix(stream, metastreamPrefix) { // has one event to show, whatever is said of it
		return metadata{MaxCount: new(int64(1))}, described, err
	}
	if err != nil || !e.json {
		return metadata{}, described, err
	}
	return readMetadata(e.data), described, nil
}

// lastOf answers the newest event of a stream, and whether the stream has or had any. One that has been ended says nothing.
func (l *log) lastOf(c *cursor, stream string) (event, bool, error) {
	h, ok, ended, err := c.stream(stream)
	if err != nil || !ok || ended {
		return event{}, ok || ended, err
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
	in := newJSON(data)
	var out bytes.Buffer
	enc := jsontext.NewEncoder(&out, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
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
	if _, err := in.ReadToken(); !errors.Is(err, io.EOF) {
		return nil
	}
	if !found {
		enc.WriteToken(jsontext.String(truncateBefore))
		enc.WriteToken(jsontext.Uint(before))
	}
	enc.WriteToken(jsontext.EndObject)
	return bytes.TrimSpace(out.Bytes())
}
