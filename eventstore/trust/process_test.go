package trust

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// machine is a data folder, the binary that works on it, and the `redress serve` that runs, if one does.
type machine struct {
	t      *testing.T
	data   string
	binary string
	env    []string // beside the test's own
	serve  []string // further arguments of serve
	under  []string // the program, with its arguments, that serve is run under

	running *process
}

// process is a running `redress serve` or `redress node`.
type process struct {
	cmd    *exec.Cmd
	pid    int // of serve itself, where it runs under another program
	web    string
	token  string // the operator's
	nats   string
	stderr *output
	ended  chan struct{} // closed when it has ended
	err    error         // with what; readable after ended
}

// output keeps the end of what a process says.
type output struct {
	mu   sync.Mutex
	text []byte
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	if len(o.text) > 512<<10 {
		o.text = bytes.Clone(o.text[len(o.text)-256<<10:])
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

func newMachine(t *testing.T, data, tag string) *machine {
	m := &machine{t: t, data: data, binary: redress(t, tag), serve: []string{"--nats-listen", "127.0.0.1:0"}}
	t.Cleanup(m.kill)
	return m
}

// startPatience is how long a start may take, recovery included.
const startPatience = time.Minute

// launch starts a program of ours and waits for its ready line, which it answers.
func launch(cmd *exec.Cmd) (p *process, line string, err error) {
	p = &process{cmd: cmd, stderr: new(output), ended: make(chan struct{})}
	cmd.Stderr, cmd.SysProcAttr = p.stderr, orphaned()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- line
		p.err = cmd.Wait()
		close(p.ended)
	}()
	patience, cancel := awake(context.Background(), startPatience)
	defer cancel()
	select {
	case line = <-said:
		if strings.HasPrefix(line, "ready ") {
			return p, line, nil
		}
		<-p.ended
		return nil, "", fmt.Errorf("it ended while it started: %v\n%s", p.err, p.stderr)
	case <-patience.Done():
		return nil, "", fmt.Errorf("it is not ready after %s\n%s", startPatience, p.doing())
	}
}

// start runs serve and waits for its ready line.
func (m *machine) start() error {
	args := append(append(append([]string{}, m.under...), m.binary, "serve", "--data", m.data), m.serve...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), m.env...)
	p, _, err := launch(cmd)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	m.running = p
	return p.addresses(m.data)
}

// addresses reads runtime.json.
func (p *process) addresses(data string) error {
	text, err := os.ReadFile(filepath.Join(data, "runtime.json"))
	if err != nil {
		return err
	}
	var info struct {
		PID   int     `json:"pid"`
		Web   string  `json:"web"`
		Token string  `json:"operator_token"`
		NATS  *string `json:"nats"`
	}
	if err := json.Unmarshal(text, &info); err != nil {
		return err
	}
	p.pid, p.web, p.token = info.PID, info.Web, info.Token
	if info.NATS != nil {
		p.nats = *info.NATS
	}
	return nil
}

// end signals the process and waits until it is gone.
func (p *process) end(signal syscall.Signal) error {
	pid := p.cmd.Process.Pid
	if p.pid != 0 {
		pid = p.pid
	}
	select {
	case <-p.ended:
	default:
		_ = syscall.Kill(pid, signal) // it may have gone in between
	}
	<-p.ended
	return p.err
}

// doing ends the process and answers what it said, and what each of its goroutines was doing.
func (p *process) doing() *output {
	_ = p.end(syscall.SIGQUIT)
	return p.stderr
}

// kill is kill -9; a serve that does not run is left alone.
func (m *machine) kill() {
	if m.running != nil {
		_ = m.running.end(syscall.SIGKILL)
		m.running = nil
	}
}

// gaveUp makes sure that serve has ended by itself, and with an error.
func (m *machine) gaveUp() error {
	p := m.running
	m.running = nil
	select {
	case <-p.ended:
	default:
		return fmt.Errorf("%w\n%s", errGoesOn, p.doing())
	}
	if p.err == nil {
		return errors.New("serve ended as if nothing had happened")
	}
	return nil
}

// stop ends serve in order, which must succeed.
func (m *machine) stop() error {
	p := m.running
	m.running = nil
	if err := p.end(syscall.SIGTERM); err != nil {
		return fmt.Errorf("serve did not end in order: %w\n%s", err, p.stderr)
	}
	return nil
}

// mustStart starts serve or ends the test.
func (m *machine) mustStart() {
	m.t.Helper()
	if err := m.start(); err != nil {
		m.t.Fatal(err)
	}
}

// verb runs another verb on the machine and returns what it prints. Exit code 4, findings, is no error here: the answer
// says so.
func (m *machine) verb(args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(m.t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, m.binary, append(args, "--data", m.data)...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = append(os.Environ(), m.env...), &stderr
	out, err := cmd.Output()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ended.ExitCode() == 4 {
		err = nil
	}
	if err != nil {
		return out, fmt.Errorf("redress %s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out, nil
}

// clean runs verify and projections check, and says what they find.
func (m *machine) clean() error {
	for _, check := range [][]string{{"verify"}, {"projections", "check"}} {
		text, err := m.verb(append(check, "--format", "json")...)
		if err != nil {
			return err
		}
		var result struct {
			OK bool `json:"ok"`
		}
		if err := json.Unmarshal(text, &result); err != nil {
			return fmt.Errorf("redress %s: %w\n%s", strings.Join(check, " "), err, text)
		}
		if !result.OK {
			return fmt.Errorf("redress %s finds:\n%s", strings.Join(check, " "), text)
		}
	}
	return nil
}

// event is one event of the log, as `export events` writes it.
type event struct {
	Position uint64    `json:"position"`
	Stream   string    `json:"stream"`
	Revision uint64    `json:"revision"`
	ID       uuid.UUID `json:"id"`
	Type     string    `json:"type"`
}

// events returns the log from a position on.
func (m *machine) events(from uint64) ([]event, error) {
	text, err := m.verb("export", "events", "--from", strconv.FormatUint(from, 10))
	if err != nil {
		return nil, err
	}
	var all []event
	for line := range bytes.Lines(text) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}
