package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"redress/cmd/redress/demo"
	"redress/commands"
	"redress/domain"
)

// demoCommand fills an empty data folder with an invented year and serves it.
func demoCommand() *cobra.Command {
	var flags serveFlags
	var complaints int
	var seed uint64
	var until string
	var fillOnly bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Fill an empty data folder with an invented year of complaints and serve it",
		Long: `Fills an empty data folder with one realistic council year: a seeded generator invents the commands, and each goes
through every rule like any other, at its own moment. The log begins with TimeSimulated, and every report says so.`,
		Example: "  redress demo --data data-demo",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			end, err := dateFlag("--until", until)
			if err != nil {
				return err
			}
			if end.IsZero() {
				end = domain.DateOf(time.Now())
			}
			year := demo.Generate(demo.Options{Seed: seed, Complaints: complaints, Until: end, Calendar: domain.ShippedCalendar()})
			if err := fillDemo(cmd, year); err != nil || fillOnly {
				return err
			}
			return serve(cmd, flags)
		},
	}
	flags.add(cmd)
	cmd.Flags().IntVar(&complaints, "complaints", 3000, "how many complaints")
	cmd.Flags().Uint64Var(&seed, "seed", 429, "another seed invents another year")
	cmd.Flags().StringVar(&until, "until", "", "the first day after the year (default today)")
	cmd.Flags().BoolVar(&fillOnly, "fill-only", false, "do not serve afterwards")
	return cmd
}

// fillDemo plays the year into the log, in order of time, with a clock that stands at each step's moment.
func fillDemo(cmd *cobra.Command, year demo.Year) error {
	now := year.From.Midnight()
	w := wiring{opening: commands.Opening{SimulatedBy: "demo"}, now: func() time.Time { return now }}
	return withSystem(cmd, w, func(ctx context.Context, y *system) error {
		if err := y.untouched(ctx); err != nil {
			return err
		}
		bar, end := progress("inventing a year")
		defer end()
		p := player{system: y, now: &now, cases: map[string]string{}}
		if err := p.mint(ctx, year.Steps); err != nil {
			return err
		}
		for i, step := range year.Steps {
			if err := p.play(ctx, i, step); err != nil {
				return err
			}
			bar(int64(i+1), int64(len(year.Steps)))
		}
		return p.summary(cmd.ErrOrStderr(), len(year.Steps), dataFlag(cmd))
	})
}

// untouched makes sure that the log holds nothing but its opening, under the demonstration's clock.
func (y *system) untouched(ctx context.Context) error {
	config, err := y.handler.Config(ctx)
	if err != nil {
		return err
	}
	end, err := y.store.End(ctx)
	if err != nil {
		return err
	}
	last, err := y.store.EventAt(ctx, end.Position)
	if _, opening := last.Event.(domain.CalendarAdopted); err != nil || (opening && config.Clock != nil) {
		return err
	}
	return errors.New("the data folder is not empty; a demonstration needs one of its own")
}

// player does the steps of an invented year.
type player struct {
	*system
	now     *time.Time
	cases   map[string]string // label to case id
	refused int               // of the steps that a rule may refuse
}

// mint makes the keys of all people at once: one by one each would wait for the disk.
func (p *player) mint(ctx context.Context, steps []demo.Step) error {
	var streams []string
	for _, step := range steps {
		if person, ok := step.Body["person_id"].(uuid.UUID); ok {
			streams = append(streams, domain.PersonStream(person))
		}
	}
	_, err := p.vault.Keys(ctx, streams)
	return err
}

func (p *player) play(ctx context.Context, n int, step demo.Step) error {
	*p.now = step.At
	body, err := json.Marshal(step.Body)
	if err != nil {
		return err
	}
	actor := operator()
	if step.As != uuid.Nil {
		actor = domain.Actor{ID: step.As.String()}
	}
	request := commands.Request{Command: step.Command, Case: p.cases[step.Case], Body: body, Key: fmt.Sprint("demo ", n), Actor: actor, WayIn: domain.ViaDemo}
	answer, err := p.handler.Do(ctx, request)
	if _, refused := errors.AsType[*domain.Rejection](err); refused && step.Optional {
		p.refused++
		return nil
	}
	if err != nil {
		return fmt.Errorf("step %d, %s of %s at %s: %w", n, step.Command, step.Case, step.At.Format(time.RFC3339), err)
	}
	if answer.Case != nil && step.Case != "" {
		p.cases[step.Case] = answer.Case.String()
	}
	return nil
}

func (p *player) summary(out io.Writer, steps int, data string) error {
	if data != "" {
		data = " --data " + data
	}
	_, err := fmt.Fprintf(out, "%d commands, %d cases; %d commands were refused by a rule, as happens\n"+
		"a token to sign in with: redress token add NAME --role audit_officer --approved-by %s%s\n",
		steps, len(p.cases), p.refused, demo.MonitoringOfficer(), data)
	return err
}
