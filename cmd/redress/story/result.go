package story

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"redress/commands"
	"redress/domain"
)

// Result is how a story went. Other programs rely on its shape.
type Result struct {
	File   string       `json:"file"`
	Title  string       `json:"title"`
	Passed bool         `json:"passed"`
	Steps  []StepResult `json:"steps"`
}

// StepResult is how one step went. Where something that must hold after any history does not, or the council that the
// story describes cannot be, there is a further step, whose number no step of the file has.
type StepResult struct {
	N        int       `json:"n"`
	At       time.Time `json:"at"`
	Do       string    `json:"do"` // empty where the step only looks
	Expected Shown     `json:"expected"`
	Got      Shown     `json:"got"`
	Passed   bool      `json:"passed"`
	// Differences say in words what went wrong.
	Differences []string `json:"differences"`
	Trace       []string `json:"trace,omitempty"` // where it was asked for
}

// Shown is what a step expects or got, in the words of the format.
type Shown struct {
	Events  []string       `json:"events,omitempty"`  // appended, in order
	Refused []string       `json:"refused,omitempty"` // by one of these codes
	Detail  string         `json:"detail,omitzero"`   // of a refusal, for a person
	Check   map[string]any `json:"check,omitempty"`
}

func (r *Result) add(step StepResult) {
	step.Passed = len(step.Differences) == 0
	if step.Passed {
		step.Differences = []string{}
	}
	r.Passed = r.Passed && step.Passed
	r.Steps = append(r.Steps, step)
}

func (s *StepResult) differ(format string, args ...any) {
	s.Differences = append(s.Differences, fmt.Sprintf(format, args...))
}

func (s *StepResult) expect(e expectation) {
	s.Expected.Events, s.Expected.Refused = e.events, e.refused
}

func (s *StepResult) refused(e expectation, by *domain.Rejection) {
	s.Got.Refused, s.Got.Detail = []string{string(by.Code)}, by.Detail
	if !slices.Contains(e.refused, string(by.Code)) {
		s.differ("expected %s, got refused: %v", e, by)
	}
}

func (s *StepResult) accepted(e expectation, answer commands.Answer) {
	for _, placed := range answer.Events {
		s.Got.Events = append(s.Got.Events, placed.Type)
	}
	if len(e.refused) > 0 || !slices.Equal(s.Got.Events, e.events) {
		s.differ("expected %s, got %s", e, strings.Join(s.Got.Events, ", "))
	}
}

func (e expectation) String() string {
	if len(e.refused) > 0 {
		return "refused: " + strings.Join(e.refused, " or ")
	}
	return strings.Join(e.events, ", ")
}

// WriteJSON writes all results as one document.
func WriteJSON(w io.Writer, results []Result) error {
	return json.MarshalWrite(w, map[string][]Result{"stories": results}, jsontext.WithIndent("  "), json.Deterministic(true))
}

// WriteTable writes one line for each story, and under one that failed the first step that went wrong. Where steps were
// traced, all of them are there.
func WriteTable(w io.Writer, results []Result) error {
	var out strings.Builder
	passed := 0
	for _, r := range results {
		word := "FAILED"
		if r.Passed {
			word = "passed"
			passed++
		}
		fmt.Fprintf(&out, "%s  %s  (%s, %d steps)\n", word, r.Title, r.File, len(r.Steps))
		shown := false
		for i := range r.Steps {
			step := &r.Steps[i]
			if len(step.Trace) > 0 || !step.Passed && !shown {
				step.write(&out)
			}
			shown = shown || !step.Passed
		}
	}
	fmt.Fprintf(&out, "%d of %d stories passed\n", passed, len(results))
	_, err := io.WriteString(w, out.String())
	return err
}

func (s *StepResult) write(out *strings.Builder) {
	do := s.Do
	if do == "" {
		do = "(look)"
	}
	fmt.Fprintf(out, "    %d  %s  %s", s.N, s.At.Format(time.RFC3339), do)
	if len(s.Got.Refused) > 0 {
		fmt.Fprintf(out, "  refused: %s", strings.Join(s.Got.Refused, ", "))
	}
	out.WriteByte('\n')
	for _, line := range s.Trace {
		fmt.Fprintf(out, "         %s\n", line)
	}
	for _, line := range s.Differences {
		fmt.Fprintf(out, "       ! %s\n", line)
	}
}

// shortJSON writes a value on one line, for a person.
func shortJSON(v any) string {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
