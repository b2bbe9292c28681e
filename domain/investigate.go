package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// InvestigatorsAppointed records who investigates a stage, and who from outside watches over it.
type InvestigatorsAppointed struct {
	IO          Investigator      `json:"io" rule:"required" doc:"the investigating officer"`
	IP          IndependentPerson `json:"ip" rule:"required" doc:"the independent person"`
	AppointedAt time.Time         `json:"appointed_at" rule:"required" doc:"when"`
}

// Schema names the event.
func (InvestigatorsAppointed) Schema() (string, int) { return "InvestigatorsAppointed", 1 }

// When returns the moment of the appointment.
func (e InvestigatorsAppointed) When() time.Time { return e.AppointedAt }

// Investigator is an investigating officer as appointed.
type Investigator struct {
	ID       uuid.UUID `json:"id" rule:"required" doc:"the person"`
	External bool      `json:"external,omitzero" doc:"whether the officer comes from outside the council"`
	Trained  bool      `json:"trained,omitzero" doc:"whether the officer is trained to investigate"`
	Grade    int       `json:"grade,omitzero" doc:"the officer's grade"`
}

// IndependentPerson watches over an investigation: neither member nor officer of the council, nor married to one.
type IndependentPerson struct {
	ID                  uuid.UUID `json:"id" rule:"required" doc:"the person"`
	DeclaredIndependent bool      `json:"declared_independent,omitzero" doc:"whether the person has declared to be independent"`
	DeclaredAt          time.Time `json:"declared_at,omitzero" doc:"when"`
}

// InvestigationReported records a report of the investigating officer or of the independent person. Its findings are
// those of the report: what the council finds is recorded as such.
type InvestigationReported struct {
	By              Reporter       `json:"by" rule:"required" doc:"whose report it is"`
	Report          Label          `json:"report" rule:"required" doc:"the document"`
	At              time.Time      `json:"at" rule:"required" doc:"when it was handed over"`
	Findings        []IssueOutcome `json:"findings,omitempty" doc:"what the report finds on each issue"`
	Recommendations []Proposal     `json:"recommendations,omitempty" doc:"what it recommends"`
}

// Schema names the event.
func (InvestigationReported) Schema() (string, int) { return "InvestigationReported", 1 }

// When returns the moment of the report.
func (e InvestigationReported) When() time.Time { return e.At }

// Proposal is one thing that a report asks of the council. It may be sent as its text alone.
type Proposal struct {
	ID   Label    `json:"rec_id,omitzero" doc:"unique in the report"`
	Text Personal `json:"text,omitzero" rule:"short" doc:"what is recommended"`
	Type Term     `json:"type,omitzero" doc:"what sort of measure it is"`
}

// Reporter is whose report on an investigation it is.
type Reporter string

// Values returns the closed list.
func (Reporter) Values() []string { return []string{"io", "ip"} }

// Appointment is one appointment of investigators, and when each of them reported.
type Appointment struct {
	Stage      Label
	IO         uuid.UUID
	External   bool // of the investigating officer
	IP         uuid.UUID
	At         time.Time
	IOReported time.Time // the first report; zero before
	IPReported time.Time
}

func (e InvestigatorsAppointed) happen(c *Case, _ *Metadata) {
	c.Appointments = append(c.Appointments, Appointment{
		Stage: c.atWork(), IO: e.IO.ID, External: e.IO.External, IP: e.IP.ID, At: e.AppointedAt,
	})
	c.investigating()
}

func (e InvestigationReported) happen(c *Case, _ *Metadata) {
	c.investigating()
	if len(c.Appointments) == 0 {
		return
	}
	c.Appointments = slices.Clone(c.Appointments)
	a := &c.Appointments[len(c.Appointments)-1]
	reported := &a.IOReported
	if e.By == "ip" {
		reported = &a.IPReported
	}
	if reported.IsZero() {
		*reported = e.At
	}
}

// DecideAppointInvestigators answers with [InvestigatorsAppointed]. What is asked of the two, the stage's officer rules
// say. Rejects with NOT_INDEPENDENT, OFFICER_SUBJECT, OFFICER_NOT_DIFFERENT, NOT_TRAINED, SAME_PERSON.
func DecideAppointInvestigators(ctx Context, e InvestigatorsAppointed) ([]Event, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	c := ctx.Case
	if err := Preconditions(ctx, CommandRule{After: c.entered()}, e.AppointedAt); err != nil {
		return nil, err
	}
	if err := known(ctx, "io.id", &e.IO.ID); err != nil {
		return nil, err
	}
	if err := known(ctx, "ip.id", &e.IP.ID); err != nil {
		return nil, err
	}
	stage := p.Stage(string(c.atWork()))
	if _, asked := stage.Rule("ip_independent"); asked {
		// an outsider may hold the investigators' role, for a time, to see the one case
		officer := e.IP.ID != e.IO.ID && ctx.isOfficer(e.IP.ID, RoleInvestigator)
		if !e.IP.DeclaredIndependent || officer || c.issueAbout(e.IP.ID) != "" {
			return nil, Reject(NotIndependent, "the independent person is neither member nor officer of the council")
		}
	}
	if err := checkNotSubject(ctx, p, stage, e.IO.ID); err != nil {
		return nil, err
	}
	io := Officer{ID: e.IO.ID, Grade: e.IO.Grade}
	if rule, asked := stage.Rule("different_from"); asked {
		if err := differentFrom(ctx, io, rule.Stages); err != nil {
			return nil, err
		}
	}
	if _, asked := stage.Rule("io_external_or_uninvolved_manager"); asked && !e.IO.External && c.involved(e.IO.ID, c.atWork()) {
		return nil, Reject(OfficerNotDifferent, "an investigating officer from inside has not dealt with the case before")
	}
	if _, asked := stage.Rule("trained"); asked && !e.IO.Trained {
		return nil, Reject(NotTrained, "the investigating officer is trained")
	}
	if e.IO.ID == e.IP.ID {
		return nil, Reject(SamePerson, "the independent person is another than the investigating officer")
	}
	return []Event{e}, nil
}

// isOfficer reports whether the person holds a role of the council, other than those of the public and those excepted.
func (ctx Context) isOfficer(person uuid.UUID, except ...Role) bool {
	return slices.ContainsFunc(ctx.Config.Grant(person.String(), ctx.Now).Held, func(h HeldRole) bool {
		return h.Role != RolePublic && !slices.Contains(except, h.Role)
	})
}

// involved reports whether the person has held, answered, approved or found in any stage of the case but one.
func (c *Case) involved(person uuid.UUID, except Label) bool {
	return slices.ContainsFunc(c.Stages, func(s StageRecord) bool {
		held := slices.ContainsFunc(s.Allocated, func(o Officer) bool { return o.ID == person })
		return s.Stage != except && (held || slices.Contains(s.Involved, person.String()))
	})
}

// DecideSubmitReport answers with [InvestigationReported].
func DecideSubmitReport(ctx Context, e InvestigationReported) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	after := ctx.Case.entered()
	if n := len(ctx.Case.Appointments); n > 0 {
		after = latest(after, ctx.Case.Appointments[n-1].At)
	}
	if err := Preconditions(ctx, CommandRule{After: after}, e.At); err != nil {
		return nil, err
	}
	if err := checkReported(ctx.Case, e.Findings); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// checkReported answers BAD_VALUE for a report's finding on an issue that the case does not have.
func checkReported(c *Case, findings []IssueOutcome) error {
	for i, found := range findings {
		if c.Issue(found.IssueID) == nil {
			return BadValue(indexed("findings", i)+".issue_id", "an issue of the case")
		}
	}
	return nil
}
