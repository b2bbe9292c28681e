package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rogpeppe/go-internal/testscript"

	"redress/docs"
	"redress/projections/postgres/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"redress": main})
}

// TestScripts plays every script of testdata, each with a data folder and a data base of its own. The script `private`
// has no data base: it runs the private PostgreSQL as a user's first start does.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			data := dataFolder(t)
			server := ""
			if name != "private" {
				server = pgtest.URL(t)
			}
			testscript.Run(t, testscript.Params{
				Files: []string{file},
				Setup: func(env *testscript.Env) error {
					env.Setenv("TMPDIR", os.TempDir()) // the work folder is too deep for sockets
					env.Setenv("REDRESS_DATA", data)
					env.Setenv("REDRESS_POSTGRES_URL", server)
					env.Setenv("REDRESS_PG_BIN", os.Getenv("REDRESS_PG_BIN"))
					return unpackSamples(env.WorkDir)
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"exits": exits, "start": start, "end": end, "http": callHTTP, "shape": printShape, "mode": checkMode, "setenv-json": setFromJSON,
					"setenv-file": setFromFile,
				},
			})
		})
	}
}

// dataFolder makes a data folder that the user of the private PostgreSQL can reach. It does not exist yet.
func dataFolder(t testing.TB) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(parent, "data")
}

func unpackSamples(work string) error {
	for _, name := range []string{"fines-made-up.csv", "nyc-311-animals-2025.csv.gz"} {
		content, err := docs.Samples.ReadFile("samples/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(work, name), content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exits CODE PROGRAM ARGS… runs a program that must end with exactly this code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program args...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// process is a verb that runs until it is told to end.
type process struct {
	cmd    *exec.Cmd
	ready  string // the line that it printed
	stderr *bytes.Buffer
	info   runtimeInfo // of serve
}

// startProcess starts a verb as a process of its own and waits for its ready line.
func startProcess(dir string, env []string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command("redress", args...), stderr: new(bytes.Buffer)}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = dir, env, p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if p.ready, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		_ = p.cmd.Wait()
		return nil, fmt.Errorf("%s has ended: %s", args[0], p.stderr)
	}
	_, data, _ := strings.Cut(strings.TrimSpace(p.ready), " data=")
	if text, err := os.ReadFile(runtimePath(data)); err == nil && args[0] == "serve" {
		if err := json.Unmarshal(text, &p.info); err != nil {
			return p, errors.Join(err, p.end(syscall.SIGKILL))
		}
	}
	return p, nil
}

// end signals the process and waits for it.
func (p *process) end(signal syscall.Signal) error {
	_ = p.cmd.Process.Signal(signal)
	return p.cmd.Wait()
}

// started holds the process that each script has started. Scripts run one at a time.
var started = map[*testscript.TestScript]*process{}

// start VERB ARGS… starts serve or node and prints the ready line. Of serve it sets WEB, TOKEN and PID.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || started[ts] != nil {
		ts.Fatalf("usage: start verb args..., one at a time")
	}
	env := os.Environ()
	for _, name := range []string{"REDRESS_DATA", "REDRESS_POSTGRES_URL", "TMPDIR"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	p, err := startProcess(ts.MkAbs("."), env, args...)
	ts.Check(err)
	started[ts] = p
	ts.Defer(func() {
		if started[ts] == p {
			_ = p.end(syscall.SIGTERM)
		}
	})
	ts.Setenv("WEB", p.info.Web)
	ts.Setenv("TOKEN", p.info.OperatorToken)
	ts.Setenv("PID", strconv.Itoa(p.info.PID))
	fmt.Fprint(ts.Stdout(), p.ready)
}

// end [KILL] ends what start has started: in order, which must succeed, or as a power cut would.
func end(ts *testscript.TestScript, neg bool, args []string) {
	p := started[ts]
	if neg || p == nil {
		ts.Fatalf("nothing was started")
	}
	delete(started, ts)
	if len(args) > 0 {
		_ = p.end(syscall.SIGKILL)
		return
	}
	begun := time.Now()
	if err := p.end(syscall.SIGTERM); err != nil {
		ts.Fatalf("%v: %s", err, p.stderr)
	}
	if took := time.Since(begun); took > 15*time.Second {
		ts.Fatalf("took %s to end", took)
	}
}

// http METHOD PATH [@FILE] [Name:value…] calls the served system with $TOKEN and prints status line, type and body. With
// a leading ! the answer must be a refusal.
func callHTTP(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: http method path [@file] [Name:value...]")
	}
	var body io.Reader
	header := http.Header{"Content-Type": {"application/json"}}
	if token := ts.Getenv("TOKEN"); token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	for _, arg := range args[2:] {
		if file, ok := strings.CutPrefix(arg, "@"); ok {
			body = strings.NewReader(ts.ReadFile(file))
		} else if name, value, ok := strings.Cut(arg, ":"); ok {
			header.Set(name, value)
		}
	}
	request, err := http.NewRequest(args[0], ts.Getenv("WEB")+args[1], body)
	ts.Check(err)
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	text, err := io.ReadAll(response.Body)
	ts.Check(errors.Join(err, response.Body.Close()))
	fmt.Fprintf(ts.Stdout(), "%s\n%s\n%s\n", response.Status, response.Header.Get("Content-Type"), text)
	if refused := response.StatusCode >= 400; refused != neg {
		ts.Fatalf("answer %s: %s", response.Status, text)
	}
}

// shape FILE prints the keys of a JSON document, each with the type of its value: what other programs rely on.
func printShape(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shape file")
	}
	var document any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &document))
	lines := slices.Collect(func(yield func(string) bool) { outline("", document, func(line string) { yield(line) }) })
	slices.Sort(lines)
	fmt.Fprintln(ts.Stdout(), strings.Join(slices.Compact(lines), "\n"))
}

func outline(path string, value any, line func(string)) {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			line(path + " object")
		}
		for key, member := range v {
			outline(path+"."+key, member, line)
		}
	case []any:
		line(path + " list")
		for _, item := range v {
			outline(path+"[]", item, line)
		}
	case string:
		line(path + " string")
	case float64:
		line(path + " number")
	case bool:
		line(path + " bool")
	case nil:
		line(path + " null")
	}
}

// mode FILE PERMISSIONS checks a file's permissions.
func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); (got == args[1]) == neg {
		ts.Fatalf("%s has mode %s", args[0], got)
	}
}

// setenv-json NAME FILE KEY sets a variable to a member of a JSON document, KEY being such as as_at.time or cases.0.
func setFromJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: setenv-json name file key")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &value))
	for key := range strings.SplitSeq(args[2], ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			at, err := strconv.Atoi(key)
			ts.Check(err)
			value = v[at]
		}
	}
	if number, ok := value.(float64); ok {
		ts.Setenv(args[0], strconv.FormatFloat(number, 'f', -1, 64))
		return
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// setenv-file NAME FILE sets a variable to what stands in a file.
func setFromFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: setenv-file name file")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}
