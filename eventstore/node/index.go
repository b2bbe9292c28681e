package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"sort"
)

// The index numbers all events of the log from 0 in log order and keeps a link of 16 bytes for each: in memory for the
// last segment, in a file beside every closed one. The events of a stream form a chain from the newest back to revision
// 0. Each link also holds a jump further back, with lengths as in a skew-binary list, so that any revision of a long
// stream is found in a few steps. Where the chains begin stands in memory, see heads.go.

// link is what the index knows of one event. A chain's first event links back to itself.
type link struct {
	offset uint32 // of its record in the segment file
	prev   uint32 // the event before it in the same stream; noEvent for a tombstone, which is in no chain
	jump   uint32 // the event jumpLength(revision) before it in the same stream
	print  uint32 // fingerprint of the event id
}

const (
	linkSize = 16
	noEvent  = math.MaxUint32
	// maxEvents is how many events a log can hold: their numbers stay below those with a meaning of their own.
	maxEvents = math.MaxUint32 - 1
	// blockSize is how many links are read from a file at once.
	blockSize = 256
)

// head is a stream's newest event.
type head struct {
	last uint32
	next uint32 // the revision that the stream's next event will have; 0 where there is no stream
}

func (k link) encode(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, k.offset)
	b = binary.LittleEndian.AppendUint32(b, k.prev)
	b = binary.LittleEndian.AppendUint32(b, k.jump)
	return binary.LittleEndian.AppendUint32(b, k.print)
}

func decodeLink(b []byte) link {
	return link{
		offset: binary.LittleEndian.Uint32(b[0:]), prev: binary.LittleEndian.Uint32(b[4:]),
		jump: binary.LittleEndian.Uint32(b[8:]), print: binary.LittleEndian.Uint32(b[12:]),
	}
}

// segmentOf answers the segment of event n, which exists. The caller holds the log's mutex.
func (l *log) segmentOf(n uint32) *segment {
	return l.segments[sort.Search(len(l.segments), func(i int) bool { return l.segments[i].first > n })-1]
}

// locate answers the link of event n, which exists, and where its record is.
func (c *cursor) locate(n uint32) (link, place, error) {
	l := c.log
	l.mu.RLock()
	s := l.segmentOf(n)
	p := place{segment: s, number: n, size: s.size}
	sealed := s.index
	var k link
	if sealed == nil {
		k = s.links[n-s.first]
	}
	l.mu.RUnlock()
	if sealed != nil {
		var err error
		if k, err = c.sealedLink(s, sealed, n); err != nil {
			return link{}, place{}, err
		}
	}
	p.offset = k.offset
	return k, p, nil
}

// sealedLink reads the link of event n in segment s from its index file. The file was checked when it was opened.
func (c *cursor) sealedLink(s *segment, from *sealedIndex, n uint32) (link, error) {
	if n-c.blockFirst >= uint32(len(c.block)/linkSize) {
		first := n - (n-s.first)%blockSize
		size := min(blockSize, from.events-(first-s.first)) * linkSize
		if cap(c.block) == 0 {
			c.block = make([]byte, 0, blockSize*linkSize)
		}
		c.block, c.blockFirst = c.block[:size], first
		if _, err := from.file.ReadAt(c.block, sealedHeaderSize+linkSize*int64(first-s.first)); err != nil {
			c.block = c.block[:0]
			return link{}, err
		}
	}
	k := decodeLink(c.block[linkSize*(n-c.blockFirst):])
	if k.prev != noEvent && (k.prev > n || k.jump > n) {
		return link{}, &CorruptError{Segment: segmentName(s.base, indexSuffix), Reason: fmt.Sprintf("event %d follows a later one", n)}
	}
	return k, nil
}

// find answers the number of the event with the given revision of the stream with head h.
func (c *cursor) find(h head, revision uint32) (uint32, error) {
	n, at := h.last, h.next-1
	for at > revision {
		k, _, err := c.locate(n)
		if err != nil {
			return 0, err
		}
		if length := jumpLength(at); at-length >= revision {
			n, at = k.jump, at-length
		} else {
			n, at = k.prev, at-1
		}
	}
	return n, nil
}

