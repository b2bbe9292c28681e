package story

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"redress/commands"
	"redress/domain"
	"redress/eventstore"
)

// accepted is a command that was accepted, with its answer, to be sent again at the end.
type accepted struct {
	step    int
	request commands.Request
	answer  commands.Answer
}

// play plays one story in a sandbox of its own.
func (t *Theatre) play(ctx context.Context, s *Story, trace bool) (_ Result, err error) {
	result := Result{File: s.File, Title: s.Title, Passed: true, Steps: []StepResult{}}
	b, err := t.open(ctx, s)
	if refused, ok := errors.AsType[*unfounded](err); ok {
		result.add(beyond(s, refused.Error()))
		return result, nil
	}
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if _, err := b.news(ctx); err != nil {
		return result, err
	}
	var done []accepted
	for i := range s.Steps {
		step, sent, err := b.step(ctx, &s.Steps[i], trace)
		if err != nil {
			return result, fmt.Errorf("step %d: %w", i+1, err)
		}
		if sent != nil {
			done = append(done, *sent)
		}
		result.add(step)
	}
	differences, err := b.afterwards(ctx, done)
	if err != nil {
		return result, err
	}
	if len(differences) > 0 {
		result.add(beyond(s, differences...))
	}
	return result, nil
}

// beyond is the further step of a story in which something went wrong that belongs to no step of the file.
func beyond(s *Story, wrong ...string) StepResult {
	return StepResult{N: len(s.Steps) + 1, At: s.Steps[len(s.Steps)-1].At, Differences: wrong}
}

// step handles one step at its moment: first whatever was due by then, then the command, then the look. It returns the
// command where it was accepted. An error is a failure of the sandbox.
func (b *sandbox) step(ctx context.Context, step *Step, trace bool) (StepResult, *accepted, error) {
	b.now = step.At
	result := StepResult{N: step.N, At: step.At, Do: step.Do}
	if err := b.due(ctx, step.At); err != nil {
		return result, nil, err
	}
	owed, err := b.news(ctx)
	if err != nil {
		return result, nil, err
	}
	var sent *accepted
	var appended []eventstore.Record
	if step.Do != "" {
		if sent, appended, err = b.deed(ctx, step, &result); err != nil {
			return result, nil, err
		}
	}
	if step.check != nil {
		if err := b.look(ctx, step, &result); err != nil {
			return result, nil, err
		}
	}
	if trace {
		if result.Trace, err = b.trace(ctx, step, owed, appended); err != nil {
			return result, nil, err
		}
	}
	return result, sent, nil
}

// deed sends the step's command and holds the answer against what the step expects.
func (b *sandbox) deed(ctx context.Context, step *Step, result *StepResult) (*accepted, []eventstore.Record, error) {
	request, err := b.request(ctx, step)
	if err != nil {
		return nil, nil, err
	}
	answer, err := b.do(ctx, request)
	refused, isRefusal := errors.AsType[*domain.Rejection](err)
	if err != nil && !isRefusal {
		return nil, nil, err
	}
	appended, err := b.news(ctx)
	if err != nil {
		return nil, nil, err
	}
	result.expect(step.expect)
	if isRefusal {
		result.refused(step.expect, refused)
		if len(appended) > 0 {
			result.differ("the command was refused, and %s was appended to %s", appended[0].Type, appended[0].Stream)
		}
		return nil, appended, nil
	}
	if step.Case != "" && answer.Case != nil && opens(step.Do) {
		b.cases[step.Case] = *answer.Case
	}
	result.accepted(step.expect, answer)
	return &accepted{step.N, request, answer}, appended, nil
}

// do answers a command, by the theatre's way where it has one.
func (b *sandbox) do(ctx context.Context, r commands.Request) (commands.Answer, error) {
	if b.theatre.Do != nil {
		return b.theatre.Do(ctx, b.handler, r)
	}
	return b.handler.Do(ctx, r)
}

// request makes the command of a step.
func (b *sandbox) request(ctx context.Context, step *Step) (commands.Request, error) {
	request := commands.Request{
		Command: step.Do, Key: b.story.key(step.N), IfMatch: step.revision, WayIn: domain.ViaStory,
		Actor: domain.Actor{ID: b.story.id(step.As).String()},
	}
	var c *domain.Case
	if step.Case != "" && !opens(step.Do) {
		id := b.caseID(step.Case)
		request.Case = id.String()
		var err error
		if c, err = b.handler.Case(ctx, id); err != nil {
			return request, err
		}
	}
	config, err := b.handler.Config(ctx)
	if err != nil {
		return request, err
	}
	request.Body, err = b.writerFor(ctx, step, c, config).write()
	return request, err
}

// opens reports whether a command opens a case, and so binds a label instead of addressing one.
func opens(command string) bool {
	return slices.ContainsFunc(commands.All, func(c commands.Command) bool {
		return c.Name == command && c.Addresses == commands.NewCase
	})
}

// trace tells what a step appended, and how the clocks of the cases that it touched stand after it.
func (b *sandbox) trace(ctx context.Context, step *Step, owed, appended []eventstore.Record) ([]string, error) {
	var lines, streams []string
	for i, r := range slices.Concat(owed, appended) {
		by := "by " + b.actorName(r.Meta.ActorID)
		if i < len(owed) {
			by += ", as was due"
		}
		lines = append(lines, fmt.Sprintf("%s@%d %s %s", b.streamName(r.Stream), r.Revision, r.Type, by))
		streams = append(streams, r.Stream)
	}
	if step.check != nil {
		streams = append(streams, domain.CaseStream(b.caseID(step.check.of)))
	}
	slices.Sort(streams)
	for _, stream := range slices.Compact(streams) {
		id, isCase := caseOf(stream)
		if !isCase {
			continue
		}
		_, clocks, err := b.caseAt(ctx, id, step.At)
		if err != nil {
			return nil, err
		}
		for i := range clocks {
			lines = append(lines, strings.TrimRight(fmt.Sprintf("  %s %s %s", clocks[i].ID, clocks[i].State, dueOf(&clocks[i])), " "))
		}
	}
	return lines, nil
}
