package node

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// startNode starts a node on a unix socket in a folder of its own, short enough for the system's limit.
func startNode(t testing.TB, dir string, opts Options) *Node {
	t.Helper()
	if opts.Socket == "" {
		opts.Socket = filepath.Join(socketFolder(t), "node")
	}
	n, err := Start(context.Background(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func socketFolder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// dial answers the official client, connected to the node's socket.
func dial(t testing.TB, n *Node) *esdb.Client {
	t.Helper()
	return dialAddress(t, n.Socket())
}

func dialAddress(t testing.TB, address string) *esdb.Client {
	t.Helper()
	config, err := esdb.ParseConnectionString("esdb://localhost?tls=false")
	if err != nil {
		t.Fatal(err)
	}
	config.Address = address
	config.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func someEvent(data string) esdb.EventData {
	return esdb.EventData{EventID: uuid.New(), EventType: "Noted", ContentType: esdb.ContentTypeJson, Data: []byte(data)}
}

func mustAppend(t testing.TB, client *esdb.Client, stream string, expected esdb.ExpectedRevision, events ...esdb.EventData) *esdb.WriteResult {
	t.Helper()
	result, err := client.AppendToStream(context.Background(), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, events...)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// readAll answers every event of the log, in order.
func readAll(t testing.TB, client *esdb.Client) []*esdb.RecordedEvent {
	t.Helper()
	read, err := client.ReadAll(context.Background(), esdb.ReadAllOptions{From: esdb.Start{}}, 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	var all []*esdb.RecordedEvent
	for {
		e, err := read.Recv()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Event)
	}
}

func TestAppendReadSubscribe(t *testing.T) {
	n := startNode(t, t.TempDir(), Options{})
	client := dial(t, n)
	first := mustAppend(t, client, "case-1", esdb.NoStream{}, someEvent(`{"n":1}`), someEvent(`{"n":2}`))
	second := mustAppend(t, client, "case-1", esdb.Revision(1), someEvent(`{"n":3}`))
	if first.NextExpectedVersion != 1 || second.NextExpectedVersion != 2 || second.CommitPosition <= first.CommitPosition {
		t.Fatalf("results %+v, %+v", first, second)
	}
	all := readAll(t, client)
	if len(all) != 3 || string(all[2].Data) != `{"n":3}` || all[2].Position.Commit != second.CommitPosition {
		t.Fatalf("read %d events, the last %+v", len(all), all[len(all)-1])
	}
	subscription, err := client.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	defer subscription.Close()
	mustAppend(t, client, "case-2", esdb.NoStream{}, someEvent(`{"n":4}`))
	for seen := 0; seen < 4; {
		switch e := subscription.Recv(); {
		case e.EventAppeared != nil:
			seen++
		case e.SubscriptionDropped != nil:
			t.Fatal(e.SubscriptionDropped.Error)
		}
	}
}

// A folder with somebody else's files is refused, and nothing in it is touched.
func TestForeignFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"thesis.tmp", "thesis.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := Start(t.Context(), dir, Options{Listen: "127.0.0.1:0"})
		if err == nil {
			n.Stop()
			t.Fatalf("a folder with %s in it was taken", name)
		}
		if !strings.Contains(err.Error(), "give an empty one") {
			t.Error(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder now has %v, %v", entries, err)
	}
}
