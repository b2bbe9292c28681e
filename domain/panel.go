package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"redress/domain/procedure"
)

// PanelConvened records that three independent people are to review the case.
type PanelConvened struct {
	Chair              uuid.UUID   `json:"chair" rule:"required" doc:"who chairs"`
	Members            []uuid.UUID `json:"members" rule:"required" doc:"the two other members"`
	Advisor            *uuid.UUID  `json:"advisor,omitzero" doc:"who advises, and is no member"`
	ScheduledFor       time.Time   `json:"scheduled_for" rule:"required" doc:"when the panel is to meet"`
	ComplainantInvited bool        `json:"complainant_invited" rule:"required" doc:"whether the complainant is invited"`
	InvitedAt          time.Time   `json:"invited_at" rule:"required" doc:"when the invitations went out"`
}

// Schema names the event.
func (PanelConvened) Schema() (string, int) { return "PanelConvened", 1 }

// When returns the moment of the invitations.
func (e PanelConvened) When() time.Time { return e.InvitedAt }

// PanelHeld records that the panel met. One that was adjourned is still to be held, and its clock runs on.
type PanelHeld struct {
	HeldAt              time.Time       `json:"held_at" rule:"required" doc:"when"`
	Attended            []Correspondent `json:"attended" rule:"required" doc:"who was there: persons, or codes for their parts"`
	ComplainantAttended bool            `json:"complainant_attended" rule:"required" doc:"whether the complainant was there"`
	AbsenceDecision     Personal        `json:"absence_decision,omitzero" doc:"what the chair decided on an absence"`
	AdjournedTo         time.Time       `json:"adjourned_to,omitzero" doc:"when it meets again, where it did not finish"`
}

// Schema names the event.
func (PanelHeld) Schema() (string, int) { return "PanelHeld", 1 }

// When returns the moment of the meeting.
func (e PanelHeld) When() time.Time { return e.HeldAt }

// PanelReported records what the panel found and recommends.
type PanelReported struct {
	SentAt          time.Time       `json:"sent_at" rule:"required" doc:"when the chair sent the report"`
	ReceivedAt      time.Time       `json:"received_at,omitzero" doc:"when the director received it; left out = when it was sent"`
	Report          Label           `json:"report" rule:"required" doc:"the document"`
	Findings        []IssueOutcome  `json:"findings,omitempty" doc:"what the panel finds on each issue"`
	Recommendations []Proposal      `json:"recommendations" rule:"required" doc:"what it recommends"`
	CopiedTo        []Correspondent `json:"copied_to" rule:"required" doc:"who else gets it: persons, or codes for their parts"`
}

// Schema names the event.
func (PanelReported) Schema() (string, int) { return "PanelReported", 1 }

// When returns the moment of sending.
func (e PanelReported) When() time.Time { return e.SentAt }

// Panel is the review panel of a case.
type Panel struct {
	Chair        uuid.UUID
	Members      []uuid.UUID
	ConvenedAt   time.Time
	ScheduledFor time.Time // the next meeting
	HeldAt       time.Time // the meeting at which it finished; zero before
	ReportedAt   time.Time
}

func (e PanelConvened) happen(c *Case, _ *Metadata) {
	c.Panel = &Panel{Chair: e.Chair, Members: e.Members, ConvenedAt: e.InvitedAt, ScheduledFor: e.ScheduledFor}
	c.panelStep(StepPanelScheduled)
}

func (e PanelHeld) happen(c *Case, _ *Metadata) {
	panel := c.panel()
	if !e.AdjournedTo.IsZero() {
		panel.ScheduledFor = e.AdjournedTo
		return
	}
	if panel.HeldAt.IsZero() {
		panel.HeldAt = e.HeldAt
	}
	c.moment("PanelHeld", c.atWork(), e.HeldAt)
	c.panelStep(StepPanelHeld)
}

func (e PanelReported) happen(c *Case, _ *Metadata) {
	if panel := c.panel(); panel.ReportedAt.IsZero() {
		panel.ReportedAt = e.SentAt
	}
	reported := Moment{Event: "PanelReported", Stage: string(c.atWork()), At: e.SentAt}
	if !e.ReceivedAt.IsZero() {
		reported.Fields = map[string]time.Time{"received_at": e.ReceivedAt}
	}
	c.history.Moments = append(c.history.Moments, reported)
	c.panelStep(StepPanelReported)
}

// panel returns the case's panel to be changed: a copy, because a copy of the case may have the same.
func (c *Case) panel() *Panel {
	panel := Panel{}
	if c.Panel != nil {
		panel = *c.Panel
	}
	c.Panel = &panel
	return c.Panel
}

// panelStep moves the step of a case that is not answered forward, never back.
func (c *Case) panelStep(to Step) {
	order := []Step{
		StepReceived, StepAcknowledged, StepAllocated, StepInvestigating, StepPanelScheduled, StepPanelHeld, StepPanelReported,
	}
	if at := slices.Index(order, c.Step); at >= 0 && at < slices.Index(order, to) {
		c.Step = to
	}
}

