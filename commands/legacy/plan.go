package legacy

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"redress/domain"
)

// plan is what a file says, case by case, before anything is compared with the log.
type plan struct {
	cases  []*sourceCase
	byRef  map[domain.Label]*sourceCase
	seen   map[[sha256.Size]byte]bool // whole rows of this file
	odd    int                        // rows with a time that exists twice or not at all
	header []string
	index  map[string]int // of the columns
}

// sourceCase is all that a file says of one case, its rows in the order of the file.
type sourceCase struct {
	ref    domain.Label
	status domain.Term // of its first row
	rows   []sourceRow
}

// sourceRow is one row that was understood.
type sourceRow struct {
	line   int
	name   domain.Label // empty where the source does not name its rows
	values []string
	facts  []domain.Event // at least one
	at     time.Time      // of its first fact
	odd    bool           // one of its times exists twice or not at all
}

// read takes the whole file. Rows that cannot be used are rejected in the report; an error concerns the file.
func (m *Mapping) read(source *Source, report *Report) (*plan, error) {
	p := &plan{byRef: map[domain.Label]*sourceCase{}, seen: map[[sha256.Size]byte]bool{}, header: source.Header, index: map[string]int{}}
	for i, column := range source.Header {
		p.index[column] = i
	}
	for {
		row, err := source.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		report.Rows++
		if fault, ok := errors.AsType[*RowError](err); ok {
			report.reject(fault.Line, fault.Rule, fault.Reason)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", row.Line, err)
		}
		whole := digest(row.Values)
		if p.seen[whole] {
			report.Duplicates++
			continue
		}
		p.seen[whole] = true
		if fault := p.take(m, row); fault != nil {
			report.reject(row.Line, fault.Rule, fault.Error())
		}
	}
	return p, nil
}

// digest tells rows of one file apart. It has no key and stays in memory.
func digest(values []string) (whole [sha256.Size]byte) {
	h := sha256.New()
	for _, value := range values {
		fmt.Fprintf(h, "%d:%s", len(value), value)
	}
	h.Sum(whole[:0])
	return whole
}

// take understands one row and puts it to its case.
func (p *plan) take(m *Mapping, row Row) *RejectedValue {
	cell := func(column string) string {
		if i, ok := p.index[column]; ok {
			return row.Values[i]
		}
		return ""
	}
	ref := domain.Label(strings.TrimSpace(cell(m.Case)))
	if !ref.Valid() {
		return &RejectedValue{RuleValue, m.Case, "the case's reference must be 1-64 letters, digits, spaces and -_./"}
	}
	r := sourceRow{line: row.Line, values: row.Values}
	if column := m.rowColumn(); column != "" {
		if r.name = domain.Label(strings.TrimSpace(cell(column))); !r.name.Valid() {
			return &RejectedValue{RuleValue, column, "the row's name must be 1-64 letters, digits, spaces and -_./"}
		}
	}
	status := domain.Term(strings.TrimSpace(cell(m.Status)))
	if status == "" {
		status = "not given"
	}
	if !status.Valid() {
		return &RejectedValue{RuleValue, m.Status, errNotCode.Error()}
	}
	moments := func(text string) (time.Time, error) {
		at, odd, err := m.moment(strings.TrimSpace(text))
		r.odd = r.odd || odd
		return at, err
	}
	if fault := r.fill(m, cell, moments); fault != nil {
		return fault
	}
	if r.odd {
		p.odd++
	}
	c, known := p.byRef[ref]
	if !known {
		c = &sourceCase{ref: ref, status: status}
		p.byRef[ref] = c
		p.cases = append(p.cases, c)
	}
	c.rows = append(c.rows, r)
	return nil
}

// rowColumn is the column that names a row. Where a case is one row, the case names it.
func (m *Mapping) rowColumn() string {
	if m.Row == "" && m.Activity == "" {
		return m.Case
	}
	return m.Row
}

// fill makes the row's facts by the rules that apply to it.
func (r *sourceRow) fill(m *Mapping, cell func(string) string, moments func(string) (time.Time, error)) *RejectedValue {
	activity, matched := strings.TrimSpace(cell(m.Activity)), false
	for i := range m.Events {
		rule := &m.Events[i]
		if rule.Activity != activity && m.Activity != "" {
			continue
		}
		matched = true
		if rule.When != "" && strings.TrimSpace(cell(rule.When)) == "" {
			continue
		}
		fact, err := m.fillers[i].make(rule, cell, moments)
		if fault, ok := errors.AsType[*RejectedValue](err); ok {
			return fault
		}
		if err != nil {
			return &RejectedValue{RuleValue, rule.At, err.Error()}
		}
		if recorded, ok := fact.(domain.LegacyRecorded); ok {
			recorded.Activity = domain.Term(activity)
			fact = recorded
		}
		if timed, ok := fact.(domain.Timed); ok && r.at.IsZero() {
			r.at = timed.When()
		}
		r.facts = append(r.facts, fact)
	}
	switch {
	case !matched:
		return &RejectedValue{RuleUnmapped, m.Activity, "an activity that the mapping does not know"}
	case len(r.facts) == 0:
		return &RejectedValue{RuleMissing, m.Activity, "none of the columns that say what happened has a value"}
	}
	return nil
}

// sealedRow is the row as it is kept: a JSON object of every column that the mapping does not ignore.
func (m *Mapping) sealedRow(header, values []string) (domain.Personal, error) {
	kept := make(map[string]string, len(values))
	for i, column := range header {
		if values[i] != "" && !slices.Contains(m.Ignore, column) {
			kept[column] = values[i]
		}
	}
	text, err := json.Marshal(kept, json.Deterministic(true))
	return domain.Plain(string(text)), err
}

// opens reports whether the row can begin a case.
func (r sourceRow) opens() bool {
	_, ok := r.facts[0].(domain.Received)
	return ok
}
