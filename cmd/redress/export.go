package main

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"redress/domain"
	"redress/eventstore"
	"redress/queries"
)

// exportCommand writes the log for other programs.
func exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "The log for other programs", Example: "  redress export events", RunE: needsVerb}
	cmd.AddCommand(exportEvents())
	return cmd
}

// exportedEvent is one line of export events: what anyone needs to recompute a figure without us.
type exportedEvent struct {
	Position uint64         `json:"position"`
	Stream   string         `json:"stream"`
	Revision uint64         `json:"revision"`
	ID       uuid.UUID      `json:"id"`
	Type     string         `json:"type"`
	Metadata jsontext.Value `json:"metadata"`
	Data     jsontext.Value `json:"data"`
}

func exportEvents() *cobra.Command {
	var from uint64
	var caseName string
	cmd := &cobra.Command{
		Use:     "events",
		Short:   "Every event as a JSON line; sealed fields stay sealed",
		Example: "  redress export events --case RD-2026-000012",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				end, err := y.queries.WaitForEnd(ctx, patience)
				if err != nil {
					return err
				}
				events := y.store.ReadAll(ctx, max(from, 1)-1, end)
				if caseName != "" {
					id, ok, err := y.queries.Resolve(ctx, caseName)
					if err == nil && !ok {
						err = queries.ErrNoCase
					}
					if err != nil {
						return queryError(err)
					}
					events = y.store.Read(ctx, domain.CaseStream(id), 0)
				}
				out := jsontext.NewEncoder(cmd.OutOrStdout())
				for r, err := range events {
					if err != nil {
						return err
					}
					if r.Position < from {
						continue
					}
					if err := json.MarshalEncode(out, exported(r)); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().Uint64Var(&from, "from", 0, "the first position")
	cmd.Flags().StringVar(&caseName, "case", "", "only this case: id, reference or SOURCE:REF")
	return cmd
}

func exported(r eventstore.Record) exportedEvent {
	return exportedEvent{
		Position: r.Position, Stream: r.Stream, Revision: r.Revision, ID: r.ID, Type: r.Type,
		Metadata: r.RawMeta, Data: r.Data,
	}
}
