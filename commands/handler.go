package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/eventstore"
	"redress/eventstore/rounds"
)

// Handler answers commands. Its exported fields are set before the first command and not changed; its methods may be
// called from any goroutine.
type Handler struct {
	Store  *eventstore.Store
	Tenant string
	// Now is the clock; nil means the machine's.
	Now func() time.Time
	// Resolve finds a case by its reference or, for an imported one, by SOURCE:REF. It may look at an index that has
	// reached the log's end. nil finds none.
	Resolve func(ctx context.Context, ref string) (uuid.UUID, bool, error)
	// CasesOf lists every case in which a person is a party, from an index that has reached the log's end. What is decided
	// is decided from the cases' own streams.
	CasesOf func(ctx context.Context, person uuid.UUID) ([]uuid.UUID, error)

	streams streams
	configs rounds.Rounds[struct{}, *domain.Config]
	numbers numbers
	persons persons
}

// Request is one command, as an edge passes it on.
type Request struct {
	Command string
	// Case is the case addressed: its id, its reference or SOURCE:REF. Empty = as `case` in the body says.
	Case string
	Body []byte // JSON
	// Key is the Idempotency-Key: the same key again is the same command. Empty = a command that is never repeated.
	Key string
	// IfMatch is the last revision of the addressed stream that the caller saw; nil = whatever it is.
	IfMatch *uint64
	Actor   domain.Actor
	WayIn   domain.WayIn
	// At is when a process manager owed the command, and so when its events happened; zero = as they say themselves.
	At time.Time
	// CausationID and CorrelationID say what the command follows from; where they are nil the command is its own cause.
	CausationID, CorrelationID uuid.UUID
}

// Answer is what an accepted command gets: the events that stand in the log.
type Answer struct {
	Case     *uuid.UUID `json:"case" doc:"the case addressed; null where none is"`
	Ref      *string    `json:"ref" doc:"its reference; null where no case is addressed"`
	Stream   string     `json:"stream" doc:"the stream appended to"`
	Revision uint64     `json:"revision" doc:"of the last event appended"`
	Events   []Placed   `json:"events" doc:"what was appended, in order"`
}

// Placed is an event with its place in the log.
type Placed struct {
	Type     string    `json:"type"`
	ID       uuid.UUID `json:"id"`
	Revision uint64    `json:"revision"`
	Position uint64    `json:"position"`
}

// commandSpace is the name space of command ids.
var commandSpace = uuid.MustParse("7d0b6d3c-6f0e-5b7a-9d83-0e4c2f1a5b60")

// reDecisions is how often a command is decided again because its stream has moved on.
const reDecisions = 3

// Do answers a command. Its errors are [*domain.Rejection], which may be shown, or faults. The order of the checks is
// that of the architecture, § 4.
func (h *Handler) Do(ctx context.Context, r Request) (Answer, error) {
	c, err := find(r.Command)
	if err != nil {
		return Answer{}, err
	}
	return h.do(ctx, c, r)
}

// Notified answers the internal command RecordNotification, whatever the request calls it: the notifier has written to
// somebody about a case, or failed to. It is not in [All].
func (h *Handler) Notified(ctx context.Context, r Request) (Answer, error) {
	return h.do(ctx, define("RecordNotification", OneCase, domain.ActionRecord, domain.DecideRecordNotification, "record a notification"), r)
}

func (h *Handler) do(ctx context.Context, c Command, r Request) (Answer, error) {
	b, err := decode(r.Body, c.bodyType(), c.Addresses, r.Case != "")
	if err != nil {
		return Answer{}, err
	}
	o := order{Request: r, command: c, body: b}
	if err := h.address(ctx, &o); err != nil {
		return Answer{}, err
	}
	for try := 0; ; try++ {
		answer, err := h.attempt(ctx, &o)
		if _, conflict := errors.AsType[*eventstore.Conflict](err); !conflict {
			return answer, err
		}
		if try == reDecisions || r.IfMatch != nil {
			return Answer{}, domain.Reject(domain.StaleRevision, "the stream has moved on while the command was decided")
		}
	}
}

// order is a command on its way.
type order struct {
	Request
	command  Command
	body     body
	id       uuid.UUID // the command id
	drawn    bool      // nobody else has the command's id: it came without a key
	stream   string
	caseID   uuid.UUID    // of the case addressed or opened; zero where none is
	surveyed *domain.Case // the case whose survey is addressed
}

