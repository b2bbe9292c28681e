package trust

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"redress/eventstore/trust/scale"
)

// TestPowerCut is T02: the machine of a `redress serve` under load loses its power, data base and broker included. A
// kill -9 alone is blind for this: what was never synced survives it in the kernel's memory.
func TestPowerCut(t *testing.T) {
	cuts := scale.Of(t, 0, 5, 200)
	if cuts == 0 {
		return // needs root, mounts and seconds: make trust
	}
	random := scale.Seeded(t, "T02")
	d := newDisk(t, "T02")
	l, err := cutting(t, d, "", random, cuts)
	if err != nil {
		t.Fatal(err)
	}
	scale.Say("T02", "%d power cuts, %d commands acknowledged: 0 lost, 0 applied twice, 0 messages lost", cuts, len(l.acknowledged()))
}

// TestPowerCutControl: a node that never syncs is caught.
func TestPowerCutControl(t *testing.T) {
	if scale.Smoke() {
		return
	}
	random := scale.Seeded(t, "T02-control")
	d := newDisk(t, "T02")
	if _, err := cutting(t, d, "sabotage_nofsync", random, 3); err == nil {
		t.Error("a node without any sync was not caught")
	} else {
		scale.Say("T02", "control \"no sync\" was caught: %.300s", err)
	}
}

func cutting(t *testing.T, d *disk, tag string, random *rand.Rand, cuts int) (*load, error) {
	m := newMachine(t, filepath.Join(d.mounted, "data"), tag)
	m.mustStart()
	defer m.kill()
	l, err := newLoad(m, random)
	if err != nil {
		return nil, err
	}
	if tag != "" {
		// What the planted fault is to lose is what was acknowledged under load, not the beginning of the folder.
		if err := system("sync", "-f", m.data); err != nil {
			t.Fatal(err)
		}
	}
	for cut := 1; cut <= cuts; cut++ {
		if err := cutOnce(t, m, d, l); err != nil {
			return l, fmt.Errorf("cut %d: %w", cut, err)
		}
	}
	return l, errors.Join(whole(m, l), l.proved(cuts), m.stop())
}

// cutOnce puts load on, cuts, and starts on what is left. What was answered before the copy was begun must be there; what
// was answered while it was being made may be gone, with everything that came after, since it came after the cut.
func cutOnce(t *testing.T, m *machine, d *disk, l *load) error {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := l.answered.Load()
	loaded := make(chan struct{})
	go func() {
		l.run(ctx)
		close(loaded)
	}()
	pause(ctx, time.Duration(500+l.chance(1500))*time.Millisecond)
	sure := l.mark()
	if l.answered.Load() == before {
		return errors.New("nothing was acknowledged before the cut")
	}
	if err := d.cut(); err != nil {
		t.Fatal(err)
	}
	_ = m.running.end(syscall.SIGKILL)
	cancel()
	<-loaded
	l.client.CloseIdleConnections()
	l.forget(sure)
	if err := d.restore(); err != nil {
		t.Fatal(err)
	}
	if err := m.start(); err != nil {
		return err
	}
	return l.settle(t.Context(), 200)
}
