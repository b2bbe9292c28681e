package node

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"redress/eventstore/trust/scale"
)

// wholeLog is a log that was closed in order, and everything that was put into it.
type wholeLog struct {
	limit  uint64 // of a segment
	files  *memory
	wrote  []record            // in log order
	starts map[string][]uint64 // by segment file, where its records begin, and where the last one ends
}

// grow makes a log of at least size bytes, in four segments or more. The seed decides what is in it.
func grow(t *testing.T, size int, random *rand.Rand) *wholeLog {
	t.Helper()
	g := &wholeLog{limit: uint64(size / 4), files: newMemory(), starts: map[string][]uint64{}}
	if err := writeWhole(g.files, "log", formatFile, []byte(format{key: random.Uint64()}.String())); err != nil {
		t.Fatal(err)
	}
	l, err := g.open(g.files)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(l, 0)
	next := map[string]uint64{}
	for int(l.last().end()) < size || len(l.segments) < 4 {
		var stage []staged
		for writing := range 1 + random.IntN(3) {
			r := &record{stream: fmt.Sprintf("stream-%d-%d", writing, random.IntN(4))}
			r.first = next[r.stream]
			for range 1 + random.IntN(3) {
				e := event{kind: "Noted", json: random.IntN(2) == 0, data: noise(random, 900), metadata: noise(random, 60)}
				binary.LittleEndian.PutUint64(e.id[:], random.Uint64())
				binary.LittleEndian.PutUint64(e.id[8:], random.Uint64())
				r.events = append(r.events, e)
			}
			next[r.stream] += uint64(len(r.events))
			stage = append(stage, staged{records: []*record{r}})
		}
		if err := w.write(stage); err != nil {
			t.Fatal(err)
		}
		for _, s := range stage {
			r := s.records[0]
			g.wrote = append(g.wrote, *r)
			name := segmentName(l.last().base, segmentSuffix)
			g.starts[name] = append(g.starts[name], r.position-l.last().base)
		}
	}
	if err := l.close(true); err != nil {
		t.Fatal(err)
	}
	for name := range g.starts {
		g.starts[name] = append(g.starts[name], uint64(len(g.files.names[filepath.Join("log", name)].data)))
	}
	return g
}

func (g *wholeLog) open(files *memory) (*log, error) {
	return openLog(files, "log", g.limit, false, slog.New(slog.DiscardHandler))
}

