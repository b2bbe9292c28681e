package domain

import (
	"time"
)

// Imported begins every case that was brought in from an older system. The source row is kept whole, sealed.
type Imported struct {
	SourceSystem Term     `json:"source_system" rule:"required" doc:"the older system"`
	SourceRef    Label    `json:"source_ref" rule:"required" doc:"the case's reference there"`
	Batch        Label    `json:"batch" rule:"required" doc:"the import that brought it"`
	RowMAC       []byte   `json:"row_mac" rule:"required" doc:"keyed digest of the source row"`
	Row          Personal `json:"row,omitzero" doc:"the source row"`
	Grade        Grade    `json:"grade" rule:"required" doc:"how much of the history the source holds"`
	Missing      []Term   `json:"missing" rule:"required" doc:"fields of the case that the source lacks"`
	SourceStatus Term     `json:"source_status" rule:"required" doc:"the status there, as it stood"`
}

// Schema names the event.
func (Imported) Schema() (string, int) { return "Imported", 1 }

// LegacyRecorded keeps a row of an older activity log that has no counterpart among our events.
type LegacyRecorded struct {
	SourceSystem Term      `json:"source_system" rule:"required" doc:"the older system"`
	SourceRef    Label     `json:"source_ref" rule:"required" doc:"the case's reference there"`
	Activity     Term      `json:"activity" rule:"required" doc:"what the older system calls it"`
	At           time.Time `json:"at" rule:"required" doc:"when it happened"`
	Row          Personal  `json:"row,omitzero" doc:"the source row"`
	RowMAC       []byte    `json:"row_mac" rule:"required" doc:"keyed digest of the source row"`
}

// Schema names the event.
func (LegacyRecorded) Schema() (string, int) { return "LegacyRecorded", 1 }

// When returns the moment that the source gives.
func (e LegacyRecorded) When() time.Time { return e.At }

// Grade is how much of a case's history an older system holds.
type Grade string

// Values returns the closed list of grades.
func (Grade) Values() []string { return []string{"full", "partial", "summary"} }

// SourceRow names a row of an import, so that importing again knows it.
type SourceRow struct {
	Name Label  `json:"name,omitzero"` // the row's own name in the source; empty where the row has none
	MAC  []byte `json:"mac"`           // keyed digest of the whole row
}

// ImportInfo is what a case knows of the system it came from.
type ImportInfo struct {
	SourceSystem Term
	SourceRef    Label
	Batch        Label // of the first import; later rows may come with another
	Grade        Grade
	Missing      []Term
	SourceStatus Term
	Notes        []string // preconditions that did not hold, in the order of the events (legacy_exception)
	Rows         []SourceRow
}

// Lacks reports whether the source has no such field.
func (i *ImportInfo) Lacks(field Term) bool {
	for _, missing := range i.Missing {
		if missing == field {
			return true
		}
	}
	return false
}

// Knows reports whether exactly this row has been imported, and whether a row of the same name but another content has.
func (i *ImportInfo) Knows(row SourceRow) (present, changed bool) {
	for _, known := range i.Rows {
		if string(known.MAC) == string(row.MAC) {
			return true, false
		}
		changed = changed || row.Name != "" && known.Name == row.Name
	}
	return false, changed
}

func (e Imported) happen(c *Case, m *Metadata) {
	if c.Imported != nil {
		return
	}
	c.Imported = &ImportInfo{
		SourceSystem: e.SourceSystem, SourceRef: e.SourceRef, Batch: e.Batch,
		Grade: e.Grade, Missing: e.Missing, SourceStatus: e.SourceStatus,
	}
	c.remember(m.SourceRow, e.RowMAC)
}

func (e LegacyRecorded) happen(c *Case, m *Metadata) { c.remember(m.SourceRow, e.RowMAC) }
