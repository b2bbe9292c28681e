package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"redress/cmd/redress/story"
)

// storyCommand plays stories. It never opens a data folder: each story has a sandbox of its own.
func storyCommand() *cobra.Command {
	var trace bool
	var format string
	cmd := &cobra.Command{
		Use:   "story FILE...",
		Short: "Play stories in a sandbox and say where they fail",
		Long: `Plays stories (files of the format redress.story/v1) through the real parts, each in a sandbox of its own that is
never a council's data, and whose clock is the story's. Prints one line a story and the first step that went wrong;
--trace prints every step with the events appended and the clocks after it. Exits with 4 when a story fails, and with 2,
before anything is played, when one cannot be read.`,
		Example: "  redress story docs/stories/corporate/*.yaml",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("%s: takes at least one file; see --help", cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			stories, err := readStories(args)
			if err != nil {
				return usageError{err}
			}
			results, err := playStories(cmd.Context(), stories, trace)
			if err != nil {
				return err
			}
			return writeStories(cmd.OutOrStdout(), results, format)
		},
	}
	cmd.Flags().BoolVar(&trace, "trace", false, "show every step with the events appended and the clocks after it")
	formatFlag(cmd, &format)
	return cmd
}

// readStories reads all files before anything is played, and says everything that is wrong with any.
func readStories(files []string) ([]*story.Story, error) {
	var stories []*story.Story
	var faults []string
	for _, file := range files {
		s, err := story.Read(file)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		stories = append(stories, s)
	}
	if len(faults) > 0 {
		return nil, errors.New(strings.Join(faults, "\n"))
	}
	return stories, nil
}

func playStories(ctx context.Context, stories []*story.Story, trace bool) (_ []story.Result, err error) {
	theatre, err := story.Open(ctx, os.Getenv("REDRESS_PG_BIN"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, theatre.Close()) }()
	bar, end := progress("playing stories")
	defer end()
	return theatre.Play(ctx, stories, trace, func(played int) { bar(int64(played), int64(len(stories))) })
}

func writeStories(out io.Writer, results []story.Result, format string) error {
	write := story.WriteTable
	if format == "json" {
		write = story.WriteJSON
	}
	if err := write(out, results); err != nil {
		return err
	}
	for _, r := range results {
		if !r.Passed {
			return errFindings
		}
	}
	return nil
}
