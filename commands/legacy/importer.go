package legacy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

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

const (
	// keyBatch is how many cases get their keys in one transaction.
	keyBatch = 500
	// writers is how many cases are appended at the same time; the log commits them together.
	writers = 64
)

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
		report.note("%d times fall where the clocks change: of an hour that comes twice the first was taken", p.odd)
	}
	if !dryRun && len(p.cases) > 0 {
		if err := im.adopt(ctx, config, m); err != nil {
			return nil, err
		}
	}
	r := &run{Importer: im, mapping: m, plan: p, report: report, dryRun: dryRun, batch: domain.Label(im.Now.UTC().Format("20060102T150405.000"))}
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

// adopt brings the mapping's procedure into use when the log does not have it. That another process did so just now is
// no fault.
func (im *Importer) adopt(ctx context.Context, config *domain.Config, m *Mapping) error {
	if config.Procedure(m.bound.Key()) != nil {
		return nil
	}
	body, err := json.Marshal(map[string]any{
		"content": string(m.text), "approver": "import", "reference": "comes with the mapping " + m.Name,
	})
	if err != nil {
		return err
	}
	_, err = im.Handler.Do(ctx, commands.Request{
		Command: "AdoptProcedure", Body: body, Key: "mapping " + m.bound.Key() + " " + m.bound.Hash(), Actor: im.Actor, WayIn: domain.ViaImport,
	})
	if err != nil {
		return fmt.Errorf("adopt the procedure of the mapping: %w", err)
	}
	return nil
}

// run is one import under way.
type run struct {
	*Importer
	mapping *Mapping
	plan    *plan
	dryRun  bool
	batch   domain.Label

	mu     sync.Mutex // guards what follows
	report *Report
	done   int64
	erased int
}

// all imports every case of the plan, some at the same time.
func (r *run) all(ctx context.Context) error {
	for batch := range slices.Chunk(r.plan.cases, keyBatch) {
		if err := r.some(ctx, batch); err != nil {
			return err
		}
	}
	if r.erased > 0 {
		r.report.note("%d cases were erased; their rows count as already present and were not compared", r.erased)
	}
	return nil
}

// some imports one batch: it finds out which cases there are, makes the keys of the new ones durable, and appends.
func (r *run) some(ctx context.Context, batch []*sourceCase) error {
	present := make([]*domain.Case, len(batch))
	read, reading := errgroup.WithContext(ctx)
	read.SetLimit(writers)
	for i, c := range batch {
		read.Go(func() (err error) {
			present[i], err = r.Handler.Case(reading, CaseID(r.Tenant, r.mapping.SourceSystem, c.ref))
			return err
		})
	}
	if err := read.Wait(); err != nil {
		return err
	}
	if err := r.mint(ctx, batch, present); err != nil {
		return err
	}
	write, writing := errgroup.WithContext(ctx)
	write.SetLimit(writers)
	for i, c := range batch {
		write.Go(func() error { return r.one(writing, c, present[i]) })
	}
	return write.Wait()
}

// mint makes the keys of the cases that are new.
func (r *run) mint(ctx context.Context, batch []*sourceCase, present []*domain.Case) error {
	if r.dryRun {
		return nil
	}
	var streams []string
	for i, c := range batch {
		if present[i] == nil && c.opening() >= 0 {
			streams = append(streams, domain.CaseStream(CaseID(r.Tenant, r.mapping.SourceSystem, c.ref)))
		}
	}
	if len(streams) == 0 {
		return nil
	}
	_, err := r.Vault.Keys(ctx, streams)
	return err
}

// opening returns the index of the row that can begin the case, -1 where there is none.
func (c *sourceCase) opening() int {
	return slices.IndexFunc(c.rows, func(row sourceRow) bool { return row.opens() })
}

// one imports one case.
func (r *run) one(ctx context.Context, c *sourceCase, present *domain.Case) error {
	tally := Report{}
	rows := c.rows
	switch opening := c.opening(); {
	case present != nil && present.Erased:
		tally.AlreadyPresent = len(rows)
		rows = nil
	case present == nil && opening < 0:
		for _, row := range rows {
			tally.reject(row.line, RuleNoOpening, "the file has no row that opens this case")
		}
		rows = nil
	case present == nil:
		rows = slices.Insert(slices.Delete(slices.Clone(rows), opening, opening+1), 0, c.rows[opening])
	}
	if len(rows) > 0 {
		if err := r.rows(ctx, c, rows, present, &tally); err != nil {
			return err
		}
	}
	r.add(&tally, present != nil && present.Erased)
	return nil
}

