package node

import (
	"encoding/binary"
	"math/bits"
	"sort"
)

// The index numbers all events of the log from 0 in log order and keeps 16 bytes for each. The events of a stream
// form a chain from the newest back to revision 0. Each link also holds a jump further back, with lengths as in a
// skew-binary list, so that any revision of a long stream is found in a few steps.

// entry is the index's knowledge of one event.
type entry struct {
	offset  uint32 // of its record in the segment file
	prev    uint32 // the event before it in the same stream
	jump    uint32 // the event jumpLength(revision) before it in the same stream
	segment uint16 // number of the segment
	print   uint16 // fingerprint of the event id
}

// head is where a stream's chain begins.
type head struct {
	last uint32 // its newest event
	next uint32 // the revision that its next event will have, at least 1
}

const (
	chunkBits = 16
	chunkSize = 1 << chunkBits
)

// index is not safe for concurrent use; the log guards it.
type index struct {
	chunks  []*[chunkSize]entry
	count   uint32
	streams map[string]head
	// ended holds the streams that were tombstoned, with the number of the tombstone event. It is in no chain.
	ended map[string]uint32
}

func newIndex() *index {
	return &index{streams: map[string]head{}, ended: map[string]uint32{}}
}

func (x *index) entry(n uint32) *entry { return &x.chunks[n>>chunkBits][n&(chunkSize-1)] }

func (x *index) push(e entry) uint32 {
	n := x.count
	if n>>chunkBits == uint32(len(x.chunks)) {
		x.chunks = append(x.chunks, new([chunkSize]entry))
	}
	*x.entry(n) = e
	x.count++
	return n
}

// add enters the events of one record that stands at offset in the numbered segment.
func (x *index) add(segment uint16, offset uint32, r *record) {
	if r.first == tombstoneRevision {
		x.ended[r.stream] = x.push(entry{offset: offset, segment: segment, print: fingerprint(r.events[0].id)})
		return
	}
	h, ok := x.streams[r.stream]
	for i := range r.events {
		e := entry{offset: offset, segment: segment, print: fingerprint(r.events[i].id)}
		if ok {
			e.prev, e.jump = h.last, h.last
			if jumpLength(h.next) > 1 {
				e.jump = x.entry(x.entry(h.last).jump).jump
			}
		} else {
			e.prev, e.jump, ok = x.count, x.count, true
		}
		h = head{last: x.push(e), next: h.next + 1}
	}
	x.streams[r.stream] = h
}

// find answers the number of the event with the given revision of the stream with head h.
func (x *index) find(h head, revision uint32) uint32 {
	n, at := h.last, h.next-1
	for at > revision {
		e := x.entry(n)
		if length := jumpLength(at); at-length >= revision {
			n, at = e.jump, at-length
		} else {
			n, at = e.prev, at-1
		}
	}
	return n
}

// firstFrom answers the first event whose record starts at offset or later in the numbered segment, or in a later one.
func (x *index) firstFrom(segment uint16, offset uint64) uint32 {
	return uint32(sort.Search(int(x.count), func(n int) bool {
		e := x.entry(uint32(n))
		return e.segment > segment || e.segment == segment && uint64(e.offset) >= offset
	}))
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

// fingerprint shortens an id to 16 bits. Equal ids have equal prints; the reverse is checked in the log.
func fingerprint(id [16]byte) uint16 {
	a := binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:])
	return uint16(a ^ a>>16 ^ a>>32 ^ a>>48)
}
