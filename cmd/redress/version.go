package main

import (
	"fmt"
	"runtime"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Versions, protocol and paths",
		Example: "  redress version --format json",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := loadSettings(dataFlag(cmd))
			if err != nil {
				return err
			}
			facts := struct {
				Version  string `json:"version"`
				Go       string `json:"go"`
				Protocol string `json:"protocol"`
				Format   string `json:"data_format"`
				Data     string `json:"data"`
			}{version, runtime.Version(), "EventStoreDB gRPC, as of 23.10.6", "1", s.Data}
			if format == "json" {
				text, err := json.Marshal(facts)
				if err != nil {
					return err
				}
				return writeAll(cmd.OutOrStdout(), text)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintf(table, "redress\t%s\ngo\t%s\nprotocol\t%s\ndata format\t%s\ndata folder\t%s\n",
				facts.Version, facts.Go, facts.Protocol, facts.Format, facts.Data)
			return table.Flush()
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// formatFlag adds --format table|json, with more where a verb offers more.
func formatFlag(cmd *cobra.Command, format *string, more ...string) {
	allowed := append([]string{"table", "json"}, more...)
	cmd.Flags().StringVar(format, "format", "table", fmt.Sprintf("one of %v", allowed))
	checkBefore(cmd, func() error { return oneOf("--format", *format, allowed) })
}
