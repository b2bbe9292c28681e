package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
)

// Options says how a node is reached and what it allows. The zero value with a Socket works.
type Options struct {
	// Socket is the path of the unix socket to listen on, at most 107 bytes long; empty for none. Its folder is made
	// if need be, and must be open to its owner only: whoever reaches the socket may append.
	Socket string
	// Listen is a TCP address on loopback to listen on as well, such as "127.0.0.1:0"; empty for none. Nobody is asked
	// for credentials there.
	Listen string
	// TestMode allows deletes, tombstones and metadata with a real server's meaning. It is possible only in a folder
	// that was begun with it, and such a folder cannot be opened without it.
	TestMode bool
	// MaxAppendSize bounds the data of one append, in bytes; 0 means 1,048,576, as on a real server. At most 16 MiB.
	MaxAppendSize int
	// Linger is by how much longer than a commit takes the writer waits at most for those who are about to append; 0 means
	// 1 ms, less than 0 that it waits for nobody. A caller who was left alone may be made to wait once or twice.
	Linger time.Duration
	// ScrubRate bounds how many bytes a second are read to find damage in the log before anybody needs it; 0 means 32 MiB.
	ScrubRate int
	// ScrubEvery is how long after the beginning of one such reading the next begins, or at once if that one took longer;
	// 0 means 12 hours. The first begins with the node.
	ScrubEvery time.Duration
	// Logger receives what operators should know: repairs at the start, faults. Nil means none of it.
	Logger *slog.Logger
}

const (
	defaultMaxAppendSize = 1 << 20
	defaultLinger        = time.Millisecond
	longestSocketPath    = 107
)

func (o *Options) check() error {
	switch {
	case o.Socket == "" && o.Listen == "":
		return errors.New("the node needs a socket or an address to listen on")
	case len(o.Socket) > longestSocketPath:
		return fmt.Errorf("the socket path %s has %d bytes; the system allows %d", o.Socket, len(o.Socket), longestSocketPath)
	case o.MaxAppendSize < 0 || o.MaxAppendSize > 16<<20:
		return fmt.Errorf("the largest append is %d bytes; it must lie between 1 and 16 MiB", o.MaxAppendSize)
	case o.ScrubRate < 0 || o.ScrubEvery < 0:
		return errors.New("the log is read again at a rate and at intervals that are not negative")
	}
	if o.MaxAppendSize == 0 {
		o.MaxAppendSize = defaultMaxAppendSize
	}
	if o.Linger == 0 {
		o.Linger = defaultLinger
	}
	if o.ScrubRate == 0 {
		o.ScrubRate = defaultScrubRate
	}
	if o.ScrubEvery == 0 {
		o.ScrubEvery = defaultScrubEvery
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Node is a running event store. Its methods may be called from any goroutine.
type Node struct {
	opts     Options
	id       uuid.UUID
	log      *log
	writer   *writer
	scrubber *scrubber
	server   *grpc.Server
	lock     *os.File
	tcp      net.Addr

	refused chan struct{} // closed when no calls are taken any more
	refuse  sync.Once
	failed  chan error

	mu   sync.Mutex
	drop chan struct{} // closed to end the subscriptions that are open

	stop    sync.Once
	stopErr error
	serving sync.WaitGroup
}

// Start opens the log in dir, which it begins if dir is empty or missing, and serves it until Stop. It returns once
// calls are answered. ctx bounds the opening only. Errors: dir is in use by another node, was begun in the other
// mode, holds somebody else's files, cannot be read, or is damaged (*CorruptError).
func Start(ctx context.Context, dir string, opts Options) (*Node, error) {
	return start(ctx, disk{}, dir, opts, segmentLimit)
}

func start(ctx context.Context, files fileLayer, dir string, opts Options, limit uint64) (*Node, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	if err := checkFolder(files, dir); err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	l, err := openLog(files, dir, limit, opts.TestMode, opts.Logger)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("event store in %s: %w", dir, err)
	}
	n := &Node{
		opts: opts, id: uuid.New(), log: l, writer: newWriter(l, opts.Linger), lock: lock,
		refused: make(chan struct{}), failed: make(chan error, 1), drop: make(chan struct{}),
	}
	n.scrubber = newScrubber(l, opts, n.refused)
	if err := n.scrubber.recheck(); err != nil {
		return nil, errors.Join(err, l.close(false), lock.Close())
	}
	listeners, err := n.listen(ctx)
	if err != nil {
		return nil, errors.Join(err, l.close(false), lock.Close())
	}
	n.server = n.newServer()
	n.serving.Go(n.writer.run)
	n.serving.Go(n.watch)
	n.serving.Go(n.scrubber.run)
	for _, listener := range listeners {
		n.serving.Go(func() { n.server.Serve(listener) })
	}
	return n, nil
}

// makeFolder makes dir and its parents, each durable before anything is put into it: a power cut must not take away
// the folder of a log that was acknowledged.
func makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeFolder(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return disk{}.SyncDir(parent)
}

// checkFolder refuses a folder that holds somebody else's files, before anything in it is touched.
func checkFolder(files fileLayer, dir string) error {
	names, err := files.List(dir)
	if err != nil || slices.Contains(names, formatFile) {
		return err
	}
	for _, name := range names {
		_, segment := segmentBase(name, segmentSuffix) // a log that has lost its format file says so when it is opened
		if name != lockFile && name != formatFile+temporary && !segment {
			return fmt.Errorf("%s is no folder of an event store: it holds %s; give an empty one", dir, name)
		}
	}
	return nil
}

// lockFile keeps other processes out of the folder.
const lockFile = "lock"

// lockFolder makes sure that no other process serves dir. The lock ends with the process.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("event store in %s: another process serves it: %w", dir, err)
	}
	return f, nil
}

