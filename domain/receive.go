package domain

import (
	"time"

	"github.com/google/uuid"
)

// Received records that a matter first reached the council. It opens a case, except an imported one, whose first event is
// [Imported].
type Received struct {
	CaseRef          string             `json:"case_ref" rule:"assigned" doc:"the reference shown to people, PREFIX-yyyy-nnnnnn"`
	Kind             Kind               `json:"kind" rule:"required" doc:"what sort of feedback it is"`
	Channel          Channel            `json:"channel" rule:"required" doc:"how it reached the council"`
	ReceivedAt       time.Time          `json:"received_at" rule:"required" doc:"when it first reached any part of the council"`
	Service          Term               `json:"service" rule:"required" doc:"the service it is about"`
	Category         Term               `json:"category" rule:"required" doc:"what it is about"`
	Ward             Term               `json:"ward,omitzero" doc:"the ward of the place complained about"`
	ProcedureID      Label              `json:"procedure_id" rule:"required" doc:"the procedure under which it is handled"`
	ProcedureVersion Label              `json:"procedure_version" rule:"assigned" doc:"the version in force at received_at, kept for life"`
	Stage            Label              `json:"stage" rule:"assigned" doc:"the stage that the case enters"`
	Summary          Personal           `json:"summary,omitzero" rule:"required" doc:"the matter in a few sentences"`
	OutcomeSought    Personal           `json:"outcome_sought,omitzero" doc:"what would put it right"`
	Complainant      *uuid.UUID         `json:"complainant,omitzero" doc:"the person complaining; left out = anonymous"`
	Affected         *uuid.UUID         `json:"affected,omitzero" doc:"the person to whom it happened, where another"`
	Representative   *uuid.UUID         `json:"representative,omitzero" doc:"who acts for them"`
	Relationship     Personal           `json:"relationship,omitzero" doc:"how the representative is related"`
	PreferredContact Personal           `json:"preferred_contact,omitzero" doc:"how to reach the complainant"`
	MatterOccurredOn Date               `json:"matter_occurred_on,omitzero" doc:"the day on which it happened"`
	MatterKnownOn    Date               `json:"matter_known_on,omitzero" doc:"the day on which the complainant came to know"`
	Issues           []Issue            `json:"issues,omitempty" doc:"the heads of complaint"`
	Flags            []Flag             `json:"flags,omitempty" doc:"flags that are on from the beginning"`
	QualifyingBasis  Term               `json:"qualifying_basis,omitzero" doc:"why the person may use a statutory procedure"`
	Constituency     *ConstituencyRoute `json:"constituency_route,omitzero" doc:"the member through whom it came"`
	Attachments      []Attachment       `json:"attachments,omitempty" doc:"documents that came with it"`
	DuplicateOf      *uuid.UUID         `json:"duplicate_of,omitzero" doc:"an earlier case about the same matter"`
}

// Schema names the event.
func (Received) Schema() (string, int) { return "Received", 1 }

// When returns the receipt.
func (e Received) When() time.Time { return e.ReceivedAt }

// Issue is one head of complaint. Findings and remedies attach to issues.
type Issue struct {
	ID         Label       `json:"issue_id" rule:"required" doc:"unique in the case"`
	Text       Personal    `json:"text,omitzero" rule:"required" doc:"the issue in words"`
	Category   Term        `json:"category" rule:"required" doc:"what it is about"`
	AboutStaff []uuid.UUID `json:"about_staff,omitempty" doc:"staff who are complained about"`
}

// ConstituencyRoute is the member of Parliament or of the council through whom a constituent's matter came.
type ConstituencyRoute struct {
	By  MemberKind `json:"by" rule:"required" doc:"mp or councillor"`
	Ref Term       `json:"ref,omitzero" doc:"the member's own reference"`
}

// Attachment names a document by its digest.
type Attachment struct {
	DocID  Label `json:"doc_id" rule:"required" doc:"unique in the case"`
	SHA256 Term  `json:"sha256" rule:"required" doc:"keyed digest of the sealed document, hexadecimal"`
}

// Kind is what sort of feedback a case is.
type Kind string

// The kinds that rules look at; [Kind.Values] has the whole list.
const (
	KindComplaint      Kind = "complaint"
	KindRepresentation Kind = "representation"
	KindPreComplaint   Kind = "pre_complaint"
)

// informationRights reports whether a case of the kind is a request under the laws on information.
func (k Kind) informationRights() bool {
	switch k {
	case "foi_request", "eir_request", "sar", "rectification_request", "erasure_request", "restriction_request",
		"objection_request", "portability_request":
		return true
	}
	return false
}

// Values returns the closed list of kinds.
func (Kind) Values() []string {
	return []string{
		"comment", "compliment", "complaint", "service_request", "representation", "pre_complaint", "foi_request", "eir_request",
		"sar", "rectification_request", "erasure_request", "restriction_request", "objection_request", "portability_request",
	}
}

// Channel is how something reached the council.
type Channel string

// ChannelLegacyImport is the channel of matters whose own channel the old system did not keep.
const ChannelLegacyImport Channel = "legacy_import"

// Values returns the closed list of channels.
func (Channel) Values() []string {
	return []string{
		"online_form", "email", "phone", "letter", "in_person", "councillor", "mp", "social_media", "staff_member", "legacy_import",
	}
}

// MemberKind says whose constituent a matter came from.
type MemberKind string

// Values returns the closed list.
func (MemberKind) Values() []string { return []string{"mp", "councillor"} }

