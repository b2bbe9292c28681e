package storetest_test

import (
	"os"
	"path/filepath"
	"testing"

	"redress/eventstore/node"
	"redress/eventstore/storetest"
)

// TestStore runs the suite against the server that REDRESS_TEST_EVENTSTORE names, or against a node of our own, over
// TCP and over its unix socket.
func TestStore(t *testing.T) {
	if url := os.Getenv("REDRESS_TEST_EVENTSTORE"); url != "" {
		storetest.Run(t, storetest.Target{URL: url, Deletes: os.Getenv("REDRESS_TEST_EVENTSTORE_DELETES") != ""})
		return
	}
	folder, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	n, err := node.Start(t.Context(), t.TempDir(), node.Options{
		Socket: filepath.Join(folder, "node"), Listen: "127.0.0.1:0", TestMode: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	})
	for name, url := range map[string]string{"tcp": n.TCPURL(), "socket": n.Socket()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, storetest.Target{URL: url, Deletes: true})
		})
	}
}
