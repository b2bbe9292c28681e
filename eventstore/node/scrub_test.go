package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redress/eventstore/trust/scale"
)

// lines keeps what is logged as text.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serveScrubbed serves dir with small segments and reads them again so often.
func serveScrubbed(t *testing.T, dir string, every time.Duration, said io.Writer) (*Node, *esdb.Client) {
	t.Helper()
	n, err := start(t.Context(), disk{}, dir, Options{
		Socket: filepath.Join(socketFolder(t), "node"), ScrubEvery: every, ScrubRate: 1 << 30,
		Logger: slog.New(slog.NewTextHandler(said, nil)),
	}, 16<<10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop() })
	return n, dial(t, n)
}

// flip changes one bit of a file.
func flip(t *testing.T, path string, offset int64, bit uint) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	_, err = f.ReadAt(b, offset)
	if err == nil {
		b[0] ^= 1 << bit
		_, err = f.WriteAt(b, offset)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// appendRefused makes sure that nothing is appended, and that the answer is definite and says where the damage is.
func appendRefused(t *testing.T, client *esdb.Client, segment string) {
	t.Helper()
	_, err := client.AppendToStream(t.Context(), "after", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, someEvents(1)...)
	var refusal *esdb.Error
	if !errors.As(err, &refusal) || status.Code(refusal.Err()) != codes.FailedPrecondition || !strings.Contains(err.Error(), segment) {
		t.Errorf("an append to a damaged log: %v", err)
	}
}

func readStream(t *testing.T, client *esdb.Client, stream string) error {
	t.Helper()
	read, err := client.ReadStream(t.Context(), stream, esdb.ReadStreamOptions{From: esdb.Start{}}, 10)
	if err != nil {
		return err
	}
	defer read.Close()
	for err == nil {
		_, err = read.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// A bit that flips in an old segment of a running node is found without anybody reading it, and located to the record.
// From then on nothing is appended, what is whole is read, and a new start does not forget it; only the file as it was
// written ends that.
func TestScrubFindsWhatNobodyReads(t *testing.T) {
	dir, said := t.TempDir(), &lines{}
	n, client := serveScrubbed(t, dir, time.Millisecond, said)
	var positions []uint64
	for i := range 100 {
		positions = append(positions, mustAppend(t, client, fmt.Sprint("stream-", i), esdb.NoStream{}, someEvents(1)...).CommitPosition)
	}
	name := segmentName(0, segmentSuffix)
	flip(t, filepath.Join(dir, name), int64(positions[3])+40, 5)
	<-n.scrubber.noted
	damage := n.Damage()
	if damage.Segment != name || damage.Offset != positions[3] {
		t.Errorf("found %v; the damage is in the record at %d", damage, positions[3])
	}
	if !strings.Contains(said.String(), fmt.Sprintf("segment=%s offset=%d reason=", name, positions[3])) {
		t.Errorf("the log says %s", said)
	}
	appendRefused(t, client, name)
	for i := range positions {
		if err := readStream(t, client, fmt.Sprint("stream-", i)); (err != nil) != (i == 3) {
			t.Errorf("stream %d: %v", i, err)
		}
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}

	again, client := serveScrubbed(t, dir, defaultScrubEvery, said)
	if found := again.Damage(); found == nil || *found != *damage {
		t.Errorf("the next start has found %v", found)
	}
	appendRefused(t, client, name)
	if err := again.Stop(); err != nil {
		t.Fatal(err)
	}
	flip(t, filepath.Join(dir, name), int64(positions[3])+40, 5)
	whole, client := serveScrubbed(t, dir, defaultScrubEvery, said)
	mustAppend(t, client, "after", esdb.NoStream{}, someEvents(1)...)
	if whole.Damage() != nil || readStream(t, client, "stream-3") != nil {
		t.Errorf("the log is whole again, and the node says %v", whole.Damage())
	}
	if _, err := os.Stat(filepath.Join(dir, damagedFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the note is still there: %v", err)
	}
}

// Damage in the newest record, which no later write follows, is not taken for an unfinished write after a kill: once it has
// been found it stands on the disk that all of it was durable.
func TestScrubDamageAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	n, client := serveScrubbed(t, dir, time.Millisecond, io.Discard)
	mustAppend(t, client, "first", esdb.NoStream{}, someEvents(1)...)
	last := mustAppend(t, client, "last", esdb.NoStream{}, someEvents(1)...).CommitPosition
	flip(t, filepath.Join(dir, segmentName(0, segmentSuffix)), int64(last)+40, 5)
	<-n.scrubber.noted
	killed := filepath.Join(t.TempDir(), "log")
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), killed, Options{Listen: "127.0.0.1:0"})
	if damage, ok := errors.AsType[*CorruptError](err); !ok || damage.Offset != last {
		t.Errorf("after a kill the node starts without the damaged record: %v", err)
	}
}

// TestScrubControl: where the log is not read again the same damage goes unseen, until somebody meets it. That has the log
// read at once.
func TestScrubControl(t *testing.T) {
	dir := t.TempDir()
	n, client := serveScrubbed(t, dir, defaultScrubEvery, io.Discard)
	var positions []uint64
	for i := range 100 {
		positions = append(positions, mustAppend(t, client, fmt.Sprint("stream-", i), esdb.NoStream{}, someEvents(1)...).CommitPosition)
	}
	flip(t, filepath.Join(dir, segmentName(0, segmentSuffix)), int64(positions[3])+40, 5)
	mustAppend(t, client, "unnoticed", esdb.NoStream{}, someEvents(1)...)
	if n.Damage() != nil {
		t.Fatal("damage was found that nothing has looked for: the other test proves nothing")
	}
	if err := readStream(t, client, "stream-3"); err == nil {
		t.Error("damage was served")
	}
	<-n.scrubber.noted
	appendRefused(t, client, segmentName(0, segmentSuffix))
}

// Every bit of what is durable is looked at: a flip anywhere is located to its record, or to the segment's header, and so
// is a segment that is cut off, missing or put in the place of another.
func TestScrubLocates(t *testing.T) {
	dir := t.TempDir()
	n, client := serveScrubbed(t, dir, defaultScrubEvery, io.Discard)
	for i := range 60 {
		mustAppend(t, client, fmt.Sprint("stream-", i%7, "-", i), esdb.NoStream{}, someEvents(1+i%4)...)
	}
	reading := func() *CorruptError {
		s := newScrubber(n.log, n.opts, nil)
		if err := s.pass(); err != nil {
			t.Fatal(err)
		}
		return s.damage.Load()
	}
	if damage := reading(); damage != nil {
		t.Fatalf("a clean log is accused: %v", damage)
	}
	random := rand.New(rand.NewPCG(scale.Seed(t, "scrub"), 0))
	segments := n.log.durable()
	if len(segments) < 3 {
		t.Fatalf("only %d segments", len(segments))
	}
	for range scale.Of(t, 300, 3_000, 30_000) {
		p := segments[random.IntN(len(segments))]
		name, at, bit := segmentName(p.segment.base, segmentSuffix), random.Uint64N(p.size), uint(random.IntN(8))
		path := filepath.Join(dir, name)
		want := startOf(t, n.log, p, at)
		flip(t, path, int64(at), bit)
		if damage := reading(); damage == nil || damage.Segment != name || damage.Offset != want {
			t.Fatalf("bit %d of byte %d of %s, in the record at %d: found %v", bit, at, name, want, damage)
		}
		flip(t, path, int64(at), bit)
	}
	first, second := filepath.Join(dir, segmentName(0, segmentSuffix)), filepath.Join(dir, segmentName(segments[1].segment.base, segmentSuffix))
	text, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	for _, spoilt := range []struct {
		what  string
		spoil func() error
		at    uint64
	}{
		{"missing", func() error { return os.Remove(first) }, 0},
		{"cut off", func() error { return os.Truncate(first, int64(len(text)-1)) }, uint64(len(text) - 1)},
		{"another", func() error { return os.WriteFile(first, other, 0o600) }, 0},
		{"replaced", func() error { return replace(first, append([]byte{text[0] ^ 1}, text[1:]...)) }, 0},
	} {
		if err := spoilt.spoil(); err != nil {
			t.Fatal(err)
		}
		if damage := reading(); damage == nil || damage.Segment != filepath.Base(first) || damage.Offset != spoilt.at {
			t.Errorf("%s: found %v", spoilt.what, damage)
		}
		if err := os.WriteFile(first, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// What is reserved ahead of the writer was never written, and may be anything.
	last := segments[len(segments)-1]
	flip(t, filepath.Join(dir, segmentName(last.segment.base, segmentSuffix)), int64(last.size)+100, 1)
	if damage := reading(); damage != nil {
		t.Errorf("what is not durable is accused: %v", damage)
	}
}

// replace puts another file in the place of one that may be open.
func replace(path string, text []byte) error {
	if err := os.WriteFile(path+".other", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".other", path)
}

// startOf answers where the record begins that holds a byte; 0 for the segment's header.
func startOf(t *testing.T, l *log, p place, at uint64) uint64 {
	t.Helper()
	c := cursor{log: l, ahead: manyRecords}
	for offset := uint64(segmentHeaderSize); offset <= at; offset += c.length {
		if _, err := c.at(place{segment: p.segment, offset: uint32(offset), size: p.size}); err != nil {
			t.Fatal(err)
		}
		if at < offset+c.length {
			return offset
		}
	}
	return 0
}

// A clean log is never accused, however often it is read while appends, new segments and copies go on.
func TestScrubNeverAccuses(t *testing.T) {
	for range scale.Of(t, 1, 5, 100) {
		readWhileAppending(t, 150)
	}
}

// readWhileAppending makes a log that is read so many times while it grows.
func readWhileAppending(t *testing.T, passes int64) {
	t.Helper()
	dir, said := t.TempDir(), &lines{}
	n, client := serveScrubbed(t, dir, time.Nanosecond, said)
	ctx, end := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for caller := range 3 {
		callers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				stream := fmt.Sprintf("stream-%d-%d", caller, i)
				_, err := client.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, someEvents(1+i%5)...)
				if err != nil && ctx.Err() == nil {
					t.Errorf("append %s: %v", stream, err)
					return
				}
			}
		})
	}
	for round := 0; n.scrubber.passes.Load() < passes || len(n.log.durable()) < 8; round++ {
		last := mustAppend(t, client, fmt.Sprint("copied-", round), esdb.NoStream{}, someEvents(2)...).CommitPosition
		if round%20 == 0 {
			if _, err := Copy(t.Context(), dir, filepath.Join(t.TempDir(), "copy"), last, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	end()
	callers.Wait()
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	if n.Damage() != nil || n.Scrubbed().IsZero() || said.String() != "" {
		t.Errorf("damage %v, last read through %v, said %q", n.Damage(), n.Scrubbed(), said)
	}
}

// A reading keeps to its rate, and ends at once when the node does.
func TestScrubRate(t *testing.T) {
	n, client := serveScrubbed(t, t.TempDir(), defaultScrubEvery, io.Discard)
	for i := range 300 {
		mustAppend(t, client, fmt.Sprint("stream-", i), esdb.NoStream{}, someEvents(10)...)
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		opts := Options{ScrubRate: 100_000, ScrubEvery: time.Hour}
		s, began := newScrubber(n.log, opts, make(chan struct{})), time.Now()
		if err := s.pass(); err != nil {
			t.Fatal(err)
		}
		_, end, _ := n.log.state()
		if took, rested := time.Since(began).Seconds(), float64(end-scrubStride)/100_000; took < rested || took > float64(end)/100_000 {
			t.Errorf("%d bytes at 100,000 a second took %v s", end, took)
		}
		quit := make(chan struct{})
		s = newScrubber(n.log, Options{ScrubRate: 1, ScrubEvery: time.Hour}, quit)
		began, ended := time.Now(), make(chan struct{})
		go func() {
			s.run()
			close(ended)
		}()
		synctest.Wait()
		close(quit)
		<-ended
		if waited := time.Since(began); waited != 0 || s.passes.Load() != 0 {
			t.Errorf("it ended %v later, after %d readings", waited, s.passes.Load())
		}
	})
}