// Flag is a restricted mark on a case, or a condition on which some clocks of a procedure run only.
type Flag string

// The flags that rules look at; [Flag.Values] has the whole list.
const (
	FlagLegalHold  Flag = "legal_hold"
	FlagChildVoice Flag = "child_voice"
	FlagAnonymous  Flag = "anonymous"

	FlagContactRestricted Flag = "contact_restricted"
)

// Values returns the closed list of flags.
func (Flag) Values() []string {
	return []string{
		"safeguarding", "legal_hold", "contact_restricted", "child_voice", "anonymous", "equality_implications", "request_too_general",
	}
}

func (e Received) happen(c *Case, m *Metadata) {
	c.Ref, c.receivedEvent = e.CaseRef, m.EventID
	c.Status, c.Step = StatusOpen, StepReceived
	c.Kind, c.Channel = e.Kind, e.Channel
	c.Service, c.Category, c.Ward = e.Service, e.Category, e.Ward
	c.ReceivedAt, c.RecordedAt = e.ReceivedAt, m.RecordedAt
	c.ProcedureID, c.ProcedureVersion = e.ProcedureID, e.ProcedureVersion
	for _, party := range []struct {
		id   *uuid.UUID
		role PartyRole
	}{{e.Complainant, PartyComplainant}, {e.Affected, PartyAffected}, {e.Representative, PartyRepresentative}} {
		if party.id != nil {
			c.addParty(PartyRecord{Person: *party.id, Role: party.role})
		}
	}
	c.MatterOccurredOn, c.MatterKnownOn = e.MatterOccurredOn, e.MatterKnownOn
	c.DuplicateOf = e.DuplicateOf
	for _, flag := range e.Flags {
		c.raise(flag)
		c.history.Conditions = append(c.history.Conditions, string(flag))
	}
	if e.Complainant == nil && c.Imported == nil {
		c.raise(FlagAnonymous)
	}
	for _, issue := range e.Issues {
		c.Issues = append(c.Issues, IssueRecord{ID: issue.ID, Category: issue.Category, AboutStaff: issue.AboutStaff})
	}
	c.history.Kind = string(e.Kind)
	c.moment("Received", e.Stage, e.ReceivedAt)
	c.enter(StageRecord{Stage: e.Stage, EnteredAt: e.ReceivedAt, Issues: c.issueIDs()})
}

// DecideReceiveFeedback opens a case with [Received]. It binds the version of the procedure that is in force at the
// receipt, for the case's whole life. Rejects with PROCEDURE_KIND, PROCEDURE_NOT_EFFECTIVE, UNKNOWN_CODE.
func DecideReceiveFeedback(ctx Context, e Received) ([]Event, error) {
	if ctx.Case != nil {
		return nil, BadValue("case", "left out, because the command opens a new case")
	}
	if err := Preconditions(ctx, CommandRule{}, e.ReceivedAt); err != nil {
		return nil, err
	}
	if err := checkParties(ctx, e); err != nil {
		return nil, err
	}
	p := ctx.Config.ProcedureFor(string(e.ProcedureID), DateOf(e.ReceivedAt))
	if p == nil || !p.Takes(string(e.Kind)) {
		if newest := ctx.Config.newest(string(e.ProcedureID)); newest != nil && !newest.Takes(string(e.Kind)) {
			return nil, Reject(ProcedureKind, "procedure %s does not take %s", e.ProcedureID, e.Kind)
		}
		return nil, Reject(ProcedureNotEffective, "procedure %s takes no case received then", e.ProcedureID)
	}
	stage := p.EntryStage(string(e.Kind), string(e.Channel))
	if stage == nil {
		return nil, Reject(ProcedureKind, "procedure %s has no stage in which %s begins", e.ProcedureID, e.Kind)
	}
	if err := checkReceivedCodes(ctx, e); err != nil {
		return nil, err
	}
	e.CaseRef, e.ProcedureVersion, e.Stage = ctx.CaseRef, Label(p.Version), Label(stage.ID)
	return []Event{e}, nil
}

// checkParties finds persons and cases that are not recorded and issue ids that are not unique.
func checkParties(ctx Context, e Received) error {
	err := known(ctx, "complainant", e.Complainant)
	if err == nil {
		err = known(ctx, "affected", e.Affected)
	}
	if err == nil {
		err = known(ctx, "representative", e.Representative)
	}
	if err == nil && e.DuplicateOf != nil {
		_, err = otherCase(ctx, "duplicate_of", *e.DuplicateOf)
	}
	for i := 0; i < len(e.Issues) && err == nil; i++ {
		for _, earlier := range e.Issues[:i] {
			if earlier.ID == e.Issues[i].ID {
				return BadValue(indexed("issues", i)+".issue_id", "an id that no other issue of the case has")
			}
		}
		err = allKnown(ctx, indexed("issues", i)+".about_staff", e.Issues[i].AboutStaff)
	}
	return err
}

func checkReceivedCodes(ctx Context, e Received) error {
	lists := ctx.Config.Settings.Codes
	err := listed("service", e.Service, lists.Service)
	if err == nil {
		err = listed("category", e.Category, lists.Category)
	}
	if err == nil {
		err = listed("ward", e.Ward, lists.Ward)
	}
	for i := 0; i < len(e.Issues) && err == nil; i++ {
		err = listed(indexed("issues", i)+".category", e.Issues[i].Category, lists.Category)
	}
	return err
}
