package domain

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"
)

func TestDateIsTheLondonDay(t *testing.T) {
	for at, want := range map[string]string{
		"2025-06-08T22:59:59Z": "2025-06-08",
		"2025-06-08T23:00:00Z": "2025-06-09", // summer time
		"2025-01-12T23:59:59Z": "2025-01-12",
		"2025-03-30T00:59:59Z": "2025-03-30", // the clocks go forward at 01:00
		"1900-03-01T00:00:00Z": "1900-03-01",
		"1969-12-31T23:30:00Z": "1970-01-01", // London kept an hour ahead all that winter
	} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := DateOf(instant).String(); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
	if !DateOf(time.Time{}).IsZero() {
		t.Error("the zero instant has a date")
	}
	if got := mustDate(t, "2025-06-09").Midnight(); got.Format(time.RFC3339) != "2025-06-08T23:00:00Z" {
		t.Error(got)
	}
}

func TestAddMonths(t *testing.T) {
	for _, tt := range []struct {
		from   string
		n      int
		want   string
		exists bool
	}{
		{"2024-08-31", 6, "2025-02-28", false},
		{"2023-08-31", 6, "2024-02-29", false},
		{"2023-08-29", 6, "2024-02-29", true},
		{"2025-01-31", 1, "2025-02-28", false},
		{"2024-12-15", 1, "2025-01-15", true},
		{"2024-02-29", 12, "2025-02-28", false},
		{"2025-03-31", -1, "2025-02-28", false},
	} {
		if got, exists := mustDate(t, tt.from).AddMonths(tt.n); got.String() != tt.want || exists != tt.exists {
			t.Errorf("%s + %d: %s %t", tt.from, tt.n, got, exists)
		}
	}
}

func TestDateText(t *testing.T) {
	type dated struct {
		On    Date         `json:"on" yaml:"on"`
		Until Date         `json:"until,omitzero" yaml:"until"`
		By    map[Date]int `json:"by,omitempty" yaml:"-"`
		List  []Date       `json:"list,omitempty" yaml:"list"`
	}
	in := dated{On: mustDate(t, "2024-02-29"), By: map[Date]int{mustDate(t, "2025-01-01"): 1}, List: []Date{mustDate(t, "2026-12-25")}}
	text, err := json.Marshal(in)
	if err != nil || string(text) != `{"on":"2024-02-29","by":{"2025-01-01":1},"list":["2026-12-25"]}` {
		t.Fatalf("%s %v", text, err)
	}
	var out dated
	if err := json.Unmarshal(text, &out); err != nil || out.On != in.On || out.By[mustDate(t, "2025-01-01")] != 1 || out.List[0] != in.List[0] {
		t.Errorf("%+v %v", out, err)
	}
	if err := yaml.UnmarshalWithOptions([]byte("on: 2024-02-29\nlist: [2026-12-25]\n"), &out, yaml.Strict()); err != nil || out.On != in.On || out.List[0] != in.List[0] {
		t.Errorf("%+v %v", out, err)
	}
	for _, bad := range []string{"2025-02-29", "2025-2-3", "29/02/2024", "2025-01-01T00:00:00Z", "0000-01-01", " 2025-01-01"} {
		if d, err := ParseDate(bad); err == nil {
			t.Errorf("%q is read as %s", bad, d)
		}
		if json.Unmarshal([]byte(`{"on":"`+bad+`"}`), &out) == nil {
			t.Errorf("%q is read from JSON", bad)
		}
	}
}

func TestDateAgreesWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Date(rapid.Int32Range(1, int32(NewDate(9999, 12, 31))).Draw(t, "day"))
		year, month, dom := d.Civil()
		civil := time.Date(year, month, dom, 0, 0, 0, 0, time.UTC)
		if NewDate(year, month, dom) != d || d.Weekday() != civil.Weekday() || d.Year() != year {
			t.Fatalf("%d is %s", d, civil)
		}
		if parsed, err := ParseDate(d.String()); err != nil || parsed != d {
			t.Fatalf("%s: %s, %v", d, parsed, err)
		}
		if DateOf(d.Midnight()) != d || DateOf(d.Midnight().Add(-time.Nanosecond)) != d-1 {
			t.Fatalf("%s begins at %s", d, d.Midnight())
		}
	})
}
