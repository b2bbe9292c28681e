// Command redress is the whole system in one binary: one verb a file, the wiring of the parts in system.go, and no rule
// of the domain.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"redress/domain"
)

// version is set by the build.
var version = "dev"

// The exit codes of every verb.
const (
	exitDone     = 0
	exitFailure  = 1
	exitUsage    = 2
	exitRejected = 3 // a business rule said no; its reason code was printed
	exitFindings = 4 // a check found something
)

// usageError is a mistake in how a verb was called or configured.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errFindings ends a check that found something and has printed it.
var errFindings = errors.New("the check found something")

// memoryLimit is what the process tries to stay below, unless GOMEMLIMIT says otherwise, in bytes.
const memoryLimit = 1 << 30

func main() {
	// Memory is cheaper here than collecting: an idle serve stays below 80 MB all the same. Near the limit it is collected
	// as often as it takes.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
		if os.Getenv("GOMEMLIMIT") == "" {
			debug.SetMemoryLimit(memoryLimit)
		}
	}
	os.Exit(run(os.Args[1:]))
}

// run executes one command line and returns its exit code. The first signal ends the verb in order, a second at once.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)
	root := rootCommand()
	root.SetArgs(args)
	return exitCode(root.ExecuteContext(ctx))
}

func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errFindings) {
		return exitFindings
	}
	fmt.Fprintln(os.Stderr, "redress:", err)
	if _, ok := errors.AsType[*domain.Rejection](err); ok {
		return exitRejected
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailure
}

// rootCommand lists the verbs.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "redress",
		Short:         "The event-sourced record of every complaint that a council receives",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().String("data", "", "the data folder (default $REDRESS_DATA, else ./data)")
	root.AddCommand(
		serveCommand(),
		demoCommand(),
		importCommand(),
		replayCommand(),
		reportCommand(),
		whatifCommand(),
		verifyCommand(),
		projectionsCommand(),
		exportCommand(),
		backupCommand(),
		restoreCommand(),
		doCommand(),
		nodeCommand(),
		tokenCommand(),
		eraseCommand(),
		storyCommand(),
		clockCommand(),
		versionCommand(),
	)
	root.CompletionOptions.DisableDefaultCmd = true
	root.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError{fmt.Errorf("there is no verb %q; see --help", args[0])}
		}
		return nil
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return root
}

// exactArgs is cobra's check as a usage error.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s: takes %d arguments, got %d; see --help", cmd.CommandPath(), n, len(args))}
		}
		return nil
	}
}

// checkBefore runs a check of the flags before the verb does anything.
func checkBefore(cmd *cobra.Command, check func() error) {
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if before != nil {
			if err := before(cmd, args); err != nil {
				return err
			}
		}
		if err := check(); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// required refuses to run the verb without the flag.
func required(cmd *cobra.Command, flag string) {
	checkBefore(cmd, func() error {
		if !cmd.Flags().Changed(flag) {
			return fmt.Errorf("--%s: is missing; see --help", flag)
		}
		return nil
	})
}

func oneOf(name, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %s", name, value, strings.Join(allowed, ", "))
}
