package queries

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redress/domain"
	"redress/eventstore"
	"redress/projections"
)

// Verification is what reading the whole log again has proved (architecture § 4).
type Verification struct {
	OK         bool     `json:"ok"`
	Events     uint64   `json:"events"`
	Streams    int      `json:"streams"`
	Position   uint64   `json:"position"` // of the last event
	Checks     []Check  `json:"checks"`
	NotChecked []string `json:"not_checked"`
	Notes      []string `json:"notes"`
}

// Check is one thing that was verified, with how much of it and the first place where it
// does not hold.
type Check struct {
	Name     string    `json:"name"`
	OK       bool      `json:"ok"`
	Checked  uint64    `json:"checked"`
	FirstBad *FirstBad `json:"first_bad"`
}

// FirstBad locates what is wrong. Stream and revision are empty where it is no event.
type FirstBad struct {
	Position uint64 `json:"position"`
	Stream   string `json:"stream"`
	Revision uint64 `json:"revision"`
	Why      string `json:"why"` // in words, without content
}

// The checks, in the order of a Verification's list.
const (
	checkOrder = iota
	checkContiguity
	checkDecoding
	checkTime
	checkFold
	checkReadModels
	checkStorage
	checkLosses
)

var checkNames = []string{"order", "contiguity", "decoding", "recorded_time", "fold", "read_models", "storage", "accepted_losses"}

// notChecked is what a verification says of itself: that which these checks cannot see.
var notChecked = []string{
	"that events are those once written: hashes, signatures and signed checkpoints do not exist yet",
	"that sealed values can be opened",
	"that the tail of the log was not cut: only an outside witness could tell",
	"that every row of the read models equals the log: projections check compares them",
}

