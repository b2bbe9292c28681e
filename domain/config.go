package domain

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// Config is the fold of a tenant's config stream: everything by which cases are decided that is not in the case itself.
// Make one with [NewConfig]. It may be shared by readers while nobody applies to it.
type Config struct {
	Revision uint64 // of the last event
	Events   uint64 // how many events the stream has, and so its next revision
	Settings Settings
	Opened   *LogOpened     // nil in a log that has not been opened
	Clock    *TimeSimulated // nil where the log keeps the time of day

	procedures []*procedure.Procedure // in order of adoption
	byKey      map[string]*procedure.Procedure
	calendar   *Calendar            // the last adopted, or nil
	inForce    *Calendar            // with the closure days of the settings
	grants     map[string][]granted // by actor id, the newest last
	monitored  bool                 // a monitoring officer has been granted
	lists      map[CodeList][]Term  // adopted by themselves
	limits     *LimitsAdopted       // adopted by themselves, or nil
	reconciled []Label              // batches of imports that were signed off
}

// NewConfig returns the config of an empty stream: the default settings, and nothing adopted or granted.
func NewConfig() *Config {
	return &Config{
		Settings: DefaultSettings(),
		byKey:    map[string]*procedure.Procedure{},
		inForce:  shippedCalendar(),
		grants:   map[string][]granted{},
		lists:    map[CodeList][]Term{},
	}
}

// FoldConfig folds a whole config stream.
func FoldConfig(records []Recorded) (*Config, error) {
	c := NewConfig()
	for _, r := range records {
		if err := c.Apply(r); err != nil {
			return nil, err
		}
	}
	return c, nil
}

type configFact interface {
	Event
	adopt(c *Config, recorded time.Time) error
}

// Apply adds the next event of the config stream. An event of another stream or out of its place, or an adopted file that
// cannot be read any more, is an error and changes nothing.
func (c *Config) Apply(r Recorded) error {
	fact, ok := r.Event.(configFact)
	if !ok {
		return misplaced(r, "config")
	}
	if r.Revision != c.Events {
		return gap(r, c.Events)
	}
	if err := fact.adopt(c, r.Meta.RecordedAt); err != nil {
		return err
	}
	c.Revision, c.Events = r.Revision, c.Events+1
	return nil
}

// Clone returns a copy that later events of either leave untouched in the other.
func (c *Config) Clone() *Config {
	d := *c
	d.procedures = slices.Clip(c.procedures)
	d.byKey, d.lists = maps.Clone(c.byKey), maps.Clone(c.lists)
	d.grants = make(map[string][]granted, len(c.grants))
	for actor, held := range c.grants {
		d.grants[actor] = slices.Clone(held)
	}
	return &d
}

// Procedure returns the adopted procedure of that key, id@version, or nil.
func (c *Config) Procedure(key string) *procedure.Procedure { return c.byKey[key] }

// Procedures returns everything adopted, in order of adoption.
func (c *Config) Procedures() []*procedure.Procedure { return slices.Clip(c.procedures) }

// ProcedureFor returns the version of a procedure that takes cases received on the given day, the last adopted where
// several do, or nil.
func (c *Config) ProcedureFor(id string, received Date) *procedure.Procedure {
	for _, p := range slices.Backward(c.procedures) {
		if p.ID == id && p.TakesCases() && p.InForce(received.String()) {
			return p
		}
	}
	return nil
}

// newest returns the version of a procedure that was adopted last, whether or not it takes cases, or nil.
func (c *Config) newest(id string) *procedure.Procedure {
	for _, p := range slices.Backward(c.procedures) {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// Calendar returns the calendar in force, with the council's closure days: the last adopted, and the shipped one before
// any is.
func (c *Config) Calendar() *Calendar { return c.inForce }

// recalendar puts the calendar in force together again, after it or the settings have changed.
func (c *Config) recalendar() {
	base := c.calendar
	if base == nil {
		base = shippedCalendar()
	}
	c.inForce = base.WithClosures(c.Settings.ClosureDays)
}

var shippedCalendar = sync.OnceValue(func() *Calendar {
	calendar, err := ParseCalendar("shipped", ShippedHolidays())
	if err != nil {
		panic(err) // the file is embedded, and read by the tests
	}
	return calendar
})

// Monitored reports whether a monitoring officer has been granted. Until then roles that the operator grants are
// accepted and marked bootstrap; afterwards each needs an approver.
func (c *Config) Monitored() bool { return c.monitored }

// Grant is what somebody may be at a moment.
type Grant struct {
	Actor string
	Held  []HeldRole // the newest first
}

// HeldRole is one role that somebody holds.
type HeldRole struct {
	Role    Role
	Service Term // empty = all services
	Grade   int  // 0 = none stated
}

// Has reports whether the role is held, for whatever service.
func (g Grant) Has(role Role) bool {
	return slices.ContainsFunc(g.Held, func(h HeldRole) bool { return h.Role == role })
}

// Grade returns the grade of the newest grant that states one, or 0.
func (g Grant) Grade() int {
	for _, held := range g.Held {
		if held.Grade != 0 {
			return held.Grade
		}
	}
	return 0
}

// Covers reports whether any role is held that covers the service.
func (g Grant) Covers(service Term) bool {
	return slices.ContainsFunc(g.Held, func(h HeldRole) bool { return h.covers(service) })
}

// Grant returns the roles that an actor id holds at a moment. An id that was never granted anything holds none.
func (c *Config) Grant(actor string, at time.Time) Grant {
	g := Grant{Actor: actor}
	for _, held := range slices.Backward(c.grants[actor]) {
		if held.at(at) {
			g.Held = append(g.Held, held.HeldRole)
		}
	}
	return g
}

// granted is one role of one grant.
type granted struct {
	HeldRole
	from, until time.Time // until is zero for a grant without end
}

func (g granted) at(t time.Time) bool {
	return !t.Before(g.from) && (g.until.IsZero() || t.Before(g.until))
}

// LogOpened is the first event of a log. It names the vault whose keys open the log's sealed fields.
type LogOpened struct {
	VaultID        uuid.UUID `json:"vault_id" doc:"the vault's own id"`
	KEKFingerprint Term      `json:"kek_fingerprint" doc:"of the key-encryption key"`
}

// Schema names the event.
func (LogOpened) Schema() (string, int) { return "LogOpened", 1 }

func (e LogOpened) adopt(c *Config, _ time.Time) error {
	if c.Opened == nil {
		c.Opened = &e
	}
	return nil
}

// TimeSimulated says that the log keeps another time than the day's: it was made by a demonstration or a story.
type TimeSimulated struct {
	By   Term      `json:"by" doc:"what moves the clock"`
	From time.Time `json:"from" doc:"where it starts"`
}

// Schema names the event.
func (TimeSimulated) Schema() (string, int) { return "TimeSimulated", 1 }

func (e TimeSimulated) adopt(c *Config, _ time.Time) error {
	if c.Clock == nil {
		c.Clock = &e
	}
	return nil
}
