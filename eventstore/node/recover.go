package node

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
)

// format is what a folder was begun as. It never changes.
type format struct {
	key  uint64 // goes into every checksum of the log
	test bool   // deletes and metadata are allowed
}

const (
	formatFile = "format"
	markFile   = "durable"
)

func (f format) String() string {
	return fmt.Sprintf("redress event log 1\nkey %016x\nmode %s\n", f.key, f.mode())
}

func (f format) mode() string {
	if f.test {
		return "test"
	}
	return "live"
}

// openFormat reads the folder's format, or begins the folder if it is empty.
func openFormat(files fileLayer, dir string, names []string, test bool) (format, error) {
	if !slices.Contains(names, formatFile) {
		for _, name := range names {
			if _, ok := segmentBase(name, segmentSuffix); ok {
				return format{}, &CorruptError{Segment: formatFile, Reason: "the file is missing, and the folder has segments"}
			}
		}
		var b [8]byte
		rand.Read(b[:])
		f := format{key: binary.LittleEndian.Uint64(b[:]), test: test}
		return f, writeWhole(files, dir, formatFile, []byte(f.String()))
	}
	contents, err := readWhole(files, dir, formatFile)
	if err != nil {
		return format{}, err
	}
	f, err := parseFormat(contents)
	if err == nil && f.test != test {
		return format{}, fmt.Errorf("the folder was begun in %s mode and can be opened in no other", f.mode())
	}
	return f, err
}

// parseFormat reads what String wrote, and nothing else.
func parseFormat(contents []byte) (format, error) {
	var f format
	var mode string
	if _, err := fmt.Sscanf(string(contents), "redress event log 1\nkey %x\nmode %s\n", &f.key, &mode); err != nil {
		return format{}, &CorruptError{Segment: formatFile, Reason: "unknown format"}
	}
	f.test = mode == "test"
	if f.String() != string(contents) {
		return format{}, &CorruptError{Segment: formatFile, Reason: "unknown format"}
	}
	return f, nil
}

// writeMark notes that everything before end is durable. The note stays true for ever, so an old one does no harm.
func writeMark(files fileLayer, dir string, end uint64) error {
	b := binary.LittleEndian.AppendUint64(nil, end)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return writeWhole(files, dir, markFile, b)
}

// readMark answers the last note of writeMark, 0 if there is none.
func readMark(files fileLayer, dir string) (uint64, error) {
	b, err := readWhole(files, dir, markFile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(b) != 12 || binary.LittleEndian.Uint32(b[8:]) != crc32.Checksum(b[:8], castagnoli) {
		return 0, &CorruptError{Segment: markFile, Reason: "it does not match its checksum"}
	}
	return binary.LittleEndian.Uint64(b), nil
}

// openLog opens the log in dir, or begins one. It cuts off what a crash left of the last write, and refuses every
// other damage that it meets with a *CorruptError. It may be stopped and repeated at any point.
func openLog(files fileLayer, dir string, limit uint64, test bool, logger *slog.Logger) (*log, error) {
	names, err := files.List(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, temporary) {
			if err := files.Remove(filepath.Join(dir, name)); err != nil {
				return nil, err
			}
		}
	}
	l := &log{
		dir: dir, files: files, limit: limit, logger: logger,
		heads: newHeads(0), ended: map[string]uint32{}, moved: make(chan struct{}),
	}
	if l.format, err = openFormat(files, dir, names, test); err != nil {
		return nil, err
	}
	if err := l.openSegments(names); err != nil {
		l.close(false)
		return nil, err
	}
	return l, nil
}

