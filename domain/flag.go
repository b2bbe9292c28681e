package domain

// FlagChanged records that a restricted mark of the case was set or taken away.
type FlagChanged struct {
	Flag   ChangeableFlag `json:"flag" rule:"required" doc:"which"`
	On     bool           `json:"on" rule:"required" doc:"whether it is on from now on"`
	Reason Personal       `json:"reason,omitzero" rule:"required" doc:"why"`
}

// Schema names the event.
func (FlagChanged) Schema() (string, int) { return "FlagChanged", 1 }

// ChangeableFlag is a flag that people set. The others follow from the case's parties and from the persons' streams.
type ChangeableFlag string

// Values returns the closed list.
func (ChangeableFlag) Values() []string {
	return []string{"safeguarding", "legal_hold", "child_voice", "equality_implications"}
}

func (e FlagChanged) happen(c *Case, _ *Metadata) {
	if e.On {
		c.raise(Flag(e.Flag))
	} else {
		c.lower(Flag(e.Flag))
	}
}

// DecideChangeFlag answers with [FlagChanged]. A legal hold may be set and lifted after closing.
func DecideChangeFlag(ctx Context, e FlagChanged) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{WhenClosed: Flag(e.Flag) == FlagLegalHold}, ctx.Now); err != nil {
		return nil, err
	}
	if ctx.Case.Flagged(Flag(e.Flag)) == e.On {
		return nil, BadValue("on", "a change")
	}
	return []Event{e}, nil
}
