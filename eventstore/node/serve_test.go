package node

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func refusedAs(t *testing.T, err error, want esdb.ErrorCode) {
	t.Helper()
	if e, ok := errors.AsType[*esdb.Error](err); !ok || e.Code() != want {
		t.Errorf("refused with %v, want code %d", err, want)
	}
}

// TestNothingIsDeleted is case 75: outside test mode no call hides an event.
func TestNothingIsDeleted(t *testing.T) {
	ctx := t.Context()
	client := dial(t, startNode(t, t.TempDir(), Options{}))
	mustAppend(t, client, "case-1", esdb.NoStream{}, someEvent(`{}`))
	_, err := client.DeleteStream(ctx, "case-1", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
	refusedAs(t, err, esdb.ErrorCodeAccessDenied)
	_, err = client.TombstoneStream(ctx, "case-1", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
	refusedAs(t, err, esdb.ErrorCodeAccessDenied)
	var m esdb.StreamMetadata
	m.SetMaxCount(0)
	_, err = client.SetStreamMetadata(ctx, "case-1", esdb.AppendToStreamOptions{}, m)
	refusedAs(t, err, esdb.ErrorCodeAccessDenied)
	for _, stream := range []string{"$settings", "$$case-1", "$"} {
		_, err = client.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{}, someEvent(`{}`))
		refusedAs(t, err, esdb.ErrorCodeAccessDenied)
	}
	if all := readAll(t, client); len(all) != 1 {
		t.Errorf("%d events, want 1", len(all))
	}
}

// TestLeftOut is case 79.
func TestLeftOut(t *testing.T) {
	n := startNode(t, t.TempDir(), Options{})
	client := dial(t, n)
	err := client.CreatePersistentSubscription(t.Context(), "case-1", "group", esdb.PersistentStreamSubscriptionOptions{})
	refusedAs(t, err, esdb.ErrorCodeUnsupportedFeature)
	connection, err := grpc.NewClient(n.Socket(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	call, err := streams.NewStreamsClient(connection).BatchAppend(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := call.Recv(); status.Code(err) != codes.Unimplemented {
		t.Errorf("BatchAppend answers %v", err)
	}
	for _, method := range []string{
		"persistent_subscriptions.PersistentSubscriptions/Create", "persistent_subscriptions.PersistentSubscriptions/GetInfo",
		"projections.Projections/Create", "users.Users/Details", "operations.Operations/StartScavenge",
		"monitoring.Monitoring/Stats", "redaction.Redaction/SwitchChunks",
	} {
		err := connection.Invoke(t.Context(), "/event_store.client."+method, &shared.Empty{}, &shared.Empty{})
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("%s answers %v", method, err)
		}
	}
	// A read that does not say the form of ids: a real server hangs. A pattern that only .NET knows: there it is taken.
	mustAppend(t, client, "case-1", esdb.NoStream{}, someEvent(`{}`))
	formless := &streams.ReadReq_Options{FilterOption: &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}}}
	ahead := &streams.ReadReq_Options{
		FilterOption: &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
			Filter: &streams.ReadReq_Options_FilterOptions_StreamIdentifier{
				StreamIdentifier: &streams.ReadReq_Options_FilterOptions_Expression{Regex: "case(?!-2)"},
			},
			Window: &streams.ReadReq_Options_FilterOptions_Count{Count: &shared.Empty{}},
		}},
		UuidOption: &streams.ReadReq_Options_UUIDOption{},
	}
	for what, o := range map[string]*streams.ReadReq_Options{"no form of ids": formless, "looking ahead": ahead} {
		o.CountOption = &streams.ReadReq_Options_Count{Count: 1}
		o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
			AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
		}}
		read, err := streams.NewStreamsClient(connection).Read(t.Context(), &streams.ReadReq{Options: o})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read.Recv(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestSlowReader is case 73: 16 MB wait for a reader that does not read, and the node holds none of it.
func TestSlowReader(t *testing.T) {
	n := startNode(t, t.TempDir(), Options{})
	client, writer := dial(t, n), dial(t, n)
	subscription, err := client.SubscribeToAll(t.Context(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	defer subscription.Close()
	data := strings.Repeat("x", 20_000)
	const count = 800
	for i := range count / 20 {
		batch := make([]esdb.EventData, 20)
		for j := range batch {
			batch[j] = someEvent(data)
		}
		mustAppend(t, writer, "case-"+string(rune('a'+i)), esdb.NoStream{}, batch...)
	}
	var held runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&held)
	if held.HeapAlloc > 12<<20 {
		t.Errorf("%d bytes are held while the reader waits", held.HeapAlloc)
	}
	last := uint64(0)
	for seen := 0; seen < count; {
		switch m := subscription.Recv(); {
		case m.SubscriptionDropped != nil:
			t.Fatalf("dropped after %d events: %v", seen, m.SubscriptionDropped.Error)
		case m.EventAppeared != nil:
			if p := m.EventAppeared.Event.Position.Commit; p <= last {
				t.Fatalf("position %d follows %d", p, last)
			} else {
				last = p
			}
			seen++
		}
	}
}

// TestDropSubscriptions is case 74: a reader that resumes after each drop has every event once.
func TestDropSubscriptions(t *testing.T) {
	n := startNode(t, t.TempDir(), Options{})
	client, writer := dial(t, n), dial(t, n)
	const count = 300
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range count {
			if _, err := writer.AppendToStream(context.Background(), "case-1", esdb.AppendToStreamOptions{}, someEvent(`{}`)); err != nil {
				t.Error(err)
			}
			if i%20 == 0 {
				n.DropSubscriptions()
			}
		}
	}()
	drops, next := 0, uint64(0)
	var from esdb.StreamPosition = esdb.Start{}
	for next < count {
		subscription, err := client.SubscribeToStream(t.Context(), "case-1", esdb.SubscribeToStreamOptions{From: from})
		if err != nil {
			t.Fatal(err)
		}
		for next < count {
			m := subscription.Recv()
			if m.SubscriptionDropped != nil {
				if status.Code(m.SubscriptionDropped.Error) != codes.Aborted {
					t.Fatal(m.SubscriptionDropped.Error)
				}
				drops++
				break
			}
			if m.EventAppeared == nil {
				continue
			}
			if got := m.EventAppeared.Event.EventNumber; got != next {
				t.Fatalf("revision %d, want %d", got, next)
			}
			from = esdb.Revision(next)
			next++
		}
		subscription.Close()
	}
	<-done
	if drops == 0 {
		t.Error("nothing was dropped")
	}
}

// brittle is the real disk until a sync is made to fail.
type brittle struct {
	disk
	fail *atomic.Bool
}

type brittleFile struct {
	file
	fail *atomic.Bool
}

func (b brittle) Open(name string) (file, error) {
	f, err := b.disk.Open(name)
	return brittleFile{f, b.fail}, err
}

func (f brittleFile) Sync() error {
	if f.fail.Load() {
		return syscall.EIO
	}
	return f.file.Sync()
}

// TestFaultStopsTheNode: after a failed sync nothing is answered any more, reads neither, and the owner is told.
func TestFaultStopsTheNode(t *testing.T) {
	var fail atomic.Bool
	n, err := start(t.Context(), brittle{fail: &fail}, t.TempDir(), Options{Socket: filepath.Join(socketFolder(t), "node")}, segmentLimit)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Stop()
	client := dial(t, n)
	mustAppend(t, client, "case-1", esdb.NoStream{}, someEvent(`{}`))
	subscription, err := client.SubscribeToAll(t.Context(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	fail.Store(true)
	_, err = client.AppendToStream(t.Context(), "case-1", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(0)}, someEvent(`{}`))
	refusedAs(t, err, esdb.ErrorUnavailable)
	if err := <-n.Failed(); !errors.Is(err, syscall.EIO) {
		t.Errorf("the fault is reported as %v", err)
	}
	if err := dropped(subscription); status.Code(err) != codes.Unavailable {
		t.Errorf("the subscription ends with %v", err)
	}
	fail.Store(false)
	connection, err := grpc.NewClient(n.Socket(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	call, err := streams.NewStreamsClient(connection).Append(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err = call.CloseAndRecv(); status.Code(err) != codes.Unavailable {
		t.Errorf("afterwards an append answers %v", err)
	}
}

// TestDamageIsNotServed: a record that was changed on the disk under a running node is refused, with its place.
func TestDamageIsNotServed(t *testing.T) {
	dir := t.TempDir()
	client := dial(t, startNode(t, dir, Options{}))
	mustAppend(t, client, "case-1", esdb.NoStream{}, someEvent(`{"amount":100}`))
	name := filepath.Join(dir, segmentName(0, segmentSuffix))
	contents, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(contents, []byte("100"), []byte("900"), 1)
	if bytes.Equal(contents, changed) {
		t.Fatal("nothing to change")
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(changed, 0); err != nil {
		t.Fatal(err)
	}
	read, err := client.ReadStream(t.Context(), "case-1", esdb.ReadStreamOptions{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if e, err := read.Recv(); err == nil || !strings.Contains(err.Error(), "byte 32") {
		t.Errorf("read %v, %v", e, err)
	}
}

// TestStartRefuses lists folders, sockets and addresses that a node does not serve.
func TestStartRefuses(t *testing.T) {
	dir := t.TempDir()
	startNode(t, dir, Options{})
	open := socketFolder(t)
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir  string
		opts Options
	}{
		"a folder in use":     {dir, Options{Listen: "127.0.0.1:0"}},
		"nowhere to listen":   {t.TempDir(), Options{}},
		"a long socket path":  {t.TempDir(), Options{Socket: "/tmp/" + strings.Repeat("x", 108)}},
		"an open folder":      {t.TempDir(), Options{Socket: filepath.Join(open, "node")}},
		"a public address":    {t.TempDir(), Options{Listen: "0.0.0.0:0"}},
		"a too large maximum": {t.TempDir(), Options{Listen: "127.0.0.1:0", MaxAppendSize: 17 << 20}},
	} {
		if n, err := Start(t.Context(), c.dir, c.opts); err == nil {
			n.Stop()
			t.Errorf("%s: served", name)
		}
	}
}

// TestStopRemovesTheSocket and lets the folder go.
func TestStopRemovesTheSocket(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, Options{})
	if n.URL() != n.Socket() || n.TCPURL() != "" {
		t.Errorf("URL %q, socket %q, TCP %q", n.URL(), n.Socket(), n.TCPURL())
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(n.opts.Socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if _, ok := <-n.Failed(); ok {
		t.Error("a fault is reported after a stop in order")
	}
	startNode(t, dir, Options{})
}

// TestNothingLeftBehind is the node's half of case 48: of calls that were given up and of clients that went away, nothing
// stays in the node.
func TestNothingLeftBehind(t *testing.T) {
	n := startNode(t, t.TempDir(), Options{})
	ofTheNode := goleak.IgnoreCurrent()
	filled := dial(t, n)
	for range 10 {
		batch := make([]esdb.EventData, 100)
		for i := range batch {
			batch[i] = someEvent(`{}`)
		}
		mustAppend(t, filled, "case-1", esdb.Any{}, batch...)
	}
	if err := filled.Close(); err != nil {
		t.Fatal(err)
	}
	client := dial(t, n)
	for range 20 {
		read, err := client.ReadStream(t.Context(), "case-1", esdb.ReadStreamOptions{}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read.Recv(); err != nil {
			t.Error(err)
		}
		read.Close()
		subscription, err := client.SubscribeToAll(t.Context(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := subscription.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, ofTheNode)
}

// TestAbsentHasNoHistory says when a subscription has caught up with a stream that is not there: with its first event,
// as on the server whose version the node reports, and at once if no history was asked for.
func TestAbsentHasNoHistory(t *testing.T) {
	client := dial(t, startNode(t, t.TempDir(), Options{TestMode: true}))
	mustAppend(t, client, "deleted", esdb.NoStream{}, someEvent(`{}`))
	if _, err := client.DeleteStream(t.Context(), "deleted", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		stream string
		from   esdb.StreamPosition
		event  bool // comes first
	}{{"absent", esdb.Start{}, true}, {"deleted", esdb.Start{}, true}, {"none", esdb.End{}, false}} {
		subscription, err := client.SubscribeToStream(t.Context(), c.stream, esdb.SubscribeToStreamOptions{From: c.from})
		if err != nil {
			t.Fatal(err)
		}
		mustAppend(t, client, c.stream, esdb.Any{}, someEvent(`{}`))
		first, second := subscription.Recv(), subscription.Recv()
		if !c.event {
			first, second = second, first
		}
		if first.EventAppeared == nil || second.CaughtUp == nil {
			t.Errorf("%s: %+v, %+v", c.stream, first, second)
		}
		subscription.Close()
	}
}

// TestOwnersForget fills the memory of ids beyond its bound.
func TestOwnersForget(t *testing.T) {
	var o owners
	id := func(i int) [16]byte { return [16]byte{byte(i), byte(i >> 8), byte(i >> 16)} }
	for i := range ownedIDs + 2 {
		o.note(&record{stream: "a", events: []event{{id: id(i)}}})
		o.note(&record{stream: "b", events: []event{{id: id(i)}}})
	}
	if len(o.streams) != ownedIDs || len(o.ids) != ownedIDs {
		t.Errorf("%d and %d ids are kept, want %d", len(o.streams), len(o.ids), ownedIDs)
	}
	if o.another("b", id(1)) || !o.another("b", id(2)) || o.another("a", id(2)) {
		t.Error("the oldest ids are not the ones that are forgotten")
	}
}
