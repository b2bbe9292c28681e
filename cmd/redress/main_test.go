package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/spf13/cobra"

	"redress/domain"
)

// Every verb that does something shows how, and takes the data folder.
func TestVerbsExplainThemselves(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Short == "" {
			t.Errorf("%s says nothing of itself", cmd.CommandPath())
		}
		if !cmd.HasSubCommands() && cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		if cmd.InheritedFlags().Lookup("data") == nil && cmd.HasParent() {
			t.Errorf("%s has no --data", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(rootCommand())
}

func TestExitCodes(t *testing.T) {
	for code, errs := range map[int][]error{
		exitDone:     {nil},
		exitFailure:  {errors.New("anything"), errLost},
		exitUsage:    {usageError{errors.New("a flag")}, fmt.Errorf("settings: %w", usageError{errors.New("a flag")})},
		exitRejected: {domain.Reject(domain.CaseNotFound, "no case"), fmt.Errorf("step: %w", domain.Reject(domain.CaseNotFound, "no case"))},
		exitFindings: {errFindings, fmt.Errorf("verify: %w", errFindings)},
	} {
		for _, err := range errs {
			if got := exitCode(err); got != code {
				t.Errorf("%v exits with %d, want %d", err, got, code)
			}
		}
	}
}
