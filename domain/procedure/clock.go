package procedure

import "slices"

// CaseScope stands before the id of a clock of the whole case, where a stage's id stands before the others.
const CaseScope = "all"

// CapSuffix behind a clock's name means its extended limit, as in s1.response#cap.
const CapSuffix = "#cap"

// Unit is what a length is counted in.
type Unit string

// The units.
const (
	WorkingDays Unit = "working_days"
	Days        Unit = "days"
	Weeks       Unit = "weeks"
	Months      Unit = "months"
	Hours       Unit = "hours"
)

// From is whether the day of the start event belongs to the period.
type From string

// The ways to begin.
const (
	DayAfter From = "day_after" // the day of the start event is day 0
	SameDay  From = "same_day"  // the period begins with the day
	Instant  From = "instant"   // hours run from the instant itself
)

// HoursBasis is which hours count.
type HoursBasis string

// The bases.
const (
	WorkingHours HoursBasis = "working" // the 24 hours of each working day
	ElapsedHours HoursBasis = "elapsed" // every hour
)

// Roll is what happens to a due date that is no working day.
type Roll string

// The ways to roll.
const (
	NoRoll     Roll = "none"
	RollToNext Roll = "next_working_day"
)

// Clock is a rule that turns a start event into a due date.
type Clock struct {
	ID         string     `yaml:"id"`
	Class      string     `yaml:"class"` // obligation, target, guard or window
	Starts     Starts     `yaml:"starts"`
	Stops      Stops      `yaml:"stops"`
	Length     int        `yaml:"length"`
	Unit       Unit       `yaml:"unit"`
	HoursBasis HoursBasis `yaml:"hours_basis"`
	From       From       `yaml:"from"`
	Roll       Roll       `yaml:"roll"`
	Pauses     []string   `yaml:"pauses"` // the kinds of pause that stop it for a while
	Resets     []string   `yaml:"resets"`
	AppliesTo  []string   `yaml:"applies_to"` // kinds of feedback; empty for all
	OnlyIf     string     `yaml:"only_if"`    // a condition that must be flagged on the case
	Extend     *Extend    `yaml:"extend"`     // nil when it cannot be extended
	Actor      string     `yaml:"actor"`
	Warn       []int      `yaml:"warn"`       // working days before the due date
	WarnHours  []int      `yaml:"warn_hours"` // hours before the due instant
	OnMiss     string     `yaml:"on_miss"`
	Basis      string     `yaml:"basis"` // seed, law, code, guidance, inherited or assumed
	Source     string     `yaml:"source"`
}

// EventRef names an event, and the field that says when it happened.
type EventRef struct {
	Event string `yaml:"event"`
	Stage string `yaml:"stage"`
	At    string `yaml:"at"`
	Kind  string `yaml:"kind"`
	// ProvisionalFrom is <clock>.due: while the event is missing, a provisional date is counted from that due date.
	ProvisionalFrom string `yaml:"provisional_from"`
}

// Starts is what starts a clock: one event, or the latest of several.
type Starts struct {
	Event           string     `yaml:"event"`
	Stage           string     `yaml:"stage"`
	At              string     `yaml:"at"`
	Kind            string     `yaml:"kind"`
	ProvisionalFrom string     `yaml:"provisional_from"`
	LatestOf        []EventRef `yaml:"latest_of"`
}

// Events returns the events that all must have happened.
func (s *Starts) Events() []EventRef {
	if len(s.LatestOf) > 0 {
		return s.LatestOf
	}
	return []EventRef{{Event: s.Event, Stage: s.Stage, At: s.At, Kind: s.Kind, ProvisionalFrom: s.ProvisionalFrom}}
}

// Stops is what stops a clock: one event, the first of several, or a rule.
type Stops struct {
	Event   string     `yaml:"event"`
	Stage   string     `yaml:"stage"`
	At      string     `yaml:"at"`
	Kind    string     `yaml:"kind"`
	FirstOf []EventRef `yaml:"first_of"`
	Rule    string     `yaml:"rule"` // no_response_outstanding, or empty
}

// NoResponseOutstanding is the rule of a clock of the whole case that is judged at its due instant.
const NoResponseOutstanding = "no_response_outstanding"

// Events returns the events any of which stops the clock; none for a rule.
func (s *Stops) Events() []EventRef {
	switch {
	case s.Rule != "":
		return nil
	case len(s.FirstOf) > 0:
		return s.FirstOf
	}
	return []EventRef{{Event: s.Event, Stage: s.Stage, At: s.At, Kind: s.Kind}}
}

// Extend is how a clock may be given more time.
type Extend struct {
	Cap             *Duration  `yaml:"cap"`      // the whole length with the extension, from the clock's start; nil for none
	CapKind         string     `yaml:"cap_kind"` // none, soft, hard or guard
	CapSource       string     `yaml:"cap_source"`
	Guard           string     `yaml:"guard"` // the clock that it may not pass, as in s1.statutory
	OnlyFor         string     `yaml:"only_for"`
	OverCapRequires []string   `yaml:"over_cap_requires"`
	Requires        []string   `yaml:"requires"`
	Agreement       string     `yaml:"agreement"` // none, discuss or agree
	IfRefused       *IfRefused `yaml:"if_refused"`
	BeforeDue       bool       `yaml:"before_due"`
	Source          string     `yaml:"source"`
}

// Duration is a length of time.
type Duration struct {
	Length int  `yaml:"length"`
	Unit   Unit `yaml:"unit"`
}

// IfRefused is what the complainant may do who does not agree to more time.
type IfRefused struct {
	May       string `yaml:"may"`
	To        string `yaml:"to"`
	Condition string `yaml:"condition"`
	Note      string `yaml:"note"`
}

// ForKind reports whether the clock runs for a kind of feedback.
func (c *Clock) ForKind(kind string) bool {
	return len(c.AppliesTo) == 0 || slices.Contains(c.AppliesTo, kind)
}

// PausedBy reports whether a kind of pause stops the clock for a while.
func (c *Clock) PausedBy(kind string) bool { return slices.Contains(c.Pauses, kind) }

// ResetBy reports whether a kind of answer starts the clock anew.
func (c *Clock) ResetBy(kind string) bool { return slices.Contains(c.Resets, kind) }

// ForResponse reports whether the clock measures the answer itself: an obligation or target that Responded stops.
func (c *Clock) ForResponse() bool {
	if c.Class != "obligation" && c.Class != "target" {
		return false
	}
	return slices.ContainsFunc(c.Stops.Events(), func(e EventRef) bool { return e.Event == "Responded" })
}

// Capped returns the clock with the length that it may have at most with an extension, and the clock itself when there
// is no such length.
func (c *Clock) Capped() *Clock {
	if c.Extend == nil || c.Extend.Cap == nil {
		return c
	}
	longest := *c
	longest.Length, longest.Unit = c.Extend.Cap.Length, c.Extend.Cap.Unit
	return &longest
}
