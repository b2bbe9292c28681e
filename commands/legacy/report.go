package legacy

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Report accounts for every row of a file: Rows = Imported + AlreadyPresent + Duplicates + Rejected. Its JSON shape is
// relied on by other programs. It holds no value of any row.
type Report struct {
	Rows           int         `json:"rows"`
	Imported       int         `json:"imported"`
	AlreadyPresent int         `json:"already_present"`
	Duplicates     int         `json:"duplicates"` // the same whole row again in the same file
	Rejected       int         `json:"rejected"`
	Events         int         `json:"events"` // appended to case streams by this run, or that would be
	Cases          int         `json:"cases"`  // to which this run appended
	Notes          []string    `json:"notes"`
	Rejections     []Rejection `json:"rejections"`
	DryRun         bool        `json:"dry_run"`
}

// Rejection says why one row was not imported.
type Rejection struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
	Rule   string `json:"rule"`
}

// The rules about rows among other rows.
const (
	RuleChanged   = "CHANGED_ROW"
	RuleNoOpening = "NO_OPENING_ROW"
	RuleRefused   = "REFUSED"
)

func (r *Report) reject(line int, rule, reason string) {
	r.Rejected++
	r.Rejections = append(r.Rejections, Rejection{Line: line, Reason: reason, Rule: rule})
}

func (r *Report) rejectAll(rows []sourceRow, rule, reason string) {
	for _, row := range rows {
		r.reject(row.line, rule, reason)
	}
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// shown is how many rejections a person is shown; the JSON has them all.
const shown = 20

// Print writes the report for a person.
func (r *Report) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, line := range []struct {
		n    int
		text string
	}{
		{r.Rows, "rows in the file"},
		{r.Imported, "imported"},
		{r.AlreadyPresent, "already present"},
		{r.Duplicates, "duplicates within the file"},
		{r.Rejected, "rejected"},
		{r.Events, "events appended"},
		{r.Cases, "cases touched"},
	} {
		fmt.Fprintf(table, "%d\t %s\n", line.n, line.text)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if r.DryRun {
		fmt.Fprintln(out, "dry run: nothing was written")
	}
	for _, note := range r.Notes {
		fmt.Fprintln(out, "note:", note)
	}
	for i, rejection := range r.Rejections {
		if i == shown {
			fmt.Fprintf(out, "… and %d more; --format json lists them all\n", len(r.Rejections)-shown)
			break
		}
		fmt.Fprintf(out, "line %d: %s: %s\n", rejection.Line, rejection.Rule, rejection.Reason)
	}
	return nil
}
