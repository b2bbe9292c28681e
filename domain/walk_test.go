package domain

import (
	"errors"
	"flag"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedures"
)

// longestWalk is how many moves a walk makes at most.
const longestWalk = 64

// journey is one case on its way through a procedure, moved by bytes. Whatever they are, the log folds, every refusal is a
// [*Rejection] that changes nothing, and the invariants of the case hold.
type journey struct {
	t      testing.TB
	config *Config
	now    time.Time
	c      *Case
	log    []Recorded
	moves  []byte
}

// next takes a number below n from the bytes that are left; 0 when there are none.
func (w *journey) next(n int) int {
	if len(w.moves) == 0 {
		return 0
	}
	b := w.moves[0]
	w.moves = w.moves[1:]
	return int(b) % n
}

func pick[T any](w *journey, from ...T) T { return from[w.next(len(from))] }

func (w *journey) enum(e Enum) string { return pick(w, e.Values()...) }

// run makes moves until the bytes are used up.
func (w *journey) run() {
	for n := 0; len(w.moves) > 0 && n < longestWalk; n++ {
		w.now = w.now.Add(time.Duration(w.next(96)) * time.Hour)
		ctx := at(w.config, w.now, pick(w, amina, ben, olu, cara, mary, dan, fay, pat), w.c)
		ctx.Backdated = w.next(2) == 0
		before := w.snapshot()
		events, err := w.decide(ctx)
		if err != nil {
			if _, ok := errors.AsType[*Rejection](err); !ok {
				w.t.Fatalf("%v is no rejection", err)
			}
			if !reflect.DeepEqual(before, w.snapshot()) {
				w.t.Fatalf("a refusal with %v changed the case", err)
			}
			continue
		}
		for _, e := range events {
			w.append(ctx, e)
		}
		w.check()
	}
	w.refold()
}

func (w *journey) snapshot() *Case {
	if w.c == nil {
		return nil
	}
	return w.c.Clone()
}

func (w *journey) append(ctx Context, e Event) {
	if w.c == nil {
		w.c = new(Case)
	}
	r := Recorded{Event: e, Stream: CaseStream(caseID), Revision: w.c.Events, Meta: Metadata{
		EventID: uuid.NewSHA1(caseID, []byte{byte(len(w.log))}), OccurredAt: OccurredAt(e, ctx.Now), RecordedAt: ctx.Now, ActorID: ctx.Actor.ID,
	}}
	before := w.c.Clone()
	kept := before.Clone()
	if err := w.c.Apply(r); err != nil {
		w.t.Fatalf("a decided fact does not fold: %v", err)
	}
	if !reflect.DeepEqual(before, kept) {
		w.t.Fatalf("%T reached into a copy that was made before it", e)
	}
	w.log = append(w.log, r)
}

// decide makes one command of what the bytes say.
func (w *journey) decide(ctx Context) ([]Event, error) {
	commands := []func(Context) ([]Event, error){
		w.receive, w.acknowledge, w.allocate, w.find, w.find, w.respond, w.respond, w.escalate, w.extend, w.propose, w.approve,
		w.approve, w.offer, w.offer, w.answer, w.answer, w.deliver, w.deliver, w.end, w.conclude, w.intake,
		w.handling, w.handling,
	}
	return commands[w.next(len(commands))](ctx)
}

// end seldom makes one of the commands after which little can happen.
func (w *journey) end(ctx Context) ([]Event, error) {
	if w.next(3) > 0 {
		return w.acknowledge(ctx)
	}
	return pick(w, w.refer, w.withdraw, w.close, w.close)(ctx)
}

// conclude makes one of the commands that follow an answer.
func (w *journey) conclude(ctx Context) ([]Event, error) {
	return pick(w, w.accept, w.refuse, w.undeliverable, w.ombudsman, w.ombudsman, w.reopen, w.cause)(ctx)
}

func (w *journey) moment() time.Time {
	return w.now.Add(-time.Duration(pick(w, 0, 0, 0, 1, 30, 100)) * time.Hour)
}

func (w *journey) stage() Label {
	if w.c != nil && w.next(4) > 0 {
		return w.c.Stage
	}
	return pick[Label](w, "s1", "s2", "s3", "rep", "req", "nowhere")
}

func (w *journey) issue() Label { return pick[Label](w, "boiler", "boiler", "calls", "roof") }