// rows compares the rows of a case with what stands in the log and appends those that are new, all in one piece.
func (r *run) rows(ctx context.Context, c *sourceCase, rows []sourceRow, present *domain.Case, tally *Report) error {
	id := CaseID(r.Tenant, r.mapping.SourceSystem, c.ref)
	if present == nil && r.dryRun {
		tally.Imported, tally.Cases, tally.Events = len(rows), 1, 1
		for _, row := range rows {
			tally.Events += len(row.facts)
		}
		return nil
	}
	key, err := r.Vault.Existing(ctx, domain.CaseStream(id))
	if err != nil {
		return fmt.Errorf("the key of case %s: %w", id, err)
	}
	in := domain.ImportCase{}
	for _, row := range rows {
		source := domain.SourceRow{Name: row.name, MAC: key.MAC(bytesOf(row.values)...)}
		if present != nil {
			if known, changed := present.Imported.Knows(source); known {
				tally.AlreadyPresent++
				continue
			} else if changed {
				tally.reject(row.line, RuleChanged, "the row was imported before with another content; what was recorded stays")
				continue
			}
		}
		facts, err := r.complete(c, row, source)
		if err != nil {
			return err
		}
		in.Rows = append(in.Rows, domain.ImportRow{Source: source, Facts: facts})
		tally.Imported++
		tally.Events += len(facts)
	}
	if len(in.Rows) == 0 {
		return nil
	}
	tally.Cases = 1
	if present == nil {
		tally.Events++
		if in.Opening, err = r.begin(c, rows[0], in.Rows[0].Source); err != nil {
			return err
		}
	}
	if r.dryRun {
		return nil
	}
	n, err := r.Handler.Import(ctx, id, in, r.Actor)
	if rejection, ok := errors.AsType[*domain.Rejection](err); ok {
		*tally = Report{AlreadyPresent: tally.AlreadyPresent, Rejected: tally.Rejected, Rejections: tally.Rejections}
		for _, row := range rows {
			tally.reject(row.line, RuleRefused, rejection.Error())
		}
		return nil
	}
	tally.Events = n
	return err
}

// begin makes the first event of a new case.
func (r *run) begin(c *sourceCase, row sourceRow, source domain.SourceRow) (domain.Imported, error) {
	kept, err := r.mapping.sealedRow(r.plan.header, row.values)
	missing := make([]domain.Term, len(r.mapping.Missing))
	for i, field := range r.mapping.Missing {
		missing[i] = domain.Term(field)
	}
	return domain.Imported{
		SourceSystem: domain.Term(r.mapping.SourceSystem), SourceRef: c.ref, Batch: r.batch, RowMAC: source.MAC, Row: kept,
		Grade: domain.Grade(r.mapping.Grade), Missing: missing, SourceStatus: c.status,
	}, err
}

// complete fills in what only the import knows: the procedure, and the sealed row of what has no counterpart.
func (r *run) complete(c *sourceCase, row sourceRow, source domain.SourceRow) ([]domain.Event, error) {
	facts := slices.Clone(row.facts)
	for i, fact := range facts {
		switch e := fact.(type) {
		case domain.Received:
			e.ProcedureID = domain.Label(r.mapping.bound.ID)
			facts[i] = e
		case domain.LegacyRecorded:
			kept, err := r.mapping.sealedRow(r.plan.header, row.values)
			if err != nil {
				return nil, err
			}
			e.SourceSystem, e.SourceRef, e.Row, e.RowMAC = domain.Term(r.mapping.SourceSystem), c.ref, kept, source.MAC
			facts[i] = e
		}
	}
	return facts, nil
}

// add puts the tally of one case to the report.
func (r *run) add(tally *Report, erased bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.report
	t.Imported += tally.Imported
	t.AlreadyPresent += tally.AlreadyPresent
	t.Rejected += tally.Rejected
	t.Rejections = append(t.Rejections, tally.Rejections...)
	t.Events += tally.Events
	t.Cases += tally.Cases
	if erased {
		r.erased++
	}
	r.done++
	if r.Progress != nil {
		r.Progress(r.done, int64(len(r.plan.cases)))
	}
}

func bytesOf(values []string) [][]byte {
	parts := make([][]byte, len(values))
	for i, value := range values {
		parts[i] = []byte(value)
	}
	return parts
}
