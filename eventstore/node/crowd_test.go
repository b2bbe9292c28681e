package node

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// loop is a number of callers, each of whom proposes again once answered, in a time of its own: two processors work for
// cost on every append, and a commit takes sync.
type loop struct {
	crowd
	callers    int
	cost, sync time.Duration

	now       time.Time
	away      int           // callers who are on their way
	here      int           // those who wait for the writer
	nextComes time.Time     // when the next of them arrives
	idle      time.Duration // time in which the processors had nothing to do
	waited    time.Duration // time in which the writer waited in vain
	inVain    int           // how often it did, of all rounds
}

// pass lets time go until enough are here, or until the end. It answers whether enough came.
func (l *loop) pass(enough int, until time.Time) bool {
	for l.here < enough {
		if l.away == 0 || l.nextComes.After(until) {
			if l.away == 0 && until.After(l.now) {
				l.idle += until.Sub(l.now)
			}
			l.now = until
			return false
		}
		l.now = l.nextComes
		l.away--
		l.here++
		l.nextComes = l.nextComes.Add(l.cost / 2)
	}
	return true
}

// run commits rounds groups and answers how many appends there were in one on average, over the second half.
func (l *loop) run(rounds int) float64 {
	if l.now.IsZero() {
		l.now = time.Unix(0, 0)
		l.away, l.nextComes = l.callers, l.now.Add(l.cost/2)
	}
	appends := 0
	for round := range rounds {
		if round == rounds/2 {
			l.idle, l.waited = 0, 0
		}
		l.pass(1, l.now.Add(time.Hour))
		began := l.now
		came := l.pass(l.wanted(), l.now.Add(defaultLinger+l.pace))
		if !came {
			l.waited += l.now.Sub(began)
			l.inVain++
		}
		group := l.here
		l.here = 0
		l.gathered(group, !came, l.now.Sub(began))
		l.pass(l.callers+1, l.now.Add(l.sync))
		if l.away == 0 {
			l.nextComes = l.now
		}
		l.away += group
		if l.nextComes.Before(l.now) || l.nextComes.Equal(l.now) {
			l.nextComes = l.now.Add(l.cost / 2)
		}
		l.committed(group, l.here, l.sync)
		if round >= rounds/2 {
			appends += group
		}
	}
	return float64(appends) / float64(rounds-rounds/2)
}

func TestCrowd(t *testing.T) {
	const rounds = 2000
	for _, tt := range []struct {
		name       string
		callers    int
		cost, sync time.Duration
		least      float64 // appends in a group, on average
		busy       bool    // the processors always have something to do
	}{
		{"alone", 1, 80 * time.Microsecond, 100 * time.Microsecond, 1, false},
		{"a slow disk: all together", 8, 80 * time.Microsecond, 1100 * time.Microsecond, 7.9, false},
		{"a very slow disk", 64, 80 * time.Microsecond, 20 * time.Millisecond, 63, false},
		{"a fast disk", 8, 80 * time.Microsecond, 50 * time.Microsecond, 2, true},
		{"a fast disk, many", 64, 66 * time.Microsecond, 100 * time.Microsecond, 20, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := loop{callers: tt.callers, cost: tt.cost, sync: tt.sync}
			if got := l.run(rounds); got < tt.least {
				t.Errorf("%.1f appends in a group, want %.1f", got, tt.least)
			}
			if share := float64(l.idle) / float64(rounds/2*tt.sync); tt.busy && share > 0.1 {
				t.Errorf("the processors are idle for %.0f %% of the commits", 100*share)
			}
		})
	}
}

// TestCrowdGone: where most callers go away at once, the writer gives up waiting for them.
func TestCrowdGone(t *testing.T) {
	l := loop{callers: 64, cost: 80 * time.Microsecond, sync: 20 * time.Millisecond}
	l.run(200)
	l.callers, l.away, l.here = 2, 2, 0
	l.nextComes = l.now.Add(l.cost / 2)
	l.inVain = 0
	l.run(1000)
	if l.inVain > 2 {
		t.Errorf("waited %d times in vain, at last for %s", l.inVain, l.waited)
	}
}

// TestCrowdAfterAHitch: that nobody came for a moment, once, does not make a slow disk a fast one: everybody is still waited for.
func TestCrowdAfterAHitch(t *testing.T) {
	for _, hitch := range []time.Duration{time.Millisecond, 1500 * time.Microsecond, 5 * time.Millisecond, time.Second} {
		for already := range 3 {
			l := loop{callers: 8, cost: 80 * time.Microsecond, sync: 1100 * time.Microsecond}
			l.run(400)
			l.here, l.away = already, 8-already
			l.nextComes = l.now.Add(hitch)
			l.run(4)
			if got := l.run(20); got < 7.9 {
				t.Errorf("%.1f appends in a group after a hitch of %s with %d there", got, hitch, already)
			}
		}
	}
}

