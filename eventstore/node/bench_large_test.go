package node

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

var largeEvents = flag.Int("events", 1_000_000, "how many events BenchmarkLarge has in its log")

// perStream is how many events a stream of the large log has. Its streams grow side by side, 100,000 at a time, so that
// the events of one are in many segments.
const perStream = 12

// BenchmarkLarge makes a log of -events events and measures what might depend on its size: opening it, the memory that is
// taken then, the bytes on disk, appends to streams that are there already, and reads.
func BenchmarkLarge(b *testing.B) {
	dir := b.TempDir()
	streams := fill(b, dir, *largeEvents/perStream)
	onDisk := folderSize(b, dir)
	b.Run("open", func(b *testing.B) {
		var l *log
		for b.Loop() {
			if l != nil {
				l.close(false)
			}
			l = openForBenchmark(b, dir)
		}
		debug.FreeOSMemory()
		b.ReportMetric(resident(b), "MB-resident")
		b.ReportMetric(float64(onDisk)/float64(l.count), "B/event")
		b.ReportMetric(float64(onDisk)/float64(l.count)/(benchData+benchMetadata), "of-content")
		l.close(false)
	})
	n := startNode(b, dir, Options{})
	client := dial(b, n)
	b.Run("stream", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			name := largeStream(i * 7919 % streams)
			if got := readCounted(b, client, name); got < perStream {
				b.Fatalf("%s has %d events", name, got)
			}
		}
	})
	b.Run("all", func(b *testing.B) { readAllLarge(b, client) })
	for _, c := range concurrencies {
		b.Run(fmt.Sprintf("append/c=%d", c), func(b *testing.B) {
			small := startNode(b, b.TempDir(), Options{})
			inTurns(b, c, leg{"large", appending(client)}, leg{"small", appending(dial(b, small))})
		})
	}
}

func largeStream(i int) string {
	return "complaint-" + uuid.NewSHA1(uuid.Nil, []byte(strconv.Itoa(i))).String()
}

func openForBenchmark(b *testing.B, dir string) *log {
	l, err := openLog(disk{}, dir, segmentLimit, false, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// fill writes so many streams to a new log in dir, past the client, and answers how many they are.
func fill(b *testing.B, dir string, streams int) int {
	const atOnce, each = 100_000, 1000
	l := openForBenchmark(b, dir)
	w := newWriter(l, 0)
	data, metadata := make([]byte, benchData), make([]byte, benchMetadata)
	for begin := 0; begin < streams; begin += atOnce {
		block := min(atOnce, streams-begin)
		heads := make([]head, block)
		for range perStream {
			for from := 0; from < block; from += each {
				var stage []staged
				for i := from; i < min(from+each, block); i++ {
					r := &record{stream: largeStream(begin + i), first: uint64(heads[i].next), before: heads[i]}
					r.events = []event{{id: uuid.New(), kind: "Benchmarked", json: true, metadata: metadata, data: data}}
					heads[i] = head{last: l.count + uint32(len(stage)), next: heads[i].next + 1}
					stage = append(stage, staged{records: []*record{r}})
				}
				if err := w.write(stage); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	if err := l.close(true); err != nil {
		b.Fatal(err)
	}
	return streams
}

// folderSize answers how many bytes the files in dir have.
func folderSize(b *testing.B, dir string) (size int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			b.Fatal(err)
		}
		size += info.Size()
	}
	return size
}

// resident answers how much memory this process has, benchmark and all, in MB; 0 where the system does not say.
func resident(b *testing.B) float64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	fields := bytes.Fields(statm)
	if err != nil || len(fields) < 2 {
		b.Fatalf("/proc/self/statm: %s: %v", statm, err)
	}
	pages, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(pages*os.Getpagesize()) / 1e6
}

// readCounted reads a stream and answers how many events it has.
func readCounted(b *testing.B, client *esdb.Client, stream string) (events int) {
	read, err := client.ReadStream(context.Background(), stream, esdb.ReadStreamOptions{}, 100)
	if err != nil {
		b.Fatal(err)
	}
	defer read.Close()
	for {
		_, err := read.Recv()
		if errors.Is(err, io.EOF) {
			return events
		}
		if err != nil {
			b.Fatal(err)
		}
		events++
	}
}

// readAllLarge reads the first 200,000 events of the log through the client, again and again.
func readAllLarge(b *testing.B, client *esdb.Client) {
	const most = 200_000
	events, size := 0, 0
	for b.Loop() {
		read, err := client.ReadAll(context.Background(), esdb.ReadAllOptions{From: esdb.Start{}}, most)
		if err != nil {
			b.Fatal(err)
		}
		for {
			e, err := read.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			events++
			size += len(e.Event.Data) + len(e.Event.UserMetadata)
		}
		read.Close()
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(size)/1e6/b.Elapsed().Seconds(), "MB/s")
}
