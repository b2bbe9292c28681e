package domain

// CauseRecorded records why something went wrong on one issue. The last one of an issue stands.
type CauseRecorded struct {
	IssueID      Label  `json:"issue_id" rule:"required" doc:"the issue"`
	RootCause    Term   `json:"root_cause" rule:"required" doc:"the one root cause"`
	Contributing []Term `json:"contributing,omitempty" doc:"what else contributed to it"`
	Process      Term   `json:"process,omitzero" doc:"the process in which it happened"`
	Theme        []Term `json:"theme,omitempty" doc:"themes under which learning is grouped"`
	Preventable  *bool  `json:"preventable,omitzero" doc:"whether it could have been prevented"`
}

// Schema names the event.
func (CauseRecorded) Schema() (string, int) { return "CauseRecorded", 1 }

// Cause is the standing cause of one issue.
type Cause struct {
	Issue        Label
	RootCause    Term
	Contributing []Term
	Process      Term
	Themes       []Term
	Preventable  *bool
}

func (e CauseRecorded) happen(c *Case, _ *Metadata) {
	stands := Cause{
		Issue: e.IssueID, RootCause: e.RootCause, Contributing: e.Contributing, Process: e.Process, Themes: e.Theme,
		Preventable: e.Preventable,
	}
	for i := range c.Causes {
		if c.Causes[i].Issue == e.IssueID {
			c.Causes[i] = stands
			return
		}
	}
	c.Causes = append(c.Causes, stands)
}

// DecideRecordCause answers with [CauseRecorded], also on a closed case. Rejects with UNKNOWN_CODE where the council has
// adopted a list of causes.
func DecideRecordCause(ctx Context, e CauseRecorded) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{WhenClosed: true}, ctx.Now); err != nil {
		return nil, err
	}
	if ctx.Case.Issue(e.IssueID) == nil {
		return nil, BadValue("issue_id", "an issue of the case")
	}
	list := ctx.Config.Settings.Codes.Cause
	if err := listed("root_cause", e.RootCause, list); err != nil {
		return nil, err
	}
	for i, cause := range e.Contributing {
		if err := listed(indexed("contributing", i), cause, list); err != nil {
			return nil, err
		}
	}
	return []Event{e}, nil
}
