package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	appRole   = "redress"       // owns the database, no superuser
	adminRole = "redress_admin" // the superuser that initdb makes, for the supervisor only
	appDB     = "redress"
	port      = "5432" // part of the socket's name; nothing listens on it

	defaultConnections = 120
	minConnections     = 100

	// patience is how long Start waits for the processes of an earlier server to go,
	// and Stop for each of its signals to be obeyed.
	patience = 10 * time.Second
	tick     = 10 * time.Millisecond
)

// Options are the choices that an operator or a test has. The zero value is the
// normal server.
type Options struct {
	// BinDir is the folder of the programs initdb and postgres (REDRESS_PG_BIN).
	// Empty: the usual places are searched.
	BinDir string

	// SocketDir is an existing or new folder for the socket. Empty: inside the
	// server's folder, or a fresh one in the temporary folder where the path would be
	// too long.
	SocketDir string

	// DataDir is the Redress data folder that the server's folder lies in. Started as
	// root, it and what lies between are given search permission for others (0711), so
	// that the user whom PostgreSQL runs as can reach its own folder. Empty: nothing
	// above the server's folder is changed, and where that user cannot reach it the
	// server is handed the folder open.
	DataDir string

	// MaxConnections is how many sessions the server allows: at least 100; 0 means 120.
	MaxConnections int

	// FastUnsafe switches off every wait for the disk. A crash of the machine then
	// destroys the data: for tests only.
	FastUnsafe bool

	// Warn is told, in one sentence each, of things that work but should be changed.
	// Nil: nobody is told.
	Warn func(message string)
}

// Server is a running private PostgreSQL. Its methods may be called from any
// goroutine.
type Server struct {
	folder  string // what Start was given, absolute
	socket  string // the folder of the socket as clients name it
	opts    Options
	account account
	lock    *os.File

	process  *os.Process
	stopping atomic.Bool
	exited   chan struct{} // closed when the process has ended, for whatever reason
	exitErr  error         // readable after exited
	lost     chan struct{} // closed when it ended without having been asked

	stopOnce sync.Once
	stopErr  error
}

// Start makes the server in folder dir where there is none yet, starts it and
// returns when it accepts connections and has its role and database. The context
// bounds the starting only. The errors say what an operator can do.
//
// A crash during the first start leaves either nothing that counts or a complete
// folder; a crash later is repaired by PostgreSQL's own recovery at the next start.
func Start(ctx context.Context, dir string, opts Options) (*Server, error) {
	if opts.MaxConnections == 0 {
		opts.MaxConnections = defaultConnections
	}
	if opts.MaxConnections < minConnections {
		return nil, fmt.Errorf("postgres: %d connections are too few, the least is %d", opts.MaxConnections, minConnections)
	}
	folder, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	// Links are resolved so that the folder has the name the kernel shows for processes.
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &Server{folder: folder, opts: opts, exited: make(chan struct{}), lost: make(chan struct{})}
	if err := s.start(ctx); err != nil {
		if s.process != nil {
			err = errors.Join(err, s.Stop())
		} else {
			s.release()
		}
		return nil, fmt.Errorf("postgres in %s: %w", folder, err)
	}
	return s, nil
}

// start does the work of Start in the only order that is safe: lock, know the
// folder, know the programs, know the user, see the old server gone, and only then
// write anything.
func (s *Server) start(ctx context.Context) error {
	var err error
	if s.lock, err = lockFolder(s.folder); err != nil {
		return err
	}
	found, err := inspect(s.cluster())
	if err != nil {
		return err
	}
	programs, err := findPrograms(s.opts.BinDir, found.major, usualPlaces)
	if err != nil {
		return err
	}
	if err := openPath(s.folder, s.opts.DataDir); err != nil {
		return err
	}
	if s.account, err = chooseAccount(programs, s.folder, found); err != nil {
		return err
	}
	if s.account.warning != "" && s.opts.Warn != nil {
		s.opts.Warn(s.account.warning)
	}
	if err := awaitOldServer(ctx, s.cluster()); err != nil {
		return err
	}
	if found.major == 0 {
		if err := s.create(ctx, programs); err != nil {
			return err
		}
	}
	if err := s.writeAccess(); err != nil {
		return err
	}
	if err := s.makeSocketFolder(); err != nil {
		return err
	}
	if err := s.launch(programs); err != nil {
		return err
	}
	if err := s.awaitReady(ctx); err != nil {
		return err
	}
	return s.ensureDatabase(ctx)
}

