package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"redress/domain"
	"redress/domain/procedure"
	"redress/queries"
)

// clockCommand groups what is about due dates.
func clockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "clock",
		Short:   "Explain a due date, or check a file of them",
		Example: "  redress clock explain --procedure nnc-corporate-2024 --clock s1.ack --start 2024-12-23T09:00:00Z",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("clock: there is no verb %q; see --help", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(clockExplainCommand(), clockCheckCommand())
	return cmd
}

// explainFlags say which due date is to be explained.
type explainFlags struct{ clock, procedure, start, format string }

func clockExplainCommand() *cobra.Command {
	var flags explainFlags
	cmd := &cobra.Command{
		Use:   "explain [CASE]",
		Short: "Say how a due date comes about, day by day",
		Long: `Gives the receipt of a due date: start event, rule, procedure and calendar version, each day counted or skipped and
why, pauses and extensions. With CASE, those of a case's clocks; with --procedure, --clock and --start, the date that a
shipped procedure (its id) or a procedure file would give, without any case. A clock's name with #cap behind it is its
extended limit; "limit" is the time within which a matter must be raised.`,
		Example: "  redress clock explain RD-2025-000123 --clock s1.response\n" +
			"  redress clock explain --procedure nnc-corporate-2024 --clock s1.ack --start 2024-12-23T09:00:00Z",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return explainCase(cmd, args[0], flags)
			}
			return explainProcedure(cmd.OutOrStdout(), flags)
		},
	}
	cmd.Flags().StringVar(&flags.clock, "clock", "", "the clock, as in s1.response (default all of the case)")
	cmd.Flags().StringVar(&flags.procedure, "procedure", "", "a shipped procedure's id, or a procedure file")
	cmd.Flags().StringVar(&flags.start, "start", "", "when the clock's start event happens (RFC 3339, or a date)")
	formatFlag(cmd, &flags.format)
	cmd.Args = func(_ *cobra.Command, args []string) error {
		free := flags.procedure != "" && flags.clock != "" && flags.start != ""
		if len(args) > 1 || (len(args) == 1) == free || len(args) == 1 && (flags.procedure != "" || flags.start != "") {
			return usageError{fmt.Errorf("clock explain takes a CASE, or --procedure, --clock and --start; see --help")}
		}
		return nil
	}
	return cmd
}

// explained is the answer about a case. Other programs rely on its shape.
type explained struct {
	Case   uuid.UUID            `json:"case"`
	Ref    string               `json:"ref"`
	Clocks []domain.Explanation `json:"clocks"`
}

