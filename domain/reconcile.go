package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// ImportReconciled records that what an import brought was held against its source and signed off. From then on process
// managers look after the cases of the batch.
type ImportReconciled struct {
	Batch             Label        `json:"batch" rule:"required" doc:"the import, as its cases name it"`
	SourceSystem      Term         `json:"source_system" rule:"required" doc:"the older system"`
	Files             []SourceFile `json:"files" rule:"required" doc:"the files that were compared"`
	InSource          int          `json:"in_source" rule:"required" doc:"cases in the source"`
	Imported          int          `json:"imported" rule:"required" doc:"cases that were imported"`
	Rejected          int          `json:"rejected" rule:"required" doc:"cases that were rejected"`
	Differences       Personal     `json:"differences,omitzero" doc:"what explains the rest; required where there is one"`
	ComplaintsManager uuid.UUID    `json:"complaints_manager" rule:"required" doc:"the complaints manager who signed"`
	AuditOfficer      uuid.UUID    `json:"audit_officer" rule:"required" doc:"the audit officer who signed"`
	SignedAt          time.Time    `json:"signed_at" rule:"required" doc:"when"`
}

// SourceFile is one file of an import, by its content.
type SourceFile struct {
	Name   Label `json:"name" rule:"required" doc:"a name for it"`
	SHA256 Term  `json:"sha256" rule:"required" doc:"of the file, hexadecimal"`
}

// Schema names the event.
func (ImportReconciled) Schema() (string, int) { return "ImportReconciled", 1 }

// When returns the moment of signing.
func (e ImportReconciled) When() time.Time { return e.SignedAt }

func (e ImportReconciled) adopt(c *Config, _ time.Time) error {
	if !c.Reconciled(e.Batch) {
		c.reconciled = append(slices.Clip(c.reconciled), e.Batch)
	}
	return nil
}

// Reconciled reports whether the import of that batch has been signed off.
func (c *Config) Reconciled(batch Label) bool { return slices.Contains(c.reconciled, batch) }

// ReconciledBatches returns the imports that have been signed off, in order.
func (c *Config) ReconciledBatches() []Label { return slices.Clip(c.reconciled) }

// DecideReconcileImport answers with [ImportReconciled], for the config stream. Two people sign: a complaints manager and
// an audit officer. A batch that has been signed off is BAD_VALUE.
func DecideReconcileImport(ctx Context, e ImportReconciled) ([]Event, error) {
	if err := Preconditions(ctx, CommandRule{}, e.SignedAt); err != nil {
		return nil, err
	}
	switch {
	case e.ComplaintsManager == e.AuditOfficer || ctx.Actor.Is(e.AuditOfficer):
		return nil, Reject(SelfApproval, "two people sign an import, and the auditor is not who brought it in")
	case !ctx.Config.Grant(e.ComplaintsManager.String(), ctx.Now).Has(RoleComplaints):
		return nil, Reject(NotPermitted, "complaints_manager: a complaints manager")
	case !ctx.Config.Grant(e.AuditOfficer.String(), ctx.Now).Has(RoleAudit):
		return nil, Reject(NotPermitted, "audit_officer: an audit officer")
	case ctx.Config.Reconciled(e.Batch):
		return nil, BadValue("batch", "an import that has not been signed off")
	case e.InSource != e.Imported+e.Rejected && e.Differences.IsZero():
		return nil, MissingField("differences", "what explains the cases that were neither imported nor rejected")
	}
	return []Event{e}, nil
}
