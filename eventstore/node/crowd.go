package node

import "time"

// crowd decides for how many appends the writer waits before it commits. A sync costs the same for all, so the more the
// better, until the disk and the processors wait for each other. It waits for everybody who is about while they come back
// sooner than a commit takes: on a slow disk two halves that take turns would each wait for two syncs. Where they take
// longer than a commit, it leaves so many out as keep the processors busy for as long as the disk is. It takes time as
// an argument and starts nothing.
type crowd struct {
	flight int           // appends under way when the last commit ended: its own, and those that came meanwhile
	pace   time.Duration // recent duration of a commit, smoothed
	back   time.Duration // recent time in which everybody came back, smoothed; of what is long, twice the pace

	settled int // groups for which want holds, before everybody is waited for again
	want    int
	last    int // how many the last group held
	missed  int // how often in a row nearly nobody came, as a mask: 0, 1, 3, 7, …
}

const (
	settledGroups = 64
	mostMissed    = 1<<10 - 1
	// leftOut is how often the work that is left to the processors would fill the time of a commit.
	leftOut = 4
	// longestCommit is how long a commit is taken to last at most: nobody waits for seconds because the disk has hung once.
	longestCommit = 100 * time.Millisecond
)

// wanted answers for how many to wait.
func (c *crowd) wanted() int {
	if c.settled > 0 {
		return c.want
	}
	return c.flight
}

// gathered notes a group of n that was complete so long after its first had come, and whether the wait for it was in vain.
// Before the first comes there may have been any pause, which says nothing about those who are about.
func (c *crowd) gathered(n int, inVain bool, took time.Duration) {
	last := c.last
	c.last = n
	if inVain && (n == 1 || 4*n < c.wanted()) {
		// Those who were about are gone. Nobody is waited for until some time has passed, and longer the more often
		// that was in vain.
		c.missed = min(2*c.missed+1, mostMissed)
		c.settled, c.want = c.missed, 1
		return
	}
	if c.settled > 0 {
		c.settled--
		return
	}
	c.missed = 0
	if n > last+last/16 {
		return // there may be more
	}
	if c.back += (min(took, 2*c.pace) - c.back) / 8; c.back > c.pace {
		c.settled, c.want = settledGroups, max(1, n-int(leftOut*int64(n)*int64(c.pace)/int64(max(took, c.back))))
	}
}

// committed notes that a group of n has been answered while others waited already. took is 0 if nothing was written.
func (c *crowd) committed(n, others int, took time.Duration) {
	c.flight = n + others
	if took > 0 {
		c.pace += (min(took, longestCommit) - c.pace) / 8
	}
}
