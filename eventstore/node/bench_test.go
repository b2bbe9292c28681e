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

// BenchmarkAppend takes the same bytes from the same number of callers on four ways: "client" through the official client
// and the node, "stub" through the client to a server that stores nothing, "raw" straight to a file with one sync for all
// that wait, "insert" into a table of events in PostgreSQL, one transaction each, which is what many would use instead of
// an event store. Only their ratios are worth comparing between machines: client to stub is what the node adds to the
// protocol, client to raw what the protocol adds to the disk, client to insert what the node is worth.
func BenchmarkAppend(b *testing.B) {
	pool := tableOfEvents(b, "")
	for _, c := range concurrencies {
		b.Run(fmt.Sprintf("c=%d", c), func(b *testing.B) {
			n := startNode(b, b.TempDir(), Options{})
			inTurns(
				b, c,
				leg{"client", appending(dial(b, n))},
				leg{"stub", appending(dialStub(b))},
				leg{"raw", syncing(b)},
				leg{"insert", inserting(pool)},
			)
		})
	}
}

var concurrencies = []int{1, 8, 64}

const (
	benchData     = 480
	benchMetadata = 100
)

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

// dialStub answers a client of a server that stores nothing.
func dialStub(b *testing.B) *esdb.Client {
	socket := filepath.Join(socketFolder(b), "stub")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	server := grpc.NewServer()
	streams.RegisterStreamsServer(server, stub{})
	go server.Serve(listener)
	b.Cleanup(server.Stop)
	return dialAddress(b, "unix://"+socket)
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

// leg is one of several ways to do the same.
type leg struct {
	name string
	do   func() error
}

const (
	// turn is how long a leg runs before it is the next one's turn. A machine that is shared is up to twice as fast at one
	// time as at another, and what was measured seconds apart does not compare.
	turn = 250 * time.Millisecond
	// turns is how often each leg has its turn in one iteration.
	turns = 5
)

// inTurns runs the legs one after the other, again and again, each from c callers who wait for their answers, and reports
// of each the rate, how long an answer takes, and what it costs of the processors.
func inTurns(b *testing.B, c int, legs ...leg) {
	took, spent, computed := make([][]time.Duration, len(legs)), make([]time.Duration, len(legs)), make([]time.Duration, len(legs))
	for _, l := range legs {
		closedLoop(b, c, l.do) // the first ones pay for connections and pages
	}
	for b.Loop() {
		for range turns {
			for i, l := range legs {
				begun, cpu := time.Now(), processorTime(b)
				took[i] = append(took[i], closedLoop(b, c, l.do)...)
				spent[i] += time.Since(begun)
				computed[i] += processorTime(b) - cpu
			}
		}
	}
	for i, l := range legs {
		slices.Sort(took[i])
		n := len(took[i])
		b.ReportMetric(float64(n)/spent[i].Seconds(), l.name+"-appends/s")
		b.ReportMetric(float64(computed[i].Nanoseconds())/1e3/float64(n), l.name+"-cpu-µs")
		b.ReportMetric(float64(took[i][n/2].Nanoseconds())/1e3, l.name+"-p50-µs")
		b.ReportMetric(float64(took[i][n*99/100].Nanoseconds())/1e3, l.name+"-p99-µs")
	}
}

// closedLoop runs do for a turn from c callers, each waiting for its answer, and answers how long each answer took.
func closedLoop(b *testing.B, c int, do func() error) []time.Duration {
	var callers sync.WaitGroup
	took := make([][]time.Duration, c)
	end := time.Now().Add(turn)
	for i := range c {
		callers.Go(func() {
			for begun := time.Now(); begun.Before(end); {
				if err := do(); err != nil {
					b.Error(err)
					return
				}
				now := time.Now()
				took[i] = append(took[i], now.Sub(begun))
				begun = now
			}
		})
	}
	callers.Wait()
	return slices.Concat(took...)
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

// syncing answers a function that writes the bytes of one event to a file, and waits for the disk.
func syncing(b *testing.B) func() error {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	w := rawWriter{file: f, event: make([]byte, benchData+benchMetadata), queue: make(chan chan error, 1024)}
	go w.run()
	b.Cleanup(func() {
		close(w.queue)
		f.Close()
	})
	return func() error {
		answer := make(chan error, 1)
		w.queue <- answer
		return <-answer
	}
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