func (w *journey) receive(ctx Context) ([]Event, error) {
	e := received1()
	p := w.config.procedures[w.next(len(w.config.procedures))]
	e.ProcedureID, e.ReceivedAt = Label(p.ID), w.moment()
	e.Kind, e.Channel = Kind(pick(w, p.Kinds...)), Channel(w.enum(e.Channel))
	e.Flags = pick(w, nil, nil, []Flag{FlagChildVoice}, []Flag{FlagLegalHold})
	e.Complainant = pick(w, id(pat), nil, id(ghost))
	return DecideReceiveFeedback(ctx, e)
}

func (w *journey) acknowledge(ctx Context) ([]Event, error) {
	e := acknowledged(w.stage(), w.moment())
	e.Contains = pick(w, e.Contains, nil)
	return DecideAcknowledgeCase(ctx, e)
}

func (w *journey) allocate(ctx Context) ([]Event, error) {
	officer := pick(w, Officer{ben, 8}, Officer{olu, 9}, Officer{low, 3}, Officer{wes, 9}, Officer{dan, 11})
	e := allocated(w.stage(), w.moment(), officer.ID, officer.Grade)
	e.Reason = pick(w, Plain("leave"), Personal{})
	return DecideAllocateCase(ctx, e)
}

func (w *journey) find(ctx Context) ([]Event, error) {
	return DecideRecordFinding(ctx, found(w.stage(), w.issue(), Finding(w.enum(Finding("")))))
}

func (w *journey) respond(ctx Context) ([]Event, error) {
	e := responded(w.stage(), w.moment(), pick(w, ben, olu, dan))
	e.ApprovedBy = pick(w, id(cara), id(mary), nil)
	e.Revision = w.next(8) == 0
	e.ChildViews = pick(w, Plain("heard"), Personal{})
	e.IssueOutcomes = nil
	if w.c != nil && w.c.Record(e.Stage) != nil {
		s := w.c.Record(e.Stage)
		e.Outcome = s.DerivedOutcome()
		for _, f := range s.Findings {
			e.IssueOutcomes = append(e.IssueOutcomes, IssueOutcome{f.Issue, f.Finding})
		}
		if s.Officer != nil && w.next(4) > 0 {
			e.AuthorID = s.Officer
		}
		if stage := w.config.Procedure(w.c.Procedure()).Stage(string(e.Stage)); stage != nil && w.next(4) > 0 {
			for _, code := range stage.Response.Contains {
				e.Contents = append(e.Contents, Term(code))
			}
		}
		for _, r := range w.c.Remedies {
			if w.next(2) == 0 {
				e.Remedies = append(e.Remedies, r.ID)
			}
		}
	}
	return DecideSendResponse(ctx, e)
}

func (w *journey) escalate(ctx Context) ([]Event, error) {
	e := escalated(w.moment())
	e.FromStage, e.ToStage = w.stage(), pick[Label](w, "s2", "s2", "s3", "review")
	e.Ground = EscalationGround(w.enum(e.Ground))
	e.RequestedBy, e.Reasons = pick(w, id(pat), id(rae)), pick(w, Plain("no"), Personal{})
	return DecideEscalateCase(ctx, e)
}

func (w *journey) extend(ctx Context) ([]Event, error) {
	e := extension()
	e.NotifiedAt, e.DiscussedAt = w.moment(), w.now
	e.Contains = append(e.Contains, "discussed")
	if w.c != nil && w.c.ProcedureID != "" {
		clocks := Clocks(w.config.Procedure(w.c.Procedure()), w.config.Calendar(), w.c.History(), w.now)
		if len(clocks) > 0 {
			clock := pick(w, clocks...)
			e.Clock, e.OldDueDate = Label(clock.ID), clock.Due
		}
	}
	e.NewDueDate = e.OldDueDate.AddDays(w.next(60) - 2)
	e.GoodReason, e.ApprovedBy = pick(w, Plain("fire"), Personal{}), pick(w, id(cara), id(ben), nil)
	return DecideExtendDeadline(ctx, e)
}

func (w *journey) remedy() RemedyProposed {
	p := proposal()
	p.RemedyID, p.Stage, p.IssueIDs = pick[Label](w, "comfort", "sorry", "more"), w.stage(), []Label{w.issue()}
	p.DeliverBy, p.Origin = DateOf(w.now).AddDays(w.next(40)-2), pick(w, OriginStage, OriginGoodwill)
	p.Amount = pick[Pence](w, 20000, 20000, 30000, 100000, 0)
	if p.RemedyID == "sorry" {
		p.Type, p.Amount = "apology", 0
	}
	return p
}

func (w *journey) propose(ctx Context) ([]Event, error) { return DecideProposeRemedy(ctx, w.remedy()) }

