package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
)

// eraseCommand destroys the keys of a person, or says what that would destroy.
func eraseCommand() *cobra.Command {
	var basis, approvedBy string
	var categories []string
	var yes bool
	cmd := &cobra.Command{
		Use:   "erase SUBJECT --basis BASIS --approved-by NAME",
		Short: "Destroy a person's keys; without --yes say what would go",
		Long: `Destroys the keys of a person and of the cases in which they are complainant or affected. The events and their hashes
stay, and the log still verifies; what was sealed can never be read again. SUBJECT is a person id, or an imported case
without persons. Without --yes nothing is changed. With it, the approver's own token is needed in REDRESS_TOKEN.`,
		Example: "  redress erase 5f3c… --basis art17 --approved-by dana",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withServer(cmd, func(s *server) error {
				answer, err := s.client.call(cmd.Context(), http.MethodGet, "/api/erase/"+url.PathEscape(args[0]), nil, nil)
				if err != nil || !yes {
					return firstError(err, func() error {
						fmt.Fprintln(cmd.ErrOrStderr(), "Nothing was changed. With --yes this would be destroyed:")
						return writeAll(cmd.OutOrStdout(), answer)
					})
				}
				var would struct {
					Subject string `json:"subject"`
				}
				if err := json.Unmarshal(answer, &would); err != nil {
					return err
				}
				approver, err := s.client.actorID(cmd.Context(), approvedBy)
				if err != nil {
					return err
				}
				body := map[string]any{"subject": firstNonEmpty(would.Subject, args[0]), "basis": basis, "approved_by": approver, "categories": categories, "requested_at": time.Now().UTC()}
				text, err := json.Marshal(body)
				if err != nil {
					return err
				}
				if s.client.token = os.Getenv("REDRESS_TOKEN"); s.client.token == "" {
					return usageError{errors.New("--yes: an erasure needs the approver's own token in REDRESS_TOKEN")}
				}
				done, err := s.client.command(cmd.Context(), "ErasePersonalData", "", text)
				if err != nil {
					printRejection(cmd.OutOrStdout(), err)
					return err
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
	required(cmd, "approved-by")
	return cmd
}