func (n *Node) listen(ctx context.Context) ([]net.Listener, error) {
	var listeners []net.Listener
	var config net.ListenConfig
	if n.opts.Socket != "" {
		folder := filepath.Dir(n.opts.Socket)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		info, err := os.Stat(folder)
		if err != nil {
			return nil, err
		}
		if info.Mode().Perm()&0o077 != 0 {
			return nil, fmt.Errorf("the socket's folder %s is open to others than its owner: mode %o, want 700", folder, info.Mode().Perm())
		}
		// Only a process that died leaves one: the folder's lock is ours.
		if err := os.Remove(n.opts.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		listener, err := config.Listen(ctx, "unix", n.opts.Socket)
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, listener)
	}
	if n.opts.Listen != "" {
		listener, err := listenLoopback(ctx, config, n.opts.Listen)
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
			return nil, err
		}
		n.tcp = listener.Addr()
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

func listenLoopback(ctx context.Context, config net.ListenConfig, address string) (net.Listener, error) {
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if at, ok := listener.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		listener.Close()
		return nil, fmt.Errorf("%s is not a loopback address: the node asks nobody for credentials", address)
	}
	return listener, nil
}

// watch ends everything once the writer has met a fault.
func (n *Node) watch() {
	<-n.writer.done
	select {
	case err := <-n.writer.failure:
		n.opts.Logger.Error("the event store has stopped: a write failed and is not tried again", "error", err)
		n.stopCalls()
		n.failed <- fmt.Errorf("event store in %s: %w", n.log.dir, err)
	default:
	}
	close(n.failed)
}

// stopCalls refuses calls from now on and ends the open streams.
func (n *Node) stopCalls() { n.refuse.Do(func() { close(n.refused) }) }

// Failed receives the fault that has stopped the node, if one occurs; it is closed when the node has stopped. After a
// fault every call is refused with Unavailable, and only a new start, after a look at the disk, can help.
func (n *Node) Failed() <-chan error { return n.failed }

// Socket answers the address of the unix socket in the form "unix:///path", or "" if there is none. The official
// client takes it as Configuration.Address.
func (n *Node) Socket() string {
	if n.opts.Socket == "" {
		return ""
	}
	path, err := filepath.Abs(n.opts.Socket)
	if err != nil {
		path = n.opts.Socket
	}
	return "unix://" + path
}

// TCPURL answers the connection string "esdb://HOST:PORT?tls=false", or "" if the node does not listen on TCP.
func (n *Node) TCPURL() string {
	if n.tcp == nil {
		return ""
	}
	return "esdb://" + n.tcp.String() + "?tls=false"
}

// URL answers Socket, or TCPURL if there is no socket.
func (n *Node) URL() string {
	if s := n.Socket(); s != "" {
		return s
	}
	return n.TCPURL()
}

// DropSubscriptions ends every open subscription the way a real server ends those of slow readers: with Aborted.
// Readers must survive it; this is how tests make sure.
func (n *Node) DropSubscriptions() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.drop)
	n.drop = make(chan struct{})
}

func (n *Node) dropped() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.drop
}

// gracePeriod is how long Stop lets open calls end by themselves.
const gracePeriod = 2 * time.Second

// Stop ends open streams with Unavailable, answers the appends that were taken, and closes the log so that the next
// start finds it whole. It may be called more than once; the answer is that of the first call.
func (n *Node) Stop() error {
	n.stop.Do(func() {
		n.stopCalls()
		ended := make(chan struct{})
		go func() {
			n.server.GracefulStop()
			close(ended)
		}()
		timer := time.NewTimer(gracePeriod)
		defer timer.Stop()
		select {
		case <-ended:
		case <-timer.C:
			n.server.Stop()
			<-ended
		}
		n.writer.close()
		n.serving.Wait()
		n.stopErr = errors.Join(n.log.close(!n.writer.failing.Load()), n.lock.Close())
	})
	return n.stopErr
}
