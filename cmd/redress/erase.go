package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"redress/domain"
	"redress/queries"
)

// eraseCommand destroys the keys of a person, or says what that would destroy.
func eraseCommand() *cobra.Command {
	var basis, approvedBy, format string
	var categories []string
	var yes bool
	cmd := &cobra.Command{
		Use:   "erase SUBJECT --basis BASIS --approved-by NAME",
		Short: "Destroy a person's keys; without --yes say what would go",
		Long: `Destroys the keys of a person and of the cases in which they are complainant or affected. The events and their hashes
stay, and the log still verifies; what was sealed can never be read again. SUBJECT is a person id, or an imported case
without persons. Without --yes nothing is changed. With it, the local user erases and the data protection officer
approves, which is proved by the approver's own token in REDRESS_TOKEN.`,
		Example: "  redress erase 5f3c… --basis art17 --approved-by dana",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withServer(cmd, func(s *server) error {
				answer, err := s.client.call(cmd.Context(), http.MethodGet, "/api/erase/"+url.PathEscape(args[0]), nil, nil)
				if err != nil || !yes {
					return firstError(err, func() error {
						fmt.Fprintln(cmd.ErrOrStderr(), "Nothing was changed. With --yes this would be destroyed:")
						if format == "json" {
							return writeAll(cmd.OutOrStdout(), answer)
						}
						return printErasure(cmd.OutOrStdout(), answer)
					})
				}
				var would struct {
					Subject string `json:"subject"`
				}
				if err := json.Unmarshal(answer, &would); err != nil {
					return err
				}
				approver, err := approval(cmd.Context(), s.client, approvedBy)
				if err != nil {
					return err
				}
				body := map[string]any{"subject": firstNonEmpty(would.Subject, args[0]), "basis": basis, "approved_by": approver, "categories": categories, "requested_at": time.Now().UTC()}
				text, err := json.Marshal(body)
				if err != nil {
					return err
				}
				done, err := s.client.command(cmd.Context(), "ErasePersonalData", "", text)
				if err != nil {
					printRejection(cmd.OutOrStdout(), err, format)
					return err
				}
				if format == "json" {
					return writeAll(cmd.OutOrStdout(), done)
				}
				return printAnswer(cmd.OutOrStdout(), done)
			})
		},
	}
	cmd.Flags().StringVar(&basis, "basis", "", "retention, art17 or court_order")
	cmd.Flags().StringVar(&approvedBy, "approved-by", "", "account name or person id of the data protection officer")
	cmd.Flags().StringSliceVar(&categories, "category", []string{"all"}, "what is erased")
	cmd.Flags().BoolVar(&yes, "yes", false, "do it; it cannot be undone")
	required(cmd, "basis")
	formatFlag(cmd, &format)
	required(cmd, "approved-by")
	checkBefore(cmd, func() error { return oneOf("--basis", basis, domain.ErasureBasis("").Values()) })
	return cmd
}

// approval returns the person id of the approver, once the token in REDRESS_TOKEN has proved to be the approver's own.
func approval(ctx context.Context, c client, name string) (string, error) {
	approver, err := c.actorID(ctx, name)
	if err != nil {
		return "", err
	}
	if c.token = os.Getenv("REDRESS_TOKEN"); c.token == "" {
		return "", usageError{errors.New("--yes: an erasure needs the approver's own token in REDRESS_TOKEN")}
	}
	holder, err := c.me(ctx)
	if err != nil {
		return "", err
	}
	if holder != approver {
		return "", domain.Reject(domain.NotPermitted, "the token in REDRESS_TOKEN is not the approver's own")
	}
	return approver, nil
}

// printErasure prints what an erasure would make unreadable.
func printErasure(out io.Writer, text []byte) error {
	var e queries.Erasure
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s %s: %d keys, %d events with sealed fields\n", e.Kind, e.Subject, e.Keys, e.Events)
	for _, c := range e.Cases {
		fmt.Fprintf(out, "case %s %s, %s\n", c.ID, c.Ref, c.Status)
	}
	return nil
}
