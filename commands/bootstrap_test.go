package commands_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"redress/commands"
	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

func TestALogBeginsOnce(t *testing.T) {
	c := newSystem(t)
	second := c.another()
	var group sync.WaitGroup
	for _, handler := range []*commands.Handler{c.Handler, second, c.Handler} {
		group.Go(func() {
			if err := handler.Open(t.Context(), commands.Opening{SimulatedBy: "demo"}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	shipped, err := commands.ShippedProcedures()
	if err != nil {
		t.Fatal(err)
	}
	config, err := c.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := 4 + len(shipped); int(config.Events) != want || len(config.Procedures()) != len(shipped) {
		t.Errorf("the log begins with %d events, want %d", config.Events, want)
	}
	if config.Clock == nil || config.Clock.By != "demo" || config.Opened.VaultID != c.vault.ID() {
		t.Errorf("opened %+v, clock %+v", config.Opened, config.Clock)
	}
	for r, err := range c.Store.Read(t.Context(), "config-council", 0) {
		if err != nil || !r.Meta.Bootstrap {
			t.Errorf("%s is not marked bootstrap, %v", r.Type, err)
		}
		if _, ok := r.Event.(domain.LogOpened); ok != (r.Revision == 0) {
			t.Errorf("revision %d is %s", r.Revision, r.Type)
		}
	}
}

func TestALogBelongsToItsVault(t *testing.T) {
	c := newCouncil(t)
	if err := c.Open(t.Context(), commands.Opening{}); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), pgtest.URL(t), filepath.Join(t.TempDir(), "kek"))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for tenant, want := range map[string]error{"council": commands.ErrOtherVault, "neighbour": commands.ErrNotOurs} {
		store, err := eventstore.Open(t.Context(), eventstore.Config{URL: c.socket, Tenant: tenant, Vault: v})
		if err != nil {
			t.Fatal(err)
		}
		handler := commands.Handler{Store: store, Tenant: tenant}
		if err := handler.Open(t.Context(), commands.Opening{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", tenant, err, want)
		}
		store.Close()
	}
}
