package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Case is one feedback item and everything that has happened to it: the fold of its stream. Its fields are for reading;
// only [Case.Apply] changes them. Any number of readers may share a case that nobody applies to; [Case.Clone] makes a
// copy that shares nothing that a later event changes.
type Case struct {
	ID       uuid.UUID
	Ref      string
	Revision uint64 // of the last event
	Events   uint64 // how many events the stream has, and so its next revision

	Status       Status
	Stage        Label // a stage of the bound procedure, or [StageOmbudsman]; empty before Received
	Step         Step
	ClosedReason ClosedReason
	ClosedAt     time.Time
	WithdrawnAt  time.Time // the first withdrawal, whether or not it closed the case

	Kind             Kind
	Channel          Channel
	Service          Term
	Category         Term
	Ward             Term
	ProcedureID      Label
	ProcedureVersion Label
	ReceivedAt       time.Time
	RecordedAt       time.Time // when Received was recorded
	LastRecorded     time.Time // when the last event was recorded
	LastOccurred     time.Time // the latest moment at which an event happened
	MatterOccurredOn Date
	MatterKnownOn    Date

	Complainant    *uuid.UUID // nil = anonymous, or not in the source of an imported case
	Affected       *uuid.UUID
	Representative *uuid.UUID
	DuplicateOf    *uuid.UUID
	Flags          []Flag     // those that are on, in the order in which they were raised
	Officer        *uuid.UUID // who holds the current stage

	Issues     []IssueRecord
	Stages     []StageRecord // one for each entry into a stage, in order
	Extensions []Extension
	Remedies   []Remedy
	Causes     []Cause // the standing one of each issue that has one
	Ombudsman  *OmbudsmanReferral
	Imported   *ImportInfo
	Parties    []PartyRecord // everybody who is in the case, with the role
	Consents   []Consent     // one for each person and scope
	Decisions  []Decision    // in order
	Links      []Link        // to other cases, in order
	Documents  []Label       // ids of the documents attached
	// SafeguardingAt is when the case was first referred to those who protect from abuse and neglect.
	SafeguardingAt time.Time
	Suspensions    []Suspension
	Enquiries      []Enquiry
	// EscalationsRefused are the refusals of a next stage, in order.
	EscalationsRefused []RefusedEscalation
	Appointments       []Appointment // of investigators, in order
	Panel              *Panel        // the last that was convened
	SurveyToken        Label         // of the survey that was sent; empty where none was
	SurveySentAt       time.Time
	FeeAskedAt         time.Time // when the fee was asked for that is unpaid; zero where none is
	// EarlyAgreed is set when complainant and council have agreed to skip the last stage.
	EarlyAgreed bool
	Erased      bool // the case's own key was destroyed
	Bootstrap   bool // some event was appended before an approver existed

	receivedEvent uuid.UUID // the event that started the clocks of the first stage
	facts         []factRef // which event stands where in the stream
	history       History
}

// Status says whether a case is open.
type Status string

// The statuses.
const (
	StatusOpen      Status = "open"
	StatusSuspended Status = "suspended"
	StatusClosed    Status = "closed"
)

// Values returns the closed list of statuses.
func (Status) Values() []string { return []string{"open", "suspended", "closed"} }

// StageOmbudsman is the stage of a case that an ombudsman has. No procedure may call a stage so.
const StageOmbudsman Label = "ombudsman"

// Step is how far a case has come within its stage.
type Step string

// The steps.
const (
	StepReceived       Step = "received"
	StepAcknowledged   Step = "acknowledged"
	StepAllocated      Step = "allocated"
	StepInvestigating  Step = "investigating"
	StepResponded      Step = "responded"
	StepPanelScheduled Step = "panel_scheduled"
	StepPanelHeld      Step = "panel_held"
	StepPanelReported  Step = "panel_reported"
	StepWithOmbudsman  Step = "with_ombudsman"
)

// Values returns the closed list of steps.
func (Step) Values() []string {
	return []string{
		"received", "acknowledged", "allocated", "investigating", "responded", "panel_scheduled", "panel_held",
		"panel_reported", "with_ombudsman",
	}
}

