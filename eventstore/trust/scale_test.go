package trust

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

var scale = flag.String("trust", "smoke", "how much to break: smoke, ci or night")

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

// size is how often a harness does its harm, by scale.
type size struct{ smoke, ci, night int }

func (s size) of(t *testing.T) int {
	t.Helper()
	switch *scale {
	case "smoke":
		return s.smoke
	case "ci":
		return s.ci
	case "night":
		return s.night
	}
	t.Fatalf("-trust is smoke, ci or night, not %q", *scale)
	return 0
}

// smoke reports whether this is the small run of `go test`.
func smoke() bool { return *scale == "smoke" }

// say prints one line of a harness's own, which a run with -v shows as it happens.
func say(name, format string, args ...any) {
	fmt.Printf("trust/%s: %s\n", name, fmt.Sprintf(format, args...))
}

var began = uint64(time.Now().UnixNano())

// seeded returns the harness's own source of chance, and says how to have it again.
func seeded(t *testing.T, name string) *rand.Rand {
	t.Helper()
	seed := began
	if given := os.Getenv("SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("SEED: %v", err)
		}
	}
	say(name, "SEED=%d", seed)
	t.Logf("SEED=%d", seed)
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// cannot ends a harness that this machine does not allow. It fails.
func cannot(t *testing.T, name, reason string) {
	t.Helper()
	fmt.Printf("SKIP trust/%s: %s\n", name, reason)
	t.Fatalf("SKIP trust/%s: %s", name, reason)
}

// needs ends the harness where a program is missing.
func needs(t *testing.T, name string, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			cannot(t, name, p+" is not installed")
		}
	}
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
