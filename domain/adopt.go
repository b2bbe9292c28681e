package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/domain/procedure"
)

// ProcedureAdopted records that a version of a procedure came into use. The file is kept whole and never edited; another
// version is another adoption.
type ProcedureAdopted struct {
	ProcedureID Label       `json:"procedure_id" doc:"the procedure's id"`
	Version     Label       `json:"version" doc:"the version"`
	Content     Content     `json:"content" doc:"the procedure's file (YAML)"`
	ContentHash Term        `json:"content_hash" doc:"SHA-256 of the file, hexadecimal"`
	ChangeClass ChangeClass `json:"change_class" doc:"minor or substantive"`
	Approver    Term        `json:"approver,omitzero" doc:"who approved it"`
	Reference   Personal    `json:"reference,omitzero" doc:"the minute or decision"`
}

// Schema names the event.
func (ProcedureAdopted) Schema() (string, int) { return "ProcedureAdopted", 1 }

// ChangeClass says how much an adoption changes.
type ChangeClass string

// The classes.
const (
	ChangeMinor       ChangeClass = "minor"
	ChangeSubstantive ChangeClass = "substantive"
)

// Values returns the closed list of classes.
func (ChangeClass) Values() []string { return []string{"minor", "substantive"} }

// read holds what was parsed by its text: the same few files are adopted in every log that a process folds, and to parse
// one takes milliseconds. A procedure never changes once it is read.
var read sync.Map // Content -> *procedure.Procedure

func (e ProcedureAdopted) parse() (*procedure.Procedure, error) {
	if p, ok := read.Load(e.Content); ok {
		return p.(*procedure.Procedure), nil
	}
	p, err := procedure.Parse(string(e.ProcedureID)+".yaml", []byte(e.Content), procedure.WithMapping())
	if err == nil {
		read.Store(e.Content, p)
	}
	return p, err
}

func (e ProcedureAdopted) adopt(c *Config, _ time.Time) error {
	p, err := e.parse()
	if err != nil {
		return fmt.Errorf("adopted procedure %s@%s: %w", e.ProcedureID, e.Version, err)
	}
	c.procedures = append(c.procedures, p)
	c.byKey[p.Key()] = p
	return nil
}

// AdoptProcedure is the command that brings a version of a procedure into use.
type AdoptProcedure struct {
	Content     Content     `json:"content" rule:"required" doc:"the procedure's file (YAML)"`
	ChangeClass ChangeClass `json:"change_class,omitzero" doc:"left out = as the file's adoption says"`
	Approver    Term        `json:"approver,omitzero" doc:"who approved it; required for a minor change"`
	Reference   Personal    `json:"reference,omitzero" doc:"the executive body's decision; required for a substantive change"`
}

// CalendarAdopted records that a calendar came into use.
type CalendarAdopted struct {
	Version     Label    `json:"version" doc:"the calendar's version"`
	Content     Content  `json:"content" doc:"the holidays (CSV)"`
	ContentHash Term     `json:"content_hash" doc:"SHA-256 of the file, hexadecimal"`
	From        Date     `json:"from,omitzero" doc:"from which day it holds"`
	Source      Personal `json:"source,omitzero" doc:"where the days were published"`
	Approver    Term     `json:"approver,omitzero" doc:"who approved it"`
	Reference   Personal `json:"reference,omitzero" doc:"the decision"`
}

// Schema names the event.
func (CalendarAdopted) Schema() (string, int) { return "CalendarAdopted", 1 }

func (e CalendarAdopted) adopt(c *Config, recorded time.Time) error {
	calendar, err := ParseCalendar(string(e.Version), []byte(e.Content))
	if err != nil {
		return fmt.Errorf("adopted calendar %s: %w", e.Version, err)
	}
	if c.calendar != nil {
		calendar = calendar.Replacing(c.calendar, recorded)
	}
	c.calendar = calendar
	c.recalendar()
	return nil
}

// AdoptCalendar is the command that brings a calendar into use.
type AdoptCalendar struct {
	Version   Label    `json:"version" rule:"required" doc:"the calendar's version"`
	Content   Content  `json:"content" rule:"required" doc:"the holidays (CSV)"`
	From      Date     `json:"from,omitzero" doc:"from which day it holds"`
	Source    Personal `json:"source,omitzero" doc:"where the days were published"`
	Approver  Term     `json:"approver" rule:"required" doc:"who approved it"`
	Reference Personal `json:"reference,omitzero" rule:"required" doc:"the decision"`
}

// SettingsAdopted records what the council decided for all its cases.
type SettingsAdopted struct {
	Settings    Settings `json:"settings" doc:"the settings"`
	ContentHash Term     `json:"content_hash" doc:"SHA-256 of the settings' JSON, hexadecimal"`
	Approver    Term     `json:"approver,omitzero" doc:"who approved them"`
	Reference   Personal `json:"reference,omitzero" doc:"the decision"`
}

// Schema names the event.
func (SettingsAdopted) Schema() (string, int) { return "SettingsAdopted", 1 }

func (e SettingsAdopted) adopt(c *Config, _ time.Time) error {
	c.Settings = e.Settings.withDefaults()
	c.overlay()
	c.recalendar()
	return nil
}

// AdoptSettings is the command that decides the settings, whole.
type AdoptSettings struct {
	Settings  Settings `json:"settings" rule:"required" doc:"the settings"`
	Approver  Term     `json:"approver" rule:"required" doc:"who approved them"`
	Reference Personal `json:"reference,omitzero" rule:"required" doc:"the decision"`
}

