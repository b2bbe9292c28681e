package domain

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"redress/domain/procedure"
)

// told is a history in the making, one line of a story after another.
type told struct {
	t *testing.T
	h History
	n uint64
}

// tell reads lines of the form INSTANT WORD..., with instants as in 2025-01-06T09:00Z or as a day, which is its noon.
//
//	DAY Received KIND STAGE         DAY enters STAGE            DAY EVENT [STAGE [KIND]]
//	DAY pause KIND FROM [TO]        DAY reset KIND              DAY extends CLOCK TO
//	DAY ends                        DAY imported                DAY flagged CONDITION
func tell(t *testing.T, lines ...string) History {
	t.Helper()
	x := told{t: t}
	for _, line := range lines {
		x.line(strings.Fields(line))
		x.n++
	}
	return x.h
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	if !strings.Contains(s, "T") {
		return mustDate(t, s).noon()
	}
	at, err := time.Parse("2006-01-02T15:04Z07:00", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (x *told) line(word []string) {
	x.t.Helper()
	at := instant(x.t, word[0])
	arg := func(i int) string {
		if i < len(word) {
			return word[i]
		}
		return ""
	}
	switch word[1] {
	case "Received":
		x.h.Kind = arg(2)
		x.h.Moments = append(x.h.Moments, Moment{Event: "Received", At: at})
		x.h.Entries = append(x.h.Entries, StageEntry{Stage: arg(3), At: at, Seq: x.n})
	case "enters":
		x.h.Entries = append(x.h.Entries, StageEntry{Stage: arg(2), At: at, Seq: x.n})
	case "Escalated":
		x.h.Moments = append(x.h.Moments, Moment{Event: "Escalated", Stage: arg(2), At: at})
		x.h.Entries = append(x.h.Entries, StageEntry{Stage: arg(2), At: at, Seq: x.n})
	case "pause":
		p := Pause{Kind: arg(2), From: mustDate(x.t, arg(3)), Recorded: at}
		if arg(4) != "" {
			p.To = mustDate(x.t, arg(4))
		}
		x.h.Pauses = append(x.h.Pauses, p)
	case "reset":
		x.h.Resets = append(x.h.Resets, Reset{Kind: arg(2), At: at})
	case "extends":
		x.h.Extensions = append(x.h.Extensions, Postponement{Clock: arg(2), NewDue: mustDate(x.t, arg(3)), Recorded: at})
	case "ends":
		x.h.Endings = append(x.h.Endings, CaseEnding{At: at, Seq: x.n})
	case "imported":
		x.h.ImportedAt = at
	case "flagged":
		x.h.Conditions = append(x.h.Conditions, arg(2))
	default:
		x.h.Moments = append(x.h.Moments, Moment{Event: word[1], Stage: arg(2), Kind: arg(3), At: at})
	}
}

// clockLines writes clocks as the tables below expect them: id state due, with (n) for n extensions.
func clockLines(clocks []Clock) string {
	var lines []string
	for _, c := range clocks {
		line := strings.TrimSpace(fmt.Sprintf("%s %s %s", c.ID, c.State, c.Due))
		if c.Extended > 0 {
			line += fmt.Sprintf(" (%d)", c.Extended)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

type clockCase struct {
	name      string
	procedure string
	told      []string
	at        string
	want      string
}

func checkClocks(t *testing.T, cases []clockCase) {
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			p := ShippedProcedure(tt.procedure)
			clocks := Clocks(p, ShippedCalendar(), tell(t, tt.told...), instant(t, tt.at))
			want := strings.Join(strings.FieldsFunc(strings.ReplaceAll(tt.want, "\t", ""), func(r rune) bool { return r == '\n' }), "\n")
			if got := clockLines(clocks); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			for i := range clocks {
				checkClock(t, p, clocks[i])
			}
		})
	}
}

// checkClock holds what is true of every clock.
func checkClock(t *testing.T, p *procedure.Procedure, c Clock) {
	t.Helper()
	if _, k := p.Clock(c.ID); k == nil || k.Class != c.Class {
		t.Errorf("%s is no clock of %s", c.ID, p.ID)
	}
	if !c.Due.IsZero() && (c.DueInstant.IsZero() || c.Due != DateOf(c.DueInstant.Add(-time.Nanosecond))) {
		t.Errorf("%s: due %s, %s", c.ID, c.Due, c.DueInstant)
	}
	if !c.PausedFrom.IsZero() && (!c.Due.IsZero() || c.DaysLeft < 1) {
		t.Errorf("%s: paused and due", c.ID)
	}
	if c.Final != "" && c.AtDue == "" && c.StateAt(time.Time{}) != c.StateAt(NewDate(2999, 1, 1).Midnight()) {
		t.Errorf("%s: a final state changes", c.ID)
	}
}

func TestClocksOfCorporateComplaint(t *testing.T) {
	const received = "2024-12-12T16:05Z Received complaint s1"
	checkClocks(t, []clockCase{
		{"received", "nnc-corporate-2024", []string{received}, "2024-12-12", `
			s1.ack running 2024-12-19
			s1.response provisional 2025-01-07`},
		{"not acknowledged", "nnc-corporate-2024", []string{received}, "2025-02-01", `
			s1.ack overdue 2024-12-19
			s1.response provisional 2025-01-07`},
		{"the last moment in time", "nnc-corporate-2024", []string{received, "2024-12-19T23:59Z Acknowledged s1"}, "2025-01-01", `
			s1.ack met 2024-12-19
			s1.response running 2025-01-07`},
		{"the first moment too late", "nnc-corporate-2024", []string{received, "2024-12-20T00:00Z Acknowledged s1"}, "2025-01-01", `
			s1.ack missed 2024-12-19
			s1.response running 2025-01-08`},
		{"answered", "nnc-corporate-2024", []string{received, "2024-12-18 Acknowledged s1", "2025-01-03 Responded s1"}, "2025-01-20", `
			s1.ack met 2024-12-19
			s1.response met 2025-01-06`},
		{"answered without acknowledgement", "nnc-corporate-2024", []string{received, "2025-01-07 Responded s1"}, "2025-01-20", `
			s1.ack overdue 2024-12-19
			s1.response met 2025-01-07`},
		{"acknowledged after the answer", "nnc-corporate-2024", []string{received, "2025-01-08 Responded s1", "2025-01-09 Acknowledged s1"}, "2025-01-20", `
			s1.ack missed 2024-12-19
			s1.response missed 2025-01-07`},
		{"a revised answer", "nnc-corporate-2024", []string{received, "2024-12-18 Acknowledged s1", "2025-01-03 Responded s1", "2025-02-03 Responded s1"}, "2025-03-20", `
			s1.ack met 2024-12-19
			s1.response met 2025-01-06`},
		{"escalated after the answer", "nnc-corporate-2024", []string{received, "2024-12-18 Acknowledged s1", "2025-01-03 Responded s1", "2025-01-25T20:15Z Escalated s2"}, "2025-01-27", `
			s1.ack met 2024-12-19
			s1.response met 2025-01-06
			s2.ack running 2025-01-31
			s2.response provisional 2025-02-28`},
		{"escalated without an answer, in time", "nnc-corporate-2024", []string{received, "2024-12-18 Acknowledged s1", "2025-01-06 Escalated s2"}, "2025-01-07", `
			s1.ack met 2024-12-19
			s1.response superseded 2025-01-06
			s2.ack running 2025-01-13
			s2.response provisional 2025-02-10`},
		{"escalated while overdue", "nnc-corporate-2024", []string{received, "2024-12-18 Acknowledged s1", "2025-01-07 Escalated s2", "2025-01-08 Responded s1"}, "2025-01-07", `
			s1.ack met 2024-12-19
			s1.response missed 2025-01-06
			s2.ack running 2025-01-14
			s2.response provisional 2025-02-11`},
		{"escalated while provisional", "nnc-corporate-2024", []string{received, "2024-12-16 Escalated s2"}, "2024-12-17", `
			s1.ack superseded 2024-12-19
			s2.ack running 2024-12-23
			s2.response provisional 2025-01-23`},
		{"withdrawn", "nnc-corporate-2024", []string{received, "2024-12-18 Acknowledged s1", "2024-12-20 ends", "2024-12-23 Responded s1"}, "2025-03-01", `
			s1.ack met 2024-12-19
			s1.response void 2025-01-06`},
		{"withdrawn while overdue", "nnc-corporate-2024", []string{received, "2024-12-18 Acknowledged s1", "2025-01-07 ends"}, "2025-03-01", `
			s1.ack met 2024-12-19
			s1.response missed 2025-01-06`},
		{"withdrawn while provisional", "nnc-corporate-2024", []string{received, "2024-12-18 ends"}, "2025-03-01", `
			s1.ack void 2024-12-19`},
		{"closed and escalated, asked for before", "nnc-corporate-2024", []string{received, "2024-12-18 Acknowledged s1", "2025-01-03 Responded s1", "2025-02-10 ends", "2025-02-09 Escalated s2"}, "2025-02-11", `
			s1.ack met 2024-12-19
			s1.response met 2025-01-06
			s2.ack running 2025-02-14
			s2.response provisional 2025-03-14`},
		{"with the Ombudsman", "nnc-corporate-2024", []string{received, "2024-12-18 Acknowledged s1", "2024-12-20 enters ombudsman"}, "2025-01-07", `
			s1.ack met 2024-12-19
			s1.response overdue 2025-01-06`},
		{"stage 1 from receipt", "nnc-corporate-previous", []string{received}, "2024-12-13", `
			s1.ack running 2024-12-19
			s1.response running 2025-01-14`},
	})
}

func TestClocksPaused(t *testing.T) {
	begin := []string{"2025-01-30 Received complaint s1", "2025-02-03 Acknowledged s1"}
	more := func(lines ...string) []string { return append(append([]string{}, begin...), lines...) }
	checkClocks(t, []clockCase{
		{"open", "nnc-corporate-2024", more("2025-02-10 pause suspension 2025-02-10"), "2025-02-10", `
			s1.ack met 2025-02-06
			s1.response paused`},
		{"over", "nnc-corporate-2024", more("2025-02-10 pause suspension 2025-02-10 2025-02-14"), "2025-02-14", `
			s1.ack met 2025-02-06
			s1.response running 2025-02-24`},
		{"after the due date", "nnc-corporate-2024", more("2025-02-20 pause suspension 2025-02-20"), "2025-02-21", `
			s1.ack met 2025-02-06
			s1.response overdue 2025-02-17`},
		{"answered while paused", "nnc-corporate-2024", more("2025-02-10 pause consent 2025-02-10", "2025-02-25 Responded s1"), "2025-03-21", `
			s1.ack met 2025-02-06
			s1.response met 2025-03-05`},
		{"ended while paused", "nnc-corporate-2024", more("2025-02-10 pause consent 2025-02-10", "2025-02-25 ends"), "2025-03-21", `
			s1.ack met 2025-02-06
			s1.response void 2025-03-05`},
		{"a pause after the answer", "nnc-corporate-2024", more("2025-02-12 Responded s1", "2025-02-14 pause suspension 2025-02-13"), "2025-03-21", `
			s1.ack met 2025-02-06
			s1.response met 2025-02-17`},
		{"acknowledgements never pause", "nnc-corporate-2024", []string{"2025-01-30 Received complaint s1", "2025-01-30 pause suspension 2025-01-30"}, "2025-02-01", `
			s1.ack running 2025-02-06
			s1.response provisional`},
		{"another kind", "nnc-corporate-2024", more("2025-02-10 pause fee_notice 2025-02-10"), "2025-02-10", `
			s1.ack met 2025-02-06
			s1.response running 2025-02-17`},
	})
}

func TestClocksExtended(t *testing.T) {
	begin := []string{"2025-01-30 Received complaint s1", "2025-02-03 Acknowledged s1"} // due 17 February
	more := func(lines ...string) []string { return append(append([]string{}, begin...), lines...) }
	want := func(line string) string { return "s1.ack met 2025-02-06\ns1.response " + line }
	checkClocks(t, []clockCase{
		{"once", "nnc-corporate-2024", more("2025-02-10 extends s1.response 2025-02-24"), "2025-02-20", want("running 2025-02-24 (1)")},
		{"twice", "nnc-corporate-2024", more("2025-02-10 extends s1.response 2025-02-24", "2025-02-24 extends s1.response 2025-03-03"), "2025-02-20", want("running 2025-03-03 (2)")},
		{"to a Saturday", "nnc-corporate-2024", more("2025-02-10 extends s1.response 2025-02-22"), "2025-02-22", want("running 2025-02-22 (1)")},
		{"too late", "nnc-corporate-2024", more("2025-02-18 extends s1.response 2025-02-24"), "2025-02-20", want("overdue 2025-02-17")},
		{"not later", "nnc-corporate-2024", more("2025-02-10 extends s1.response 2025-02-17"), "2025-02-12", want("running 2025-02-17")},
		{"of another clock", "nnc-corporate-2024", more("2025-02-10 extends s2.response 2025-02-24"), "2025-02-12", want("running 2025-02-17")},
		{"with a pause known before", "nnc-corporate-2024", more("2025-02-05 pause suspension 2025-02-05 2025-02-06", "2025-02-10 extends s1.response 2025-02-24"), "2025-02-12", want("running 2025-02-24 (1)")},
		// 24 February is the 15th counted day from 3 February; five of them are paused later.
		{"with a pause later", "nnc-corporate-2024", more("2025-02-10 extends s1.response 2025-02-24", "2025-02-12 pause suspension 2025-02-12 2025-02-18"), "2025-02-20", want("running 2025-03-03 (1)")},
		{"with one before and one later", "nnc-corporate-2024", more("2025-02-05 pause suspension 2025-02-05 2025-02-06", "2025-02-10 extends s1.response 2025-02-24", "2025-02-12 pause suspension 2025-02-12 2025-02-18"), "2025-02-20", want("running 2025-03-03 (1)")},
		{"while paused again", "nnc-corporate-2024", more("2025-02-10 extends s1.response 2025-02-24", "2025-02-12 pause suspension 2025-02-12"), "2025-02-20", want("paused (1)")},
		{"by a pause after its end", "nnc-corporate-2024", more("2025-02-10 extends s1.response 2025-02-22", "2025-02-25 pause suspension 2025-02-25"), "2025-02-25", want("overdue 2025-02-22 (1)")},
		{"again after the pause", "nnc-corporate-2024", more("2025-02-10 extends s1.response 2025-02-24", "2025-02-12 pause suspension 2025-02-12 2025-02-18", "2025-02-28 extends s1.response 2025-03-10"), "2025-03-01", want("running 2025-03-10 (2)")},
	})
	original := Clocks(ShippedProcedure("nnc-corporate-2024"), ShippedCalendar(),
		tell(t, more("2025-02-10 extends s1.response 2025-02-24", "2025-02-20 Responded s1")...), instant(t, "2025-03-01"))
	if c := clockNamed(original, "s1.response"); c.OriginalDue.String() != "2025-02-17" || !c.StoppedAt.After(c.OriginalInstant) || c.Final != ClockMet {
		t.Errorf("%+v", *c)
	}
}

// A weeks clock that was extended counts civil days when pauses come later.
func TestClocksExtendedInWeeks(t *testing.T) {
	begin := []string{"2025-01-06 Received complaint s1", "2025-01-10 Responded s1", "2025-01-13 Escalated s2", "2025-01-14 Acknowledged s2"}
	p := ShippedProcedure("nnc-adult-social-care")
	for _, tt := range []struct {
		lines []string
		due   string
	}{
		{nil, "2025-04-07"},
		{[]string{"2025-02-01 extends s2.response 2025-05-05"}, "2025-05-05"},
		{[]string{"2025-02-01 extends s2.response 2025-05-05", "2025-02-03 pause suspension 2025-02-03 2025-02-16"}, "2025-05-19"},
		{[]string{"2025-01-20 pause suspension 2025-01-20 2025-01-26", "2025-02-01 extends s2.response 2025-05-05", "2025-02-03 pause consent 2025-02-03 2025-02-16"}, "2025-05-19"},
	} {
		clocks := Clocks(p, ShippedCalendar(), tell(t, append(append([]string{}, begin...), tt.lines...)...), instant(t, "2025-03-01"))
		if c := clockNamed(clocks, "s2.response"); c.Due.String() != tt.due {
			t.Errorf("%v: %s", tt.lines, c.Due)
		}
	}
}

func TestClocksOfInformalStages(t *testing.T) {
	const received = "2021-11-25T15:30Z Received pre_complaint pre"
	checkClocks(t, []clockCase{
		{"running", "bradford-corporate-place", []string{received}, "2021-11-28", "pre.resolve running 2021-11-29"},
		{"ran out", "bradford-corporate-place", []string{received, "2021-11-29T15:30Z enters s1"}, "2021-11-29T15:30Z", `
			pre.resolve missed 2021-11-29
			s1.ack running 2021-12-02
			s1.response provisional 2021-12-16`},
		{"turned formal earlier", "bradford-corporate-place", []string{received, "2021-11-26T10:00Z enters s1"}, "2021-11-27", `
			pre.resolve void 2021-11-29
			s1.ack running 2021-12-02
			s1.response provisional 2021-12-16`},
		{
			"resolved", "bradford-corporate-place",
			[]string{received, "2021-11-29T15:29Z ResolvedEarly pre", "2021-11-29T15:29Z ends"},
			"2022-01-01",
			"pre.resolve met 2021-11-29",
		},
		{"a comment", "nct-feedback", []string{"2024-12-24 Received comment fb"}, "2024-12-24", "fb.ack running 2024-12-31"},
		{"a compliment", "nct-feedback", []string{"2024-12-24 Received compliment fb"}, "2024-12-24", "fb.ack_compliment running 2025-01-03"},
	})
}

func TestClocksOfChildren(t *testing.T) {
	const received = "2025-08-22 Received complaint s1"
	checkClocks(t, []clockCase{
		{"received", "nct-children-statutory", []string{received}, "2025-08-22", `
			s1.ack running 2025-09-01
			s1.allocate running 2025-08-28
			s1.response provisional 2025-09-11
			s1.statutory running 2025-09-08`},
		{"answered", "nct-children-statutory", []string{received, "2025-08-26 Acknowledged s1", "2025-08-26 Allocated s1", "2025-08-27 Allocated s1", "2025-09-09 Responded s1"}, "2025-09-10", `
			s1.ack met 2025-09-01
			s1.allocate met 2025-08-28
			s1.response met 2025-09-09
			s1.statutory missed 2025-09-08
			s1.decision running 2025-10-07`},
		{"accepted", "nct-children-statutory", []string{received, "2025-08-26 Acknowledged s1", "2025-08-26 Allocated s1", "2025-09-05 Responded s1", "2025-09-20 OutcomeAccepted s1"}, "2025-12-10", `
			s1.ack met 2025-09-01
			s1.allocate met 2025-08-28
			s1.response met 2025-09-09
			s1.statutory met 2025-09-08
			s1.decision met 2025-10-03`},
		{"closed during the window", "nct-children-statutory", []string{received, "2025-08-26 Acknowledged s1", "2025-08-26 Allocated s1", "2025-09-05 Responded s1", "2025-09-20 ends"}, "2025-12-10", `
			s1.ack met 2025-09-01
			s1.allocate met 2025-08-28
			s1.response met 2025-09-09
			s1.statutory met 2025-09-08
			s1.decision void 2025-10-03`},
		{"a late answer after the escalation opens no window", "nct-children-statutory", []string{received, "2025-08-26 Acknowledged s1", "2025-08-26 Allocated s1", "2025-09-01 Escalated s2", "2025-09-05 Responded s1"}, "2025-09-10", `
			s1.ack met 2025-09-01
			s1.allocate met 2025-08-28
			s1.response superseded 2025-09-09
			s1.statutory superseded 2025-09-08
			s2.ack overdue 2025-09-08
			s2.response running 2025-10-06`},
	})
	stage3 := []string{
		"2025-12-01 Received complaint s1", "2025-12-01 Acknowledged s1", "2025-12-01 Allocated s1", "2025-12-02 Responded s1",
		"2025-12-03 Escalated s2", "2025-12-03 Acknowledged s2", "2025-12-08 Responded s2", "2025-12-10 Escalated s3", "2025-12-11 Acknowledged s3",
	}
	before := `
			s1.ack met 2025-12-08
			s1.allocate met 2025-12-04
			s1.response met 2025-12-15
			s1.statutory met 2025-12-15
			s1.decision met 2026-01-02
			s2.ack met 2025-12-10
			s2.response met 2026-01-12
			s2.panel_request met 2026-01-08
			s3.ack met 2025-12-17`
	checkClocks(t, []clockCase{
		{"panel to come", "nct-children-statutory", stage3, "2026-01-02", before + "\ns3.panel running 2026-01-26"},
		{"panel held", "nct-children-statutory", append(append([]string{}, stage3...), "2026-01-20 PanelHeld s3"), "2026-01-21", before + `
			s3.panel met 2026-01-26
			s3.panel_report running 2026-01-27`},
	})
	h := tell(t, append(append([]string{}, stage3...), "2026-01-20 PanelHeld s3")...)
	h.Moments = append(h.Moments, Moment{Event: "PanelReported", Stage: "s3", At: instant(t, "2026-01-27"), Fields: map[string]time.Time{"received_at": instant(t, "2026-01-29")}})
	clocks := Clocks(ShippedProcedure("nct-children-statutory"), ShippedCalendar(), h, instant(t, "2026-02-01"))
	report, response := clockNamed(clocks, "s3.panel_report"), clockNamed(clocks, "s3.response")
	if report.State != ClockMet || response == nil || response.Due.String() != "2026-02-19" {
		t.Errorf("%+v\n%+v", report, response)
	}
}

func TestClocksOfRequests(t *testing.T) {
	const foi, sar = "2025-09-01 Received foi_request req", "2025-03-03 Received sar req"
	checkClocks(t, []clockCase{
		{"fee notice", "foi", []string{foi, "2025-09-08 pause fee_notice 2025-09-08 2025-09-19", "2025-09-08 FeeNoticeIssued req", "2025-09-19 FeePaid req"}, "2025-09-20", `
			req.response running 2025-10-13
			req.fee_window met 2025-12-07`},
		{"clarification asked", "foi", []string{foi, "2025-09-08 pause clarification 2025-09-08"}, "2025-09-09", "req.response paused"},
		{"clarified", "foi", []string{foi, "2025-09-08 pause clarification 2025-09-08 2025-09-16", "2025-09-16 reset clarification"}, "2025-09-17", "req.response running 2025-10-14"},
		{"clarified after an extension", "foi", []string{foi, "2025-09-03 extends req.response 2025-10-20", "2025-09-08 pause clarification 2025-09-08 2025-09-16", "2025-09-16 reset clarification"}, "2025-09-17", "req.response running 2025-10-14"},
		{"answered while clarification is outstanding", "foi", []string{foi, "2025-09-08 pause clarification 2025-09-08", "2025-10-10 Responded req"}, "2025-12-09", "req.response met 2025-11-03"},
		{"clarification after the answer", "foi", []string{foi, "2025-09-10 Responded req", "2025-09-16 reset clarification"}, "2025-12-17", "req.response met 2025-09-29"},
		{"too general", "eir", []string{"2024-03-15 Received eir_request req", "2024-03-15 flagged request_too_general", "2024-03-20 InformationRequested req clarification"}, "2024-03-21", `
			req.response running 2024-04-17
			req.clarify met 2024-04-17`},
		{"month", "sar", []string{sar}, "2025-03-04", "req.response running 2025-04-03"},
		{"identity asked", "sar", []string{sar, "2025-03-05 InformationRequested req identity"}, "2025-03-06", "req.response provisional 2025-04-03"},
		{"identity shown", "sar", []string{sar, "2025-03-05 InformationRequested req identity", "2025-03-18 InformationReceived req identity"}, "2025-03-19", "req.response running 2025-04-22"},
		{"other information is none", "sar", []string{sar, "2025-03-05 InformationRequested req identity", "2025-03-18 InformationReceived req evidence"}, "2025-03-19", "req.response provisional 2025-04-03"},
		{"fee paid last", "sar", []string{sar, "2025-03-05 FeeNoticeIssued req", "2025-03-05 InformationRequested req identity", "2025-03-18 InformationReceived req identity", "2025-03-30 FeePaid req"}, "2025-03-31", "req.response running 2025-04-30"},
		{"clarification pauses", "sar", []string{"2025-03-10 Received sar req", "2025-03-10 pause clarification 2025-03-10 2025-03-19"}, "2025-03-31", "req.response running 2025-04-22"},
	})
	beyond := Clocks(ShippedProcedure("foi"), ShippedCalendar(), tell(t, "2028-12-20 Received foi_request req"), instant(t, "2028-12-21"))
	if len(beyond) != 1 || !strings.HasPrefix(beyond[0].Problem, "CALENDAR_COVERAGE") || !beyond[0].Due.IsZero() {
		t.Errorf("%+v", beyond)
	}
}

func TestClocksJudgedAtDue(t *testing.T) {
	const received = "2025-01-15 Received complaint s1"
	first := func(lines []string, at string) string {
		return clockLines(Clocks(ShippedProcedure("nnc-adult-social-care"), ShippedCalendar(), tell(t, lines...), instant(t, at))[:1])
	}
	for _, tt := range []struct {
		name  string
		lines []string
		at    string
		want  string
	}{
		{"running", []string{received}, "2025-07-14", "running 2025-07-14"},
		{"breached", []string{received}, "2025-07-15", "missed 2025-07-14"},
		{"answered", []string{received, "2025-03-01 Responded s1"}, "2025-07-15", "met 2025-07-14"},
		{"answered but running", []string{received, "2025-03-01 Responded s1"}, "2025-07-14", "running 2025-07-14"},
		{"second stage owes", []string{received, "2025-03-01 Responded s1", "2025-06-01 Escalated s2"}, "2025-07-15", "missed 2025-07-14"},
		{"second stage after", []string{received, "2025-03-01 Responded s1", "2025-07-20 Escalated s2"}, "2025-07-21", "met 2025-07-14"},
		{"paused answer is outstanding", []string{received, "2025-02-01 pause suspension 2025-02-01"}, "2025-07-15", "missed 2025-07-14"},
		{"closed with every stage answered", []string{received, "2025-03-01 Responded s1", "2025-03-20 ends"}, "2025-03-21", "met 2025-07-14"},
		{"withdrawn", []string{received, "2025-03-20 ends"}, "2025-03-21", "void 2025-07-14"},
		{"withdrawn too late", []string{received, "2025-07-20 ends"}, "2025-07-21", "missed 2025-07-14"},
		{"extended", []string{received, "2025-07-01 extends all.statutory 2025-08-14"}, "2025-07-21", "running 2025-08-14 (1)"},
	} {
		if got := first(tt.lines, tt.at); got != "all.statutory "+tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

func TestClocksImported(t *testing.T) {
	const received, imported = "2024-12-12 Received complaint s1", "2025-06-01 imported"
	checkClocks(t, []clockCase{
		{"open runs on", "nnc-corporate-2024", []string{imported, received}, "2025-06-01", `
			s1.ack overdue 2024-12-19
			s1.response provisional 2025-01-07`},
		{"only receipt and closing", "nnc-corporate-2024", []string{imported, received, "2025-01-30 ends"}, "2025-06-01", `
			s1.ack unknown
			s1.response unknown`},
		{"answer without acknowledgement", "nnc-corporate-2024", []string{imported, received, "2025-01-03 Responded s1"}, "2025-06-01", `
			s1.ack unknown
			s1.response unknown`},
		{"everything known", "nnc-corporate-2024", []string{imported, received, "2024-12-18 Acknowledged s1", "2025-01-03 Responded s1", "2025-01-30 ends"}, "2025-06-01", `
			s1.ack met 2024-12-19
			s1.response met 2025-01-06`},
		{"from receipt", "nnc-corporate-previous", []string{imported, received, "2025-01-14 Responded s1"}, "2025-06-01", `
			s1.ack unknown
			s1.response met 2025-01-14`},
		{"answer of a stage that nothing entered", "nnc-corporate-previous", []string{imported, received, "2025-01-14 Responded s2"}, "2025-06-01", `
			s1.ack overdue 2024-12-19
			s1.response overdue 2025-01-14
			s2.ack unknown
			s2.response unknown`},
		{"escalated here", "nnc-corporate-2024", []string{imported, received, "2024-12-18 Acknowledged s1", "2025-01-03 Responded s1", "2025-06-10 Escalated s2", "2025-06-12 ends"}, "2025-06-20", `
			s1.ack met 2024-12-19
			s1.response met 2025-01-06
			s2.ack void 2025-06-17`},
		{"window of an imported answer", "bradford-children", []string{imported, "2025-05-01 Received complaint s1", "2025-05-02 Acknowledged s1", "2025-05-12 Responded s1"}, "2025-06-01", `
			s1.ack met 2025-05-09
			s1.response met 2025-05-16
			s1.decision running 2025-06-10`},
	})
}

// A new calendar re-dates open clocks and leaves those that had stopped.
func TestClocksKeepTheirCalendar(t *testing.T) {
	text := strings.Replace(string(shippedHolidays), "2025-05-05,england-and-wales", "2025-02-05,england-and-wales,Extra,false\n2025-05-05,england-and-wales", 1)
	changed, err := ParseCalendar("extra", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	calendar := changed.Replacing(ShippedCalendar(), instant(t, "2025-02-04"))
	p := ShippedProcedure("nnc-corporate-2024")
	h := tell(t, "2025-01-30 Received complaint s1", "2025-02-03 Acknowledged s1")
	clocks := Clocks(p, calendar, h, instant(t, "2025-02-10"))
	if got := clockLines(clocks); got != "s1.ack met 2025-02-06\ns1.response running 2025-02-18" {
		t.Error(got)
	}
	if clocks[0].Calendar != ShippedCalendar().Hash() || clocks[1].Calendar != changed.Hash() {
		t.Error("the wrong calendar is named")
	}
}

func TestLimitsOf(t *testing.T) {
	for _, tt := range []struct {
		name, procedure, clock, at string
		lines                      []string
		cap, guard                 string
		extensible                 bool
	}{
		{"soft", "nnc-corporate-2024", "s1.response", "2025-02-10", []string{"2025-01-30 Received complaint s1", "2025-02-03 Acknowledged s1"}, "2025-03-03", "", true},
		{"with a pause", "nnc-corporate-2024", "s1.response", "2025-02-10", []string{"2025-01-30 Received complaint s1", "2025-02-03 Acknowledged s1", "2025-02-04 pause consent 2025-02-04 2025-02-05"}, "2025-03-05", "", true},
		{"provisional", "nnc-corporate-2024", "s1.response", "2025-02-10", []string{"2025-01-30 Received complaint s1"}, "", "", false},
		{"no extension", "nnc-corporate-2024", "s1.ack", "2025-01-31", []string{"2025-01-30 Received complaint s1"}, "", "", false},
		{"hard with guard", "nct-children-statutory", "s1.response", "2025-09-01", []string{"2025-08-22 Received complaint s1", "2025-08-26 Allocated s1"}, "2025-09-23", "2025-09-08", true},
		{"the guard extended", "nct-children-statutory", "s1.response", "2025-09-01", []string{"2025-08-22 Received complaint s1", "2025-08-26 Allocated s1", "2025-09-01 extends s1.statutory 2025-09-22"}, "2025-09-23", "2025-09-22", true},
		{"guard alone", "nnc-adult-social-care", "s1.response", "2025-01-20", []string{"2025-01-15 Received complaint s1"}, "", "2025-07-14", true},
		{"months", "nnc-adult-social-care", "s2.response", "2025-04-01", []string{"2025-03-01 Received complaint s1", "2025-03-02 Responded s1", "2025-03-31 Escalated s2"}, "2025-09-30", "2025-08-31", true},
		{"stopped", "nnc-corporate-previous", "s1.response", "2025-02-10", []string{"2025-01-30 Received complaint s1", "2025-02-03 Responded s1"}, "", "", false},
	} {
		l, exists, err := LimitsOf(ShippedProcedure(tt.procedure), ShippedCalendar(), tell(t, tt.lines...), tt.clock, instant(t, tt.at))
		if err != nil || !exists || l.Cap.String() != tt.cap || l.GuardDue.String() != tt.guard || l.Extensible() != tt.extensible {
			t.Errorf("%s: %t %v cap %s guard %s extensible %t", tt.name, exists, err, l.Cap, l.GuardDue, l.Extensible())
		}
	}
}
