package legacy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// invented writes a file of the fines' shape: some three and a half rows a case, an appeal now and then.
func invented(cases int, seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 1))
	var rows []string
	add := func(n int, activity string, day time.Time) {
		rows = append(rows, fmt.Sprintf("N%d,%s,%d,%s", n, activity, len(rows)+1, day.Format(time.DateOnly)))
	}
	for n := range cases {
		day := time.Date(2008, 1, 1+random.IntN(360), 0, 0, 0, 0, time.UTC)
		add(n, "Create Fine", day)
		for _, step := range []struct {
			activity string
			percent  int
		}{
			{"Send Fine", 70},
			{"Insert Fine Notification", 55},
			{"Insert Date Appeal to Prefecture", 5},
			{"Add penalty", 55},
			{"Receive Result Appeal from Prefecture", 4},
			{"Payment", 50},
			{"Send for Credit Collection", 15},
		} {
			if day = day.AddDate(0, 0, 1+random.IntN(60)); random.IntN(100) < step.percent {
				add(n, step.activity, day)
			}
		}
	}
	return fines(rows...)
}

// BenchmarkImport imports an invented file of 2,000 cases into an empty log: reading, keys, decisions, durable appends.
func BenchmarkImport(b *testing.B) {
	m := load(b, "road-traffic-fines")
	text := invented(2000, 7)
	events := 0
	for b.Loop() {
		b.StopTimer()
		w := newTown(b)
		b.StartTimer()
		r, err := w.try(m, text, false)
		if err != nil {
			b.Fatal(err)
		}
		events += r.Events
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkRead reads the same file and understands its rows, without a log.
func BenchmarkRead(b *testing.B) {
	m := load(b, "road-traffic-fines")
	text := invented(2000, 7)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		source, err := NewSource(strings.NewReader(text), m.Encoding, ',')
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.read(source, new(Report)); err != nil {
			b.Fatal(err)
		}
	}
}