// page answers where the events first..first+n-1 of a stream are that has them all.
func (c *cursor) page(h head, first, n uint32) ([]place, error) {
	if uint32(cap(c.places)) < n {
		c.places = make([]place, max(n, 16))
	}
	c.places = c.places[:n]
	at, err := c.find(h, first+n-1)
	if err != nil {
		return nil, err
	}
	for i := int(n) - 1; i >= 0; i-- {
		k, p, err := c.locate(at)
		if err != nil {
			return nil, err
		}
		c.places[i], at = p, k.prev
	}
	return c.places, nil
}

// search looks through the newest events of a stream for one whose id has the fingerprint, from revision `below`-1
// down, and answers its revision and place.
func (c *cursor) search(h head, print, below uint32) (revision uint32, found place, ok bool, err error) {
	if below == 0 {
		return 0, place{}, false, nil
	}
	oldest := uint32(0)
	if h.next > idWindow {
		oldest = h.next - idWindow
	}
	n, err := c.find(h, below-1)
	for r := below; r > oldest && err == nil; r-- {
		var k link
		if k, found, err = c.locate(n); err == nil && k.print == print {
			return r - 1, found, true, nil
		}
		n = k.prev
	}
	return 0, place{}, false, err
}

// idWindow is how many of a stream's newest events are searched for the ids of an append with no exact expectation.
const idWindow = 1 << 16

// firstOfRecord answers the number of the first event in the record of event n, which is at p: most records are short.
func (c *cursor) firstOfRecord(n uint32, p place) (uint32, error) {
	low, high := p.segment.first, n // the answer lies between them
	for step := uint32(1); high-low >= step; step *= 2 {
		k, _, err := c.locate(high - step)
		if err != nil {
			return 0, err
		}
		if k.offset < p.offset {
			low = high - step + 1
			break
		}
		high -= step
	}
	return c.firstFrom(low, high, uint64(p.offset))
}

