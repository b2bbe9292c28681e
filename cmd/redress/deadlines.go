package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redress/domain"
	"redress/domain/procedure"
	"redress/queries"
)

// deadlineColumns are the columns that a file of due dates must have, in any order. Others are left alone.
var deadlineColumns = []string{
	"case_id", "procedure", "clock", "calendar", "start_instant", "length", "unit", "inclusive", "hours_basis", "roll", "cutoff",
	"on_non_working_receipt", "pauses", "closures", "due_date", "due_instant_utc",
}

func clockCheckCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "check FILE.csv",
		Short: "Compute the due dates of a file and compare them",
		Long: `Computes every row of a CSV file from the row's own columns and compares due_date and due_instant_utc. Of the shipped
procedure that a row names only this is asked: how its clock starts, as a cut-off and a receipt that moves to the next
working day hold for clocks that start at Received or Escalated alone. A name that is not among the shipped ones gets a
note, and its row is computed all the same. Prints by its line what differs and what has no due date, and exits with 4
where there is any.`,
		Example: "  redress clock check domain/testdata/deadline-cases.csv",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			checked, err := checkDeadlines(file)
			if err != nil {
				return usageError{fmt.Errorf("%s: %w", args[0], err)}
			}
			if format == "json" {
				err = queries.WriteJSON(cmd.OutOrStdout(), checked)
			} else {
				err = checked.write(cmd.OutOrStdout(), args[0])
			}
			if err == nil && len(checked.Differences)+len(checked.Unreadable) > 0 {
				err = errFindings
			}
			return err
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// deadlinesChecked is what a check of a file found. Other programs rely on its shape.
type deadlinesChecked struct {
	Rows        int             `json:"rows"`
	Agree       int             `json:"agree"`
	Differences []wrongDeadline `json:"differences"`
	Unreadable  []unreadableRow `json:"unreadable"`
	Notes       []deadlineNote  `json:"notes"` // about rows that count otherwise
}

// wrongDeadline is a row whose due date is another by our reckoning.
type wrongDeadline struct {
	Line     int      `json:"line"`
	CaseID   string   `json:"case_id"`
	Clock    string   `json:"clock"` // with its procedure in front
	Expected deadline `json:"expected"`
	Computed deadline `json:"computed"`
}

type deadline struct {
	Date    domain.Date `json:"due_date"`
	Instant time.Time   `json:"due_instant_utc"`
}

func (d deadline) String() string { return d.Date.String() + " " + d.Instant.Format(time.RFC3339Nano) }

// unreadableRow is a row from which no due date can be computed.
type unreadableRow struct {
	Line   int    `json:"line"`
	CaseID string `json:"case_id"`
	Field  string `json:"field"` // empty for the row as a whole
	Value  string `json:"value,omitempty"`
	Rule   string `json:"rule"` // what the field must be; for the row as a whole what is wrong
}

// deadlineNote says that a row names a procedure or a clock that is not among the shipped ones.
type deadlineNote struct {
	Line   int    `json:"line"`
	CaseID string `json:"case_id"`
	Note   string `json:"note"`
}

// checkDeadlines computes every row. The error says that the file has not the columns of such a file.
func checkDeadlines(in io.Reader) (deadlinesChecked, error) {
	found := deadlinesChecked{Differences: []wrongDeadline{}, Unreadable: []unreadableRow{}, Notes: []deadlineNote{}}
	rows := csv.NewReader(in)
	rows.FieldsPerRecord = -1
	header, err := rows.Read()
	if err == nil {
		header, err = columnsOf(header)
	} else if errors.Is(err, io.EOF) {
		err = errors.New("line 1 must name the columns, but the file is empty")
	}
	if err != nil {
		return found, err
	}
	for {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		found.Rows++
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			found.Unreadable = append(found.Unreadable, unreadableRow{Line: broken.StartLine, Rule: "not a row of CSV (RFC 4180): " + broken.Err.Error()})
			continue
		}
		if err != nil {
			return found, err
		}
		line, _ := rows.FieldPos(0)
		if len(cells) != len(header) {
			rule := fmt.Sprintf("the row has %d fields, line 1 has %d", len(cells), len(header))
			found.Unreadable = append(found.Unreadable, unreadableRow{Line: line, CaseID: cells[0], Rule: rule})
			continue
		}
		found.row(deadlineRow{header: header, cells: cells}, line)
	}
}

