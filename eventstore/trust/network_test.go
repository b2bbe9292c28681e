package trust

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"redress/eventstore/trust/scale"
)

// weather is something that a network does to the connections of one dependency.
type weather struct {
	before string // node, postgres or nats
	what   string
	toxics []string // as toxiproxy takes them; none: the connections are refused
}

const (
	latency = `{"type":"latency","stream":"downstream","attributes":{"latency":120,"jitter":80}}`
	reset   = `{"type":"reset_peer","stream":"downstream","attributes":{"timeout":%d}}`
	hole    = `{"type":"timeout","stream":"%s","attributes":{"timeout":0}}`
	limit   = `{"type":"limit_data","stream":"%s","attributes":{"bytes":%d}}`
	slices1 = `{"type":"slicer","stream":"%s","attributes":{"average_size":1,"size_variation":0,"delay":20}}`
)

var weathers = []weather{
	{"node", "latency", []string{latency}},
	{"node", "resets", []string{fmt.Sprintf(reset, 200)}},
	{"node", "a black hole", []string{fmt.Sprintf(hole, "upstream"), fmt.Sprintf(hole, "downstream")}},
	{"node", "half-open: answers are lost", []string{fmt.Sprintf(hole, "downstream")}},
	{"node", "cut after 4,000 bytes of answers", []string{fmt.Sprintf(limit, "downstream", 4000)}},
	{"node", "cut after 9,000 bytes of requests", []string{fmt.Sprintf(limit, "upstream", 9000)}},
	{"node", "slices of one byte", []string{fmt.Sprintf(slices1, "upstream"), fmt.Sprintf(slices1, "downstream")}},
	{"postgres", "latency", []string{latency}},
	{"postgres", "a black hole", []string{fmt.Sprintf(hole, "upstream"), fmt.Sprintf(hole, "downstream")}},
	{"postgres", "cut after 20,000 bytes of answers", []string{fmt.Sprintf(limit, "downstream", 20_000)}},
	{"nats", "resets", []string{fmt.Sprintf(reset, 100)}},
	{"node", "refused", nil},
}

// TestNetwork is T06: bad networks before each dependency of a serve under load. What was promised holds, everything works
// again soon after, and serve holds on to nothing.
func TestNetwork(t *testing.T) {
	scenarios := scale.Of(t, 1, len(weathers), 10*len(weathers))
	lasting := time.Duration(scale.Of(t, 1, 20, 20)) * time.Second
	random := scale.Seeded(t, "T06")
	c := newCluster(t, random)
	warm(t, c)
	start, err := c.holds()
	if err != nil {
		t.Fatal(err)
	}
	slowest := time.Duration(0)
	for n := range scenarios {
		w := weathers[(n+scale.Of(t, random.IntN(len(weathers)), 0, 0))%len(weathers)]
		odd := time.Duration(c.load.chance(1000)) * time.Millisecond // so that waits of round length do not come out even
		healed, err := c.under(func() error { return c.suffer(w, lasting+odd) })
		if err != nil {
			t.Fatalf("%s, %s: %v", w.before, w.what, err)
		}
		t.Logf("%s, %s: works again after %s", w.before, w.what, healed.Round(time.Millisecond))
		slowest = max(slowest, healed)
		if n%6 == 5 {
			if err := c.clean(); err != nil {
				t.Fatalf("%s, %s: %v", w.before, w.what, err)
			}
		}
	}
	if err := whole(c.machine, c.load); err != nil {
		t.Fatal(err)
	}
	if err := c.returns(start, settled); err != nil {
		t.Fatal(err)
	}
	if err := c.stop(); err != nil {
		t.Fatal(err)
	}
	if err := c.load.proved(scenarios); err != nil && !scale.Smoke() {
		t.Fatal(err)
	}
	scale.Say("T06", "%d scenarios, %d commands acknowledged, %d requests without an answer: 0 lost, 0 applied twice; works again after %s at most",
		scenarios, len(c.load.acknowledged()), c.load.tries, slowest.Round(time.Millisecond))
}

// TestNetworkControls: callers whose retries carry another key, a network that does not heal, and connections that are
// never given back are caught.
func TestNetworkControls(t *testing.T) {
	if scale.Smoke() {
		return
	}
	c := newCluster(t, scale.Seeded(t, "T06-controls"))
	warm(t, c)
	holdsOn(t, c)
	c.patience = soon
	_, err := c.under(func() error {
		c.before["node"].Stop()
		return nil
	})
	if err == nil {
		t.Error("a network that does not heal was not caught")
	} else {
		scale.Say("T06", "control \"does not heal\" was caught: %.100s", err)
	}
	if err := c.before["node"].Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.load.settle(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	c.patience = time.Minute
	c.load.careless = true
	for range 8 {
		if _, err = c.under(func() error { return c.suffer(weathers[3], 4*time.Second) }); err == nil {
			err = whole(c.machine, c.load)
		}
		if err != nil {
			scale.Say("T06", "control \"retries under another key\" was caught: %.100s", err)
			return
		}
	}
	t.Error("retries under another key were not caught")
}

// holdsOn takes connections of serve's and gives none back, which must be caught.
func holdsOn(t *testing.T, c *cluster) {
	t.Helper()
	start, err := c.holds()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 * slack {
		conn, err := net.Dial("tcp", strings.TrimPrefix(c.running.web, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if err := c.returns(start, 2*time.Second); err == nil {
		t.Error("connections that are not given back were not caught")
	} else {
		scale.Caught("T06", "connections are not given back", err)
	}
}

// warm lets pools fill before anything is counted.
func warm(t *testing.T, c *cluster) {
	t.Helper()
	if _, err := c.under(func() error {
		pause(t.Context(), time.Second)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// suffer lets the weather last for a while, and then brings the network back.
func (c *cluster) suffer(w weather, lasting time.Duration) error {
	p := c.before[w.before]
	if len(w.toxics) == 0 {
		p.Stop()
		pause(c.t.Context(), lasting)
		return p.Start()
	}
	for _, toxic := range w.toxics {
		if _, err := p.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			return err
		}
	}
	pause(c.t.Context(), lasting)
	p.Toxics.ResetToxics(c.t.Context())
	return nil
}
