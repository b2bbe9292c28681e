// Package scale says how much the trust harnesses break, and has them speak with one voice. The harnesses stand in package
// trust, which breaks the system from outside, and in package node, where the file layer can be made to fail.
//
// The flag -trust chooses: smoke, which is what `go test` does without it, ci (`make trust`) or night
// (`make trust-night`).
package scale

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

var chosen = flag.String("trust", "smoke", "how much to break: smoke, ci or night")

// Of returns how often a harness does its harm, by scale. It ends the test for a scale that there is not.
func Of(t *testing.T, smoke, ci, night int) int {
	t.Helper()
	switch *chosen {
	case "smoke":
		return smoke
	case "ci":
		return ci
	case "night":
		return night
	}
	t.Fatalf("-trust is smoke, ci or night, not %q", *chosen)
	return 0
}

// Smoke reports whether this is the small run of `go test`.
func Smoke() bool { return *chosen == "smoke" }

// Night reports whether this is the big run.
func Night() bool { return *chosen == "night" }

// Say prints one line of a harness's own, which a run with -v shows as it happens.
func Say(name, format string, args ...any) {
	fmt.Printf("trust/%s: %s\n", name, fmt.Sprintf(format, args...))
}

// Caught prints what a harness said of a planted fault, which it must catch.
func Caught(name, fault string, err error) {
	Say(name, "control %q was caught: %.200s", fault, err)
}

var began = uint64(time.Now().UnixNano())

// Seed returns the number from which all chance of this run comes, and says it. SEED in the environment gives it.
func Seed(t *testing.T, name string) uint64 {
	t.Helper()
	seed := began
	if given := os.Getenv("SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("SEED: %v", err)
		}
	}
	Say(name, "SEED=%d", seed)
	t.Logf("SEED=%d", seed)
	return seed
}

// Seeded returns the harness's own source of chance, and says how to have it again.
func Seeded(t *testing.T, name string) *rand.Rand {
	t.Helper()
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(Seed(t, name), h.Sum64()))
}

// Cannot ends a harness that this machine does not allow. It fails: a proof that was not made is none.
func Cannot(t *testing.T, name, reason string) {
	t.Helper()
	fmt.Printf("SKIP trust/%s: %s\n", name, reason)
	t.Fatalf("SKIP trust/%s: %s", name, reason)
}

// Needs ends the harness where a program is missing.
func Needs(t *testing.T, name string, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			Cannot(t, name, p+" is not installed (.ci/setup installs it)")
		}
	}
}