// address finds the stream and derives the command's id.
func (h *Handler) address(ctx context.Context, o *order) error {
	if o.Case == "" {
		o.Case = o.body.of
	}
	addressed := ""
	switch o.command.Addresses {
	case NewCase:
		addressed = "complaint"
	case OneCase:
		id, err := h.resolve(ctx, o.Case)
		if err != nil {
			return err
		}
		o.caseID, o.stream = id, domain.CaseStream(id)
	case OnePerson:
		if err := h.addressSubject(ctx, o); err != nil {
			return err
		}
	case OneAction:
		o.stream = domain.LearningStream(o.command.subject(o.body.fields))
	case OneSurvey:
		if err := h.addressSurvey(ctx, o); err != nil {
			return err
		}
	case TheConfig:
		o.stream = domain.ConfigStream(h.Tenant)
	case OneQuarter:
		o.stream = domain.EqualityStream(h.Tenant, quarterOf(o))
	}
	if addressed == "" {
		addressed = o.stream
	}
	o.drawn = o.Key == ""
	o.id = commandID(h.Tenant, o.Actor, o.command.Name, addressed, o.Key)
	if o.command.Addresses == NewCase {
		o.caseID = uuid.NewSHA1(o.id, []byte("case"))
		o.stream = domain.CaseStream(o.caseID)
	}
	return nil
}

// commandID derives the id of a command from its key; without a key it is drawn.
func commandID(tenant string, actor domain.Actor, command, stream, key string) uuid.UUID {
	if key == "" {
		return uuid.New()
	}
	return uuid.NewSHA1(commandSpace, []byte(strings.Join([]string{tenant, actor.ID, actor.OnBehalfOf, command, stream, key}, "\x00")))
}

// resolve finds a case by id, reference or SOURCE:REF.
func (h *Handler) resolve(ctx context.Context, name string) (uuid.UUID, error) {
	if id, err := uuid.Parse(name); err == nil && len(name) == 36 {
		return id, nil
	}
	if h.Resolve != nil {
		id, ok, err := h.Resolve(ctx, name)
		if err != nil {
			return uuid.Nil, fmt.Errorf("find the case addressed: %w", err)
		}
		if ok {
			return id, nil
		}
	}
	return uuid.Nil, noCase()
}

func noCase() error { return domain.Reject(domain.CaseNotFound, "there is no such case") }

// attempt decides a command on its stream as it stands now, and appends. A [*eventstore.Conflict] means that the stream
// has moved on in between.
func (h *Handler) attempt(ctx context.Context, o *order) (Answer, error) {
	config, err := h.config(ctx)
	if err != nil {
		return Answer{}, err
	}
	var read []eventstore.Record
	s := &state{stream: o.stream}
	if !o.drawn || o.command.Addresses != NewCase { // the stream of a case whose id was just drawn has nothing
		if s, read, err = h.streams.load(ctx, h.Store, o.stream); err != nil {
			return Answer{}, err
		}
	}
	if s.knows(o.id) {
		return h.again(ctx, o, s, read)
	}
	if o.command.Addresses == OneCase && s.caseOf == nil {
		return Answer{}, noCase()
	}
	dc := h.context(o, s, config)
	if err := permit(dc, o.command.Action); err != nil {
		return Answer{}, err
	}
	if o.IfMatch != nil && (s.events == 0 || *o.IfMatch != s.events-1) {
		return Answer{}, domain.Reject(domain.StaleRevision, "the stream is not at the revision named")
	}
	events, err := h.decide(ctx, o, dc)
	if err != nil {
		return Answer{}, err
	}
	proposed, err := h.propose(ctx, o, dc, s, events)
	if err != nil {
		return Answer{}, err
	}
	at, err := h.Store.Append(ctx, o.stream, eventstore.Next(s.events), proposed)
	if err != nil {
		return Answer{}, err
	}
	if o.drawn && len(events) == 1 && o.command.Name != erasure {
		return o.only(s, events[0], at), nil
	}
	if s, read, err = h.streams.load(ctx, h.Store, o.stream); err != nil {
		return Answer{}, err
	}
	return h.again(ctx, o, s, read)
}

// context makes what the decision may look at.
func (h *Handler) context(o *order, s *state, config *domain.Config) domain.Context {
	return domain.Context{
		Now: later(h.now(), s.lastRecorded), CommandID: o.id, Tenant: h.Tenant, WayIn: o.WayIn, Actor: o.Actor,
		Backdated: o.body.backdate != "", Config: config,
		Case: cmp.Or(s.caseOf, o.surveyed), CaseID: o.caseID, Person: s.person, Learning: s.learning, Survey: s.survey,
		Equality: s.equality,
	}
}

