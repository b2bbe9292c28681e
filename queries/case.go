package queries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"redress/projections"
)

// CaseDetail is one case with its clocks and events. What is personal in it is sealed.
type CaseDetail struct {
	CaseRow
	Flags       []string         `json:"flags"`
	Issues      []jsontext.Value `json:"issues"`
	WithdrawnAt *time.Time       `json:"withdrawn_at"`
	Clocks      []CaseClock      `json:"clocks"`
	Stages      []CaseStage      `json:"stages"`
	Remedies    []CaseRemedy     `json:"remedies"`
	Events      []CaseEvent      `json:"events"`
	Parked      bool             `json:"parked"` // later events of the case could not be projected
}

// CaseClock is a clock of a case as it stands now.
type CaseClock struct {
	ID         string     `json:"id" db:"clock"`
	Class      string     `json:"class" db:"class"`
	State      string     `json:"state" db:"state"` // overdue: still running, and the due instant has passed
	StartedAt  *time.Time `json:"started_at" db:"started_at"`
	Due        *string    `json:"due" db:"due_on"` // last day on time, a London date
	DueInstant *time.Time `json:"due_instant" db:"due_instant"`
	StoppedAt  *time.Time `json:"stopped_at" db:"stopped_at"`
	Extended   bool       `json:"extended" db:"extended"`
}

// CaseStage is one entry of a case into a stage.
type CaseStage struct {
	Stage       string     `json:"stage" db:"stage"`
	EnteredAt   *time.Time `json:"entered_at" db:"entered_at"`
	AckAt       *time.Time `json:"acknowledged_at" db:"ack_at"`
	RespondedAt *time.Time `json:"responded_at" db:"responded_at"`
	Outcome     *string    `json:"outcome" db:"outcome"`
	Officer     *string    `json:"officer" db:"officer"`
	Team        *string    `json:"team" db:"team"`
}

// CaseRemedy is one remedy of a case. Amounts are pence.
type CaseRemedy struct {
	ID          string     `json:"remedy_id" db:"remedy_id"`
	Type        string     `json:"type" db:"type"`
	Origin      string     `json:"origin" db:"origin"`
	State       string     `json:"state" db:"state"`
	Amount      int64      `json:"amount" db:"amount"`
	AmountPaid  int64      `json:"amount_paid" db:"amount_paid"`
	OfferedAt   *time.Time `json:"offered_at" db:"offered_at"`
	DeliverBy   *string    `json:"deliver_by" db:"deliver_by"`
	DeliveredOn *string    `json:"delivered_on" db:"delivered_on"`
}

// CaseEvent is one event of a case, with what it changed.
type CaseEvent struct {
	Revision   int64          `json:"revision" db:"revision"`
	Position   int64          `json:"position" db:"position"`
	ID         uuid.UUID      `json:"id" db:"event_id"`
	Type       string         `json:"type" db:"type"`
	OccurredAt time.Time      `json:"occurred_at" db:"occurred_at"`
	RecordedAt time.Time      `json:"recorded_at" db:"recorded_at"`
	Actor      string         `json:"actor" db:"actor"`
	ActorRole  string         `json:"actor_role" db:"actor_role"`
	OnBehalfOf *string        `json:"on_behalf_of" db:"on_behalf_of"`
	WayIn      string         `json:"way_in" db:"way_in"`
	Stage      *string        `json:"stage" db:"stage"`
	Changed    jsontext.Value `json:"changed" db:"changed"` // [{"field","from","to"}]
	Data       jsontext.Value `json:"data" db:"data"`       // as stored: what is personal stays sealed
}

// Case returns a case by its id, its reference or SOURCE:REF. ErrNoCase when there is
// none.
func (q *Queries) Case(ctx context.Context, ref string) (*CaseDetail, error) {
	var detail *CaseDetail
	err := q.pinned(ctx, func(tx pgx.Tx, _ projections.Pinned) error {
		id, err := resolve(ctx, tx, ref)
		if err != nil {
			return err
		}
		detail, err = q.caseDetail(ctx, tx, id)
		return err
	})
	return detail, err
}

