package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"redress/domain"
	"redress/eventstore"
)

// state is a stream, folded up to a revision. It is never changed: what comes later makes another.
type state struct {
	stream       string
	events       uint64
	lastRecorded time.Time
	commands     []done // what has appended to it, in order
	// One of these is folded, by the kind of stream. What nothing is recorded of is nil.
	caseOf   *domain.Case
	person   *domain.Person
	learning *domain.LearningAction
	survey   *domain.Survey
	equality *domain.EqualityQuarter
	config   *domain.Config
}

// done is a command that has appended to a stream, and where its events begin there.
type done struct {
	command uuid.UUID
	first   uint64
}

// knows reports whether a command has appended to the stream.
func (s *state) knows(command uuid.UUID) bool {
	return slices.ContainsFunc(s.commands, func(d done) bool { return d.command == command })
}

// firstOf returns the revision at which a command's events begin, and the stream's end for one that is not known.
func (s *state) firstOf(command uuid.UUID) uint64 {
	for _, d := range s.commands {
		if d.command == command {
			return d.first
		}
	}
	return s.events
}

// clone makes a state that apply may change.
func (s *state) clone() *state {
	next := *s
	next.commands = slices.Clip(s.commands)
	if s.caseOf != nil {
		next.caseOf = s.caseOf.Clone()
	}
	if s.person != nil {
		person := *s.person
		next.person = &person
	}
	if s.learning != nil {
		learning := *s.learning
		next.learning = &learning
	}
	if s.survey != nil {
		survey := *s.survey
		next.survey = &survey
	}
	if s.equality != nil {
		equality := *s.equality
		next.equality = &equality
	}
	if s.config != nil {
		next.config = s.config.Clone()
	}
	return &next
}

// apply folds one more event into a state that nobody else has.
func (s *state) apply(r eventstore.Record) error {
	var err error
	switch {
	case strings.HasPrefix(s.stream, "complaint-"):
		if s.caseOf == nil {
			s.caseOf = new(domain.Case)
		}
		err = s.caseOf.Apply(r.Recorded)
	case strings.HasPrefix(s.stream, "person-"):
		if s.person == nil {
			s.person = new(domain.Person)
		}
		err = s.person.Apply(r.Recorded)
	case strings.HasPrefix(s.stream, "learning-"):
		if s.learning == nil {
			s.learning = new(domain.LearningAction)
		}
		err = s.learning.Apply(r.Recorded)
	case strings.HasPrefix(s.stream, "survey-"):
		if s.survey == nil {
			s.survey = new(domain.Survey)
		}
		err = s.survey.Apply(r.Recorded)
	case strings.HasPrefix(s.stream, "equality-"):
		if s.equality == nil {
			s.equality = new(domain.EqualityQuarter)
		}
		err = s.equality.Apply(r.Recorded)
	case strings.HasPrefix(s.stream, "config-"):
		err = s.config.Apply(r.Recorded)
	default:
		err = fmt.Errorf("stream %s is not decided on", s.stream)
	}
	if err != nil {
		return err
	}
	s.events = r.Revision + 1
	s.lastRecorded = r.Meta.RecordedAt
	if n := len(s.commands); n == 0 || s.commands[n-1].command != r.Meta.CommandID {
		s.commands = append(s.commands, done{r.Meta.CommandID, r.Revision})
	}
	return nil
}

// cachedStreams is how many folded streams are kept, a few kilobytes each.
const cachedStreams = 4096

// streams keeps folded streams in memory. A kept one is brought up to date before it is used.
type streams struct {
	once sync.Once
	kept *lru.Cache[string, *state]
}

func (s *streams) cache() *lru.Cache[string, *state] {
	s.once.Do(func() {
		kept, err := lru.New[string, *state](cachedStreams)
		if err != nil {
			panic(err) // only for a size below 1
		}
		s.kept = kept
	})
	return s.kept
}

// load returns the stream as it stands in the log now, and the events that had to be read for that.
func (s *streams) load(ctx context.Context, store *eventstore.Store, stream string) (*state, []eventstore.Record, error) {
	kept, ok := s.cache().Get(stream)
	if !ok {
		kept = &state{stream: stream}
		if strings.HasPrefix(stream, "config-") {
			kept.config = domain.NewConfig()
		}
	}
	current := kept
	var read []eventstore.Record
	for r, err := range store.Read(ctx, stream, kept.events) {
		if err != nil {
			return nil, nil, err
		}
		if current == kept {
			current = kept.clone()
		}
		if err := current.apply(r); err != nil {
			return nil, nil, err
		}
		read = append(read, r)
	}
	if current.events > 0 {
		s.cache().Add(stream, current)
	}
	return current, read, nil
}
