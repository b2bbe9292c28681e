package eventstore_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

// BenchmarkReadAll reads and decodes a log of cases; an event is one Received with two sealed texts.
func BenchmarkReadAll(b *testing.B) {
	v, err := vault.Open(b.Context(), pgtest.URL(b), filepath.Join(b.TempDir(), "kek"))
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	n, err := node.Start(b.Context(), b.TempDir(), node.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	defer n.Stop()
	s, err := eventstore.Open(b.Context(), eventstore.Config{URL: n.TCPURL(), Tenant: "council", Vault: v})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const streams, each = 20, 100
	for i := range streams {
		var events []domain.Event
		for range each {
			events = append(events, domain.Received{
				CaseRef: "RD-2026-000001", Kind: domain.KindComplaint, Channel: "email", ReceivedAt: noon, Service: "housing",
				Category: "repairs", Summary: domain.Plain("The boiler has been out for three weeks."),
				Issues: []domain.Issue{{ID: "boiler", Text: domain.Plain("No heating"), Category: "repairs"}},
			})
		}
		if _, err := s.Append(b.Context(), fmt.Sprintf("complaint-%d", i), eventstore.NoStream, propose(uuid.New(), events...)); err != nil {
			b.Fatal(err)
		}
	}
	read := 0
	for b.Loop() {
		for _, err := range s.ReadAll(b.Context(), 0, 0) {
			if err != nil {
				b.Fatal(err)
			}
			read++
		}
	}
	b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "events/s")
}