// columnsOf returns the names of the columns. The error names all that are missing, or one that stands twice.
func columnsOf(header []string) ([]string, error) {
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	var missing []string
	for _, column := range deadlineColumns {
		first := slices.Index(header, column)
		if first < 0 {
			missing = append(missing, column)
		} else if slices.Contains(header[first+1:], column) {
			return nil, fmt.Errorf("line 1 names the column %s twice", column)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("line 1 lacks the columns: %s", strings.Join(missing, ", "))
	}
	return header, nil
}

// row takes one row into account.
func (found *deadlinesChecked) row(r deadlineRow, line int) {
	computed, expected := r.compute()
	if r.note != "" {
		found.Notes = append(found.Notes, deadlineNote{Line: line, CaseID: r.cell("case_id"), Note: r.note})
	}
	switch {
	case r.wrong != nil:
		r.wrong.Line, r.wrong.CaseID = line, r.cell("case_id")
		found.Unreadable = append(found.Unreadable, *r.wrong)
	case computed.Date == expected.Date && computed.Instant.Equal(expected.Instant):
		found.Agree++
	default:
		found.Differences = append(found.Differences, wrongDeadline{
			Line: line, CaseID: r.cell("case_id"), Clock: r.cell("procedure") + " " + r.cell("clock"), Expected: expected, Computed: computed,
		})
	}
}

// deadlineRow is one row that is being read. wrong is the first thing that is not as it must be.
type deadlineRow struct {
	header, cells []string
	wrong         *unreadableRow
	note          string
}

func (r *deadlineRow) cell(column string) string {
	return strings.TrimSpace(r.cells[slices.Index(r.header, column)])
}

func (r *deadlineRow) bad(field, rule string) {
	if r.wrong == nil {
		r.wrong = &unreadableRow{Field: field, Rule: rule}
		if field != "" {
			r.wrong.Value = r.cell(field)
		}
	}
}

// compute returns what is due by our reckoning and what the row says.
func (r *deadlineRow) compute() (computed, expected deadline) {
	start := r.instant("start_instant")
	period, with := r.period(), r.circumstances()
	expected = deadline{Date: r.day("due_date", r.cell("due_date")), Instant: r.instant("due_instant_utc")}
	if r.wrong != nil {
		return computed, expected
	}
	due, err := domain.ShippedCalendar().Due(period, start, with)
	if err != nil {
		r.bad("", "no due date can be computed: "+err.Error())
	}
	return deadline{Date: due.Date, Instant: due.Instant.UTC()}, expected
}

func (r *deadlineRow) period() domain.Period {
	length, err := strconv.Atoi(r.cell("length"))
	if err != nil || length < 1 {
		r.bad("length", "a whole number of at least 1")
	}
	p := domain.Period{
		Length: length,
		Unit:   procedure.Unit(r.oneOf("unit", "working_days", "days", "weeks", "months", "hours")),
		From:   procedure.DayAfter,
		Roll:   procedure.Roll(r.oneOf("roll", "none", "next_working_day", "")),
		Set:    domain.Holidays(r.oneOf("calendar", "ew", "uk-any")),
	}
	if p.Roll == "" {
		p.Roll = procedure.NoRoll
	}
	if strings.EqualFold(r.cell("inclusive"), "true") {
		p.From = procedure.SameDay
	} else if !strings.EqualFold(r.cell("inclusive"), "false") && r.cell("inclusive") != "" {
		r.bad("inclusive", "true or false")
	}
	if p.Unit == procedure.Hours {
		p.Hours = procedure.HoursBasis(r.oneOf("hours_basis", "working", "elapsed"))
	}
	return p
}

func (r *deadlineRow) circumstances() domain.Circumstances {
	with := domain.Circumstances{
		Cutoff:         r.cell("cutoff"),
		NextWorkingDay: r.oneOf("on_non_working_receipt", "as_is", "next_working_day", "") == "next_working_day",
	}
	if cutoff, err := time.Parse("15:04", with.Cutoff); err == nil {
		with.Cutoff = cutoff.Format("15:04") // 9:00 as 09:00
	} else if with.Cutoff != "" {
		r.bad("cutoff", "a time of day, HH:MM, or nothing")
	}
	if !r.startsAtReceipt() {
		with.Cutoff, with.NextWorkingDay = "", false
	}
	for _, span := range split(r.cell("pauses")) {
		from, to, _ := strings.Cut(span, "/")
		first, err := domain.ParseDate(from)
		last, lastErr := domain.ParseDate(to)
		if err != nil || lastErr != nil || last < first {
			r.bad("pauses", "FROM/TO;…, each a day, YYYY-MM-DD, TO not before FROM")
		}
		with.Pauses = append(with.Pauses, domain.Pause{From: first, To: last})
	}
	for _, day := range split(r.cell("closures")) {
		with.Closures = append(with.Closures, r.day("closures", day))
	}
	slices.Sort(with.Closures)
	return with
}

// startsAtReceipt reports whether the row's clock starts at Received or Escalated: a cut-off and a receipt that moves hold
// for no other (CA-2). A clock that no shipped procedure has is noted, and taken for one that does.
func (r *deadlineRow) startsAtReceipt() bool {
	p := domain.ShippedProcedure(r.cell("procedure"))
	if p == nil {
		r.note = fmt.Sprintf("there is no shipped procedure %q; computed from the row alone", r.cell("procedure"))
		return true
	}
	name := strings.TrimSuffix(r.cell("clock"), procedure.CapSuffix)
	if name == "limit" && p.TimeLimit != nil {
		return false // counted from the matter itself
	}
	_, k := p.Clock(name)
	if k == nil {
		r.note = fmt.Sprintf("%s has no clock %q; computed from the row alone", p.Key(), r.cell("clock"))
		return true
	}
	return slices.ContainsFunc(k.Starts.Events(), func(e procedure.EventRef) bool { return e.Event == "Received" || e.Event == "Escalated" })
}

// split reads a list whose items are divided by semicolons.
func split(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ';' || c == ' ' })
}

