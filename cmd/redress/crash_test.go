package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"redress/commands/legacy"
	"redress/projections/postgres/pgtest"
)

var (
	kills     = flag.Int("kills", 3, "how often TestImportSurvivesKill kills")
	killSeed  = flag.Uint64("killseed", uint64(time.Now().UnixNano()), "seed of the moments at which it kills")
	killCases = 3000
)

// TestImportSurvivesKill kills serve without warning in the middle of an import, again and again, starts it and imports
// again until an import comes to its end. Then everything is there exactly once: the same totals as of a single import
// into an empty folder, a clean log, and read models that equal it.
func TestImportSurvivesKill(t *testing.T) {
	t.Logf("seed %d: repeat with -killseed", *killSeed)
	random := rand.New(rand.NewPCG(*killSeed, 9))
	file := filepath.Join(t.TempDir(), "fines.csv")
	rows := writeFines(t, file, killCases, random)

	alone := newMachine(t)
	single := alone.importing(file)
	if single.Rows != rows || single.Imported != rows || single.Cases != killCases || single.Events != rows+killCases {
		t.Fatalf("a single import of %d rows: %+v", rows, single)
	}

	m := newMachine(t)
	whole := 4 * time.Second // about how long an import takes; the moments are spread over it
	for killed := 0; ; {
		served, err := startProcess("", m.env, "serve", "--data", m.data)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		done := make(chan error, 1)
		importing := m.command("import", file, "--mapping", "road-traffic-fines")
		go func() { done <- importing.Run() }()
		if killed == *kills {
			if err := <-done; err != nil {
				t.Fatalf("the last import: %v\n%s", err, importing.Stderr)
			}
			if err := served.end(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			break
		}
		moment := time.NewTimer(time.Duration(random.Int64N(int64(whole))))
		select {
		case <-moment.C:
			_ = served.end(syscall.SIGKILL)
			killed++
			if err := <-done; err == nil {
				t.Logf("kill %d came after the import", killed)
			}
		case err := <-done: // faster than the moment: draw an earlier one
			if err != nil {
				t.Fatalf("an import failed without a kill: %v\n%s", err, importing.Stderr)
			}
			whole = time.Since(begun)
			_ = served.end(syscall.SIGKILL)
			killed++
		}
		t.Logf("kill %d after %s", killed, time.Since(begun).Round(time.Millisecond))
	}
	m.mustEqual(single, file)
}

// A verb that is only about to connect when serve goes ends as well: it does not wait for a store that is no more.
func TestServeGoesWhileAVerbConnects(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fines.csv")
	writeFines(t, file, 5, rand.New(rand.NewPCG(*killSeed, 11)))
	m := newMachine(t)
	served, err := startProcess("", m.env, "serve", "--data", m.data)
	if err != nil {
		t.Fatal(err)
	}
	if err := served.cmd.Process.Signal(syscall.SIGSTOP); err != nil { // the socket is there, and nobody answers
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	importing := m.command("import", file, "--mapping", "road-traffic-fines")
	done := make(chan error, 1)
	if err := importing.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { done <- importing.Wait() }()
	time.AfterFunc(time.Second, func() { _ = served.end(syscall.SIGKILL) })
	select {
	case err := <-done:
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != exitFailure || !strings.Contains(importing.Stderr.(*bytes.Buffer).String(), errLost.Error()) {
			t.Errorf("%v\n%s", err, importing.Stderr)
		}
	case <-ctx.Done():
		_ = importing.Process.Kill()
		t.Error("the import waits for a serve that has gone")
	}
}

// The same without serve: the import has the parts in its own process, and dies with them.
func TestImportAloneSurvivesKill(t *testing.T) {
	t.Logf("seed %d: repeat with -killseed", *killSeed)
	random := rand.New(rand.NewPCG(*killSeed, 10))
	file := filepath.Join(t.TempDir(), "fines.csv")
	rows := writeFines(t, file, killCases/3, random)
	m := newMachine(t)
	for range *kills {
		importing := m.command("import", file, "--mapping", "road-traffic-fines")
		if err := importing.Start(); err != nil {
			t.Fatal(err)
		}
		moment := time.AfterFunc(time.Duration(random.Int64N(int64(2*time.Second))), func() { _ = importing.Process.Kill() })
		_ = importing.Wait()
		moment.Stop()
	}
	last := m.importing(file)
	if last.Rows != rows || last.Imported+last.AlreadyPresent != rows || last.Rejected != 0 {
		t.Errorf("%d rows: %+v", rows, last)
	}
	m.mustEqual(legacy.Report{Rows: rows, Events: rows + killCases/3, Cases: killCases / 3}, file)
}

// machine is a data folder with a data base, and how verbs run on it as processes of their own.
type machine struct {
	t    *testing.T
	data string
	env  []string
}

func newMachine(t *testing.T) *machine {
	return &machine{t: t, data: dataFolder(t), env: append(os.Environ(), "REDRESS_POSTGRES_URL="+pgtest.URL(t))}
}

func (m *machine) command(args ...string) *exec.Cmd {
	cmd := exec.Command("redress", append(args, "--data", m.data)...)
	cmd.Env, cmd.Stderr = m.env, new(bytes.Buffer)
	return cmd
}

// answer runs a verb that must succeed and reads its JSON.
func (m *machine) answer(into any, args ...string) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "redress", append(args, "--data", m.data, "--format", "json")...)
	cmd.Env, cmd.Stderr = m.env, new(bytes.Buffer)
	text, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		m.t.Fatalf("redress %s: %v\n%s\n%s", strings.Join(args, " "), err, cmd.Stderr, text)
	}
}

