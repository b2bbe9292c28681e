package domain

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"redress/domain/procedure"
)

// town is a simulated council: cases that come in, people who deal with some of them, and the process managers, who are
// called now and then.
type town struct {
	t      *testing.T
	config *Config
	dice   *rand.Rand
	cases  map[uuid.UUID]*Case
	order  []uuid.UUID
	issued map[string]time.Time // due instants by case and rule
	owed   map[string]time.Time // the same by another reckoning, for what has happened so far
	shuts  []closing            // in the order in which they come
}

// closing is a case that somebody will close.
type closing struct {
	id uuid.UUID
	at time.Time
}

func newTown(t *testing.T, config *Config, seed uint64) *town {
	return &town{
		t: t, config: config, dice: rand.New(rand.NewPCG(seed, 10)), cases: map[uuid.UUID]*Case{}, issued: map[string]time.Time{},
		owed: map[string]time.Time{},
	}
}

func (w *town) append(c *Case, e Event, occurred, recorded time.Time, id uuid.UUID) {
	w.t.Helper()
	err := c.Apply(Recorded{Event: e, Stream: CaseStream(c.ID), Revision: c.Events, Meta: Metadata{
		EventID: id, OccurredAt: occurred, RecordedAt: recorded, ActorID: "system",
	}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// arrive opens a case; of every three in an informal stage people put one right while there is time, and one that is formal
// from the beginning is closed after forty days.
func (w *town) arrive(n int, now time.Time) {
	kinds := []struct {
		procedure Label
		kind      Kind
		channel   Channel
	}{
		{"bradford-corporate-place", "pre_complaint", "email"},
		{"bradford-children", "pre_complaint", "phone"},
		{"nnc-adult-social-care", "complaint", "phone"},
		{"nct-children-statutory", "representation", "email"},
		{"nnc-corporate-2024", "complaint", "email"},
	}
	k := kinds[w.dice.IntN(len(kinds))]
	id := person(fmt.Sprintf("case %d", n))
	ctx := at(w.config, now, cara, nil)
	ctx.CaseID = id
	e := received1()
	e.ProcedureID, e.Kind, e.Channel, e.ReceivedAt = k.procedure, k.kind, k.channel, now
	events, err := DecideReceiveFeedback(ctx, e)
	if err != nil {
		w.t.Fatalf("%s: %v", k.procedure, err)
	}
	c := &Case{}
	w.append(c, events[0], now, now, person(fmt.Sprintf("received %d", n)))
	c.ID = id
	w.cases[id], w.order = c, append(w.order, id)
	stage, solved := w.config.Procedure(c.Procedure()).Stage(string(c.Stage)), w.dice.IntN(3) == 0
	switch {
	case !stage.Informal():
		w.shuts = append(w.shuts, closing{id, now.AddDate(0, 0, 40)})
	case solved:
		w.append(c, ResolvedEarly{Stage: c.Stage, ResolvedAt: now.Add(time.Hour)}, now.Add(time.Hour), now.Add(time.Hour), uuid.Nil)
		w.expectSurvey(c)
	default:
		w.expectFormality(c, stage)
	}
}

// expectFormality notes when the case becomes formal by itself, where its procedure says so.
func (w *town) expectFormality(c *Case, stage *procedure.Stage) {
	for i := range stage.Clocks {
		if k := &stage.Clocks[i]; k.OnMiss == "convert_to_s1" || k.OnMiss == "enter_s1" {
			period := Period{Length: k.Length, Unit: k.Unit, From: k.From, Roll: k.Roll, Hours: k.HoursBasis, Set: EnglandAndWales}
			_, w.owed[c.ID.String()+"PM1:"+stage.ID+"."+k.ID] = dueNaively(period, c.ReceivedAt, Circumstances{})
		}
	}
}

// expectSurvey notes when a survey goes out on a case that was closed: at the beginning of the fifth working day.
func (w *town) expectSurvey(c *Case) {
	day, _ := dueNaively(Period{Length: 5, Unit: procedure.WorkingDays, From: procedure.DayAfter, Set: EnglandAndWales}, c.ClosedAt, Circumstances{})
	w.owed[c.ID.String()+"PM6:survey"] = mustDate(w.t, day).Midnight()
}

// shut closes what is to be closed by now.
func (w *town) shut(now time.Time) {
	for len(w.shuts) > 0 && !now.Before(w.shuts[0].at) {
		c := w.cases[w.shuts[0].id]
		w.append(c, Closed{Reason: ReasonAccepted, At: now}, now, now, uuid.Nil)
		w.expectSurvey(c)
		w.shuts = w.shuts[1:]
	}
}

// manage issues everything that is owed at a moment.
func (w *town) manage(now time.Time) {
	for _, id := range w.order {
		c := w.cases[id]
		for _, duty := range Owed(c, nil, w.config, true, now) {
			w.issue(c, duty, now)
		}
		if left := Owed(c, nil, w.config, true, now); len(left) > 0 {
			w.t.Fatalf("%s is still owed after it was issued", left[0].Rule)
		}
	}
}

func (w *town) issue(c *Case, duty Duty, now time.Time) {
	key := c.ID.String() + duty.Rule
	if due, twice := w.issued[key]; twice {
		w.t.Fatalf("%s was owed at %s and again at %s", duty.Rule, due, duty.Due)
	}
	if now.Before(duty.Due) || duty.Cause == uuid.Nil {
		w.t.Fatalf("%s of %s was owed at %s, caused by %s", duty.Rule, duty.Due, now, duty.Cause)
	}
	w.issued[key] = duty.Due
	ctx := Context{Now: now, WayIn: ViaProcess, Actor: Actor{ID: actorSystem}, Config: w.config, Case: c}
	f := duty.Fields
	if duty.Command == "SendSurvey" {
		events, err := DecideSendSurvey(ctx, SurveySent{Token: Label(f["token"])})
		if err != nil {
			w.t.Fatalf("%s: %v", duty.Rule, err)
		}
		w.append(c, events[0], duty.Due, now, uuid.Nil)
		return
	}
	events, err := DecideClassifyCase(ctx, Classified{
		Kind: Kind(f["kind"]), FromKind: Kind(f["from_kind"]), ProcedureID: Label(f["procedure_id"]),
		ProcedureVersion: Label(f["procedure_version"]), Category: Term(f["category"]), Service: Term(f["service"]), Reason: Plain(f["reason"]),
	})
	if err != nil {
		w.t.Fatalf("%s: %v", duty.Rule, err)
	}
	w.append(c, events[0], duty.Due, now, uuid.Nil)
}

// TestTenYears lets ten years go by, once with process managers who look every three hours and once with ones that are down for
// up to six weeks: everything is owed once, nothing is left out, each at the instant that a naive reckoning says, and the
// clocks come out alike.
func TestTenYears(t *testing.T) {
	config := walkConfig(t)
	begin, end := time.Date(2025, 1, 6, 8, 0, 0, 0, time.UTC), time.Date(2035, 1, 6, 8, 0, 0, 0, time.UTC)
	awake, asleep := newTown(t, config, 1), newTown(t, config, 1)
	naps := rand.New(rand.NewPCG(2, 2))
	wakes, arrivals := begin, begin
	for now := begin; now.Before(end); now = now.Add(3 * time.Hour) {
		if !now.Before(arrivals) {
			awake.arrive(len(awake.cases), now)
			asleep.arrive(len(asleep.cases), now)
			arrivals = now.Add(time.Duration(10+awake.dice.IntN(20*24)) * time.Hour)
			asleep.dice.IntN(20 * 24)
		}
		awake.shut(now)
		asleep.shut(now)
		if recent := len(awake.order) - 8; recent > 0 {
			awake.order = awake.order[recent:] // older ones were looked at when they were due
		}
		awake.manage(now)
		if !now.Before(wakes) {
			asleep.manage(now)
			wakes = now.Add(time.Duration(1+naps.IntN(6*7*24)) * time.Hour)
		}
	}
	end = end.AddDate(0, 0, 14) // what came last is owed by then
	asleep.manage(end)
	awake.order = slices.Clone(asleep.order)
	awake.manage(end)
	for name, w := range map[string]*town{"awake": awake, "asleep": asleep} {
		if diff := cmp.Diff(w.owed, w.issued); diff != "" || len(w.issued) < 200 {
			t.Fatalf("%d duties were issued by those %s (-owed +issued):\n%s", len(w.issued), name, diff)
		}
	}
	for _, id := range asleep.order {
		a, b := awake.cases[id], asleep.cases[id]
		p := config.Procedure(a.Procedure())
		if !reflect.DeepEqual(Clocks(p, config.Calendar(), a.History(), end), Clocks(p, config.Calendar(), b.History(), end)) {
			t.Errorf("the clocks of a case under %s differ after downtime", a.Procedure())
		}
		if p.Stage(string(a.Stage)).Informal() && a.Status == StatusOpen && a.ProcedureID != "nct-children-statutory" {
			t.Errorf("a case under %s is still in %s", a.Procedure(), a.Stage)
		}
	}
}

func TestImportedCasesAreLeftAlone(t *testing.T) {
	config := walkConfig(t)
	e := received1()
	e.ProcedureID, e.ProcedureVersion, e.Kind, e.Stage = "bradford-children", "", "pre_complaint", "pre"
	e.ProcedureVersion = Label(config.newest("bradford-children").Version)
	c := given(t, Imported{Batch: "b1"}, e)
	if owed := Owed(c, nil, config, true, jan(31)); len(owed) > 0 {
		t.Errorf("%s is owed on a case that was not signed off", owed[0].Rule)
	}
	if err := config.Apply(Recorded{Event: ImportReconciled{Batch: "b1"}, Revision: config.Events}); err != nil {
		t.Fatal(err)
	}
	owed := Owed(c, nil, config, true, jan(31))
	if len(owed) != 1 || owed[0].Rule != "PM1:pre.resolve" || !owed[0].Due.Equal(jan(8)) {
		t.Errorf("owed on a case that was signed off: %+v", owed)
	}
}

func TestSurveyAfterClosing(t *testing.T) {
	config := council(t, Settings{})
	closed := func(reason ClosedReason) []Event { return then(answered1(), Closed{Reason: reason, At: jan(22)}) }
	nobody := received1()
	nobody.Complainant = nil
	for _, tt := range []struct {
		name    string
		history []Event
		day     Date
		wanted  bool
		want    int
	}{
		{"five working days after", closed(ReasonAccepted), NewDate(2025, 1, 29), true, 1},
		{"four working days after", closed(ReasonAccepted), NewDate(2025, 1, 28), true, 0},
		{"not wanted", closed(ReasonAccepted), NewDate(2025, 1, 29), false, 0},
		{"sent", then(closed(ReasonAccepted), SurveySent{Token: "t"}), NewDate(2025, 1, 30), true, 0},
		{"opened again", then(closed(ReasonAccepted), Reopened{}), NewDate(2025, 1, 30), true, 0},
		{"a duplicate", closed(ReasonDuplicate), NewDate(2025, 1, 30), true, 0},
		{"anonymous", []Event{nobody, Closed{Reason: "insufficient_information", At: jan(22)}}, NewDate(2025, 1, 30), true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			owed := Owed(given(t, tt.history...), &Person{ID: pat}, config, tt.wanted, tt.day.Midnight())
			if len(owed) != tt.want {
				t.Errorf("%d duties: %+v", len(owed), owed)
			}
			for _, person := range []*Person{{ID: pat, Restriction: &Restriction{}}, {ID: pat, Erased: true}} {
				if owed := Owed(given(t, tt.history...), person, config, tt.wanted, tt.day.Midnight()); len(owed) > 0 {
					t.Errorf("owed to somebody who may not be asked: %+v", owed)
				}
			}
		})
	}
}

func TestTasks(t *testing.T) {
	config := adopting(t, "nct-children-statutory")
	child := received1()
	child.ProcedureID, child.ProcedureVersion = "nct-children-statutory", Label(config.newest("nct-children-statutory").Version)
	answered := []Event{child, acknowledged("s1", jan(7)), allocated("s1", jan(8), ben, 8), responded("s1", jan(20), ben)}
	asked := ConsentRequested{Subject: pat, Scope: ScopeOnBehalf, Form: "written", SentAt: jan(8)}
	rest := Suspended{Scope: ExtentCase, Ground: "safeguarding", FromOn: NewDate(2025, 1, 9), ReviewOn: NewDate(2025, 1, 20)}
	promised := offer(proposal(), jan(13))
	promised.DeliverBy = NewDate(2025, 1, 24)
	action := learnt(t, raised())
	restricted := []*Person{{ID: pat, Restriction: &Restriction{ReviewOn: NewDate(2025, 7, 1)}}, {ID: rae}}
	for _, tt := range []struct {
		name    string
		history []Event
		people  []*Person
		actions []*LearningAction
		day     Date
		want    []TaskName
	}{
		{"nothing", []Event{received1()}, nil, nil, NewDate(2025, 3, 3), nil},
		{"the window is open", answered, nil, nil, NewDate(2025, 2, 17), nil},
		{"the window has ended", answered, nil, nil, NewDate(2025, 2, 18), []TaskName{TaskWindowEnded}},
		{"the outcome was accepted in time", then(answered, OutcomeAccepted{Stage: "s1", At: jan(22)}), nil, nil, NewDate(2025, 2, 18), nil},
		{"the case was closed", then(answered, Closed{Reason: ReasonNoFurtherContact, At: jan(22)}), nil, nil, NewDate(2025, 2, 18), nil},
		{"consent is awaited", []Event{received1(), asked}, nil, nil, NewDate(2025, 2, 5), nil},
		{"consent is overdue", []Event{received1(), asked}, nil, nil, NewDate(2025, 2, 6), []TaskName{TaskConsentOverdue}},
		{
			"consent has come",
			[]Event{received1(), asked, ConsentRecorded{Subject: pat, Scope: ScopeOnBehalf, Decision: ConsentGiven, At: jan(10)}},
			nil, nil, NewDate(2025, 2, 6), nil,
		},
		{"a suspension is young", []Event{received1(), rest}, nil, nil, NewDate(2025, 1, 19), nil},
		{"a suspension is to be reviewed", []Event{received1(), rest}, nil, nil, NewDate(2025, 1, 20), []TaskName{TaskSuspensionReview}},
		{
			"a suspension has ended",
			[]Event{received1(), rest, Resumed{On: NewDate(2025, 1, 17), RequestedBy: "council"}},
			nil, nil, NewDate(2025, 1, 20), nil,
		},
		{"a remedy is promised", then(investigated1(), promised), nil, nil, NewDate(2025, 1, 23), nil},
		{"a remedy is due", then(investigated1(), promised), nil, nil, NewDate(2025, 1, 24), []TaskName{TaskRemedyDue}},
		{
			"a remedy was delivered", then(investigated1(), promised, RemedyDelivered{RemedyID: "comfort", DeliveredOn: NewDate(2025, 1, 20)}), nil, nil,
			NewDate(2025, 1, 24), nil,
		},
		{"learning is due", []Event{received1()}, nil, []*LearningAction{action}, NewDate(2025, 2, 28), []TaskName{TaskLearningDue}},
		{"an import that was not signed off", then([]Event{Imported{Batch: "b"}, received1()}, asked), nil, nil, NewDate(2025, 2, 6), nil},
		{"a restriction is young", []Event{received1()}, restricted, nil, NewDate(2025, 6, 30), nil},
		{"a restriction is to be reviewed", []Event{received1()}, restricted, nil, NewDate(2025, 7, 1), []TaskName{TaskRestrictionReview}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []TaskName
			for _, task := range Tasks(given(t, tt.history...), tt.people, tt.actions, config, tt.day.Midnight()) {
				got = append(got, task.Name)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
