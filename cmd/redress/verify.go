package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redress/eventstore/node"
	"redress/queries"
)

// verifyCommand reads the whole log again.
func verifyCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "Re-read the whole log and name the first bad event",
		Example: "  redress verify --format json",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				if _, err := y.queries.WaitForEnd(ctx, patience); err != nil {
					return err
				}
				bar, end := progress("verifying")
				v, err := y.queries.Verify(ctx, func(position, last uint64) { bar(int64(position), int64(last)) })
				end()
				if err != nil {
					return err
				}
				return tellVerification(cmd.OutOrStdout(), v, format)
			})
			if v := unreadable(err); v != nil {
				return tellVerification(cmd.OutOrStdout(), v, format)
			}
			return err
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// unreadable is the verification of a log that the embedded store refuses to open, or whose end it cannot read, because it
// is damaged. It is nil for every other fault.
func unreadable(err error) *queries.Verification {
	not := "everything else: the event store does not open this log"
	if _, closed := errors.AsType[*node.CorruptError](err); !closed {
		if status.Code(err) != codes.DataLoss {
			return nil
		}
		not = "everything else: the log cannot be read to its end"
	}
	return &queries.Verification{
		Checks:     []queries.Check{{Name: "storage", FirstBad: &queries.FirstBad{Why: err.Error()}}},
		NotChecked: []string{not},
		Notes:      []string{},
	}
}

// tellVerification prints what was found, and ends in errFindings where that is anything.
func tellVerification(out io.Writer, v *queries.Verification, format string) error {
	write := printVerification
	if format == "json" {
		write = func(out io.Writer, v *queries.Verification) error { return queries.WriteJSON(out, v) }
	}
	if err := write(out, v); err != nil {
		return err
	}
	if !v.OK {
		return errFindings
	}
	return nil
}

func printVerification(out io.Writer, v *queries.Verification) error {
	fmt.Fprintf(out, "%d events in %d streams, up to position %d\n\n", v.Events, v.Streams, v.Position)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, check := range v.Checks {
		result := "ok"
		if !check.OK {
			result = "BAD"
		}
		fmt.Fprintf(table, "%s\t%s\t%d checked", result, check.Name, check.Checked)
		if bad := check.FirstBad; bad != nil {
			where := fmt.Sprintf("position %d", bad.Position)
			if bad.Stream != "" {
				where += fmt.Sprintf(", %s revision %d", bad.Stream, bad.Revision)
			}
			fmt.Fprintf(table, "\tfirst bad: %s: %s", where, bad.Why)
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, note := range v.Notes {
		fmt.Fprintln(out, "note:", note)
	}
	for _, not := range v.NotChecked {
		fmt.Fprintln(out, "not checked:", not)
	}
	return nil
}
