package trust

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redress/eventstore/trust/scale"
)

// fault is what the n-th call of a system call on the log's file answers.
type fault struct {
	call, answer string
	passing      bool // it is tried again, and nobody notices
}

var faults = []fault{
	{call: "fdatasync", answer: "EIO"},
	{call: "fdatasync", answer: "ENOSPC"},
	{call: "pwrite64", answer: "ENOSPC"},
	{call: "pwrite64", answer: "EIO"},
	{call: "fdatasync", answer: "EINTR", passing: true},
	{call: "pwrite64", answer: "EINTR", passing: true},
}

// TestDiskFaults is T05 on the real binary: a system call of the node's on its log fails (strace). From then on nothing is
// acknowledged and nothing more is written or synced; serve ends, and starts clean on a disk that works again.
// TestFailingDisk has the same with a disk that fails, and package node in process, at every call.
func TestDiskFaults(t *testing.T) {
	rounds := scale.Of(t, 0, len(faults), 500)
	if rounds == 0 {
		return // needs strace and seconds: make trust
	}
	random := scale.Seeded(t, "T05")
	l, err := failing(t, "", random, rounds)
	if err != nil {
		t.Fatal(err)
	}
	scale.Say("T05", "%d faults, %d commands acknowledged: 0 lost, 0 applied twice, no sync tried again", rounds, len(l.acknowledged()))
}

// TestDiskFaultsControl: a node that does not care whether a sync succeeds is caught.
func TestDiskFaultsControl(t *testing.T) {
	if scale.Smoke() {
		return
	}
	_, err := failing(t, "sabotage_nofsync", scale.Seeded(t, "T05-control"), 1)
	if !errors.Is(err, errGoesOn) {
		t.Fatalf("a node that goes on after a failed sync was not caught for what it is: %v", err)
	}
	scale.Caught("T05", "goes on after a failed sync", err)
}

// errGoesOn says that a process works on where it should have ended.
var errGoesOn = errors.New("it goes on")

func failing(t *testing.T, tag string, random *rand.Rand, rounds int) (*load, error) {
	scale.Needs(t, "T05", "strace")
	m := newMachine(t, filepath.Join(folder(t), "data"), tag)
	m.mustStart()
	defer m.kill()
	l, err := newLoad(m, random)
	if err != nil {
		return nil, err
	}
	for round := range rounds {
		f := faults[round%len(faults)]
		if err := m.stop(); err != nil {
			return l, err
		}
		if err := failOnce(t, m, l, f, 1+l.chance(12)); err != nil {
			return l, fmt.Errorf("fault %d, %s of a %s: %w", round+1, f.answer, f.call, err)
		}
		if err := m.start(); err != nil {
			return l, fmt.Errorf("after fault %d: %w", round+1, err)
		}
		if err := l.settle(t.Context(), 100); err != nil {
			return l, fmt.Errorf("after fault %d: %w", round+1, err)
		}
	}
	return l, errors.Join(whole(m, l), l.proved(rounds))
}

// ending is within what time the fault must have come, and serve ended.
const ending = 20 * time.Second

// failOnce serves under strace until the fault has ended it. Calls are counted by thread, so it is not known which one
// of the log's it will be.
func failOnce(t *testing.T, m *machine, l *load, f fault, n int) error {
	trace := filepath.Join(filepath.Dir(m.data), "trace")
	log := filepath.Join(m.data, "log", "00000000000000000000.log")
	m.under = []string{
		"strace", "-f", "--seccomp-bpf", "-qq", "-e", "signal=none", "-o", trace, "-P", log, "-e", "trace=fdatasync,pwrite64",
		"-e", fmt.Sprintf("inject=%s:error=%s:when=%d", f.call, f.answer, n),
	}
	defer func() { m.under = nil }()
	if err := m.start(); err != nil {
		m.running = nil
		if f.passing {
			return err
		}
		return stopped(trace, f)
	}
	before := l.answered.Load()
	ctx, cancel := awake(t.Context(), ending)
	defer cancel()
	p := m.running
	if f.passing {
		ctx, cancel = context.WithTimeout(ctx, time.Second)
	} else {
		go func() {
			select {
			case <-p.ended:
			case <-ctx.Done():
			}
			cancel()
		}()
	}
	l.run(ctx)
	cancel()
	l.client.CloseIdleConnections()
	if f.passing {
		err := errors.Join(l.fault(), m.stop(), injected(trace, f))
		if err == nil && l.answered.Load() == before {
			err = errors.New("nothing was acknowledged")
		}
		return err
	}
	if err := m.gaveUp(); err != nil {
		return err
	}
	return stopped(trace, f)
}

// injected makes sure that there was a fault at all.
func injected(trace string, f fault) error {
	text, err := os.ReadFile(trace)
	if err == nil && !strings.Contains(string(text), "(INJECTED)") {
		err = fmt.Errorf("no %s was made to fail", f.call)
	}
	return err
}

// stopped makes sure that after the fault the log was neither written nor synced by the process that met it.
func stopped(trace string, f fault) error {
	text, err := os.ReadFile(trace)
	if err != nil {
		return err
	}
	_, after, failed := strings.Cut(string(text), "(INJECTED)")
	if !failed {
		return fmt.Errorf("serve ended without a %s that was made to fail", f.call)
	}
	for line := range strings.Lines(after) {
		for _, call := range []string{"fdatasync(", "pwrite64("} {
			if strings.Contains(line, call) {
				return fmt.Errorf("after the fault there was a %s", strings.TrimSpace(line))
			}
		}
	}
	return nil
}
