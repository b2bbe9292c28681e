package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// The two benchmarks write the same bytes the same number of times from the same number of callers: one through the
// official client and the node, one straight to a file with one sync for all that wait. Their ratio is the price of
// the protocol, and the only figure worth comparing between machines.

var concurrencies = []int{1, 8, 64}

const (
	benchData     = 480
	benchMetadata = 100
)

func BenchmarkAppend(b *testing.B) {
	for _, c := range concurrencies {
		b.Run(fmt.Sprintf("client/c=%d", c), func(b *testing.B) {
			n := startNode(b, b.TempDir(), Options{})
			client := dial(b, n)
			data, metadata := make([]byte, benchData), make([]byte, benchMetadata)
			closedLoop(b, c, func() error {
				_, err := client.AppendToStream(context.Background(), "bench-"+uuid.NewString(),
					esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}},
					esdb.EventData{EventID: uuid.New(), EventType: "Benchmarked", ContentType: esdb.ContentTypeJson,
						Data: data, Metadata: metadata})
				return err
			})
		})
		b.Run(fmt.Sprintf("raw/c=%d", c), func(b *testing.B) {
			f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			w := rawWriter{file: f, event: make([]byte, benchData+benchMetadata), queue: make(chan chan error, 1024)}
			go w.run()
			defer close(w.queue)
			closedLoop(b, c, func() error {
				answer := make(chan error, 1)
				w.queue <- answer
				return <-answer
			})
		})
	}
}

// closedLoop runs do b.N times from c callers, each waiting for its answer, and reports the rate.
func closedLoop(b *testing.B, c int, do func() error) {
	var callers sync.WaitGroup
	work := make(chan struct{}, c)
	b.ResetTimer()
	start := time.Now()
	for range c {
		callers.Go(func() {
			for range work {
				if err := do(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	callers.Wait()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "appends/s")
}

// rawWriter is group commit with nothing around it.
type rawWriter struct {
	file  *os.File
	event []byte
	queue chan chan error
}

func (w *rawWriter) run() {
	var buf []byte
	var group []chan error
	offset := int64(0)
	for first := range w.queue {
		group = append(group[:0], first)
		runtime.Gosched()
		for len(w.queue) > 0 {
			group = append(group, <-w.queue)
		}
		buf = buf[:0]
		for range group {
			buf = append(buf, w.event...)
		}
		_, err := w.file.WriteAt(buf, offset)
		if err == nil {
			err = syncData(w.file)
		}
		offset += int64(len(buf))
		for _, answer := range group {
			answer <- err
		}
	}
}

// BenchmarkRead reads through the official client: the whole log, and one stream of 12 events.
func BenchmarkRead(b *testing.B) {
	n := startNode(b, b.TempDir(), Options{})
	client := dial(b, n)
	const streams, perStream = 2000, 12
	for i := range streams {
		batch := make([]esdb.EventData, perStream)
		for j := range batch {
			batch[j] = esdb.EventData{EventID: uuid.New(), EventType: "Benchmarked", ContentType: esdb.ContentTypeJson,
				Data: make([]byte, benchData), Metadata: make([]byte, benchMetadata)}
		}
		mustAppend(b, client, fmt.Sprint("bench-", i), esdb.NoStream{}, batch...)
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			if got := len(readAll(b, client)); got != streams*perStream {
				b.Fatalf("%d events", got)
			}
		}
		b.ReportMetric(float64(b.N)*streams*perStream/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("stream", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			read, err := client.ReadStream(context.Background(), fmt.Sprint("bench-", i%streams), esdb.ReadStreamOptions{}, 100)
			if err != nil {
				b.Fatal(err)
			}
			for range perStream {
				if _, err := read.Recv(); err != nil {
					b.Fatal(err)
				}
			}
			read.Close()
		}
	})
}
