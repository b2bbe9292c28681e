package projections

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"redress/domain"
	"redress/domain/procedure"
	"redress/eventstore"
)

// Model is one read model: a table and the pure functions that fill it. Either Rows or
// Adds is set. Whoever changes what a model's rows say raises its Version; the next
// start rebuilds it.
type Model struct {
	Name    string
	Version int
	SQL     string   // the table, a line "-- indexes", and its indexes; names are not qualified
	Columns []Column // in the order of a Row's values; the first two are tenant and case_id
	Key     []string // the columns that tell one row of a case from another

	// Rows returns all rows of a case as it stands. They replace its former ones.
	Rows func(View) ([]Row, error)
	// Adds returns the rows that one event adds. They never change afterwards.
	Adds func(Change) ([]Row, error)
}

// Column is a column's name and its PostgreSQL type.
type Column struct{ Name, Type string }

// Row holds a value for each column of its model: a Go value that pgx can write as the
// column's type, or nil.
type Row []any

// View is a case as it stands after its last event, with the rules it stands under.
type View struct {
	Tenant    string
	Case      *domain.Case
	Procedure *procedure.Procedure // the one that the case is bound to
	// Adopted are all procedures, for the stages of one that the case has left.
	Adopted  []*procedure.Procedure
	Calendar *domain.Calendar
	Settings domain.Settings // those in force when the case's last event, or they themselves, came
	Clocks   []domain.Clock
	Spans    Spans
	Position uint64 // of the case's last event
	EventID  uuid.UUID
}

// Change is one event of a case with what it did. The faces are those of the next change
// as soon as this one has been dealt with.
type Change struct {
	Tenant        string
	Record        eventstore.Record
	Before, After Face
	CaseID        uuid.UUID
}

// Models lists the read models, in the order in which they are written.
var Models = []*Model{cases, timeline, clocks, facts, remedies, tasks}

// Fingerprint names the models and versions of this program. A checkpoint with another one
// belongs to tables that have to be rebuilt.
func Fingerprint() string {
	names := make([]string, 0, len(Models))
	for _, m := range Models {
		names = append(names, fmt.Sprintf("%s@%d", m.Name, m.Version))
	}
	return strings.Join(names, " ")
}

// table and indexes are the two parts of the model's SQL.
func (m *Model) table() string {
	table, _, _ := strings.Cut(m.SQL, "-- indexes")
	return table
}

func (m *Model) indexes() string {
	_, indexes, _ := strings.Cut(m.SQL, "-- indexes")
	return indexes
}

// names returns the columns' names.
func (m *Model) names() []string {
	names := make([]string, 0, len(m.Columns))
	for _, c := range m.Columns {
		names = append(names, c.Name)
	}
	return names
}

// columns reads the columns from the model's SQL: the lines between the parentheses,
// each beginning with a name and a type. So a column stands in one place only.
func columns(sql string) []Column {
	_, body, _ := strings.Cut(sql, "(\n")
	body, _, _ = strings.Cut(body, "\n);")
	var list []Column
	for line := range strings.Lines(body) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] == "--" {
			continue
		}
		list = append(list, Column{Name: words[0], Type: strings.TrimSuffix(words[1], ",")})
	}
	return list
}
