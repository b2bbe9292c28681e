package main

import (
	"context"
	"testing"
	"time"

	"redress/cmd/redress/demo"
	"redress/commands"
	"redress/domain"
	"redress/projections/postgres/pgtest"
	"redress/queries"
)

// Every step of an invented year is accepted by the rules, but for those that are marked as ones that may be refused,
// and these are few.
func TestInventedYearIsAccepted(t *testing.T) {
	year := demo.Generate(demo.Options{Seed: 429, Complaints: 150, Until: domain.NewDate(2026, 4, 1), Calendar: domain.ShippedCalendar()})
	now := year.From.Midnight()
	s := settings{Data: dataFolder(t), PostgresURL: pgtest.URL(t), Tenant: "council"}
	s.KEKFile = s.Data + "/kek"
	y, err := openSystem(t.Context(), s, wiring{opening: commands.Opening{SimulatedBy: "demo"}, now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := y.close(); err != nil {
			t.Error(err)
		}
	})
	ctx := context.Background()
	if err := y.untouched(ctx); err != nil {
		t.Fatal(err)
	}
	p := player{system: y, now: &now, cases: map[string]string{}}
	if err := p.mint(ctx, year.Steps); err != nil {
		t.Fatal(err)
	}
	optional := 0
	for i, step := range year.Steps {
		if err := p.play(ctx, i, step); err != nil {
			t.Fatal(err)
		}
		if step.Optional {
			optional++
		}
	}
	if len(p.cases) < 149 || p.refused > optional/5 {
		t.Errorf("%d cases; %d of %d optional steps were refused", len(p.cases), p.refused, optional)
	}
	if err := y.untouched(ctx); err == nil {
		t.Error("a folder with a year in it counts as empty")
	}
	report, err := y.performance(ctx, queries.Parameters{})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Notes) == 0 {
		t.Error("the report does not say that the time was simulated")
	}
}
