package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"redress/projections"
	"redress/queries"
)

// projectionsCommand looks after the read models.
func projectionsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "projections", Short: "Read-model health; rebuild beside the live tables; prove that they equal the log", Example: "  redress projections status", RunE: needsVerb}
	cmd.AddCommand(projectionsStatus(), projectionsRebuild(), projectionsCheck())
	return cmd
}

func projectionsStatus() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "status", Short: "How far the read models are, and what is parked", Example: "  redress projections status", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				state, err := projections.Status(ctx, y.pool, y.store)
				if err != nil {
					return err
				}
				if format == "json" {
					return queries.WriteJSON(cmd.OutOrStdout(), statusAnswer(state))
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				moved := "never"
				if state.MovedAt != nil {
					moved = state.MovedAt.UTC().Format(time.RFC3339)
				}
				fmt.Fprintf(table, "generation\t%d\nposition\t%d of %d\nmoved at\t%s\n\nMODEL\tVERSION\tROWS\n",
					state.Generation, state.Position, state.End, moved)
				for _, m := range state.Models {
					fmt.Fprintf(table, "%s\t%d\t%d\n", m.Name, m.Version, m.Rows)
				}
				for _, p := range state.Parked {
					fmt.Fprintf(table, "parked\tcase %s\trevision %d, position %d, %s: %s\n", p.Case, p.Revision, p.Position, p.Type, p.Reason)
				}
				return table.Flush()
			})
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// projectionState is the JSON of projections status.
type projectionState struct {
	Generation int64             `json:"generation"`
	Position   uint64            `json:"position"`
	End        uint64            `json:"end"`
	Current    bool              `json:"current"` // of this program's versions
	CaughtUp   bool              `json:"caught_up"`
	MovedAt    *time.Time        `json:"moved_at"`
	Models     []projectionModel `json:"models"`
	Parked     []parkedCase      `json:"parked"`
}

type projectionModel struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Rows    int64  `json:"rows"`
}

type parkedCase struct {
	Case     string `json:"case"`
	Revision int64  `json:"revision"`
	Position int64  `json:"position"`
	Type     string `json:"type"`
	Reason   string `json:"reason"`
}

func statusAnswer(s projections.State) projectionState {
	answer := projectionState{
		Generation: s.Generation, Position: s.Position, End: s.End, Current: s.Current, CaughtUp: s.CaughtUp(), MovedAt: s.MovedAt,
		Models: []projectionModel{}, Parked: []parkedCase{},
	}
	for _, m := range s.Models {
		answer.Models = append(answer.Models, projectionModel{m.Name, m.Version, m.Rows})
	}
	for _, p := range s.Parked {
		answer.Parked = append(answer.Parked, parkedCase{p.Case.String(), p.Revision, p.Position, p.Type, p.Reason})
	}
	return answer
}

func projectionsRebuild() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "rebuild", Short: "Build all read models anew beside the live ones, and swap", Example: "  redress projections rebuild", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				begun := time.Now()
				bar, end := progress("rebuilding")
				err := projections.Rebuild(ctx, y.pool, y.store, y.settings.Tenant, func(position, last uint64) { bar(int64(position), int64(last)) })
				end()
				if err != nil {
					return err
				}
				took := time.Since(begun)
				if format == "json" {
					return queries.WriteJSON(cmd.OutOrStdout(), rebuiltAnswer{took.Seconds()})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "rebuilt in %s\n", took.Round(time.Millisecond))
				return nil
			})
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// rebuiltAnswer is the JSON of projections rebuild.
type rebuiltAnswer struct {
	Seconds float64 `json:"seconds"`
}

func projectionsCheck() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "check", Short: "Compare every row with a fresh fold of the log, and name the first difference",
		Example: "  redress projections check", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				if _, err := y.queries.WaitForEnd(ctx, patience); err != nil {
					return err
				}
				bar, end := progress("checking")
				checked, err := projections.Check(ctx, y.pool, y.store, y.settings.Tenant, func(position, last uint64) { bar(int64(position), int64(last)) })
				end()
				if err != nil {
					return err
				}
				return printChecked(cmd, checked, format)
			})
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// checkAnswer is the JSON of projections check.
type checkAnswer struct {
	OK       bool        `json:"ok"`
	Position uint64      `json:"position"`
	Rows     int64       `json:"rows"`
	Parked   int64       `json:"parked"`
	First    *difference `json:"first_difference"`
}

type difference struct {
	Model  string `json:"model"`
	Key    string `json:"key"`
	Column string `json:"column"`
	Why    string `json:"why"`
}

func printChecked(cmd *cobra.Command, c projections.Checked, format string) error {
	answer := checkAnswer{OK: c.First == nil && c.Parked == 0, Position: c.Position, Rows: c.Rows, Parked: c.Parked}
	if c.First != nil {
		answer.First = &difference{c.First.Model, c.First.Key, c.First.Column, c.First.Why}
	}
	out := cmd.OutOrStdout()
	switch {
	case format == "json":
		if err := queries.WriteJSON(out, answer); err != nil {
			return err
		}
	case c.First != nil:
		fmt.Fprintf(out, "first difference: %s, %s, column %s: %s\n", c.First.Model, c.First.Key, c.First.Column, c.First.Why)
	default:
		fmt.Fprintf(out, "%d rows equal a fresh fold of the log up to position %d\n", c.Rows, c.Position)
	}
	if c.Parked > 0 && format != "json" {
		fmt.Fprintf(out, "%d cases are parked; see projections status\n", c.Parked)
	}
	if !answer.OK {
		return errFindings
	}
	return nil
}
