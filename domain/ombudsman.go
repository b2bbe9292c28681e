package domain

import (
	"slices"
	"time"
)

// OmbudsmanDecided records what an ombudsman decided on the case. Each recommendation becomes a remedy that is approved.
type OmbudsmanDecided struct {
	Body            OmbudsmanBody     `json:"body" rule:"required" doc:"which ombudsman"`
	OmbudsmanRef    Term              `json:"ombudsman_ref" rule:"required" doc:"the ombudsman's reference"`
	DecidedOn       Date              `json:"decided_on" rule:"required" doc:"the day of the decision"`
	ReceivedOn      Date              `json:"received_on" rule:"required" doc:"the day on which it reached the council"`
	Decision        OmbudsmanDecision `json:"decision" rule:"required" doc:"what was decided"`
	Determination   Determination     `json:"determination,omitzero" doc:"of the Housing Ombudsman"`
	Issues          []IssueOutcome    `json:"issues,omitempty" doc:"what was found on each issue"`
	Recommendations []Recommendation  `json:"recommendations,omitempty" doc:"what the council is asked to do"`
	PublishedURL    Personal          `json:"published_url,omitzero" doc:"where the decision is published"`
}

// Recommendation is one thing that an ombudsman asks for. It becomes a remedy under its own id.
type Recommendation struct {
	RecID  Label      `json:"rec_id" rule:"required" doc:"unique among the remedies of the case"`
	Type   RemedyType `json:"type" rule:"required" doc:"what sort of remedy it is"`
	Text   Personal   `json:"text" rule:"required" doc:"what is recommended"`
	Amount Pence      `json:"amount,omitzero" doc:"pence, for a financial remedy"`
	DueOn  Date       `json:"due_on" rule:"required" doc:"the day by which it is to be done"`
}

// Schema names the event.
func (OmbudsmanDecided) Schema() (string, int) { return "OmbudsmanDecided", 1 }

// When returns midnight in London of the day on which the decision reached the council.
func (e OmbudsmanDecided) When() time.Time { return e.ReceivedOn.Midnight() }

// OmbudsmanDecision is how an ombudsman disposed of a case.
type OmbudsmanDecision string

// DecisionPremature sends the case back to the council, whose procedure was not finished.
const DecisionPremature OmbudsmanDecision = "not_ready_premature"

// Values returns the closed list of decisions.
func (OmbudsmanDecision) Values() []string {
	return []string{
		"not_ready_premature", "not_for_us", "closed_after_initial_enquiries", "upheld_fault_injustice",
		"upheld_fault_no_injustice", "upheld_remedied_by_council", "not_upheld", "report_issued",
	}
}

// Determination is the Housing Ombudsman's word for a decision.
type Determination string

// Values returns the closed list of determinations.
func (Determination) Values() []string {
	return []string{
		"severe_maladministration", "maladministration", "service_failure", "reasonable_redress", "no_maladministration",
		"outside_jurisdiction", "resolved_with_intervention",
	}
}

// OmbudsmanReferral is what is remembered of the case's way to an ombudsman.
type OmbudsmanReferral struct {
	Bodies     []OmbudsmanBody // who has or had it, in order
	Waiting    []OmbudsmanBody // who has it and has not decided
	ReferredAt time.Time       // the last referral
	// FromStage, FromStep and FromReason say where the case stood, for a referral that turns out to be premature.
	FromStage  Label
	FromStep   Step
	FromReason ClosedReason
	Decisions  []DecidedByOmbudsman // in order
}

// DecidedByOmbudsman is one decision of an ombudsman.
type DecidedByOmbudsman struct {
	Body          OmbudsmanBody
	Decision      OmbudsmanDecision
	Determination Determination
	DecidedOn     Date
	ReceivedOn    Date
	Issues        []IssueOutcome
}

