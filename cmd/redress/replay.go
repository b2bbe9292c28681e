package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"redress/domain"
	"redress/queries"
)

// replayCommand shows one case as it stood.
func replayCommand() *cobra.Command {
	var at, knownAt, format string
	var revision int64
	var diff bool
	cmd := &cobra.Command{
		Use:   "replay CASE",
		Short: "One case as it stood, event by event",
		Long: `Replays one case from the log: its state, its clocks, and event by event who did what, when, and what changed.
--at takes what had happened by then, --known-at what had been recorded by then; a date means its end in London.`,
		Example: "  redress replay nyc-311:64345465 --at 2025-03-14T12:00:00Z",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			moment, err := replayMoment(at, knownAt, revision)
			if err != nil {
				return usageError{err}
			}
			return withSystem(cmd, wiring{}, func(ctx context.Context, y *system) error {
				if _, err := y.queries.WaitForEnd(ctx, patience); err != nil {
					return err
				}
				replay, err := y.queries.Replay(ctx, args[0], moment)
				if err != nil {
					return queryError(err)
				}
				if format == "json" {
					return queries.WriteJSON(cmd.OutOrStdout(), replay)
				}
				if !diff {
					for i := range replay.Events {
						replay.Events[i].Changed = nil
					}
				}
				return replay.WriteTable(cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "what had happened by this moment (RFC 3339, or a date)")
	cmd.Flags().StringVar(&knownAt, "known-at", "", "what had been recorded by this moment (RFC 3339, or a date)")
	cmd.Flags().Int64Var(&revision, "revision", -1, "the case after the event of this revision")
	cmd.Flags().BoolVar(&diff, "diff", true, "in the table, show what each event changed")
	formatFlag(cmd, &format)
	return cmd
}

func replayMoment(at, knownAt string, revision int64) (m queries.Moment, err error) {
	if m.At, err = instant("--at", at); err != nil {
		return m, err
	}
	if m.KnownAt, err = instant("--known-at", knownAt); err != nil {
		return m, err
	}
	if revision >= 0 {
		exact := uint64(revision)
		m.Revision = &exact
	}
	return m, nil
}

// instant reads an RFC 3339 instant, or a date, which means the last moment of that day in London.
func instant(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := domain.ParseDate(text); err == nil {
		return d.AddDays(1).Midnight().Add(-time.Nanosecond), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, fmt.Errorf("%s: %q is no instant (RFC 3339, with its zone) and no date", flag, text)
	}
	return t.UTC(), nil
}
