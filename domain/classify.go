package domain

import (
	"slices"

	"redress/domain/procedure"
)

// Classified records that a case is of another kind, or is handled under another procedure, than was thought. The moment
// of receipt stays, and clocks of the new procedure run from it.
type Classified struct {
	Kind             Kind     `json:"kind" rule:"required" doc:"what sort of feedback it is"`
	ProcedureID      Label    `json:"procedure_id" rule:"required" doc:"the procedure under which it is handled from now on"`
	ProcedureVersion Label    `json:"procedure_version" rule:"required" doc:"the version that was in force at the receipt"`
	Category         Term     `json:"category" rule:"required" doc:"what it is about"`
	Service          Term     `json:"service" rule:"required" doc:"the service it is about"`
	Reason           Personal `json:"reason,omitzero" rule:"required" doc:"why"`
	FromKind         Kind     `json:"from_kind,omitzero" doc:"the kind until now; left out = as it stands"`
	Stage            Label    `json:"stage" rule:"assigned" doc:"the stage that the case enters"`
}

// Schema names the event.
func (Classified) Schema() (string, int) { return "Classified", 1 }

// happen puts the case at the entry stage. What was acknowledged and found stays, the allocation is void.
func (e Classified) happen(c *Case, m *Metadata) {
	s := StageRecord{Stage: e.Stage, EnteredAt: c.ReceivedAt, Issues: c.issueIDs()}
	if before := c.Record(e.Stage); before != nil {
		s.AckAt = before.AckAt
	}
	if old := c.Current(); old != nil {
		s.Findings, s.Involved = slices.Clone(old.Findings), slices.Clip(old.Involved)
	}
	for i := range c.Stages {
		if old := &c.Stages[i]; old.EndedAt.IsZero() {
			old.EndedAt, old.Ending = m.OccurredAt, EndedReclassified
		}
	}
	key := c.Procedure()
	c.Kind, c.Category, c.Service = e.Kind, e.Category, e.Service
	c.ProcedureID, c.ProcedureVersion = e.ProcedureID, e.ProcedureVersion
	c.history.reclassify(string(e.Kind), StageEntry{Stage: string(e.Stage), At: m.OccurredAt, Seq: c.Revision}, c.Procedure() != key)
	c.moment("Classified", e.Stage, m.OccurredAt)
	c.Stages = append(c.Stages, s)
	c.Stage, c.Step, c.Officer = e.Stage, StepReceived, nil
}

// reclassify forgets what the old classification brought about: allocations and escalations, and in another procedure the
// ways through its stages and the extensions of its clocks. What has stopped a clock of the same name stays.
func (h *History) reclassify(kind string, entry StageEntry, elsewhere bool) {
	h.Kind = kind
	h.Moments = slices.DeleteFunc(slices.Clone(h.Moments), func(m Moment) bool { return m.Event == "Allocated" || m.Event == "Escalated" })
	if elsewhere {
		h.Entries, h.Extensions = nil, nil
	}
	h.Entries = append(h.Entries, entry)
}

// DecideClassifyCase answers with [Classified]. A case goes back to the entry stage, and so only while nothing of it has
// been answered. Within its procedure it keeps the version that it is bound to. Rejects with ALREADY_RESPONDED,
// PROCEDURE_KIND, PROCEDURE_NOT_EFFECTIVE, UNKNOWN_CODE, and ALREADY_WITH_BODY while an ombudsman has the case.
func DecideClassifyCase(ctx Context, e Classified) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	if err := Preconditions(ctx, CommandRule{}, ctx.Now); err != nil {
		return nil, err
	}
	c := ctx.Case
	if e.FromKind == "" {
		e.FromKind = c.Kind
	}
	if e.FromKind != c.Kind {
		return nil, BadValue("from_kind", "the kind that the case has")
	}
	if c.answered() {
		return nil, Reject(AlreadyResponded, "a case that has been answered keeps its procedure")
	}
	if c.Stage == StageOmbudsman {
		return nil, Reject(AlreadyWithBody, "an ombudsman has the case")
	}
	stage, err := entryOf(ctx, e)
	if err != nil {
		return nil, err
	}
	if err := checkCodes(ctx, e); err != nil {
		return nil, err
	}
	e.Stage = Label(stage.ID)
	return []Event{e}, nil
}

// checkCodes looks at the codes that are chosen now. What the case has already may have left the lists since.
func checkCodes(ctx Context, e Classified) error {
	codes := ctx.Config.Settings.Codes
	if e.Service != ctx.Case.Service {
		if err := listed("service", e.Service, codes.Service); err != nil {
			return err
		}
	}
	if e.Category != ctx.Case.Category {
		return listed("category", e.Category, codes.Category)
	}
	return nil
}

// answered reports whether any stage of the case has been answered.
func (c *Case) answered() bool {
	return slices.ContainsFunc(c.Stages, func(s StageRecord) bool { return !s.RespondedAt.IsZero() })
}

// entryOf returns the stage at which a classified case begins again. How it once came counts no more: an oral stage is
// skipped.
func entryOf(ctx Context, e Classified) (*procedure.Stage, error) {
	key := string(e.ProcedureID) + "@" + string(e.ProcedureVersion)
	p := ctx.Config.Procedure(key)
	if p == nil || !p.TakesCases() || key != ctx.Case.Procedure() && !p.InForce(DateOf(ctx.Case.ReceivedAt).String()) {
		return nil, Reject(ProcedureNotEffective, "procedure %s takes no case received then", key)
	}
	stage := p.EntryStage(string(e.Kind), "")
	if stage == nil || !p.Takes(string(e.Kind)) {
		return nil, Reject(ProcedureKind, "procedure %s does not take %s", key, e.Kind)
	}
	return stage, nil
}