func noise(random *rand.Rand, most int) []byte {
	b := make([]byte, 1+random.IntN(most))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// errSilent says that something was read that was not written, and nobody noticed.
var errSilent = errors.New("damage was served")

// shown is how a damage shows, nil where nothing is to be seen: to who reads the log from its beginning, and to who reads
// stream by stream. It is errSilent when what is read is not what was written.
type shown struct{ inOrder, byStream error }

// read opens a log and reads all of it, in order and, if asked, stream by stream.
func (g *wholeLog) read(files *memory, byStream bool) (how shown) {
	l, err := g.open(files)
	if err != nil {
		return shown{inOrder: err}
	}
	how.inOrder = g.readInOrder(l)
	if byStream {
		how.byStream = g.readStreams(l)
	}
	return how
}

func (g *wholeLog) readInOrder(l *log) error {
	c := cursor{log: l, ahead: manyRecords}
	count, _, _ := l.state()
	n := uint32(0)
	for _, want := range g.wrote {
		for i := range want.events {
			if n >= count {
				return fmt.Errorf("%w: the log ends with event %d", errSilent, n)
			}
			r, at, err := c.event(n)
			if err != nil {
				return err
			}
			if r.position != want.position || at != i || !sameRecord(r, &want) {
				return fmt.Errorf("%w: event %d is another", errSilent, n)
			}
			n++
		}
	}
	if n != count {
		return fmt.Errorf("%w: the log has %d events more", errSilent, count-n)
	}
	return nil
}

// readStreams reads every event by its stream and revision, until one cannot be read.
func (g *wholeLog) readStreams(l *log) error {
	c := cursor{log: l, ahead: oneRecord}
	for _, want := range g.wrote {
		h, _, _, err := c.stream(want.stream)
		if err != nil {
			return err
		}
		revision := uint32(want.first) + uint32(len(want.events)) - 1
		if h.next <= revision {
			return fmt.Errorf("%w: %s ends at revision %d", errSilent, want.stream, h.next)
		}
		places, err := c.page(h, revision, 1)
		if err != nil {
			return err
		}
		r, _, err := c.revision(places[0], want.stream, uint64(revision))
		if err != nil {
			return err
		}
		if r.position != want.position || !sameRecord(r, &want) {
			return fmt.Errorf("%w: revision %d of %s is another", errSilent, revision, want.stream)
		}
	}
	return nil
}

func sameRecord(a, b *record) bool {
	return a.stream == b.stream && a.first == b.first && a.created == b.created &&
		slices.EqualFunc(a.events, b.events, func(a, b event) bool {
			return a.id == b.id && a.kind == b.kind && a.json == b.json && bytes.Equal(a.data, b.data) && bytes.Equal(a.metadata, b.metadata)
		})
}

// names answers the files of the log, in order.
func (g *wholeLog) names() []string {
	var names []string
	for name := range g.files.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// judge says what is wrong with how a damage showed, of the bytes from at to end of a file. An index is made again, byte for
// byte, and then nothing shows. Everything else must show, located exactly: the error names the file, and where the first
// record begins that is damaged or missing, or the file's own beginning where the damage is in no record. Who reads streams
// may meet another of the damaged records first.
func (g *wholeLog) judge(name string, at, end int, damaged *memory, how shown) error {
	whole := g.files.names[name].data
	base := filepath.Base(name)
	switch {
	case errors.Is(how.inOrder, errSilent), errors.Is(how.byStream, errSilent):
		return errors.Join(how.inOrder, how.byStream)
	case strings.HasSuffix(base, indexSuffix):
		if err := errors.Join(how.inOrder, how.byStream); err != nil {
			return fmt.Errorf("an index that is damaged must be made again: %w", err)
		}
		if again := damaged.names[name]; again == nil || !bytes.Equal(again.data, whole) {
			return errors.New("the index was made again and is another")
		}
		return nil
	case how.inOrder == nil && how.byStream == nil && name == g.last() && at >= len(whole):
		return nil // bytes after the end: cut off like an unfinished write, with a warning, and all that was written is there
	case how.inOrder == nil:
		return fmt.Errorf("not noticed (and by who reads streams as %w)", how.byStream)
	}
	first := g.recordAt(base, at)
	if corrupt, ok := errors.AsType[*CorruptError](how.inOrder); !ok || corrupt.Segment != base || corrupt.Offset != first {
		return fmt.Errorf("located wrongly, it begins in %s at byte %d: %w", base, first, how.inOrder)
	}
	if how.byStream == nil {
		return nil
	}
	corrupt, ok := errors.AsType[*CorruptError](how.byStream)
	if !ok || corrupt.Segment != base || corrupt.Offset < first || corrupt.Offset >= uint64(end) || corrupt.Offset != g.recordAt(base, int(corrupt.Offset)) {
		return fmt.Errorf("located wrongly by who reads streams, the bytes are %d to %d of %s: %w", at, end, base, how.byStream)
	}
	return nil
}

// recordAt answers where the record begins that has a byte of a file: 0 for what is in none, the file's end for what is
// after it.
func (g *wholeLog) recordAt(base string, at int) (begin uint64) {
	for _, start := range g.starts[base] {
		if start <= uint64(at) {
			begin = start
		}
	}
	return begin
}

// last answers the last segment's file.
func (g *wholeLog) last() string {
	segments := g.files.segmentFiles()
	return segments[len(segments)-1]
}

// TestDamage is T04: every bit of every file of a log is flipped, pages are zeroed, files are cut at every byte, copied
// over one another and taken away. The damage is found and located to the record, or an index is made again; a value that
// was not written is never read.
func TestDamage(t *testing.T) {
	random := scale.Seeded(t, "T04")
	defer debug.SetGCPercent(debug.SetGCPercent(2000)) // every opening makes a table of 1 MiB
	g := grow(t, scale.Of(t, 4<<10, 64<<10, 64<<10), random)
	flips := 0
	for _, campaign := range []struct {
		what string
		do   func(*testing.T, *wholeLog) (int, error)
	}{{"bits were flipped", flipAll}, {"pages were zeroed", zeroAll}, {"files were cut", cutAll}, {"files and pages were doubled or missing", doubleAll}} {
		n, err := campaign.do(t, g)
		if err != nil {
			t.Fatalf("%s: %v", campaign.what, err)
		}
		if n == 0 {
			t.Errorf("0 %s", campaign.what)
		}
		if flips == 0 {
			flips = n
		}
		scale.Say("T04", "%d %s: all found and located, nothing false was read", n, campaign.what)
	}
	for range scale.Of(t, 0, 0, 7) { // other logs of the same size
		n, err := flipAll(t, grow(t, 16<<10, random))
		if err != nil {
			t.Fatal(err)
		}
		flips += n
	}
	if least := scale.Of(t, 8*4<<10, 8*64<<10, 1_000_000); flips < least {
		t.Errorf("%d bits were flipped, fewer than %d", flips, least)
	}
}

// TestDamageControl: a reader that does not look at checksums, planted by making them right after the damage, is caught.
func TestDamageControl(t *testing.T) {
	random := scale.Seeded(t, "T04-control")
	g := grow(t, 64<<10, random) // with several records in each segment
	name := g.files.segmentFiles()[0]
	start := g.starts[filepath.Base(name)][0]
	damaged := g.files.copied()
	damaged.flip(name, int(start)+recordHeaderSize+120, 1)
	b := damaged.names[name].data[start:]
	length := binary.LittleEndian.Uint32(b)
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[recordHeaderSize:recordHeaderSize+length], castagnoli))
	header, _ := parseFormat(g.files.names[filepath.Join("log", formatFile)].data)
	binary.LittleEndian.PutUint32(b[12:], headerSum(header.key, start, b))
	err := g.judge(name, int(start), int(start)+1, damaged, g.read(damaged, true))
	if !errors.Is(err, errSilent) {
		t.Fatalf("checksums that nobody looks at were not caught: %v", err)
	}
	scale.Caught("T04", "checksums are not looked at", err)

	// A log that names the record before or after the damaged one.
	second := g.starts[filepath.Base(name)][1]
	damaged = g.files.copied()
	damaged.flip(name, int(second)+recordHeaderSize, 1)
	right := g.read(damaged, true)
	if err := g.judge(name, int(second)+recordHeaderSize, int(second)+recordHeaderSize+1, damaged, right); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []uint64{start, second + 1, g.starts[filepath.Base(name)][2]} {
		told := shown{inOrder: &CorruptError{Segment: filepath.Base(name), Offset: wrong}}
		if err = g.judge(name, int(second)+recordHeaderSize, int(second)+recordHeaderSize+1, damaged, told); err == nil {
			t.Fatalf("damage at %d that is said to be at %d was not caught", second, wrong)
		}
	}
	scale.Caught("T04", "another record is named", err)
}

