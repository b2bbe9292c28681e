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
