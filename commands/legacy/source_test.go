package legacy

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// outline reads a source to its end: one word for each record.
func outline(t testing.TB, text string) string {
	t.Helper()
	s, err := NewSource(strings.NewReader(text), "utf-8", ',')
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for {
		row, err := s.Next()
		switch fault, ok := errors.AsType[*RowError](err); {
		case errors.Is(err, io.EOF):
			return strings.Join(out, " ")
		case ok:
			out = append(out, fmt.Sprintf("%d:%s", fault.Line, fault.Rule))
		case err != nil:
			t.Fatal(err)
		default:
			out = append(out, fmt.Sprintf("%d:%s", row.Line, strings.Join(row.Values, "|")))
		}
	}
}

func TestSource(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"plain":                    {"a,b\n1,2\n3,4\n", "2:1|2 3:3|4"},
		"carriage returns":         {"a,b\r\n1,2\r\n", "2:1|2"},
		"empty lines are no rows":  {"a,b\n\n1,2\n\r\n\n", "3:1|2"},
		"only a header":            {"a,b\n", ""},
		"a header without its end": {"a,b", ""},
		"quotes":                   {"a,b\n\"1,1\",\"say \"\"yes\"\"\"\n", `2:1,1|say "yes"`},
		"lines in a value":         {"a,b\n\"1\n1\",2\n3,4\n", "2:1\n1|2 4:3|4"},
		"too few, too many":        {"a,b\n1\n1,2,3\n1,2\n", "2:COLUMN_COUNT 3:COLUMN_COUNT 4:1|2"},
		"cut off":                  {"a,b\n1,2\n3,4", "2:1|2 3:TRUNCATED"},
		"cut off in a quote":       {"a,b\n1,2\n3,\"4", "2:1|2 3:TRUNCATED"},
		"cut off after one column": {"a,b\n1,2\n3", "2:1|2 3:TRUNCATED"},
		"a quote within":           {"a,b\n1,2\"\n3,4\n", "2:BAD_QUOTE 3:3|4"},
		"a quote never closed":     {"a,b\n1,\"2\n3,4\n5,6\n", "2:BAD_QUOTE 3:3|4 4:5|6"},
		// Two lines with a quote each: neither may swallow what stands between them.
		"two quotes within":   {"a,b\n1,2\"\n3,4\n5,6\"\n7,8\n", "2:BAD_QUOTE 3:3|4 4:BAD_QUOTE 5:7|8"},
		"a quote, then a cut": {"a,b\n1,\"2\n3,4\n5,6", "2:BAD_QUOTE 3:3|4 4:TRUNCATED"},
	} {
		if got := outline(t, tt.text); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// A quote that stays open gives up its own line alone, however many lines follow.
func TestOpenQuoteBeforeManyLines(t *testing.T) {
	var text strings.Builder
	text.WriteString("a,b\n1,\"2\n")
	for i := range 3 * maxRecordLines {
		fmt.Fprintf(&text, "%d,x\n", i)
	}
	records := strings.Fields(outline(t, text.String()))
	if len(records) != 3*maxRecordLines+1 || records[0] != "2:BAD_QUOTE" || records[1] != "3:0|x" {
		t.Errorf("%d records, the first %v", len(records), records[:2])
	}
}

// FuzzSource holds that any bytes are read to their end, that lines count upwards, and that a row is a line or a fault.
func FuzzSource(f *testing.F) {
	for _, text := range []string{
		"a,b\n1,2\n", "\ufeffa,b\r\n\"1\n\",2", "a\n\"\n\"\n\"", "a,b\n1,\"2\n3,4\"\n5\n", "\x1f\x8b\x08\x00", "a;b\n\xe9;\"\n", "\n\n",
	} {
		f.Add([]byte(text), ",")
	}
	f.Add([]byte("a;b\n1;2\n"), ";")
	f.Fuzz(func(t *testing.T, text []byte, separator string) {
		m := Mapping{Separator: separator, Encoding: "windows-1252"}
		if r := []rune(separator); len(r) != 1 || strings.ContainsAny(separator, "\"\r\n\uFFFD") {
			return
		}
		for _, encoding := range []string{"utf-8", m.Encoding} {
			s, err := NewSource(strings.NewReader(string(text)), encoding, []rune(separator)[0])
			if err != nil {
				continue
			}
			last := 1
			for range len(text) + 2 {
				row, err := s.Next()
				fault, ok := errors.AsType[*RowError](err)
				if err != nil && !ok {
					return
				}
				if ok {
					row.Line = fault.Line
				} else if len(row.Values) != len(s.Header) {
					t.Fatalf("line %d has %d values of %d", row.Line, len(row.Values), len(s.Header))
				}
				if row.Line <= last {
					t.Fatalf("line %d after line %d", row.Line, last)
				}
				last = row.Line
			}
			t.Fatal("a source without end")
		}
	})
}
