package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
)

// BenchmarkCommand sends whole commands over HTTP, each with a key of its own, each answered durable: a case is opened,
// and the case's key with it, while the read models follow. It reports how many are answered a second, the median time
// to an answer, and what the same number of callers appends to the same log in the same run, without commands.
func BenchmarkCommand(b *testing.B) {
	d := openStack(b)
	d.mint("manager", `,"roles":["complaints_manager"]`)
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("c=%d", callers), func(b *testing.B) {
			commanding, took := together(b, callers, d.opens)
			appending, _ := together(b, callers, d.appends)
			b.ReportMetric(commanding, "commands/s")
			b.ReportMetric(float64(took.Microseconds()), "p50-µs")
			b.ReportMetric(commanding/appending, "of-appends")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// together runs b.N calls from several callers, and returns how many went through a second and the median of their times.
func together(b *testing.B, callers int, call func(context.Context) error) (rate float64, median time.Duration) {
	times := make([]time.Duration, b.N)
	var taken atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for range callers {
		group.Go(func() {
			for i := taken.Add(1) - 1; i < int64(b.N); i = taken.Add(1) - 1 {
				asked := time.Now()
				if err := call(b.Context()); err != nil {
					b.Error(err)
					return
				}
				times[i] = time.Since(asked)
			}
		})
	}
	group.Wait()
	rate = float64(b.N) / time.Since(began).Seconds()
	slices.Sort(times)
	return rate, times[len(times)/2]
}

// many keeps a connection for each of many callers.
var many = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// opens opens a case over HTTP.
func (d *door) opens(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, "POST", d.url+"/api/commands/ReceiveFeedback", strings.NewReader(
		`{"kind":"complaint","channel":"email","received_at":"2026-02-27T10:00:00Z","service":"housing","category":"repairs",
		"procedure_id":"nnc-corporate-2024","summary":"The roof leaks","issues":[{"issue_id":"i1","text":"the roof","category":"repairs"}]}`))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+d.secrets["manager"])
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", uuid.NewString())
	response, err := many.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s %w", response.Status, text, err)
	}
	return nil
}

// appends appends one event to a stream of its own, which no read model looks at.
func (d *door) appends(ctx context.Context) error {
	id, at := uuid.New(), d.now()
	_, err := d.Queries.Store.Append(ctx, "bench-"+id.String(), eventstore.NoStream, []eventstore.Proposed{{
		Event: domain.Closed{Reason: "accepted", At: at}, Meta: domain.Metadata{
			CommandID: id, CorrelationID: id, CausationID: id, OccurredAt: at, RecordedAt: at, ActorID: "system", ActorRole: "system", WayIn: domain.ViaProcess,
		},
	}})
	return err
}
