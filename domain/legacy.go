package domain

import (
	"time"
)

// Imported begins every case that was brought in from an older system. The source row is kept whole, sealed.
type Imported struct {
	SourceSystem Term     `json:"source_system" rule:"required" doc:"the older system"`
	SourceRef    Label    `json:"source_ref" rule:"required" doc:"the case's reference there"`
	Batch        Label    `json:"batch" rule:"required" doc:"the import that brought it"`
	RowMAC       []byte   `json:"row_mac" rule:"required" doc:"keyed digest of the source row"`
	Row          Personal `json:"row,omitzero" doc:"the source row"`
	Grade        Grade    `json:"grade" rule:"required" doc:"how much of the history the source holds"`
	Missing      []Term   `json:"missing" rule:"required" doc:"fields of the case that the source lacks"`
	SourceStatus Term     `json:"source_status" rule:"required" doc:"the status there, as it stood"`
}

// Schema names the event.
func (Imported) Schema() (string, int) { return "Imported", 1 }

// LegacyRecorded keeps a row of an older activity log that has no counterpart among our events.
type LegacyRecorded struct {
	SourceSystem Term      `json:"source_system" rule:"required" doc:"the older system"`
	SourceRef    Label     `json:"source_ref" rule:"required" doc:"the case's reference there"`
	Activity     Term      `json:"activity" rule:"required" doc:"what the older system calls it"`
	At           time.Time `json:"at" rule:"required" doc:"when it happened"`
	Row          Personal  `json:"row,omitzero" doc:"the source row"`
	RowMAC       []byte    `json:"row_mac" rule:"required" doc:"keyed digest of the source row"`
}

// Schema names the event.
func (LegacyRecorded) Schema() (string, int) { return "LegacyRecorded", 1 }

// When returns the moment that the source gives.
func (e LegacyRecorded) When() time.Time { return e.At }

// Grade is how much of a case's history an older system holds.
type Grade string

// Values returns the closed list of grades.
func (Grade) Values() []string { return []string{"full", "partial", "summary"} }

// SourceRow names a row of an import, so that importing again knows it.
type SourceRow struct {
	Name Label  `json:"name,omitzero"` // the row's own name in the source; empty where the row has none
	MAC  []byte `json:"mac"`           // keyed digest of the whole row
}

// ImportInfo is what a case knows of the system it came from.
type ImportInfo struct {
	SourceSystem Term
	SourceRef    Label
	Batch        Label // of the first import; later rows may come with another
	Grade        Grade
	Missing      []Term
	SourceStatus Term
	Notes        []string // preconditions that did not hold, in the order of the events (legacy_exception)
	Rows         []SourceRow
}

// Lacks reports whether the source has no such field.
func (i *ImportInfo) Lacks(field Term) bool {
	for _, missing := range i.Missing {
		if missing == field {
			return true
		}
	}
	return false
}

// Knows reports whether exactly this row has been imported, and whether a row of the same name but another content has.
func (i *ImportInfo) Knows(row SourceRow) (present, changed bool) {
	for _, known := range i.Rows {
		if string(known.MAC) == string(row.MAC) {
			return true, false
		}
		changed = changed || row.Name != "" && known.Name == row.Name
	}
	return false, changed
}

func (e Imported) happen(c *Case, m *Metadata) {
	if c.Imported != nil {
		return
	}
	c.Imported = &ImportInfo{
		SourceSystem: e.SourceSystem, SourceRef: e.SourceRef, Batch: e.Batch,
		Grade: e.Grade, Missing: e.Missing, SourceStatus: e.SourceStatus,
	}
	c.history.ImportedAt = m.RecordedAt
	c.remember(m.SourceRow, e.RowMAC)
}

func (e LegacyRecorded) happen(c *Case, m *Metadata) { c.remember(m.SourceRow, e.RowMAC) }

// ImportCase is the internal command of an import: rows of an older system about one case, in the order in which they
// happened. It opens the case when it is new. Rows that stand in the case already are left out; a changed row is for the
// import to refuse before, see [ImportInfo.Knows].
type ImportCase struct {
	Opening Imported
	Rows    []ImportRow
}

// ImportRow is one source row and the facts that the mapping reads from it. Received comes without its assigned fields.
type ImportRow struct {
	Source SourceRow
	Facts  []Event
}

// Legacy is a fact to append, with what goes into its metadata.
type Legacy struct {
	Event Event
	Row   *SourceRow // set on the first event of each row
	Notes []string   // preconditions that did not hold, as CODE: sentence
}

// DecideImportCase answers with Imported, where the case is new, and then with every fact of every new row. A precondition
// that does not hold never refuses one: it becomes a note. Only a procedure that was never adopted, a first fact that is
// not Received, or a fact that the fold cannot take, refuses the whole.
func DecideImportCase(ctx Context, in ImportCase) ([]Legacy, error) {
	ctx.WayIn = ViaImport
	draft := new(Case)
	if ctx.Case != nil {
		draft = ctx.Case.Clone()
	}
	var facts []Legacy
	add := func(fact Legacy) error {
		facts = append(facts, fact)
		return draft.Apply(Recorded{
			Event: fact.Event, Stream: CaseStream(ctx.CaseID), Revision: draft.Events,
			Meta: Metadata{OccurredAt: OccurredAt(fact.Event, ctx.Now), RecordedAt: ctx.Now, WayIn: ViaImport, SourceRow: fact.Row},
		})
	}
	for i := range in.Rows {
		row := &in.Rows[i]
		if draft.Imported != nil {
			if present, changed := draft.Imported.Knows(row.Source); present || changed {
				continue
			}
		}
		source := &row.Source
		if draft.Events == 0 {
			if err := add(Legacy{Event: in.Opening, Row: source}); err != nil {
				return nil, err
			}
			source = nil
		}
		for _, fact := range row.Facts {
			taken, notes, err := importFact(ctx, draft, fact)
			if err != nil {
				return nil, err
			}
			if err := add(Legacy{Event: taken, Row: source, Notes: notes}); err != nil {
				return nil, err
			}
			source = nil
		}
	}
	return facts, nil
}

