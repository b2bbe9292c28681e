package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"redress/commands"
)

// doCommand sends one command, with the body and the answer that it has over HTTP.
func doCommand() *cobra.Command {
	var as, key, file, caseName, format string
	var texts map[string]string
	cmd := &cobra.Command{
		Use:   "do COMMAND",
		Short: "One command, with the same body and answer as over HTTP",
		Long:  "One command, with the same body and answer as over HTTP. The commands are\n\n  " + strings.Join(commandNames(), "\n  "),
		Example: `  redress do CloseCase --as mary --case RD-2026-000012 --json - <<< '{"reason": "accepted", "at": "2026-03-02T10:00:00Z"}'
  redress do AdoptProcedure --as ann --file content=data/procedures/ours.yaml --json - <<< '{"reference": "Executive, minute 12"}'`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := commandBody(cmd.InOrStdin(), file, caseName, texts)
			if err != nil {
				return err
			}
			return withServer(cmd, func(s *server) error {
				s.client.actFor = as
				answer, err := s.client.command(cmd.Context(), args[0], key, body)
				if err != nil {
					printRejection(cmd.OutOrStdout(), err, format)
					return err
				}
				if format == "json" {
					return writeAll(cmd.OutOrStdout(), answer)
				}
				return printAnswer(cmd.OutOrStdout(), answer)
			})
		},
	}
	cmd.Flags().StringVar(&as, "as", "", "the account name for which the operator acts")
	cmd.Flags().StringVar(&key, "key", "", "idempotency key: the same key again does nothing twice")
	cmd.Flags().StringVar(&file, "json", "", "file with the fields, - for standard input; left out: none")
	cmd.Flags().StringToStringVar(&texts, "file", nil, "FIELD=PATH: a field whose text stands in a file, such as a procedure or a calendar")
	cmd.Flags().StringVar(&caseName, "case", "", "the case, where the body does not name it: id, reference or SOURCE:REF")
	formatFlag(cmd, &format)
	return cmd
}

func commandNames() []string {
	var names []string
	for _, command := range commands.All {
		names = append(names, command.Name)
	}
	return names
}

// commandBody reads the fields and adds what was named beside them: the case, and texts that stand in files.
func commandBody(stdin io.Reader, file, caseName string, texts map[string]string) ([]byte, error) {
	body := []byte("{}")
	var err error
	switch file {
	case "":
	case "-":
		body, err = io.ReadAll(stdin)
	default:
		body, err = os.ReadFile(file)
	}
	if err != nil || caseName == "" && len(texts) == 0 {
		return body, err
	}
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, usageError{errors.New("--json: is no JSON object")}
	}
	add := func(field, text string) error {
		value, err := json.Marshal(text)
		fields[field] = value
		return err
	}
	for field, path := range texts {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := add(field, string(text)); err != nil {
			return nil, usageError{fmt.Errorf("--file: %s is not UTF-8", path)}
		}
	}
	if caseName != "" {
		if err := add("case", caseName); err != nil {
			return nil, usageError{errors.New("--case: is not UTF-8")}
		}
	}
	return json.Marshal(fields, json.Deterministic(true))
}

func printAnswer(out io.Writer, text []byte) error {
	var answer commands.Answer
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "stream\t%s\nrevision\t%d\n", answer.Stream, answer.Revision)
	if answer.Ref != nil {
		fmt.Fprintf(table, "reference\t%s\n", *answer.Ref)
	}
	for _, event := range answer.Events {
		fmt.Fprintf(table, "%s\trevision %d, position %d, id %s\n", event.Type, event.Revision, event.Position, event.ID)
	}
	return table.Flush()
}
