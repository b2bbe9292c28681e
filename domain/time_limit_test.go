package domain

import "testing"

func TestTimeLimit(t *testing.T) {
	for _, tt := range []struct{ procedure, occurred, known, want string }{
		{"nnc-corporate-2024", "2024-02-29", "", "2025-02-28"},
		{"nnc-corporate-2024", "2023-01-01", "2023-10-09", "2024-10-09"},
		{"nnc-corporate-2024", "", "", ""},
		{"nct-children-statutory", "2023-01-01", "2023-10-09", "2024-01-01"}, // what matters there is when it happened
		{"foi", "2023-01-01", "", ""},
	} {
		var occurred, known Date
		if err := occurred.UnmarshalText([]byte(tt.occurred)); err != nil {
			t.Fatal(err)
		}
		if err := known.UnmarshalText([]byte(tt.known)); err != nil {
			t.Fatal(err)
		}
		if due, err := TimeLimit(ShippedProcedure(tt.procedure), ShippedCalendar(), occurred, known); err != nil || due.Date.String() != tt.want {
			t.Errorf("%+v: %s %v", tt, due.Date, err)
		}
	}
}
