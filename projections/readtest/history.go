package readtest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/google/uuid"

	"redress/domain"
)

// quiet is a logger for tests that make noise on purpose.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func contextOf(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(context.WithoutCancel(t.Context()))
}

// step is one event of a history that is still to be appended.
type step struct {
	at     time.Time
	stream string
	event  domain.Event
}

// services and the like are what histories choose from.
var (
	services = []domain.Term{"housing", "planning", "waste", "=cmd"}
	wards    = []domain.Term{"Abbey", "Castle", ""}
	channels = []domain.Channel{"email", "phone", "online_form"}
	officers = []uuid.UUID{named("ben"), named("olu")}
	outcomes = []domain.Outcome{domain.OutcomeUpheld, domain.OutcomePartlyUpheld, domain.OutcomeNotUpheld, domain.OutcomeNoFinding}
)

func named(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)) }

// CaseID is the id of the n-th case of a history with that seed.
func CaseID(seed uint64, n int) uuid.UUID { return named(fmt.Sprintf("case %d of %d", n, seed)) }

// Histories appends the events of n cases, some of them after their time, extended,
// escalated, withdrawn, remedied, reopened or backdated, interleaved in the order in
// which they were recorded. A seed gives the same histories always.
func (c *Council) Histories(seed uint64, n int) {
	c.T.Helper()
	for _, s := range histories(seed, n) {
		c.Append(s.stream, s.at, s.event)
	}
}

func histories(seed uint64, n int) []step {
	r := rand.New(rand.NewPCG(seed, 1))
	var steps []step
	for i := range n {
		id := CaseID(seed, i)
		h := &history{r: r, id: id, ref: fmt.Sprintf("RD-2024-%06d", int(seed)*10000+i), at: Opened.Add(time.Duration(r.IntN(400*24*60)) * time.Minute)}
		h.live()
		steps = append(steps, h.steps...)
	}
	sort.SliceStable(steps, func(i, j int) bool { return steps[i].at.Before(steps[j].at) })
	return steps
}

// history makes up one case.
type history struct {
	r     *rand.Rand
	id    uuid.UUID
	ref   string
	at    time.Time
	steps []step
}

func (h *history) say(e domain.Event) {
	h.steps = append(h.steps, step{at: h.at, stream: domain.CaseStream(h.id), event: e})
}

// wait lets working and other days go by.
func (h *history) wait(days int) {
	h.at = h.at.Add(time.Duration(h.r.IntN(days*24*60)+1) * time.Minute)
}

func (h *history) chance(percent int) bool { return h.r.IntN(100) < percent }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (h *history) live() {
	complainant := named("complainant of " + h.ref)
	received := h.at
	h.wait(1)
	h.say(domain.Received{
		CaseRef: h.ref, Kind: domain.KindComplaint, Channel: pick(h.r, channels), ReceivedAt: received,
		Service: pick(h.r, services), Category: "repairs", Ward: pick(h.r, wards),
		ProcedureID: "nnc-corporate-2024", ProcedureVersion: "2.0", Stage: "s1",
		Summary: domain.Plain("The boiler of Mrs Canary is out."), Complainant: &complainant,
		Issues: []domain.Issue{{ID: "boiler", Text: domain.Plain("No heating."), Category: "repairs"}},
	})
	if h.chance(8) {
		return
	}
	if !h.stage("s1") {
		return
	}
	if h.chance(20) {
		h.wait(20)
		h.say(domain.Escalated{
			FromStage: "s1", ToStage: "s2", RequestedAt: h.at, RequestedBy: &complainant, Channel: "email",
			Issues: []domain.Label{"boiler"}, Ground: domain.GroundDissatisfied,
		})
		if !h.stage("s2") {
			return
		}
		if h.chance(20) {
			h.wait(60)
			h.say(domain.ReferredToOmbudsman{Body: "LGSCO", ReferredAt: h.at, By: "complainant"})
			return
		}
	}
	if h.chance(70) {
		h.wait(15)
		h.say(domain.Closed{Reason: pick(h.r, []domain.ClosedReason{"accepted", "no_further_contact", "duplicate"}), At: h.at})
	}
}

// stage tells one stage and reports whether it was answered.
func (h *history) stage(stage domain.Label) bool {
	if h.chance(90) {
		h.wait(8)
		h.say(domain.Acknowledged{Stage: stage, SentAt: h.at, Channel: "email", Form: "email", Recipients: []uuid.UUID{}, Contains: []domain.Term{}})
	}
	if h.chance(8) {
		h.wait(10)
		h.say(domain.Withdrawn{At: h.at})
		return false
	}
	h.wait(3)
	h.say(domain.Allocated{Stage: stage, AllocatedAt: h.at, Team: "team", OfficerID: pick(h.r, officers), OfficerGrade: 8})
	if h.chance(15) {
		h.wait(2)
		old := domain.DateOf(h.at).AddDays(6)
		h.say(domain.Extended{
			Clock: stage + ".response", OldDueDate: old, NewDueDate: old.AddDays(14), Reason: domain.Plain("A report is awaited."),
			ReasonCode: "awaiting_third_party", NotifiedAt: h.at, Notice: "N1", Contains: []domain.Term{},
		})
	}
	if h.chance(12) {
		return false
	}
	h.wait(14)
	outcome := pick(h.r, outcomes)
	h.say(domain.FindingRecorded{IssueID: "boiler", Stage: stage, Finding: domain.Finding(outcome), Fault: "none", Reasons: domain.Plain("It was seen.")})
	sent := h.at
	if h.chance(10) {
		h.wait(4) // recorded later than it was sent
	}
	h.say(domain.Responded{
		Stage: stage, SentAt: sent, Form: "letter", Recipients: []uuid.UUID{}, Contents: []domain.Term{}, Outcome: outcome,
		IssueOutcomes: []domain.IssueOutcome{{IssueID: "boiler", Finding: domain.Finding(outcome)}}, FurtherRights: "next_stage", Letter: "L1",
	})
	if outcome == domain.OutcomeUpheld && h.chance(60) {
		h.remedy(stage)
	}
	return true
}

func (h *history) remedy(stage domain.Label) {
	h.wait(3)
	id := domain.Label("R-" + stage)
	amount := domain.Pence(5000 + 100*h.r.IntN(200))
	h.say(domain.RemedyOffered{
		RemedyID: id, Stage: stage, IssueIDs: []domain.Label{"boiler"}, Type: "distress", Description: domain.Plain("A payment."),
		Amount: amount, DeliverBy: domain.DateOf(h.at).AddDays(28), OwnerID: officers[0], Origin: domain.OriginStage, OfferedAt: h.at,
	})
	if !h.chance(70) {
		return
	}
	h.wait(5)
	h.say(domain.RemedyAccepted{RemedyID: id, At: h.at})
	if h.chance(80) {
		h.wait(20)
		h.say(domain.RemedyDelivered{RemedyID: id, DeliveredOn: domain.DateOf(h.at), Evidence: "E1"})
	}
}

// Received is the beginning of a case that came in at a moment.
func Received(ref string, at time.Time) domain.Received {
	complainant := named("complainant of " + ref)
	return domain.Received{
		CaseRef: ref, Kind: domain.KindComplaint, Channel: "email", ReceivedAt: at, Service: "housing", Category: "repairs",
		Ward: "Abbey", ProcedureID: "nnc-corporate-2024", ProcedureVersion: "2.0", Stage: "s1",
		Summary: domain.Plain("The boiler of Mrs Canary is out."), Complainant: &complainant,
		Issues: []domain.Issue{{ID: "boiler", Text: domain.Plain("No heating."), Category: "repairs"}},
	}
}
