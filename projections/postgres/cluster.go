package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// existing is what is known of a data folder before any program is run on it.
type existing struct {
	major    int // 0: there is none yet
	uid, gid int // the owner of PG_VERSION
}

// inspect reads the version and owner of a data folder. A folder that is there but
// has no version is not ours to touch.
func inspect(cluster string) (existing, error) {
	if _, err := os.Stat(cluster); errors.Is(err, os.ErrNotExist) {
		return existing{}, nil
	}
	name := filepath.Join(cluster, "PG_VERSION")
	text, err := os.ReadFile(name)
	if err != nil {
		return existing{}, fmt.Errorf("%s is there but is no data folder of PostgreSQL; it is left alone: %w", cluster, err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || major < 1 {
		return existing{}, fmt.Errorf("%s holds no version number; the folder is left alone", name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return existing{}, err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return existing{major: major, uid: int(owner.Uid), gid: int(owner.Gid)}, nil
}

// lockFolder takes the flock that keeps a second process out. The kernel gives it
// back when this process ends in whatever way; the file stays.
func lockFolder(folder string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.New("another process is using this folder")
		}
		return nil, fmt.Errorf("lock: %w", err)
	}
	return f, nil
}

// create makes the data folder beside its place and moves it there when it is
// complete, so that a half-made one is never taken for real.
func (s *Server) create(ctx context.Context, programs string) error {
	unfinished := s.cluster() + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := os.Mkdir(unfinished, 0o700); err != nil {
		return err
	}
	if err := s.account.own(unfinished); err != nil {
		return err
	}
	args := []string{
		"-D", s.account.sees(unfinished), "-U", adminRole, "--encoding=UTF8", "--locale=C", "--data-checksums",
		"--auth-local=peer", "--auth-host=reject", "--no-instructions",
	}
	if s.opts.FastUnsafe {
		args = append(args, "--no-sync")
	}
	if err := s.runToEnd(ctx, filepath.Join(programs, "initdb"), args...); err != nil {
		return err
	}
	if err := os.Rename(unfinished, s.cluster()); err != nil {
		return err
	}
	return syncFolder(s.folder)
}

// runToEnd runs a program as the server's user. The thread is held so that the
// program dies with us, as the server does.
func (s *Server) runToEnd(ctx context.Context, program string, args ...string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, err := s.account.command(ctx, program, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func syncFolder(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// writeAccess says who may connect: over the socket, the operating-system user that
// runs Redress, as the application's role or as the superuser. It is written at every
// start, because that user may be another one than last time.
func (s *Server) writeAccess() error {
	files := map[string]string{
		"pg_hba.conf": "# Written by Redress at every start.\nlocal all all peer map=redress\n",
		"pg_ident.conf": fmt.Sprintf("# Written by Redress at every start.\nredress %q %s\nredress %q %s\n",
			s.account.peer, appRole, s.account.peer, adminRole),
	}
	for name, text := range files {
		path := filepath.Join(s.cluster(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		if err := s.account.own(path); err != nil {
			return err
		}
	}
	return nil
}

// maxSocketPath is the longest path of a socket that every system takes.
const maxSocketPath = 100

// makeSocketFolder decides where the socket is. The name socket in our folder is
// either that folder itself or a link to it, so that the next start finds and removes
// what a killed process left in the temporary folder.
func (s *Server) makeSocketFolder() error {
	if s.opts.SocketDir != "" {
		if err := os.MkdirAll(s.opts.SocketDir, 0o700); err != nil {
			return err
		}
		s.socket = s.opts.SocketDir
		return s.account.own(s.socket)
	}
	place := s.socketPlace()
	removeSocketFolder(place)
	s.socket = place
	// A comma or a quote would end the name in the server's list of folders.
	if len(place)+len("/.s.PGSQL."+port) > maxSocketPath || strings.ContainsAny(place, `,"`) {
		short, err := os.MkdirTemp("", "redress-")
		if err != nil {
			return err
		}
		s.socket = short
		if err := os.Symlink(short, place); err != nil {
			return err
		}
	} else if err := os.Mkdir(place, 0o700); err != nil {
		return err
	}
	return s.account.own(s.socket)
}

// removeSocketFolder removes the socket's folder and the link to it, where they are.
// Nothing depends on its success: a place that is still taken is reported by the next
// makeSocketFolder.
func removeSocketFolder(place string) {
	if target, err := os.Readlink(place); err == nil && strings.HasPrefix(filepath.Base(target), "redress-") {
		_ = os.RemoveAll(target)
	}
	_ = os.RemoveAll(place)
}

// readPidFile returns the process id and the status in a data folder's
// postmaster.pid, or 0 where there is none or it is not yet complete.
func readPidFile(cluster string) (pid int, status string) {
	text, err := os.ReadFile(filepath.Join(cluster, "postmaster.pid"))
	if err != nil {
		return 0, ""
	}
	lines := strings.Split(string(text), "\n")
	pid, err = strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return 0, ""
	}
	if len(lines) >= 8 {
		status = strings.TrimSpace(lines[7])
	}
	return pid, status
}

// awaitOldServer returns when no process of an earlier server works in the folder.
// We hold the lock, so whatever is there has lost its parent and is about to end.
func awaitOldServer(ctx context.Context, cluster string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		pid, err := oldProcess(cluster)
		if err != nil {
			return err
		}
		if pid == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("an earlier PostgreSQL, process %d, still runs on this folder; end it with SIGINT and start again", pid)
		case <-ticker.C:
		}
	}
}

// ensureDatabase makes the application's role and database where they are missing,
// which also completes a first start that was interrupted between the two.
func (s *Server) ensureDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.AdminURL())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, step := range []struct{ missing, statement string }{
		{
			"select not exists (select from pg_roles where rolname = '" + appRole + "')",
			"create role " + appRole + " login nosuperuser nocreatedb nocreaterole noreplication nobypassrls",
		},
		{
			"select not exists (select from pg_database where datname = '" + appDB + "')",
			"create database " + appDB + " owner " + appRole + " template template0",
		},
	} {
		var missing bool
		if err := conn.QueryRow(ctx, step.missing).Scan(&missing); err != nil {
			return err
		}
		if !missing {
			continue
		}
		if _, err := conn.Exec(ctx, step.statement); err != nil {
			return err
		}
	}
	return nil
}
