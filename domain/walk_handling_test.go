package domain

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
)

// handling makes one of the commands about how a case is dealt with between its receipt and its answer.
func (w *journey) handling(ctx Context) ([]Event, error) {
	return pick(w,
		w.suspend, w.suspend, w.resume, w.resume, w.ask, w.inform, w.inform, w.agree, w.join, w.resolve, w.refuseEscalation, w.appoint,
		w.report, w.panel, w.panel, w.early, w.fee, w.fee, w.survey, w.correct, w.correct,
	)(ctx)
}

func (w *journey) suspend(ctx Context) ([]Event, error) {
	from := DateOf(w.moment())
	e := suspension(from)
	e.Ground = SuspensionGround(w.enum(e.Ground))
	if w.next(3) == 0 {
		e.Scope, e.Issues = ExtentIssues, []Label{w.issue()}
	}
	return DecideSuspendCase(ctx, e)
}

func (w *journey) resume(ctx Context) ([]Event, error) {
	return DecideResumeCase(ctx, Resumed{On: DateOf(w.moment()), RequestedBy: "council"})
}

func (w *journey) ask(ctx Context) ([]Event, error) {
	e := enquired(EnquiryKind(w.enum(EnquiryIdentity)), w.moment())
	e.From = w.correspondent()
	return DecideRequestInformation(ctx, e)
}

func (w *journey) inform(ctx Context) ([]Event, error) {
	return DecideRecordInformation(ctx, informed(EnquiryKind(w.enum(EnquiryIdentity)), w.moment()))
}

func (w *journey) agree(ctx Context) ([]Event, error) {
	return DecideAgreeIssues(ctx, IssuesAgreed{
		Issues: []Matter{{ID: w.issue()}, {Text: Plain("the tone")}}, AgreedAt: w.moment(), AgreedWith: id(pat),
	})
}

func (w *journey) join(ctx Context) ([]Event, error) {
	e := MattersJoined{
		Issues: []Matter{{ID: pick[Label](w, "damp", "noise", ""), Text: Plain("more")}}, RaisedAt: w.moment(),
		Decision: MatterDecision(w.enum(MattersJoin)), Reason: pick(w, Plain("it would delay"), Personal{}),
	}
	return DecideJoinMatters(ctx, e)
}

func (w *journey) resolve(ctx Context) ([]Event, error) {
	return DecideResolveEarly(ctx, ResolvedEarly{
		Stage: w.stage(), ResolvedAt: w.moment(), Resolution: Plain("mended"), Satisfied: Satisfaction(w.enum(Dissatisfied)), By: id(amina),
	})
}

func (w *journey) refuseEscalation(ctx Context) ([]Event, error) {
	return DecideRefuseEscalation(ctx, EscalationRefused{
		RequestedAt: w.moment(), ToStage: "s2", Code: "exhausted", Reasons: Plain("no"), OmbudsmanRightGiven: w.next(2) == 0, SentAt: w.now,
	})
}

func (w *journey) appoint(ctx Context) ([]Event, error) {
	e := appointed(w.moment())
	e.IO.ID, e.IO.External = pick(w, ivo, ivo, olu, ben), w.next(2) == 0
	e.IP.ID = pick(w, ingot, ingot, chloe, ivo)
	return DecideAppointInvestigators(ctx, e)
}

func (w *journey) report(ctx Context) ([]Event, error) {
	return DecideSubmitReport(ctx, InvestigationReported{By: Reporter(w.enum(Reporter(""))), Report: "R1", At: w.moment()})
}

// panel seldom finds a case before a panel: it convenes one, holds it, or reports.
func (w *journey) panel(ctx Context) ([]Event, error) {
	switch w.next(3) {
	case 0:
		e := convened(w.moment())
		e.Chair = pick(w, chloe, chloe, ingot, dan)
		return DecideConvenePanel(ctx, e)
	case 1:
		e := held(w.moment())
		e.ComplainantAttended = w.next(3) > 0
		e.AdjournedTo = pick(w, time.Time{}, time.Time{}, w.now.Add(48*time.Hour))
		return DecideRecordPanel(ctx, e)
	}
	e := reported(w.moment())
	e.ReceivedAt = pick(w, time.Time{}, w.now)
	return DecideSubmitPanelReport(ctx, e)
}

func (w *journey) early(ctx Context) ([]Event, error) {
	return DecideAgreeEarlyReferral(ctx, EarlyReferralAgreed{
		Grounds: []Term{"panel_unlikely_to_differ"}, DiscussedAt: pick(w, w.now, time.Time{}), ComplainantAgrees: w.next(3) > 0,
		CouncilOfficer: id(cara), OmbudsmanAccepts: OmbudsmanAnswer(w.enum(OmbudsmanDeclines)),
	})
}