// Verify reads the whole log again and checks order, completeness and decoding of every
// event, that every case folds, and that the read models have as many events and cases.
// It never stops at a bad event; the first of each check is located.
func (q *Queries) Verify(ctx context.Context, progress projections.Progress) (*Verification, error) {
	end, err := q.Store.End(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	var live uint64
	var rows counts
	err = q.pinned(ctx, func(tx pgx.Tx, at projections.Pinned) error {
		live = at.Position
		return tx.QueryRow(ctx, "select (select count(*) from timeline), (select count(*) from cases)").Scan(&rows.events, &rows.cases)
	})
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	v := newVerifier(live)
	switch err := q.readWhole(ctx, v, end.Position, progress); {
	case status.Code(err) == codes.DataLoss:
		v.damaged()
	case err != nil:
		return nil, fmt.Errorf("verify: %w", err)
	default:
		v.compare(rows, live)
	}
	v.result.Streams, v.result.Position = len(v.streams), v.last
	v.result.OK = true
	for i := range v.result.Checks {
		v.result.Checks[i].OK = v.result.Checks[i].FirstBad == nil
		v.result.OK = v.result.OK && v.result.Checks[i].OK
	}
	return v.result, nil
}

func (q *Queries) readWhole(ctx context.Context, v *verifier, end uint64, progress projections.Progress) error {
	for {
		bad, err := v.read(ctx, q.Store, end, progress)
		if err != nil || bad == nil {
			return err
		}
		v.undecodable(bad)
	}
}

// verifier goes through the log. A stream's cases are folded as they come; of one that
// does not fold, the first bad event is kept.
type verifier struct {
	result  *Verification
	last    uint64          // position of the last event
	before  eventstore.Mark // the event in front of the one that is looked at
	streams map[string]*streamState
	live    uint64 // where the read models stand
	log     counts // of the log up to there
}

// counts are numbers of events in case streams, and of cases.
type counts struct{ events, cases int64 }

// streamState is what is remembered of a stream while the log is read.
type streamState struct {
	next     uint64
	recorded time.Time
	cases    domain.Case // for case streams
	broken   bool        // it does not fold any more
	received bool        // counted as a case
}

func newVerifier(live uint64) *verifier {
	v := &verifier{
		result:  &Verification{NotChecked: notChecked, Notes: []string{}},
		streams: map[string]*streamState{}, live: live,
	}
	for _, name := range checkNames {
		v.result.Checks = append(v.result.Checks, Check{Name: name})
	}
	return v
}

// read goes on behind the last event until the end, or an event that cannot be decoded.
func (v *verifier) read(ctx context.Context, store *eventstore.Store, end uint64, progress projections.Progress) (*eventstore.Undecodable, error) {
	if end == 0 {
		return nil, nil
	}
	for r, err := range store.ReadAll(ctx, v.last, end) {
		if bad, ok := errors.AsType[*eventstore.Undecodable](err); ok {
			return bad, nil
		}
		if err != nil {
			return nil, err
		}
		v.event(r)
		if progress != nil && v.result.Events%1024 == 0 {
			progress(r.Position, end)
		}
	}
	return nil, nil
}

// damaged says that the store can read no further: what it has on disk is not what it once wrote.
func (v *verifier) damaged() {
	v.result.Checks[checkStorage].FirstBad = &FirstBad{
		Position: v.last, Why: "a record behind this position does not match its checksum; the store's log names the file and the place",
	}
	v.result.NotChecked = append(slices.Clone(v.result.NotChecked), "what stands behind the damage, and the read models against it")
}

func (v *verifier) bad(check int, r domain.Recorded, why string) {
	if c := &v.result.Checks[check]; c.FirstBad == nil {
		c.FirstBad = &FirstBad{Position: r.Position, Stream: r.Stream, Revision: r.Revision, Why: why}
	}
}

func (v *verifier) event(r eventstore.Record) {
	s := v.place(r.Recorded)
	v.result.Checks[checkTime].Checked++
	if r.Meta.RecordedAt.Before(s.recorded) {
		v.bad(checkTime, r.Recorded, "it was recorded before the event in front of it")
	}
	s.recorded = r.Meta.RecordedAt
	switch e := r.Event.(type) {
	case domain.TimeSimulated:
		v.result.Notes = append(v.result.Notes, fmt.Sprintf("this log was written under a simulated clock (%s)", e.By))
	case domain.LossAccepted:
		v.lost(r.Recorded, e)
	}
	v.before = r.Mark()
	if !isCase(r.Stream) {
		return
	}
	v.result.Checks[checkFold].Checked++
	if !s.broken {
		if err := s.cases.Apply(r.Recorded); err != nil {
			s.broken = true
			v.bad(checkFold, r.Recorded, "the case does not fold: "+err.Error())
		}
	}
	if r.Position <= v.live {
		v.log.events++
		if !s.received && s.cases.Kind != "" {
			s.received = true
			v.log.cases++
		}
	}
}

// lost says what the log does not have because somebody has decided to go on without it, and makes sure that the decision
// is about this log: it stands right behind the event with which it says that the backup ended.
func (v *verifier) lost(r domain.Recorded, e domain.LossAccepted) {
	v.result.Checks[checkLosses].Checked++
	if v.before != (eventstore.Mark{Position: e.LastPosition, ID: e.LastEvent}) {
		v.bad(checkLosses, r, "the event in front of it is not the one with which it says that the backup ended")
	}
	v.result.NotChecked = append(slices.Clip(v.result.NotChecked), fmt.Sprintf(
		"what was recorded after event %s at position %d, up to event %s at position %d or further: it is lost; %s decided on %s to go on without it (%s)",
		e.LastEvent, e.LastPosition, e.KnownEvent, e.KnownPosition, e.Approver, e.DecidedAt.Format(time.RFC3339), e.Reason))
}

// place counts an event and checks where it stands.
func (v *verifier) place(r domain.Recorded) *streamState {
	v.result.Events++
	for _, check := range []int{checkOrder, checkContiguity, checkDecoding, checkStorage} {
		v.result.Checks[check].Checked++
	}
	if r.Position <= v.last {
		v.bad(checkOrder, r, "it does not stand behind the event in front of it")
	}
	v.last = r.Position
	s := v.streams[r.Stream]
	if s == nil {
		s = &streamState{}
		v.streams[r.Stream] = s
	}
	if r.Revision != s.next {
		v.bad(checkContiguity, r, fmt.Sprintf("revision %d should stand here", s.next))
	}
	s.next = r.Revision + 1
	return s
}

func (v *verifier) undecodable(bad *eventstore.Undecodable) {
	r := domain.Recorded{Stream: bad.Stream, Revision: bad.Revision, Position: bad.Position}
	v.before = eventstore.Mark{Position: bad.Position}
	s := v.place(r)
	v.bad(checkDecoding, r, "the "+bad.Type+" cannot be decoded")
	if isCase(bad.Stream) && !s.broken {
		s.broken = true
		v.bad(checkFold, r, "the case cannot be folded over an event that cannot be decoded")
	}
	if isCase(bad.Stream) && r.Position <= v.live {
		v.log.events++
	}
}

// compare holds what the log has against what the read models have.
func (v *verifier) compare(rows counts, live uint64) {
	c := &v.result.Checks[checkReadModels]
	c.Checked = uint64(max(rows.events, 0))
	if rows == v.log {
		return
	}
	c.FirstBad = &FirstBad{Position: live, Why: fmt.Sprintf(
		"up to here the log has %d events in %d cases, and the read models have %d in %d",
		v.log.events, v.log.cases, rows.events, rows.cases)}
}

func isCase(stream string) bool { return strings.HasPrefix(stream, "complaint-") }
