package main

import "github.com/spf13/cobra"

func clockCommand() *cobra.Command { return &cobra.Command{Use: "clock"} }