// firstFrom answers the first of the events low..high-1, all in one segment, whose record starts at offset or later;
// high if there is none.
func (c *cursor) firstFrom(low, high uint32, offset uint64) (uint32, error) {
	for low < high {
		middle := low + (high-low)/2
		k, _, err := c.locate(middle)
		if err != nil {
			return 0, err
		}
		if uint64(k.offset) >= offset {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, nil
}

// from answers the number of the first event at position or later, which is the number of events if there is none.
func (c *cursor) from(position uint64) (uint32, error) {
	l := c.log
	l.mu.RLock()
	i := sort.Search(len(l.segments), func(i int) bool { return l.segments[i].base > position }) - 1
	if i < 0 {
		l.mu.RUnlock()
		return 0, nil
	}
	s, end := l.segments[i], l.count
	if i+1 < len(l.segments) {
		end = l.segments[i+1].first
	}
	sealed, size := s.index, s.size
	l.mu.RUnlock()
	offset := position - s.base
	next, err := c.firstFrom(s.first, end, offset+1)
	if err != nil {
		return 0, err
	}
	if sealed != nil {
		if err := c.between(next, end, offset, place{segment: s, size: size}); err != nil {
			return 0, err
		}
	}
	if next == s.first {
		return next, nil
	}
	// The record before may hold several events and position may name one of them.
	_, p, err := c.locate(next - 1)
	if err != nil {
		return 0, err
	}
	first, err := c.firstOfRecord(next-1, p)
	if err == nil && sealed != nil {
		_, _, bad := c.event(next - 1)
		if damage, ok := errors.AsType[*CorruptError](bad); bad == nil {
			first = c.first
		} else if !ok || damage.Segment != segmentName(s.base, segmentSuffix) { // a damaged record is for its reader to find
			return 0, bad
		}
	}
	within := offset - uint64(p.offset)
	if err != nil || within >= uint64(next-first) {
		return next, err
	}
	r, at, err := c.event(first + uint32(within))
	if err == nil && r.eventPosition(at) != position {
		err = s.damagedIndex(first + uint32(within))
	}
	return first + uint32(within), err
}

// between makes sure that the record of event next is the first that begins after offset in a closed segment, which ends
// with event end-1: that next is the first of its record, and that no record stands between it and the one that is found
// for the event before.
func (c *cursor) between(next, end uint32, offset uint64, s place) error {
	bounds := s.size
	if next < end {
		if _, _, err := c.event(next); err != nil {
			return err
		}
		if bounds = uint64(c.place.offset); c.first != next || bounds <= offset {
			return s.segment.damagedIndex(next)
		}
	}
	if next == s.segment.first {
		if bounds != segmentHeaderSize {
			return s.segment.damagedIndex(next)
		}
		return nil
	}
	_, p, err := c.locate(next - 1)
	if err != nil {
		return err
	}
	header, err := c.bytes(p, recordHeaderSize)
	if err != nil {
		return err
	}
	h, ok := decodeHeader(header, c.log.format.key, p.position())
	if !ok || uint64(p.offset) > offset || uint64(p.offset)+recordHeaderSize+uint64(h.length) != bounds {
		return s.segment.damagedIndex(next - 1)
	}
	return nil
}

// holds makes sure that the record that was read, at p, is that of the events from first on: the links of its last event and
// of the one after must say so too. Index files were checked when they were opened, and disks forget.
func (c *cursor) holds(first uint32, p place) error {
	l, s := c.log, p.segment
	l.mu.RLock()
	sealed, after := s.index, s.size
	l.mu.RUnlock()
	if sealed == nil {
		return nil
	}
	next, end := first+uint32(len(c.rec.events)), s.first+sealed.events
	if next > end {
		return s.damagedIndex(first)
	}
	last, _, err := c.locate(next - 1)
	if err == nil && next < end {
		var k link
		k, _, err = c.locate(next)
		after = uint64(k.offset)
	}
	if err == nil && (last.offset != p.offset || after != uint64(p.offset)+c.length) {
		err = s.damagedIndex(next - 1)
	}
	return err
}

// damagedIndex is the error of an index file whose links contradict each other, or the segment, near event n. The next start
// makes it again.
func (s *segment) damagedIndex(n uint32) error {
	return &CorruptError{
		Segment: segmentName(s.base, indexSuffix), Offset: sealedHeaderSize + linkSize*uint64(n-s.first),
		Reason: "the links of its events are not those of the segment",
	}
}

// chain answers the links of the events of r, whose record stands at offset in its segment and whose first event gets
// the number first. ahead are the links of the events before it that the log does not have yet.
func (c *cursor) chain(r *record, offset, first uint32, ahead []link) ([]link, error) {
	if r.first == tombstoneRevision {
		return append(ahead, link{offset: offset, prev: noEvent, jump: noEvent, print: fingerprint(r.events[0].id)}), nil
	}
	begin := first - uint32(len(ahead)) // the number of ahead[0]
	known := func(n uint32) (link, error) {
		if n >= begin {
			return ahead[n-begin], nil
		}
		k, _, err := c.locate(n)
		return k, err
	}
	h := r.before
	for i := range r.events {
		n := first + uint32(i)
		k := link{offset: offset, prev: n, jump: n, print: fingerprint(r.events[i].id)}
		if h.next > 0 {
			k.prev, k.jump = h.last, h.last
			if jumpLength(h.next) > 1 {
				before, err := known(h.last)
				if err == nil {
					before, err = known(before.jump)
				}
				if err != nil {
					return nil, err
				}
				k.jump = before.jump
			}
		}
		ahead = append(ahead, k)
		h = head{last: n, next: h.next + 1}
	}
	return ahead, nil
}

// jumpLength answers how far the jump of the event with this revision goes: revision is written as a sum of numbers
// of the form 2^k-1, the largest first, and the smallest one is the length.
func jumpLength(revision uint32) uint32 {
	var length uint32
	for revision > 0 {
		length = 1<<(bits.Len32(revision+1)-1) - 1
		revision -= length
	}
	return length
}

// fingerprint shortens an id to 32 bits. Equal ids have equal prints; the reverse is checked in the log.
func fingerprint(id [16]byte) uint32 {
	a := binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:])
	return uint32(a ^ a>>32)
}
