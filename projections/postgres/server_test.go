package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// folder is a data folder with the short path of real ones, gone after the test.
func folder(t *testing.T) (dataDir, dir string) {
	t.Helper()
	dataDir, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dataDir); err != nil {
			t.Error(err)
		}
	})
	return dataDir, filepath.Join(dataDir, "postgres")
}

func start(t *testing.T, dir string, opts Options) *Server {
	t.Helper()
	opts.FastUnsafe = true
	s, err := Start(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func query[T any](t *testing.T, conn *pgx.Conn, sql string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func execute(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestARunningServer(t *testing.T) {
	dataDir, dir := folder(t)
	s := start(t, dir, Options{DataDir: dataDir})
	conn := connect(t, s.URL())
	for sql, want := range map[string]string{
		"select current_user::text":       "redress",
		"select current_database()::text": "redress",
		"show data_checksums":             "on",
		"show timezone":                   "UTC",
		"show listen_addresses":           "",
		"show server_encoding":            "UTF8",
		"select datcollate::text from pg_database where datname = current_database()": "C",
		"show is_superuser":    "off",
		"show max_connections": "120",
		"select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()": "redress",
	} {
		if got := query[string](t, conn, sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	if !query[bool](t, conn, `select not (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)
		from pg_roles where rolname = current_user`) {
		t.Error("the application's role has a privilege of the server")
	}
	execute(t, conn, "create table owned (n int)")
	admin := connect(t, s.AdminURL())
	if !query[bool](t, admin, "select rolsuper from pg_roles where rolname = current_user") {
		t.Error("the supervisor is no superuser")
	}
}

// What a client sends, and what an error would say about it, stays out of the log.
func TestTheLogShowsNoValues(t *testing.T) {
	dataDir, dir := folder(t)
	s := start(t, dir, Options{DataDir: dataDir})
	conn := connect(t, s.URL())
	execute(t, conn, "create table names (name text unique)")
	for range 2 {
		_, _ = conn.Exec(t.Context(), "insert into names values ($1)", "Ada Personal") // the second is refused
	}
	_, _ = conn.Exec(t.Context(), "select 'Ada Personal' from nowhere")
	log, err := os.ReadFile(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "duplicate key") {
		t.Errorf("the refusal is not in the log: %s", log)
	}
	if strings.Contains(string(log), "Personal") {
		t.Errorf("a value is in the log: %s", log)
	}
}

func TestARestartKeepsTheData(t *testing.T) {
	dataDir, dir := folder(t)
	first := start(t, dir, Options{DataDir: dataDir})
	execute(t, connect(t, first.URL()), "create table kept as select 42 as n")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-first.Done():
		t.Error("a server that was asked to stop says that it was lost")
	default:
	}
	if _, err := os.Stat(filepath.Join(dir, "socket")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's folder is still there: %v", err)
	}
	second := start(t, dir, Options{DataDir: dataDir})
	if n := query[int](t, connect(t, second.URL()), "select n from kept"); n != 42 {
		t.Errorf("kept %d", n)
	}
}

func TestOneServerToAFolder(t *testing.T) {
	dataDir, dir := folder(t)
	start(t, dir, Options{DataDir: dataDir})
	if _, err := Start(t.Context(), dir, Options{DataDir: dataDir, FastUnsafe: true}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the second start: %v", err)
	}
}

func TestDoneSaysThatTheServerWasLost(t *testing.T) {
	dataDir, dir := folder(t)
	s := start(t, dir, Options{DataDir: dataDir})
	if err := syscall.Kill(s.process.Pid, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if err := s.Stop(); err != nil {
		t.Errorf("Stop of a lost server: %v", err)
	}
	start(t, dir, Options{DataDir: dataDir})
}

// An initdb that was interrupted is begun again; a first start that was interrupted
// before the role and the database is completed.
func TestAnInterruptedFirstStart(t *testing.T) {
	dataDir, dir := folder(t)
	half := filepath.Join(dir, "cluster.unfinished", "base")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, Options{DataDir: dataDir})
	admin := connect(t, s.AdminURL())
	execute(t, admin, "drop database redress")
	execute(t, admin, "drop role redress")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	connect(t, start(t, dir, Options{DataDir: dataDir}).URL())
}

func TestFoldersThatAreLeftAlone(t *testing.T) {
	for _, tt := range []struct{ name, file, text, refusal string }{
		{"another major", "PG_VERSION", "9\n", "made by PostgreSQL 9"},
		{"no version", "PG_VERSION", "none\n", "left alone"},
		{"not PostgreSQL's", "letters.txt", "Dear Sir", "left alone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, dir := folder(t)
			cluster := filepath.Join(dir, "cluster")
			if err := os.MkdirAll(cluster, 0o700); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(cluster, tt.file)
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Start(t.Context(), dir, Options{FastUnsafe: true})
			if err == nil || !strings.Contains(err.Error(), tt.refusal) {
				t.Errorf("error %v, want one that says %q", err, tt.refusal)
			}
			if text, err := os.ReadFile(file); err != nil || string(text) != tt.text {
				t.Errorf("the file is now %q, %v", text, err)
			}
		})
	}
}

func TestTooFewConnections(t *testing.T) {
	_, dir := folder(t)
	if _, err := Start(t.Context(), dir, Options{MaxConnections: 99}); err == nil {
		t.Error("99 connections were accepted")
	}
}

// A path that is too long for a socket gets a folder elsewhere, which goes with the
// server, or with the next one when this was killed.
func TestALongPath(t *testing.T) {
	dataDir, dir := folder(t)
	dir = filepath.Join(dir, strings.Repeat("long", 25))
	s := start(t, dir, Options{DataDir: dataDir})
	connect(t, s.URL())
	elsewhere, err := os.Readlink(filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(elsewhere); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", elsewhere, err)
	}
}

func TestASocketFolderOfTheCallersChoice(t *testing.T) {
	dataDir, dir := folder(t)
	sockets := filepath.Join(dataDir, "s")
	s := start(t, dir, Options{DataDir: dataDir, SocketDir: sockets})
	connect(t, s.URL())
	conn, err := net.Dial("unix", filepath.Join(sockets, ".s.PGSQL."+port))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

// A folder under a closed home is served by its owner, and as root by a user who is
// handed it: never with root's own file rights.
func TestAFolderThatNobodyElseCanReach(t *testing.T) {
	dataDir, dir := folder(t)
	if err := os.Chmod(dataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	var warnings []string
	opts := Options{Warn: func(message string) { warnings = append(warnings, message) }}
	s := start(t, dir, opts)
	execute(t, connect(t, s.URL()), "create table kept as select 42 as n")
	if len(warnings) != 0 {
		t.Errorf("the warnings are %q", warnings)
	}
	info, err := os.Stat(filepath.Join(dir, "cluster"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner == 0 {
		t.Error("the cluster is root's")
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	// The owner of the files decides, also when others could reach the folder by now.
	if err := os.Chmod(dataDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if n := query[int](t, connect(t, start(t, dir, opts).URL()), "select n from kept"); n != 42 {
		t.Errorf("kept %d", n)
	}
}

// Root is the rare case on a council's server. This runs the whole life of a server as
// an ordinary user, with and without a name, in a copy of this test.
func TestAsAnOrdinaryUser(t *testing.T) {
	if os.Getenv("REDRESS_TEST_CHILD") == "ordinary" {
		_, dir := folder(t)
		conn := connect(t, start(t, dir, Options{}).URL())
		if query[string](t, conn, "select current_user::text") != "redress" {
			t.Error("connected as somebody else")
		}
		return
	}
	if os.Geteuid() != 0 {
		return // the other tests do just this
	}
	uids := []int{65001} // has no name
	if nobody, err := user.Lookup("nobody"); err == nil {
		uid, err := strconv.Atoi(nobody.Uid)
		if err != nil {
			t.Fatal(err)
		}
		uids = append(uids, uid)
	}
	home, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	if err := os.Chmod(home, 0o777); err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(home, "test") // go's own build folder is closed to others
	if err := os.WriteFile(program, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, uid := range uids {
		cmd := exec.Command(program, "-test.run=^TestAsAnOrdinaryUser$")
		cmd.Dir = home
		cmd.Env = append(os.Environ(), "REDRESS_TEST_CHILD=ordinary", "TMPDIR="+home)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
		out, err := cmd.CombinedOutput()
		if uid == 65001 && !namespaces(t) {
			// A container that forbids them leaves no way, and the message says what to do.
			if err == nil || !strings.Contains(string(out), "REDRESS_POSTGRES_URL") {
				t.Errorf("without user namespaces, as a user id without a name: %v\n%s", err, out)
			}
		} else if err != nil {
			t.Errorf("as user id %d: %v\n%s", uid, err, out)
		}
	}
}

// namespaces is whether this system lets a process make a user namespace.
func namespaces(t *testing.T) bool {
	t.Helper()
	a, err := inNamespace()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	a.switchTo(cmd.SysProcAttr)
	return cmd.Run() == nil
}

// When Redress is killed its server goes with it, and the next start finds all that
// was committed.
func TestAfterTheParentWasKilled(t *testing.T) {
	if dir := os.Getenv("REDRESS_TEST_FOLDER"); dir != "" {
		s, err := Start(context.Background(), dir, Options{DataDir: os.Getenv("REDRESS_TEST_DATA")}) // with fsync
		if err != nil {
			t.Fatal(err)
		}
		execute(t, connect(t, s.URL()), "create table kept as select 42 as n")
		os.Stdout.WriteString("committed\n")
		<-s.Done() // the parent kills us here
		return
	}
	dataDir, dir := folder(t)
	dir = filepath.Join(dir, strings.Repeat("long", 25)) // so that the socket is elsewhere
	cmd := exec.Command(os.Args[0], "-test.run=^TestAfterTheParentWasKilled$")
	cmd.Env = append(os.Environ(), "REDRESS_TEST_FOLDER="+dir, "REDRESS_TEST_DATA="+dataDir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, len("committed\n"))
	if _, err := io.ReadFull(out, said); err != nil || string(said) != "committed\n" {
		t.Fatalf("the child said %q, %v", said, err)
	}
	left, err := os.Readlink(filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed"

	began := time.Now()
	s := start(t, dir, Options{DataDir: dataDir})
	t.Logf("started again %v after the kill", time.Since(began))
	if n := query[int](t, connect(t, s.URL()), "select n from kept"); n != 42 {
		t.Errorf("kept %d", n)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the killed server's socket folder is still there: %v", err)
	}
}

// After a crash the number in the pid file may belong to any other program.
func TestAPidFileWithAnothersNumber(t *testing.T) {
	dataDir, dir := folder(t)
	s := start(t, dir, Options{DataDir: dataDir})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	stale := strings.Join([]string{strconv.Itoa(os.Getppid()), s.cluster(), "1", port, "/tmp", "", "0 0", "ready"}, "\n")
	if err := os.WriteFile(filepath.Join(s.cluster(), "postmaster.pid"), []byte(stale), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, dir, Options{DataDir: dataDir})
}

func TestFindPrograms(t *testing.T) {
	root := t.TempDir()
	install := func(major string) string {
		bin := filepath.Join(root, major, "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + major + ".3 (Debian " + major + ".3-1)'\n"
		for _, program := range []string{"postgres", "initdb"} {
			if err := os.WriteFile(filepath.Join(bin, program), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return bin
	}
	old, fifteen, seventeen := install("14"), install("15"), install("17")
	here := places{patterns: []string{filepath.Join(root, "*", "bin")}}
	nowhere := places{patterns: []string{filepath.Join(root, "none", "*")}}

	for _, tt := range []struct {
		name, bin string
		major     int
		where     places
		want      string   // a folder, or
		refusal   []string // what the error says
	}{
		{"the highest for a new folder", "", 0, here, seventeen, nil},
		{"the folder's own major", "", 15, here, fifteen, nil},
		{"also an old one", "", 14, here, old, nil},
		{"the folder's own major is missing", "", 16, here, "", []string{"made by PostgreSQL 16", "postgresql-16", "left as it is", "15 in " + fifteen}},
		{"none at all", "", 0, nowhere, "", []string{"apt install postgresql", "REDRESS_PG_BIN", "REDRESS_POSTGRES_URL"}},
		{"only too old ones", "", 0, places{patterns: []string{old}}, "", []string{"apt install postgresql", "14 in " + old}},
		{"named", fifteen, 0, here, fifteen, nil},
		{"named, of another major", seventeen, 15, here, "", []string{"is PostgreSQL 17", "made by PostgreSQL 15"}},
		{"named, too old", old, 0, here, "", []string{"oldest that will do is 15"}},
		{"named, not there", root, 0, here, "", []string{"REDRESS_PG_BIN=" + root, "initdb"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := findPrograms(tt.bin, tt.major, tt.where)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if (err == nil) != (tt.refusal == nil) {
				t.Fatalf("error %v", err)
			}
			if missing := slices.IndexFunc(tt.refusal, func(s string) bool { return !strings.Contains(err.Error(), s) }); missing >= 0 {
				t.Errorf("error %v does not say %q", err, tt.refusal[missing])
			}
		})
	}
}
