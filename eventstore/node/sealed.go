package node

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"slices"
)

// The index of a closed segment is kept in a file beside it:
//
//	magic (8 bytes), base, size, first event, number of events, number of streams, streams in the log so far
//	16 bytes for each event, its link
//	12 bytes for each stream with events in the segment, in the order of tags: the tag, the stream's newest event before
//	the segment, its newest event in the segment
//	CRC-32C of all that
//
// Opening the log checks each file and takes the streams from it; links are read when they are needed. A file that is
// missing, damaged or not of this segment is made again from the segment.
const (
	sealedMagic      = "RDSIDX02"
	sealedHeaderSize = 8 + 8 + 8 + 4 + 4 + 4 + 4
	changeSize       = 12
	endedStream      = noEvent - 1 // instead of the newest event before: the event ended its stream
)

var errSealed = errors.New("not the index of this segment")

// sealedIndex is the open index file of a closed segment.
type sealedIndex struct {
	file   file
	events uint32
}

// change says what a segment does to one stream: from the event before, or noEvent, to last.
type change struct{ tag, before, last uint32 }

// changes answers what the segment with these links does to its streams.
func changes(first uint32, links []link, tags []uint32) []change {
	before := make([]uint32, len(links))
	followed := make([]bool, len(links))
	for i, k := range links {
		switch {
		case k.prev == noEvent:
			before[i] = endedStream
		case k.prev == first+uint32(i):
			before[i] = noEvent
		case k.prev < first:
			before[i] = k.prev
		default:
			before[i], followed[k.prev-first] = before[k.prev-first], true
		}
	}
	var list []change
	for i := range links {
		if !followed[i] {
			list = append(list, change{tags[i], before[i], first + uint32(i)})
		}
	}
	slices.SortFunc(list, func(a, b change) int { return cmp.Or(cmp.Compare(a.tag, b.tag), cmp.Compare(a.last, b.last)) })
	return list
}

// encodeSealed answers the contents of the index file of segment s, with which the log has so many streams.
func encodeSealed(s *segment, links []link, tags []uint32, streams int) []byte {
	list := changes(s.first, links, tags)
	b := make([]byte, 0, sealedHeaderSize+linkSize*len(links)+changeSize*len(list)+4)
	b = append(b, sealedMagic...)
	b = binary.LittleEndian.AppendUint64(b, s.base)
	b = binary.LittleEndian.AppendUint64(b, s.size)
	b = binary.LittleEndian.AppendUint32(b, s.first)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(links)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(list)))
	b = binary.LittleEndian.AppendUint32(b, uint32(streams))
	for _, k := range links {
		b = k.encode(b)
	}
	for _, c := range list {
		b = binary.LittleEndian.AppendUint32(b, c.tag)
		b = binary.LittleEndian.AppendUint32(b, c.before)
		b = binary.LittleEndian.AppendUint32(b, c.last)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// sound says whether b is a whole index file.
func sound(b []byte) bool {
	if len(b) < sealedHeaderSize+4 || string(b[:8]) != sealedMagic {
		return false
	}
	events, streams := uint64(binary.LittleEndian.Uint32(b[28:])), uint64(binary.LittleEndian.Uint32(b[32:]))
	return uint64(len(b)) == sealedHeaderSize+linkSize*events+changeSize*streams+4 &&
		crc32.Checksum(b[:len(b)-4], castagnoli) == binary.LittleEndian.Uint32(b[len(b)-4:])
}

// owns says whether b, a whole index file, is that of the closed segment s.
func (s *segment) owns(b []byte) bool {
	return binary.LittleEndian.Uint64(b[8:]) == s.base &&
		binary.LittleEndian.Uint64(b[16:]) == s.size &&
		binary.LittleEndian.Uint32(b[24:]) == s.first
}

// loadSealed enters the events of segment s into the index from the contents of its index file, which is sound. After
// errSealed nothing was entered.
func (l *log) loadSealed(b []byte, s *segment) error {
	if !s.owns(b) || s.first != l.count {
		return errSealed
	}
	events := binary.LittleEndian.Uint32(b[28:])
	if err := l.attach(s, events); err != nil {
		return err
	}
	list := b[sealedHeaderSize+linkSize*int(events) : len(b)-4]
	l.count += events
	c := cursor{log: l, ahead: oneRecord}
	for ; len(list) > 0; list = list[changeSize:] {
		tag, last := binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[8:])
		switch before := binary.LittleEndian.Uint32(list[4:]); before {
		case noEvent:
			l.heads = l.heads.room(1)
			l.heads.add(tag, last)
		case endedStream:
			r, _, err := c.event(last)
			if err != nil {
				return err
			}
			l.ended[r.stream] = last
		default:
			if !l.heads.move(tag, before, last) {
				return &CorruptError{
					Segment: segmentName(s.base, indexSuffix),
					Reason:  fmt.Sprintf("event %d follows event %d, which is not the newest of a stream", last, before),
				}
			}
		}
	}
	return nil
}

// attach makes the segment's links those of its index file, which holds so many.
func (l *log) attach(s *segment, events uint32) error {
	f, err := l.files.Open(filepath.Join(l.dir, segmentName(s.base, indexSuffix)))
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.index, s.links, s.tags = &sealedIndex{file: f, events: events}, nil, nil
	return nil
}

// seal writes the index file of the closed segment s and frees the memory of its links. If that fails the links stay in
// memory, and the next start reads the segment instead. A crash leaves the whole file or none.
func (l *log) seal(s *segment, streams int) {
	name := segmentName(s.base, indexSuffix)
	events := uint32(len(s.links))
	err := writeWhole(l.files, l.dir, name, encodeSealed(s, s.links, s.tags, streams))
	if err == nil {
		err = l.attach(s, events)
	}
	if err != nil {
		l.logger.Warn("index of a closed segment not written; the next start reads the segment instead", "file", name, "error", err)
	}
}

// sealedFile is the index file of a closed segment as it was found.
type sealedFile struct {
	contents []byte
	err      error
}

// readSealed reads and checks the index files of the segments with these bases, one ahead of whoever takes them, until
// quit is closed. The contents are valid until the next file is taken.
func (l *log) readSealed(bases []uint64, quit <-chan struct{}) <-chan sealedFile {
	found := make(chan sealedFile)
	go func() {
		var buffers [2][]byte
		for i, base := range bases {
			contents, err := readInto(l.files, l.dir, segmentName(base, indexSuffix), buffers[i%2])
			if err == nil && !sound(contents) {
				err = errSealed
			}
			buffers[i%2] = contents
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
	if _, err := f.ReadAt(header, 0); err != nil || string(header[:8]) != sealedMagic {
		return 0
	}
	events := uint64(binary.LittleEndian.Uint32(header[24:])) + uint64(binary.LittleEndian.Uint32(header[28:]))
	return int(min(uint64(binary.LittleEndian.Uint32(header[36:])), events, 1<<24))
}
