package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"redress/domain/procedure"
	"redress/queries"
)

// whatifCommand judges the recorded history under another procedure.
func whatifCommand() *cobra.Command {
	var file, from, to, format string
	cmd := &cobra.Command{
		Use:   "whatif --procedure FILE",
		Short: "The recorded history judged under another procedure; writes nothing",
		Long: `Judges what was recorded under the procedure in FILE, and shows per measure and per case what would have been otherwise.
Judged under it are the cases whose own procedure is of the same family, of a kind that it takes, in stages that it has.
--from and --to (exclusive) bound the period of the measures, and the due dates of the clocks that are listed.`,
		Example: "  redress whatif --procedure nnc-corporate-2024.yaml --from 2023-04-01 --to 2024-04-01",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var p queries.Parameters
			var err error
			if p.From, err = dateFlag("--from", from); err != nil {
				return err
			}
			if p.To, err = dateFlag("--to", to); err != nil {
				return err
			}
			other, err := readProcedure(file)
			if err != nil {
				return err
			}
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				w, err := y.whatif(ctx, other, p)
				if err != nil {
					return err
				}
				if format == "json" {
					return queries.WriteJSON(cmd.OutOrStdout(), w)
				}
				return w.WriteTable(cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&file, "procedure", "", "the file of the other procedure (redress.procedure/v1)")
	cmd.Flags().StringVar(&from, "from", "", "first day of the period")
	cmd.Flags().StringVar(&to, "to", "", "first day after the period")
	formatFlag(cmd, &format)
	return cmd
}

// readProcedure reads the file of a procedure, which keeps to the schema and the loading checks.
func readProcedure(file string) (*procedure.Procedure, error) {
	if file == "" {
		return nil, usageError{errors.New("--procedure: the file of the other procedure")}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, usageError{fmt.Errorf("--procedure: %w", err)}
	}
	p, err := procedure.Parse(filepath.Base(file), text)
	if err != nil {
		return nil, usageError{fmt.Errorf("--procedure: %w", err)}
	}
	return p, nil
}

// whatif judges the history once the read models have reached the log's end.
func (y *system) whatif(ctx context.Context, other *procedure.Procedure, p queries.Parameters) (*queries.WhatIf, error) {
	bar, end := progress("reading the log")
	defer end()
	p.Progress = func(position, last uint64) { bar(int64(position), int64(last)) }
	if _, err := y.queries.WaitForEnd(ctx, patience); err != nil {
		return nil, err
	}
	w, err := y.queries.WhatIf(ctx, other, p)
	if fault, ok := errors.AsType[*queries.ParameterError](err); ok {
		return nil, usageError{fmt.Errorf("--%s: %s", fault.Name, fault.Rule)}
	}
	return w, err
}
