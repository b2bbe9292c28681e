package queries

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/xuri/excelize/v2"

	"redress/domain"
)

// WriteJSON writes any answer of this package as people and programs read it: indented,
// members in a fixed order, one newline at the end.
func WriteJSON(w io.Writer, answer any) error {
	if err := json.MarshalWrite(w, answer, json.Deterministic(true), jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// WriteTable writes the report as a table for a terminal. Parts of which there are none
// are left out; the other forms have them all.
func (p *Performance) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s report, %s\n", p.Report, p.period())
	fmt.Fprintf(t, "as at %s, log position %d (--as-at %s)\n", p.AsAt.Time.In(domain.London).Format("2 Jan 2006 15:04:05 MST"), p.AsAt.Position, p.AsAt)
	for _, note := range p.Notes {
		fmt.Fprintf(t, "note: %s\n", note)
	}
	fmt.Fprint(t, "\nID\tMEASURE\tCUT\tVALUE\tOF\n")
	for _, m := range p.Measures {
		if strings.Contains(m.ID, ".") && m.Numerator != nil && *m.Numerator == 0 {
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t\t%s\t%s\n", m.ID, m.Title, shown(m.Figure, m.Unit), fraction(m.Figure))
		for _, c := range m.Cuts {
			fmt.Fprintf(t, "\t\t%s %s\t%s\t%s\n", c.By, c.Key, shown(c.Figure, m.Unit), fraction(c.Figure))
		}
	}
	return t.Flush()
}

func (p *Performance) period() string {
	switch {
	case p.From == nil && p.To == nil:
		return "everything"
	case p.To == nil:
		return "from " + p.From.String()
	case p.From == nil:
		return "before " + p.To.String()
	}
	return p.From.String() + " to " + p.To.AddDays(-1).String()
}

// shown is a value as people read it.
func shown(f Figure, unit string) string {
	if string(f.Value) == "null" {
		return "n/a"
	}
	switch unit {
	case "percent":
		return string(f.Value) + " %"
	case "pence":
		pence, _ := strconv.ParseInt(string(f.Value), 10, 64)
		return fmt.Sprintf("£%d.%02d", pence/100, pence%100)
	}
	return string(f.Value)
}

func fraction(f Figure) string {
	switch {
	case f.Numerator != nil && f.Denominator != nil:
		return fmt.Sprintf("%d of %d", *f.Numerator, *f.Denominator)
	case f.Denominator != nil:
		return fmt.Sprintf("of %d", *f.Denominator)
	}
	return ""
}

// header names the columns of the flat forms.
var header = []string{"id", "title", "unit", "by", "key", "value", "numerator", "denominator"}

// rows flattens the report: a row for each measure and for each of its cuts.
func (p *Performance) rows() [][]string {
	var rows [][]string
	row := func(m Result, by, key string, f Figure) {
		value := string(f.Value)
		if value == "null" {
			value = ""
		}
		rows = append(rows, []string{m.ID, m.Title, m.Unit, by, key, value, number(f.Numerator), number(f.Denominator)})
	}
	for _, m := range p.Measures {
		row(m, "", "", m.Figure)
		for _, c := range m.Cuts {
			row(m, c.By, c.Key, c.Figure)
		}
	}
	return rows
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// WriteCSV writes the report flat, a row for each measure and cut, with a last row that
// says what it stands on. A text that a spreadsheet would take for a formula is quoted.
func (p *Performance) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write(header)
	for _, row := range p.rows() {
		for i := range row {
			row[i] = harmless(row[i])
		}
		_ = c.Write(row)
	}
	_ = c.Write([]string{"as_at", p.period(), "", "", p.AsAt.String(), "", "", ""})
	c.Flush()
	return c.Error()
}

// harmless puts an apostrophe before what a spreadsheet would run: a service or a category
// is somebody's text. Our own numbers are never negative.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// WriteXLSX writes the report as a workbook: the measures, and a sheet that says what they
// stand on. Texts are stored as texts, so that none is ever run as a formula.
func (p *Performance) WriteXLSX(w io.Writer) error {
	f := excelize.NewFile()
	defer f.Close()
	const sheet, about = "Measures", "About"
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	for i, name := range header {
		if err := put(f, sheet, i+1, 1, name); err != nil {
			return err
		}
	}
	for r, row := range p.rows() {
		for i, text := range row {
			if err := put(f, sheet, i+1, r+2, cell(i, text)); err != nil {
				return err
			}
		}
	}
	if _, err := f.NewSheet(about); err != nil {
		return err
	}
	lines := append([][2]string{
		{"report", p.Report},
		{"period", p.period()},
		{"as at", p.AsAt.Time.Format(time.RFC3339Nano)},
		{"log position", strconv.FormatUint(p.AsAt.Position, 10)},
	}, notes(p.Notes)...)
	for i, line := range lines {
		for j, text := range line {
			if err := put(f, about, j+1, i+1, text); err != nil {
				return err
			}
		}
	}
	_, err := f.WriteTo(w)
	return err
}

func notes(texts []string) [][2]string {
	var lines [][2]string
	for _, text := range texts {
		lines = append(lines, [2]string{"note", text})
	}
	return lines
}

// cell is a column's value for a workbook: figures as numbers, the rest as text.
func cell(column int, text string) any {
	if column < 5 || text == "" {
		return text
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return n
}

func put(f *excelize.File, sheet string, column, row int, value any) error {
	name, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return err
	}
	if text, ok := value.(string); ok {
		return f.SetCellStr(sheet, name, text)
	}
	return f.SetCellValue(sheet, name, value)
}

// WriteTable writes the replay for a terminal: the state, the clocks, then event by event
// who did what and what changed. Times are London's.
func (replay *Replay) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "case %s  %s\n", replay.Case, or(replay.Ref, ""))
	if a := replay.AsAt; a.At != nil || a.KnownAt != nil || a.Revision != nil {
		fmt.Fprint(t, "as it stood")
		if a.At != nil {
			fmt.Fprintf(t, ", what had happened by %s", london(*a.At))
		}
		if a.KnownAt != nil {
			fmt.Fprintf(t, ", what was known at %s", london(*a.KnownAt))
		}
		if a.Revision != nil {
			fmt.Fprintf(t, ", at revision %d", *a.Revision)
		}
		fmt.Fprintln(t)
	}
	s := replay.State
	fmt.Fprintf(t, "status %s, stage %s, step %s, officer %s", or(s.Status, "none"), or(s.Stage, "none"), or(s.Step, "none"), or(s.Officer, "none"))
	if s.ClosedReason != nil {
		fmt.Fprintf(t, ", closed as %s", *s.ClosedReason)
	}
	if len(s.Flags) > 0 {
		fmt.Fprintf(t, ", flags %s", strings.Join(s.Flags, " "))
	}
	fmt.Fprintln(t)
	if len(replay.Clocks) > 0 {
		fmt.Fprint(t, "\nCLOCK\tCLASS\tSTATE\tDUE\tSTOPPED\n")
	}
	for _, k := range replay.Clocks {
		stopped := ""
		if k.StoppedAt != nil {
			stopped = london(*k.StoppedAt)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Class, k.State, or(k.Due, ""), stopped)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return replay.writeEvents(w)
}

func (replay *Replay) writeEvents(w io.Writer) error {
	var text strings.Builder
	for _, e := range replay.Events {
		who := e.Actor
		if e.OnBehalfOf != nil {
			who += " for " + *e.OnBehalfOf
		}
		fmt.Fprintf(&text, "\n%d  %s  %s  by %s", e.Revision, london(e.OccurredAt), e.Type, who)
		if !e.RecordedAt.Equal(e.OccurredAt) {
			fmt.Fprintf(&text, "  (recorded %s)", london(e.RecordedAt))
		}
		text.WriteString("\n")
		for _, c := range e.Changed {
			fmt.Fprintf(&text, "     %s: %s -> %s\n", c.Field, plain(c.From), plain(c.To))
		}
	}
	if replay.NotYetKnown > 0 {
		fmt.Fprintf(&text, "\n%d more had happened and were not yet known\n", replay.NotYetKnown)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case []string:
		return "[" + strings.Join(v, " ") + "]"
	}
	return fmt.Sprint(v)
}

func or(text *string, otherwise string) string {
	if text == nil {
		return otherwise
	}
	return *text
}

func london(t time.Time) string { return t.In(domain.London).Format("2006-01-02 15:04:05 MST") }
