package queries

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
	"redress/projections"
)

// Moment says as of when a case is replayed. What is zero narrows nothing.
type Moment struct {
	At       time.Time // only what had happened by then (occurred_at)
	KnownAt  time.Time // only what had been recorded by then
	Revision *uint64   // only events up to this one
}

// Replay is a case as it stood (architecture § 4). It comes from the log alone.
type Replay struct {
	Case        uuid.UUID     `json:"case"`
	Ref         *string       `json:"ref"`
	AsAt        ReplayAsAt    `json:"as_at"`
	State       ReplayState   `json:"state"`
	Clocks      []ReplayClock `json:"clocks"`
	Events      []ReplayEvent `json:"events"`
	NotYetKnown int           `json:"not_yet_known"` // had happened by at, and was recorded after known_at
}

// ReplayAsAt repeats what was asked for; null where nothing was.
type ReplayAsAt struct {
	At       *time.Time `json:"at"`
	KnownAt  *time.Time `json:"known_at"`
	Revision *uint64    `json:"revision"`
}

// ReplayState is the folded state. Its texts are null before anything had happened.
type ReplayState struct {
	Status       *string           `json:"status"`
	Stage        *string           `json:"stage"`
	Step         *string           `json:"step"`
	ClosedReason *string           `json:"closed_reason"`
	Officer      *string           `json:"officer"`
	Flags        []string          `json:"flags"`
	Remedies     map[string]string `json:"remedies"` // state by remedy id
}

// ReplayClock is a clock as it stood. Due is the last day on time in London, or an instant
// for a clock of hours; null while a pause keeps it open.
type ReplayClock struct {
	ID         string     `json:"id"`
	Class      string     `json:"class"`
	State      string     `json:"state"`
	Due        *string    `json:"due"`
	DueInstant *time.Time `json:"due_instant"`
	StoppedAt  *time.Time `json:"stopped_at"`
}

// ReplayEvent is one event with what it changed: who, what, when.
type ReplayEvent struct {
	Revision   uint64                    `json:"revision"`
	Type       string                    `json:"type"`
	OccurredAt time.Time                 `json:"occurred_at"`
	RecordedAt time.Time                 `json:"recorded_at"`
	Actor      string                    `json:"actor"`
	OnBehalfOf *string                   `json:"on_behalf_of"`
	Changed    []projections.FieldChange `json:"changed"`
}

// Replay replays a case, named as for Case, as of a moment. ErrNoCase when there is none;
// a [*ParameterError] for a revision that the case does not have.
func (q *Queries) Replay(ctx context.Context, ref string, m Moment) (*Replay, error) {
	id, err := uuid.Parse(ref)
	if err != nil {
		found, ok, err := q.Resolve(ctx, ref)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, ErrNoCase
		}
		id = found
	}
	var records []eventstore.Record
	for r, err := range q.Store.Read(ctx, domain.CaseStream(id), 0) {
		if err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		records = append(records, r)
	}
	if len(records) == 0 {
		return nil, ErrNoCase
	}
	if m.Revision != nil && *m.Revision >= uint64(len(records)) {
		return nil, &ParameterError{"revision", fmt.Sprintf("at most %d", len(records)-1)}
	}
	config, err := q.configStream(ctx)
	if err != nil {
		return nil, err
	}
	replay, err := replayCase(id, records, config, m, q.now())
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return replay, nil
}

// configRecords are the records of the config stream that were read before, from its first on. Nothing that stands in a
// stream changes, so only what is behind them is read again: the procedures are most of what there is.
type configRecords struct {
	mu   sync.Mutex
	kept []eventstore.Record
}

// configStream returns the config stream as it stands now.
func (q *Queries) configStream(ctx context.Context) ([]eventstore.Record, error) {
	q.config.mu.Lock()
	records := slices.Clip(q.config.kept) // appending to it copies it
	q.config.mu.Unlock()
	known := len(records)
	for r, err := range q.Store.Read(ctx, domain.ConfigStream(q.Tenant), uint64(known)) {
		if err != nil {
			return nil, fmt.Errorf("config stream: %w", err)
		}
		records = append(records, r)
	}
	if len(records) > known {
		q.config.mu.Lock()
		if len(records) > len(q.config.kept) {
			q.config.kept = records
		}
		q.config.mu.Unlock()
	}
	return records, nil
}

