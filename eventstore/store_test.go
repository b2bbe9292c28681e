package eventstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

// place is a log and a vault of a test's own.
type place struct {
	dir, socket string
	vault       *vault.Vault
	node        *node.Node
}

func newPlace(t *testing.T) *place {
	t.Helper()
	folder, err := os.MkdirTemp("", "redress-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	v, err := vault.Open(t.Context(), pgtest.URL(t), filepath.Join(folder, "kek"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	p := &place{dir: t.TempDir(), socket: filepath.Join(folder, "node"), vault: v}
	p.start(t)
	t.Cleanup(func() { p.node.Stop() })
	return p
}

func (p *place) start(t *testing.T) {
	t.Helper()
	n, err := node.Start(t.Context(), p.dir, node.Options{Socket: p.socket})
	if err != nil {
		t.Fatal(err)
	}
	p.node = n
}

func (p *place) open(t *testing.T) *eventstore.Store {
	t.Helper()
	s, err := eventstore.Open(t.Context(), eventstore.Config{URL: p.socket, Tenant: "council", Vault: p.vault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func propose(command uuid.UUID, events ...domain.Event) []eventstore.Proposed {
	var all []eventstore.Proposed
	for _, e := range events {
		all = append(all, eventstore.Proposed{Event: e, Meta: domain.Metadata{
			CommandID: command, OccurredAt: noon, RecordedAt: noon, ActorID: "system", WayIn: domain.ViaProcess,
		}})
	}
	return all
}

func block(n int) domain.Event { return domain.ReferencesReserved{From: n, To: n} }

func mustAppend(t *testing.T, s *eventstore.Store, stream string, expected eventstore.Expected, proposed []eventstore.Proposed) eventstore.Appended {
	t.Helper()
	appended, err := s.Append(t.Context(), stream, expected, proposed)
	if err != nil {
		t.Fatal(err)
	}
	return appended
}

func read(t *testing.T, s *eventstore.Store, stream string) []eventstore.Record {
	t.Helper()
	var all []eventstore.Record
	for r, err := range s.Read(t.Context(), stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestAppendIsExactAndRepeatable(t *testing.T) {
	s := newPlace(t).open(t)
	first, second := uuid.New(), uuid.New()
	a := mustAppend(t, s, "refs-a-2026", eventstore.NoStream, propose(first, block(1), block(2)))
	b := mustAppend(t, s, "refs-a-2026", eventstore.At(1), propose(second, block(3)))
	if a.First != 0 || a.Last != 1 || b.First != 2 || b.Last != 2 || b.Position <= a.Position {
		t.Fatalf("answers %+v and %+v", a, b)
	}
	if again := mustAppend(t, s, "refs-a-2026", eventstore.NoStream, propose(first, block(1), block(2))); again != a {
		t.Errorf("repeated append answers %+v, not %+v", again, a)
	}
	for name, expected := range map[string]eventstore.Expected{
		"no stream": eventstore.NoStream, "behind": eventstore.At(1), "ahead": eventstore.At(7),
	} {
		_, err := s.Append(t.Context(), "refs-a-2026", expected, propose(uuid.New(), block(9)))
		if conflict, ok := errors.AsType[*eventstore.Conflict](err); !ok || conflict.Expected != expected || conflict.Actual == nil || *conflict.Actual != eventstore.At(2) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.Append(t.Context(), "refs-b-2026", eventstore.At(0), propose(uuid.New(), block(9)))
	if conflict, ok := errors.AsType[*eventstore.Conflict](err); !ok || conflict.Actual == nil || *conflict.Actual != eventstore.NoStream {
		t.Errorf("a missing stream: %v", err)
	}
	records := read(t, s, "refs-a-2026")
	if len(records) != 3 || records[2].Position != b.Position || records[0].ID != eventstore.EventID(first, "refs-a-2026", 0) {
		t.Fatalf("read %+v", records)
	}
	if got := records[1].Meta; got.Type != "ReferencesReserved" || got.SchemaVersion != 1 || got.Tenant != "council" || got.CommandID != first {
		t.Errorf("metadata %+v", got)
	}
	if none := read(t, s, "refs-b-2026"); len(none) != 0 {
		t.Errorf("a missing stream has %d events", len(none))
	}
}

func TestMarksOfTheLog(t *testing.T) {
	s := newPlace(t).open(t)
	if end, err := s.End(t.Context()); err != nil || end != (eventstore.Mark{}) {
		t.Fatalf("end of an empty log: %+v, %v", end, err)
	}
	command := uuid.New()
	appended := mustAppend(t, s, "refs-a-2026", eventstore.NoStream, propose(command, block(1), block(2)))
	end, err := s.End(t.Context())
	if err != nil || end.Position != appended.Position || end.ID != eventstore.EventID(command, "refs-a-2026", 1) {
		t.Fatalf("end %+v, %v", end, err)
	}
	at, err := s.EventAt(t.Context(), end.Position)
	if err != nil || at.Mark() != end {
		t.Errorf("at the end: %+v, %v", at.Mark(), err)
	}
	for _, position := range []uint64{1, end.Position + 1, 1 << 40} {
		if _, err := s.EventAt(t.Context(), position); err == nil {
			t.Errorf("there is an event at %d", position)
		}
	}
	if last, err := s.Last(t.Context(), "refs-a-2026"); err != nil || last.Mark() != end {
		t.Errorf("last: %+v, %v", last.Mark(), err)
	}
	if _, err := s.Last(t.Context(), "refs-b-2026"); !errors.Is(err, eventstore.ErrNoEvent) {
		t.Errorf("last of a missing stream: %v", err)
	}
}

func TestReadAllInOrderAndWithinBounds(t *testing.T) {
	s := newPlace(t).open(t)
	var positions []uint64
	for i := range 40 {
		var events []domain.Event
		for j := range 60 {
			events = append(events, block(i*60+j+1))
		}
		stream := fmt.Sprintf("refs-a-%04d", 2000+i)
		mustAppend(t, s, stream, eventstore.NoStream, propose(uuid.New(), events...))
	}
	n := 0
	for r, err := range s.ReadAll(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if got := r.Event.(domain.ReferencesReserved).From; got != n {
			t.Fatalf("event %d comes in place %d", got, n)
		}
		positions = append(positions, r.Position)
	}
	if n != 2400 || !slices.IsSorted(positions) {
		t.Fatalf("read %d events", n)
	}
	n = 0
	for r, err := range s.ReadAll(t.Context(), positions[99], positions[1999]) {
		if err != nil || r.Position <= positions[99] || r.Position > positions[1999] {
			t.Fatal(r.Position, err)
		}
		n++
	}
	if n != 1900 {
		t.Errorf("read %d of 1900", n)
	}
	for range s.ReadAll(t.Context(), 0, 0) {
		break // a consumer may leave
	}
}

// Every event of the domain goes through the log and comes back the same, with every personal value openable where it
// lies and nowhere else.
func TestEveryEventComesBack(t *testing.T) {
	s := newPlace(t).open(t)
	for i, zero := range domain.Events {
		name, _ := zero.Schema()
		event := filled(zero, name)
		stream := "person-" + uuid.NewString()
		proposed := propose(uuid.New(), event)
		proposed[0].Meta.BackdateReason = domain.Plain("late " + name)
		mustAppend(t, s, stream, eventstore.NoStream, proposed)
		records := read(t, s, stream)
		if len(records) != 1 {
			t.Fatalf("%s: %d records", name, len(records))
		}
		r := records[0]
		if reason, err := s.Reveal(t.Context(), r.Meta.BackdateReason); err != nil || reason != "late "+name {
			t.Errorf("%s: backdate reason %q, %v", name, reason, err)
		}
		if len(r.Meta.PIIKeys) != 1 {
			t.Errorf("%s: pii_keys %v", name, r.Meta.PIIKeys)
		}
		opened := revealed(t, s, r.Event)
		if want := fmt.Sprintf("%+v", plainly(event)); fmt.Sprintf("%+v", opened) != want {
			t.Errorf("event %d, %s:\n got %+v\nwant %s", i, name, opened, want)
		}
	}
}

func TestPersonalValuesAreSealedAtRest(t *testing.T) {
	p := newPlace(t)
	s := p.open(t)
	canary := "Canary-" + uuid.NewString()
	stream := "person-" + uuid.NewString()
	event := domain.PersonRecorded{PersonID: uuid.New(), Name: domain.Plain(canary), Contacts: domain.Plain("mail to " + canary)}
	mustAppend(t, s, stream, eventstore.NoStream, propose(uuid.New(), event))
	got := read(t, s, stream)[0].Event.(domain.PersonRecorded)
	if name, err := s.Reveal(t.Context(), got.Name); err != nil || name != canary {
		t.Fatalf("revealed %q, %v", name, err)
	}
	sealed, _ := got.Name.Sealed()
	sealed.Associated = strings.Replace(sealed.Associated, "/name", "/contacts", 1)
	if _, err := s.Reveal(t.Context(), domain.SealedValue(sealed)); !errors.Is(err, vault.ErrOpen) {
		t.Errorf("a box moved to another field opens: %v", err)
	}
	if _, err := s.Append(t.Context(), stream, eventstore.At(0), propose(uuid.New(), got)); err == nil {
		t.Error("a sealed value was appended again")
	}
	err := filepath.WalkDir(p.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(canary)) {
			t.Errorf("%s holds the name in clear", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.vault.Destroy(t.Context(), stream); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reveal(t.Context(), got.Name); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("after the key was destroyed: %v", err)
	}
}

func TestNoKeyWithoutPersonalValue(t *testing.T) {
	p := newPlace(t)
	s := p.open(t)
	mustAppend(t, s, "refs-a-2026", eventstore.NoStream, propose(uuid.New(), block(1)))
	if empty, err := p.vault.Empty(t.Context()); err != nil || !empty {
		t.Errorf("a key was made for nothing (%v)", err)
	}
}

func TestCallersLeaveWhenTheServerIsAway(t *testing.T) {
	p := newPlace(t)
	s := p.open(t)
	if err := p.node.Stop(); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := s.Append(ctx, "refs-a-2026", eventstore.NoStream, propose(uuid.New(), block(1)))
			if !errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, eventstore.ErrUnknownOutcome) {
				t.Errorf("append: %v", err)
			}
			for _, err := range s.Read(ctx, "refs-a-2026", 0) {
				if !errors.Is(err, eventstore.ErrUnavailable) {
					t.Errorf("read: %v", err)
				}
			}
		})
	}
	group.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := eventstore.Open(ctx, eventstore.Config{URL: p.socket, Vault: p.vault}); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("open: %v", err)
	}
}

// An append that begins while the server is away is done once it is back, and once only.
func TestAppendOutlivesARestart(t *testing.T) {
	p := newPlace(t)
	s := p.open(t)
	mustAppend(t, s, "refs-a-2026", eventstore.NoStream, propose(uuid.New(), block(0)))
	if err := p.node.Stop(); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			stream := fmt.Sprintf("refs-b-%04d", i)
			if _, err := s.Append(t.Context(), stream, eventstore.NoStream, propose(uuid.New(), block(1))); err != nil {
				t.Error(err)
			}
		})
	}
	p.start(t)
	group.Wait()
	n := 0
	for _, err := range s.ReadAll(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 11 {
		t.Errorf("%d events, want 11", n)
	}
}

func TestAddresses(t *testing.T) {
	p := newPlace(t)
	for _, address := range []string{"unix://" + p.socket, p.socket} {
		s, err := eventstore.Open(t.Context(), eventstore.Config{URL: address, Vault: p.vault})
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		s.Close()
		if _, err := s.End(t.Context()); !errors.Is(err, eventstore.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	for _, address := range []string{"", "http://localhost", "unix://relative", "esdb://user:secret@host:port"} {
		_, err := eventstore.Open(t.Context(), eventstore.Config{URL: address, Vault: p.vault})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
