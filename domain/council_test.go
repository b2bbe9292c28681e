package domain

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

// The people of the invented council in these tests.
var (
	amina = person("amina") // case handler, housing
	iris  = person("iris")  // investigating officer, housing
	ben   = person("ben")   // service manager, housing, grade 8
	olu   = person("olu")   // service manager, housing, grade 9
	wes   = person("wes")   // service manager, waste, grade 9
	low   = person("low")   // service manager, housing, grade 3
	cara  = person("cara")  // complaints manager
	mary  = person("mary")  // complaints manager
	dan   = person("dan")   // director, housing
	fay   = person("fay")   // finance approver
	mona  = person("mona")  // monitoring officer
	dora  = person("dora")  // data protection officer
	dirk  = person("dirk")  // data protection officer
	aud   = person("aud")   // audit officer
	adam  = person("adam")  // administrator
	pat   = person("pat")   // complainant
	rae   = person("rae")   // representative
	ghost = person("ghost") // recorded nowhere
)

var caseID = person("case")

func person(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)) }

func id(u uuid.UUID) *uuid.UUID { return &u }

// council returns a config with the corporate procedures, the shipped calendar, everybody's roles and the settings.
func council(t testing.TB, settings Settings) *Config {
	t.Helper()
	log := []Event{NewSettings(t, settings)}
	for _, name := range []string{"nnc-corporate-previous", "nnc-corporate-2024"} {
		text, err := os.ReadFile(filepath.Join("procedures", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		decided, err := DecideAdoptProcedure(Context{Config: NewConfig()}, AdoptProcedure{Content: Content(text), Reference: Plain("minute 7")})
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, decided...)
	}
	grants := []struct {
		who     uuid.UUID
		role    Role
		service Term
		grade   int
	}{
		{amina, RoleCaseHandler, "housing", 4},
		{iris, RoleInvestigator, "housing", 7},
		{ben, RoleServiceManager, "housing", 8},
		{olu, RoleServiceManager, "housing", 9},
		{wes, RoleServiceManager, "waste", 9},
		{low, RoleServiceManager, "housing", 3},
		{cara, RoleComplaints, "corporate", 9},
		{mary, RoleComplaints, "corporate", 9},
		{dan, RoleDirector, "housing", 11},
		{fay, RoleFinance, "finance", 9},
		{mona, RoleMonitoring, "legal", 10},
		{dora, RoleDataProtection, "legal", 8},
		{dirk, RoleDataProtection, "legal", 8},
		{aud, RoleAudit, "audit", 7},
		{adam, RoleAdministrator, "ict", 6},
		{pat, RolePublic, "", 0},
	}
	for _, g := range grants {
		log = append(log, RoleGranted{ActorID: g.who, Roles: []Role{g.role}, Service: g.service, Grade: g.grade, From: noon(2020, 1, 1)})
	}
	config := NewConfig()
	for i, event := range log {
		if err := config.Apply(Recorded{Event: event, Stream: "config-test", Revision: uint64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	return config
}

// NewSettings makes the event for settings that are adopted.
func NewSettings(t testing.TB, settings Settings) Event {
	adopted, err := NewSettingsAdopted(settings, "Cabinet", Plain("minute 6"))
	if err != nil {
		t.Fatal(err)
	}
	return adopted
}

// done is an event together with who acted; without it, the complaints manager mary did.
type done struct {
	Event
	who uuid.UUID
}

func by(who uuid.UUID, e Event) Event { return done{Event: e, who: who} }

// given folds a case from its history.
func given(t testing.TB, history ...Event) *Case {
	t.Helper()
	if len(history) == 0 {
		return nil
	}
	c := new(Case)
	for _, event := range history {
		who := mary
		if d, ok := event.(done); ok {
			event, who = d.Event, d.who
		}
		at := OccurredAt(event, c.LastRecorded)
		err := c.Apply(Recorded{Event: event, Stream: CaseStream(caseID), Revision: c.Events, Meta: Metadata{
			OccurredAt: at, RecordedAt: latest(at, c.LastRecorded), ActorID: who.String(),
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// noon is noon in London of a day.
func noon(year int, month time.Month, d int) time.Time {
	return NewDate(year, month, d).Midnight().Add(12 * time.Hour)
}

// jan is noon of a day of January 2025, in which most of these histories take place.
func jan(d int) time.Time { return noon(2025, time.January, d) }

// at returns the context in which somebody acts.
func at(config *Config, now time.Time, who uuid.UUID, c *Case) Context {
	return Context{
		Now: now, Tenant: "test", WayIn: ViaAPI, Actor: Actor{ID: who.String()}, Config: config,
		Case: c, CaseID: caseID, CaseRef: "RD-2025-000001",
		KnownPerson: func(id uuid.UUID) bool { return id != ghost },
	}
}

// expect compares a decision with the reason code it should give, or with acceptance when there is none.
func expect(t *testing.T, events []Event, err error, code Code) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatalf("refused with %v, expected acceptance", err)
		}
		if len(events) == 0 {
			t.Fatal("accepted without an event")
		}
		return
	}
	rejection, ok := errors.AsType[*Rejection](err)
	switch {
	case err == nil:
		t.Fatalf("accepted %T, expected %s", events[0], code)
	case !ok:
		t.Fatalf("%v is no rejection", err)
	case rejection.Code != code:
		t.Fatalf("refused with %v, expected %s", rejection, code)
	case len(events) != 0:
		t.Fatalf("refused with %d events", len(events))
	}
}

// The usual history of a complaint about a boiler, received on Monday 6 January 2025.
func received1() Received {
	return Received{
		CaseRef: "RD-2025-000001", Kind: KindComplaint, Channel: "email", ReceivedAt: jan(6), Service: "housing",
		Category: "repairs", ProcedureID: "nnc-corporate-2024", ProcedureVersion: "2.0", Stage: "s1",
		Summary: Plain("no heating"), Complainant: id(pat),
		Issues: []Issue{
			{ID: "boiler", Text: Plain("no heating"), Category: "repairs"},
			{ID: "calls", Text: Plain("nobody called back"), Category: "contact"},
		},
	}
}

func acknowledged(stage Label, when time.Time) Acknowledged {
	return Acknowledged{
		Stage: stage, SentAt: when, Channel: "email", Form: "email", Recipients: []uuid.UUID{pat},
		Contains: []Term{"case_reference", CodeOmbudsmanDetails},
	}
}

func allocated(stage Label, when time.Time, who uuid.UUID, grade int) Allocated {
	return Allocated{Stage: stage, AllocatedAt: when, Team: "repairs-team", OfficerID: who, OfficerGrade: grade}
}

func found(stage, issue Label, finding Finding) FindingRecorded {
	return FindingRecorded{IssueID: issue, Stage: stage, Finding: finding, Fault: "service_failure", Reasons: Plain("so it was")}
}

func responded(stage Label, when time.Time, author uuid.UUID) Responded {
	contents := []Term{
		"issues_considered", "background", "evidence", "reasons", "finding_per_issue", "fault_explained", "remedy",
		"outstanding_actions", "next_stage", "final_response_statement", CodeOmbudsmanDetails,
	}
	return Responded{
		Stage: stage, SentAt: when, Form: "letter", Recipients: []uuid.UUID{pat}, Contents: contents,
		Outcome:       OutcomePartlyUpheld,
		IssueOutcomes: []IssueOutcome{{IssueID: "boiler", Finding: FindingUpheld}, {IssueID: "calls", Finding: FindingNotUpheld}},
		AuthorID:      id(author), FurtherRights: "next_stage", Letter: "L1",
	}
}

func escalated(when time.Time) Escalated {
	return Escalated{
		FromStage: "s1", ToStage: "s2", RequestedAt: when, RequestedBy: id(pat), Channel: "email",
		Issues: []Label{"boiler"}, Ground: GroundDissatisfied,
	}
}

// answered1 is the history up to the answer of stage 1.
func answered1() []Event {
	return append(investigated1(), responded("s1", jan(20), ben))
}

// investigated1 is the history up to the findings of stage 1.
func investigated1() []Event {
	return []Event{
		received1(), acknowledged("s1", jan(8)), allocated("s1", jan(9), ben, 8),
		by(ben, found("s1", "boiler", FindingUpheld)), by(ben, found("s1", "calls", FindingNotUpheld)),
	}
}

// proposal is a payment for distress that ben proposes.
func proposal() RemedyProposed {
	return RemedyProposed{
		RemedyID: "comfort", Stage: "s1", IssueIDs: []Label{"boiler"}, Type: "distress", Description: Plain("sorry"),
		Amount: 20000, DeliverBy: NewDate(2025, time.February, 14), OwnerID: ben, Origin: OriginStage,
	}
}

func offer(p RemedyProposed, when time.Time) RemedyOffered {
	return RemedyOffered{
		RemedyID: p.RemedyID, Stage: p.Stage, IssueIDs: p.IssueIDs, Type: p.Type, Description: p.Description, Amount: p.Amount,
		DeliverBy: p.DeliverBy, OwnerID: p.OwnerID, Origin: p.Origin, OfferedAt: when,
	}
}

func approval(who uuid.UUID, role Role, rule Label, amount Pence, when time.Time) RemedyApproved {
	return RemedyApproved{RemedyID: "comfort", ApproverID: who, ApproverRole: role, RuleID: rule, Amount: amount, At: when}
}

// limits are those of the story about nobody approving for themselves, and one that asks for a second approver.
func limits() Settings {
	types := []RemedyType{"distress", "time_and_trouble", "quantifiable_loss", "goodwill"}
	return Settings{RemedyLimits: []RemedyLimit{
		{ID: "L1", Role: RoleServiceManager, RemedyTypes: types, MaxPerRemedy: 25000, MaxPerCase: 25000},
		{ID: "L2", Role: RoleComplaints, RemedyTypes: types, MaxPerRemedy: 50000, MaxPerCase: 100000},
		{ID: "L3", Role: RoleDirector, RemedyTypes: types, MaxPerRemedy: 200000, MaxPerCase: 300000, NeedsSecondApprover: true},
	}}
}

// then is a history that goes on from another, which stays as it is.
func then(history []Event, more ...Event) []Event { return slices.Concat(history, more) }

// adopting returns the council's config with one more shipped procedure.
func adopting(t testing.TB, name string) *Config {
	t.Helper()
	config := council(t, Settings{})
	text, err := os.ReadFile(filepath.Join("procedures", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	decided, err := DecideAdoptProcedure(Context{Config: config}, AdoptProcedure{Content: Content(text), Reference: Plain("minute 8")})
	if err != nil {
		t.Fatal(err)
	}
	if err := config.Apply(Recorded{Event: decided[0], Revision: config.Events}); err != nil {
		t.Fatal(err)
	}
	return config
}
