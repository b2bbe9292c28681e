package domain

import "redress/domain/procedure"

// OutOfTime reports whether the matter reached the council after the limit of the procedure that the case is bound to. It
// is advice: no case is refused for its age without a decision, and where no day is known nothing is late.
func (c *Case) OutOfTime(p *procedure.Procedure, calendar *Calendar) bool {
	due, err := TimeLimit(p, calendar, c.MatterOccurredOn, c.MatterKnownOn)
	return err == nil && !due.Instant.IsZero() && !c.FirstReceived().Before(due.Instant)
}