func explainCase(cmd *cobra.Command, ref string, flags explainFlags) error {
	return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
		answer, err := y.explain(ctx, ref, flags.clock)
		if err != nil {
			return err
		}
		if flags.format == "json" {
			return queries.WriteJSON(cmd.OutOrStdout(), answer)
		}
		for i := range answer.Clocks {
			if err := writeExplanation(cmd.OutOrStdout(), &answer.Clocks[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// explain explains one clock of a case, or all, from the log.
func (y *system) explain(ctx context.Context, ref, clock string) (explained, error) {
	id, err := uuid.Parse(ref)
	if err != nil {
		found, ok, err := y.resolve(ctx, ref)
		if err != nil {
			return explained{}, err
		}
		if !ok {
			return explained{}, domain.Reject(domain.CaseNotFound, "there is no such case")
		}
		id = found
	}
	c, err := y.handler.Case(ctx, id)
	if err != nil {
		return explained{}, err
	}
	if c == nil {
		return explained{}, domain.Reject(domain.CaseNotFound, "there is no such case")
	}
	config, err := y.handler.Config(ctx)
	if err != nil {
		return explained{}, err
	}
	p := config.Procedure(c.Procedure())
	if p == nil {
		return explained{}, fmt.Errorf("the case's procedure %s has not been adopted", c.Procedure())
	}
	answer := explained{Case: c.ID, Ref: c.Ref, Clocks: []domain.Explanation{}}
	history, now := c.History(), time.Now()
	var names []string
	for _, k := range domain.Clocks(p, config.Calendar(), history, now) {
		names = append(names, k.ID)
		if clock != "" && k.ID != clock {
			continue
		}
		if x, ok := domain.Explain(p, config.Calendar(), history, k.ID, now); ok {
			answer.Clocks = append(answer.Clocks, x)
		}
	}
	if clock != "" && len(answer.Clocks) == 0 {
		return explained{}, fmt.Errorf("the case has no clock %s, but: %s", clock, strings.Join(names, ", "))
	}
	return answer, nil
}

func explainProcedure(out io.Writer, flags explainFlags) error {
	p, err := namedProcedure(flags.procedure)
	if err != nil {
		return usageError{err}
	}
	start, err := time.Parse(time.RFC3339, flags.start)
	if err != nil {
		day, err := dateFlag("--start", flags.start)
		if err != nil {
			return usageError{fmt.Errorf("--start: %q is no instant (RFC 3339, with its zone) and no date", flags.start)}
		}
		start = day.Midnight()
	}
	x, err := domain.ExplainFrom(p, domain.ShippedCalendar(), flags.clock, start)
	if err != nil {
		return usageError{err}
	}
	if flags.format == "json" {
		return queries.WriteJSON(out, x)
	}
	return writeExplanation(out, &x)
}

// namedProcedure returns the shipped procedure of an id, or reads a file.
func namedProcedure(name string) (*procedure.Procedure, error) {
	if p := domain.ShippedProcedure(name); p != nil {
		return p, nil
	}
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--procedure: %s is no shipped procedure, and no file that can be read", name)
	}
	return procedure.Parse(name, source)
}

// writeExplanation prints a receipt for a person.
func writeExplanation(out io.Writer, x *domain.Explanation) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s of %s: %s", x.Clock, x.Procedure, x.State)
	switch {
	case x.Problem != "":
		fmt.Fprintf(&text, ", no due date: %s", x.Problem)
	case x.Due.IsZero():
		fmt.Fprintf(&text, ", %d days are left when the pause ends", x.DaysLeft)
	default:
		fmt.Fprintf(&text, ", due %s; too late from %s on", dayName(x.Due), londonTime(x.DueInstant))
	}
	text.WriteString("\n")
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  rule\t%s\n", x.Rule)
	fmt.Fprintf(table, "  source\t%s (%s; basis: %s)\n", x.Source, x.Class, x.Basis)
	start := x.StartEvent
	if !x.StartedAt.IsZero() {
		if x.StartField != "" {
			start += ", " + x.StartField
		}
		start += ": " + londonTime(x.StartedAt)
	}
	fmt.Fprintf(table, "  starts with\t%s\n", start)
	fmt.Fprintf(table, "  procedure\t%s, sha256 %.16s…\n", x.Procedure, x.ProcedureHash)
	fmt.Fprintf(table, "  calendar\t%s, %s, sha256 %.16s…\n", x.Calendar, holidayNames[domain.Holidays(x.Holidays)], x.CalendarHash)
	if x.Derived {
		fmt.Fprintf(table, "  \tbeyond the published holidays; those days follow from rules\n")
	}
	for _, pause := range x.Pauses {
		to := "still open"
		if !pause.To.IsZero() {
			to = "to " + dayName(pause.To)
		}
		fmt.Fprintf(table, "  paused\t%s, from %s %s\n", pause.Kind, dayName(pause.From), to)
	}
	for _, e := range x.Extensions {
		fmt.Fprintf(table, "  extended\t%s: from %s to %s", londonTime(e.Recorded), dayName(e.OldDue), dayName(e.NewDue))
		if !e.NowDue.IsZero() && e.NowDue != e.NewDue {
			fmt.Fprintf(table, ", with later pauses %s", dayName(e.NowDue))
		}
		fmt.Fprintln(table)
	}
	if !x.StoppedAt.IsZero() {
		fmt.Fprintf(table, "  stopped\t%s\n", londonTime(x.StoppedAt))
	}
	if !x.Day0.IsZero() {
		fmt.Fprintf(table, "  day 0\t%s\n", dayName(x.Day0))
	}
	_ = table.Flush() // a strings.Builder never fails
	writeDays(&text, x.Days, x.OriginalDue)
	for _, e := range x.Extensions {
		if len(e.Days) > 0 {
			fmt.Fprintf(&text, "  the extension to %s, with the pauses that came later\n", dayName(e.NewDue))
			writeDays(&text, e.Days, e.NowDue)
		}
	}
	if !x.OriginalDue.IsZero() && x.OriginalDue != x.Due {
		fmt.Fprintf(&text, "  without being extended it would be due %s\n", dayName(x.OriginalDue))
	}
	text.WriteString("\n")
	_, err := io.WriteString(out, text.String())
	return err
}

// holidayNames says for a person whose bank holidays a procedure counts by.
var holidayNames = map[domain.Holidays]string{
	domain.EnglandAndWales: "bank holidays of England and Wales",
	domain.AnyOfUK:         "bank holidays of any part of the United Kingdom",
}

// writeDays prints a reckoning that ends on the day on which the clock is due.
func writeDays(text *strings.Builder, days []domain.CountedDay, due domain.Date) {
	for i, d := range days {
		number := "-"
		if d.Number > 0 {
			number = fmt.Sprint(d.Number)
		}
		why := d.Why
		if i == len(days)-1 && d.Date == due {
			why = strings.TrimPrefix(why+"; due", "; ")
		}
		line := fmt.Sprintf("  %5s  %s  %s", number, dayName(d.Date), why)
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

func dayName(d domain.Date) string { return d.Weekday().String()[:3] + " " + d.String() }

func londonTime(t time.Time) string { return t.In(domain.London).Format("2006-01-02 15:04:05 MST") }
