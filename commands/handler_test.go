package commands_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/commands"
	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/vault"
)

func TestTheSameKeyIsTheSameCommand(t *testing.T) {
	c := newCouncil(t)
	first := c.must(c.as("amina"), "ReceiveFeedback", c.complaint(), key("k1"))
	if first.Case == nil || first.Ref == nil || *first.Ref != "RD-2026-000001" || first.Revision != 0 || len(first.Events) != 1 {
		t.Fatalf("answer %+v", first)
	}
	complaint := c.complaint()
	c.clock = c.clock.Add(400 * 24 * time.Hour)
	same(t, first, c.must(c.as("amina"), "ReceiveFeedback", complaint, key("k1")))
	c.refuses(domain.CommandIDReused, c.as("amina"), "ReceiveFeedback", complaint.with(fields{"service": "planning"}), key("k1"))
	if other := c.must(c.as("amina"), "ReceiveFeedback", c.complaint(), key("k2")); *other.Case == *first.Case || *other.Ref == *first.Ref {
		t.Errorf("another key gives the same case: %+v", other)
	}
	if other := c.must(c.as("cara"), "ReceiveFeedback", c.complaint(), key("k1")); *other.Case == *first.Case {
		t.Error("another actor's key gives the same case")
	}
	// Also in a process that has never seen it.
	again, err := c.another().Do(t.Context(), commands.Request{
		Command: "ReceiveFeedback", Body: body(t, complaint), Key: "k1", Actor: c.as("amina"), WayIn: domain.ViaAPI,
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, first, again)
}

func TestFiftyAtOnceAreOne(t *testing.T) {
	c := newCouncil(t)
	second := c.another()
	request := commands.Request{Command: "ReceiveFeedback", Body: body(t, c.complaint()), Key: "once", Actor: c.as("amina"), WayIn: domain.ViaAPI}
	answers := make([]commands.Answer, 50)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			handler := c.Handler
			if i%2 == 1 {
				handler = second
			}
			var err error
			if answers[i], err = handler.Do(t.Context(), request); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, answer := range answers {
		same(t, answers[0], answer)
	}
	if n := c.length(answers[0].Stream); n != 1 {
		t.Errorf("the case has %d events", n)
	}
}

// Of two that decide on the same revision one is decided again, and then on what the other did.
func TestConcurrentCommandsAreDecidedInTurn(t *testing.T) {
	c := newCouncil(t)
	received := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	second := c.another()
	acknowledge := commands.Request{Command: "AcknowledgeCase", Body: body(t, c.acknowledgement(received)), Actor: c.as("amina"), WayIn: domain.ViaAPI}
	accepted := make(chan error, 8)
	var group sync.WaitGroup
	for i := range cap(accepted) {
		group.Go(func() {
			handler := c.Handler
			if i%2 == 1 {
				handler = second
			}
			_, err := handler.Do(t.Context(), acknowledge)
			accepted <- err
		})
	}
	group.Wait()
	close(accepted)
	n := 0
	for err := range accepted {
		if err == nil {
			n++
		} else {
			expectCode(t, "ALREADY_ACKNOWLEDGED", err)
		}
	}
	if n != 1 || c.length(received.Stream) != 2 {
		t.Errorf("%d of them were accepted; the case has %d events", n, c.length(received.Stream))
	}
}

func TestOrderOfChecks(t *testing.T) {
	c := newCouncil(t)
	received := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	acknowledge := c.acknowledgement(received)
	nowhere := fields{"case": uuid.New()}
	bad := fields{"channel": "carrier pigeon"}
	future := fields{"sent_at": c.clock.Add(time.Hour)}

	c.refuses(domain.UnknownCommand, c.as("pat"), "MakeTea", acknowledge)
	c.refuses(domain.BadValueCode, c.as("pat"), "AcknowledgeCase", acknowledge.with(nowhere).with(bad))
	c.refuses(domain.MissingFieldCode, c.as("amina"), "AcknowledgeCase", acknowledge.with(fields{"case": nil}))
	c.refuses(domain.CaseNotFound, c.as("pat"), "AcknowledgeCase", acknowledge.with(nowhere))
	c.refuses(domain.CaseNotFound, c.as("amina"), "AcknowledgeCase", acknowledge.with(fields{"case": "RD-2026-999999"}))
	c.refuses(domain.CaseNotFound, c.as("paul"), "AcknowledgeCase", acknowledge) // may not know of it
	c.refuses(domain.NotPermitted, c.as("pat"), "AcknowledgeCase", acknowledge.with(future), seen(7))
	c.refuses(domain.NotPermitted, operator, "AcknowledgeCase", acknowledge)
	c.refuses(domain.StaleRevision, c.as("amina"), "AcknowledgeCase", acknowledge.with(future), seen(7))
	c.refuses(domain.FutureDated, c.as("amina"), "AcknowledgeCase", acknowledge.with(future), seen(0))
	c.refuses(domain.OutOfOrder, c.as("amina"), "AcknowledgeCase", acknowledge.with(fields{"sent_at": c.clock.Add(-time.Hour)}))
	c.refuses(domain.BadValueCode, c.as("amina"), "AcknowledgeCase", acknowledge.with(fields{"recipients": []uuid.UUID{uuid.New()}}))
	c.refuses(domain.BadValueCode, c.as("amina"), "ReceiveFeedback", c.complaint().with(nowhere))
	c.refuses(domain.BadValueCode, c.as("amina"), "ReceiveFeedback", c.complaint().with(fields{"summary": ""}))
	if n := c.length(received.Stream); n != 1 {
		t.Fatalf("refusals have left %d events", n)
	}
	if answer := c.must(c.as("amina"), "AcknowledgeCase", acknowledge.with(fields{"case": *received.Ref}), seen(0)); answer.Revision != 1 {
		t.Errorf("answer %+v", answer)
	}
	c.must(c.as("cara"), "CloseCase", c.closing(received))
	c.refuses(domain.CaseClosed, c.as("amina"), "AcknowledgeCase", acknowledge.with(future))
}

func TestLateIsSaidWhy(t *testing.T) {
	c := newCouncil(t)
	late := c.complaint()
	c.clock = c.clock.Add(20 * 24 * time.Hour)
	c.refuses(domain.BackdateReason, c.as("amina"), "ReceiveFeedback", late)
	answer := c.must(c.as("amina"), "ReceiveFeedback", late.with(fields{"backdate_reason": "The post room was flooded."}))
	for r, err := range c.Store.Read(t.Context(), answer.Stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		reason, err := c.Store.Reveal(t.Context(), r.Meta.BackdateReason)
		if err != nil || reason != "The post room was flooded." || !r.Meta.RecordedAt.Equal(c.clock) || r.Meta.OccurredAt.Equal(c.clock) {
			t.Errorf("metadata %+v, reason %q, %v", r.Meta, reason, err)
		}
		if r.Meta.Procedure != "nnc-corporate-2024@"+string(r.Event.(domain.Received).ProcedureVersion) || r.Meta.Stage != "s1" || r.Meta.ConfigRevision == 0 {
			t.Errorf("metadata %+v", r.Meta)
		}
	}
	// A clock that goes back does not take the stream with it.
	c.clock = c.clock.Add(-time.Minute)
	c.must(c.as("cara"), "CloseCase", c.closing(answer))
	var last time.Time
	for r := range c.Store.Read(t.Context(), answer.Stream, 0) {
		if r.Meta.RecordedAt.Before(last) {
			t.Error("recorded_at goes back")
		}
		last = r.Meta.RecordedAt
	}
}

func TestReferencesAreUnique(t *testing.T) {
	c := newCouncil(t)
	second := c.another()
	const cases = 60
	refs := make(chan string, cases)
	var group sync.WaitGroup
	for i := range cases {
		group.Go(func() {
			handler := c.Handler
			if i%2 == 1 {
				handler = second
			}
			answer, err := handler.Do(t.Context(), commands.Request{
				Command: "ReceiveFeedback", Body: body(t, c.complaint()), Actor: c.as("amina"), WayIn: domain.ViaAPI,
			})
			if err != nil {
				t.Error(err)
				return
			}
			refs <- *answer.Ref
		})
	}
	group.Wait()
	close(refs)
	known := map[string]bool{}
	for ref := range refs {
		if known[ref] {
			t.Errorf("%s was given twice", ref)
		}
		known[ref] = true
	}
}

func TestErasure(t *testing.T) {
	c := newCouncil(t)
	received := c.must(c.as("amina"), "ReceiveFeedback", c.complaint(), key("k"))
	canary := "Mister Canary of Nightingale Close"
	other := c.must(c.as("amina"), "ReceiveFeedback", c.complaint().with(fields{"complainant": c.people["paul"], "summary": canary}))
	erase := fields{
		"subject": c.people["pat"], "basis": "court_order", "approved_by": c.people["dirk"], "categories": []string{"all"},
	}
	c.refuses("OPEN_CASE", c.as("dora"), "ErasePersonalData", erase)
	c.must(c.as("cara"), "CloseCase", c.closing(received))
	c.refuses("SELF_APPROVAL", c.as("dirk"), "ErasePersonalData", erase)
	erased := c.must(c.as("dora"), "ErasePersonalData", erase, key("erase"))
	same(t, erased, c.must(c.as("dora"), "ErasePersonalData", erase, key("erase")))

	fates := map[string]error{}
	for r, err := range c.Store.ReadAll(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := r.Event.(domain.Received); ok {
			_, fates[r.Stream] = c.Store.Reveal(t.Context(), e.Summary)
		}
	}
	if fates[received.Stream] == nil || fates[other.Stream] != nil {
		t.Errorf("after the erasure: %v", fates)
	}
	// The MAC's key is gone: the first answer, unchecked.
	same(t, received, c.must(c.as("amina"), "ReceiveFeedback", c.complaint().with(fields{"category": "other"}), key("k")))

	if n, err := c.FinishErasures(t.Context()); err != nil || n != 1 {
		t.Errorf("finished %d erasures, %v", n, err)
	}
	canaries(t, c.dir, canary, "Name of pat", "No heating")
}

// canaries looks for texts in every file of a folder.
func canaries(t *testing.T, dir string, texts ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(content, []byte(text)) {
				t.Errorf("%s holds personal data in clear", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A crash between the event and the destruction of the keys is healed by the next start.
func TestAnErasureIsFinished(t *testing.T) {
	c := newCouncil(t)
	stream := domain.PersonStream(c.people["pat"])
	last, err := c.Store.Last(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	living, err := c.vault.Existing(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Store.Append(t.Context(), stream, eventstore.At(last.Revision), []eventstore.Proposed{{
		Event: domain.PersonalDataErased{Subject: c.people["pat"], Basis: "retention", KeyIDs: []uuid.UUID{uuid.UUID(living.ID())}},
		Meta:  domain.Metadata{CommandID: uuid.New(), OccurredAt: c.clock, RecordedAt: c.clock},
	}})
	if err != nil {
		t.Fatal(err)
	}
	name := last.Event.(domain.PersonRecorded).Name
	if _, err := c.Store.Reveal(t.Context(), name); err != nil {
		t.Fatalf("before the next start: %v", err)
	}
	if n, err := c.another().FinishErasures(t.Context()); err != nil || n != 1 {
		t.Errorf("finished %d erasures, %v", n, err)
	}
	if _, err := c.Store.Reveal(t.Context(), name); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("after the next start: %v", err)
	}

	// The start after that begins where this one ended; a vault that has seen another log, or none, begins anew.
	again := func(want int) {
		t.Helper()
		if n, err := c.another().FinishErasures(t.Context()); err != nil || n != want {
			t.Errorf("went through %d erasures, %v, want %d", n, err, want)
		}
	}
	again(0)
	position, id, err := c.vault.ErasuresApplied(t.Context())
	if end, failed := c.Store.End(t.Context()); err != nil || failed != nil || end != (eventstore.Mark{Position: position, ID: id}) {
		t.Errorf("the vault's mark is %d %s, %v; the log's end %v, %v", position, id, err, end, failed)
	}
	for _, other := range []eventstore.Mark{{Position: position, ID: uuid.New()}, {Position: position + 1, ID: id}, {Position: 1 << 40, ID: id}} {
		if err := c.vault.NoteErasures(t.Context(), other.Position, other.ID); err != nil {
			t.Fatal(err)
		}
		again(1)
		again(0)
	}
}

// What one process grants or revokes holds in every other with its next command.
func TestRolesHoldEverywhereAtOnce(t *testing.T) {
	c := newCouncil(t)
	second := c.another()
	received := c.must(c.as("amina"), "ReceiveFeedback", c.complaint())
	acknowledge := commands.Request{Command: "AcknowledgeCase", Body: body(t, c.acknowledgement(received)), Actor: c.as("paul"), WayIn: domain.ViaAPI}
	_, err := second.Do(t.Context(), acknowledge)
	expectCode(t, domain.CaseNotFound, err)
	role := fields{"actor_id": c.people["paul"], "roles": []string{"case_handler"}, "from": c.clock}
	c.must(operator, "GrantRole", role)
	c.must(operator, "RevokeRole", role)
	_, err = second.Do(t.Context(), acknowledge)
	expectCode(t, domain.CaseNotFound, err)
	c.must(operator, "GrantRole", role)
	if _, err := second.Do(t.Context(), acknowledge); err != nil {
		t.Error(err)
	}
}
