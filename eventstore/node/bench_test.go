package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"redress/projections/postgres"
)

// Four benchmarks take the same bytes from the same number of callers: "client" through the official client and the
// node, "stub" through the client to a server that stores nothing, "raw" straight to a file with one sync for all that
// wait, "insert" into a table of events in PostgreSQL, one transaction each. Only their ratios are worth comparing between
// machines: client to stub is what the node adds to the protocol, client to raw what the protocol adds to the disk, client
// to insert what the node is worth.

var concurrencies = []int{1, 8, 64}

const (
	benchData     = 480
	benchMetadata = 100
)

func BenchmarkAppend(b *testing.B) {
	for _, c := range concurrencies {
		b.Run(fmt.Sprintf("client/c=%d", c), func(b *testing.B) {
			n := startNode(b, b.TempDir(), Options{})
			closedLoop(b, c, appending(dial(b, n)))
			_, end, _ := n.log.state()
			b.ReportMetric(float64(end)/float64(b.N), "B/append")
		})
		b.Run(fmt.Sprintf("stub/c=%d", c), func(b *testing.B) {
			socket := filepath.Join(socketFolder(b), "stub")
			listener, err := net.Listen("unix", socket)
			if err != nil {
				b.Fatal(err)
			}
			server := grpc.NewServer()
			streams.RegisterStreamsServer(server, stub{})
			go server.Serve(listener)
			defer server.Stop()
			closedLoop(b, c, appending(dialAddress(b, "unix://"+socket)))
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

// BenchmarkInsert is what many would use instead of an event store: one row an event, its version unique in its stream,
// in a PostgreSQL that waits for the disk as it does by default.
func BenchmarkInsert(b *testing.B) {
	pool := tableOfEvents(b, "")
	for _, c := range concurrencies {
		b.Run(fmt.Sprintf("c=%d", c), func(b *testing.B) { closedLoop(b, c, inserting(pool)) })
	}
}

// tableOfEvents starts a PostgreSQL of its own, with the programs in folder bin or in the usual place, and makes the table.
func tableOfEvents(b *testing.B, bin string) *pgxpool.Pool {
	folder := socketFolder(b)
	server, err := postgres.Start(b.Context(), filepath.Join(folder, "postgres"), postgres.Options{BinDir: bin, DataDir: folder, Warn: func(string) {}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { server.Stop() })
	config, err := pgxpool.ParseConfig(server.URL())
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns = int32(concurrencies[len(concurrencies)-1])
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	if _, err := pool.Exec(b.Context(), `create table events (position bigint generated always as identity primary key,
		stream text not null, version bigint not null, id uuid not null, type text not null, data bytea not null, metadata bytea not null,
		unique (stream, version))`); err != nil {
		b.Fatal(err)
	}
	return pool
}

// inserting answers a function that inserts one event of a new stream.
func inserting(pool *pgxpool.Pool) func() error {
	data, metadata := make([]byte, benchData), make([]byte, benchMetadata)
	return func() error {
		_, err := pool.Exec(context.Background(), "insert into events (stream, version, id, type, data, metadata) values ($1, 0, $2, 'Benchmarked', $3, $4)",
			"bench-"+uuid.NewString(), uuid.New(), data, metadata)
		return err
	}
}

// appending answers a function that appends one event to a new stream.
func appending(client *esdb.Client) func() error {
	data, metadata := make([]byte, benchData), make([]byte, benchMetadata)
	return func() error {
		_, err := client.AppendToStream(context.Background(), "bench-"+uuid.NewString(),
			esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}},
			esdb.EventData{
				EventID: uuid.New(), EventType: "Benchmarked", ContentType: esdb.ContentTypeJson,
				Data: data, Metadata: metadata,
			})
		return err
	}
}

// stub takes appends and stores nothing.
type stub struct {
	streams.UnimplementedStreamsServer
}

func (stub) Append(call streams.Streams_AppendServer) error {
	for {
		_, err := call.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{},
		PositionOption:        &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{CommitPosition: 1}},
	}}})
}

// closedLoop runs do b.N times from c callers, each waiting for its answer, and reports the rate and how long an answer
// takes.
func closedLoop(b *testing.B, c int, do func() error) {
	var callers sync.WaitGroup
	var next atomic.Int64
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	start, cpu := time.Now(), processorTime(b)
	for range c {
		callers.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				begun := time.Now()
				if err := do(); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(begun)
			}
		})
	}
	callers.Wait()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "appends/s")
	b.ReportMetric(float64((processorTime(b)-cpu).Nanoseconds())/1e3/float64(b.N), "cpu-µs")
	slices.Sort(took)
	b.ReportMetric(float64(took[b.N/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(took[b.N*99/100].Nanoseconds())/1e3, "p99-µs")
}

// processorTime answers how long this process has computed, client and node alike. Where other processes keep the machine
// busy, what an append costs of it still compares when rates do not.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
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
