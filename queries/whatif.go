package queries

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"redress/domain"
	"redress/domain/procedure"
	"redress/projections"
)

// WhatIf is the recorded history judged under another procedure. Nothing of it is written anywhere.
type WhatIf struct {
	Report    string          `json:"report"`
	Procedure string          `json:"procedure"` // id@version of the other one
	From      *domain.Date    `json:"from"`
	To        *domain.Date    `json:"to"`
	AsAt      AsAt            `json:"as_at"`
	Notes     []string        `json:"notes"`
	Judged    int             `json:"judged"`   // cases judged under it
	LeftOut   int             `json:"left_out"` // cases of its family that were in a stage which it does not have
	Measures  []MeasureChange `json:"measures"`
	Turns     []Turn          `json:"turns"`
	Cases     []ClockChange   `json:"cases"`
}

// MeasureChange is one measure as it is and as it would have been.
type MeasureChange struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Unit   string `json:"unit"`
	Before Figure `json:"before"`
	After  Figure `json:"after"`
}

// Turn counts the clocks of one name that stand otherwise than they would have.
type Turn struct {
	Clock  string `json:"clock"`
	Before string `json:"before"` // a state; empty where there was no such clock
	After  string `json:"after"`
	Clocks int    `json:"clocks"`
}

// ClockChange is one clock of one case that stands otherwise, or is due on another day. Null: there is no such clock, or
// it has no due date.
type ClockChange struct {
	Case      uuid.UUID  `json:"case"`
	Ref       string     `json:"ref"`
	Procedure string     `json:"procedure"` // that the case is bound to
	Clock     string     `json:"clock"`
	Before    ClockStand `json:"before"`
	After     ClockStand `json:"after"`
}

// ClockStand is how a clock stands.
type ClockStand struct {
	State *string `json:"state"`
	Due   *string `json:"due"` // the last day on time
}

// WhatIf judges the history under another procedure: the cases that are bound to a procedure of the same family, of a kind
// that the other one takes, and in stages that it has. Other cases are judged as they are. Without a period it is the
// whole history; a clock belongs to the period in which it is, or would have been, due. Errors are those of
// [Queries.Performance].
func (q *Queries) WhatIf(ctx context.Context, other *procedure.Procedure, p Parameters) (*WhatIf, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	w := &WhatIf{
		Report: "whatif", Procedure: other.Key(), From: dateOrNull(p.From), To: dateOrNull(p.To),
		Measures: []MeasureChange{}, Turns: []Turn{}, Cases: []ClockChange{},
	}
	p.By = nil
	err := q.pinned(ctx, func(tx pgx.Tx, live projections.Pinned) error {
		w.AsAt = AsAt{Time: q.now().Truncate(time.Microsecond), Position: live.Position}
		before, err := measure(ctx, tx, p, w.AsAt.Time)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "create temporary table clocks_before as select case_id, clock, instance, state, at_due, due_on, due_instant from clocks"); err != nil {
			return err
		}
		judged := map[uuid.UUID]bool{}
		if err := projections.LoadJudged(ctx, tx, q.Store, q.Tenant, live.Position, judge(other, judged), p.Progress); err != nil {
			return err
		}
		w.Judged, w.LeftOut = tally(judged)
		after, err := measure(ctx, tx, p, w.AsAt.Time)
		if err != nil {
			return err
		}
		for i := range before {
			w.Measures = append(w.Measures, MeasureChange{before[i].ID, before[i].Title, before[i].Unit, before[i].Figure, after[i].Figure})
		}
		return w.compare(ctx, tx, p)
	})
	if err != nil {
		return nil, fmt.Errorf("what if: %w", err)
	}
	w.Notes, err = q.notes(ctx, w.AsAt.Position)
	return w, err
}

// judge says that the cases which another procedure could have taken are judged under it, and notes in judged of each case
// of its family whether that is so.
func judge(other *procedure.Procedure, judged map[uuid.UUID]bool) projections.Judge {
	return func(c *domain.Case, own *procedure.Procedure) *procedure.Procedure {
		if own.Family != other.Family || !other.Takes(string(c.Kind)) {
			return own
		}
		strange := slices.ContainsFunc(c.Stages, func(s domain.StageRecord) bool { return other.Stage(string(s.Stage)) == nil })
		judged[c.ID] = !strange
		if strange {
			return own
		}
		return other
	}
}

func tally(judged map[uuid.UUID]bool) (yes, no int) {
	for _, is := range judged {
		if is {
			yes++
		} else {
			no++
		}
	}
	return yes, no
}

// standsAt is a clock's state at the time $1.
const standsAt = "case when %[1]s.state = 'running' and %[1]s.due_instant <= $1 then coalesce(%[1]s.at_due, 'overdue') else %[1]s.state end"

