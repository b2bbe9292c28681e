package node

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"path/filepath"
	"slices"
)

// The index of a closed segment is kept in a file beside it:
//
//	magic (8 bytes), base, size, first event, number of events, number of streams, streams in the log so far
//	16 bytes for each event, as in the index
//	for each stream with events in the segment: length of the name and whether it was ended, name, its newest event,
//	its next revision
//	CRC-32C of all that
//
// Opening the log reads these files instead of the segments. A file that is missing, damaged or not of this segment
// is made again from the segment.
const (
	sealedMagic      = "RDSIDX01"
	sealedHeaderSize = 8 + 8 + 8 + 4 + 4 + 4 + 4
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
	b = binary.LittleEndian.AppendUint32(b, uint32(len(x.streams)))
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

// sound says whether b is a whole index file.
func sound(b []byte) bool {
	if len(b) < sealedHeaderSize+4 || string(b[:8]) != sealedMagic {
		return false
	}
	return crc32.Checksum(b[:len(b)-4], castagnoli) == binary.LittleEndian.Uint32(b[len(b)-4:])
}

// loadSealed enters the events of segment s into the index from the contents of its index file, which is sound.
// If it fails, nothing was entered: the checksum vouches for all that is read after the header.
func loadSealed(b []byte, x *index, s *segment) error {
	if binary.LittleEndian.Uint64(b[8:]) != s.base ||
		binary.LittleEndian.Uint64(b[16:]) != s.size ||
		binary.LittleEndian.Uint32(b[24:]) != s.first || s.first != x.count {
		return errSealed
	}
	events, streams := uint64(binary.LittleEndian.Uint32(b[28:])), binary.LittleEndian.Uint32(b[32:])
	body := b[sealedHeaderSize : len(b)-4]
	if uint64(len(body)) < entrySize*events {
		return errSealed
	}
	x.load(body[:entrySize*events])
	body = body[entrySize*events:]
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

// load pushes encoded entries.
func (x *index) load(b []byte) {
	for len(b) > 0 {
		n := x.count
		if n>>chunkBits == uint32(len(x.chunks)) {
			x.chunks = append(x.chunks, new([chunkSize]entry))
		}
		room := x.chunks[n>>chunkBits][n&(chunkSize-1):]
		room = room[:min(len(room), len(b)/entrySize)]
		for i := range room {
			e := b[i*entrySize : i*entrySize+entrySize]
			room[i] = entry{
				offset:  binary.LittleEndian.Uint32(e[0:]),
				prev:    binary.LittleEndian.Uint32(e[4:]),
				jump:    binary.LittleEndian.Uint32(e[8:]),
				segment: binary.LittleEndian.Uint16(e[12:]),
				print:   binary.LittleEndian.Uint16(e[14:]),
			}
		}
		x.count += uint32(len(room))
		b = b[len(room)*entrySize:]
	}
}

// sealedFile is the index file of a closed segment as it was found.
type sealedFile struct {
	contents []byte
	err      error
}

// readSealed reads and checks the index files of the segments with these bases, one ahead of whoever takes them, until
// quit is closed.
func (l *log) readSealed(bases []uint64, quit <-chan struct{}) <-chan sealedFile {
	found := make(chan sealedFile)
	go func() {
		for _, base := range bases {
			contents, err := readWhole(l.files, l.dir, segmentName(base, indexSuffix))
			if err == nil && !sound(contents) {
				err = errSealed
			}
			select {
			case found <- sealedFile{contents, err}:
			case <-quit:
				return
			}
		}
	}()
	return found
}

// expectedStreams answers how many streams the log has, from the last index file, so that the table for them need not
// grow. It is a guess, bounded by the number of events, and 0 where there is nothing to go by.
func (l *log) expectedStreams(closed []uint64) int {
	if len(closed) == 0 {
		return 0
	}
	f, err := l.files.Open(filepath.Join(l.dir, segmentName(closed[len(closed)-1], indexSuffix)))
	if err != nil {
		return 0
	}
	defer f.Close()
	header := make([]byte, sealedHeaderSize)
	if _, err := f.ReadAt(header, 0); err != nil {
		return 0
	}
	events := uint64(binary.LittleEndian.Uint32(header[24:])) + uint64(binary.LittleEndian.Uint32(header[28:]))
	return int(min(uint64(binary.LittleEndian.Uint32(header[36:])), events, 1<<24))
}