// IssueRecord is one head of complaint, without its sealed text.
type IssueRecord struct {
	ID         Label
	Category   Term
	AboutStaff []uuid.UUID
	Redirected Term // the code with which it went elsewhere; empty for one that is answered here
}

// StageRecord is one entry of the case into one stage. Due dates are not in it: they follow from the clock engine.
type StageRecord struct {
	Stage       Label
	EnteredAt   time.Time // when its first clock starts; zero when the source of an imported case does not say
	AckAt       time.Time // the first acknowledgement
	AllocatedAt time.Time // the first allocation
	RespondedAt time.Time // the first response
	AcceptedAt  time.Time // when the complainant was content with the answer
	EndedAt     time.Time // when the case left the stage without waiting for more; zero while it has not
	Ending      Ending
	Ground      EscalationGround // on what ground it was entered
	Outcome     Outcome          // of the last response
	Outcomes    []IssueOutcome   // as the last response gave them
	Issues      []Label          // those in dispute, which need a finding
	Findings    []FindingRecord  // the last for each issue
	Officer     *uuid.UUID       // who holds it
	Grade       int              // that officer's grade as allocated
	Team        Term
	Allocated   []Officer  // everybody who has held it, in order
	Author      *uuid.UUID // of the last response
	ApprovedBy  *uuid.UUID // of the last response
	Involved    []string   // ids of everybody who wrote or approved a response or made a finding in it
}

// Ending is how a stage came to its end.
type Ending string

// The endings.
const (
	EndedReclassified Ending = "reclassified"
	EndedRedirected   Ending = "redirected"
	EndedEscalated    Ending = "escalated"
	EndedClosed       Ending = "closed"
	EndedWithdrawn    Ending = "withdrawn"
)

// Officer is somebody who was allocated to a stage, with the grade of that time.
type Officer struct {
	ID    uuid.UUID
	Grade int
}

// FindingRecord is the standing finding on an issue at a stage.
type FindingRecord struct {
	Issue     Label
	Finding   Finding
	Injustice bool
	By        string // the id whose rights counted
}

// Extension is one move of a due date.
type Extension struct {
	Clock      Label
	OldDue     Date
	NewDue     Date
	NotifiedAt time.Time
	RecordedAt time.Time
	ReasonCode ExtensionCode
}

// caseFact is an event of a case's stream. Its method says what it does to the case.
type caseFact interface {
	Event
	happen(c *Case, m *Metadata)
}

// OfCase reports whether an event belongs in the stream of a case.
func OfCase(e Event) bool {
	_, ok := e.(caseFact)
	return ok
}

// Apply adds the next event of the case's stream. An event of another kind of stream, or out of its place, is an error
// and changes nothing; any fact that was ever written is taken.
func (c *Case) Apply(r Recorded) error {
	fact, ok := r.Event.(caseFact)
	if !ok {
		return misplaced(r, "case")
	}
	if r.Revision != c.Events {
		return gap(r, c.Events)
	}
	if c.Events == 0 {
		if id, ok := strings.CutPrefix(r.Stream, "complaint-"); ok {
			c.ID, _ = uuid.Parse(id)
		}
	}
	c.Revision, c.Events = r.Revision, c.Events+1
	c.LastRecorded = r.Meta.RecordedAt
	if r.Meta.OccurredAt.After(c.LastOccurred) {
		c.LastOccurred = r.Meta.OccurredAt
	}
	c.Bootstrap = c.Bootstrap || r.Meta.Bootstrap
	name, _ := fact.Schema()
	c.facts = append(c.facts, factRef{r.Meta.EventID, name})
	known := len(c.history.Moments)
	fact.happen(c, &r.Meta)
	for i := known; i < len(c.history.Moments); i++ {
		c.history.Moments[i].Seq = r.Revision
	}
	if c.Imported != nil {
		c.Imported.Notes = append(c.Imported.Notes, r.Meta.LegacyNotes...)
		c.remember(r.Meta.SourceRow, nil)
	}
	return nil
}