// replayCase is the replay without any reading: the case's whole stream and the config
// stream in, the answer out.
func replayCase(id uuid.UUID, records, config []eventstore.Record, m Moment, now time.Time) (*Replay, error) {
	replay := &Replay{
		Case:   id,
		AsAt:   ReplayAsAt{At: momentOrNull(m.At), KnownAt: momentOrNull(m.KnownAt), Revision: m.Revision},
		State:  ReplayState{Flags: []string{}, Remedies: map[string]string{}},
		Clocks: []ReplayClock{}, Events: []ReplayEvent{},
	}
	var taken, origin []eventstore.Record
	for _, r := range records {
		happened := m.At.IsZero() || !r.Meta.OccurredAt.After(m.At)
		known := m.KnownAt.IsZero() || !r.Meta.RecordedAt.After(m.KnownAt)
		asked := m.Revision == nil || r.Revision <= *m.Revision
		switch {
		case happened && known && asked:
			taken = append(taken, r)
		case known && asked && r.Type == "Imported":
			origin = append(origin, r)
		case happened && !known:
			replay.NotYetKnown++
		}
	}
	if len(taken) == 0 {
		return replay, nil
	}
	rules, err := rulesAt(config, records, taken, m)
	if err != nil {
		return nil, err
	}
	c, err := replay.fold(origin, taken, rules)
	if err != nil {
		return nil, err
	}
	replay.stand(c)
	for _, k := range rules.clocks(c, m.judgedAt(records, now)) {
		replay.Clocks = append(replay.Clocks, replayClock(k))
	}
	return replay, nil
}

// judgedAt is the moment at which the clocks are judged: what was asked for, the moment of
// an earlier revision, else now.
func (m Moment) judgedAt(records []eventstore.Record, now time.Time) time.Time {
	switch {
	case !m.At.IsZero():
		return m.At
	case !m.KnownAt.IsZero():
		return m.KnownAt
	case m.Revision != nil && *m.Revision < uint64(len(records))-1:
		return records[*m.Revision].Meta.RecordedAt
	}
	return now
}

// rules are the config stream as it was known, and the calendar for a closed case.
type rules struct {
	config *domain.Config
	closed *domain.Calendar
}

// rulesAt folds the config stream as it was known at the moment: by recorded time where
// that was asked for, and up to the next event of the case for an earlier revision. A
// closed case keeps the calendar that its last event found.
func rulesAt(config, records, taken []eventstore.Record, m Moment) (rules, error) {
	until := ^uint64(0)
	if m.Revision != nil && *m.Revision < uint64(len(records))-1 {
		until = records[*m.Revision+1].Position
	}
	var r rules
	r.config = domain.NewConfig()
	last := taken[len(taken)-1]
	r.closed = r.config.Calendar()
	for _, c := range config {
		if c.Position > until || !m.KnownAt.IsZero() && c.Meta.RecordedAt.After(m.KnownAt) {
			break
		}
		if err := r.config.Apply(c.Recorded); err != nil {
			return r, fmt.Errorf("config stream: %w", err)
		}
		if c.Position < last.Position {
			r.closed = r.config.Calendar()
		}
	}
	return r, nil
}

// clocks returns the case's clocks at a moment, none where its procedure was not known.
func (r rules) clocks(c *domain.Case, at time.Time) []domain.Clock {
	p := r.config.Procedure(c.Procedure())
	if p == nil {
		return nil
	}
	calendar := r.config.Calendar()
	if c.Status == domain.StatusClosed {
		calendar = r.closed
	}
	return domain.Clocks(p, calendar, c.History(), at)
}

