package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/go-json-experiment/json"

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

func (e ProcedureAdopted) adopt(c *Config) error {
	p, err := procedure.Parse(string(e.ProcedureID)+".yaml", []byte(e.Content), procedure.WithMapping())
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
	// FromMapping allows stages without clocks, as the procedures that come with an import have.
	FromMapping bool `json:"-"`
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

func (e CalendarAdopted) adopt(c *Config) error {
	calendar, err := ParseCalendar(string(e.Version), []byte(e.Content))
	if err != nil {
		return fmt.Errorf("adopted calendar %s: %w", e.Version, err)
	}
	c.calendar = calendar
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

func (e SettingsAdopted) adopt(c *Config) error {
	c.Settings = e.Settings.withDefaults()
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
