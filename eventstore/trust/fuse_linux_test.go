package trust

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"redress/eventstore/trust/scale"
)

var troubles = []trouble{
	{name: "EIO", err: syscall.EIO},
	{name: "EIO, and what was not synced is lost", err: syscall.EIO, loses: true},
	{name: "ENOSPC", err: syscall.ENOSPC},
	{name: "a short write, and then ENOSPC", err: syscall.ENOSPC, only: opWrite, short: true},
	{name: "a short write", only: opWrite, short: true, passing: true},
	{name: "EINTR", err: syscall.EINTR, passing: true},
}

// TestFailingDisk is T05 over FUSE: the log of a real `redress node` lies on a disk of ours, and one change to it fails:
// while a log is begun, while it is opened, under load, where a segment is full and the next is begun, and at an orderly
// end. The node stops, touches nothing any more, and starts clean on the healed disk; all that it has acknowledged is there,
// once.
func TestFailingDisk(t *testing.T) {
	points := scale.Of(t, 0, 216, 6000)
	if points == 0 {
		return // needs root and seconds: make trust
	}
	random := scale.Seeded(t, "T05-fuse")
	f := newOrdeal(t, "")
	scripts := f.scripts(t)
	met := map[string]int{}
	for n := range points {
		s := scripts[[]int{0, 1, 0, 1, 0, 2}[n/len(troubles)%6]]
		s.trouble = troubles[n%len(troubles)]
		if s.trouble.only == "" {
			s.trouble.only = allOps[random.IntN(len(allOps))]
		}
		for {
			s.at = 1 + random.IntN(f.changesOf(t, s))
			m, err := f.play(t.Context(), s)
			if err != nil {
				t.Fatalf("%s of %s %d (%v) of %q: %v", s.trouble.name, s.trouble.only, s.at, m, s.name, err)
			}
			if m != nil {
				met[m.kind]++
				break
			}
		}
	}
	if len(met) < len(allOps) {
		t.Errorf("only these have failed: %v", met)
	}
	if f.acknowledged < points || f.open < points/4 {
		t.Errorf("at %d points %d appends were acknowledged and %d left open: that proves little", points, f.acknowledged, f.open)
	}
	scale.Say("T05", "FUSE, redress node: %d faults %v, %d appends acknowledged, %d left open and sent again: 0 lost, 0 applied twice, no sync tried again",
		points, met, f.acknowledged, f.open)
}

// TestServeOnFailingDisk is the same with `redress serve`, whose log alone lies on the disk, under load.
func TestServeOnFailingDisk(t *testing.T) {
	rounds := scale.Of(t, 0, len(troubles), 300)
	if rounds == 0 {
		return // needs root and seconds: make trust
	}
	random := scale.Seeded(t, "T05-serve")
	l, err := serving(t, "", random, troubles, rounds)
	if err != nil {
		t.Fatal(err)
	}
	scale.Say("T05", "FUSE, redress serve: %d faults, %d commands acknowledged, %d requests without an answer: 0 lost, 0 applied twice, no sync tried again",
		rounds, len(l.acknowledged()), l.tries)
}

// TestServeOnFailingDiskControl: a serve that never syncs is caught.
func TestServeOnFailingDiskControl(t *testing.T) {
	if scale.Smoke() {
		return
	}
	unsynced := trouble{name: "EIO, and what was not synced is lost", err: syscall.EIO, only: opWrite, loses: true}
	if _, err := serving(t, "sabotage_nofsync", scale.Seeded(t, "T05-serve-control"), []trouble{unsynced}, 3); err == nil {
		t.Error("a serve that never syncs was not caught")
	} else {
		scale.Caught("T05", "no sync, under serve", err)
	}
}

func serving(t *testing.T, tag string, random *rand.Rand, troubles []trouble, rounds int) (*load, error) {
	m := newMachine(t, filepath.Join(folder(t), "data"), tag)
	m.mustStart()
	defer m.kill()
	l, err := newLoad(m, random)
	if err != nil {
		return nil, err
	}
	if err := m.stop(); err != nil {
		return l, err
	}
	log := filepath.Join(m.data, "log")
	held, err := files(log)
	if err != nil {
		return l, err
	}
	d := newShaky(t, "T05", log)
	defer m.kill() // before the disk goes
	d.fill(held)
	for round := range rounds {
		w := troubles[round%len(troubles)]
		if w.only == "" {
			w.only = []string{opWrite, opSync}[l.chance(2)]
		}
		if err := serveOnce(t, m, l, d, w, 1+l.chance(12)); err != nil {
			return l, fmt.Errorf("fault %d, %s of a %s: %w", round+1, w.name, w.only, err)
		}
		if err := m.start(); err != nil {
			return l, fmt.Errorf("after fault %d: %w", round+1, err)
		}
		if err := l.settle(t.Context(), 100); err != nil {
			return l, fmt.Errorf("after fault %d: %w", round+1, err)
		}
		if err := m.stop(); err != nil {
			return l, err
		}
	}
	m.mustStart()
	return l, errors.Join(whole(m, l), l.proved(rounds), m.stop())
}