// flipAll flips every bit of every file.
func flipAll(t *testing.T, g *wholeLog) (count int, err error) {
	for _, name := range g.names() {
		bits := 8 * len(g.files.names[name].data)
		count += bits
		err := allPoints(t, bits, func(bit int) error {
			damaged := g.files.copied()
			damaged.flip(name, bit/8, 1<<(bit%8))
			// Stream by stream takes longer: once for every byte.
			how := g.read(damaged, bit%8 == 0)
			if err := g.judge(name, bit/8, bit/8+1, damaged, how); err != nil {
				return fmt.Errorf("%s, bit %d: %w", name, bit, err)
			}
			return nil
		})
		if err != nil {
			return count, err
		}
	}
	return count, nil
}

// zeroAll zeroes pages of several sizes.
func zeroAll(t *testing.T, g *wholeLog) (int, error) {
	var count atomic.Int64
	for _, name := range g.names() {
		whole := g.files.names[name].data
		for _, page := range []int{64, 512, 4096} {
			err := allPoints(t, (len(whole)+page-1)/page, func(n int) error {
				from, to := n*page, min(len(whole), (n+1)*page)
				contents := slices.Clone(whole)
				clear(contents[from:to])
				for from < to && contents[from] == whole[from] {
					from++ // it was zero before
				}
				if from == to {
					return nil
				}
				count.Add(1)
				damaged := g.files.copied()
				damaged.names[name].data = contents
				if err := g.judge(name, from, to, damaged, g.read(damaged, true)); err != nil {
					return fmt.Errorf("%s, page of %d at %d: %w", name, page, n*page, err)
				}
				return nil
			})
			if err != nil {
				return 0, err
			}
		}
	}
	return int(count.Load()), nil
}