func (q *Queries) caseDetail(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*CaseDetail, error) {
	now := q.now()
	d := &CaseDetail{Flags: []string{}, Issues: []jsontext.Value{}}
	row, err := one[CaseRow](ctx, tx, "select "+caseColumns+" from cases where case_id = $2", now, id)
	if err != nil {
		return nil, err
	}
	d.CaseRow = row
	d.utc()
	var flags, issues []byte
	err = tx.QueryRow(ctx, `select flags, issues, withdrawn_at, exists (select from projections.parked p
		join projections.checkpoint c using (generation) where p.case_id = cases.case_id)
		from cases where case_id = $1`, id).Scan(&flags, &issues, &d.WithdrawnAt, &d.Parked)
	if err := errors.Join(err, json.Unmarshal(flags, &d.Flags), json.Unmarshal(issues, &d.Issues)); err != nil {
		return nil, err
	}
	d.WithdrawnAt = utcOrNil(d.WithdrawnAt)
	if d.Clocks, err = list[CaseClock](ctx, tx, `select clock, class,
			case when state = 'running' and due_instant <= $1 then 'overdue' else state end as state,
			started_at, due_on::text as due_on, due_instant, stopped_at, extended
		from clocks where case_id = $2 order by started_at nulls last, clock, instance`, now, id); err != nil {
		return nil, err
	}
	if d.Stages, err = list[CaseStage](ctx, tx, `select stage, entered_at, ack_at, responded_at, outcome, officer, team
		from facts where case_id = $1 order by instance`, id); err != nil {
		return nil, err
	}
	if d.Remedies, err = list[CaseRemedy](ctx, tx, `select remedy_id, type, origin, state, amount, amount_paid, offered_at,
		deliver_by::text as deliver_by, delivered_on::text as delivered_on
		from remedies where case_id = $1 order by remedy_id`, id); err != nil {
		return nil, err
	}
	d.Events, err = events(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	for i := range d.Clocks {
		k := &d.Clocks[i]
		k.StartedAt, k.DueInstant, k.StoppedAt = utcOrNil(k.StartedAt), utcOrNil(k.DueInstant), utcOrNil(k.StoppedAt)
	}
	for i := range d.Stages {
		s := &d.Stages[i]
		s.EnteredAt, s.AckAt, s.RespondedAt = utcOrNil(s.EnteredAt), utcOrNil(s.AckAt), utcOrNil(s.RespondedAt)
	}
	for i := range d.Remedies {
		d.Remedies[i].OfferedAt = utcOrNil(d.Remedies[i].OfferedAt)
	}
	return d, nil
}

// Events returns the events of a case, named as for Case, in order.
func (q *Queries) Events(ctx context.Context, ref string) ([]CaseEvent, error) {
	var found []CaseEvent
	err := q.pinned(ctx, func(tx pgx.Tx, _ projections.Pinned) error {
		id, err := resolve(ctx, tx, ref)
		if err != nil {
			return err
		}
		found, err = events(ctx, tx, id)
		return err
	})
	return found, err
}

func events(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]CaseEvent, error) {
	found, err := list[CaseEvent](ctx, tx, `select revision, position, event_id, type, occurred_at, recorded_at, actor, actor_role,
		on_behalf_of, way_in, stage, changed, data from timeline where case_id = $1 order by revision`, id)
	for i := range found {
		found[i].OccurredAt, found[i].RecordedAt = found[i].OccurredAt.UTC(), found[i].RecordedAt.UTC()
	}
	return found, err
}

// list returns all rows of a statement, never nil.
func list[T any](ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	return append([]T{}, found...), nil
}

// one returns the row of a statement, ErrNoCase when there is none.
func one[T any](ctx context.Context, tx pgx.Tx, sql string, args ...any) (T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNoCase
	}
	return found, err
}
