package domain

// FindingRecorded records what was found on one issue at one stage. The last one of an issue and stage stands.
type FindingRecorded struct {
	IssueID      Label     `json:"issue_id" rule:"required" doc:"the issue"`
	Stage        Label     `json:"stage" rule:"required" doc:"the stage at which it was found"`
	Finding      Finding   `json:"finding" rule:"required" doc:"what was found"`
	Fault        FaultKind `json:"fault" rule:"required" doc:"the fault, or none"`
	Injustice    bool      `json:"injustice" rule:"required" doc:"whether harm was caused by it"`
	Reasons      Personal  `json:"reasons" rule:"required" doc:"why"`
	AgreedWithIO *bool     `json:"agreed_with_io,omitzero" doc:"whether the investigating officer's finding was followed"`
	Evidence     []Label   `json:"evidence,omitempty" doc:"documents relied on"`
}

// Schema names the event.
func (FindingRecorded) Schema() (string, int) { return "FindingRecorded", 1 }

// Finding is what was found on an issue.
type Finding string

// The findings.
const (
	FindingUpheld       Finding = "upheld"
	FindingPartlyUpheld Finding = "partly_upheld"
	FindingNotUpheld    Finding = "not_upheld"
	FindingNone         Finding = "no_finding"
)

// Values returns the closed list of findings.
func (Finding) Values() []string {
	return []string{"upheld", "partly_upheld", "not_upheld", "no_finding"}
}

// Upheld reports whether fault was found, wholly or in part.
func (f Finding) Upheld() bool { return f == FindingUpheld || f == FindingPartlyUpheld }

// FaultKind is how the council got it wrong.
type FaultKind string

// Values returns the closed list of faults.
func (FaultKind) Values() []string { return []string{"maladministration", "service_failure", "none"} }

func (e FindingRecorded) happen(c *Case, m *Metadata) {
	s := c.instance(e.Stage)
	found := FindingRecord{Issue: e.IssueID, Finding: e.Finding, Injustice: e.Injustice, By: m.ActorID}
	if m.OnBehalfOf != "" {
		found.By = m.OnBehalfOf
	}
	at := -1
	for i := range s.Findings {
		if s.Findings[i].Issue == e.IssueID {
			at = i
		}
	}
	if at < 0 {
		s.Findings = append(s.Findings, found)
	} else {
		s.Findings[at] = found
	}
	s.involve(found.By)
	if e.Stage == c.Stage && c.Step == StepAllocated {
		c.Step = StepInvestigating
	}
}

// DecideRecordFinding answers with [FindingRecorded]. Rejects with ISSUE_UNKNOWN, STAGE_ANSWERED.
func DecideRecordFinding(ctx Context, e FindingRecorded) ([]Event, error) {
	_, _, record, err := atStage(ctx, e.Stage)
	if err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, ctx.Now); err != nil {
		return nil, err
	}
	if ctx.Case.Issue(e.IssueID) == nil {
		return nil, Reject(IssueUnknown, "the case has no issue %s", e.IssueID)
	}
	if !record.RespondedAt.IsZero() {
		return nil, Reject(StageAnswered, "stage %s has been answered", e.Stage)
	}
	return []Event{e}, nil
}
