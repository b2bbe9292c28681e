package node

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"
)

// A segment file begins with a header of 32 bytes: magic, base, the log's key, the number of its first event, and a
// CRC-32C of all that. Its name is its base, the position of its first byte in the whole log.
const (
	segmentHeaderSize = 32
	segmentMagic      = "RDSLOG01"
	segmentSuffix     = ".log"
	indexSuffix       = ".index"
	// segmentLimit is the size after which a new segment is begun. It bounds what must be read again after a crash.
	segmentLimit = 64 << 20
)

// segment is one open segment file. All but the last are closed: they never change again.
type segment struct {
	number int
	base   uint64
	first  uint32 // number of its first event
	size   uint64 // bytes that are durable and visible; guarded by the log's mutex
	file   file
	// links of its events: in memory until its index file is open, and then there. Guarded by the log's mutex.
	links []link
	index *sealedIndex
	tags  []uint32 // of the names of its events' streams, while links are in memory; only the writer uses them
	// length of the file, at least size: the last segment is filled with zeros ahead of the writer, for a sync costs
	// a third less when the file does not grow. Only the writer uses it.
	length uint64
}

// reserved is how far ahead of the writer the file is filled.
const reserved = 1 << 20

var zeros [64 << 10]byte

// reserve makes the file at least end bytes long, and longer up to limit so that not every write makes it grow.
func (s *segment) reserve(end, limit uint64) error {
	if end <= s.length {
		return nil
	}
	for target := max(end, min(s.length+reserved, limit)); s.length < target; {
		n, err := s.file.WriteAt(zeros[:min(target-s.length, uint64(len(zeros)))], int64(s.length))
		if err != nil {
			return err
		}
		s.length += uint64(n)
	}
	return nil
}

// trim cuts off what was reserved and not used, and makes the length durable.
func (s *segment) trim() error {
	if s.length == s.size {
		return nil
	}
	if err := s.file.Truncate(int64(s.size)); err != nil {
		return err
	}
	s.length = s.size
	return s.file.Sync()
}

func segmentName(base uint64, suffix string) string { return fmt.Sprintf("%020d%s", base, suffix) }

// segmentBase reads the base out of a file name, if it has the suffix.
func segmentBase(name, suffix string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	base, err := strconv.ParseUint(digits, 10, 63)
	return base, err == nil
}

func encodeSegmentHeader(base, key uint64, first uint32) []byte {
	b := make([]byte, 0, segmentHeaderSize)
	b = append(b, segmentMagic...)
	b = binary.LittleEndian.AppendUint64(b, base)
	b = binary.LittleEndian.AppendUint64(b, key)
	b = binary.LittleEndian.AppendUint32(b, first)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// createSegment begins an empty segment file. A crash leaves the whole of it or nothing.
func createSegment(files fileLayer, dir string, number int, base, key uint64, first uint32) (*segment, error) {
	name := segmentName(base, segmentSuffix)
	if err := writeWhole(files, dir, name, encodeSegmentHeader(base, key, first)); err != nil {
		return nil, err
	}
	return openSegment(files, dir, number, base, key, first)
}

// openSegment opens a segment file and checks that it is the one it should be.
func openSegment(files fileLayer, dir string, number int, base, key uint64, first uint32) (*segment, error) {
	name := segmentName(base, segmentSuffix)
	f, err := files.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if err != nil {
		f.Close()
		return nil, err
	}
	header := make([]byte, segmentHeaderSize)
	if size >= segmentHeaderSize {
		if _, err := f.ReadAt(header, 0); err != nil {
			f.Close()
			return nil, err
		}
	}
	if string(header) != string(encodeSegmentHeader(base, key, first)) {
		f.Close()
		if other := binary.LittleEndian.Uint64(header[16:]); number == 0 && string(header) == string(encodeSegmentHeader(base, other, first)) {
			return nil, &CorruptError{Segment: formatFile, Reason: "its key is not the one in the header of the first segment"}
		}
		return nil, &CorruptError{Segment: name, Reason: "the header is not the one this segment must have"}
	}
	return &segment{number: number, base: base, first: first, size: uint64(size), length: uint64(size), file: f}, nil
}

// end is the position after the last visible byte.
func (s *segment) end() uint64 { return s.base + s.size }

// CorruptError says that the log holds something that was not written there, or lacks something that was. Nothing is
// repaired: restore the named file from a copy.
type CorruptError struct {
	Segment string // file name
	Offset  uint64 // byte in that file
	Reason  string
}

// Error names the file, the offset and the reason; it never contains stored bytes.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("corrupt log: %s at byte %d: %s", e.Segment, e.Offset, e.Reason)
}