func (e OmbudsmanDecided) happen(c *Case, _ *Metadata) {
	var o OmbudsmanReferral
	if c.Ombudsman != nil {
		o = *c.Ombudsman
	}
	o.Waiting = slices.DeleteFunc(slices.Clone(o.Waiting), func(b OmbudsmanBody) bool { return b == e.Body })
	o.Decisions = append(slices.Clip(o.Decisions), DecidedByOmbudsman{
		Body: e.Body, Decision: e.Decision, Determination: e.Determination, DecidedOn: e.DecidedOn, ReceivedOn: e.ReceivedOn,
		Issues: e.Issues,
	})
	c.Ombudsman = &o
	for _, r := range e.Recommendations {
		c.Remedies = append(c.Remedies, Remedy{
			ID: r.RecID, Stage: StageOmbudsman, Type: r.Type, Origin: OriginOmbudsman, State: RemedyIsApproved,
			Amount: r.Amount, DeliverBy: r.DueOn,
		})
	}
	c.moment("OmbudsmanDecided", StageOmbudsman, e.When())
	switch {
	case c.Stage != StageOmbudsman || len(o.Waiting) > 0 || c.Status == StatusClosed:
	case e.Decision == DecisionPremature && o.FromStage != "":
		c.comeBack(o, e.When())
	default:
		c.Step = StepResponded
	}
}

// comeBack puts a case that was referred too early where it stood, as far as nothing has happened in that stage since.
// One that was closed is closed again.
func (c *Case) comeBack(from OmbudsmanReferral, at time.Time) {
	c.Stage, c.Step, c.Officer = from.FromStage, from.FromStep, nil
	if s := c.Current(); s != nil {
		c.Officer = s.Officer
		switch {
		case c.Step == StepResponded:
		case !s.RespondedAt.IsZero():
			c.Step = StepResponded
		case !s.AllocatedAt.IsZero():
			c.advance(StepAllocated)
		case !s.AckAt.IsZero():
			c.advance(StepAcknowledged)
		}
	}
	if from.FromReason != "" {
		c.shut(at, from.FromReason)
	}
}

// DecideRecordOmbudsmanDecision answers with [OmbudsmanDecided] alone, whatever it recommends. A decision of a body that
// does not have the case is OUT_OF_ORDER.
func DecideRecordOmbudsmanDecision(ctx Context, e OmbudsmanDecided) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	rule := CommandRule{WholeDays: true, After: ctx.Case.ReceivedAt}
	if ctx.Case.Ombudsman != nil {
		rule.After = ctx.Case.Ombudsman.ReferredAt
	}
	if err := Preconditions(ctx, rule, e.When()); err != nil {
		return nil, err
	}
	if ctx.Case.Ombudsman == nil || !slices.Contains(ctx.Case.Ombudsman.Waiting, e.Body) {
		return nil, Reject(OutOfOrder, "the %s does not have the case", e.Body)
	}
	if e.ReceivedOn < e.DecidedOn {
		return nil, BadValue("received_on", "not before decided_on")
	}
	for i, found := range e.Issues {
		if ctx.Case.Issue(found.IssueID) == nil {
			return nil, BadValue(indexed("issues", i)+".issue_id", "an issue of the case")
		}
	}
	if err := checkRecommendations(ctx, e.Recommendations); err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// checkRecommendations finds an id that is taken, and money where none belongs.
func checkRecommendations(ctx Context, list []Recommendation) error {
	for i, r := range list {
		field := indexed("recommendations", i)
		twice := slices.ContainsFunc(list[:i], func(o Recommendation) bool { return o.RecID == r.RecID })
		if twice || ctx.Case.Remedy(r.RecID) != nil {
			return BadValue(field+".rec_id", "an id that no remedy of the case has")
		}
		if r.Amount < 0 || r.Amount != 0 && !r.Type.Financial() {
			return BadValue(field+".amount", "an amount of pence that is not negative, for a financial remedy only")
		}
	}
	return nil
}