// now is the moment of recording, to the microsecond, which every store that keeps it can hold.
func (h *Handler) now() time.Time {
	if h.Now != nil {
		return h.Now().UTC().Truncate(time.Microsecond)
	}
	return time.Now().UTC().Truncate(time.Microsecond)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// permit answers NOT_PERMITTED, or CASE_NOT_FOUND where who acts may not even know of the case: somebody who is nothing
// to the council and no party to it.
func permit(dc domain.Context, action domain.Action) error {
	err := domain.Permit(dc, action)
	if err == nil || dc.Case == nil || dc.Actor.Operator && dc.Actor.OnBehalfOf == "" {
		return err
	}
	for _, held := range dc.Config.Grant(dc.Actor.Rights(), dc.Now).Held {
		if held.Role != domain.RolePublic {
			return err
		}
	}
	if id, parse := uuid.Parse(dc.Actor.Rights()); parse == nil && dc.Case.Party(id) {
		return err
	}
	return noCase()
}

// decide asks the domain, and completes what it cannot know.
func (h *Handler) decide(ctx context.Context, o *order, dc domain.Context) ([]domain.Event, error) {
	var failed error
	dc.KnownPerson = func(id uuid.UUID) bool {
		known, err := h.persons.lookup(ctx, h.Store, id)
		failed = cmp.Or(failed, err)
		return known
	}
	dc.OtherPerson = func(id uuid.UUID) *domain.Person {
		other, err := h.Person(ctx, id)
		failed = cmp.Or(failed, err)
		return other
	}
	dc.OtherCase = func(id uuid.UUID) *domain.Case {
		other, err := h.Case(ctx, id)
		failed = cmp.Or(failed, err)
		return other
	}
	if o.command.Name == erasure {
		if err := h.gather(ctx, o, &dc); err != nil {
			return nil, err
		}
	}
	number := 0
	if o.command.Addresses == NewCase {
		var err error
		if dc.CaseRef, number, err = h.numbers.take(ctx, h, dc); err != nil {
			return nil, err
		}
	}
	events, err := o.command.decide(dc, o.body.fields)
	switch {
	case failed != nil:
		err = failed
	case err == nil && len(o.body.empty) > 0:
		err = rejection(o.body.empty)
	case err == nil && len(events) == 0:
		err = fmt.Errorf("the decision on %s answered with nothing", o.command.Name)
	}
	if err != nil {
		h.numbers.giveBack(dc, number)
		return nil, err
	}
	if o.command.Name == erasure {
		return h.nameKeys(ctx, o, dc, events)
	}
	return events, nil
}

// propose wraps the decided events in their metadata.
func (h *Handler) propose(ctx context.Context, o *order, dc domain.Context, s *state, events []domain.Event) ([]eventstore.Proposed, error) {
	mac, err := h.mac(ctx, o, s)
	if err != nil {
		return nil, err
	}
	meta := domain.Metadata{
		Tenant: h.Tenant, RecordedAt: dc.Now,
		ActorID: o.Actor.ID, ActorRole: string(domain.ActorRole(dc, o.command.Action)), OnBehalfOf: o.Actor.OnBehalfOf, WayIn: o.WayIn,
		CommandID: o.id, CorrelationID: either(o.CorrelationID, o.id), CausationID: either(o.CausationID, o.id),
		BodyMAC: mac, ConfigRevision: dc.Config.Revision, BackdateReason: domain.Plain(o.body.backdate),
		Bootstrap: o.command.Action == domain.ActionGrant && domain.BootstrapGrant(dc),
	}
	if o.command.Addresses == OneQuarter {
		meta = withoutTraces(meta, quarterOf(o))
	}
	proposed := envelop(meta, s.caseOf, events)
	for i := range proposed {
		if o.WayIn == domain.ViaProcess && !o.At.IsZero() {
			proposed[i].Meta.OccurredAt = o.At.UTC()
		}
	}
	return proposed, nil
}

// envelop gives each event its own metadata. Procedure and stage are those of the case before the append; the first
// events of a case bring them along.
func envelop(meta domain.Metadata, c *domain.Case, events []domain.Event) []eventstore.Proposed {
	if c != nil {
		meta.Procedure, meta.Stage = c.Procedure(), string(c.Stage)
	}
	for _, e := range events {
		if received, ok := e.(domain.Received); ok {
			meta.Procedure = string(received.ProcedureID) + "@" + string(received.ProcedureVersion)
			meta.Stage = string(received.Stage)
		}
	}
	proposed := make([]eventstore.Proposed, len(events))
	for i, e := range events {
		proposed[i] = eventstore.Proposed{Event: e, Meta: meta}
		proposed[i].Meta.OccurredAt = domain.OccurredAt(e, meta.RecordedAt)
	}
	return proposed
}

func either(id, other uuid.UUID) uuid.UUID {
	if id == uuid.Nil {
		return other
	}
	return id
}

// again makes the answer of a command that stands in the log, be it that it was done before or just now. Where another
// body came with the same command id, it is COMMAND_ID_REUSED. read are the last events of the stream, as many as happen
// to be at hand.
func (h *Handler) again(ctx context.Context, o *order, s *state, read []eventstore.Record) (Answer, error) {
	events, err := h.eventsOf(ctx, o, s, read)
	if err != nil {
		return Answer{}, err
	}
	if err := h.sameBody(ctx, o, events[0].Meta.BodyMAC); err != nil {
		return Answer{}, err
	}
	if err := sameAnswers(o, events); err != nil {
		return Answer{}, err
	}
	answer := Answer{Stream: o.stream}
	for _, r := range events {
		answer.Revision = r.Revision
		answer.Events = append(answer.Events, Placed{Type: r.Type, ID: r.ID, Revision: r.Revision, Position: r.Position})
		if erased, ok := r.Event.(domain.PersonalDataErased); ok {
			if err := h.destroy(ctx, erased); err != nil {
				return Answer{}, err
			}
		}
	}
	if c := s.caseOf; c != nil {
		id, ref := c.ID, c.Ref
		answer.Case, answer.Ref = &id, &ref
	}
	return answer, nil
}

// only is the answer of a command that has appended one event, under an id that nobody else can have: what the log has
// taken is what was sent, and need not be read. s is the stream as it was before.
func (o *order) only(s *state, event domain.Event, at eventstore.Appended) Answer {
	name, _ := event.Schema()
	answer := Answer{Stream: o.stream, Revision: at.Last, Events: []Placed{{
		Type: name, ID: eventstore.EventID(o.id, o.stream, 0), Revision: at.Last, Position: at.Position,
	}}}
	if c := s.caseOf; c != nil {
		id, ref := c.ID, c.Ref
		answer.Case, answer.Ref = &id, &ref
	}
	if received, ok := event.(domain.Received); ok && o.command.Addresses == NewCase {
		answer.Case, answer.Ref = &o.caseID, &received.CaseRef
	}
	return answer
}

// eventsOf returns the events that a command has appended, at least one.
func (h *Handler) eventsOf(ctx context.Context, o *order, s *state, read []eventstore.Record) ([]eventstore.Record, error) {
	first := s.firstOf(o.id)
	if len(read) == 0 || read[0].Revision > first {
		read = nil
		for r, err := range h.Store.Read(ctx, o.stream, first) {
			if err != nil {
				return nil, err
			}
			if r.Meta.CommandID != o.id {
				break
			}
			read = append(read, r)
		}
	}
	events := slices.DeleteFunc(read, func(r eventstore.Record) bool { return r.Meta.CommandID != o.id })
	if len(events) == 0 {
		return nil, fmt.Errorf("command %s is not in stream %s", o.id, o.stream)
	}
	return events, nil
}

// Case returns a case as it stands in the log now, nil where there is none. It is shared: nobody changes it.
func (h *Handler) Case(ctx context.Context, id uuid.UUID) (*domain.Case, error) {
	s, _, err := h.streams.load(ctx, h.Store, domain.CaseStream(id))
	if err != nil {
		return nil, err
	}
	return s.caseOf, nil
}

// Person returns a person as the log has them now, nil where nobody is recorded under the id. It is shared: nobody changes
// it.
func (h *Handler) Person(ctx context.Context, id uuid.UUID) (*domain.Person, error) {
	s, _, err := h.streams.load(ctx, h.Store, domain.PersonStream(id))
	if err != nil {
		return nil, err
	}
	return s.person, nil
}

// LearningAction returns a learning action as the log has it now, nil where there is none. It is shared: nobody changes
// it.
func (h *Handler) LearningAction(ctx context.Context, id uuid.UUID) (*domain.LearningAction, error) {
	s, _, err := h.streams.load(ctx, h.Store, domain.LearningStream(id))
	if err != nil {
		return nil, err
	}
	return s.learning, nil
}

// Config returns the council's config as it stands in the log now. It is shared: nobody changes it.
func (h *Handler) Config(ctx context.Context) (*domain.Config, error) { return h.config(ctx) }

// Commands returns the names of all commands, in the order of the list.
func Commands() []string {
	names := make([]string, 0, len(All))
	for _, c := range All {
		names = append(names, c.Name)
	}
	return slices.Clip(names)
}