func (w *journey) approve(ctx Context) ([]Event, error) {
	actor, _ := uuid.Parse(ctx.Actor.ID)
	e := approval(actor, RoleComplaints, pick[Label](w, "L1", "L2", "L3", RuleNone), pick[Pence](w, 20000, 30000, 100000), w.moment())
	if held := w.config.Grant(ctx.Actor.ID, w.now).Held; len(held) > 0 {
		e.ApproverRole = held[0].Role
	}
	e.RemedyID = pick[Label](w, "comfort", "more")
	if r := w.c.named(e.RemedyID); r != nil && w.next(4) > 0 {
		e.Amount = r.Amount
	}
	return DecideApproveRemedy(ctx, e)
}

// named is Remedy for a case that may not be there.
func (c *Case) named(id Label) *Remedy {
	if c == nil {
		return nil
	}
	return c.Remedy(id)
}

func (w *journey) offer(ctx Context) ([]Event, error) {
	e := offer(w.remedy(), w.moment())
	if r := w.c.named(e.RemedyID); r != nil && w.next(4) > 0 {
		e.Amount, e.Origin, e.Type, e.Stage = r.Amount, r.Origin, r.Type, r.Stage
	}
	e.ResponseBy = pick(w, 0, DateOf(w.now).AddDays(3))
	return DecideOfferRemedy(ctx, e)
}

func (w *journey) answer(ctx Context) ([]Event, error) {
	return DecideAnswerRemedy(ctx, AnswerRemedy{
		RemedyID: pick[Label](w, "comfort", "sorry", "more"), Answer: Answer(w.enum(Answer(""))), At: w.moment(), By: id(pat),
	})
}

func (w *journey) deliver(ctx Context) ([]Event, error) {
	return DecideDeliverRemedy(ctx, RemedyDelivered{
		RemedyID: pick[Label](w, "comfort", "sorry", "more"), DeliveredOn: DateOf(w.moment()), Evidence: pick[Label](w, "slip", ""),
		AmountPaid: pick[Pence](w, 0, 1),
	})
}

func (w *journey) refer(ctx Context) ([]Event, error) {
	return DecideReferToOmbudsman(ctx, ReferredToOmbudsman{Body: "LGSCO", ReferredAt: w.moment(), By: "complainant", Early: w.next(3) == 0})
}

func (w *journey) accept(ctx Context) ([]Event, error) {
	e := OutcomeAccepted{Stage: w.stage(), At: w.moment(), By: id(pat), Scope: pick(w, AcceptedAll, AcceptedIssues)}
	e.Issues = pick(w, nil, []Label{w.issue()})
	return DecideAcceptOutcome(ctx, e)
}

func (w *journey) refuse(ctx Context) ([]Event, error) {
	return DecideRefuseRemedy(ctx, RemedyRefused{RemedyID: pick[Label](w, "comfort", "sorry", "more"), Reason: Plain("no")})
}

func (w *journey) undeliverable(ctx Context) ([]Event, error) {
	return DecideMarkRemedyUndeliverable(ctx, RemedyUndeliverable{
		RemedyID: pick[Label](w, "comfort", "sorry", "rec"), Alternative: pick[Label](w, "", "more"), InformedAt: w.moment(),
	})
}

func (w *journey) ombudsman(ctx Context) ([]Event, error) {
	e := decided(OmbudsmanDecision(w.enum(DecisionPremature)))
	e.DecidedOn, e.ReceivedOn = DateOf(w.moment()), DateOf(w.now)
	e.Decision = pick(w, e.Decision, DecisionPremature)
	e.Recommendations = pick(w, nil, []Recommendation{{RecID: pick[Label](w, "rec", "more"), Type: "distress", Amount: 500, DueOn: DateOf(w.now)}})
	return DecideRecordOmbudsmanDecision(ctx, e)
}

func (w *journey) reopen(ctx Context) ([]Event, error) {
	return DecideReopenCase(ctx, Reopened{Reason: Plain("a mistake"), By: id(cara)})
}

func (w *journey) cause(ctx Context) ([]Event, error) {
	return DecideRecordCause(ctx, CauseRecorded{IssueID: w.issue(), RootCause: "delay"})
}

func (w *journey) withdraw(ctx Context) ([]Event, error) {
	return DecideWithdrawCase(ctx, Withdrawn{At: w.moment(), By: id(pat), ContinueInternally: w.next(2) == 0})
}

