package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// serveSmall serves dir with small segments.
func serveSmall(t *testing.T, dir string) (*Node, *esdb.Client) {
	t.Helper()
	n, err := start(t.Context(), disk{}, dir, Options{Socket: filepath.Join(socketFolder(t), "node")}, 16<<10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	})
	return n, dial(t, n)
}

func someEvents(n int) []esdb.EventData {
	events := make([]esdb.EventData, n)
	for i := range events {
		events[i] = esdb.EventData{EventID: uuid.New(), EventType: "Copied", ContentType: esdb.ContentTypeJson, Data: make([]byte, 300)}
	}
	return events
}

// A copy that is made while others append holds exactly what was there at its position, and a node serves it.
func TestCopyWhileAppending(t *testing.T) {
	dir := t.TempDir()
	_, client := serveSmall(t, dir)
	over, ended := make(chan struct{}), make(chan error, 1)
	t.Cleanup(func() {
		close(over)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	go func() {
		for i := 0; ; i++ {
			select {
			case <-over:
				ended <- nil
				return
			default:
			}
			_, err := client.AppendToStream(t.Context(), fmt.Sprint("other-", i), esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, someEvents(1+i%3)...)
			if err != nil && t.Context().Err() == nil {
				ended <- err
				return
			}
		}
	}()
	for round := range 12 {
		last := mustAppend(t, client, fmt.Sprint("mine-", round), esdb.NoStream{}, someEvents(1+round)...).CommitPosition
		to := filepath.Join(t.TempDir(), "copy")
		copied, err := Copy(t.Context(), dir, to, last, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := readAll(t, client)
		for i, e := range want {
			if e.Position.Commit == last {
				want = want[:i+1]
				break
			}
		}
		_, restored := serveSmall(t, to)
		if got := readAll(t, restored); !reflect.DeepEqual(got, want) {
			t.Fatalf("the copy holds %d events, the log up to %d held %d", len(got), last, len(want))
		}
		if newest := want[len(want)-1]; copied != (Copied{Position: last, ID: newest.EventID, Events: uint64(len(want))}) {
			t.Fatalf("copied %+v, want %d events up to %s", copied, len(want), newest.EventID)
		}
		mustAppend(t, restored, "after", esdb.NoStream{}, someEvents(1)...)
	}
}

func TestCopyRefuses(t *testing.T) {
	dir := t.TempDir()
	n, client := serveSmall(t, dir)
	for i := range 100 {
		mustAppend(t, client, fmt.Sprint("stream-", i), esdb.NoStream{}, someEvents(2)...)
	}
	last := mustAppend(t, client, "last", esdb.NoStream{}, someEvents(2)...).CommitPosition
	for name, position := range map[string]uint64{"inside an append": last - 1, "inside an event": last + 1, "after the end": 1 << 40, "before the first": 1} {
		if _, err := Copy(t.Context(), dir, filepath.Join(t.TempDir(), "copy"), position, nil); err == nil {
			t.Errorf("%s was taken for the end of an append", name)
		}
	}
	if _, err := Copy(t.Context(), t.TempDir(), filepath.Join(t.TempDir(), "copy"), last, nil); err == nil {
		t.Error("an empty folder was copied")
	}
	if _, err := Copy(t.Context(), dir, t.TempDir(), last, nil); err == nil {
		t.Error("a folder that is there was copied into")
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if _, err := Copy(t.Context(), dir, to, last, nil); err != nil {
		t.Fatalf("a log that nobody serves: %v", err)
	}

	// A copy that has lost its end is no log, though every record in it is whole.
	names, err := disk{}.List(to)
	if err != nil {
		t.Fatal(err)
	}
	newest := ""
	for _, name := range names {
		if _, ok := segmentBase(name, segmentSuffix); ok {
			newest = filepath.Join(to, name)
		}
	}
	if err := os.Truncate(newest, segmentHeaderSize); err != nil {
		t.Fatal(err)
	}
	_, err = Start(t.Context(), to, Options{Listen: "127.0.0.1:0"})
	if _, corrupt := errors.AsType[*CorruptError](err); !corrupt {
		t.Errorf("a shortened copy starts: %v", err)
	}

	// Damage in the source is found while it is copied.
	damaged := filepath.Join(dir, segmentName(0, segmentSuffix))
	contents, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	contents[500] ^= 4
	if err := os.WriteFile(damaged, contents, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Copy(t.Context(), dir, filepath.Join(t.TempDir(), "copy"), last, nil)
	if _, corrupt := errors.AsType[*CorruptError](err); !corrupt {
		t.Errorf("a damaged log was copied: %v", err)
	}
}
