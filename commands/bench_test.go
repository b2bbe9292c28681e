package commands_test

import (
	"testing"

	"redress/commands"
	"redress/domain"
)

// BenchmarkReceiveFeedback opens cases from many goroutines: each makes a key, an append and its answer, all durable.
func BenchmarkReceiveFeedback(b *testing.B) {
	c := newCouncil(b)
	text := body(b, c.complaint())
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, err := c.Do(b.Context(), commands.Request{Command: "ReceiveFeedback", Body: text, Actor: c.as("amina"), WayIn: domain.ViaAPI})
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}

// BenchmarkOneCaller opens cases one after the other: what a caller waits for.
func BenchmarkOneCaller(b *testing.B) {
	c := newCouncil(b)
	request := commands.Request{Command: "ReceiveFeedback", Body: body(b, c.complaint()), Actor: c.as("amina"), WayIn: domain.ViaAPI}
	for b.Loop() {
		if _, err := c.Do(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	}
}
