package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// serveFolder names the environment variable that makes the test program a server, to be killed.
const serveFolder = "REDRESS_TEST_NODE_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveFolder); dir != "" {
		n, err := Start(context.Background(), dir, Options{Listen: "127.0.0.1:0"})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(n.TCPURL())
		select {}
	}
	os.Exit(m.Run())
}

// TestResendAfterRestart is case 30: what was appended is recognised for ever, with any too.
func TestResendAfterRestart(t *testing.T) {
	dir := t.TempDir()
	first, second := someEvent(`{"n":1}`), someEvent(`{"n":2}`)
	n := startNode(t, dir, Options{})
	client := dial(t, n)
	one := mustAppend(t, client, "case-1", esdb.NoStream{}, first)
	two := mustAppend(t, client, "case-1", esdb.Revision(0), second)
	client.Close()
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	client = dial(t, startNode(t, dir, Options{}))
	for _, again := range []struct {
		expected esdb.ExpectedRevision
		event    esdb.EventData
		want     *esdb.WriteResult
	}{{esdb.NoStream{}, first, one}, {esdb.Revision(0), second, two}, {esdb.Any{}, first, one}, {esdb.StreamExists{}, second, two}} {
		if got := mustAppend(t, client, "case-1", again.expected, again.event); *got != *again.want {
			t.Errorf("%T: got %+v, want %+v", again.expected, got, again.want)
		}
	}
	if all := readAll(t, client); len(all) != 2 {
		t.Errorf("%d events, want 2", len(all))
	}
}

// TestReadsAfterRestart is case 82: positions, ids, times and bytes are the same, with closed segments and without.
func TestReadsAfterRestart(t *testing.T) {
	dir := t.TempDir()
	serve := func(check func(*esdb.Client)) {
		t.Helper()
		opts := Options{Socket: filepath.Join(socketFolder(t), "node")}
		n, err := start(t.Context(), disk{}, dir, opts, 4096)
		if err != nil {
			t.Fatal(err)
		}
		client := dial(t, n)
		check(client)
		client.Close()
		if err := n.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	var before []*esdb.RecordedEvent
	serve(func(client *esdb.Client) {
		for i := range 200 {
			mustAppend(t, client, fmt.Sprintf("case-%d", i%9), esdb.Any{}, someEvent(fmt.Sprint(i)), someEvent(strings.Repeat("x", i)))
		}
		before = readAll(t, client)
	})
	indexes, err := filepath.Glob(filepath.Join(dir, "*"+indexSuffix))
	if err != nil || len(indexes) < 5 {
		t.Fatalf("%d closed segments: %v", len(indexes), err)
	}
	same := func(client *esdb.Client) {
		if diff := cmp.Diff(before, readAll(t, client)); diff != "" {
			t.Error(diff)
		}
	}
	serve(same)
	for _, name := range indexes {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	serve(same)
}

// TestStopWithOpenCalls is case 80: subscriptions end with Unavailable, and after a restart in the same place the
// client goes on.
func TestStopWithOpenCalls(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, Options{Listen: "127.0.0.1:0"})
	address := n.tcp.String()
	config, err := esdb.ParseConnectionString(n.TCPURL() + "&maxDiscoverAttempts=1000&discoveryInterval=10")
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	mustAppend(t, client, "case-1", esdb.NoStream{}, someEvent(`{}`))
	all, err := client.SubscribeToAll(t.Context(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	one, err := client.SubscribeToStream(t.Context(), "case-1", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, subscription := range []*esdb.Subscription{all, one} {
		if err := dropped(subscription); status.Code(err) != codes.Unavailable {
			t.Errorf("ended with %v", err)
		}
	}
	startNode(t, dir, Options{Listen: address})
	event := someEvent(`{}`)
	for {
		_, err := client.AppendToStream(t.Context(), "case-1", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(0)}, event)
		if err == nil {
			return
		}
		if e, ok := errors.AsType[*esdb.Error](err); !ok || e.Code() != esdb.ErrorUnavailable {
			t.Fatal(err)
		}
	}
}

// dropped answers with what a subscription ends, past all that it delivers.
func dropped(subscription *esdb.Subscription) error {
	for {
		if m := subscription.Recv(); m.SubscriptionDropped != nil {
			return m.SubscriptionDropped.Error
		}
	}
}

// TestKill is case 81: a server is killed under load, time and again. Every answered append is there, none by half.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	answered := map[string]uint64{} // stream to its last answered revision
	for round := range 8 {
		killed(t, dir, round, answered)
	}
	n := startNode(t, dir, Options{})
	stored := map[string]uint64{}
	for _, e := range readAll(t, dial(t, n)) {
		if e.EventNumber != stored[e.StreamID] {
			t.Fatalf("%s: revision %d, want %d", e.StreamID, e.EventNumber, stored[e.StreamID])
		}
		stored[e.StreamID]++
	}
	for stream, revision := range answered {
		if stored[stream] <= revision {
			t.Errorf("%s: revision %d was answered, %d events are there", stream, revision, stored[stream])
		}
		if stored[stream]%batchSize != 0 {
			t.Errorf("%s: %d events, which is no whole number of batches", stream, stored[stream])
		}
	}
	t.Logf("%d streams, %d events", len(stored), len(readAll(t, dial(t, n))))
}

const batchSize = 3

// killed starts a server in another process, appends from several callers, and kills it after a number of answers.
func killed(t *testing.T, dir string, round int, answered map[string]uint64) {
	t.Helper()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), serveFolder+"="+dir)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() {
		server.Process.Kill()
		server.Wait()
	})
	defer kill()
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(url, "esdb://") {
		t.Fatalf("the server says %q: %v", url, err)
	}
	client := dialAddress(t, strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(url), "esdb://"), "?tls=false"))
	if _, err := client.GetServerVersion(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var callers sync.WaitGroup
	left := 40 + 17*round
	for caller := range 6 {
		callers.Go(func() {
			stream := fmt.Sprintf("case-%d-%d", round, caller)
			deadline := 2 * time.Second
			opts := esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}, Deadline: &deadline}
			for {
				result, err := client.AppendToStream(context.Background(), stream, opts, someEvent(`{}`), someEvent(`{}`), someEvent(`{}`))
				if err != nil {
					return
				}
				opts.ExpectedRevision = esdb.Revision(result.NextExpectedVersion)
				mu.Lock()
				answered[stream] = result.NextExpectedVersion
				left--
				now := left <= 0
				mu.Unlock()
				if now {
					kill()
					return
				}
			}
		})
	}
	callers.Wait()
}
