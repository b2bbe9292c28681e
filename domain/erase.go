package domain

import (
	"time"

	"github.com/google/uuid"
)

// PersonalDataErased records that the keys of a person's sealed fields are destroyed. It stands in the person's stream,
// or in the case's for an imported case without persons. The keys go after it, never before.
type PersonalDataErased struct {
	Subject     uuid.UUID    `json:"subject" rule:"required" doc:"the person, or an imported case without persons"`
	Case        *uuid.UUID   `json:"case,omitzero" doc:"the case in which it was asked for"`
	Basis       ErasureBasis `json:"basis" rule:"required" doc:"on what basis"`
	RequestedAt time.Time    `json:"requested_at,omitzero" doc:"when it was asked for"`
	ApprovedBy  *uuid.UUID   `json:"approved_by,omitzero" rule:"required" doc:"the data protection officer who approved it"`
	Categories  []Term       `json:"categories" rule:"required" doc:"what is erased"`
	KeyIDs      []uuid.UUID  `json:"key_ids" rule:"assigned" doc:"the keys that are destroyed"`
	Certificate Label        `json:"certificate,omitzero" rule:"assigned" doc:"the certificate of destruction"`
}

// Schema names the event.
func (PersonalDataErased) Schema() (string, int) { return "PersonalDataErased", 1 }

// ErasureBasis is why personal data are erased.
type ErasureBasis string

// The bases.
const (
	BasisRetention  ErasureBasis = "retention"
	BasisArticle17  ErasureBasis = "art17"
	BasisCourtOrder ErasureBasis = "court_order"
)

// Values returns the closed list of bases.
func (ErasureBasis) Values() []string { return []string{"retention", "art17", "court_order"} }

func (e PersonalDataErased) happen(c *Case, _ *Metadata) { c.Erased = true }

func (e PersonalDataErased) tell(p *Person, _ *Metadata) { p.Erased = true }

// DecideErasePersonalData answers with [PersonalDataErased], for the stream of the person in the context, or of the
// imported case in the context when the subject is that. It looks at every case in which the person is a party. Rejects
// with SELF_APPROVAL, LEGAL_HOLD, OPEN_CASE, RETENTION_RUNNING. Which keys go is filled in by whoever holds them.
func DecideErasePersonalData(ctx Context, e PersonalDataErased) ([]Event, error) {
	cases := ctx.PersonCases
	switch {
	case ctx.Person != nil && ctx.Person.ID == e.Subject:
	case ctx.Case != nil && ctx.Case.ID == e.Subject && ctx.Case.Imported != nil && !ctx.Case.anyParty():
		cases = []*Case{ctx.Case}
	default:
		return nil, BadValue("subject", "a person who is recorded, or an imported case without persons")
	}
	if e.ApprovedBy == nil {
		return nil, MissingField("approved_by", "the data protection officer who approved it")
	}
	if err := approvedBy(ctx, "approved_by", *e.ApprovedBy, ActionErase); err != nil {
		return nil, err
	}
	for _, c := range cases {
		if c.Flagged(FlagLegalHold) {
			return nil, Reject(LegalHold, "case %s is under legal hold", c.Ref)
		}
	}
	for _, c := range cases {
		if c.Status != StatusClosed {
			return nil, Reject(OpenCase, "case %s is open", c.Ref)
		}
	}
	for _, c := range cases {
		if e.Basis != BasisCourtOrder && ctx.Config.Settings.keeps(c, ctx.Now) {
			return nil, Reject(RetentionRunning, "case %s has to be kept longer", c.Ref)
		}
	}
	return []Event{e}, nil
}

// keeps reports whether a closed case is still within the council's period of retention.
func (s Settings) keeps(c *Case, now time.Time) bool {
	return s.RetentionYears > 0 && now.Before(c.ClosedAt.AddDate(s.RetentionYears, 0, 0))
}

func (c *Case) anyParty() bool {
	return c.Complainant != nil || c.Affected != nil || c.Representative != nil
}
