package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"redress/domain"
	"redress/queries"
)

// reportCommand makes the reports of the specification.
func reportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "report", Short: "The reports; each says what it was made from", Example: "  redress report performance", RunE: needsVerb}
	cmd.AddCommand(reportPerformance())
	return cmd
}

func reportPerformance() *cobra.Command {
	var from, to, asAt, format, output string
	var by []string
	var cuts []string
	for _, cut := range queries.Cuts {
		cuts = append(cuts, cut.Name)
	}
	cmd := &cobra.Command{
		Use:   "performance",
		Short: "The performance measures, with numerators and denominators",
		Long: "The performance measures over a period of London days (--to is exclusive; left out: everything).\n" +
			"--as-at makes the report as the log stood then; T@POSITION, as a report prints it, gives the same bytes for ever.\n" +
			"Cuts: " + strings.Join(cuts, ", "),
		Example: "  redress report performance --from 2025-04-01 --to 2025-07-01 --by service --format csv",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p := queries.Parameters{By: by, AsAt: asAt}
			var err error
			if p.From, err = dateFlag("--from", from); err != nil {
				return err
			}
			if p.To, err = dateFlag("--to", to); err != nil {
				return err
			}
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				report, err := y.performance(ctx, p)
				if err != nil {
					return err
				}
				return writeTo(cmd.OutOrStdout(), output, func(out io.Writer) error { return writeReport(out, report, format) })
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "first day of the period")
	cmd.Flags().StringVar(&to, "to", "", "first day after the period")
	cmd.Flags().StringVar(&asAt, "as-at", "", "T, POSITION or T@POSITION (T in RFC 3339)")
	cmd.Flags().StringSliceVar(&by, "by", nil, "cuts, separated by commas")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write to; left out: stdout")
	formatFlag(cmd, &format, "csv", "xlsx")
	return cmd
}

// performance makes the report once the read models have reached the log's end.
func (y *system) performance(ctx context.Context, p queries.Parameters) (*queries.Performance, error) {
	bar, end := progress("reading the log")
	defer end()
	p.Progress = func(position, last uint64) { bar(int64(position), int64(last)) }
	if _, err := y.queries.WaitForEnd(ctx, patience); err != nil {
		return nil, err
	}
	report, err := y.queries.Performance(ctx, p)
	return report, queryError(err)
}

func writeReport(out io.Writer, report *queries.Performance, format string) error {
	switch format {
	case "json":
		return queries.WriteJSON(out, report)
	case "csv":
		return report.WriteCSV(out)
	case "xlsx":
		return report.WriteXLSX(out)
	}
	return report.WriteTable(out)
}

// writeTo writes to a file, or to out where none is named.
func writeTo(out io.Writer, path string, write func(io.Writer) error) error {
	if path == "" {
		return write(out)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

func dateFlag(name, text string) (domain.Date, error) {
	if text == "" {
		return 0, nil
	}
	d, err := domain.ParseDate(text)
	if err != nil {
		return 0, usageError{fmt.Errorf("%s: %q is no date (YYYY-MM-DD)", name, text)}
	}
	return d, nil
}

// queryError turns "no such case" into the rejection that has its code, and a parameter that is wrong into a mistake in
// how the verb was called.
func queryError(err error) error {
	if errors.Is(err, queries.ErrNoCase) {
		return domain.Reject(domain.CaseNotFound, "there is no such case")
	}
	if fault, ok := errors.AsType[*queries.ParameterError](err); ok {
		return usageError{fmt.Errorf("--%s: %s", strings.ReplaceAll(fault.Name, "_", "-"), fault.Rule)}
	}
	return err
}
