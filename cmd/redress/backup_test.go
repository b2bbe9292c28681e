package main

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"redress/commands/legacy"
)

// backup makes a backup and returns its folder and what was said of it.
func (m *machine) backup() (dir string, said manifest) {
	m.t.Helper()
	dir = filepath.Join(m.t.TempDir(), "backup")
	var answer struct {
		manifest
		Digest string `json:"manifest_sha256"`
	}
	m.answer(&answer, "backup", dir)
	m.try("restore", dir, "--manifest-sha256", strings.Repeat("0", 64)).refuses("digest")
	return dir, answer.manifest
}

// restored is another machine, to which a backup and the key-encryption key of this one were brought.
func (m *machine) restored(dir string, args ...string) *machine {
	m.t.Helper()
	r := newMachine(m.t)
	var answer restored
	r.answer(&answer, append([]string{"restore", dir}, args...)...)
	if !answer.KEKMissing || answer.Log.Events == 0 {
		m.t.Errorf("restored: %+v", answer)
	}
	r.try("verify").refuses("key-encryption key")
	secret, err := os.ReadFile(filepath.Join(m.data, "kek"))
	if err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.data, "kek"), secret, 0o600); err != nil {
		m.t.Fatal(err)
	}
	return r
}

// tried is a verb that has ended.
type tried struct {
	t    *testing.T
	args []string
	text string
	err  error
}

func (m *machine) try(args ...string) tried {
	m.t.Helper()
	cmd := m.command(args...)
	out, err := cmd.Output()
	return tried{m.t, args, string(out) + cmd.Stderr.(*bytes.Buffer).String(), err}
}

func (r tried) succeeds() string {
	r.t.Helper()
	if r.err != nil {
		r.t.Fatalf("%q: %v\n%s", r.args, r.err, r.text)
	}
	return r.text
}

func (r tried) refuses(because string) {
	r.t.Helper()
	if r.err == nil || !strings.Contains(r.text, because) {
		r.t.Errorf("%q: %v, and says %q; want a refusal that says %q", r.args, r.err, r.text, because)
	}
}

// count asks the machine's data base for one number.
func (m *machine) count(query string) (n int) {
	m.t.Helper()
	url, _ := strings.CutPrefix(m.env[len(m.env)-1], "REDRESS_POSTGRES_URL=")
	conn, err := pgx.Connect(m.t.Context(), url)
	if err == nil {
		err = conn.QueryRow(m.t.Context(), query).Scan(&n)
		_ = conn.Close(m.t.Context())
	}
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}

