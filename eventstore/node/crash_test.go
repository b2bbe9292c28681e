package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/google/uuid"
)

// smallSegments makes a few appends cross several segments.
const smallSegments = 1500

func openMemory(files *memory) (*log, error) {
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
	c := cursor{log: l, ahead: manyRecords}
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
		if numbers := l.page(r.stream, uint32(revision), 1, nil); numbers[0] != n {
			return fmt.Errorf("the index has event %d where %d is", numbers[0], n)
		}
		if l.from(position) != n {
			return fmt.Errorf("position %d is event %d, the index says %d", position, n, l.from(position))
		}
	}
	for _, p := range acknowledged {
		if !found[p] {
			return fmt.Errorf("acknowledged and lost: %s revision %d at %d", p.stream, p.revision, p.position)
		}
	}
	return nil
}

// TestPowerCut cuts the power at every change to the disk, again while the log is opened, and loses, keeps or tears
// what was not synced. Whatever was acknowledged must be there.
func TestPowerCut(t *testing.T) {
	seed := rand.Uint64()
	if given, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("SEED=%d", seed)
	whole := newMemory()
	l, err := openMemory(whole)
	if err != nil {
		t.Fatal(err)
	}
	work(l, 0)
	for cut := 1; cut <= whole.ops; cut++ {
		for variant := range uint64(8) {
			random := rand.New(rand.NewPCG(seed+variant, uint64(cut)))
			if err := cutTwice(cut, random); err != nil {
				t.Fatalf("cut at change %d, variant %d: %v", cut, variant, err)
			}
		}
	}
}

func cutTwice(cut int, random *rand.Rand) error {
	files := newMemory()
	files.failAt, files.fault, files.forever = cut, errCrashed, true
	var acknowledged []promised
	if l, err := openMemory(files); err == nil {
		acknowledged = work(l, 0)
	}
	files = files.afterPowerCut(random)
	files.failAt, files.fault, files.forever = 1+random.IntN(6), errCrashed, true
	if l, err := openMemory(files); err == nil {
		acknowledged = append(acknowledged, work(l, 1)...)
	} else if !errors.Is(err, errCrashed) {
		return fmt.Errorf("opening: %w", err)
	}
	l, err := openMemory(files.afterPowerCut(random))
	if err != nil {
		return fmt.Errorf("opening again: %w", err)
	}
	if err := check(l, acknowledged); err != nil {
		return err
	}
	acknowledged = append(acknowledged, work(l, 2)...)
	return check(l, acknowledged)
}

// TestFaults makes every change to the disk fail once, with each kind of fault. From then on nothing may be
// acknowledged, no failed file may be synced again, and a new start finds all that was acknowledged.
func TestFaults(t *testing.T) {
	whole := newMemory()
	l, err := openMemory(whole)
	if err != nil {
		t.Fatal(err)
	}
	work(l, 0)
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC} {
		for at := 1; at <= whole.ops; at++ {
			files := newMemory()
			files.failAt, files.fault = at, fault
			l, err := openMemory(files)
			if err != nil {
				continue
			}
			acknowledged := work(l, 0)
			for f, n := range files.syncs {
				t.Fatalf("%v at change %d: a file of %d bytes was synced %d times after a sync failed", fault, at, len(f.data), n)
			}
			files.failAt = 0
			again, err := openMemory(files)
			if err != nil {
				t.Fatalf("%v at change %d: opening again: %v", fault, at, err)
			}
			if err := check(again, acknowledged); err != nil {
				t.Fatalf("%v at change %d: %v", fault, at, err)
			}
		}
	}
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
