package main

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"redress/commands"
	"redress/docs"
	"redress/domain"
)

// A bit that flips on disk is found by verify, which says behind which position, and exits like any check that found
// something.
func TestVerifyFindsDamage(t *testing.T) {
	samples := t.TempDir()
	if err := unpackSamples(samples); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	m.try("import", filepath.Join(samples, "fines-made-up.csv"), "--mapping", "road-traffic-fines").succeeds()
	segments, err := filepath.Glob(filepath.Join(m.data, "log", "*.log"))
	if err != nil || len(segments) == 0 {
		t.Fatal("no segments: ", err)
	}
	text, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(segments[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := m.try("verify")
	r.refuses("BAD")
	if exit, ok := errors.AsType[*exec.ExitError](r.err); !ok || exit.ExitCode() != exitFindings {
		t.Errorf("verify: %v", r.err)
	}
}

// Damage in the newest record of a running serve is a finding of verify too, though not even the log's end can be read.
func TestVerifyFindsDamageAtTheEnd(t *testing.T) {
	samples := t.TempDir()
	if err := unpackSamples(samples); err != nil {
		t.Fatal(err)
	}
	m := newMachine(t)
	m.try("import", filepath.Join(samples, "fines-made-up.csv"), "--mapping", "road-traffic-fines").succeeds()
	segment := filepath.Join(m.data, "log", "00000000000000000000.log")
	info, err := os.Stat(segment) // what is reserved ahead of the writer was cut off when the import ended
	if err != nil {
		t.Fatal(err)
	}
	served, err := startProcess("", m.env, "serve", "--data", m.data)
	if err != nil {
		t.Fatal(err)
	}
	defer served.end(syscall.SIGKILL)
	f, err := os.OpenFile(segment, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("damage"), info.Size()-6); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	r := m.try("verify")
	r.refuses("BAD")
	if exit, ok := errors.AsType[*exec.ExitError](r.err); !ok || exit.ExitCode() != exitFindings || !strings.Contains(r.text, "00000000000000000000.log at byte") {
		t.Errorf("verify: %v, and says %q", r.err, r.text)
	}
}

// What is found to be damaged while serve runs stops commands, and serve says so where a monitor looks; questions are
// still answered.
func TestServeSaysThatTheLogIsDamaged(t *testing.T) {
	fines, err := docs.Samples.ReadFile("samples/fines-made-up.csv")
	if err != nil {
		t.Fatal(err)
	}
	y := wired(t)
	y.imported(t, "road-traffic-fines", fines)
	if _, err := y.queries.WaitForEnd(y.ctx, patience); err != nil {
		t.Fatal(err)
	}
	if err := y.ready(y.ctx); err != nil || y.gauge(t, "redress_log_damaged") != 0 || y.gauge(t, "redress_log_scrubbed_timestamp_seconds") == 0 {
		t.Fatalf("before: %v", err)
	}
	var damaged, last uint64 // the places of the last two records that begin a case
	for r, err := range y.store.ReadAll(y.ctx, 0, math.MaxInt64) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(r.Stream, "complaint-") && r.Revision == 0 {
			damaged, last = last, r.Position
		}
	}
	segment, err := os.OpenFile(filepath.Join(y.settings.Data, "log", "00000000000000000000.log"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := segment.WriteAt([]byte("damage"), int64(damaged)+40); err != nil || segment.Close() != nil {
		t.Fatal(err)
	}
	if v, err := y.queries.Verify(y.ctx, nil); err != nil || v.OK { // whoever meets it has the log read again at once
		t.Fatalf("verified %+v, %v", v, err)
	}
	for y.parts.damage() == nil && t.Context().Err() == nil {
		runtime.Gosched()
	}
	if err := y.ready(y.ctx); err == nil || !strings.Contains(err.Error(), "00000000000000000000.log at byte "+strconv.FormatUint(damaged, 10)) {
		t.Errorf("ready: %v", err)
	}
	if y.gauge(t, "redress_log_damaged") != 1 {
		t.Error("the gauge does not say so")
	}
	if _, err := y.handler.Config(y.ctx); err != nil {
		t.Errorf("what is whole is not read: %v", err)
	}
	_, err = y.handler.Do(y.ctx, commands.Request{
		Command: "RecordPerson", Body: []byte(`{"person_id":"` + uuid.NewString() + `"}`), Actor: domain.Actor{ID: "system"}, WayIn: domain.ViaProcess,
	})
	if err == nil || !strings.Contains(err.Error(), "nothing is appended to a damaged log") {
		t.Errorf("a command: %v", err)
	}
}

// gauge returns the value of a gauge of the log.
func (y *system) gauge(t *testing.T, name string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(y.parts.logMetrics()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}