func (w *journey) close(ctx Context) ([]Event, error) {
	return DecideCloseCase(ctx, Closed{Reason: ClosedReason(w.enum(ReasonAccepted)), At: w.moment()})
}

// check holds the case against what must be true after any history.
func (w *journey) check() {
	w.t.Helper()
	c := w.c
	if (c.Status == StatusClosed) != (c.ClosedReason != "") || (c.Status == StatusClosed) != !c.ClosedAt.IsZero() {
		w.t.Fatalf("status %s, closed reason %q, closed at %s", c.Status, c.ClosedReason, c.ClosedAt)
	}
	if !among(c.Status) || !among(c.Step) || c.Events != uint64(len(w.log)) || c.Revision+1 != c.Events {
		w.t.Fatalf("status %s, step %s, revision %d of %d", c.Status, c.Step, c.Revision, len(w.log))
	}
	p := w.config.Procedure(c.Procedure())
	if p == nil {
		w.t.Fatalf("bound to %s, which is not adopted", c.Procedure())
	}
	if s := c.Current(); c.Stage != StageOmbudsman {
		switch {
		case s == nil || p.Stage(string(c.Stage)) == nil:
			w.t.Fatalf("at stage %s, which it has not entered", c.Stage)
		case (c.Step == StepResponded) != !s.RespondedAt.IsZero():
			w.t.Fatalf("step %s, answered at %s", c.Step, s.RespondedAt)
		case !reflect.DeepEqual(c.Officer, s.Officer):
			w.t.Fatalf("officer %v of stage officer %v", c.Officer, s.Officer)
		}
	}
	for i := range c.Stages {
		w.checkStage(&c.Stages[i])
	}
	for i := range c.Remedies {
		w.checkRemedy(&c.Remedies[i])
	}
	w.checkParties()
	w.checkHandling()
	w.checkClocks()
	w.checkDuties()
}

// checkDuties proves that what process managers owe is never refused: they would ask for ever.
func (w *journey) checkDuties() {
	for _, duty := range Owed(w.c, nil, w.config, true, w.now) {
		ctx := Context{Now: w.now, WayIn: ViaProcess, Actor: Actor{ID: actorSystem}, Config: w.config, Case: w.c}
		f, err := duty.Fields, error(nil)
		switch duty.Command {
		case "ClassifyCase":
			_, err = DecideClassifyCase(ctx, Classified{
				Kind: Kind(f["kind"]), FromKind: Kind(f["from_kind"]), ProcedureID: Label(f["procedure_id"]),
				ProcedureVersion: Label(f["procedure_version"]), Category: Term(f["category"]), Service: Term(f["service"]),
			})
		case "SendSurvey":
			_, err = DecideSendSurvey(ctx, SurveySent{Token: Label(f["token"])})
		}
		if err != nil || duty.Due.After(w.now) {
			w.t.Fatalf("%s of %s: %v", duty.Rule, duty.Due, err)
		}
	}
}

func (w *journey) checkStage(s *StageRecord) {
	for _, at := range []time.Time{s.AckAt, s.AllocatedAt, s.RespondedAt} {
		if !at.IsZero() && at.Before(s.EnteredAt) {
			w.t.Fatalf("stage %s: something happened before it was entered", s.Stage)
		}
	}
	stage := w.config.Procedure(w.c.Procedure()).Stage(string(s.Stage))
	if stage == nil {
		return // of the procedure under which it was before
	}
	for _, rule := range stage.Officer.Rules {
		for i := range w.c.Stages {
			earlier := &w.c.Stages[i]
			if earlier == s {
				break // what comes after it is no earlier stage: a case classified anew begins again
			}
			if rule.Name != "different_from" || !slices.Contains(rule.Stages, string(earlier.Stage)) {
				continue
			}
			for _, officer := range s.Allocated {
				if slices.ContainsFunc(earlier.Allocated, func(o Officer) bool { return o.ID == officer.ID }) && earlier.EndedAt.IsZero() {
					w.t.Fatalf("stages %s and %s have the same officer", earlier.Stage, s.Stage)
				}
			}
		}
	}
	if w.c.Kind == KindComplaint && !s.RespondedAt.IsZero() && s.Outcome != s.DerivedOutcome() {
		w.t.Fatalf("stage %s ended as %s and was found %s", s.Stage, s.Outcome, s.DerivedOutcome())
	}
}

