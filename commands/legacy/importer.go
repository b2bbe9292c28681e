package legacy

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/commands"
	"redress/domain"
	"redress/eventstore/vault"
)

// Importer brings files into one tenant's log.
type Importer struct {
	Handler *commands.Handler
	Vault   *vault.Vault
	Tenant  string
	Actor   domain.Actor
	Now     time.Time // names the batch
	// Progress is told how many of how many cases are done. It may be nil.
	Progress func(done, total int64)
}

// caseSpace is the name space of the ids of imported cases: the same source reference is the same case for ever.
var caseSpace = uuid.MustParse("f1f2b1f0-6d2c-5c8e-8a55-2b1d5c0a7e11")

// CaseID returns the id of the case that a source reference of a tenant has.
func CaseID(tenant, system string, ref domain.Label) uuid.UUID {
	return uuid.NewSHA1(caseSpace, []byte(tenant+"\x00"+system+"\x00"+string(ref)))
}

// Run imports a file by a mapping and accounts for each of its rows. With dryRun it writes nothing, no key either, and
// reports what it would have done.
//
// An error is one of the whole run: a header that lacks a mapped column, a damaged gzip, a log that cannot be reached. What
// was appended before stands, and the next run finds it.
func (im *Importer) Run(ctx context.Context, file io.Reader, m *Mapping, dryRun bool) (*Report, error) {
	source, err := NewSource(file, m.Encoding, []rune(m.Separator)[0])
	if err != nil {
		return nil, err
	}
	if err := m.CheckHeader(source.Header); err != nil {
		return nil, &MappingError{err}
	}
	config, err := im.Handler.Config(ctx)
	if err != nil {
		return nil, err
	}
	if err := domain.Permit(domain.Context{Now: im.Now, Tenant: im.Tenant, Actor: im.Actor, Config: config}, domain.ActionImport); err != nil {
		return nil, err
	}
	report := &Report{Notes: []string{}, Rejections: []Rejection{}, DryRun: dryRun}
	p, err := m.read(source, report)
	if err != nil {
		return nil, err
	}
	if source.BOM {
		report.note("the file begins with a byte-order mark, which was skipped")
	}
	if p.odd > 0 {
		report.note("%d rows have a time in the hour in which the clocks change: of an hour that comes twice the first was taken, and one that does not exist was moved by the change", p.odd)
	}
	r := &run{Importer: im, mapping: m, plan: p, report: report, dryRun: dryRun, batch: domain.Label(im.Now.UTC().Format("20060102T150405.000"))}
	if r.config, err = im.adopt(ctx, config, m, dryRun || len(p.cases) == 0); err != nil {
		return nil, err
	}
	if err := r.all(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(report.Rejections, func(a, b Rejection) int { return a.Line - b.Line })
	return report, nil
}

// MappingError says that a mapping does not fit the file.
type MappingError struct{ error }

// Unwrap returns the cause.
func (e *MappingError) Unwrap() error { return e.error }

// adopt brings the mapping's procedure into use when the log does not have it, and returns the config that has it. A dry
// run adopts in memory only. That another process did so just now is no fault; that the log has another file under the
// same version is one.
func (im *Importer) adopt(ctx context.Context, config *domain.Config, m *Mapping, dryRun bool) (*domain.Config, error) {
	if adopted := config.Procedure(m.bound.Key()); adopted != nil {
		if adopted.Hash() != m.bound.Hash() {
			return nil, &MappingError{fmt.Errorf("procedure: %s was adopted with another content; a changed procedure needs a version of its own", m.bound.Key())}
		}
		return config, nil
	}
	if dryRun {
		would := config.Clone()
		fact := domain.NewProcedureAdopted(m.bound, domain.ChangeSubstantive, "", domain.Plain(""))
		return would, would.Apply(domain.Recorded{Event: fact, Revision: would.Events, Meta: domain.Metadata{RecordedAt: im.Now}})
	}
	body, err := json.Marshal(map[string]any{
		"content": string(m.text), "approver": "import", "reference": "comes with the mapping " + m.Name,
	})
	if err != nil {
		return nil, err
	}
	_, err = im.Handler.Do(ctx, commands.Request{
		Command: "AdoptProcedure", Body: body, Key: "mapping " + m.bound.Key() + " " + m.bound.Hash(), Actor: im.Actor, WayIn: domain.ViaImport,
	})
	if err != nil {
		return nil, fmt.Errorf("adopt the procedure of the mapping: %w", err)
	}
	return im.Handler.Config(ctx)
}
