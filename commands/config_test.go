package commands_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"redress/commands"
	"redress/domain"
)

// Many who ask for the config at once, some of whom leave, see every grant that was answered before they asked.
func TestConfigIsNeverOlderThanTheQuestion(t *testing.T) {
	c := newCouncil(t)
	another := c.another()
	var group sync.WaitGroup
	for range 20 {
		settled, err := another.Config(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.must(operator, "GrantRole", fields{"actor_id": c.people["paul"], "roles": []domain.Role{domain.RolePublic}, "grade": 0, "from": c.clock})
		for i := range 16 {
			group.Go(func() {
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				if i%4 == 0 {
					leave()
				}
				config, err := another.Config(ctx)
				switch {
				case errors.Is(err, context.Canceled) && i%4 == 0:
				case err != nil:
					t.Error(err)
				case config.Revision != settled.Revision+1:
					t.Errorf("revision %d, expected %d", config.Revision, settled.Revision+1)
				}
			})
		}
		group.Wait()
	}
}

// A command that comes without a key is answered without a look at the log; the log says the same.
func TestAnswerWithoutAKeyIsWhatTheLogHas(t *testing.T) {
	c := newCouncil(t)
	opened, err := c.Do(t.Context(), commands.Request{Command: "ReceiveFeedback", Body: body(t, c.complaint()), Actor: c.as("amina"), WayIn: domain.ViaAPI})
	if err != nil {
		t.Fatal(err)
	}
	flagged, err := c.Do(t.Context(), commands.Request{
		Command: "AttachDocument", Case: opened.Case.String(), Actor: c.as("amina"), WayIn: domain.ViaAPI,
		Body: body(t, fields{"doc_id": "D1", "sha256": "ab", "media_type": "application/pdf", "size": 7, "kind": "evidence", "title": "Photographs", "from": "police"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	answers := []commands.Answer{opened, flagged}
	for r, err := range c.Store.Read(t.Context(), opened.Stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		a := answers[r.Revision]
		is := commands.Placed{Type: r.Type, ID: r.ID, Revision: r.Revision, Position: r.Position}
		if a.Stream != r.Stream || a.Revision != r.Revision || len(a.Events) != 1 || a.Events[0] != is || domain.CaseStream(*a.Case) != r.Stream {
			t.Errorf("answered %+v, the log has %+v", a, is)
		}
	}
	folded, err := c.Case(t.Context(), *opened.Case)
	if err != nil || folded.Events != 2 || folded.Ref != *opened.Ref || folded.Ref != *flagged.Ref {
		t.Errorf("the case is %+v, %v", folded, err)
	}
}