func (m *machine) importing(file string) (report legacy.Report) {
	m.t.Helper()
	m.answer(&report, "import", file, "--mapping", "road-traffic-fines")
	return report
}

// mustEqual makes sure that the folder holds what a single import makes, once.
func (m *machine) mustEqual(single legacy.Report, file string) {
	m.t.Helper()
	again := m.importing(file)
	if again.Rows != single.Rows || again.AlreadyPresent != single.Rows || again.Events != 0 || again.Rejected != 0 {
		m.t.Errorf("imported again: %+v", again)
	}
	var verified struct {
		OK     bool `json:"ok"`
		Events int  `json:"events"`
	}
	m.answer(&verified, "verify")
	var checked struct {
		OK bool `json:"ok"`
	}
	m.answer(&checked, "projections", "check")
	if !verified.OK || !checked.OK {
		m.t.Errorf("verify %+v, check %+v", verified, checked)
	}
	events, cases := m.caseEvents()
	if events != single.Events || cases != single.Cases {
		m.t.Errorf("%d events of %d cases in the log, want %d of %d", events, cases, single.Events, single.Cases)
	}
}

// caseEvents counts what stands in case streams.
func (m *machine) caseEvents() (events, cases int) {
	m.t.Helper()
	cmd := m.command("export", "events")
	text, err := cmd.Output()
	if err != nil {
		m.t.Fatalf("export: %v\n%s", err, cmd.Stderr)
	}
	streams := map[string]bool{}
	for line := range bytes.Lines(text) {
		var e struct {
			Stream string `json:"stream"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			m.t.Fatal(err)
		}
		if strings.HasPrefix(e.Stream, "complaint-") {
			events++
			streams[e.Stream] = true
		}
	}
	return events, len(streams)
}

// writeFines makes up a file of the fines' shape and returns how many rows it has: a fine, some payments and letters, an
// appeal now and then with its result.
func writeFines(t *testing.T, path string, cases int, random *rand.Rand) (rows int) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out := csv.NewWriter(file)
	write := func(values ...string) {
		if err := out.Write(values); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.Split("case_id,activity,lifecycle,resource,timestamp,amount,article,dismissal,expense,lastsent,matricola,notificationtype,paymentamount,points,totalpaymentamount,vehicleclass,activity_instance_id,.order", ",")...)
	for n := range cases {
		day := time.Date(2008, 1, 1+random.IntN(360), 0, 0, 0, 0, time.UTC)
		add := func(activity, article string) {
			rows++
			number := fmt.Sprint(rows)
			write(fmt.Sprintf("K%d", n), activity, "complete", "", day.Format(time.DateOnly), "30.0", article, "", "", "", "", "", "", "", "", "", number, number)
			day = day.AddDate(0, 0, random.IntN(40))
		}
		add("Create Fine", "157")
		for _, step := range []struct {
			activity string
			percent  int
		}{
			{"Send Fine", 70},
			{"Insert Fine Notification", 55},
			{"Insert Date Appeal to Prefecture", 5},
			{"Add penalty", 55},
			{"Receive Result Appeal from Prefecture", 4},
			{"Payment", 50},
			{"Send for Credit Collection", 15},
		} {
			if random.IntN(100) < step.percent {
				add(step.activity, "")
			}
		}
	}
	out.Flush()
	if err := file.Close(); err != nil || out.Error() != nil {
		t.Fatal(err, out.Error())
	}
	return rows
}
