package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A bit that flips on disk is found by verify, which says behind which position, and exits like any check that found
// something.
func TestVerifyFindsDamage(t *testing.T) {
	samples := t.TempDir()
	if err := unpackSamples(samples); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	m.try("import", filepath.Join(samples, "fines-made-up.csv"), "--mapping", "road-traffic-fines").succeeds()
	segments, err := filepath.Glob(filepath.Join(m.data, "log", "*.log"))
	if err != nil || len(segments) == 0 {
		t.Fatal("no segments: ", err)
	}
	text, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(segments[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := m.try("verify")
	r.refuses("BAD")
	if exit, ok := errors.AsType[*exec.ExitError](r.err); !ok || exit.ExitCode() != exitFindings {
		t.Errorf("verify: %v", r.err)
	}
}
