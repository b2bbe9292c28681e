package node

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
)

// A record is one append. On disk:
//
//	bytes  0-3   length of the payload
//	bytes  4-7   CRC-32C of the payload
//	bytes  8-11  distance back to the first record of the same write, 0 for that record itself
//	bytes 12-15  CRC-32C of the log's key, the record's position and bytes 0-11
//	payload      created (8 bytes, 100 ns ticks since 1970), stream name, first revision, number of events, events
//	event        id (16 bytes), type with its JSON bit, length of metadata, length of data, metadata, data
//
// Fixed numbers are little-endian, the others unsigned varints. The position in the header's checksum means that
// bytes copied elsewhere in the log are not taken for a record there; the key, drawn when the log is begun, that
// event data cannot be made to look like one.
const recordHeaderSize = 16

// maxPayload bounds a record, so that a damaged length never makes a reader allocate without limit.
const maxPayload = 64 << 20

// tombstoneRevision is the revision of the event that ends a stream for good.
const tombstoneRevision = math.MaxInt64

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// event is one event as it was proposed. The byte slices of a decoded event share the record's buffer.
type event struct {
	id       [16]byte
	kind     string
	json     bool
	metadata []byte
	data     []byte
}

// record is one append to one stream: events with revisions first, first+1 and so on.
type record struct {
	position uint64
	created  int64
	stream   string
	first    uint64
	events   []event
	before   head // where its stream stood, in records that are being appended
}

// eventPosition answers the position of event i: the record's own plus i, which is inside the record because every
// event takes more than one byte.
func (r *record) eventPosition(i int) uint64 { return r.position + uint64(i) }

// recordHeader is the decoded header of a record.
type recordHeader struct {
	length  uint32
	sum     uint32
	toGroup uint32
}

// appendRecord adds r, encoded, to buf. toGroup is the distance from the start of this write to the record.
func appendRecord(buf []byte, key uint64, r *record, toGroup uint32) []byte {
	start := len(buf)
	buf = append(buf, make([]byte, recordHeaderSize)...)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(r.created))
	buf = binary.AppendUvarint(buf, uint64(len(r.stream)))
	buf = append(buf, r.stream...)
	buf = binary.AppendUvarint(buf, r.first)
	buf = binary.AppendUvarint(buf, uint64(len(r.events)))
	for i := range r.events {
		e := &r.events[i]
		buf = append(buf, e.id[:]...)
		kind := uint64(len(e.kind)) << 1
		if e.json {
			kind |= 1
		}
		buf = binary.AppendUvarint(buf, kind)
		buf = append(buf, e.kind...)
		buf = binary.AppendUvarint(buf, uint64(len(e.metadata)))
		buf = binary.AppendUvarint(buf, uint64(len(e.data)))
		buf = append(buf, e.metadata...)
		buf = append(buf, e.data...)
	}
	header, payload := buf[start:start+recordHeaderSize], buf[start+recordHeaderSize:]
	binary.LittleEndian.PutUint32(header[0:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(header[4:], crc32.Checksum(payload, castagnoli))
	binary.LittleEndian.PutUint32(header[8:], toGroup)
	binary.LittleEndian.PutUint32(header[12:], headerSum(key, r.position, header))
	return buf
}

func headerSum(key, position uint64, header []byte) uint32 {
	var b [28]byte
	binary.LittleEndian.PutUint64(b[0:], key)
	binary.LittleEndian.PutUint64(b[8:], position)
	copy(b[16:], header[:12])
	return crc32.Checksum(b[:], castagnoli)
}

// decodeHeader answers the header of the record at position, or false if these bytes are not one.
func decodeHeader(b []byte, key, position uint64) (recordHeader, bool) {
	if len(b) < recordHeaderSize || binary.LittleEndian.Uint32(b[12:]) != headerSum(key, position, b) {
		return recordHeader{}, false
	}
	h := recordHeader{
		length:  binary.LittleEndian.Uint32(b[0:]),
		sum:     binary.LittleEndian.Uint32(b[4:]),
		toGroup: binary.LittleEndian.Uint32(b[8:]),
	}
	return h, h.length <= maxPayload
}

var errRecord = errors.New("not a record")

// decodePayload reads a payload into r, reusing its events. It accepts nothing that appendRecord does not write: no
// rest, no empty append, no length beyond the payload.
func decodePayload(b []byte, position uint64, r *record) error {
	p := parser{rest: b}
	r.position = position
	r.created = int64(p.fixed64())
	r.stream = string(p.bytes(p.varint()))
	r.first = p.varint()
	count := p.varint()
	const smallest = 16 + 3
	if p.bad || count == 0 || count > uint64(len(p.rest)/smallest) {
		return errRecord
	}
	r.events = r.events[:0]
	for range count {
		var e event
		copy(e.id[:], p.bytes(16))
		kind := p.varint()
		e.json = kind&1 == 1
		e.kind = string(p.bytes(kind >> 1))
		metadata, data := p.varint(), p.varint()
		e.metadata = p.bytes(metadata)
		e.data = p.bytes(data)
		if p.bad {
			return errRecord
		}
		r.events = append(r.events, e)
	}
	if len(p.rest) != 0 {
		return errRecord
	}
	return nil
}

// parser takes values from the front of rest. After the first value that is not there it is bad and answers zeros.
type parser struct {
	rest []byte
	bad  bool
}

func (p *parser) bytes(n uint64) []byte {
	if p.bad || n > uint64(len(p.rest)) {
		p.bad = true
		return nil
	}
	b := p.rest[:n:n]
	p.rest = p.rest[n:]
	return b
}

func (p *parser) fixed64() uint64 {
	if b := p.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (p *parser) varint() uint64 {
	v, n := binary.Uvarint(p.rest)
	if p.bad || n <= 0 {
		p.bad = true
		return 0
	}
	p.rest = p.rest[n:]
	return v
}