func (l *log) openSegments(names []string) error {
	durable, err := readMark(l.files, l.dir)
	if err != nil {
		return err
	}
	var bases []uint64
	for _, name := range names {
		if base, ok := segmentBase(name, segmentSuffix); ok {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	if len(bases) == 0 {
		if _, ok := firstIndex(names, 0); ok || durable > 0 {
			return missing(0)
		}
		s, err := createSegment(l.files, l.dir, 0, 0, l.format.key, 0)
		if err != nil {
			return err
		}
		l.segments = append(l.segments, s)
		return nil
	}
	closed := bases[:len(bases)-1]
	l.heads = newHeads(l.expectedStreams(closed))
	quit := make(chan struct{})
	defer close(quit)
	indexes := l.readSealed(closed, quit)
	if bases[0] != 0 {
		return missing(0)
	}
	for i, base := range bases {
		s, err := openSegment(l.files, l.dir, i, base, l.format.key, l.count)
		if err != nil {
			return err
		}
		l.segments = append(l.segments, s)
		switch {
		case i == len(closed):
			if err = l.checkLast(s, names); err == nil {
				err = l.loadLast(s, durable)
			}
		case s.end() != bases[i+1]:
			err = l.gap(s, bases[i+1], names)
		default:
			err = l.loadClosed(s, <-indexes)
		}
		if err != nil {
			return err
		}
	}
	return l.resumeClock()
}

func missing(base uint64) error {
	return &CorruptError{Segment: segmentName(base, segmentSuffix), Reason: "the segment is missing"}
}

// firstIndex answers the first segment from base on that has an index file.
func firstIndex(names []string, base uint64) (first uint64, ok bool) {
	for _, name := range names {
		if at, is := segmentBase(name, indexSuffix); is && at >= base && (!ok || at < first) {
			first, ok = at, true
		}
	}
	return first, ok
}

// checkLast makes sure that no segment is missing after s, the last one: an index file is written only when the next
// segment exists.
func (l *log) checkLast(s *segment, names []string) error {
	switch first, ok := firstIndex(names, s.base); {
	case !ok:
		return nil
	case first > s.base:
		return missing(first)
	}
	return l.gap(s, s.end(), names)
}

// gap says what is wrong where no segment begins at the end of s, and the next one that is known of begins at next: s has
// another length than it had, or a segment is missing.
func (l *log) gap(s *segment, next uint64, names []string) error {
	closed, known := l.closedSize(s)
	if known && closed == s.size || !known && next == s.end() || slices.Contains(names, segmentName(s.end(), indexSuffix)) {
		return missing(s.end())
	}
	if !known {
		closed = next - s.base
	}
	end, err := l.scan(s)
	if err != nil {
		return err
	}
	return s.corrupt(min(end, closed), fmt.Sprintf("the segment has %d bytes, and had %d when it was closed", s.size, closed))
}

// closedSize answers the size that s had when it was closed, if its index file tells.
func (l *log) closedSize(s *segment) (size uint64, known bool) {
	b, err := readWhole(l.files, l.dir, segmentName(s.base, indexSuffix))
	if err != nil || !sound(b) || binary.LittleEndian.Uint64(b[8:]) != s.base {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[16:]), true
}

// resumeClock takes up the time of the newest record, so that the log's time never goes back.
func (l *log) resumeClock() error {
	if l.count == 0 {
		return nil
	}
	c := cursor{log: l, ahead: oneRecord}
	r, _, err := c.event(l.count - 1)
	if err != nil {
		return err
	}
	l.created = r.created
	return nil
}

// loadClosed enters a closed segment into the index: from its index file, or by reading it.
func (l *log) loadClosed(s *segment, found sealedFile) error {
	name := segmentName(s.base, indexSuffix)
	err := found.err
	if err == nil {
		err = l.loadSealed(found.contents, s)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errSealed):
		l.logger.Warn("index of a closed segment is damaged and made again", "file", name, "error", err)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if end, err := l.scan(s); err != nil {
		return err
	} else if end != s.size {
		return s.corrupt(end, "the record is damaged")
	}
	if err := writeWhole(l.files, l.dir, name, encodeSealed(s, s.links, s.tags, l.heads.used)); err != nil {
		return err
	}
	return l.attach(s, uint32(len(s.links)))
}

// loadLast enters the last segment into the index, and cuts off an unfinished write and what was reserved.
func (l *log) loadLast(s *segment, durable uint64) error {
	end, err := l.scan(s)
	if err != nil {
		return err
	}
	if s.base+end < durable {
		return s.corrupt(end, fmt.Sprintf("the log was durable up to position %d", durable))
	}
	if end != s.size {
		if err := l.checkTail(s, end); err != nil {
			return err
		}
		s.size = end
		return s.trim()
	}
	// After a kill the records are there, but perhaps only in the system's memory.
	return s.file.Sync()
}

// scan reads the records of s in order into the index, and answers where the first bytes stand that are not one.
func (l *log) scan(s *segment) (end uint64, err error) {
	c := cursor{log: l, ahead: 1 << 20}
	index := cursor{log: l, ahead: oneRecord}
	newest := map[string]head{} // of the streams met so far
	at := uint64(segmentHeaderSize)
	var links []link
	for at < s.size {
		r, err := c.at(place{segment: s, offset: uint32(at), size: s.size})
		if _, ok := errors.AsType[*CorruptError](err); ok {
			return at, nil
		}
		if err != nil {
			return 0, err
		}
		if r.first != tombstoneRevision {
			if r.before, err = index.headBefore(r, newest); err != nil {
				return 0, err
			}
			if r.first != uint64(r.before.next) {
				return 0, s.corrupt(at, "the record does not follow the one before it in its stream")
			}
			last := l.count + uint32(len(r.events)) - 1
			newest[r.stream] = head{last: last, next: uint32(r.first) + uint32(len(r.events))}
		}
		if links, err = index.chain(r, uint32(at), l.count, links[:0]); err != nil {
			return 0, err
		}
		l.heads = l.heads.room(1)
		l.enter(links, r)
		at += c.length
	}
	return at, nil
}

// headBefore answers the head of the stream of r before r, when the log is opened: from the streams met in the same
// segment, or from the table. Where the table has one stream with the name's tag, and the record says that its stream goes
// on, that one is taken without a look at its record: it may be any on the disk, and there may be 100,000 such streams. If
// it is the wrong one the log is damaged, which reading the stream will tell.
func (c *cursor) headBefore(r *record, newest map[string]head) (head, error) {
	if h, ok := newest[r.stream]; ok {
		return h, nil
	}
	var few [4]uint32
	candidates := c.log.heads.candidates(tagOf(r.stream), few[:0])
	switch {
	case len(candidates) == 0:
		return head{}, nil
	case len(candidates) == 1 && r.first > 0:
		return head{last: candidates[0], next: uint32(r.first)}, nil
	}
	h, _, _, err := c.stream(r.stream)
	return h, err
}

// checkTail decides whether the bytes from bad to the end of s may be cut off: zeros that were reserved, or what a
// crash left of the last write. They are not the last write if a later one follows: that was begun only when this one
// was durable.
func (l *log) checkTail(s *segment, bad uint64) error {
	tail := make([]byte, s.size-bad)
	if _, err := s.file.ReadAt(tail, int64(bad)); err != nil {
		return err
	}
	used := len(bytes.TrimRight(tail, "\x00"))
	if used == 0 {
		return nil
	}
	for i := 1; i+recordHeaderSize <= len(tail) && i < used; i++ {
		h, ok := decodeHeader(tail[i:], l.format.key, s.base+bad+uint64(i))
		if ok && uint64(i) > uint64(h.toGroup) {
			return s.corrupt(bad, fmt.Sprintf("the record is damaged, and a later write follows at byte %d", bad+uint64(i)))
		}
	}
	l.logger.Warn("cut off an unfinished write", "segment", segmentName(s.base, segmentSuffix), "offset", bad, "bytes", used)
	return nil
}

func (s *segment) corrupt(offset uint64, reason string) error {
	return &CorruptError{Segment: segmentName(s.base, segmentSuffix), Offset: offset, Reason: reason}
}
