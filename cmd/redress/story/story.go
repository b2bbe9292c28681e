package story

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"redress/domain"
	"redress/domain/procedure"
)

// Story is one file that has been read: it can be played.
type Story struct {
	File       string // as it was named
	Title      string
	Source     string                 // where the rule that it shows stands
	Procedures []*procedure.Procedure // those in force
	Actors     []Actor                // in the order of the file
	Steps      []Step

	config value // the settings that the council had adopted; null for the defaults
	// notify and survey switch on what otherwise rests in a sandbox.
	notify, survey bool
}

// Actor is somebody whom the story names, and what they are to the council.
type Actor struct {
	Name    string
	Roles   []domain.Role
	Service domain.Term
	Grade   int
}

// Step is one thing that happens, or one look at a case, or both.
type Step struct {
	N    int // from 1
	Line int
	At   time.Time // the moment of handling, with the zone as it was written
	As   string    // the actor's name; empty where nothing is done
	Do   string    // the command; empty where the step only looks
	Case string    // the label of the case addressed; empty where none is

	with     value   // the command's fields
	revision *uint64 // the expected revision of the stream addressed
	expect   expectation
	check    *check
}

// expectation is what the command should answer: events appended, in order, or a refusal by one of the codes.
type expectation struct{ events, refused []string }

// check is what the case should look like. Only what it names is compared.
type check struct {
	of    string // the label of the case
	wants value  // the mapping as it was written
}

// space is the name space of the ids that stories derive.
var space = uuid.MustParse("0a3f5a5e-8f1c-5d7e-9a55-3f0f6f0c2b11")

// id derives the id of a label. The same label in the same story always has the same one.
func (s *Story) id(label string) uuid.UUID { return s.derive("label", label) }

// key derives the idempotency key of a step.
func (s *Story) key(n int) string { return s.derive("step", fmt.Sprint(n)).String() }

func (s *Story) derive(parts ...string) uuid.UUID {
	return uuid.NewSHA1(space, []byte(strings.Join(append([]string{s.Title}, parts...), "\x00")))
}

// actor returns the named actor, or nil.
func (s *Story) actor(name string) *Actor {
	for i := range s.Actors {
		if s.Actors[i].Name == name {
			return &s.Actors[i]
		}
	}
	return nil
}

// nameOf returns the name of the actor who has the id, and otherwise the id itself.
func (s *Story) nameOf(id uuid.UUID) string {
	for _, a := range s.Actors {
		if s.id(a.Name) == id {
			return a.Name
		}
	}
	return id.String()
}
