package queries

import (
	"fmt"
	"slices"

	"redress/domain"
)

// Measure is one figure of the performance report: an aggregate over the rows of a table,
// as a whole and for every value of a cut. Its predicates are SQL over the table's
// columns and $3, the report's own time, and $4, the moment at which the period ends.
type Measure struct {
	ID    string // of the specification's § 8.2
	Title string
	Unit  string // cases, stages, remedies, percent, working_days, days or pence
	From  source
	Of    string // which rows count: the denominator, or the whole of a count
	Hit   string // which of them are the numerator of a share
	Each  string // what is summed or ranked, for figures that are no count and no share
	How   figure
}

// source is a table with the date that places its rows in a period.
type source struct {
	table  string // a table, or a query in parentheses
	placed string // a date column; empty: the rows are looked at as they stood when the period ended
	stages bool   // a row is a stage, so that a cut by stage makes sense
}

// figure says how numerator, denominator and value come about.
type figure int

const (
	count  figure = iota // numerator = value = rows
	share                // value = per cent of the rows that hit
	sum                  // numerator = value = the sum
	mean                 // numerator = the sum, denominator = the rows
	median               // nearest rank; denominator = the rows
	p90                  // nearest rank
	most                 // the highest
)

const (
	complaint = "counted and kind = 'complaint'"
	judged    = complaint + " and due_state in ('met', 'missed')"
)

var (
	received   = source{"cases", "received_on", false}
	standing   = source{"(select * from cases where open_during @> $4::timestamptz)", "", false}
	entered    = source{"facts", "entered_on", true}
	responded  = source{"facts", "responded_on", true}
	ackDue     = source{"facts", "ack_due_on", true}
	firstDue   = source{"facts", "original_due_on", true}
	offered    = source{"remedies", "offered_on", false}
	withdrawal = source{`(select *, received_on as counted_on, true as came from cases
		union all select *, withdrawn_on, false from cases)`, "counted_on", false}
)