// cutAll cuts every file at every byte.
func cutAll(t *testing.T, g *wholeLog) (count int, err error) {
	for _, name := range g.names() {
		size := len(g.files.names[name].data)
		count += size
		err := allPoints(t, size, func(at int) error {
			damaged := g.files.copied()
			damaged.names[name].data = damaged.names[name].data[:at:at]
			if err := g.judge(name, at, size, damaged, g.read(damaged, true)); err != nil {
				return fmt.Errorf("%s, cut at %d: %w", name, at, err)
			}
			return nil
		})
		if err != nil {
			return count, err
		}
	}
	return count, nil
}

// doubleAll takes each file away, puts each in the place of each other, appends each to itself, and copies pages over one
// another.
func doubleAll(t *testing.T, g *wholeLog) (int, error) {
	names := g.names()
	count := 0
	look := func(name string, at int, what string, spoil func(*memory)) error {
		damaged := g.files.copied()
		spoil(damaged)
		count++
		if err := g.judge(name, at, len(g.files.names[name].data), damaged, g.read(damaged, true)); err != nil {
			return fmt.Errorf("%s, %s: %w", name, what, err)
		}
		return nil
	}
	for _, name := range names {
		whole := g.files.names[name].data
		// A log without its last mark is one that was killed: it is read as far as it goes, which is all of it.
		if filepath.Base(name) != markFile {
			if err := look(name, 0, "missing", func(m *memory) { delete(m.names, name) }); err != nil {
				return count, err
			}
		}
		if err := look(name, len(whole), "twice over", func(m *memory) { m.names[name].data = slices.Concat(whole, whole) }); err != nil {
			return count, err
		}
		for _, other := range names {
			if other == name {
				continue
			}
			if err := look(name, 0, "is "+other, func(m *memory) { m.names[name].data = g.files.names[other].data }); err != nil {
				return count, err
			}
		}
		const page = 512
		for to := 0; to+page <= len(whole); to += page {
			for _, from := range []int{to - page, to + page, 0} {
				if from < 0 || from+page > len(whole) || from == to {
					continue
				}
				contents, first := slices.Clone(whole), to
				copy(contents[to:to+page], whole[from:])
				for first < to+page && contents[first] == whole[first] {
					first++
				}
				if first == to+page {
					continue
				}
				if err := look(name, first, fmt.Sprintf("page %d at %d", from, to), func(m *memory) { m.names[name].data = contents }); err != nil {
					return count, err
				}
			}
		}
	}
	return count, nil
}
