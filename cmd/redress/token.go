package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
)

// tokenCommand keeps the API tokens of a running system.
func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "API tokens: shown once, stored hashed", Example: "  redress token list", RunE: needsVerb}
	cmd.AddCommand(tokenAdd(), tokenList(), tokenRevoke())
	return cmd
}

// needsVerb answers a group of verbs that was called without one.
func needsVerb(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s: there is no %q; see --help", cmd.CommandPath(), args[0])}
	}
	return usageError{fmt.Errorf("%s: say which; see --help", cmd.CommandPath())}
}

func tokenAdd() *cobra.Command {
	var service, approvedBy, expires, format string
	var roles []string
	var grade int
	cmd := &cobra.Command{
		Use:     "add NAME --role ROLE…",
		Short:   "Make a token; its account, person and roles too where they are missing",
		Example: "  redress token add mary --role complaints_manager --service corporate --grade 9 --expires 90d",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{"name": args[0], "roles": roles}
			setIf(body, "service", service)
			setIf(body, "approved_by", approvedBy)
			if grade != 0 {
				body["grade"] = grade
			}
			if expires != "" {
				until, err := expiry(expires, time.Now())
				if err != nil {
					return usageError{err}
				}
				body["expires"] = until
			}
			text, err := json.Marshal(body)
			if err != nil {
				return err
			}
			return withServer(cmd, func(s *server) error {
				answer, err := s.client.call(cmd.Context(), http.MethodPost, "/api/tokens", nil, text)
				if err != nil {
					printRejection(cmd.OutOrStdout(), err, format)
					return err
				}
				if format == "json" {
					return writeAll(cmd.OutOrStdout(), answer)
				}
				var made struct {
					Token string `json:"token"`
				}
				if err := json.Unmarshal(answer, &made); err != nil {
					return err
				}
				fmt.Fprintln(cmd.ErrOrStderr(), "This token is shown once; only its hash is kept.")
				return writeAll(cmd.OutOrStdout(), []byte(made.Token))
			})
		},
	}
	cmd.Flags().StringSliceVar(&roles, "role", nil, "role to grant where it is missing; may be repeated")
	cmd.Flags().StringVar(&service, "service", "", "the service for which the roles are granted; left out: all")
	cmd.Flags().IntVar(&grade, "grade", 0, "the officer's grade")
	cmd.Flags().StringVar(&approvedBy, "approved-by", "", "account name or person id of the monitoring officer who approved")
	cmd.Flags().StringVar(&expires, "expires", "", "a date, or a number of days such as 90d")
	formatFlag(cmd, &format)
	return cmd
}

func setIf(body map[string]any, key, value string) {
	if value != "" {
		body[key] = value
	}
}

// expiry reads a date (its start in London would surprise nobody: the token ends when the day begins, UTC) or a number
// of days from now.
func expiry(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 {
			return now.AddDate(0, 0, n).UTC(), nil
		}
	}
	until, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return until, fmt.Errorf("--expires: %q is no date and no number of days such as 90d", text)
	}
	return until, nil
}

func tokenList() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "list", Short: "All tokens, without their secrets", Example: "  redress token list", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withServer(cmd, func(s *server) error {
				answer, err := s.client.call(cmd.Context(), http.MethodGet, "/api/tokens", nil, nil)
				if err != nil || format == "json" {
					return firstError(err, func() error { return writeAll(cmd.OutOrStdout(), answer) })
				}
				var list struct {
					Tokens []struct {
						Name      string     `json:"name"`
						CreatedAt time.Time  `json:"created_at"`
						Expires   *time.Time `json:"expires"`
						Valid     bool       `json:"valid"`
					} `json:"tokens"`
				}
				if err := json.Unmarshal(answer, &list); err != nil {
					return err
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "NAME\tCREATED\tEXPIRES\tVALID")
				for _, t := range list.Tokens {
					until := "never"
					if t.Expires != nil {
						until = t.Expires.Format(time.DateOnly)
					}
					fmt.Fprintf(table, "%s\t%s\t%s\t%t\n", t.Name, t.CreatedAt.Format(time.DateOnly), until, t.Valid)
				}
				return table.Flush()
			})
		},
	}
	formatFlag(cmd, &format)
	return cmd
}

// firstError returns err, or else what the next step returns.
func firstError(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

func tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke NAME", Short: "End all tokens and sessions of an account at once", Example: "  redress token revoke mary",
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withServer(cmd, func(s *server) error {
				answer, err := s.client.call(cmd.Context(), http.MethodDelete, "/api/tokens/"+url.PathEscape(args[0]), nil, nil)
				return firstError(err, func() error { return writeAll(cmd.OutOrStdout(), answer) })
			})
		},
	}
}
