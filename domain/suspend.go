package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// Suspended records that the case, or some of its issues, rest until another process has ended. Where the case rests, the
// clocks that list suspension stand still.
type Suspended struct {
	Scope      Extent           `json:"scope" rule:"required" doc:"the whole case, or some issues"`
	Issues     []Label          `json:"issues,omitempty" doc:"the issues that rest, where not the whole case does"`
	Ground     SuspensionGround `json:"ground" rule:"required" doc:"which other process comes first"`
	FromOn     Date             `json:"from_on" rule:"required" doc:"the first day"`
	DecidedBy  *uuid.UUID       `json:"decided_by,omitzero" rule:"required" doc:"who decided it"`
	NotifiedAt time.Time        `json:"notified_at" rule:"required" doc:"when the complainant was told"`
	ReviewOn   Date             `json:"review_on" rule:"required" doc:"the day on which it is looked at again"`
	Detail     Personal         `json:"detail,omitzero" doc:"anything more to say"`
}

// Schema names the event.
func (Suspended) Schema() (string, int) { return "Suspended", 1 }

// When returns the beginning of the first day.
func (e Suspended) When() time.Time { return e.FromOn.Midnight() }

// Resumed records that everything which was suspended goes on.
type Resumed struct {
	On               Date     `json:"on" rule:"required" doc:"the last day of the suspension"`
	RequestedBy      Resumer  `json:"requested_by" rule:"required" doc:"who asked for it"`
	OutcomeElsewhere Personal `json:"outcome_elsewhere,omitzero" doc:"how the other process ended"`
}

// Schema names the event.
func (Resumed) Schema() (string, int) { return "Resumed", 1 }

// When returns the beginning of the last day.
func (e Resumed) When() time.Time { return e.On.Midnight() }

// Extent is how much of a case something is about.
type Extent string

// The extents.
const (
	ExtentCase   Extent = "case"
	ExtentIssues Extent = "issues"
)

// Values returns the closed list of extents.
func (Extent) Values() []string { return []string{"case", "issues"} }

// SuspensionGround is the process before which a complaint waits.
type SuspensionGround string

// Values returns the closed list of grounds. A procedure may list fewer.
func (SuspensionGround) Values() []string {
	return []string{"court_proceedings", "criminal_investigation", "safeguarding", "disciplinary_or_hr", "other_body"}
}

// Resumer is who asked for a suspended case to go on.
type Resumer string

// Values returns the closed list.
func (Resumer) Values() []string { return []string{"complainant", "council"} }

// Suspension is one time in which the case, or some of its issues, rested.
type Suspension struct {
	Scope     Extent
	Issues    []Label // empty for the whole case
	Ground    SuspensionGround
	From      Date
	To        Date // the last day; zero while it lasts
	ReviewOn  Date
	DecidedBy *uuid.UUID
}

// Open reports whether it lasts.
func (s *Suspension) Open() bool { return s.To.IsZero() }

func (e Suspended) happen(c *Case, m *Metadata) {
	c.Suspensions = append(c.Suspensions, Suspension{
		Scope: e.Scope, Issues: e.Issues, Ground: e.Ground, From: e.FromOn, ReviewOn: e.ReviewOn, DecidedBy: e.DecidedBy,
	})
	if e.Scope == ExtentCase {
		c.pause(PauseSuspension, e.FromOn, m)
		if c.Status == StatusOpen {
			c.Status = StatusSuspended
		}
	}
}

func (e Resumed) happen(c *Case, _ *Metadata) { c.resume(e.On) }

// resume ends every suspension with a day that it still covers. A case that is closed is not resumed later.
func (c *Case) resume(last Date) {
	c.Suspensions = slices.Clone(c.Suspensions)
	for i := range c.Suspensions {
		if s := &c.Suspensions[i]; s.Open() {
			s.To = max(s.From, last)
		}
	}
	c.unpause(PauseSuspension, last)
	if c.Status == StatusSuspended {
		c.Status = StatusOpen
	}
}

// suspended reports whether the whole case rests.
func (c *Case) suspended() bool {
	return slices.ContainsFunc(c.Suspensions, func(s Suspension) bool { return s.Open() && s.Scope == ExtentCase })
}

// Rests reports whether an issue is suspended, by itself or with the case.
func (c *Case) Rests(issue Label) bool {
	return slices.ContainsFunc(c.Suspensions, func(s Suspension) bool {
		return s.Open() && (s.Scope == ExtentCase || slices.Contains(s.Issues, issue))
	})
}

// DecideSuspendCase answers with [Suspended]. Rejects with ALREADY_SUSPENDED, GROUND_REQUIRED (the procedure does not
// list the ground).
func DecideSuspendCase(ctx Context, e Suspended) ([]Event, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	c := ctx.Case
	if err := Preconditions(ctx, CommandRule{After: c.ReceivedAt, WholeDays: true}, e.When()); err != nil {
		return nil, err
	}
	if err := checkSuspension(ctx, p, e); err != nil {
		return nil, err
	}
	resting := c.suspended() || slices.ContainsFunc(e.Issues, c.Rests)
	if resting {
		return nil, Reject(AlreadySuspended, "the case, or an issue named, is suspended already")
	}
	if rule := p.Suspension; e.Ground == "" || rule != nil && !slices.Contains(rule.Grounds, string(e.Ground)) {
		return nil, Reject(GroundRequired, "a suspension has one of the grounds that the procedure lists")
	}
	return []Event{e}, nil
}

func checkSuspension(ctx Context, p *procedure.Procedure, e Suspended) error {
	switch {
	case e.Scope == ExtentIssues && len(e.Issues) == 0:
		return MissingField("issues", "the issues that rest")
	case e.Scope == ExtentCase && len(e.Issues) > 0:
		return BadValue("issues", "left out where the whole case rests")
	case e.Scope == ExtentIssues && p.Suspension != nil && !p.Suspension.PartialAllowed:
		return BadValue("scope", "case: the procedure suspends no single issues")
	case e.ReviewOn < e.FromOn:
		return BadValue("review_on", "a day not before from_on")
	}
	if err := issuesOf(ctx.Case, "issues", e.Issues); err != nil {
		return err
	}
	return known(ctx, "decided_by", e.DecidedBy)
}

// issuesOf answers BAD_VALUE for an id that no issue of the case has.
func issuesOf(c *Case, field string, ids []Label) error {
	for i, id := range ids {
		if c.Issue(id) == nil {
			return BadValue(indexed(field, i), "an issue of the case")
		}
	}
	return nil
}

// DecideResumeCase answers with [Resumed]. Rejects with NOT_SUSPENDED.
func DecideResumeCase(ctx Context, e Resumed) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	after, open := ctx.Case.ReceivedAt, false
	for i := range ctx.Case.Suspensions {
		if s := &ctx.Case.Suspensions[i]; s.Open() {
			after, open = latest(after, s.From.Midnight()), true
		}
	}
	if err := Preconditions(ctx, CommandRule{After: after, WholeDays: true}, e.When()); err != nil {
		return nil, err
	}
	if !open {
		return nil, Reject(NotSuspended, "nothing is suspended")
	}
	return []Event{e}, nil
}