func (w *journey) fee(ctx Context) ([]Event, error) {
	if w.next(2) == 0 {
		return DecideIssueFeeNotice(ctx, FeeNoticeIssued{Amount: 9000, IssuedAt: w.moment()})
	}
	return DecideRecordFeePayment(ctx, FeePaid{PaidAt: w.moment()})
}

func (w *journey) survey(ctx Context) ([]Event, error) {
	if w.next(2) == 0 {
		return DecideRecordNotification(ctx, NotificationSent{Template: "N29", At: w.moment(), Result: "sent"})
	}
	return DecideSendSurvey(ctx, SurveySent{Token: "t-1", SentAt: w.moment()})
}

// correct puts something right in one of the events so far.
func (w *journey) correct(ctx Context) ([]Event, error) {
	e := CorrectionRecorded{Reason: Plain("a slip"), ApprovedBy: pick(w, id(mary), id(dan), id(amina)), Corrects: uuid.New()}
	if len(w.log) > 0 {
		r := pick(w, w.log...)
		name, _ := r.Event.Schema()
		e.Corrects, e.Field = r.Meta.EventID, Path(occurredFields[name])
		e.NewValue = Plain(w.moment().Format(time.RFC3339))
	}
	if w.next(3) == 0 {
		e.Field, e.NewValue = "ward", Plain("north")
	}
	return DecideCorrectRecord(ctx, e)
}

// checkHandling holds against the case what must be true of suspensions, pauses and the panel.
func (w *journey) checkHandling() {
	w.t.Helper()
	c := w.c
	if (c.Status == StatusSuspended) != c.suspended() {
		w.t.Fatalf("the case is %s, its suspensions are %v", c.Status, c.Suspensions)
	}
	open := map[string]bool{}
	for _, p := range c.History().Pauses {
		if !p.To.IsZero() && p.To < p.From {
			w.t.Fatalf("a pause from %s to %s", p.From, p.To)
		}
		open[p.Kind] = open[p.Kind] || p.To.IsZero()
	}
	if open[PauseSuspension] != c.suspended() || open[PauseFeeNotice] != !c.FeeAskedAt.IsZero() {
		w.t.Fatalf("open pauses %v; suspensions %v, a fee asked at %s", open, c.Suspensions, c.FeeAskedAt)
	}
	if p := c.Panel; p != nil {
		if p.HeldAt.IsZero() && !p.ReportedAt.IsZero() || !p.HeldAt.IsZero() && p.HeldAt.Before(p.ConvenedAt) {
			w.t.Fatalf("panel %+v", *p)
		}
		if s := c.Record("s3"); s != nil && !s.RespondedAt.IsZero() && p.ReportedAt.IsZero() {
			w.t.Fatal("the panel was answered before it reported")
		}
	}
	for i, issue := range c.Issues {
		for _, other := range c.Issues[:i] {
			if issue.ID == other.ID {
				w.t.Fatalf("issue %s stands twice", issue.ID)
			}
		}
	}
	if c.SurveyToken != "" && c.Complainant == nil && c.Imported == nil {
		w.t.Fatal("nobody was asked how it was")
	}
}

// TestWalksAtThePanel takes walks that begin where a children's complaint has come to stage 2, and asks that together they
// go through panel and early referral.
func TestWalksAtThePanel(t *testing.T) {
	config, history := stage3(t)
	history = then(history, convened(jan(23)), held(jan(24)))
	dice := rand.New(rand.NewPCG(5, 8))
	reached := map[string]int{}
	for n := range 300 {
		moves := make([]byte, 10*longestWalk)
		for i := range moves {
			moves[i] = byte(dice.Uint32())
		}
		w := &journey{t: t, config: config, now: jan(24), moves: moves}
		begun := history[:len(history)-n%4] // without the escalation, the convening, the meeting, or with all of them
		for _, e := range begun {
			who := mary
			if d, ok := e.(done); ok {
				e, who = d.Event, d.who
			}
			w.append(at(config, OccurredAt(e, jan(24)), who, w.c), e)
		}
		w.run()
		for _, r := range w.log[len(begun):] {
			name, _ := r.Event.Schema()
			reached[name]++
		}
	}
	for _, name := range []string{"PanelConvened", "PanelHeld", "PanelReported", "EarlyReferralAgreed", "Responded"} {
		if reached[name] == 0 {
			t.Errorf("no walk comes to %s; they come to %v", name, reached)
		}
	}
}
