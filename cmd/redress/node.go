package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"redress/eventstore/node"
)

// nodeCommand runs the embedded event store alone. Its data folder is its own: it is no data folder of `serve`.
func nodeCommand() *cobra.Command {
	var listen string
	var testMode bool
	cmd := &cobra.Command{
		Use:     "node",
		Short:   "Run the embedded event store alone, over TCP, for tools and tests",
		Example: "  redress node --data /tmp/log --listen 127.0.0.1:2113",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := loadSettings(dataFlag(cmd))
			if err != nil {
				return err
			}
			n, err := node.Start(cmd.Context(), s.Data, node.Options{Listen: listen, TestMode: testMode, Logger: slog.Default()})
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "ready %s data=%s\n", n.TCPURL(), s.Data)
			select {
			case <-cmd.Context().Done():
				return n.Stop()
			case err := <-n.Failed():
				return err
			}
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "loopback address")
	cmd.Flags().BoolVar(&testMode, "test-mode", false, "allow deletes, tombstones and metadata; only in a folder begun with it")
	return cmd
}

func dataFlag(cmd *cobra.Command) string {
	data, _ := cmd.Flags().GetString("data")
	return data
}
