package legacy

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"redress/domain/procedure"
)

//go:embed mappings/*.yaml
var shipped embed.FS

// Mapping says what the columns of one source mean. It is data that a council writes for its own export.
type Mapping struct {
	Schema string `yaml:"schema"` // redress.mapping/v1
	Name   string `yaml:"name"`
	Title  string `yaml:"title"`
	Origin string `yaml:"origin"` // where the data come from and under what licence

	SourceSystem string `yaml:"source_system"` // the SOURCE of SOURCE:REF
	Encoding     string `yaml:"encoding"`      // utf-8 (default), iso-8859-1, windows-1252
	Separator    string `yaml:"separator"`     // one character, a comma by default
	Zone         string `yaml:"zone"`          // IANA name in which the file's local times are read
	Dates        string `yaml:"dates"`         // such as M/D/YYYY H:mm or YYYY-MM-DD
	Grade        string `yaml:"grade"`         // full, partial or summary: how much of the history the source holds

	// Case is the column that names the case. Row is the column that names the row within the source; without one the
	// whole row is its own name, and a changed row cannot be told from a new one.
	Case string `yaml:"case"`
	Row  string `yaml:"row"`
	// Activity is the column that says what kind of row it is, in sources with one row for each activity.
	Activity string `yaml:"activity"`
	// Status is the column that holds the source's own status of the case, kept as it stood.
	Status string `yaml:"status"`

	Procedure string      `yaml:"procedure"` // the file of the procedure to which the cases are bound, beside the mapping
	Missing   []string    `yaml:"missing"`   // fields of the case that the source does not have
	Events    []EventRule `yaml:"events"`
	// Ignore lists columns that are not kept. Every other column is sealed with the row.
	Ignore []string `yaml:"ignore"`

	bound   *procedure.Procedure
	text    []byte // the procedure's file, as it is adopted
	zone    *time.Location
	dates   string
	fillers []*filler // of Events, in their order
}

// EventRule says which rows become which event.
type EventRule struct {
	Activity string           `yaml:"activity"` // the value of the activity column; empty in sources with one row a case
	When     string           `yaml:"when"`     // a column that must hold a value, or the event did not happen
	Event    string           `yaml:"event"`    // an event type of the specification
	At       string           `yaml:"at"`       // the column that holds the moment
	With     map[string]Value `yaml:"with"`     // the event's fields
}

// Value is what a field is filled with: one fixed value, or a column, its values translated when a map is given.
type Value struct {
	Fixed   string
	Column  string
	Values  map[string]string
	Default string // for an empty cell; without one the field is absent
}

// UnmarshalYAML reads a scalar as a fixed value and a mapping as a column.
func (v *Value) UnmarshalYAML(text []byte) error {
	if err := yaml.Unmarshal(text, &v.Fixed); err == nil {
		return nil
	}
	var from struct {
		Column  string            `yaml:"column"`
		Values  map[string]string `yaml:"values"`
		Default string            `yaml:"default"`
	}
	if err := yaml.UnmarshalWithOptions(text, &from, yaml.Strict()); err != nil {
		return err
	}
	if from.Column == "" {
		return errors.New("a field is filled with one value, or from a column")
	}
	v.Column, v.Values, v.Default = from.Column, from.Values, from.Default
	return nil
}

// Load returns the shipped mapping of that name, or reads the file of that path. The procedure that it names is read
// from beside it.
func Load(nameOrFile string) (*Mapping, error) {
	if slices.Contains(Names(), nameOrFile) {
		within, err := fs.Sub(shipped, "mappings")
		if err != nil {
			return nil, err
		}
		return parse(within, nameOrFile+".yaml")
	}
	if !strings.ContainsAny(nameOrFile, "./") {
		return nil, fmt.Errorf("there is no mapping %q; shipped are %s, or give a file", nameOrFile, strings.Join(Names(), ", "))
	}
	return parse(os.DirFS(filepath.Dir(nameOrFile)), filepath.Base(nameOrFile))
}

// Names lists the shipped mappings.
func Names() []string {
	files, _ := fs.Glob(shipped, "mappings/*.yaml")
	var names []string
	for _, file := range files {
		if name := strings.TrimSuffix(path.Base(file), ".yaml"); !strings.HasSuffix(name, ".procedure") {
			names = append(names, name)
		}
	}
	return names
}

func parse(dir fs.FS, file string) (*Mapping, error) {
	text, err := fs.ReadFile(dir, file)
	if err != nil {
		return nil, err
	}
	var m Mapping
	if err := yaml.UnmarshalWithOptions(text, &m, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if m.Procedure == "" {
		return nil, fmt.Errorf("%s: procedure: is missing", file)
	}
	if m.text, err = fs.ReadFile(dir, m.Procedure); err != nil {
		return nil, fmt.Errorf("%s: procedure: %w", file, err)
	}
	if m.bound, err = procedure.Parse(m.Procedure, m.text, procedure.WithMapping()); err != nil {
		return nil, err
	}
	if err := m.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &m, nil
}

// columns lists every column that the mapping names, for the check against a file's header.
func (m *Mapping) columns() []string {
	named := append([]string{m.Case, m.Row, m.Activity, m.Status}, m.Ignore...)
	for _, rule := range m.Events {
		named = append(named, rule.When, rule.At)
		for _, value := range rule.With {
			named = append(named, value.Column)
		}
	}
	slices.Sort(named)
	return slices.DeleteFunc(slices.Compact(named), func(column string) bool { return column == "" })
}

// CheckHeader reports the columns that the mapping names and the file lacks.
func (m *Mapping) CheckHeader(header []string) error {
	var faults []error
	for _, column := range m.columns() {
		if !slices.Contains(header, column) {
			faults = append(faults, fmt.Errorf("the file has no column %q, which the mapping %s names", column, m.Name))
		}
	}
	return errors.Join(faults...)
}