// TestCrowdAlone: whoever is left alone is not made to wait for those who have gone, however many and at whatever pace they
// came back.
func TestCrowdAlone(t *testing.T) {
	for _, callers := range []int{2, 3, 4, 5, 8, 64} {
		for _, cost := range []time.Duration{20 * time.Microsecond, 80 * time.Microsecond, 600 * time.Microsecond, 1500 * time.Microsecond} {
			for _, sync := range []time.Duration{50 * time.Microsecond, 100 * time.Microsecond, 5 * time.Millisecond} {
				worst := 0
				for rounds := range settledGroups + 1 { // the estimate is made anew after so many
					l := loop{callers: callers, cost: cost, sync: sync}
					l.run(200 + rounds)
					l.callers, l.away, l.here, l.inVain = 1, 1, 0, 0
					l.nextComes = l.now.Add(cost / 2)
					l.run(200)
					worst = max(worst, l.inVain)
				}
				if worst > 2 {
					t.Errorf("%d callers who take %s for a sync of %s: the last one waits %d times", callers, cost, sync, worst)
				}
			}
		}
	}
}

// TestCrowdAfterAStall: a disk that hung once does not make callers wait for each other as long.
func TestCrowdAfterAStall(t *testing.T) {
	l := loop{callers: 2, cost: 80 * time.Microsecond, sync: 30 * time.Second}
	l.run(1)
	l.sync = time.Millisecond
	l.run(2)
	l.callers, l.away, l.here, l.waited = 1, 1, 0, 0
	l.nextComes = l.now.Add(l.cost / 2)
	l.run(1)
	if l.waited > 100*time.Millisecond {
		t.Errorf("the one who is left waits for %s", l.waited)
	}
}

// TestQueue: nothing is lost between those who add and the one who takes, whatever it waits for, and what was taken
// before the end is all that was let in.
func TestQueue(t *testing.T) {
	const adders, each = 8, 2000
	q := newQueue()
	var adding sync.WaitGroup
	for range adders {
		adding.Go(func() {
			for range each {
				if !q.add(&proposal{}) {
					t.Error("refused before the end")
				}
			}
		})
	}
	go func() { adding.Wait(); q.close() }()
	taken := 0
	var spare []*proposal
	for round := 0; ; round++ {
		q.await(1, 0)
		q.await(round%5, time.Duration(round%3+1)*time.Microsecond)
		group := q.take(spare)
		if len(group) == 0 {
			break
		}
		taken += len(group)
		spare = group
	}
	if taken != adders*each {
		t.Errorf("%d taken of %d", taken, adders*each)
	}
	if q.add(&proposal{}) {
		t.Error("let in after the end")
	}
}

// TestAppendGivenUp: an append that nobody waits for any more when the writer takes it up is left.
func TestAppendGivenUp(t *testing.T) {
	w := newWriter(&log{}, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	answered := make(chan error)
	go func() {
		_, err := w.append(ctx, &proposal{})
		answered <- err
	}()
	w.queue.await(1, 0)
	if _, err := w.commit(w.queue.take(nil)); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("answered %v", err)
	}
}

// TestGroupFitsASegment: however much waits, no segment becomes longer than its bound and one append.
func TestGroupFitsASegment(t *testing.T) {
	l, err := openMemory(newMemory())
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(l, defaultLinger)
	const appends, each = 20, 500
	var callers sync.WaitGroup
	for i := range appends {
		callers.Go(func() {
			_, err := w.append(t.Context(), &proposal{
				stream: string(rune('a' + i)), expected: expectNoStream,
				events: []event{{id: [16]byte{byte(i)}, kind: "Noted", data: make([]byte, each)}},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	w.queue.await(appends, 0)
	go w.run()
	callers.Wait()
	w.close()
	l.sealing.Wait()
	for _, p := range l.durable() {
		if p.size > smallSegments+2*each {
			t.Errorf("a segment has %d bytes; its bound is %d", p.size, smallSegments)
		}
	}
	if uint32(appends) != l.count {
		t.Errorf("%d events, want %d", l.count, appends)
	}
}

// TestAppendsHeld: while the disk does not answer, no more is held than a bound, and all that is held is let go with its
// answer.
func TestAppendsHeld(t *testing.T) {
	w := newWriter(&log{}, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := make([]byte, 40<<20)
	propose := func() error {
		_, err := w.append(ctx, &proposal{events: []event{{data: data}}})
		return err
	}
	const most = mostHeld / (40 << 20)
	answered := make(chan error)
	for range most {
		go func() { answered <- propose() }()
	}
	w.queue.await(most, 0)
	refused := make(chan error, 1)
	go func() { refused <- propose() }()
	select {
	case err := <-refused:
		if !errors.Is(err, errUnavailable) {
			t.Errorf("refused with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("one more is held")
	}
	if _, err := w.commit(w.queue.take(nil)); err != nil {
		t.Fatal(err)
	}
	for range most {
		<-answered
	}
	if held := w.held.Load(); held != 0 {
		t.Errorf("%d bytes are held when all are answered", held)
	}
}
