package vault_test

import (
	"path/filepath"
	"testing"

	"redress/eventstore/vault"
	"redress/projections/postgres/pgtest"
)

// Import asks for the keys of many new cases at once.
func BenchmarkMint500(b *testing.B) {
	v, err := vault.Open(b.Context(), pgtest.URL(b), filepath.Join(b.TempDir(), "kek"))
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	subjects := make([]string, 500)
	for b.Loop() {
		for i := range subjects {
			subjects[i] = person()
		}
		if _, err := v.Keys(b.Context(), subjects); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(subjects))/b.Elapsed().Seconds(), "keys/s")
}

func BenchmarkSeal(b *testing.B) {
	v, err := vault.Open(b.Context(), pgtest.URL(b), filepath.Join(b.TempDir(), "kek"))
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	k, err := v.Key(b.Context(), person())
	if err != nil {
		b.Fatal(err)
	}
	text := make([]byte, 200)
	for b.Loop() {
		k.Seal(text, "2d9f6a52-3f1c-4d52-8a34-6f3f1f8f0f11/narrative")
	}
}
