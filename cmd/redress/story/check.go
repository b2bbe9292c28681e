package story

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/domain/procedure"
)

// look holds the case against the step's check. What is compared is what the check names: of the clocks and remedies
// those that it names, of everything else the whole. No remedies at all is what `{}` says.
func (b *sandbox) look(ctx context.Context, step *Step, result *StepResult) error {
	c, clocks, err := b.caseAt(ctx, b.caseID(step.check.of), step.At)
	if err != nil {
		return err
	}
	if c == nil {
		c = &domain.Case{}
	}
	want, got := map[string]any{}, map[string]any{}
	for i, n := range step.check.wants.names {
		wanted := step.check.wants.items[i]
		switch n.text {
		case "case", "rules":
			continue
		case "clocks":
			want[n.text], got[n.text] = clocksOf(wanted, clocks)
		case "remedies":
			want[n.text], got[n.text] = remediesOf(wanted, c, step.At)
		case "flags":
			flags, err := b.flags(ctx, c)
			if err != nil {
				return err
			}
			want[n.text], got[n.text] = sorted(wanted), flags
		case "tasks":
			tasks, err := b.tasks(ctx, step.check.of)
			if err != nil {
				return err
			}
			want[n.text], got[n.text] = sorted(wanted), tasks
		case "events":
			events, _ := strconv.ParseUint(wanted.text, 10, 63)
			want[n.text], got[n.text] = events, c.Events
		default:
			want[n.text], got[n.text] = scalar(wanted), b.standing(c, n.text)
		}
	}
	result.Expected.Check, result.Got.Check = want, got
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if !reflect.DeepEqual(want[key], got[key]) {
			result.differ("%s of %s: expected %s, got %s", key, step.check.of, shortJSON(want[key]), shortJSON(got[key]))
		}
	}
	return nil
}

// standing returns what a check calls by a key, nil where the case has none.
func (b *sandbox) standing(c *domain.Case, key string) any {
	found := ""
	switch key {
	case "status":
		found = string(c.Status)
	case "stage":
		found = string(c.Stage)
	case "step":
		found = string(c.Step)
	case "closed_reason":
		found = string(c.ClosedReason)
	case "officer":
		if c.Officer != nil {
			found = b.story.nameOf(*c.Officer)
		}
	}
	if found == "" {
		return nil
	}
	return found
}

// caseAt returns the case as it stands, and its clocks as they stand at a moment. The case is nil where there is none.
func (b *sandbox) caseAt(ctx context.Context, id uuid.UUID, at time.Time) (*domain.Case, []domain.Clock, error) {
	c, err := b.handler.Case(ctx, id)
	if err != nil || c == nil {
		return nil, nil, err
	}
	config, err := b.handler.Config(ctx)
	if err != nil {
		return nil, nil, err
	}
	p := config.Procedure(c.Procedure())
	if p == nil {
		return c, nil, nil
	}
	return c, domain.Clocks(p, config.Calendar(), c.History(), at), nil
}

// flags lists the flags that are on: those of the case, and contact_restricted where that holds for somebody in it.
func (b *sandbox) flags(ctx context.Context, c *domain.Case) ([]string, error) {
	flags := c.Flags
	people, err := b.peopleIn(ctx, c)
	if err != nil {
		return nil, err
	}
	restricted := slices.ContainsFunc(people, func(p *domain.Person) bool { return p.Restriction != nil })
	if restricted && !c.Flagged(domain.FlagContactRestricted) {
		flags = append(slices.Clip(flags), domain.FlagContactRestricted)
	}
	return names(flags), nil
}

