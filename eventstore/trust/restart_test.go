package trust

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"redress/eventstore/trust/scale"
)

// outage is what happens to one dependency while commands come in.
type outage struct {
	what string
	harm func(*cluster) error
}

// away is how long a dependency that was stopped stays away.
const away = 2 * time.Second

var outages = []outage{
	{"the node is killed and comes back", func(c *cluster) error {
		c.stopNode(syscall.SIGKILL)
		return c.startNode()
	}},
	{"the node is stopped for a while", func(c *cluster) error {
		c.stopNode(syscall.SIGTERM)
		pause(c.t.Context(), away)
		return c.startNode()
	}},
	{"PostgreSQL is restarted", func(c *cluster) error {
		if err := c.database.Stop(); err != nil {
			return err
		}
		return c.startDatabase()
	}},
	{"PostgreSQL is away for a while", func(c *cluster) error {
		if err := c.database.Stop(); err != nil {
			return err
		}
		pause(c.t.Context(), away)
		return c.startDatabase()
	}},
	{"PostgreSQL is replaced by another server with a copy of what it held", func(c *cluster) error {
		if err := c.database.Stop(); err != nil {
			return err
		}
		held := filepath.Join(c.dir, "postgres")
		if err := errors.Join(system("cp", "-a", held, held+".copy"), os.RemoveAll(held), os.Rename(held+".copy", held)); err != nil {
			return err
		}
		return c.startDatabase()
	}},
	{"the broker is away for a while", func(c *cluster) error {
		c.stopBroker()
		pause(c.t.Context(), away)
		return c.startBroker()
	}},
	{"the broker is replaced by an empty one", func(c *cluster) error {
		c.stopBroker()
		if err := os.RemoveAll(c.brokerStore()); err != nil {
			return err
		}
		return c.startBroker()
	}},
	{"all of them are restarted", func(c *cluster) error {
		c.stopBroker()
		c.stopNode(syscall.SIGTERM)
		return errors.Join(c.database.Stop(), c.startDatabase(), c.startNode(), c.startBroker())
	}},
}

// TestRestart is T07: each dependency of a serve under load goes away and comes back, or is replaced. Serve stays up.
func TestRestart(t *testing.T) {
	rounds := scale.Of(t, 1, len(outages), 300)
	random := scale.Seeded(t, "T07")
	c := newCluster(t, random)
	warm(t, c)
	start, err := c.holds()
	if err != nil {
		t.Fatal(err)
	}
	slowest := time.Duration(0)
	for n := range rounds {
		o := outages[(n+scale.Of(t, random.IntN(len(outages)), 0, 0))%len(outages)]
		healed, err := c.under(func() error { return o.harm(c) })
		if err != nil {
			t.Fatalf("%s: %v", o.what, err)
		}
		t.Logf("%s: works again after %s", o.what, healed.Round(time.Millisecond))
		slowest = max(slowest, healed)
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
	if err := c.load.proved(rounds); err != nil && !scale.Smoke() {
		t.Fatal(err)
	}
	scale.Say("T07", "%d outages, %d commands acknowledged, %d requests without an answer: 0 lost, 0 applied twice; works again after %s at most",
		rounds, len(c.load.acknowledged()), c.load.tries, slowest.Round(time.Millisecond))
}

// TestRestartControl: a node that comes back with an older copy of its log is caught.
func TestRestartControl(t *testing.T) {
	if scale.Smoke() {
		return
	}
	c := newCluster(t, scale.Seeded(t, "T07-control"))
	c.patience = 2 * soon
	warm(t, c)
	log := filepath.Join(c.dir, "node")
	_, err := c.under(func() error {
		c.stopNode(syscall.SIGTERM)
		if err := os.CopyFS(log+".old", os.DirFS(log)); err != nil {
			return err
		}
		if err := c.startNode(); err != nil {
			return err
		}
		pause(t.Context(), 2*time.Second)
		c.stopNode(syscall.SIGTERM)
		if err := errors.Join(os.RemoveAll(log), os.Rename(log+".old", log)); err != nil {
			return err
		}
		return c.startNode()
	})
	if err == nil {
		err = whole(c.machine, c.load)
	}
	if err == nil {
		t.Error("a log that has gone back was not caught")
		return
	}
	scale.Say("T07", "control \"the log goes back\" was caught: %.200s", fmt.Sprint(err))
}