func (r *deadlineRow) oneOf(field string, allowed ...string) string {
	if !slices.Contains(allowed, r.cell(field)) {
		r.bad(field, "one of "+strings.TrimSuffix(strings.Join(allowed, ", "), ", "))
	}
	return r.cell(field)
}

func (r *deadlineRow) day(field, text string) domain.Date {
	d, err := domain.ParseDate(text)
	if err != nil {
		r.bad(field, "a day, YYYY-MM-DD")
	}
	return d
}

func (r *deadlineRow) instant(field string) time.Time {
	t, err := time.Parse(time.RFC3339, r.cell(field))
	if err != nil {
		r.bad(field, "an instant with its zone (RFC 3339)")
	}
	return t
}

// write prints what was found for a person.
func (found deadlinesChecked) write(out io.Writer, file string) error {
	var text strings.Builder
	for _, d := range found.Differences {
		fmt.Fprintf(&text, "%s:%d: %s %s: expected %s, computed %s\n", file, d.Line, d.CaseID, d.Clock, d.Expected, d.Computed)
	}
	for _, u := range found.Unreadable {
		what := u.Rule
		if u.Field != "" {
			what = fmt.Sprintf("%s is %.60q, not %s", u.Field, u.Value, u.Rule)
		}
		fmt.Fprintf(&text, "%s:%d: %s\n", file, u.Line, strings.TrimLeft(u.CaseID+": "+what, ": "))
	}
	for _, n := range found.Notes {
		fmt.Fprintf(&text, "%s:%d: %s: note: %s\n", file, n.Line, n.CaseID, n.Note)
	}
	fmt.Fprintf(&text, "%d rows: %d agree, %d differ, %d have no due date\n", found.Rows, found.Agree, len(found.Differences), len(found.Unreadable))
	_, err := io.WriteString(out, text.String())
	return err
}