// Fold folds a case's whole stream; no records give nil.
func Fold(records []Recorded) (*Case, error) {
	if len(records) == 0 {
		return nil, nil
	}
	c := new(Case)
	for _, r := range records {
		if err := c.Apply(r); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Clone returns a copy that later events of either leave untouched in the other.
func (c *Case) Clone() *Case {
	d := *c
	d.Flags, d.Consents = slices.Clone(c.Flags), slices.Clone(c.Consents)
	d.Parties, d.Decisions = slices.Clip(c.Parties), slices.Clip(c.Decisions)
	d.Links, d.Documents = slices.Clip(c.Links), slices.Clip(c.Documents)
	d.Issues = slices.Clip(c.Issues)
	d.facts = slices.Clip(c.facts)
	d.Suspensions, d.Enquiries = slices.Clip(c.Suspensions), slices.Clip(c.Enquiries)
	d.EscalationsRefused, d.Appointments = slices.Clip(c.EscalationsRefused), slices.Clip(c.Appointments)
	d.Extensions = slices.Clip(c.Extensions)
	d.history = c.history.clip()
	d.Stages = slices.Clone(c.Stages)
	for i := range d.Stages {
		s := &d.Stages[i]
		s.Findings = slices.Clone(s.Findings)
		s.Allocated = slices.Clip(s.Allocated)
		s.Involved = slices.Clip(s.Involved)
	}
	d.Causes = slices.Clone(c.Causes)
	d.Remedies = slices.Clone(c.Remedies)
	for i := range d.Remedies {
		d.Remedies[i].Approvals = slices.Clip(d.Remedies[i].Approvals)
	}
	if c.Imported != nil {
		info := *c.Imported
		info.Notes, info.Rows = slices.Clip(info.Notes), slices.Clip(info.Rows)
		d.Imported = &info
	}
	return &d
}

// Procedure returns the procedure that the case is bound to, as id@version; empty before Received.
func (c *Case) Procedure() string {
	if c.ProcedureID == "" {
		return ""
	}
	return string(c.ProcedureID) + "@" + string(c.ProcedureVersion)
}

// Current returns the case's current entry into its stage, or nil when it has none (with an ombudsman, or not received).
func (c *Case) Current() *StageRecord { return c.Record(c.Stage) }

// Record returns the last entry into the named stage, or nil when the case has never been there.
func (c *Case) Record(stage Label) *StageRecord {
	for i := len(c.Stages) - 1; i >= 0; i-- {
		if c.Stages[i].Stage == stage {
			return &c.Stages[i]
		}
	}
	return nil
}

// Issue returns the named issue, or nil.
func (c *Case) Issue(id Label) *IssueRecord {
	for i := range c.Issues {
		if c.Issues[i].ID == id {
			return &c.Issues[i]
		}
	}
	return nil
}

// Remedy returns the named remedy, or nil.
func (c *Case) Remedy(id Label) *Remedy { return c.remedy(id) }

// Flagged reports whether a flag is on.
func (c *Case) Flagged(flag Flag) bool { return slices.Contains(c.Flags, flag) }

// Finding returns the standing finding on an issue at this stage, or nil.
func (s *StageRecord) Finding(issue Label) *FindingRecord {
	for i := range s.Findings {
		if s.Findings[i].Issue == issue {
			return &s.Findings[i]
		}
	}
	return nil
}

// HighestGrade returns the highest grade that was ever allocated to the stage, 0 when nobody was.
func (s *StageRecord) HighestGrade() int {
	highest := 0
	for _, officer := range s.Allocated {
		highest = max(highest, officer.Grade)
	}
	return highest
}

func (c *Case) remedy(id Label) *Remedy {
	for i := range c.Remedies {
		if c.Remedies[i].ID == id {
			return &c.Remedies[i]
		}
	}
	return nil
}

func (c *Case) raise(flag Flag) {
	if !c.Flagged(flag) {
		c.Flags = append(c.Flags, flag)
	}
}

func (c *Case) lower(flag Flag) {
	c.Flags = slices.DeleteFunc(c.Flags, func(f Flag) bool { return f == flag })
}

// enter begins a stage and makes it the current one.
func (c *Case) enter(s StageRecord) {
	c.Stages = append(c.Stages, s)
	c.Stage, c.Officer = s.Stage, nil
	c.history.Entries = append(c.history.Entries, StageEntry{Stage: string(s.Stage), At: s.EnteredAt, Seq: c.Revision})
}

// moment tells the clock engine of an event that may start or stop a clock.
func (c *Case) moment(name string, stage Label, at time.Time) {
	c.history.Moments = append(c.history.Moments, Moment{Event: name, Stage: string(stage), At: at})
}

// History returns what the clock engine knows of the case. Its lists are the case's own and not to be changed.
func (c *Case) History() History { return c.history.clip() }

// clip returns the history with lists that can be appended to without reaching the original's.
func (h History) clip() History {
	h.Entries, h.Moments, h.Pauses = slices.Clip(h.Entries), slices.Clip(h.Moments), slices.Clip(h.Pauses)
	h.Resets, h.Extensions, h.Endings = slices.Clip(h.Resets), slices.Clip(h.Extensions), slices.Clip(h.Endings)
	h.Conditions = slices.Clip(h.Conditions)
	return h
}

// instance returns the last entry into a stage. A fact about a stage that was never entered (an imported answer without
// its question) makes an entry without a beginning.
func (c *Case) instance(stage Label) *StageRecord {
	if s := c.Record(stage); s != nil {
		return s
	}
	c.Stages = append(c.Stages, StageRecord{Stage: stage, Issues: c.issueIDs()})
	return &c.Stages[len(c.Stages)-1]
}

// advance moves the step of the current stage forward, never back, and takes over the stage's officer.
func (c *Case) advance(to Step) {
	order := []Step{StepReceived, StepAcknowledged, StepAllocated}
	if at := slices.Index(order, c.Step); at >= 0 && at < slices.Index(order, to) {
		c.Step = to
	}
	if s := c.Current(); s != nil {
		c.Officer = s.Officer
	}
}

// end writes the ending into every stage that has none yet, and ends the open clocks.
func (c *Case) end(at time.Time, how Ending) {
	c.history.Endings = append(c.history.Endings, CaseEnding{At: at, Seq: c.Revision})
	for i := range c.Stages {
		if s := &c.Stages[i]; s.EndedAt.IsZero() {
			s.EndedAt, s.Ending = at, how
		}
	}
}

// shut closes the case, and ends what is suspended: a case that is opened again does not rest.
func (c *Case) shut(at time.Time, why ClosedReason) {
	c.resume(DateOf(at))
	c.Status, c.ClosedReason, c.ClosedAt = StatusClosed, why, at
}

func (c *Case) reopen() {
	c.Status, c.ClosedReason, c.ClosedAt = StatusOpen, "", time.Time{}
	if c.suspended() {
		c.Status = StatusSuspended
	}
}

// issueIDs returns the issues that are answered here.
func (c *Case) issueIDs() []Label {
	ids := make([]Label, 0, len(c.Issues))
	for _, issue := range c.Issues {
		if issue.Redirected == "" {
			ids = append(ids, issue.ID)
		}
	}
	return ids
}

// remember keeps a source row once, whichever of its events carries it.
func (c *Case) remember(row *SourceRow, mac []byte) {
	switch {
	case c.Imported == nil:
	case row != nil:
		if present, _ := c.Imported.Knows(*row); !present {
			c.Imported.Rows = append(c.Imported.Rows, *row)
		}
	case mac != nil:
		c.Imported.Rows = append(c.Imported.Rows, SourceRow{MAC: mac})
	}
}

func (s *StageRecord) involve(id string) {
	if id != "" && !slices.Contains(s.Involved, id) {
		s.Involved = append(s.Involved, id)
	}
}

func misplaced(r Recorded, stream string) error {
	name := "no event"
	if r.Event != nil {
		name, _ = r.Event.Schema()
	}
	return fmt.Errorf("%s at %d: %s has no place in a %s stream", r.Stream, r.Revision, name, stream)
}

func gap(r Recorded, want uint64) error {
	return fmt.Errorf("%s: event %d where %d was expected", r.Stream, r.Revision, want)
}
