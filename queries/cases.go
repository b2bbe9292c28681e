package queries

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"redress/domain"
)

// Filter narrows a list of cases; what is empty narrows nothing.
type Filter struct {
	Status    []string
	Kind      string
	Service   string
	Category  string
	Ward      string
	Stage     string
	Channel   string
	Procedure string // ID or ID@VERSION
	Officer   string // id of who holds the case
	Ref       string // a reference, or SOURCE:REF of an imported case
	DueBefore time.Time
	Overdue   bool // the response is overdue now
	// ReceivedFrom and ReceivedTo are London dates; ReceivedTo is exclusive.
	ReceivedFrom, ReceivedTo domain.Date
	Within                   *Scope // the cases that the reader may know of; nil: all
}

// Page says which part of a list is wanted.
type Page struct {
	After string // the Next of the page before; empty: the first
	Size  int    // 1 to 200; 0 means 50
}

// CaseList is one page of cases, the newest receipt first.
type CaseList struct {
	Cases []CaseRow `json:"cases"`
	Next  string    `json:"next"` // where the next page begins; empty on the last
}

// CaseRow is a case as lists show it. Nothing in it is personal.
type CaseRow struct {
	ID           uuid.UUID  `json:"case" db:"case_id"`
	Ref          string     `json:"ref" db:"ref"`
	SourceSystem *string    `json:"source_system" db:"source_system"`
	SourceRef    *string    `json:"source_ref" db:"source_ref"`
	Revision     int64      `json:"revision" db:"revision"`
	Kind         string     `json:"kind" db:"kind"`
	Channel      string     `json:"channel" db:"channel"`
	Service      string     `json:"service" db:"service"`
	Category     string     `json:"category" db:"category"`
	Ward         string     `json:"ward" db:"ward"`
	Procedure    string     `json:"procedure" db:"procedure"`
	Status       string     `json:"status" db:"status"`
	Stage        string     `json:"stage" db:"stage"`
	Step         string     `json:"step" db:"step"`
	ClosedReason *string    `json:"closed_reason" db:"closed_reason"`
	Officer      *string    `json:"officer" db:"officer"`
	Outcome      *string    `json:"outcome" db:"outcome"`
	ReceivedAt   time.Time  `json:"received_at" db:"received_at"`
	ClosedAt     *time.Time `json:"closed_at" db:"closed_at"`
	DueClock     *string    `json:"due_clock" db:"due_clock"` // the response clock that is due first
	DueOn        *string    `json:"due_on" db:"due_on"`       // its last day on time, a London date
	DueInstant   *time.Time `json:"due_instant" db:"due_instant"`
	Overdue      bool       `json:"overdue" db:"overdue"`
	TimeLimit    *string    `json:"time_limit" db:"time_limit"` // the last London date on which the matter could be raised in time
	Late         bool       `json:"late" db:"late"`             // it was raised after that: somebody decides whether to take it
}

// caseColumns are the columns of a CaseRow. $1 is the present time.
const caseColumns = `case_id, ref, source_system, source_ref, revision, kind, channel, service, category, ward, procedure,
	status, stage, step, closed_reason, officer, outcome, received_at, closed_at, due_clock, due_on::text as due_on, due_instant,
	status = 'open' and due_instant is not null and due_instant <= $1 as overdue,
	raise_by::text as time_limit, raise_by is not null and received_on > raise_by as late`

// Cases returns a page of the cases that pass a filter.
func (q *Queries) Cases(ctx context.Context, f Filter, p Page) (CaseList, error) {
	list := CaseList{Cases: []CaseRow{}}
	size := p.Size
	if size == 0 {
		size = 50
	}
	if size < 1 || size > 200 {
		return list, &ParameterError{"size", "1 to 200"}
	}
	w, err := f.where(q.now())
	if err != nil {
		return list, err
	}
	if p.After != "" {
		at, id, err := parseKey(p.After)
		if err != nil {
			return list, err
		}
		w.and("(received_at, case_id) < (%s, %s)", at, id)
	}
	rows, err := q.Pool.Query(ctx, "select "+caseColumns+" from read.cases where "+w.sql+
		" order by received_at desc, case_id desc limit "+strconv.Itoa(size+1), w.args...)
	if err != nil {
		return list, notBuilt(fmt.Errorf("list of cases: %w", err))
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[CaseRow])
	if err != nil {
		return list, notBuilt(fmt.Errorf("list of cases: %w", err))
	}
	if len(found) > size {
		found = found[:size]
		list.Next = key(found[size-1])
	}
	for i := range found {
		found[i].utc()
	}
	list.Cases = append(list.Cases, found...)
	return list, nil
}

// utc turns the instants, which pgx gives in the machine's zone.
func (c *CaseRow) utc() {
	c.ReceivedAt = c.ReceivedAt.UTC()
	c.ClosedAt, c.DueInstant = utcOrNil(c.ClosedAt), utcOrNil(c.DueInstant)
}

func utcOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// where is a condition with its arguments.
type where struct {
	sql  string
	args []any
}

// and adds a condition, in which each %s stands for an argument.
func (w *where) and(condition string, args ...any) {
	places := make([]any, len(args))
	for i, arg := range args {
		w.args = append(w.args, arg)
		places[i] = "$" + strconv.Itoa(len(w.args))
	}
	w.sql += " and " + fmt.Sprintf(condition, places...)
}

func (f Filter) where(now time.Time) (*where, error) {
	w := &where{sql: "$1::timestamptz is not null", args: []any{now}}
	if len(f.Status) > 0 {
		w.and("status = any(%s)", f.Status)
	}
	for _, equal := range []struct{ column, value string }{
		{"kind", f.Kind},
		{"service", f.Service},
		{"category", f.Category},
		{"ward", f.Ward},
		{"stage", f.Stage},
		{"channel", f.Channel},
		{"officer", f.Officer},
	} {
		if equal.value != "" {
			w.and(equal.column+" = %s", equal.value)
		}
	}
	if f.Procedure != "" {
		column := "procedure_id"
		if strings.Contains(f.Procedure, "@") {
			column = "procedure"
		}
		w.and(column+" = %s", f.Procedure)
	}
	if f.Ref != "" {
		if system, ref, ok := strings.Cut(f.Ref, ":"); ok {
			w.and("source_system = %s and source_ref = %s", system, ref)
		} else {
			w.and("ref = %s", f.Ref)
		}
	}
	if !f.DueBefore.IsZero() {
		w.and("status <> 'closed' and due_instant < %s", f.DueBefore)
	}
	if f.Overdue {
		w.and("status = 'open' and due_instant <= $1")
	}
	if !f.ReceivedFrom.IsZero() {
		w.and("received_at >= %s", f.ReceivedFrom.Midnight())
	}
	if !f.ReceivedTo.IsZero() {
		w.and("received_at < %s", f.ReceivedTo.Midnight())
	}
	w.within(f.Within)
	return w, nil
}

// key is where the page after a row begins.
func key(row CaseRow) string {
	return base64.RawURLEncoding.EncodeToString([]byte(row.ReceivedAt.UTC().Format(time.RFC3339Nano) + " " + row.ID.String()))
}

func parseKey(text string) (at time.Time, id uuid.UUID, err error) {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		moment, name, _ := strings.Cut(string(plain), " ")
		if at, err = time.Parse(time.RFC3339Nano, moment); err == nil {
			id, err = uuid.Parse(name)
		}
	}
	if err != nil {
		return at, id, &ParameterError{"after", "what a page before gave as next"}
	}
	return at, id, nil
}