// tasks lists what stands open for a case in the work list of the process managers, as everything is at the story's time.
func (b *sandbox) tasks(ctx context.Context, label string) ([]string, error) {
	names := []string{}
	c, err := b.handler.Case(ctx, b.caseID(label))
	if err != nil || c == nil {
		return names, err
	}
	config, err := b.handler.Config(ctx)
	if err != nil {
		return nil, err
	}
	people, err := b.peopleIn(ctx, c)
	if err != nil {
		return nil, err
	}
	actions, err := b.learning(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	for _, task := range domain.Tasks(c, people, actions, config, b.now) {
		names = append(names, string(task.Name))
	}
	slices.Sort(names)
	return names, nil
}

// peopleIn returns the folded streams of everybody who is in a case, each once.
func (b *sandbox) peopleIn(ctx context.Context, c *domain.Case) ([]*domain.Person, error) {
	var people []*domain.Person
	for _, party := range c.Parties {
		if slices.ContainsFunc(people, func(p *domain.Person) bool { return p.ID == party.Person }) {
			continue
		}
		person, err := b.handler.Person(ctx, party.Person)
		if err != nil {
			return nil, err
		}
		if person != nil {
			people = append(people, person)
		}
	}
	return people, nil
}

// learning returns the learning actions that follow from a case.
func (b *sandbox) learning(ctx context.Context, id uuid.UUID) ([]*domain.LearningAction, error) {
	var actions []*domain.LearningAction
	for r, err := range b.store.OfType(ctx, "LearningActionRaised") {
		if err != nil {
			return nil, err
		}
		raised, ok := r.Event.(domain.LearningActionRaised)
		if !ok || !slices.Contains(raised.Cases, id) {
			continue
		}
		action, err := b.handler.LearningAction(ctx, raised.ActionID)
		if err != nil {
			return nil, err
		}
		actions = append(actions, action)
	}
	return actions, nil
}

// clocksOf shows the named clocks, with the keys that are named of each. A clock that the case does not have is null.
func clocksOf(wanted value, clocks []domain.Clock) (want, got map[string]any) {
	want, got = map[string]any{}, map[string]any{}
	for i, n := range wanted.names {
		asked := map[string]any{}
		for j, key := range wanted.items[i].names {
			asked[key.text] = scalar(wanted.items[i].items[j])
			if key.text == "due" {
				asked[key.text] = moment(wanted.items[i].items[j])
			}
		}
		want[n.text], got[n.text] = asked, nil
		at := slices.IndexFunc(clocks, func(k domain.Clock) bool { return k.ID == n.text })
		if at < 0 {
			continue
		}
		found := map[string]any{}
		for key := range asked {
			found[key] = string(clocks[at].State)
			if key == "due" {
				found[key] = nil
				if due := dueOf(&clocks[at]); due != "" {
					found[key] = due
				}
			}
		}
		got[n.text] = found
	}
	return want, got
}

// dueOf is the last day in time, or the instant for a clock of hours; empty while there is none.
func dueOf(k *domain.Clock) string {
	switch {
	case k.DueInstant.IsZero():
		return ""
	case k.Unit == procedure.Hours:
		return k.DueInstant.UTC().Format(time.RFC3339)
	}
	return k.Due.String()
}

// moment is a day, or an instant whatever zone it was written in.
func moment(v value) any {
	if at, err := time.Parse(time.RFC3339, v.text); err == nil {
		return at.UTC().Format(time.RFC3339)
	}
	return scalar(v)
}

func remediesOf(wanted value, c *domain.Case, at time.Time) (want, got map[string]any) {
	want, got = map[string]any{}, map[string]any{}
	for i := range c.Remedies {
		r := &c.Remedies[i]
		if _, named := wanted.member(string(r.ID)); named || len(wanted.names) == 0 {
			got[string(r.ID)] = string(r.StateOn(domain.DateOf(at)))
		}
	}
	for i, n := range wanted.names {
		want[n.text] = scalar(wanted.items[i])
	}
	return want, got
}

func scalar(v value) any {
	if v.kind == null {
		return nil
	}
	return v.text
}

func sorted(v value) []string {
	words := make([]string, 0, len(v.items))
	for _, item := range v.items {
		words = append(words, item.text)
	}
	slices.Sort(words)
	return words
}

func names[T ~string](list []T) []string {
	words := make([]string, 0, len(list))
	for _, one := range list {
		words = append(words, string(one))
	}
	slices.Sort(words)
	return words
}

// caseOf returns the case whose stream it is.
func caseOf(stream string) (uuid.UUID, bool) {
	id, ok := strings.CutPrefix(stream, "complaint-")
	if !ok {
		return uuid.Nil, false
	}
	parsed, err := uuid.Parse(id)
	return parsed, err == nil
}

// streamName is a stream as the story would call it.
func (b *sandbox) streamName(stream string) string {
	if id, ok := caseOf(stream); ok {
		for label, bound := range b.cases {
			if bound == id {
				return label
			}
		}
	}
	if id, ok := strings.CutPrefix(stream, "person-"); ok {
		return "person " + b.actorName(id)
	}
	return stream
}

// actorName is an id as the story would call it.
func (b *sandbox) actorName(id string) string {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return id
	}
	return b.story.nameOf(parsed)
}