// fold folds the events that count and notes what each changed. Events that are left out
// leave no gap: those behind them move up. An import that had not happened yet is no event
// of that time, but it says what the record lacks: it is folded and not listed.
func (replay *Replay) fold(origin, taken []eventstore.Record, rules rules) (*domain.Case, error) {
	c := new(domain.Case)
	for i, r := range origin {
		r.Recorded.Revision = uint64(i)
		if err := c.Apply(r.Recorded); err != nil {
			return nil, err
		}
	}
	var face projections.Face
	var due map[string]dueState
	for i, r := range taken {
		moved := r.Recorded
		moved.Revision = uint64(len(origin) + i)
		if err := c.Apply(moved); err != nil {
			return nil, err
		}
		after, dueAfter := projections.FaceOf(c), dueStates(rules.clocks(c, r.Meta.RecordedAt))
		replay.Events = append(replay.Events, ReplayEvent{
			Revision: r.Revision, Type: r.Type,
			OccurredAt: r.Meta.OccurredAt.UTC(), RecordedAt: r.Meta.RecordedAt.UTC(),
			Actor: r.Meta.ActorID, OnBehalfOf: textOrNull(r.Meta.OnBehalfOf),
			Changed: append(face.Changes(after), clockChanges(due, dueAfter)...),
		})
		face, due = after, dueAfter
	}
	return c, nil
}

// dueState is what an event can change about a clock. Time alone changes neither.
type dueState struct {
	place      int
	state, due string
}

func dueStates(clocks []domain.Clock) map[string]dueState {
	states := make(map[string]dueState, len(clocks))
	for i := range clocks {
		k := &clocks[i]
		due := k.Due.String()
		if k.Due.IsZero() && !k.DueInstant.IsZero() {
			due = k.DueInstant.Format(time.RFC3339)
		}
		states[k.ID] = dueState{i, string(projections.Standing(k)), due}
	}
	return states
}

// clockChanges lists the clocks that appeared, went, changed their state or their due
// date, in the order of the procedure.
func clockChanges(before, after map[string]dueState) []projections.FieldChange {
	ids := make([]string, 0, len(after))
	for id := range after {
		ids = append(ids, id)
	}
	for id := range before {
		if _, still := after[id]; !still {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		if d := after[a].place - after[b].place; d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
	changes := []projections.FieldChange{}
	for _, id := range ids {
		was, is := before[id], after[id]
		if was.state != is.state {
			changes = append(changes, projections.FieldChange{Field: "clocks." + id + ".state", From: orNil(was.state), To: orNil(is.state)})
		}
		if was.due != is.due {
			changes = append(changes, projections.FieldChange{Field: "clocks." + id + ".due", From: orNil(was.due), To: orNil(is.due)})
		}
	}
	return changes
}

// stand writes the folded state into the answer.
func (replay *Replay) stand(c *domain.Case) {
	replay.Ref = textOrNull(c.Ref)
	replay.State = ReplayState{
		Status: textOrNull(c.Status), Stage: textOrNull(c.Stage), Step: textOrNull(c.Step),
		ClosedReason: textOrNull(c.ClosedReason), Flags: []string{}, Remedies: map[string]string{},
	}
	if c.Officer != nil {
		replay.State.Officer = textOrNull(c.Officer.String())
	}
	for _, flag := range c.Flags {
		replay.State.Flags = append(replay.State.Flags, string(flag))
	}
	for i := range c.Remedies {
		replay.State.Remedies[string(c.Remedies[i].ID)] = string(c.Remedies[i].State)
	}
}

func replayClock(k domain.Clock) ReplayClock {
	clock := ReplayClock{
		ID: k.ID, Class: k.Class, State: string(k.State),
		DueInstant: momentOrNull(k.DueInstant), StoppedAt: momentOrNull(k.StoppedAt),
	}
	switch {
	case k.Unit == "hours" && !k.DueInstant.IsZero():
		clock.Due = textOrNull(k.DueInstant.UTC().Format(time.RFC3339))
	case !k.Due.IsZero():
		clock.Due = textOrNull(k.Due.String())
	}
	return clock
}

func momentOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

func textOrNull[S ~string](s S) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}
