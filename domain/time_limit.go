package domain

import "redress/domain/procedure"

// TimeLimit returns until when a matter may be raised that occurred and became known on these days, either of which may
// be missing. There is no date where the procedure sets no limit or nothing is known.
func TimeLimit(p *procedure.Procedure, calendar *Calendar, occurred, known Date) (Due, error) {
	if p.TimeLimit == nil {
		return Due{}, nil
	}
	var from Date
	for _, name := range p.TimeLimit.Starts.FirstOf {
		switch name {
		case "matter_occurred_on":
			from = max(from, occurred)
		case "matter_known_on":
			from = max(from, known)
		}
	}
	if from.IsZero() {
		return Due{}, nil
	}
	l := p.TimeLimit
	return calendar.Due(Period{Length: l.Length, Unit: l.Unit, From: l.From, Roll: l.Roll, Set: Holidays(p.Calendar)}, from.noon(), Circumstances{})
}

// raisedInTime reports whether what is known of the matter proves that it was raised within the procedure's time limit, and
// the limit's last day. A case is never refused for its age by itself: somebody decides, and may take it all the same.
func (c *Case) raisedInTime(p *procedure.Procedure, calendar *Calendar) (last Date, inTime bool) {
	limit, err := TimeLimit(p, calendar, c.MatterOccurredOn, c.MatterKnownOn)
	if err != nil || limit.Instant.IsZero() {
		return 0, false
	}
	return limit.Date, c.ReceivedAt.Before(limit.Instant)
}
