package node

import (
	"sync"
	"time"
)

// queue holds the appends that the writer has not taken up yet. It wakes the writer for as many as that waits for, and not
// for each: while the writer sleeps the processors are theirs who are on their way here.
type queue struct {
	mu      sync.Mutex
	waiting []*proposal
	closed  bool
	wanted  int           // how many the writer sleeps for; 0 while it is awake
	wake    chan struct{} // takes one
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// add answers whether the queue takes the proposal: not after it was closed.
func (q *queue) add(p *proposal) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.waiting = append(q.waiting, p)
	rouse := q.wanted > 0 && len(q.waiting) >= q.wanted
	if rouse {
		q.wanted = 0
	}
	q.mu.Unlock()
	if rouse {
		q.wake <- struct{}{}
	}
	return true
}

// len answers how many wait.
func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// await returns once as many wait as are wanted, the queue is closed, or patience is over: then it answers false.
// Without patience it waits as long as it takes. One goroutine only.
func (q *queue) await(wanted int, patience time.Duration) bool {
	q.mu.Lock()
	if q.closed || len(q.waiting) >= wanted {
		q.mu.Unlock()
		return true
	}
	q.wanted = wanted
	q.mu.Unlock()
	if patience == 0 {
		<-q.wake
		return true
	}
	over := time.NewTimer(patience)
	defer over.Stop()
	select {
	case <-q.wake:
		return true
	case <-over.C:
	}
	q.mu.Lock()
	late := q.wanted == 0 // they came all the same: the wake is on its way
	q.wanted = 0
	q.mu.Unlock()
	if late {
		<-q.wake
	}
	return late
}

// take answers those who wait, and leaves the queue with the room of spare.
func (q *queue) take(spare []*proposal) []*proposal {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.waiting
	q.waiting = spare[:0]
	return taken
}

// close ends the queue: nothing is added any more.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	rouse := q.wanted > 0
	q.wanted = 0
	q.mu.Unlock()
	if rouse {
		q.wake <- struct{}{}
	}
}
