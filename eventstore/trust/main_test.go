package trust

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// scratch holds the binaries of this run.
var scratch string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	if scratch, err = os.MkdirTemp("", "redress-trust-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

var (
	building sync.Mutex
	built    = map[string]string{} // build tag to binary
)

// redress builds the binary, with a build tag that plants a fault or without, once in a run.
func redress(t *testing.T, tag string) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	if path, ok := built[tag]; ok {
		return path
	}
	path := filepath.Join(scratch, "redress"+tag)
	out, err := exec.Command("go", "build", "-trimpath", "-tags", tag, "-o", path, "redress/cmd/redress").CombinedOutput()
	if err != nil {
		t.Fatalf("building redress: %v\n%s", err, out)
	}
	built[tag] = path
	return path
}

// folder makes a folder that goes with the test, short enough for sockets and open to the private PostgreSQL's user.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}