// URL is the connection string of the application's role, the owner of the database.
func (s *Server) URL() string { return s.urlFor(appRole, appDB) }

// AdminURL is the connection string of the server's superuser. It is for whoever
// makes and drops databases or copies the whole server; nothing that answers a
// request uses it.
func (s *Server) AdminURL() string { return s.urlFor(adminRole, "postgres") }

func (s *Server) urlFor(role, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database}
	u.RawQuery = url.Values{"host": {s.socket}, "port": {port}}.Encode()
	return u.String()
}

// Done is closed when the server ends without having been asked to by Stop.
func (s *Server) Done() <-chan struct{} { return s.lost }

// Stop ends the server: sessions are broken off and everything is written out; when
// that takes longer than ten seconds it is ended without, which costs a recovery at
// the next start and no data. Later calls return the answer of the first.
func (s *Server) Stop() error {
	s.stopOnce.Do(func() {
		s.stopping.Store(true)
		s.stopErr = s.end()
		s.release()
	})
	return s.stopErr
}

// end sends the signals of Stop and waits for each.
func (s *Server) end() error {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		// An error means that it has gone already; exited says so.
		_ = s.process.Signal(signal)
		select {
		case <-s.exited:
			return nil
		case <-time.After(patience):
		}
	}
	return fmt.Errorf("postgres in %s: process %d does not end", s.folder, s.process.Pid)
}

// release gives back what outlives the process: the socket's folder and the lock.
func (s *Server) release() {
	if s.socket != "" && s.opts.SocketDir == "" {
		removeSocketFolder(s.socketPlace())
	}
	if s.account.door != nil {
		_ = s.account.door.Close()
	}
	if s.lock != nil {
		_ = s.lock.Close()
	}
}

func (s *Server) cluster() string     { return filepath.Join(s.folder, "cluster") }
func (s *Server) socketPlace() string { return filepath.Join(s.folder, "socket") }
func (s *Server) logFile() string     { return filepath.Join(s.folder, "server.log") }

// launch starts the server process. Nothing a client sends reaches its log: neither
// statements nor the values in the details of an error.
func (s *Server) launch(programs string) error {
	args := []string{"-D", s.account.sees(s.cluster()), "-k", s.account.sees(s.socket)}
	for _, setting := range []string{
		"listen_addresses=", "port=" + port, "unix_socket_permissions=0700",
		"max_connections=" + strconv.Itoa(s.opts.MaxConnections),
		"timezone=UTC", "log_timezone=UTC", "logging_collector=off", "log_destination=stderr",
		"log_error_verbosity=terse", "log_min_error_statement=panic", "log_statement=none",
	} {
		args = append(args, "-c", setting)
	}
	if s.opts.FastUnsafe {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	if err := os.Rename(s.logFile(), s.logFile()+".1"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	log, err := os.OpenFile(s.logFile(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()

	cmd := s.account.command(context.Background(), filepath.Join(programs, "postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	started := make(chan error, 1)
	go s.supervise(cmd, started)
	return <-started
}

// supervise starts the process and waits for its end on one thread, which it holds
// all the while: the kernel's signal at the parent's death is really sent at the
// death of the thread that started the child.
func (s *Server) supervise(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	s.process = cmd.Process
	started <- nil
	s.exitErr = cmd.Wait()
	close(s.exited)
	if !s.stopping.Load() {
		close(s.lost)
	}
}

// awaitReady returns when the process we started, and no other, says in its pid file
// that it accepts connections. Recovery after a crash may take long: only the context
// ends the wait.
func (s *Server) awaitReady(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if pid, status := readPidFile(s.cluster()); pid == s.process.Pid && status == "ready" {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("the server ended while starting (%v): %s", s.exitErr, s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server to accept connections: %w", context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// lastWords is the end of the server's log on one line, for an error message.
func (s *Server) lastWords() string {
	text, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], " | ")
}