// serveOnce serves until the n-th change of its kind has failed, and puts the disk right again.
func serveOnce(t *testing.T, m *machine, l *load, d *shaky, w trouble, n int) error {
	if err := m.start(); err != nil {
		return err
	}
	struck := d.arm(w, n)
	ctx, cancel := awake(t.Context(), ending)
	defer cancel()
	p := m.running
	go func() {
		select {
		case <-p.ended:
		case <-struck:
			if w.passing {
				pause(ctx, 500*time.Millisecond)
				break
			}
			select {
			case <-p.ended:
			case <-ctx.Done():
			}
		case <-ctx.Done():
		}
		cancel()
	}()
	before := l.answered.Load()
	l.run(ctx)
	cancel()
	l.client.CloseIdleConnections()
	met, again := d.happened()
	switch {
	case met == nil:
		return errors.New("nothing has failed")
	case len(again) > 0:
		return fmt.Errorf("%w: %v", errAgain, again)
	case w.passing && l.answered.Load() == before:
		return errors.New("nothing was acknowledged")
	case w.passing:
		err := errors.Join(l.fault(), m.stop())
		d.heal()
		return err
	}
	if err := m.gaveUp(); err != nil {
		return err
	}
	d.heal()
	return nil
}

// TestFailingDiskControls: a node that never syncs, disks that lie, and a sync that is tried again are caught, each for
// what it is.
func TestFailingDiskControls(t *testing.T) {
	if scale.Smoke() {
		return
	}
	random := scale.Seeded(t, "T05-fuse-controls")
	for _, control := range []struct {
		name, tag string
		trouble   trouble
		lies      bool
		caught    error
	}{
		{"no sync", "sabotage_nofsync", trouble{err: syscall.EIO, only: opWrite, loses: true}, false, errLost},
		{"syncs that do nothing", "", trouble{err: syscall.EIO, only: opSync, loses: true}, true, errLost},
		{"a short write that is said to be whole", "", trouble{only: opWrite, short: true, lying: true, passing: true}, false, errRefused},
		{"a sync that is tried again", "", trouble{err: syscall.EINTR, only: opSync}, false, errAgain},
	} {
		f := newOrdeal(t, control.tag)
		s := f.goesOn(t)
		s.trouble, s.lies = control.trouble, control.lies
		var err error
		for range 20 {
			s.at = 1 + random.IntN(f.changesOf(t, s))
			if _, err = f.play(t.Context(), s); err != nil && errors.Is(err, control.caught) {
				break
			}
		}
		if !errors.Is(err, control.caught) {
			t.Errorf("control %q was not caught for what it is: %v", control.name, err)
			continue
		}
		scale.Caught("T05", control.name, err)
	}
}

// errAgain says that a disk was changed after a change had failed, errRefused that the node does not start on what is left.
var (
	errAgain   = errors.New("the disk is used again")
	errRefused = errors.New("the healed disk is refused")
)

// ordeal is a binary whose log lies on a failing disk.
type ordeal struct {
	binary string
	disk   *shaky
	counts map[string]map[string]int // changes that a script makes to a sound disk, by kind

	changes            map[string]int // of the last script
	acknowledged, open int            // appends
}

func newOrdeal(t *testing.T, tag string) *ordeal {
	t.Helper()
	return &ordeal{binary: redress(t, tag), disk: newShaky(t, "T05", folder(t)), counts: map[string]map[string]int{}}
}

// script is what a node does while its disk fails.
type script struct {
	name    string
	begins  contents // of the disk
	written scribes  // who wrote it
	batches int      // that each scribe appends
	size    int      // of an event

	trouble trouble
	at      int // the change that fails
	lies    bool
}

// scripts are a new log, one that goes on, and one whose segment will be full.
func (f *ordeal) scripts(t *testing.T) []script {
	t.Helper()
	return []script{
		{name: "a log is begun", written: newScribes(3), batches: 4, size: 60},
		f.goesOn(t),
		f.grown(t, script{name: "a segment is full", batches: 4, size: 150_000}, 100_000, 63<<20),
	}
}

