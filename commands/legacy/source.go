package legacy

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// maxRecordLines bounds how many physical lines one quoted record may span: a quote that is never closed must not
// swallow the rest of the file.
const maxRecordLines = 50

// Row is one record of a source file.
type Row struct {
	Line   int      // the physical line on which it starts, from 1; the header is line 1
	Values []string // one for each column of the header
}

// Source reads the records of a CSV file (RFC 4180, gzip or plain), one at a time, so that one that is broken never
// stops the rest.
type Source struct {
	Header []string
	BOM    bool // the file began with a byte-order mark, which was skipped

	lines  *bufio.Reader
	decode func([]byte) ([]byte, error)
	comma  rune
	line   int
	// pushed are physical lines read ahead in search of a closing quote that never came.
	pushed  [][]byte
	unended bool // the last line of the file had no line end
}

// RowError says why one record of the file cannot be used.
type RowError struct {
	Line   int
	Rule   string // a code of [Report]
	Reason string
}

// Error names line, rule and reason.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s: %s", e.Line, e.Rule, e.Reason) }

// The rules that a record can break before it is understood.
const (
	RuleEncoding  = "NOT_UTF8"
	RuleQuote     = "BAD_QUOTE"
	RuleColumns   = "COLUMN_COUNT"
	RuleTruncated = "TRUNCATED"
)

// decoders makes the decoder of each encoding that a mapping may name.
var decoders = map[string]func() func([]byte) ([]byte, error){
	"utf-8":        func() func([]byte) ([]byte, error) { return validUTF8 },
	"iso-8859-1":   func() func([]byte) ([]byte, error) { return charmap.ISO8859_1.NewDecoder().Bytes },
	"windows-1252": func() func([]byte) ([]byte, error) { return charmap.Windows1252.NewDecoder().Bytes },
}

var errNotUTF8 = errors.New("bytes that are not UTF-8; name the file's encoding in the mapping")

func validUTF8(b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return nil, errNotUTF8
	}
	return b, nil
}

// NewSource reads the header of a file. The encoding is one of those a mapping may name. Errors concern the whole file:
// it is empty, its gzip is damaged, or its header cannot be read.
func NewSource(file io.Reader, encoding string, comma rune) (*Source, error) {
	buffered := bufio.NewReaderSize(file, 1<<16)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		buffered = bufio.NewReaderSize(unzipped, 1<<16)
	}
	s := &Source{lines: buffered, decode: decoders[encoding](), comma: comma}
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte{0xef, 0xbb, 0xbf}) {
		s.BOM = true
		if _, err := buffered.Discard(3); err != nil {
			return nil, err
		}
	}
	header, err := s.record()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	s.Header = header.Values
	for i, column := range s.Header {
		if slices.Contains(s.Header[:i], column) {
			return nil, fmt.Errorf("header: two columns are called %q", column)
		}
	}
	return s, nil
}

// Next returns the next record. A *[RowError] concerns that record alone; io.EOF ends the file; any other error means
// that the file cannot be read any further (a truncated gzip, a failing disk).
func (s *Source) Next() (Row, error) {
	row, err := s.record()
	if err != nil {
		return row, err
	}
	if s.unended && len(s.pushed) == 0 {
		return row, &RowError{row.Line, RuleTruncated, "the file ends without a line end, so its last value may be cut; add one if the line is complete, and import again"}
	}
	if len(row.Values) == len(s.Header) {
		return row, nil
	}
	return row, &RowError{row.Line, RuleColumns, fmt.Sprintf("%d columns, the header has %d", len(row.Values), len(s.Header))}
}

// record assembles one logical record from physical lines. When a quote stays open for too long or to the end of the
// file, or is closed only by the quote of a later record, only the line on which it opened is given up.
func (s *Source) record() (Row, error) {
	var text []byte
	var taken [][]byte
	first := s.line + 1
	for {
		line, err := s.readLine()
		if err != nil && (!errors.Is(err, io.EOF) || len(taken) == 0) {
			return Row{Line: first}, err
		}
		if err == nil {
			taken = append(taken, line)
			text = append(text, line...)
			if len(taken) == 1 && len(bytes.TrimRight(line, "\r\n")) == 0 {
				first, taken, text = s.line+1, nil, nil
				continue
			}
			if bytes.Count(text, []byte{'"'})%2 == 0 {
				row, err := s.parse(first, text)
				if fault, ok := errors.AsType[*RowError](err); ok && fault.Rule == RuleQuote {
					s.giveBack(taken[1:])
				}
				return row, err
			}
			if len(taken) < maxRecordLines {
				continue
			}
		}
		s.giveBack(taken[1:])
		if len(taken) == 1 && s.unended {
			return Row{Line: first}, &RowError{first, RuleTruncated, "the file ends inside a quoted value"}
		}
		return Row{Line: first}, &RowError{first, RuleQuote, "a quoted value is not closed"}
	}
}

// parse splits the bytes of one record into values.
func (s *Source) parse(first int, text []byte) (Row, error) {
	decoded, err := s.decode(text)
	if err != nil {
		return Row{Line: first}, &RowError{first, RuleEncoding, errNotUTF8.Error()}
	}
	reader := csv.NewReader(bytes.NewReader(decoded))
	reader.Comma = s.comma
	reader.FieldsPerRecord = -1
	values, err := reader.Read()
	if err != nil {
		return Row{Line: first}, &RowError{first, RuleQuote, "a quote stands inside a value that is not quoted"}
	}
	return Row{Line: first, Values: values}, nil
}

// readLine returns the next physical line with its line end.
func (s *Source) readLine() ([]byte, error) {
	if len(s.pushed) > 0 {
		line := s.pushed[0]
		s.pushed = s.pushed[1:]
		s.line++
		return line, nil
	}
	line, err := s.lines.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(line) > 0 {
		s.unended, err = true, nil
	}
	if err == nil {
		s.line++
	}
	return line, err
}

func (s *Source) giveBack(lines [][]byte) {
	s.pushed = append(append([][]byte{}, lines...), s.pushed...)
	s.line -= len(lines)
}
