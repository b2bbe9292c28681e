package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"redress/eventstore/trust/scale"
)

// smallSegments makes a few appends cross several segments.
const smallSegments = 1500

func openMemory(files fileLayer) (*log, error) {
	return openLog(files, "log", smallSegments, false, slog.New(slog.DiscardHandler))
}

// promised is what a caller was told is in the log.
type promised struct {
	stream   string
	revision int64
	position uint64
	id       [16]byte
}

// work appends from several callers until all is done or the store fails, and answers what was acknowledged.
func work(l *log, round int) []promised {
	w := newWriter(l, defaultLinger)
	go w.run()
	defer l.sealing.Wait()
	defer w.close()
	var mu sync.Mutex
	var all []promised
	var callers sync.WaitGroup
	for caller := range 3 {
		callers.Go(func() {
			stream := fmt.Sprintf("stream-%d-%d", round, caller)
			expected := expectNoStream
			for i := range 6 {
				events := make([]event, 1+i%3)
				for j := range events {
					events[j] = event{id: uuid.New(), kind: "Noted", data: make([]byte, 40*(j+1))}
				}
				d, err := w.append(context.Background(), &proposal{stream: stream, expected: expected, events: events})
				if err != nil {
					return
				}
				expected = expectation(d.current)
				mu.Lock()
				all = append(all, promised{stream, d.current, d.position, events[len(events)-1].id})
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	return all
}

// check reads the whole log and says what is wrong with it.
func check(l *log, acknowledged []promised) error {
	found := map[promised]bool{}
	next := map[string]uint64{}
	c, other := cursor{log: l, ahead: manyRecords}, cursor{log: l, ahead: oneRecord}
	last := uint64(0)
	count, _, _ := l.state()
	for n := range count {
		r, i, err := c.event(n)
		if err != nil {
			return err
		}
		revision, position := r.first+uint64(i), r.eventPosition(i)
		if position <= last {
			return fmt.Errorf("position %d follows %d", position, last)
		}
		if revision != next[r.stream] {
			return fmt.Errorf("%s has revision %d after %d", r.stream, revision, next[r.stream])
		}
		last, next[r.stream] = position, revision+1
		found[promised{r.stream, int64(revision), position, r.events[i].id}] = true
		h, _, _, err := other.stream(r.stream)
		if err != nil {
			return err
		}
		if places, err := other.page(h, uint32(revision), 1); err != nil || places[0].number != n {
			return fmt.Errorf("the index has event %v where %d is: %w", places, n, err)
		}
		if from, err := other.from(position); err != nil || from != n {
			return fmt.Errorf("position %d is event %d, the index says %d: %w", position, n, from, err)
		}
	}
	for _, p := range acknowledged {
		if !found[p] {
			return fmt.Errorf("acknowledged and lost: %s revision %d at %d", p.stream, p.revision, p.position)
		}
	}
	return nil
}

// TestCrashPoints is T03: the power is cut at every change to the disk, again while the log is opened, and what was not
// synced is lost, kept or torn. Whatever was acknowledged must be there.
func TestCrashPoints(t *testing.T) {
	seed := scale.Seed(t, "T03")
	points := scale.Of(t, 320, 20_000, 2_000_000)
	changes, acknowledged, err := manyPoints(t, points, seed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if changes < 50 || acknowledged < points {
		t.Errorf("%d changes, %d appends acknowledged: that proves little", changes, acknowledged)
	}
	scale.Say("T03", "%d cuts at %d changes to the disk, each with another at the next start, %d appends acknowledged: 0 lost, nothing torn was read",
		points, changes, acknowledged)
}

// TestCrashPointsControl: a disk that says that it has synced and has not is caught.
func TestCrashPointsControl(t *testing.T) {
	_, _, err := manyPoints(t, 320, scale.Seed(t, "T03-control"), func(m *memory) { m.lies = true })
	if err == nil {
		t.Fatal("syncs that do nothing were not caught")
	}
	scale.Caught("T03", "syncs do nothing", err)
}

// manyPoints cuts at so many points, which go round the changes that the work makes, and answers how many of these there
// are, and how many appends were acknowledged before the cuts. plant, if any, puts a fault into each disk once the log is
// open.
func manyPoints(t *testing.T, points int, seed uint64, plant func(*memory)) (changes, acknowledged int, err error) {
	t.Helper()
	changes = changesOf(t)
	var all atomic.Int64
	err = allPoints(t, points, func(n int) error {
		cut := 1 + n%changes
		kept, err := cutTwice(cut, rand.New(rand.NewPCG(seed, uint64(n))), plant)
		if err != nil {
			return fmt.Errorf("point %d, cut at change %d: %w", n, cut, err)
		}
		all.Add(int64(kept))
		return nil
	})
	return changes, int(all.Load()), err
}

// changesOf answers how many changes to the disk the work makes when nothing goes wrong.
func changesOf(t *testing.T) int {
	t.Helper()
	whole := newMemory()
	l, err := openMemory(whole)
	if err != nil {
		t.Fatal(err)
	}
	work(l, 0)
	return whole.ops
}

// allPoints does 0..n-1 on all processors, until one fails.
func allPoints(t *testing.T, n int, do func(i int) error) error {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if err := do(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// cutTwice answers how many appends were acknowledged before the cuts, and are there.
func cutTwice(cut int, random *rand.Rand, plant func(*memory)) (kept int, err error) {
	files := newMemory()
	files.failAt, files.fault, files.forever = cut, errCrashed, true
	var acknowledged []promised
	if l, err := openMemory(files); err == nil {
		if plant != nil {
			plant(files)
		}
		acknowledged = work(l, 0)
	}
	files = files.afterPowerCut(random)
	files.failAt, files.fault, files.forever = 1+random.IntN(6), errCrashed, true
	if l, err := openMemory(files); err == nil {
		acknowledged = append(acknowledged, work(l, 1)...)
	} else if !errors.Is(err, errCrashed) {
		return 0, fmt.Errorf("opening: %w", err)
	}
	l, err := openMemory(files.afterPowerCut(random))
	if err != nil {
		return 0, fmt.Errorf("opening again: %w", err)
	}
	if err := check(l, acknowledged); err != nil {
		return 0, err
	}
	kept = len(acknowledged)
	acknowledged = append(acknowledged, work(l, 2)...)
	return kept, check(l, acknowledged)
}

// TestWriterStopsAfterFault: the first append after a failed sync is refused, and so are all that follow.
func TestWriterStopsAfterFault(t *testing.T) {
	files := newMemory()
	l, err := openMemory(files)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(l, defaultLinger)
	go w.run()
	propose := func() error {
		_, err := w.append(context.Background(), &proposal{
			stream: "s", expected: expectAny,
			events: []event{{id: uuid.New(), kind: "Noted"}},
		})
		return err
	}
	if err := propose(); err != nil {
		t.Fatal(err)
	}
	files.mu.Lock()
	files.failAt, files.fault = files.ops+2, syscall.EIO // the sync after the next write
	files.mu.Unlock()
	for range 3 {
		if err := propose(); !errors.Is(err, errStopped) {
			t.Fatalf("an append after the fault answered %v", err)
		}
	}
	if err := <-w.failure; !errors.Is(err, syscall.EIO) {
		t.Fatalf("the fault is reported as %v", err)
	}
	if count, _, _ := l.state(); count != 1 {
		t.Fatalf("%d events are visible; what failed must not be", count)
	}
}
