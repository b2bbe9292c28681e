package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// CaseLinked records how the case belongs to another. It stands in the stream of the case that was named and changes the
// other in nothing; who finds a duplicate closes the later of the two.
type CaseLinked struct {
	OtherCase       uuid.UUID `json:"other_case" rule:"required" doc:"the other case"`
	Kind            LinkKind  `json:"kind" rule:"required" doc:"how they belong together"`
	OtherReceivedAt time.Time `json:"other_received_at,omitzero" rule:"assigned" doc:"when the other case was received"`
}

// Schema names the event.
func (CaseLinked) Schema() (string, int) { return "CaseLinked", 1 }

// LinkKind is how two cases belong together.
type LinkKind string

// The kinds that rules look at; [LinkKind.Values] has the whole list.
const (
	LinkDuplicate LinkKind = "duplicate" // same person, same matter
	LinkContinues LinkKind = "continues" // the same matter comes back
)

// Values returns the closed list of kinds.
func (LinkKind) Values() []string {
	return []string{"duplicate", "related", "spun_off", "joint", "continues"}
}

// Link is one way in which a case belongs to another.
type Link struct {
	Other           uuid.UUID
	Kind            LinkKind
	OtherReceivedAt time.Time // zero where an import cannot say
}

// FirstReceived returns when the matter first reached the council: the receipt of the case or, where that was earlier, of
// a duplicate. Clocks run from the case's own receipt.
func (c *Case) FirstReceived() time.Time {
	first := c.ReceivedAt
	for _, link := range c.Links {
		if link.Kind == LinkDuplicate && !link.OtherReceivedAt.IsZero() && link.OtherReceivedAt.Before(first) {
			first = link.OtherReceivedAt
		}
	}
	return first
}

func (e CaseLinked) happen(c *Case, _ *Metadata) {
	c.Links = append(c.Links, Link{Other: e.OtherCase, Kind: e.Kind, OtherReceivedAt: e.OtherReceivedAt})
}

// sameMatter returns the stages of the case, and of those to which it is linked as the same matter.
func sameMatter(ctx Context) []StageRecord {
	c := ctx.Case
	stages := c.Stages
	add := func(id uuid.UUID) {
		if ctx.OtherCase == nil {
			return
		}
		if other := ctx.OtherCase(id); other != nil {
			stages = slices.Concat(stages, other.Stages)
		}
	}
	if c.DuplicateOf != nil {
		add(*c.DuplicateOf)
	}
	for _, link := range c.Links {
		if link.Kind == LinkDuplicate || link.Kind == LinkContinues {
			add(link.Other)
		}
	}
	return stages
}

// DecideLinkCases answers with [CaseLinked].
func DecideLinkCases(ctx Context, e CaseLinked) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, ctx.Now); err != nil {
		return nil, err
	}
	if e.OtherCase == ctx.Case.ID {
		return nil, BadValue("other_case", "another case")
	}
	linked := func(l Link) bool { return l.Other == e.OtherCase && l.Kind == e.Kind }
	if slices.ContainsFunc(ctx.Case.Links, linked) {
		return nil, BadValue("other_case", "a case that is not linked in this way already")
	}
	other, err := otherCase(ctx, "other_case", e.OtherCase)
	if err != nil {
		return nil, err
	}
	if other != nil {
		e.OtherReceivedAt = other.ReceivedAt
	}
	return []Event{e}, nil
}

// otherCase returns the case that a field names, nil where no other case is looked at. One that has not been received
// does not exist: CASE_NOT_FOUND.
func otherCase(ctx Context, field string, id uuid.UUID) (*Case, error) {
	if ctx.OtherCase == nil {
		return nil, nil
	}
	other := ctx.OtherCase(id)
	if other == nil || other.ProcedureID == "" {
		return nil, Reject(CaseNotFound, "%s: there is no such case", field)
	}
	return other, nil
}
