package story

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/commands"
	"redress/commands/process"
	"redress/domain"
	"redress/domain/procedure"
	"redress/eventstore"
	"redress/projections"
	"redress/queries"
)

// patience is how long a sandbox waits for read models that do not move.
const patience = 30 * time.Second

// prelude is how long before the first step the council of a story begins.
const prelude = time.Hour

// sandbox is one story's system, with the story's clock.
type sandbox struct {
	*parts
	theatre  *Theatre
	story    *Story
	database string
	handler  *commands.Handler
	process  *process.Manager
	queries  *queries.Queries

	now   time.Time            // the story's clock
	cases map[string]uuid.UUID // label to case, bound by the command that opened it
	seen  uint64               // the log's position up to which [sandbox.news] has told

	ended  chan error // the projections' end; nil before they were started
	cancel context.CancelFunc
}

// open makes a sandbox in which the council of the story has begun: procedures and settings are adopted, actors recorded
// and granted.
func (t *Theatre) open(ctx context.Context, s *Story) (_ *sandbox, err error) {
	b := &sandbox{
		theatre: t, story: s, database: fmt.Sprintf("story_%d", t.made.Add(1)),
		cases: map[string]uuid.UUID{}, now: s.Steps[0].At.Add(-prelude),
	}
	if err := t.exec(ctx, "create database "+b.database+" template "+template+" strategy wal_log owner redress"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if b.parts, err = t.startParts(ctx, b.database); err != nil {
		return nil, err
	}
	now := func() time.Time { return b.now }
	b.queries = &queries.Queries{Pool: b.pool, Store: b.store, Tenant: tenant, Now: now}
	b.handler = &commands.Handler{Store: b.store, Tenant: tenant, Now: now, Resolve: b.resolve, CasesOf: b.casesOf}
	b.process = &process.Manager{Handler: b.handler, Candidates: b.everyCase, Log: quiet, Surveys: s.survey, Now: now}
	// An empty list and not nil, which would mean all that are shipped.
	opening := commands.Opening{Procedures: append([]*procedure.Procedure{}, s.Procedures...), SimulatedBy: "story"}
	if err = b.handler.Open(ctx, opening); err != nil {
		return nil, err
	}
	b.run(ctx)
	if err = b.council(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// run starts the projections, which end with the sandbox.
func (b *sandbox) run(ctx context.Context) {
	ctx, b.cancel = context.WithCancel(context.WithoutCancel(ctx))
	b.ended = make(chan error, 1)
	runner := &projections.Runner{Pool: b.pool, Store: b.store, Tenant: tenant, Log: quiet}
	go func() { b.ended <- runner.Run(ctx) }()
}

// close ends the sandbox and leaves nothing of it.
func (b *sandbox) close() error {
	var faults []error
	if b.ended != nil {
		b.cancel()
		faults = append(faults, <-b.ended)
	}
	if b.parts != nil {
		faults = append(faults, b.parts.stop())
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	faults = append(faults, b.theatre.exec(ctx, "drop database "+b.database+" with (force)"))
	return errors.Join(faults...)
}

// council records and grants the actors, and adopts the settings.
func (b *sandbox) council(ctx context.Context) error {
	streams := make([]string, 0, len(b.story.Actors))
	for _, a := range b.story.Actors {
		streams = append(streams, domain.PersonStream(b.story.id(a.Name)))
	}
	if _, err := b.vault.Keys(ctx, streams); err != nil {
		return err
	}
	for _, a := range b.story.Actors {
		body := map[string]any{"person_id": b.story.id(a.Name), "name": a.Name}
		if err := b.found(ctx, "RecordPerson", body, "record "+a.Name); err != nil {
			return err
		}
	}
	if err := b.grant(ctx); err != nil {
		return err
	}
	if b.story.config.kind == null || len(b.story.config.names) == 0 {
		return nil
	}
	w := writer{step: &Step{At: b.now}, lookup: func(field, label string) uuid.UUID { return b.lookup(ctx, field, label) }, person: b.person}
	return b.found(ctx, "AdoptSettings", map[string]any{
		"settings": w.object(b.story.config, settingsFields()), "approver": "the story", "reference": "as the story's config says",
	}, "settings")
}

// grant gives the actors their roles, the monitoring officers last: the first of them ends the time in which grants need
// no approval, and approves what follows.
func (b *sandbox) grant(ctx context.Context) error {
	monitors := func(a Actor) int {
		if slices.Contains(a.Roles, domain.RoleMonitoring) {
			return 1
		}
		return 0
	}
	actors := slices.Clone(b.story.Actors)
	slices.SortStableFunc(actors, func(a, c Actor) int { return cmp.Compare(monitors(a), monitors(c)) })
	var approver *uuid.UUID
	for _, a := range actors {
		if len(a.Roles) == 0 {
			continue
		}
		id := b.story.id(a.Name)
		body := map[string]any{"actor_id": id, "roles": a.Roles, "grade": a.Grade, "from": b.now}
		if a.Service != "" {
			body["service"] = a.Service
		}
		if approver != nil {
			body["approver"] = *approver
		}
		if err := b.found(ctx, "GrantRole", body, "grant "+a.Name); err != nil {
			return err
		}
		if approver == nil && monitors(a) == 1 {
			approver = &id
		}
	}
	return nil
}

// founder is the operator who sets up the council of a story.
var founder = domain.Actor{ID: "operator:story", Operator: true}

// found does one command of the prelude. A story whose actors or settings are refused cannot begin.
func (b *sandbox) found(ctx context.Context, command string, body map[string]any, key string) error {
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = b.handler.Do(ctx, commands.Request{
		Command: command, Body: text, Key: b.story.derive("prelude", key).String(), Actor: founder, WayIn: domain.ViaStory,
	})
	if refused, ok := errors.AsType[*domain.Rejection](err); ok {
		return &unfounded{key, refused}
	}
	return err
}

// unfounded says that the council which a story describes cannot be.
type unfounded struct {
	what    string
	refused *domain.Rejection
}

func (e *unfounded) Error() string {
	return fmt.Sprintf("before the first step, %s: %v", e.what, e.refused)
}

// due lets everything happen that the process managers owe up to a moment, in order, each at the instant at which it is
// due. What follows from one duty is found by asking again.
func (b *sandbox) due(ctx context.Context, until time.Time) error {
	for {
		owed, err := b.process.Owed(ctx, until)
		if err != nil || len(owed) == 0 {
			return err
		}
		b.now = owed[0].Due
		err = b.process.Issue(ctx, owed[0])
		b.now = until
		if err != nil {
			return fmt.Errorf("%s: %w", owed[0].Rule, err)
		}
	}
}

// everyCase names all cases of the story: a story is small enough to be looked at whole.
func (b *sandbox) everyCase(context.Context, []string, time.Time, time.Time) ([]uuid.UUID, error) {
	return slices.SortedFunc(maps.Values(b.cases), func(x, y uuid.UUID) int { return cmp.Compare(x.String(), y.String()) }), nil
}

// news returns what has been appended to the log since it was last asked, in order. Reserved references are left out:
// they belong to no case, and gaps among them are normal.
func (b *sandbox) news(ctx context.Context) ([]eventstore.Record, error) {
	end, err := b.store.End(ctx)
	if err != nil || end.Position <= b.seen {
		return nil, err
	}
	var records []eventstore.Record
	for r, err := range b.store.ReadAll(ctx, b.seen, end.Position) {
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(r.Stream, "refs-") {
			records = append(records, r)
		}
	}
	b.seen = end.Position
	return records, nil
}

func (b *sandbox) resolve(ctx context.Context, ref string) (uuid.UUID, bool, error) {
	if _, err := b.queries.WaitForEnd(ctx, patience); err != nil {
		return uuid.Nil, false, err
	}
	return b.queries.Resolve(ctx, ref)
}

func (b *sandbox) casesOf(ctx context.Context, person uuid.UUID) ([]uuid.UUID, error) {
	if _, err := b.queries.WaitForEnd(ctx, patience); err != nil {
		return nil, err
	}
	return b.queries.CasesOf(ctx, person)
}