// NewSettingsAdopted makes the event for settings that are adopted, with their digest.
func NewSettingsAdopted(settings Settings, approver Term, reference Personal) (SettingsAdopted, error) {
	text, err := json.Marshal(settings, json.Deterministic(true))
	if err != nil {
		return SettingsAdopted{}, fmt.Errorf("settings: %w", err)
	}
	return SettingsAdopted{
		Settings: settings, ContentHash: digest(text), Approver: approver, Reference: reference,
	}, nil
}

// digest returns the SHA-256 of a file that is not about a person.
func digest(text []byte) Term {
	sum := sha256.Sum256(text)
	return Term(hex.EncodeToString(sum[:]))
}

// DecideAdoptProcedure answers with [ProcedureAdopted]. A minor change needs a named approver, a substantive one the
// reference of the executive body's decision. A file that cannot be read, or a version that is adopted already, is
// BAD_VALUE.
func DecideAdoptProcedure(ctx Context, a AdoptProcedure) ([]Event, error) {
	p, err := procedure.Parse("content", []byte(a.Content), mappingOptions(ctx.WayIn == ViaImport)...)
	if err != nil {
		return nil, unreadable(err)
	}
	if ctx.Config.Procedure(p.Key()) != nil {
		return nil, BadValue("content", "a version that has not been adopted; a file in use is never edited")
	}
	if a.ChangeClass == "" {
		a.ChangeClass = ChangeClass(p.Adoption.ChangeClass)
	}
	if a.ChangeClass == ChangeMinor && a.Approver == "" {
		return nil, MissingField("approver", "who approved the minor change")
	}
	if a.ChangeClass == ChangeSubstantive && a.Reference.IsZero() {
		return nil, MissingField("reference", "the executive body's decision on the substantive change")
	}
	if err := checkAdopter(ctx, a.Approver); err != nil {
		return nil, err
	}
	return []Event{NewProcedureAdopted(p, a.ChangeClass, a.Approver, a.Reference)}, nil
}

// NewProcedureAdopted makes the event for a procedure that is adopted, with its digest.
func NewProcedureAdopted(p *procedure.Procedure, class ChangeClass, approver Term, reference Personal) ProcedureAdopted {
	return ProcedureAdopted{
		ProcedureID: Label(p.ID), Version: Label(p.Version), Content: Content(p.Source()), ContentHash: Term(p.Hash()),
		ChangeClass: class, Approver: approver, Reference: reference,
	}
}

// DecideAdoptCalendar answers with [CalendarAdopted]. A file that cannot be read is BAD_VALUE.
func DecideAdoptCalendar(ctx Context, a AdoptCalendar) ([]Event, error) {
	if _, err := ParseCalendar(string(a.Version), []byte(a.Content)); err != nil {
		return nil, BadValue("content", err.Error())
	}
	if err := checkAdopter(ctx, a.Approver); err != nil {
		return nil, err
	}
	return []Event{CalendarAdopted{
		Version: a.Version, Content: a.Content, ContentHash: digest([]byte(a.Content)), From: a.From, Source: a.Source,
		Approver: a.Approver, Reference: a.Reference,
	}}, nil
}

// DecideAdoptSettings answers with [SettingsAdopted].
func DecideAdoptSettings(ctx Context, a AdoptSettings) ([]Event, error) {
	if err := checkSettings(a.Settings); err != nil {
		return nil, err
	}
	if err := checkAdopter(ctx, a.Approver); err != nil {
		return nil, err
	}
	adopted, err := NewSettingsAdopted(a.Settings, a.Approver, a.Reference)
	if err != nil {
		return nil, err
	}
	return []Event{adopted}, nil
}

// checkAdopter finds an approver who is who acts, or a person without the right. An approver that is no person's id is
// the name of a body, and is recorded as stated. What somebody may only propose, a person approves who may adopt it.
func checkAdopter(ctx Context, approver Term) error {
	id, err := uuid.Parse(string(approver))
	switch {
	case err != nil && proposesOnly(ctx, ActionAdopt):
		return Reject(NotPermitted, "approver: the administrator who approves what is proposed")
	case err != nil:
		return nil
	case ctx.Actor.Is(id):
		return Reject(SelfApproval, "approver: somebody other than who adopts it")
	}
	may := "yp"
	if proposesOnly(ctx, ActionAdopt) {
		may = "y"
	}
	for _, held := range ctx.Config.Grant(id.String(), ctx.Now).Held {
		if strings.IndexByte(may, letter(ActionAdopt, held.Role)) >= 0 {
			return nil
		}
	}
	return Reject(NotPermitted, "approver: somebody who may adopt")
}

// proposesOnly reports whether who acts may propose this and not do it: none of the roles held has a y for it.
func proposesOnly(ctx Context, action Action) bool {
	if ctx.Actor.Operator && ctx.Actor.OnBehalfOf == "" {
		return false
	}
	held := ctx.Config.Grant(ctx.Actor.Rights(), ctx.Now).Held
	with := func(l byte) bool {
		return slices.ContainsFunc(held, func(h HeldRole) bool { return letter(action, h.Role) == l })
	}
	return with('p') && !with('y')
}

// unreadable makes a rejection of a procedure file, with everything that is wrong with it.
func unreadable(err error) *Rejection {
	r := BadValue("content", "a procedure that keeps to redress.procedure/v1 and its loading checks")
	if all, ok := errors.AsType[*procedure.Faults](err); ok {
		r.Faults = nil
		for _, fault := range all.Faults {
			field := "content"
			if fault.Path != "" {
				field += "." + fault.Path
			}
			r.Faults = append(r.Faults, Fault{Field: field, Code: BadValueCode, Rule: fault.Rule})
		}
	}
	return r
}

// mappingOptions allows stages without clocks in the procedures that come with an import.
func mappingOptions(fromMapping bool) []procedure.Option {
	if fromMapping {
		return []procedure.Option{procedure.WithMapping()}
	}
	return nil
}
