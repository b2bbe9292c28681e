package projections

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// copy appends rows to a table that needs none of them replaced. They go over in
// PostgreSQL's binary format: a rebuild writes millions of them, and most of its time would
// pass in finding out, value by value, how each is to be written.
func (t tables) copy(ctx context.Context, tx pgx.Tx, m *Model, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	text := append(make([]byte, 0, 512*len(rows)), "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	for _, row := range rows {
		var err error
		if text, err = appendRow(text, m, row); err != nil {
			return fmt.Errorf("copy into %s: %w", m.Name, err)
		}
	}
	text = binary.BigEndian.AppendUint16(text, 0xffff) // the end
	_, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(text), "copy "+t.in(m.Name)+" from stdin (format binary)")
	if err != nil {
		return fmt.Errorf("copy into %s: %w", m.Name, err)
	}
	return nil
}

// appendRow appends a row: how many columns, and each value behind its length.
func appendRow(text []byte, m *Model, row Row) ([]byte, error) {
	text = binary.BigEndian.AppendUint16(text, uint16(len(row)))
	for i, value := range row {
		if value == nil {
			text = binary.BigEndian.AppendUint32(text, 0xffffffff)
			continue
		}
		at := len(text)
		text = append(text, 0, 0, 0, 0)
		var known bool
		if text, known = appendValue(text, m.Columns[i].Type, value); !known {
			return nil, fmt.Errorf("column %s: a %T is no %s", m.Columns[i].Name, value, m.Columns[i].Type)
		}
		binary.BigEndian.PutUint32(text[at:], uint32(len(text)-at-4))
	}
	return text, nil
}

// appendValue appends a value as the column's type has it, and reports whether the type
// has such values.
func appendValue(text []byte, column string, value any) ([]byte, bool) {
	switch v := value.(type) {
	case string:
		if column == "jsonb" {
			text = append(text, 1) // the format's version
		}
		return append(text, v...), column == "text" || column == "jsonb"
	case []byte:
		return append(text, v...), column == "text"
	case uuid.UUID:
		return append(text, v[:]...), column == "uuid"
	case int64:
		return binary.BigEndian.AppendUint64(text, uint64(v)), column == "bigint"
	case int32:
		return binary.BigEndian.AppendUint32(text, uint32(v)), column == "integer"
	case bool:
		if v {
			return append(text, 1), column == "boolean"
		}
		return append(text, 0), column == "boolean"
	case time.Time:
		if column == "date" {
			return binary.BigEndian.AppendUint32(text, uint32(v.Unix()/86400-daysTo2000)), true
		}
		return appendInstant(text, v), column == "timestamptz"
	case ranges:
		return v.append(text), column == "tstzmultirange"
	}
	return text, false
}

// PostgreSQL counts days and microseconds from 1 January 2000.
const (
	daysTo2000         = 10957
	microsecondsTo2000 = daysTo2000 * 86400 * 1_000_000
)

func appendInstant(text []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(text, uint64(t.UnixMicro()-microsecondsTo2000))
}

// append appends the ranges: their number, and each behind its length with a byte that says
// what bounds it has.
func (r ranges) append(text []byte) []byte {
	const (
		lowerInclusive = 0x02
		upperInfinite  = 0x10
	)
	count := len(text)
	text = append(text, 0, 0, 0, 0)
	for s := range r.whole() {
		binary.BigEndian.PutUint32(text[count:], binary.BigEndian.Uint32(text[count:])+1)
		if s.To.IsZero() {
			text = append(text, 0, 0, 0, 13, lowerInclusive|upperInfinite, 0, 0, 0, 8)
			text = appendInstant(text, s.From)
			continue
		}
		text = append(text, 0, 0, 0, 25, lowerInclusive, 0, 0, 0, 8)
		text = appendInstant(text, s.From)
		text = append(text, 0, 0, 0, 8)
		text = appendInstant(text, s.To)
	}
	return text
}
