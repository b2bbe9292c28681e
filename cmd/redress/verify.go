package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

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
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				if _, err := y.queries.WaitForEnd(ctx, patience); err != nil {
					return err
				}
				bar, end := progress("verifying")
				v, err := y.queries.Verify(ctx, func(position, last uint64) { bar(int64(position), int64(last)) })
				end()
				if err != nil {
					return err
				}
				if format == "json" {
					err = queries.WriteJSON(cmd.OutOrStdout(), v)
				} else {
					err = printVerification(cmd.OutOrStdout(), v)
				}
				if err == nil && !v.OK {
					err = errFindings
				}
				return err
			})
		},
	}
	formatFlag(cmd, &format)
	return cmd
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
			fmt.Fprintf(table, "\tfirst bad: position %d, %s revision %d: %s", bad.Position, bad.Stream, bad.Revision, bad.Why)
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