func (f *ordeal) goesOn(t *testing.T) script {
	t.Helper()
	return f.grown(t, script{name: "a log goes on", batches: 4, size: 60}, 600, 10_000)
}

// grown gives a script a log to begin with, of events of a size, which goes beyond a position.
func (f *ordeal) grown(t *testing.T, s script, size int, end uint64) script {
	t.Helper()
	f.disk.fill(nil)
	s.written = newScribes(3)
	p, address, err := f.start()
	if err != nil {
		t.Fatal(err)
	}
	defer p.end(syscall.SIGKILL)
	for last := uint64(0); last < end; {
		before := s.written.answered()
		s.written.run(t.Context(), address, 1, size)
		if s.written.answered() != before+len(s.written) {
			t.Fatalf("appends to a sound disk fail\n%s", p.stderr)
		}
		for _, w := range s.written {
			last = max(last, w.batches[len(w.batches)-1].position)
		}
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.begins = f.disk.take()
	return s
}

func (f *ordeal) start() (*process, string, error) {
	return startAlone(f.binary, f.disk.at, "127.0.0.1:0")
}

// changesOf answers how many changes of its kind a script makes to a sound disk, about.
func (f *ordeal) changesOf(t *testing.T, s script) int {
	t.Helper()
	if f.counts[s.name] == nil {
		s.at, s.lies, s.trouble.loses = math.MaxInt, false, false
		if _, err := f.play(t.Context(), s); err != nil {
			t.Fatalf("%q on a sound disk: %v", s.name, err)
		}
		f.counts[s.name] = f.changes
	}
	return max(1, f.counts[s.name][s.trouble.only])
}

// play lets a node do what a script says, and holds what it has acknowledged against what it finds at its next start.
// It answers the change that failed, if one has.
func (f *ordeal) play(ctx context.Context, s script) (*met, error) {
	f.disk.fill(s.begins)
	f.disk.arm(s.trouble, s.at)
	f.disk.lies = s.lies
	all := s.written.copied()
	err := f.suffer(ctx, s, all)
	m, again := f.disk.happened()
	if len(again) > 0 {
		return m, fmt.Errorf("%w: %v", errAgain, again)
	}
	if err != nil {
		return m, err
	}
	f.acknowledged += all.answered() - s.written.answered()
	f.changes = f.disk.heal()
	p, address, err := f.start()
	if err != nil {
		return m, fmt.Errorf("%w: %w", errRefused, err)
	}
	defer p.end(syscall.SIGKILL)
	client, err := official(address)
	if err != nil {
		return m, err
	}
	defer client.Close()
	if err := all.audit(ctx, client); err != nil {
		return m, err
	}
	open, err := all.settle(ctx, client)
	if err != nil {
		return m, err
	}
	f.open += open
	if err := all.audit(ctx, client); err != nil {
		return m, err
	}
	return m, p.end(syscall.SIGTERM)
}

// suffer runs the node until the disk has failed it, or all is done.
func (f *ordeal) suffer(ctx context.Context, s script, all scribes) error {
	// The index of a closed segment is made again: the node goes on without it.
	fatal := func() bool {
		m, _ := f.disk.happened()
		return m != nil && !s.trouble.passing && !m.index
	}
	p, address, err := f.start()
	if err != nil {
		if fatal() {
			return nil
		}
		return err
	}
	defer p.end(syscall.SIGKILL)
	all.run(ctx, address, s.batches, s.size)
	if !fatal() {
		if n := all.answered() - s.written.answered(); n != s.batches*len(all) {
			return fmt.Errorf("%d appends were answered of %d, and the disk was sound\n%s", n, s.batches*len(all), p.stderr)
		}
		err = p.end(syscall.SIGTERM)
		if err != nil && !fatal() {
			return fmt.Errorf("the node did not end in order: %w\n%s", err, p.stderr)
		}
		if err == nil && fatal() {
			return errors.New("the node ended as if nothing had happened")
		}
		return nil
	}
	if _, again := f.disk.happened(); len(again) > 0 {
		return nil // play says so
	}
	patience, cancel := awake(ctx, 10*time.Second)
	defer cancel()
	select {
	case <-p.ended:
	case <-patience.Done():
		return fmt.Errorf("%w\n%s", errGoesOn, p.doing())
	}
	if p.err == nil {
		return errors.New("the node ended as if nothing had happened")
	}
	return nil
}
