package domain

import (
	"testing"
	"time"
)

// openCases makes histories of open complaints, spread over two years: acknowledged or not, at stage 1 or 2, some paused
// and some extended.
func openCases(n int) []History {
	cases := make([]History, n)
	first := NewDate(2024, 1, 2)
	for i := range cases {
		day := first.AddDays(i % 700)
		at := func(days int) time.Time { return day.AddDays(days).noon() }
		h := History{
			Kind:    "complaint",
			Moments: []Moment{{Event: "Received", At: at(0)}},
			Entries: []StageEntry{{Stage: "s1", At: at(0)}},
		}
		if i%4 > 0 {
			h.Moments = append(h.Moments, Moment{Event: "Acknowledged", Stage: "s1", At: at(3)})
		}
		if i%4 > 2 {
			h.Moments = append(h.Moments, Moment{Event: "Responded", Stage: "s1", At: at(12)}, Moment{Event: "Escalated", Stage: "s2", At: at(30)})
			h.Entries = append(h.Entries, StageEntry{Stage: "s2", At: at(30), Seq: 3})
		}
		if i%10 == 1 {
			h.Pauses = []Pause{{Kind: PauseConsent, From: day.AddDays(6), To: day.AddDays(12), Recorded: at(6)}}
		}
		if i%7 == 1 {
			h.Extensions = []Postponement{{Clock: "s1.response", NewDue: day.AddDays(35), Recorded: at(5)}}
		}
		cases[i] = h
	}
	return cases
}

// BenchmarkRedate computes all clocks of 100,000 open cases for a new calendar.
func BenchmarkRedate(b *testing.B) {
	cases, p, calendar, at := openCases(100_000), ShippedProcedure("nnc-corporate-2024"), ShippedCalendar(), NewDate(2026, 1, 1).Midnight()
	b.ReportAllocs()
	for b.Loop() {
		for i := range cases {
			if len(Clocks(p, calendar, cases[i], at)) < 2 {
				b.Fatal("a clock is missing")
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/100k-cases")
}
