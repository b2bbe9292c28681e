package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/node"
)

// proxy stands between client and server and loses what passes, once, by cutting the connection.
type proxy struct {
	net.Listener
	server string
	// loseRequests and loseAnswers, when set, cut the connection at the next bytes of that direction instead of passing
	// them on, and are cleared by it.
	loseRequests, loseAnswers atomic.Bool
	cut                       chan struct{} // told of each cut
	// hold, where it is set, is waited for between the loss and the cut: what is sent meanwhile the other way arrives.
	hold chan struct{}
	node *node.Node
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &proxy{Listener: listener, server: server, cut: make(chan struct{}, 100)}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	go p.pass(server, client, &p.loseRequests)
	p.pass(client, server, &p.loseAnswers)
}

func (p *proxy) pass(to, from net.Conn, lose *atomic.Bool) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && lose.CompareAndSwap(true, false) {
			if p.hold != nil {
				<-p.hold
			}
			p.cut <- struct{}{}
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// throughProxy starts a node on TCP and opens its log twice: through a proxy, and directly.
func throughProxy(t *testing.T) (p *proxy, through, direct *eventstore.Store) {
	t.Helper()
	return throughProxyTo(t, t.TempDir())
}

// throughProxyTo is throughProxy with a log in dir.
func throughProxyTo(t *testing.T, dir string) (p *proxy, through, direct *eventstore.Store) {
	t.Helper()
	at := newPlace(t)
	n, err := node.Start(t.Context(), dir, node.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop() })
	server := n.TCPURL()[len("esdb://") : len(n.TCPURL())-len("?tls=false")]
	p = newProxy(t, server)
	p.node = n
	for url, s := range map[string]**eventstore.Store{"esdb://" + p.Addr().String() + "?tls=false": &through, n.TCPURL(): &direct} {
		if *s, err = eventstore.Open(t.Context(), eventstore.Config{URL: url, Vault: at.vault}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup((*s).Close)
	}
	return p, through, direct
}

// An answer that was lost is found by sending the same again.
func TestALostAnswerIsFound(t *testing.T) {
	p, through, direct := throughProxy(t)
	for i := range 3 {
		p.loseAnswers.Store(true)
		mustAppend(t, through, "refs-a-2026", eventstore.Next(uint64(2*i)), propose(uuid.New(), block(2*i+1), block(2*i+2)))
		<-p.cut
	}
	if records := read(t, direct, "refs-a-2026"); len(records) != 6 {
		t.Errorf("the stream has %d events, want 6", len(records))
	}
}

// A request that was lost while somebody else wrote is a conflict, and nothing of it stands in the log.
func TestALostRequestMeetsAConflict(t *testing.T) {
	p, through, direct := throughProxy(t)
	p.loseRequests.Store(true)
	refused := make(chan error)
	go func() {
		_, err := through.Append(t.Context(), "refs-a-2026", eventstore.NoStream, propose(uuid.New(), block(1)))
		refused <- err
	}()
	<-p.cut
	// Through's next attempt comes a second later at the earliest.
	mustAppend(t, direct, "refs-a-2026", eventstore.NoStream, propose(uuid.New(), block(7)))
	if _, conflict := errors.AsType[*eventstore.Conflict](<-refused); !conflict {
		t.Error("no conflict")
	}
	if records := read(t, direct, "refs-a-2026"); len(records) != 1 {
		t.Errorf("the stream has %d events", len(records))
	}
}

// An append whose answer was lost, and which is refused when it is sent again because damage was found meanwhile, may have
// been done: that it was not would be a lie.
func TestALostAnswerBeforeDamage(t *testing.T) {
	at, dir := newPlace(t), t.TempDir()
	n, err := node.Start(t.Context(), dir, node.Options{Listen: "127.0.0.1:0", ScrubEvery: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop() })
	p := newProxy(t, strings.TrimSuffix(strings.TrimPrefix(n.TCPURL(), "esdb://"), "?tls=false"))
	p.hold = make(chan struct{})
	open := func(address string) *eventstore.Store {
		s, err := eventstore.Open(t.Context(), eventstore.Config{URL: "esdb://" + address + "?tls=false", Vault: at.vault})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	s, direct := open(p.Addr().String()), open(p.server)
	first := mustAppend(t, s, "refs-a-2025", eventstore.NoStream, propose(uuid.New(), block(1)))
	p.loseAnswers.Store(true)
	refused := make(chan error)
	go func() {
		_, err := s.Append(t.Context(), "refs-a-2026", eventstore.NoStream, propose(uuid.New(), block(1)))
		refused <- err
	}()
	for len(read(t, direct, "refs-a-2026")) == 0 {
		runtime.Gosched()
	}
	close(p.hold)
	<-p.cut
	segment, err := os.OpenFile(filepath.Join(dir, "00000000000000000000.log"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := segment.WriteAt([]byte("damage"), int64(first.Position)+40); err != nil || segment.Close() != nil {
		t.Fatal(err)
	}
	if err := <-refused; !errors.Is(err, eventstore.ErrUnknownOutcome) || n.Damage() == nil {
		t.Errorf("refused with %v; found %v", err, n.Damage())
	}
	if _, err := s.Append(t.Context(), "refs-a-2027", eventstore.NoStream, propose(uuid.New(), block(1))); !errors.Is(err, eventstore.ErrDamaged) {
		t.Errorf("an append that was never sent before: %v", err)
	}
}

// What breaks off in the middle of a reading is an error, not an end.
func TestABrokenReadingIsNoEnd(t *testing.T) {
	p, through, direct := throughProxy(t)
	for i := range 50 {
		mustAppend(t, direct, "refs-a-2026", eventstore.Next(uint64(i)), propose(uuid.New(), block(i+1)))
	}
	n := 0
	for r, err := range through.Read(t.Context(), "refs-a-2026", 0) {
		if err != nil {
			return
		}
		if n == 0 {
			p.loseAnswers.Store(true)
		}
		if r.Revision != uint64(n) {
			t.Fatalf("revision %d in place %d", r.Revision, n)
		}
		n++
	}
	if n != 50 {
		t.Errorf("the reading ended after %d events of 50 without an error", n)
	}
}

// The log is read to its end although the connection breaks on the way.
func TestReadAllGoesOnAfterABreak(t *testing.T) {
	p, through, direct := throughProxy(t)
	const streams, each = 20, 200
	for i := range streams {
		var events []domain.Event
		for j := range each {
			events = append(events, block(i*each+j+1))
		}
		mustAppend(t, direct, fmt.Sprintf("refs-a-%04d", i), eventstore.NoStream, propose(uuid.New(), events...))
	}
	n := 0
	for r, err := range through.ReadAll(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; r.Event.(domain.ReferencesReserved).From != n {
			t.Fatalf("event %d in place %d", r.Event.(domain.ReferencesReserved).From, n)
		}
		if n == 1 || n == streams*each/2 {
			p.loseAnswers.Store(true)
		}
	}
	if n != streams*each {
		t.Errorf("read %d events of %d", n, streams*each)
	}
}

// A store that is closed leaves nothing running.
func TestCloseLeavesNothing(t *testing.T) {
	p := newPlace(t)
	ignored := goleak.IgnoreCurrent()
	for range 2 {
		s, err := eventstore.Open(t.Context(), eventstore.Config{URL: p.socket, Vault: p.vault})
		if err != nil {
			t.Fatal(err)
		}
		mustAppend(t, s, "refs-"+uuid.NewString(), eventstore.NoStream, propose(uuid.New(), block(1)))
		for range s.ReadAll(t.Context(), 0, 0) {
			break
		}
		s.Close()
	}
	goleak.VerifyNone(t, ignored)
}

// Whoever gives up waiting for a server that is away leaves nothing running either.
func TestGivingUpLeavesNothing(t *testing.T) {
	p := newPlace(t)
	ignored := goleak.IgnoreCurrent()
	away := "unix://" + filepath.Join(t.TempDir(), "nobody")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := eventstore.Open(ctx, eventstore.Config{URL: away, Vault: p.vault}); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Fatalf("%v, want that the log does not answer", err)
	}
	goleak.VerifyNone(t, ignored)
}