// atPanel returns the stage of the case, if that is one with a review panel; else it is too early for one.
func atPanel(ctx Context) (*procedure.Stage, error) {
	p, err := bound(ctx)
	if err != nil {
		return nil, err
	}
	stage := p.Stage(string(ctx.Case.atWork()))
	if stage == nil || !stage.Panel() {
		return nil, Reject(OutOfOrder, "the case has come to no stage with a review panel")
	}
	return stage, nil
}

// DecideConvenePanel answers with [PanelConvened]. Rejects with PANEL_COMPOSITION, NOT_INDEPENDENT, IP_ON_PANEL.
func DecideConvenePanel(ctx Context, e PanelConvened) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	c := ctx.Case
	if err := Preconditions(ctx, CommandRule{After: c.entered()}, e.InvitedAt); err != nil {
		return nil, err
	}
	stage, err := atPanel(ctx)
	if err != nil {
		return nil, err
	}
	three := append([]uuid.UUID{e.Chair}, e.Members...)
	if err := checkPanelKnown(ctx, e); err != nil {
		return nil, err
	}
	if _, asked := stage.Rule("panel_three_independent"); asked {
		if !composed(c, three, e.Advisor) {
			return nil, Reject(PanelComposition, "a panel is three different people, one of them chair, none of them advisor or party")
		}
		for _, person := range three {
			if !c.watched(person) && (ctx.isOfficer(person) || c.involved(person, "") || c.investigated(person) || c.issueAbout(person) != "") {
				return nil, Reject(NotIndependent, "a member of the panel is neither officer of the council nor has dealt with the case")
			}
		}
	}
	if _, asked := stage.Rule("ip_not_on_panel"); asked && slices.ContainsFunc(three, c.watched) {
		return nil, Reject(IPOnPanel, "the independent person of the investigation does not sit on the panel")
	}
	return []Event{e}, nil
}

func checkPanelKnown(ctx Context, e PanelConvened) error {
	if err := known(ctx, "chair", &e.Chair); err != nil {
		return err
	}
	if err := allKnown(ctx, "members", e.Members); err != nil {
		return err
	}
	return known(ctx, "advisor", e.Advisor)
}

// composed reports whether these are three different people, and neither the advisor nor a party is among them.
func composed(c *Case, three []uuid.UUID, advisor *uuid.UUID) bool {
	for i, person := range three {
		if slices.Contains(three[:i], person) || advisor != nil && *advisor == person || c.Party(person) {
			return false
		}
	}
	return len(three) == 3
}

// watched reports whether the person was ever the independent person of the case.
func (c *Case) watched(person uuid.UUID) bool {
	return slices.ContainsFunc(c.Appointments, func(a Appointment) bool { return a.IP == person })
}

// investigated reports whether the person was ever the investigating officer of the case.
func (c *Case) investigated(person uuid.UUID) bool {
	return slices.ContainsFunc(c.Appointments, func(a Appointment) bool { return a.IO == person })
}

// DecideRecordPanel answers with [PanelHeld]. Rejects with ABSENCE_UNDECIDED.
func DecideRecordPanel(ctx Context, e PanelHeld) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	panel := ctx.Case.Panel
	after := ctx.Case.entered()
	if panel != nil {
		after = latest(after, panel.ConvenedAt)
	}
	if err := Preconditions(ctx, CommandRule{After: after}, e.HeldAt); err != nil {
		return nil, err
	}
	if _, err := atPanel(ctx); err != nil {
		return nil, err
	}
	if panel == nil {
		return nil, Reject(OutOfOrder, "no panel has been convened")
	}
	for i, who := range e.Attended {
		if err := knownCorrespondent(ctx, indexed("attended", i), who); err != nil {
			return nil, err
		}
	}
	if !e.AdjournedTo.IsZero() && !e.AdjournedTo.After(e.HeldAt) {
		return nil, BadValue("adjourned_to", "a moment after held_at")
	}
	if !e.ComplainantAttended && e.AbsenceDecision.IsZero() {
		return nil, Reject(AbsenceUndecided, "the chair decides whether the panel goes on without the complainant")
	}
	return []Event{e}, nil
}

// DecideSubmitPanelReport answers with [PanelReported].
func DecideSubmitPanelReport(ctx Context, e PanelReported) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	after := ctx.Case.entered()
	if panel := ctx.Case.Panel; panel != nil {
		after = latest(after, panel.HeldAt)
	}
	if err := Preconditions(ctx, CommandRule{After: after}, e.SentAt); err != nil {
		return nil, err
	}
	if _, err := atPanel(ctx); err != nil {
		return nil, err
	}
	if panel := ctx.Case.Panel; panel == nil || panel.HeldAt.IsZero() {
		return nil, Reject(OutOfOrder, "the panel has not been held")
	}
	if !e.ReceivedAt.IsZero() && e.ReceivedAt.Before(e.SentAt) {
		return nil, BadValue("received_at", "a moment not before sent_at")
	}
	if e.ReceivedAt.After(ctx.Now.Add(FutureAllowance)) {
		return nil, Reject(FutureDated, "received_at lies ahead")
	}
	for i, who := range e.CopiedTo {
		if err := knownCorrespondent(ctx, indexed("copied_to", i), who); err != nil {
			return nil, err
		}
	}
	if err := checkReported(ctx.Case, e.Findings); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}