// Measures lists the figures of the performance report in the order in which they are
// shown. The rulings of the specification's § 16 are named beside what follows from them.
var Measures = slices.Concat(
	[]Measure{{"P01", "Feedback received", "cases", received, "counted", "", "", count}},
	parts(Measure{"P01", "Feedback received", "cases", received, "counted", "kind", "", count}, domain.Kind("").Values()),
	parts(Measure{"P03", "Share by channel", "percent", received, complaint, "channel", "", share}, domain.Channel("").Values()),
	[]Measure{
		// M11: formal stages only. M8: not an answer to a stage that nothing entered.
		{"P04", "Stages entered", "stages", entered, complaint + " and formal and entered", "", "", count},
		{"P05", "Escalation rate", "percent", responded, complaint + " and formal and has_next", "escalated_at is not null", "", share},
		{"P05.within_20_wd", "Escalated within 20 working days", "percent", responded, complaint + " and formal and has_next", "escalation_days <= 20", "", share},
		// M3: a clock that still runs at the report's time is in no denominator yet.
		{
			"P06", "Acknowledged in time", "percent", ackDue,
			complaint + " and (ack_state in ('met', 'missed') or ack_state = 'running' and ack_due <= $3)", "ack_state = 'met'", "", share,
		},
		// M2, M4: the clock's own state says what a late or missing event made of it.
		{"P07", "Responded in time", "percent", responded, judged, "due_state = 'met'", "", share},
		// M7: whether the original due date had passed at the answer or the ending.
		// M5: a stage that ended before, without an answer, is neither met nor missed.
		{
			"P08", "Responded in original time", "percent", firstDue,
			complaint + ` and (due_state in ('met', 'missed') or due_state = 'running' and original_due <= $3
				or due_state in ('void', 'superseded') and ended_at >= original_due)`,
			"due_state = 'met' and ended_at < original_due", "", share,
		},
		{"P09", "Within extended time only", "percent", responded, judged, "due_state = 'met' and ended_at >= original_due", "", share},
		{"P10", "Extension rate", "percent", responded, judged, "extended", "", share},
	},
	parts(Measure{"P10", "Extended", "percent", responded, judged, "extension_code", "", share}, domain.ExtensionCode("").Values()),
	[]Measure{
		// M2: an answer without acknowledgement has no days from the clock's start.
		{"P11.mean", "Working days to respond, mean", "working_days", responded, complaint, "", "days_used", mean},
		{"P11.median", "Working days to respond, median", "working_days", responded, complaint, "", "days_used", median},
		{"P11.p90", "Working days to respond, 90th percentile", "working_days", responded, complaint, "", "days_used", p90},
		{"P11b.mean", "Days from receipt to response, mean", "days", responded, complaint, "", "days_in_all", mean},
		{"P11b.median", "Days from receipt to response, median", "days", responded, complaint, "", "days_in_all", median},
		{"P11b.p90", "Days from receipt to response, 90th percentile", "days", responded, complaint, "", "days_in_all", p90},
		// M10: complaints that are not closed at the earlier of the period's end and the
		// report's time; a missing acknowledgement alone is not overdue.
		{"P12.open", "Open at period end", "cases", standing, isOpen, "", "", count},
		{"P12.overdue", "Overdue at period end", "cases", standing, isOpen + " and not suspended_during @> $4::timestamptz and " + isOverdue, "", "", count},
		{"P12.suspended", "Suspended at period end", "cases", standing, isOpen + " and suspended_during @> $4::timestamptz", "", "", count},
		{"P12.oldest", "Age of the oldest open case", "days", standing, isOpen, "", "($4::timestamptz at time zone 'Europe/London')::date - received_on", most},
	},
	parts(Measure{"P16", "Outcome", "percent", responded, complaint, "outcome", "", share}, domain.Outcome("").Values()),
	[]Measure{
		{"P17", "Upheld rate", "percent", responded, complaint + " and outcome in ('upheld', 'partly_upheld', 'not_upheld')", "outcome in ('upheld', 'partly_upheld')", "", share},
		// M12: withdrawn in the period over received in the period.
		{"P22", "Withdrawn", "percent", withdrawal, complaint, "", "", ratio},
		// M13: everything about remedies is placed by the first offer.
		{"P23.offered", "Remedies offered", "remedies", offered, complaint, "", "", count},
	},
	parts(Measure{"P23", "Remedies offered", "remedies", offered, complaint, "type", "", count}, domain.RemedyType("").Values()),
	[]Measure{
		{"P23.money_offered", "Money offered", "pence", offered, complaint, "", "amount", sum},
		{"P23.money_accepted", "Money accepted", "pence", offered, complaint + " and accepted_at is not null", "", "amount", sum},
		{"P23.money_paid", "Money paid", "pence", offered, complaint, "", "amount_paid", sum},
	},
)

// ratio is P22's alone: rows that left over rows that came.
const ratio figure = most + 1

const (
	isOpen = complaint // standing has the open cases only
	// Pauses move the due instant, so that the one that is kept serves for every moment.
	isOverdue = `exists (select from clocks k where k.case_id = t.case_id and k.answers and k.state not in ('provisional', 'unknown')
		and k.started_at <= $4 and k.due_instant <= $4 and (k.stopped_at is null or k.stopped_at > $4))`
)

// parts makes a measure for each value of the column that Hit names. A count counts the
// rows with the value; a share has all rows below the line.
func parts(m Measure, values []string) []Measure {
	list := make([]Measure, 0, len(values))
	column := m.Hit
	for _, value := range values {
		part := m
		part.ID, part.Title = m.ID+"."+value, m.Title+": "+value
		part.Hit = fmt.Sprintf("%s = '%s'", column, value)
		if m.How == count {
			part.Of, part.Hit = m.Of+" and "+part.Hit, ""
		}
		list = append(list, part)
	}
	return list
}
