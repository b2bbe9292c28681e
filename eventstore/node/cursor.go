package node

import (
	"hash/crc32"
)

// cursor reads records. It keeps the last bytes it read, so that reading on costs few calls; what it answers is
// valid until its next use. It is for one goroutine.
type cursor struct {
	log    *log
	ahead  int // how many bytes to read at once
	buf    []byte
	start  uint64 // position of buf[0]
	rec    record
	loaded bool
	length uint64 // bytes of rec on disk
	first  uint32 // number of its first event
	place  place  // of rec

	block      []byte // links read from an index file
	blockFirst uint32 // number of the event of the first of them
	places     []place
}

const (
	// oneRecord is enough for most records that are read alone.
	oneRecord = 4 << 10
	// manyRecords is for reading the log in order.
	manyRecords = 64 << 10
)

// at answers the record at p. A record that fails its checksum is a *CorruptError.
func (c *cursor) at(p place) (*record, error) {
	position := p.position()
	if c.loaded && c.rec.position == position {
		return &c.rec, nil
	}
	c.loaded = false
	header, err := c.bytes(p, recordHeaderSize)
	if err != nil {
		return nil, err
	}
	h, ok := decodeHeader(header, c.log.format.key, position)
	if !ok {
		return nil, p.corrupt("the record's header does not match its checksum")
	}
	whole, err := c.bytes(p, recordHeaderSize+uint64(h.length))
	if err != nil {
		return nil, err
	}
	payload := whole[recordHeaderSize:]
	if crc32.Checksum(payload, castagnoli) != h.sum {
		return nil, p.corrupt("the record does not match its checksum")
	}
	if err := decodePayload(payload, position, &c.rec); err != nil {
		return nil, p.corrupt("the record cannot be decoded")
	}
	c.loaded, c.length, c.place = true, uint64(len(whole)), p
	return &c.rec, nil
}

func (p place) corrupt(reason string) error {
	return &CorruptError{Segment: segmentName(p.segment.base, segmentSuffix), Offset: uint64(p.offset), Reason: reason}
}

// bytes answers the n bytes at p, from what was read before where possible.
func (c *cursor) bytes(p place, n uint64) ([]byte, error) {
	position := p.position()
	if position >= c.start && position+n <= c.start+uint64(len(c.buf)) {
		i := position - c.start
		return c.buf[i : i+n], nil
	}
	visible := p.size - uint64(p.offset)
	if n > visible {
		return nil, p.corrupt("the record goes on after the end of the log")
	}
	want := min(max(n, uint64(c.ahead)), visible)
	if uint64(cap(c.buf)) < want {
		c.buf = make([]byte, want)
	}
	c.buf, c.start = c.buf[:want], position
	if _, err := p.segment.file.ReadAt(c.buf, int64(p.offset)); err != nil {
		c.buf = c.buf[:0]
		return nil, err
	}
	return c.buf[:n], nil
}

// event answers event n as the record that holds it and its place therein. Going on from event to event needs no index.
func (c *cursor) event(n uint32) (*record, int, error) {
	if c.loaded && n >= c.first && n-c.first < uint32(len(c.rec.events)) {
		return &c.rec, int(n - c.first), nil
	}
	first := n
	var p place
	var err error
	goesOn := c.loaded && n == c.first+uint32(len(c.rec.events))
	if goesOn {
		p = c.log.following(c.place, c.length)
	} else if _, p, err = c.locate(n); err == nil {
		first, err = c.firstOfRecord(n, p)
	}
	if err != nil {
		return nil, 0, err
	}
	r, err := c.at(p)
	if err != nil {
		return nil, 0, err
	}
	if n-first >= uint32(len(r.events)) {
		return nil, 0, p.corrupt("the record does not hold the event that the index names")
	}
	if !goesOn {
		if err := c.holds(first, p); err != nil {
			c.loaded = false
			return nil, 0, err
		}
	}
	c.first = first
	return r, int(n - first), nil
}

// revision answers the event at p, known to be the stream's event with this revision.
func (c *cursor) revision(p place, stream string, revision uint64) (*record, int, error) {
	r, err := c.at(p)
	if err != nil {
		return nil, 0, err
	}
	i := revision - r.first
	if r.stream != stream || revision < r.first || i >= uint64(len(r.events)) {
		return nil, 0, p.corrupt("the record does not hold the revision that the index names")
	}
	c.first = p.number - uint32(i)
	return r, int(i), nil
}

// stream answers the head of a stream, whether it ever had an ordinary event, and whether it has been ended.
func (c *cursor) stream(name string) (h head, ok, ended bool, err error) {
	l := c.log
	var few [4]uint32
	l.mu.RLock()
	candidates := l.heads.candidates(tagOf(name), few[:0])
	_, ended = l.ended[name]
	l.mu.RUnlock()
	for _, n := range candidates {
		_, p, err := c.locate(n)
		if err != nil {
			return head{}, false, ended, err
		}
		r, err := c.at(p)
		if err != nil {
			return head{}, false, ended, err
		}
		newest := uint32(len(r.events) - 1)
		if err := c.holds(n-newest, p); err != nil {
			c.loaded = false
			return head{}, false, ended, err
		}
		if c.first = n - newest; r.stream == name {
			return head{last: n, next: uint32(r.first) + newest + 1}, true, ended, nil
		}
	}
	return head{}, false, ended, nil
}
