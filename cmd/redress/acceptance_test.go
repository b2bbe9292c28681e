package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"redress/commands/legacy"
	"redress/docs"
	"redress/domain"
	"redress/projections/postgres/pgtest"
	"redress/queries"
)

// wired is a system in this process, as a verb has it.
func wired(t *testing.T) *system {
	t.Helper()
	s := settings{Data: dataFolder(t), PostgresURL: pgtest.URL(t), Tenant: "council"}
	s.KEKFile = s.Data + "/kek"
	y, err := openSystem(t.Context(), s, wiring{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := y.close(); err != nil {
			t.Error(err)
		}
	})
	return y
}

func (y *system) imported(t *testing.T, mapping string, file []byte) *legacy.Report {
	t.Helper()
	m, err := legacy.Load(mapping)
	if err != nil {
		t.Fatal(err)
	}
	report, err := y.importer(nil).Run(y.ctx, bytes.NewReader(file), m, false)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// table reads a CSV file as one map a row, by nothing of ours.
func table(t *testing.T, text io.Reader) []map[string]string {
	t.Helper()
	records, err := csv.NewReader(text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// The shipped real file: its totals, the report over it, and twenty of its requests as they stood, each compared with
// what the rows of the file say by themselves.
func TestRealRequests(t *testing.T) {
	zipped, err := docs.Samples.ReadFile("samples/nyc-311-animals-2025.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	text, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	rows := table(t, text)
	newYork := zone(t, "America/New_York")
	y := wired(t)
	report := y.imported(t, "nyc-311", zipped)
	closed, inTime := 0, 0
	for _, row := range rows {
		r := requestOf(t, row, newYork)
		if r.closed != nil {
			closed++
			if day(*r.closed).Sub(day(r.created)) <= 5*24*time.Hour {
				inTime++
			}
		}
	}
	if len(rows) != 4969 || closed != 4692 || inTime != 4510 {
		t.Fatalf("the file has %d requests, %d closed, %d of them in time", len(rows), closed, inTime)
	}
	if report.Imported != 4969 || report.Cases != 4969 || report.Events != 2*4969+2*4692 || report.Rejected+report.Duplicates != 0 {
		t.Errorf("%+v", report)
	}
	again := y.imported(t, "nyc-311", zipped)
	if again.AlreadyPresent != 4969 || again.Events != 0 {
		t.Errorf("again: %+v", again)
	}
	performance, err := y.performance(y.ctx, queries.Parameters{})
	if err != nil {
		t.Fatal(err)
	}
	figure(t, performance, "P01", "4969", 4969, 0)
	figure(t, performance, "P07", "96.1", 4510, 4692)
	figure(t, performance, "P16.resolved", "100.0", 4692, 4692)
	figure(t, performance, "P12.open", "277", 277, 0)
	for n := range 20 {
		y.compareRequest(t, requestOf(t, rows[7+n*len(rows)/21], newYork), n)
	}
}

// request is a row of the file as the test reads it.
type request struct {
	key     string
	created time.Time
	closed  *time.Time
}

func requestOf(t *testing.T, row map[string]string, zone *time.Location) request {
	t.Helper()
	at := func(column string) time.Time {
		moment, err := time.ParseInLocation("1/2/2006 15:04", row[column], zone)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	r := request{key: row["Unique Key"], created: at("Created Date")}
	if row["Closed Date"] != "" {
		closed := at("Closed Date")
		r.closed = &closed
	}
	return r
}

// day is midnight of a London day, counted without the summer's hour.
func day(t time.Time) time.Time {
	year, month, number := t.In(domain.London).Date()
	return time.Date(year, month, number, 0, 0, 0, 0, time.UTC)
}

// compareRequest replays the n-th request at two of the moments around what happened to it.
func (y *system) compareRequest(t *testing.T, r request, n int) {
	t.Helper()
	due := day(r.created).AddDate(0, 0, 5)
	moments := []time.Time{r.created.Add(-time.Minute), r.created, r.created.Add(time.Minute), r.created.AddDate(0, 0, 9)}
	if r.closed != nil {
		moments = append(moments, r.closed.Add(-time.Second), *r.closed, r.closed.AddDate(0, 1, 0))
	}
	for _, at := range []time.Time{moments[n%len(moments)], moments[(n+3)%len(moments)]} {
		replay, err := y.queries.Replay(y.ctx, "nyc-311:"+r.key, queries.Moment{At: at})
		if err != nil {
			t.Fatal(err)
		}
		var status, state string
		switch {
		case at.Before(r.created):
		case r.closed != nil && !at.Before(*r.closed):
			status, state = "closed", "met"
			if day(*r.closed).After(due) {
				state = "missed"
			}
		default:
			status, state = "open", "running"
			if day(at).After(due) {
				state = "overdue"
			}
		}
		if got := text(replay.State.Status); got != status {
			t.Errorf("%s at %s: %s, want %s", r.key, at, got, status)
		}
		if len(replay.Clocks) == 0 && state == "" {
			continue
		}
		if len(replay.Clocks) != 1 || replay.Clocks[0].State != state || text(replay.Clocks[0].Due) != due.Format(time.DateOnly) {
			t.Errorf("%s at %s: %+v, want %s, due %s", r.key, at, replay.Clocks, state, due.Format(time.DateOnly))
		}
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// figure compares one measure of a report.
func figure(t *testing.T, p *queries.Performance, id, value string, numerator, denominator int64) {
	t.Helper()
	for _, m := range p.Measures {
		if m.ID != id {
			continue
		}
		over := int64(0)
		if m.Denominator != nil {
			over = *m.Denominator
		}
		if string(m.Value) != value || m.Numerator == nil || *m.Numerator != numerator || over != denominator {
			t.Errorf("%s = %s, %v of %d; want %s, %d of %d", id, m.Value, m.Numerator, over, value, numerator, denominator)
		}
		return
	}
	t.Errorf("the report has no %s", id)
}

// finesFile is the real log of fines where it lies beside the repository. Its licence does not let us ship it, so
// elsewhere the made-up file of its shape takes its place.
func finesFile(t *testing.T) []byte {
	t.Helper()
	file, err := os.ReadFile("../../../shared/data/road-traffic-fines.csv")
	if err != nil {
		file, err = docs.Samples.ReadFile("samples/fines-made-up.csv")
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// The fines: every activity became the event that the mapping says, no escalation was invented, and a result without an
// appeal has a clock of which nobody can say whether it was met.
func TestRealFines(t *testing.T) {
	file := finesFile(t)
	rows := table(t, bytes.NewReader(file))
	activities, appealed, answered := map[string]int{}, map[string]time.Time{}, map[string]time.Time{}
	for _, row := range rows {
		activities[row["activity"]]++
		at, err := time.ParseInLocation(time.DateOnly, row["timestamp"], zone(t, "Europe/Rome"))
		if err != nil {
			t.Fatal(err)
		}
		switch row["activity"] {
		case "Insert Date Appeal to Prefecture":
			appealed[row["case_id"]] = at
		case "Receive Result Appeal from Prefecture":
			answered[row["case_id"]] = at
		}
	}
	y := wired(t)
	report := y.imported(t, "road-traffic-fines", file)
	fines, appeals, results := activities["Create Fine"], activities["Insert Date Appeal to Prefecture"], activities["Receive Result Appeal from Prefecture"]
	if report.Rows != len(rows) || report.Imported != len(rows) || report.Cases != fines || report.Events != fines+len(rows) {
		t.Errorf("%d rows of %d fines: %+v", len(rows), fines, report)
	}
	if len(rows) > 1000 && (fines != 10000 || len(rows) != 34724) {
		t.Errorf("the file has %d rows of %d fines", len(rows), fines)
	}
	types := map[string]int{}
	for r, err := range y.store.ReadAll(y.ctx, 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(r.Stream, "complaint-") {
			types[r.Type]++
		}
	}
	for name, want := range map[string]int{
		"Imported": fines, "Received": fines, "Escalated": appeals, "Responded": results, "LegacyRecorded": len(rows) - fines - appeals - results,
	} {
		if types[name] != want {
			t.Errorf("%d events %s, want %d", types[name], name, want)
		}
	}
	performance, err := y.performance(y.ctx, queries.Parameters{})
	if err != nil {
		t.Fatal(err)
	}
	unknown, met, replayed := 0, int64(0), 0
	for ref, at := range answered {
		state := "unknown"
		if begun, ok := appealed[ref]; ok {
			if state = "missed"; !day(at).After(day(begun).AddDate(0, 0, 180)) {
				state = "met"
				met++
			}
		} else {
			unknown++
		}
		if replayed++; replayed > 10 && state != "unknown" {
			continue
		}
		replay, err := y.queries.Replay(y.ctx, "road-traffic-fines:"+ref, queries.Moment{})
		if err != nil {
			t.Fatal(err)
		}
		if len(replay.Clocks) != 1 || replay.Clocks[0].ID != "s2.response" || replay.Clocks[0].State != state {
			t.Errorf("%s: %+v, want %s", ref, replay.Clocks, state)
		}
	}
	if want := map[bool]int{true: 3, false: 1}[len(rows) > 1000]; unknown != want {
		t.Errorf("%d results without an appeal, want %d", unknown, want)
	}
	figure(t, performance, "P01.complaint", strconv.Itoa(fines), int64(fines), 0)
	for _, m := range performance.Measures {
		if m.ID == "P07" && (m.Numerator == nil || *m.Numerator != met || *m.Denominator != int64(results-unknown)) {
			t.Errorf("P07: %v of %v, want %d of %d", *m.Numerator, *m.Denominator, met, results-unknown)
		}
	}
}
