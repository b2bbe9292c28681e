package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"redress/domain"
	"redress/eventstore/trust/scale"
	"redress/notify"
	"redress/queries"
)

// records has something recorded and returns what was answered.
func (m *machine) records() recorded {
	m.t.Helper()
	body := filepath.Join(m.t.TempDir(), "person.json")
	if err := os.WriteFile(body, fmt.Appendf(nil, `{"person_id": %q}`, uuid.NewString()), 0o600); err != nil {
		m.t.Fatal(err)
	}
	var answer struct {
		Events []struct {
			ID       uuid.UUID `json:"id"`
			Position uint64    `json:"position"`
		} `json:"events"`
	}
	m.answer(&answer, "do", "RecordPerson", "--json", body)
	last := answer.Events[len(answer.Events)-1]
	return recorded{last.Position, last.ID}
}

// officer grants somebody and returns the person id.
func (m *machine) officer(name, role string) uuid.UUID {
	m.t.Helper()
	m.try("token", "add", name, "--role", role).succeeds()
	var list struct {
		Tokens []struct {
			Name    string    `json:"name"`
			ActorID uuid.UUID `json:"actor_id"`
		} `json:"tokens"`
	}
	m.answer(&list, "token", "list")
	return list.Tokens[0].ActorID
}

// bring copies the key-encryption key of another machine.
func (m *machine) bring(from *machine) {
	m.t.Helper()
	secret, err := os.ReadFile(filepath.Join(from.data, "kek"))
	if err == nil {
		err = os.WriteFile(filepath.Join(m.data, "kek"), secret, 0o600)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// lineOfLog is a line of export events.
type lineOfLog struct {
	Position uint64          `json:"position"`
	Stream   string          `json:"stream"`
	ID       uuid.UUID       `json:"id"`
	Type     string          `json:"type"`
	Metadata domain.Metadata `json:"metadata"`
	Data     jsontext.Value  `json:"data"`
}

// losses returns the decisions on losses that stand in the log, and the event in front of each.
func (m *machine) losses() (found, before []lineOfLog) {
	m.t.Helper()
	var last lineOfLog
	for line := range strings.Lines(m.try("export", "events").succeeds()) {
		var e lineOfLog
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			m.t.Fatal(err)
		}
		if e.Type == "LossAccepted" {
			found, before = append(found, e), append(before, last)
		}
		last = e
	}
	return found, before
}

// drill is a machine that was lost, with its backups.
type drill struct {
	*machine
	dirs  []string
	said  []manifest
	mona  uuid.UUID
	known recorded // the newest answer
}

// T21: of several backups one of random age is brought to a fresh machine, where the newest answer is known. An older one
// is refused, with what is missing to the event, until somebody decides; that stands in the log from then on, once, also if
// the first starts are killed. The same backup again is refused again.
func TestRestoreDrill(t *testing.T) {
	random := scale.Seeded(t, "T21")
	d := &drill{machine: newMachine(t)}
	d.mona = d.officer("mona", "monitoring_officer")
	for range 4 {
		for range 1 + random.IntN(3) {
			d.records()
		}
		dir, said := d.backup()
		d.dirs, d.said = append(d.dirs, dir), append(d.said, said)
	}
	atNewest := recorded{d.said[3].Log.Position, d.said[3].Log.EventID}
	var whole restored
	newMachine(t).answer(&whole, "restore", d.dirs[3], "--known", placeOf(atNewest))
	if whole.MissingUpTo != nil || whole.LossAccepted != nil {
		t.Errorf("nothing is missing, and it says %+v", whole)
	}
	d.known = d.records()
	rounds := scale.Of(t, 1, 2, 20)
	for range rounds {
		d.round(random.IntN(len(d.dirs)), random)
	}
	scale.Say("T21", "%d restores of older backups: refused to the event, gone on by decision, which is in the log once", rounds)
}

func placeOf(k recorded) string { return fmt.Sprintf("%d/%s", k.Position, k.EventID) }

func (d *drill) round(age int, random *rand.Rand) {
	t, dir, said := d.t, d.dirs[age], d.said[age].Log
	t.Helper()
	r := newMachine(t)
	refused := func(m *machine) {
		t.Helper()
		m.try("restore", dir, "--known", placeOf(d.known)).refuses(fmt.Sprintf(
			"the backup ends with %s at position %d: what was recorded after it up to %s at position %d is missing",
			said.EventID, said.Position, d.known.EventID, d.known.Position))
		if _, err := os.Stat(m.data); err == nil {
			t.Error("a refused restore has begun a data folder")
		}
	}
	refused(r)
	decide := []string{"restore", dir, "--known", placeOf(d.known), "--accept-loss"}
	r.try(decide...).refuses("--approved-by")
	r.try(append(decide, "--approved-by", "mona")...).refuses("--reason")
	r.try(append(decide, "--approved-by", "mona", "--reason", "the disk; it broke")...).refuses("--reason")
	r.try(append(decide, "--approved-by", "nobody", "--reason", "INC-1")...).refuses(`no account "nobody"`)
	r.try("restore", dir, "--accept-loss", "--approved-by", "mona", "--reason", "INC-1").refuses("--known")

	var answer restored
	r.answer(&answer, append(decide, "--approved-by", "mona", "--reason", "INC-1")...)
	if answer.LossAccepted == nil || answer.MissingUpTo == nil || *answer.MissingUpTo != d.known {
		t.Fatalf("restored: %+v", answer)
	}
	want := domain.LossAccepted{
		LastPosition: said.Position, LastEvent: said.EventID, KnownPosition: d.known.Position, KnownEvent: d.known.EventID,
		BackupMadeAt: d.said[age].MadeAt, DecidedAt: answer.LossAccepted.DecidedAt, Approver: d.mona, Reason: "INC-1",
	}
	if *answer.LossAccepted != want || time.Since(want.DecidedAt) > time.Minute {
		t.Errorf("accepted %+v, want %+v", *answer.LossAccepted, want)
	}
	r.bring(d.machine)
	format := filepath.Join(r.data, "FORMAT")
	waiting, err := os.ReadFile(format)
	if err != nil {
		t.Fatal(err)
	}
	writeFormat := func(text []byte) {
		if err := os.WriteFile(format, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	writeFormat(bytes.Replace(waiting, []byte(said.EventID.String()), []byte(uuid.NewString()), 1))
	r.try("verify").refuses("does not end where the decision on its loss says")
	writeFormat(waiting)
	for range 2 {
		starting := r.command("verify")
		if err := starting.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(random.Int64N(int64(600*time.Millisecond))), func() { _ = starting.Process.Kill() })
		_ = starting.Wait()
		kill.Stop()
	}
	r.hasLost(want)
	writeFormat(waiting) // as a crash between the append and the end of the decision leaves it
	r.hasLost(want)
	if now, err := os.ReadFile(format); err != nil || string(now) != folderFormat {
		t.Errorf("FORMAT says %q, %v", now, err)
	}
	r.records()
	r.try("projections", "check").succeeds()
	refused(newMachine(t))
}

// hasLost makes sure that the log verifies, that the decision stands in it once and where it should, and that verify says
// what is missing.
func (r *machine) hasLost(want domain.LossAccepted) {
	r.t.Helper()
	var v queries.Verification
	r.answer(&v, "verify")
	missing := fmt.Sprintf("after event %s at position %d, up to event %s at position %d or further: it is lost; %s decided on ",
		want.LastEvent, want.LastPosition, want.KnownEvent, want.KnownPosition, want.Approver)
	check := v.Checks[len(v.Checks)-1]
	if !v.OK || check.Name != "accepted_losses" || check.Checked != 1 || !strings.Contains(strings.Join(v.NotChecked, "\n"), missing) {
		r.t.Errorf("verified %+v", v)
	}
	found, before := r.losses()
	if len(found) != 1 {
		r.t.Fatalf("%d decisions stand in the log", len(found))
	}
	e := found[0]
	var said domain.LossAccepted
	if err := json.Unmarshal(e.Data, &said); err != nil {
		r.t.Fatal(err)
	}
	if said != want || before[0].Position != want.LastPosition || before[0].ID != want.LastEvent || e.Stream != "config-council" {
		r.t.Errorf("behind %+v stands %+v", before[0], e)
	}
	if m := e.Metadata; m.ActorID != fmt.Sprintf("operator:%d", os.Getuid()) || m.ActorRole != "operator" || m.WayIn != domain.ViaCLI || !m.OccurredAt.Equal(want.DecidedAt) {
		r.t.Errorf("recorded with %+v", m)
	}
}

// What others hold of the part that was lost is not taken for this log: a broker that has it, and read models that were
// made from it, are refused until somebody has removed them.
func TestALossAndWhatOthersHoldOfIt(t *testing.T) {
	broker, err := notify.StartBroker(t.Context(), t.TempDir(), notify.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Stop)
	conn, err := broker.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	messages, err := conn.SubscribeSync("redress.council.>")
	if err != nil || conn.Flush() != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	m.env = append([]string{"REDRESS_NATS_URL=" + broker.URL()}, m.env...)
	m.officer("mona", "monitoring_officer")
	m.records()
	dir, _ := m.backup()
	served, err := startProcess("", m.env, "serve", "--data", m.data)
	if err != nil {
		t.Fatal(err)
	}
	known := m.records()
	awaitMessage(t, messages, func(msg *nats.Msg) bool { return msg.Header.Get("ce-id") == known.EventID.String() })
	m.try("report", "performance").succeeds() // once the read models have it too
	if err := served.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}

	// The same data base, from which the rest was removed: its read models are of the lost log.
	sql := func(statement string) {
		t.Helper()
		url, _ := strings.CutPrefix(m.env[len(m.env)-1], "REDRESS_POSTGRES_URL=")
		conn, err := pgx.Connect(t.Context(), url)
		if err == nil {
			_, err = conn.Exec(t.Context(), statement)
			_ = conn.Close(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	decide := []string{"restore", dir, "--known", placeOf(known), "--accept-loss", "--approved-by", "mona", "--reason", "INC-2"}
	r := &machine{t: t, data: dataFolder(t), env: m.env}
	r.try(decide...).refuses("has a vault already")
	sql("drop schema vault cascade; drop schema accounts cascade; drop schema notify cascade")
	r.data = dataFolder(t)
	r.try(decide...).succeeds()
	r.bring(m)
	r.try("verify").refuses("this is another log, or a shorter one")
	sql("drop schema projections cascade; drop schema read cascade; drop schema read_1 cascade")
	r.try("verify").succeeds()
	r.try("projections", "check").succeeds()

	again, err := startProcess("", r.env, "serve", "--data", r.data)
	if err == nil {
		hung := time.AfterFunc(time.Minute, func() { _ = again.cmd.Process.Kill() })
		err = fmt.Errorf("%w: %s", again.cmd.Wait(), again.stderr)
		hung.Stop()
	}
	if err == nil || !strings.Contains(err.Error(), notify.ErrOtherLog.Error()) {
		t.Fatalf("serve beside a broker that has more of another log: %v", err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	names := js.StreamNames(t.Context())
	for name := range names.Name() {
		if err := js.DeleteStream(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if again, err = startProcess("", r.env, "serve", "--data", r.data); err != nil {
		t.Fatal(err)
	}
	awaitMessage(t, messages, func(msg *nats.Msg) bool { return strings.HasSuffix(msg.Subject, ".LossAccepted") })
	if err := again.end(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// awaitMessage waits for a message that is wanted.
func awaitMessage(t *testing.T, messages *nats.Subscription, wanted func(*nats.Msg) bool) {
	t.Helper()
	for {
		msg, err := messages.NextMsg(time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if wanted(msg) {
			return
		}
	}
}
