package node

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
)

// The index of a closed segment is kept in a file beside it:
//
//	magic (8 bytes), base, size, first event, number of events, number of streams
//	16 bytes for each event, as in the index
//	for each stream with events in the segment: length of the name and whether it was ended, name, its newest event,
//	its next revision
//	CRC-32C of all that
//
// Opening the log reads these files instead of the segments. A file that is missing, damaged or not of this segment
// is made again from the segment.
const (
	sealedMagic      = "RDSIDX01"
	sealedHeaderSize = 8 + 8 + 8 + 4 + 4 + 4
	entrySize        = 16
)

var errSealed = errors.New("not the index of this segment")

// encodeSealed answers the contents of the index file of segment s, whose events end before `end`.
func encodeSealed(x *index, s *segment, end uint32, touched map[string]struct{}) []byte {
	b := make([]byte, 0, sealedHeaderSize+entrySize*int(end-s.first)+64*len(touched)+4)
	b = append(b, sealedMagic...)
	b = binary.LittleEndian.AppendUint64(b, s.base)
	b = binary.LittleEndian.AppendUint64(b, s.size)
	b = binary.LittleEndian.AppendUint32(b, s.first)
	b = binary.LittleEndian.AppendUint32(b, end-s.first)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(touched)))
	for n := s.first; n < end; n++ {
		e := x.entry(n)
		b = binary.LittleEndian.AppendUint32(b, e.offset)
		b = binary.LittleEndian.AppendUint32(b, e.prev)
		b = binary.LittleEndian.AppendUint32(b, e.jump)
		b = binary.LittleEndian.AppendUint16(b, e.segment)
		b = binary.LittleEndian.AppendUint16(b, e.print)
	}
	names := make([]string, 0, len(touched))
	for name := range touched {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		h := x.streams[name]
		tombstone, ended := x.ended[name]
		length := uint64(len(name)) << 1
		if ended {
			length |= 1
		}
		b = binary.AppendUvarint(b, length)
		b = append(b, name...)
		b = binary.LittleEndian.AppendUint32(b, h.last)
		b = binary.LittleEndian.AppendUint32(b, h.next)
		if ended {
			b = binary.LittleEndian.AppendUint32(b, tombstone)
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// loadSealed enters the events of segment s into the index from the contents of its index file. If it fails, nothing
// was entered: the checksum vouches for all that is read after it.
func loadSealed(b []byte, x *index, s *segment) error {
	if len(b) < sealedHeaderSize+4 || string(b[:8]) != sealedMagic {
		return errSealed
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum ||
		binary.LittleEndian.Uint64(b[8:]) != s.base ||
		binary.LittleEndian.Uint64(b[16:]) != s.size ||
		binary.LittleEndian.Uint32(b[24:]) != s.first || s.first != x.count {
		return errSealed
	}
	events, streams := binary.LittleEndian.Uint32(b[28:]), binary.LittleEndian.Uint32(b[32:])
	body = body[sealedHeaderSize:]
	if uint64(len(body)) < entrySize*uint64(events) {
		return errSealed
	}
	for range events {
		x.push(entry{
			offset:  binary.LittleEndian.Uint32(body[0:]),
			prev:    binary.LittleEndian.Uint32(body[4:]),
			jump:    binary.LittleEndian.Uint32(body[8:]),
			segment: binary.LittleEndian.Uint16(body[12:]),
			print:   binary.LittleEndian.Uint16(body[14:]),
		})
		body = body[entrySize:]
	}
	// One string for all names: the map's keys share it.
	all := string(body)
	p := parser{rest: body}
	for range streams {
		length := p.varint()
		at := len(all) - len(p.rest)
		p.bytes(length >> 1)
		if p.bad {
			return errSealed
		}
		name := all[at : at+int(length>>1)]
		h := head{last: p.fixed32(), next: p.fixed32()}
		if h.next > 0 {
			x.streams[name] = h
		}
		if length&1 == 1 {
			x.ended[name] = p.fixed32()
		}
	}
	return nil
}

func (p *parser) fixed32() uint32 {
	if b := p.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}