func (w *journey) checkRemedy(r *Remedy) {
	switch r.State {
	case RemedyIsProposed, RemedyIsRejected, RemedyIsRefused:
		return
	case RemedyIsApproved, RemedyIsOffered, RemedyIsAccepted, RemedyIsDelivered, RemedyIsUndeliverable:
	default:
		w.t.Fatalf("remedy %s is %q", r.ID, r.State)
	}
	if !r.needsApproval() {
		return
	}
	if len(r.Approvals) == 0 {
		w.t.Fatalf("money %s is %s without an approval", r.ID, r.State)
	}
	for i, a := range r.Approvals {
		if a.Amount != r.Amount || overlap(a.By, r.Proposer) {
			w.t.Fatalf("remedy %s over %d was approved for %d by %v, proposed by %v", r.ID, r.Amount, a.Amount, a.By, r.Proposer)
		}
		for _, b := range r.Approvals[:i] {
			if overlap(a.By, b.By) {
				w.t.Fatalf("remedy %s was approved twice by the same", r.ID)
			}
		}
	}
}

func (w *journey) checkClocks() {
	seen := map[string]bool{}
	for _, clock := range Clocks(w.config.Procedure(w.c.Procedure()), w.config.Calendar(), w.c.History(), w.now) {
		if seen[clock.ID] || !among(clock.State) {
			w.t.Fatalf("clock %s is %q, or stands twice", clock.ID, clock.State)
		}
		seen[clock.ID] = true
	}
}

// refold proves that the state in memory is the fold of the log.
func (w *journey) refold() {
	again, err := Fold(w.log)
	if err != nil {
		w.t.Fatal(err)
	}
	if !reflect.DeepEqual(again, w.c) {
		w.t.Fatalf("the log of %d events folds to another case", len(w.log))
	}
}

// walkConfig has every shipped procedure that takes cases.
func walkConfig(t testing.TB) *Config {
	config := council(t, limits())
	files, err := procedures.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := procedures.Files.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		events, err := DecideAdoptProcedure(Context{Config: config}, AdoptProcedure{Content: Content(text), Reference: Plain("m"), Approver: "Executive"})
		if err != nil {
			continue // adopted already
		}
		if err := config.Apply(Recorded{Event: events[0], Revision: config.Events}); err != nil {
			t.Fatal(err)
		}
	}
	return config
}

func FuzzWalk(f *testing.F) {
	config := walkConfig(f)
	f.Add([]byte("a complaint goes all the way to the ombudsman and is put right at last"))
	f.Fuzz(func(t *testing.T, moves []byte) {
		(&journey{t: t, config: config, now: jan(6), moves: moves}).run()
	})
}

// walks is how many walks TestWalks takes, each of up to longestWalk steps; `make fuzz-night` takes many more.
var walks = flag.Int("walks", 700, "random walks of TestWalks")

// TestWalks takes walks from a fixed seed, and asks that together they reach every event of a case and most codes.
func TestWalks(t *testing.T) {
	config := walkConfig(t)
	dice := rand.New(rand.NewPCG(3, 1))
	reached := map[string]int{}
	for range *walks {
		moves := make([]byte, 10*longestWalk)
		for i := range moves {
			moves[i] = byte(dice.Uint32())
		}
		moves[2], moves[3] = 0, 0 // the first command opens the case
		w := &journey{t: t, config: config, now: jan(6), moves: moves}
		w.run()
		for _, r := range w.log {
			name, _ := r.Event.Schema()
			reached[name]++
		}
	}
	for _, name := range []string{
		"Received", "Acknowledged", "Allocated", "FindingRecorded", "Responded", "Escalated", "Extended", "RemedyProposed",
		"RemedyApproved", "RemedyOffered", "RemedyAccepted", "RemedyRejected", "RemedyDelivered", "ReferredToOmbudsman",
		"OutcomeAccepted", "RemedyRefused", "RemedyUndeliverable", "OmbudsmanDecided", "Reopened", "CauseRecorded", "Withdrawn", "Closed",
		"Classified", "Redirected", "CaseLinked", "PartyAdded", "PartyRemoved", "ConsentRequested", "ConsentRecorded",
		"DecisionRecorded", "SafeguardingReferred", "FlagChanged", "ContactRecorded", "DocumentAttached",
		"Suspended", "Resumed", "InformationRequested", "InformationReceived", "IssuesAgreed", "MattersJoined", "ResolvedEarly",
		"EscalationRefused", "InvestigatorsAppointed", "InvestigationReported", "FeeNoticeIssued", "FeePaid", "SurveySent",
		"NotificationSent", "CorrectionRecorded",
	} {
		if reached[name] == 0 {
			t.Errorf("no walk comes to %s; they come to %v", name, reached)
		}
	}
}