// A backup that is made while an import writes is the log as it was at one position, with every key that it needs. What
// is made of it goes on from there.
func TestBackupDuringWrites(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fines.csv")
	const cases = 1500
	rows := writeFines(t, file, cases, rand.New(rand.NewPCG(1, 2)))
	m := newMachine(t)
	m.try("token", "add", "dora", "--role", "case_handler").succeeds()
	served, err := startProcess("", m.env, "serve", "--data", m.data)
	if err != nil {
		t.Fatal(err)
	}
	importing := m.command("import", file, "--mapping", "road-traffic-fines")
	done := make(chan error, 1)
	go func() { done <- importing.Run() }()
	backups := map[string]manifest{}
	for running := true; running && len(backups) < 6; {
		dir, said := m.backup()
		backups[dir] = said
		select {
		case err := <-done:
			done <- err
			running = false
		default:
		}
	}
	if err := <-done; err != nil {
		t.Fatalf("import: %v\n%s", err, importing.Stderr)
	}
	if err := served.end(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	whole := m.try("export", "events").succeeds()
	dirs := slices.SortedFunc(maps.Keys(backups), func(a, b string) int { return int(backups[a].Log.Events) - int(backups[b].Log.Events) })
	for _, dir := range []string{dirs[0], dirs[len(dirs)/2]} {
		r := m.restored(dir)
		var verified struct {
			OK     bool   `json:"ok"`
			Events uint64 `json:"events"`
		}
		r.answer(&verified, "verify")
		if !verified.OK || verified.Events != backups[dir].Log.Events {
			t.Errorf("verified %+v, backed up %+v", verified, backups[dir].Log)
		}
		r.try("projections", "check").succeeds()
		if part := r.try("export", "events").succeeds(); !strings.HasPrefix(whole, part) {
			t.Error("the restored log is not the beginning of the first")
		}
		if tokens := r.try("token", "list").succeeds(); !strings.Contains(tokens, "dora") {
			t.Errorf("the tokens are %q", tokens)
		}
		last := r.importing(file)
		if last.Imported+last.AlreadyPresent != rows || last.Rejected != 0 {
			t.Errorf("imported into what was restored: %+v", last)
		}
		r.mustEqual(legacy.Report{Rows: rows, Events: rows + cases, Cases: cases}, file)
	}
	oldest, newest := dirs[0], dirs[len(dirs)-1]
	m.restoresWhatIsKnown(oldest, newest, backups[oldest].Log, backups[newest].Log)
}

// restoresWhatIsKnown restores backups of two ages against what is known to have been recorded: an older one only by
// decision, one of another log not at all.
func (m *machine) restoresWhatIsKnown(oldest, newest string, old, last backedUpLog) {
	m.t.Helper()
	mark := func(l backedUpLog) string { return fmt.Sprintf("%d/%s", l.Position, l.EventID) }
	newMachine(m.t).try("restore", newest, "--known", mark(old)).succeeds()
	newMachine(m.t).try("restore", newest, "--known", fmt.Sprintf("%d/%s", old.Position, uuid.New())).refuses("of another log")
	newMachine(m.t).try("restore", newest, "--known", "12").refuses("POSITION/EVENT")
	wrong := newMachine(m.t)
	key := filepath.Join(m.t.TempDir(), "kek")
	if err := os.WriteFile(key, []byte(strings.Repeat("ab", 32)+"\n"), 0o600); err != nil {
		m.t.Fatal(err)
	}
	wrong.env = append([]string{"REDRESS_KEK_FILE=" + key}, wrong.env...)
	wrong.try("restore", newest).refuses("holds another key")
	if old == last {
		return // the import was over before the second backup
	}
	r := newMachine(m.t)
	missing := fmt.Sprintf("after it up to %s at position %d is missing", last.EventID, last.Position)
	r.try("restore", oldest, "--known", mark(last)).refuses(missing)
	var answer restored
	r.answer(&answer, "restore", oldest, "--known", mark(last), "--accept-loss", "--approved-by", "dora", "--reason", "INC-0")
	if answer.Log != old || answer.MissingUpTo == nil || *answer.MissingUpTo != (recorded{last.Position, last.EventID}) {
		m.t.Errorf("with the loss accepted: %+v", answer)
	}
}

// An erasure that is in the log holds after a restore, whatever the age of the keys; one that came after the backup is
// not in its log.
func TestErasuresAfterARestore(t *testing.T) {
	const destroyed, living = "select count(*) from vault.keys where destroyed_at is not null", "select count(*) from vault.keys where destroyed_at is null"
	samples := t.TempDir()
	if err := unpackSamples(samples); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	m.try("import", filepath.Join(samples, "nyc-311-animals-2025.csv.gz"), "--mapping", "nyc-311").succeeds()
	token := strings.TrimSpace(m.tokenOf("dirk"))
	before, _ := m.backup()
	m.env = append([]string{"REDRESS_TOKEN=" + token}, m.env...)
	m.try("erase", "nyc-311:64347726", "--basis", "court_order", "--approved-by", "dirk", "--yes").succeeds()
	after, _ := m.backup()
	if n := m.count(destroyed); n != 1 {
		t.Fatalf("the erasure has destroyed %d keys", n)
	}

	early := m.restored(before)
	early.try("verify").succeeds()
	if n := early.count(destroyed); n != 0 {
		t.Errorf("%d keys are destroyed of which the log says nothing", n)
	}

	mixed := m.restored(after, "--keys", filepath.Join(before, keysFile))
	if n := mixed.count(destroyed); n != 0 {
		t.Fatalf("older keys have %d destroyed ones", n)
	}
	mixed.try("verify").succeeds()
	if n, left := mixed.count(destroyed), mixed.count(living); n != 1 || left != m.count(living) {
		t.Errorf("after the start %d keys are destroyed, %d live, want 1 and %d", n, left, m.count(living))
	}
	mixed.try("projections", "check").succeeds()
}

// tokenOf makes a data protection officer and returns the token.
func (m *machine) tokenOf(name string) string {
	m.t.Helper()
	cmd := m.command("token", "add", name, "--role", "data_protection_officer", "--service", "legal", "--grade", "9")
	out, err := cmd.Output()
	if err != nil {
		m.t.Fatalf("%v\n%s", err, cmd.Stderr)
	}
	return string(out)
}

// Whatever was changed, cut off or taken away of a backup is found before anything is written, and named.
func TestRestoreRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fines.csv")
	writeFines(t, file, 20, rand.New(rand.NewPCG(5, 6)))
	m := newMachine(t)
	m.importing(file)
	dir, said := m.backup()
	m.try("backup", dir).refuses("is not empty")

	target := newMachine(t)
	segment := filepath.Join(logFolder, "00000000000000000000.log")
	for name, spoil := range map[string]func(text []byte) []byte{
		"changed":   func(text []byte) []byte { text[len(text)/2] ^= 1; return text },
		"shortened": func(text []byte) []byte { return text[:len(text)-1] },
		"missing":   func([]byte) []byte { return nil },
	} {
		for _, victim := range []string{segment, filepath.Join(logFolder, "durable"), keysFile, accountsFile} {
			spoilt := filepath.Join(t.TempDir(), "backup")
			if out, err := exec.Command("cp", "-r", dir, spoilt).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			text, err := os.ReadFile(filepath.Join(spoilt, victim))
			if err != nil {
				t.Fatal(err)
			}
			if len(text) == 0 {
				continue
			}
			if text = spoil(text); text == nil {
				err = os.Remove(filepath.Join(spoilt, victim))
			} else {
				err = os.WriteFile(filepath.Join(spoilt, victim), text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Run(name+" "+filepath.Base(victim), func(t *testing.T) {
				target.t = t
				target.try("restore", spoilt).refuses(filepath.Base(victim))
			})
		}
	}
	target.t = t
	if _, err := os.Stat(target.data); err == nil {
		t.Error("a refused restore has begun a data folder")
	}

	m.try("restore", dir).refuses("empty data folder")
	target.try("restore", t.TempDir()).refuses("no backup")
	target.try("restore", dir, "--keys", filepath.Join(t.TempDir(), "nowhere")).refuses("nowhere")

	// The manifest's own numbers are checked against the log. The folder that was begun is refused from then on.
	said.Log.Events++
	if _, err := said.write(dir); err != nil {
		t.Fatal(err)
	}
	target.try("restore", dir).refuses("the manifest says")
	target.try("verify").refuses("unfinished")
	target.try("restore", dir).refuses("empty data folder")

	var shape map[string]any
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil || json.Unmarshal(text, &shape) != nil || shape["format"] != backupFormat {
		t.Errorf("the manifest is %s, %v", text, err)
	}
}

// A backup holds no other store's log.
func TestBackupOfAnExternalEventStore(t *testing.T) {
	m := newMachine(t)
	alone, err := startProcess("", m.env, "node", "--data", filepath.Join(t.TempDir(), "node"))
	if err != nil {
		t.Fatal(err)
	}
	url, _, _ := strings.Cut(strings.TrimPrefix(alone.ready, "ready "), " ")
	m.env = append([]string{"REDRESS_EVENTSTORE_URL=" + url}, m.env...)
	m.try("backup", filepath.Join(t.TempDir(), "backup")).refuses("its own tools")
	m.try("restore", t.TempDir()).refuses("REDRESS_EVENTSTORE_URL")
	if err := alone.end(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}
