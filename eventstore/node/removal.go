package node

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// removal is what a proposal does to its stream besides appending. Only test mode proposes any.
type removal int

const (
	keep            removal = iota
	deleteStream            // hide what is there; the stream may be begun again and keeps numbering
	tombstoneStream         // end it: the name is never used again
)

// decideRemoval applies the rules of expected revisions to a delete or a tombstone: it is decided like an append of one
// event that is new, except that there must be something to delete.
func (l *log) decideRemoval(c *cursor, p *proposal) (decision, error) {
	d, err := l.decide(c, p.stream, p.expected, []event{{id: uuid.New()}})
	if err != nil || d.verdict != verdictAppend || p.removal != deleteStream || d.current >= 0 {
		return d, err
	}
	_, described, err := l.metadata(c, p.stream)
	if !described {
		d.verdict = verdictWrongRevision
	}
	return d, err
}

// removalRecord answers what a delete or a tombstone writes.
func (l *log) removalRecord(c *cursor, p *proposal) (*record, error) {
	if p.removal == tombstoneStream {
		return &record{
			stream: p.stream, first: tombstoneRevision,
			events: []event{{id: uuid.New(), kind: tombstoneType}},
		}, nil
	}
	h, _, _, err := c.stream(metastreamPrefix + p.stream)
	return describe(p.stream, uint64(h.next), []byte(`{"`+truncateBefore+`":`+strconv.FormatUint(deletedBefore, 10)+`}`)), err
}

// revival answers the metadata that shows a deleted stream again, after an append to it or to its metadata, or nil.
// What was deleted stays hidden.
func (l *log) revival(c *cursor, r *record, d decision) (*record, error) {
	if d.undelete {
		h, _, _, err := c.stream(metastreamPrefix + r.stream)
		if err != nil {
			return nil, err
		}
		e, _, err := l.lastOf(c, metastreamPrefix+r.stream)
		if err != nil {
			return nil, err
		}
		return revive(r.stream, uint64(h.next), e.data, r.first), nil
	}
	stream, isMeta := strings.CutPrefix(r.stream, metastreamPrefix)
	if !isMeta || !l.format.test {
		return nil, nil
	}
	m, _, err := l.metadata(c, stream)
	if err != nil || !m.deleted() {
		return nil, err
	}
	h, _, _, err := c.stream(stream)
	if err != nil {
		return nil, err
	}
	last := len(r.events) - 1
	return revive(stream, r.first+uint64(len(r.events)), r.events[last].data, uint64(h.next)), nil
}

func revive(stream string, first uint64, data []byte, before uint64) *record {
	if data = withTruncation(data, before); data == nil {
		return nil
	}
	return describe(stream, first, data)
}

// entangled says whether a decision about the stream has to wait for what is being written: to itself or, in test
// mode, to its metadata or to the stream that it describes.
func (l *log) entangled(busy map[string]bool, stream string) bool {
	if busy[stream] || !l.format.test {
		return busy[stream]
	}
	described, _ := strings.CutPrefix(stream, metastreamPrefix)
	return busy[metastreamPrefix+stream] || busy[described]
}