// objections are the decisions that may have something against a fact of an import. Each looks at facts of its own type.
var objections = []func(Context, Event) error{
	objection(DecideAcknowledgeCase),
	objection(DecideAllocateCase),
	objection(DecideRecordFinding),
	objection(DecideSendResponse),
	objection(DecideEscalateCase),
	objection(DecideExtendDeadline),
	objection(DecideOfferRemedy),
	objection(DecideDeliverRemedy),
	objection(DecideReferToOmbudsman),
	objection(DecideRecordOmbudsmanDecision),
	objection(DecideAcceptOutcome),
	objection(DecideMarkRemedyUndeliverable),
	objection(DecideRecordCause),
	objection(DecideReopenCase),
	objection(DecideRedirectCase),
	objection(DecideRequestConsent),
	objection(DecideRecordConsent),
	objection(DecideRecordDecision),
	objection(DecideSuspendCase),
	objection(DecideResumeCase),
	objection(DecideResolveEarly),
	objection(DecideRefuseEscalation),
	objection(DecideAppointInvestigators),
	objection(DecideConvenePanel),
	objection(DecideRecordPanel),
	objection(DecideSubmitPanelReport),
	objection(DecideAgreeEarlyReferral),
	objection(DecideRecordFeePayment),
	objection(DecideWithdrawCase),
	objection(DecideCloseCase),
}

func objection[E Event](decide func(Context, E) ([]Event, error)) func(Context, Event) error {
	return func(ctx Context, fact Event) error {
		e, ok := fact.(E)
		if !ok {
			return nil
		}
		_, err := decide(ctx, e)
		return err
	}
}

// importFact completes a fact and asks the decision that a person's command would have met, only for its objection.
func importFact(ctx Context, draft *Case, fact Event) (Event, []string, error) {
	if received, ok := fact.(Received); ok {
		return importReceived(ctx, received)
	}
	if draft.ProcedureID == "" {
		return nil, nil, BadValue("rows", "a first row that says when the matter was received")
	}
	ctx.Case = draft
	if answer, ok := fact.(Responded); ok && draft.Record(answer.Stage) == nil {
		return fact, noted(Reject(OutOfOrder, "stage %s is answered, and nothing says when it was entered", answer.Stage)), nil
	}
	if classified, ok := fact.(Classified); ok {
		return importClassified(ctx, classified)
	}
	var notes []string
	for _, object := range objections {
		notes = append(notes, noted(object(ctx, fact))...)
	}
	return fact, notes, nil
}

// importReceived binds the version in force at the receipt, or failing that the newest, which is noted.
func importReceived(ctx Context, e Received) (Event, []string, error) {
	var notes []string
	p := ctx.Config.ProcedureFor(string(e.ProcedureID), DateOf(e.ReceivedAt))
	if p == nil {
		p = ctx.Config.newest(string(e.ProcedureID))
		notes = noted(Reject(ProcedureNotEffective, "the procedure was not in force when the matter was received"))
	}
	if p == nil {
		return nil, nil, Reject(ProcedureNotEffective, "procedure %s has not been adopted", e.ProcedureID)
	}
	if !p.Takes(string(e.Kind)) {
		notes = append(notes, noted(Reject(ProcedureKind, "the procedure does not take the kind"))...)
	}
	notes = append(notes, noted(Preconditions(ctx, CommandRule{}, e.ReceivedAt))...)
	stage := p.EntryStage(string(e.Kind), string(e.Channel))
	if stage == nil {
		return nil, nil, Reject(ProcedureKind, "procedure %s has no stage in which %s begins", e.ProcedureID, e.Kind)
	}
	e.CaseRef, e.ProcedureVersion, e.Stage = ctx.CaseRef, Label(p.Version), Label(stage.ID)
	return e, notes, nil
}

// importClassified binds the version that is named, which has to be adopted.
func importClassified(ctx Context, e Classified) (Event, []string, error) {
	key := string(e.ProcedureID) + "@" + string(e.ProcedureVersion)
	p := ctx.Config.Procedure(key)
	if p == nil {
		return nil, nil, Reject(ProcedureNotEffective, "procedure %s has not been adopted", key)
	}
	stage := p.EntryStage(string(e.Kind), "")
	if stage == nil {
		return nil, nil, Reject(ProcedureKind, "procedure %s has no stage in which %s begins", key, e.Kind)
	}
	e.Stage = Label(stage.ID)
	_, err := DecideClassifyCase(ctx, e)
	return e, noted(err), nil
}

// noted writes an objection as a note. Like every rejection it names fields and rules, never values of a row.
func noted(err error) []string {
	if err == nil {
		return nil
	}
	return []string{err.Error()}
}

// OccurredAt returns when an event happened: what it says, or the moment of recording.
func OccurredAt(e Event, recorded time.Time) time.Time {
	if timed, ok := e.(Timed); ok && !timed.When().IsZero() {
		return timed.When().UTC()
	}
	return recorded
}
