package domain

import (
	"strings"
	"testing"
)

func TestWarnings(t *testing.T) {
	closed := ShippedCalendar().WithClosures([]Date{mustDate(t, "2024-12-30"), mustDate(t, "2024-12-31")})
	for _, tt := range []struct {
		name, procedure, clock string
		calendar               *Calendar
		told                   []string
		want                   string
	}{
		{"working days", "nnc-corporate-2024", "s1.ack", ShippedCalendar(), []string{"2024-12-23 Received complaint s1"}, "2024-12-30 2024-12-31"},
		{"closed days", "nnc-corporate-2024", "s1.ack", closed, []string{"2024-12-23 Received complaint s1"}, "2024-12-27 2024-12-27"},
		{"on the day", "nnc-corporate-2024", "s1.response", ShippedCalendar(), []string{"2025-01-30 Received complaint s1", "2025-02-03 Acknowledged s1"}, "2025-02-10 2025-02-13 2025-02-14 2025-02-17"},
		// 12 weeks end on Good Friday: the warning of the day falls on Thursday.
		{"no working day", "nnc-adult-social-care", "s2.response", ShippedCalendar(), []string{"2025-01-06 Received complaint s1", "2025-01-10 Responded s1", "2025-01-24 Escalated s2"}, "2025-03-20 2025-04-03 2025-04-10 2025-04-15 2025-04-17"},
		{"hours", "bradford-children", "pre.resolve", ShippedCalendar(), []string{"2021-11-25T15:30Z Received pre_complaint pre"}, "2021-11-28 2021-11-29"},
		{"paused", "nnc-corporate-2024", "s1.response", ShippedCalendar(), []string{"2025-01-30 Received complaint s1", "2025-02-03 Acknowledged s1", "2025-02-04 pause consent 2025-02-04"}, ""},
	} {
		p := ShippedProcedure(tt.procedure)
		c := clockNamed(Clocks(p, tt.calendar, tell(t, tt.told...), instant(t, "2025-02-01")), tt.clock)
		warnings, err := Warnings(p, tt.calendar, *c)
		var days []string
		for _, w := range warnings {
			days = append(days, w.On.String())
		}
		if got := strings.Join(days, " "); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v", tt.name, got, err)
		}
	}
}
