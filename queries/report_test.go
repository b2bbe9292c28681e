package queries_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"redress/domain"
	"redress/queries"
)

func report(t testing.TB, q *queries.Queries, p queries.Parameters) *queries.Performance {
	t.Helper()
	r, err := q.Performance(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encoded(t testing.TB, answer any) []byte {
	t.Helper()
	var text bytes.Buffer
	if err := queries.WriteJSON(&text, answer); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func TestReportIsTheSameAsAtItsOwnMoment(t *testing.T) {
	c, q := council(t, 5, 60)
	p := queries.Parameters{By: []string{"service", "ward", "stage", "month", "quarter", "financial_year", "procedure", "channel", "category"}}
	live := report(t, q, p)
	before := encoded(t, live)
	c.Histories(6, 10) // what comes later changes nothing
	p.AsAt = live.AsAt.String()
	if again := encoded(t, report(t, q, p)); !bytes.Equal(before, again) {
		t.Errorf("as at %s the report differs:\n%s\n%s", p.AsAt, before, again)
	}
	p.AsAt = now.AddDate(0, -4, 0).Format("2006-01-02T15:04:05Z07:00")
	byTime := report(t, q, p)
	p.AsAt = byTime.AsAt.String()
	if byBoth := report(t, q, p); !bytes.Equal(encoded(t, byTime), encoded(t, byBoth)) {
		t.Errorf("as at %s the report differs from as at that time alone", p.AsAt)
	}
	if byTime.AsAt.Position >= live.AsAt.Position {
		t.Errorf("an earlier moment stands at %d, and now at %d", byTime.AsAt.Position, live.AsAt.Position)
	}
}

func TestReportGoldens(t *testing.T) {
	_, q := council(t, 5, 60)
	p := queries.Parameters{From: domain.NewDate(2024, 10, 1), To: domain.NewDate(2025, 7, 1), By: []string{"service", "quarter", "stage"}}
	r := report(t, q, p)
	steady := func(text []byte) []byte { // positions depend on the length of sealed values
		return bytes.ReplaceAll(text, []byte(strconv.FormatUint(r.AsAt.Position, 10)), []byte("999999"))
	}
	golden(t, "report.json", steady(encoded(t, r)))
	var table, csv, xlsx bytes.Buffer
	for _, write := range []error{r.WriteTable(&table), r.WriteCSV(&csv), r.WriteXLSX(&xlsx)} {
		if write != nil {
			t.Fatal(write)
		}
	}
	golden(t, "report.table", steady(table.Bytes()))
	golden(t, "report.csv", steady(csv.Bytes()))
	if !strings.Contains(csv.String(), ",'=cmd,") || strings.Contains(csv.String(), ",=cmd,") {
		t.Error("a service that looks like a formula is not made harmless")
	}
	if xlsx.Len() == 0 {
		t.Error("the workbook is empty")
	}
}

func TestReportParameters(t *testing.T) {
	_, q := council(t, 5, 2)
	for name, p := range map[string]queries.Parameters{
		"by":    {By: []string{"moon"}},
		"to":    {From: domain.NewDate(2025, 1, 1), To: domain.NewDate(2025, 1, 1)},
		"as-at": {AsAt: "yesterday"},
	} {
		_, err := q.Performance(t.Context(), p)
		if bad, ok := err.(*queries.ParameterError); !ok || bad.Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := q.Performance(t.Context(), queries.Parameters{AsAt: "3"}); err == nil {
		t.Error("a position without an event is taken")
	}
}
