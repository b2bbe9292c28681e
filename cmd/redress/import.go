package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"redress/commands/legacy"
	"redress/domain"
	"redress/queries"
)

// importCommand brings a legacy export in as events.
func importCommand() *cobra.Command {
	var mapping, format string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "import FILE --mapping NAME|FILE",
		Short: "Bring a legacy export in as events, accounting for every row; safe to run again",
		Long: fmt.Sprintf(`Brings a CSV export of an older system (plain or gzip) in as events. A mapping says what its columns mean; shipped are
%v, and a council can write one for its own export. Every row of the file is counted as imported, already
present, a duplicate within the file, or rejected with its line and the reason. Importing again appends nothing.`, legacy.Names()),
		Example: "  redress import docs/samples/nyc-311-animals-2025.csv.gz --mapping nyc-311",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := legacy.Load(mapping)
			if err != nil {
				return usageError{fmt.Errorf("--mapping: %w", err)}
			}
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				bar, end := progress("importing")
				report, err := y.importer(bar).Run(ctx, file, m, dryRun)
				end()
				if fault, ok := errors.AsType[*legacy.MappingError](err); ok {
					return usageError{fault}
				}
				if err != nil {
					return err
				}
				if format == "json" {
					return queries.WriteJSON(cmd.OutOrStdout(), report)
				}
				return report.Print(cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&mapping, "mapping", "", "name of a shipped mapping, or a mapping file")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing, print the same report")
	formatFlag(cmd, &format)
	required(cmd, "mapping")
	return cmd
}

// importer makes an importer that acts as the operator.
func (y *system) importer(report func(done, total int64)) *legacy.Importer {
	return &legacy.Importer{
		Handler: y.handler, Vault: y.vault, Tenant: y.settings.Tenant, Actor: operator(), Now: time.Now(), Progress: report,
	}
}

// operator is the local user.
func operator() domain.Actor {
	return domain.Actor{ID: "operator:" + strconv.Itoa(os.Getuid()), Operator: true}
}
