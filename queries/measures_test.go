package queries

import (
	"testing"
)

func TestMeasuresHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Measures {
		if seen[m.ID] || m.Title == "" || m.Unit == "" || m.Of == "" {
			t.Errorf("measure %q is not complete or stands twice", m.ID)
		}
		seen[m.ID] = true
		if m.How == share && m.Hit == "" || m.How >= sum && m.How <= most && m.Each == "" {
			t.Errorf("measure %s lacks what its figure needs", m.ID)
		}
	}
	for _, id := range []string{
		"P01", "P03.email", "P04", "P05", "P06", "P07", "P08", "P09", "P10", "P11.median", "P11b.p90",
		"P12.open", "P12.overdue", "P12.suspended", "P16.upheld", "P17", "P22", "P23.offered", "P23.distress", "P23.money_paid",
	} {
		if !seen[id] {
			t.Errorf("there is no measure %s", id)
		}
	}
}

// Each source's predicates stand in the bits of one bigint.
func TestPredicatesFitIntoAMask(t *testing.T) {
	predicates := map[source]map[string]bool{}
	for _, m := range Measures {
		if predicates[m.From] == nil {
			predicates[m.From] = map[string]bool{}
		}
		predicates[m.From][m.Of] = true
		predicates[m.From][m.Of+" and "+m.Hit] = true
	}
	for from, list := range predicates {
		if len(list) > 62 {
			t.Errorf("%s by %s has %d predicates", from.table, from.placed, len(list))
		}
	}
}

func TestRoundingIsHalfUp(t *testing.T) {
	for _, tt := range []struct {
		numerator, denominator int64
		want                   string
	}{
		{0, 0, "null"},
		{0, 7, "0.0"},
		{1, 3, "33.3"},
		{2, 3, "66.7"},
		{4510, 4692, "96.1"},
		{1, 2000, "0.1"},
		{1, 2001, "0.0"},
		{19, 22, "86.4"},
		{7, 7, "100.0"},
	} {
		if got := tenths(1000*tt.numerator, tt.denominator); string(got) != tt.want {
			t.Errorf("%d of %d is %s, want %s", tt.numerator, tt.denominator, got, tt.want)
		}
	}
}

func TestAsAtForms(t *testing.T) {
	for _, text := range []string{"", "2025-01-06T09:00:00Z", "7", "2025-01-06T10:00:00+01:00@7"} {
		if _, err := parseAsAt(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"0", "-1", "2025-01-06", "2025-01-06T09:00:00", "@7", "2025-01-06T09:00:00Z@", "2025-01-06T09:00:00Z@x"} {
		if _, err := parseAsAt(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	if at, _ := parseAsAt("2025-01-06T10:00:00+01:00@7"); at.position != 7 || at.time.Hour() != 9 {
		t.Errorf("read as %+v", at)
	}
}