// compare lists the clocks that stand otherwise or are due on another day.
func (w *WhatIf) compare(ctx context.Context, tx pgx.Tx, p Parameters) error {
	was, is := fmt.Sprintf(standsAt, "b"), fmt.Sprintf(standsAt, "a")
	rows, err := tx.Query(ctx, `
		select c.case_id, c.ref, c.procedure, coalesce(b.clock, a.clock), `+was+`, b.due_on::text, `+is+`, a.due_on::text
		from clocks_before b full join clocks a on a.case_id = b.case_id and a.clock = b.clock and a.instance = b.instance
		join cases c on c.case_id = coalesce(b.case_id, a.case_id)
		where (`+was+`, b.due_on) is distinct from (`+is+`, a.due_on)
		and (b.due_on >= coalesce($2::date, '-infinity') and b.due_on < coalesce($3::date, 'infinity')
			or a.due_on >= coalesce($2::date, '-infinity') and a.due_on < coalesce($3::date, 'infinity'))
		order by c.received_at, c.ref, 4, coalesce(b.instance, a.instance)`, w.AsAt.Time, sqlDate(p.From), sqlDate(p.To))
	if err != nil {
		return err
	}
	w.Cases, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k ClockChange, err error) {
		err = row.Scan(&k.Case, &k.Ref, &k.Procedure, &k.Clock, &k.Before.State, &k.Before.Due, &k.After.State, &k.After.Due)
		return k, err
	})
	for i := range w.Cases {
		w.turn(&w.Cases[i])
	}
	slices.SortStableFunc(w.Turns, func(a, b Turn) int { return b.Clocks - a.Clocks })
	return err
}

// turn counts a clock whose state is another one.
func (w *WhatIf) turn(k *ClockChange) {
	before, after := stateOf(k.Before), stateOf(k.After)
	if before == after {
		return
	}
	for i := range w.Turns {
		if t := &w.Turns[i]; t.Clock == k.Clock && t.Before == before && t.After == after {
			t.Clocks++
			return
		}
	}
	w.Turns = append(w.Turns, Turn{k.Clock, before, after, 1})
}

func stateOf(s ClockStand) string {
	if s.State == nil {
		return ""
	}
	return *s.State
}

// shownCases is how many cases the table names; the JSON form has them all.
const shownCases = 20

// WriteTable writes what would have been otherwise, for a terminal.
func (w *WhatIf) WriteTable(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	period := (&Performance{From: w.From, To: w.To}).period()
	fmt.Fprintf(t, "the recorded history judged under %s, %s\n", w.Procedure, period)
	fmt.Fprintf(t, "as at %s, log position %d; nothing was written\n", w.AsAt.Time.In(domain.London).Format("2 Jan 2006 15:04:05 MST"), w.AsAt.Position)
	fmt.Fprintf(t, "%d cases judged under it, %d left as they are because they were in a stage that it does not have\n", w.Judged, w.LeftOut)
	for _, note := range w.Notes {
		fmt.Fprintf(t, "note: %s\n", note)
	}
	w.writeMeasures(t)
	fmt.Fprint(t, "\nCLOCK\tIS\tWOULD HAVE BEEN\tCLOCKS\n")
	for _, turn := range w.Turns {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\n", turn.Clock, orNone(turn.Before), orNone(turn.After), turn.Clocks)
	}
	w.writeCases(t)
	return t.Flush()
}

func (w *WhatIf) writeMeasures(t io.Writer) {
	fmt.Fprint(t, "\nID\tMEASURE\tIS\t\tWOULD HAVE BEEN\t\n")
	same := 0
	for _, m := range w.Measures {
		before, after := shown(m.Before, m.Unit), shown(m.After, m.Unit)
		if before == after && fraction(m.Before) == fraction(m.After) {
			same++
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Title, before, fraction(m.Before), after, fraction(m.After))
	}
	fmt.Fprintf(t, "%d other measures would have been the same\n", same)
}

func (w *WhatIf) writeCases(t io.Writer) {
	fmt.Fprint(t, "\nCASE\tCLOCK\tIS\tDUE\tWOULD HAVE BEEN\tDUE\n")
	judged := 0
	for i := range w.Cases {
		k := &w.Cases[i]
		if stateOf(k.Before) == stateOf(k.After) {
			continue
		}
		if judged++; judged <= shownCases {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", k.Ref, k.Clock, orNone(stateOf(k.Before)), dueText(k.Before), orNone(stateOf(k.After)), dueText(k.After))
		}
	}
	if judged > shownCases {
		fmt.Fprintf(t, "and %d more; --format json has them all\n", judged-shownCases)
	}
	fmt.Fprintf(t, "%d clocks would have been due on another day and stand as they are\n", len(w.Cases)-judged)
}

func dueText(s ClockStand) string {
	if s.Due == nil {
		return "-"
	}
	return *s.Due
}

func orNone(state string) string {
	if state == "" {
		return "none"
	}
	return state
}
