package trust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"redress/projections/postgres"
)

// cluster is a serve whose event store, data base and broker run apart from it, each behind a proxy at an address that
// stays.
type cluster struct {
	*machine
	dir  string
	load *load

	patience time.Duration // after which nothing is expected to work again any more

	node     *process
	nodeAt   string // its address
	database *postgres.Server
	broker   *natsserver.Server
	brokerAt int // its port

	before map[string]proxy // by the name of what stands behind
}

func newCluster(t *testing.T, random *rand.Rand) *cluster {
	t.Helper()
	dir := folder(t)
	c := &cluster{machine: newMachine(t, filepath.Join(dir, "data"), ""), dir: dir, patience: time.Minute, nodeAt: "127.0.0.1:0", brokerAt: natsserver.RANDOM_PORT, before: map[string]proxy{}}
	for _, start := range []func() error{c.startNode, c.startDatabase, c.startBroker} {
		if err := start(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		c.kill() // first of all: whatever it leans on goes now
		c.stopNode(syscall.SIGTERM)
		c.stopBroker()
		if err := c.database.Stop(); err != nil {
			t.Error(err)
		}
	})
	c.before["node"] = newProxy(t, c.nodeAt)
	c.before["postgres"] = newProxy(t, relay(t, filepath.Join(dir, "socket", ".s.PGSQL.5432")))
	c.before["nats"] = newProxy(t, fmt.Sprintf("127.0.0.1:%d", c.brokerAt))
	c.serve = nil
	c.env = []string{
		"REDRESS_EVENTSTORE_URL=esdb://" + c.before["node"].Listen + "?tls=false",
		"REDRESS_POSTGRES_URL=postgres://redress@" + c.before["postgres"].Listen + "/redress?sslmode=disable",
		"REDRESS_NATS_URL=nats://" + c.before["nats"].Listen,
	}
	c.mustStart()
	var err error
	if c.load, err = newLoad(c.machine, random); err != nil {
		t.Fatal(err)
	}
	return c
}

// startNode runs `redress node` at the address that it had before.
func (c *cluster) startNode() (err error) {
	c.node, c.nodeAt, err = startAlone(c.binary, filepath.Join(c.dir, "node"), c.nodeAt)
	return err
}

func (c *cluster) stopNode(signal syscall.Signal) {
	_ = c.node.end(signal) // killed or not, it is gone
}

func (c *cluster) startDatabase() (err error) {
	c.database, err = postgres.Start(c.t.Context(), filepath.Join(c.dir, "postgres"), postgres.Options{
		BinDir: os.Getenv("REDRESS_PG_BIN"), DataDir: c.dir, SocketDir: filepath.Join(c.dir, "socket"),
	})
	return err
}

func (c *cluster) startBroker() error {
	var err error
	c.broker, err = natsserver.NewServer(&natsserver.Options{
		ServerName: "trust", Host: "127.0.0.1", Port: c.brokerAt, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: c.brokerStore(), SyncAlways: true,
	})
	if err != nil {
		return err
	}
	c.broker.Start()
	if !c.broker.ReadyForConnections(10 * time.Second) {
		return errors.New("the broker does not become ready")
	}
	c.brokerAt = c.broker.Addr().(*net.TCPAddr).Port
	return nil
}

func (c *cluster) brokerStore() string { return filepath.Join(c.dir, "nats") }

func (c *cluster) stopBroker() {
	c.broker.Shutdown()
	c.broker.WaitForShutdown()
}

// relay lets TCP connections through to a unix socket: PostgreSQL knows its callers by the system's word only.
func relay(t *testing.T, socket string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	pass := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		_, _ = io.Copy(to, from) // either end may break it off
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", socket)
			if err != nil {
				client.Close()
				continue
			}
			go pass(server, client)
			go pass(client, server)
		}
	}()
	return listener.Addr().String()
}

// soon is how soon everything must work again once the harm has ended.
const soon = 5 * time.Second

// heals makes sure that soon a new command is accepted and a reader sees what it did. On a machine that is busy with other
// things as well, soon is twenty times what the same takes when nothing is broken.
func (c *cluster) heals() (time.Duration, error) {
	took, err := c.works()
	if err != nil || took <= soon {
		return took, err
	}
	calm, err := c.works()
	if err == nil && took > 20*calm {
		err = fmt.Errorf("it took %s until everything worked again, and takes %s when nothing is broken", took, calm)
	}
	return took, err
}

// works measures how long it takes until a new command is accepted and a reader sees what it did.
func (c *cluster) works() (time.Duration, error) {
	began := time.Now()
	ctx, cancel := awake(c.t.Context(), c.patience)
	defer cancel()
	call := c.load.begin("ReceiveFeedback", c.load.complaint())
	for !c.load.send(ctx, call) {
		if !pause(ctx, 20*time.Millisecond) {
			return c.patience, fmt.Errorf("%s after the end of the harm no command is accepted\n%s", c.patience, c.running.stderr)
		}
	}
	if call.answer == nil {
		return 0, c.load.fault()
	}
	for !c.seen(ctx, call) {
		if !pause(ctx, 20*time.Millisecond) {
			return c.patience, fmt.Errorf("%s after the end of the harm a case that was opened is not seen\n%s", c.patience, c.running.stderr)
		}
	}
	return time.Since(began), nil
}

// seen reports whether a reader finds the case that a call has opened.
func (c *cluster) seen(ctx context.Context, call *call) bool {
	path := fmt.Sprintf("/api/cases/%s?wait=%d", call.answer.Case, call.answer.Events[0].Position)
	text, err := c.get(ctx, path)
	return err == nil && strings.Contains(text, call.answer.Case.String())
}

func (c *cluster) get(ctx context.Context, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.running.web+path, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+c.running.token)
	response, err := c.load.client.Do(request)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %d", path, response.StatusCode)
	}
	return string(text), nil
}

// holding is what a serve holds on to.
type holding struct{ goroutines, files int }

// holds asks serve itself.
func (c *cluster) holds() (holding, error) {
	c.load.client.CloseIdleConnections()
	text, err := c.get(c.t.Context(), "/metrics")
	if err != nil {
		return holding{}, err
	}
	var h holding
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "go_goroutines":
			h.goroutines = int(n)
		case "process_open_fds":
			h.files = int(n)
		}
	}
	return h, nil
}

// slack is by how much goroutines and files may differ from the start: connections come and go in the pools.
const slack = 12

// settled is a time in which idle connections end.
const settled = 40 * time.Second

// returns makes sure that serve comes back to what it held at the start.
func (c *cluster) returns(to holding, within time.Duration) error {
	ctx, cancel := awake(c.t.Context(), within)
	defer cancel()
	for {
		now, err := c.holds()
		if err != nil {
			return err
		}
		if now.goroutines <= to.goroutines+slack && now.files <= to.files+slack {
			return nil
		}
		if !pause(ctx, 200*time.Millisecond) {
			return fmt.Errorf("%d goroutines and %d files are left; at the start there were %d and %d", now.goroutines, now.files, to.goroutines, to.files)
		}
	}
}

// under puts load on while harm is done, and then lets the system heal and settle.
func (c *cluster) under(harm func() error) (time.Duration, error) {
	ctx, cancel := context.WithCancel(c.t.Context())
	loaded := make(chan struct{})
	go func() {
		c.load.run(ctx)
		close(loaded)
	}()
	pause(ctx, 300*time.Millisecond)
	err := harm()
	var healed time.Duration
	if err == nil {
		healed, err = c.heals()
	}
	cancel()
	<-loaded
	if err != nil {
		return healed, err
	}
	return healed, c.load.settle(c.t.Context(), 50)
}
