package legacy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"redress/domain"
)

const (
	// keyBatch is how many cases get their keys in one transaction.
	keyBatch = 500
	// writers is how many cases are appended at the same time; the log commits them together.
	writers = 64
)

// run is one import under way.
type run struct {
	*Importer
	mapping *Mapping
	plan    *plan
	config  *domain.Config
	dryRun  bool
	batch   domain.Label

	mu     sync.Mutex // guards what follows
	report *Report
	done   int64
	erased int
}

// pending is a case of the file with what the log knows of it.
type pending struct {
	*sourceCase
	present *domain.Case // nil for a case that is new
}

// all imports every case of the plan, some at the same time. While one batch is written the next one is looked up, and
// the keys of its new cases are made durable.
func (r *run) all(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	ready := make(chan []pending, 1)
	group.Go(func() error {
		defer close(ready)
		for chunk := range slices.Chunk(r.plan.cases, keyBatch) {
			batch, err := r.lookUp(ctx, chunk)
			if err != nil {
				return err
			}
			select {
			case ready <- batch:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	group.Go(func() error {
		write, ctx := errgroup.WithContext(ctx)
		write.SetLimit(writers)
		for batch := range ready {
			for _, c := range batch {
				write.Go(func() error { return r.one(ctx, c) })
			}
		}
		return write.Wait()
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if r.erased > 0 {
		r.report.note("%d cases were erased; their rows count as already present and were not compared", r.erased)
	}
	return nil
}

// lookUp finds out which cases of a batch there are, and makes the keys of the new ones.
func (r *run) lookUp(ctx context.Context, batch []*sourceCase) ([]pending, error) {
	found := make([]pending, len(batch))
	read, reading := errgroup.WithContext(ctx)
	read.SetLimit(writers)
	for i, c := range batch {
		read.Go(func() (err error) {
			found[i].sourceCase = c
			found[i].present, err = r.Handler.Case(reading, CaseID(r.Tenant, r.mapping.SourceSystem, c.ref))
			return err
		})
	}
	if err := read.Wait(); err != nil {
		return nil, err
	}
	var streams []string
	for _, c := range found {
		if c.present == nil && slices.ContainsFunc(c.rows, sourceRow.opens) {
			streams = append(streams, domain.CaseStream(CaseID(r.Tenant, r.mapping.SourceSystem, c.ref)))
		}
	}
	if r.dryRun || len(streams) == 0 {
		return found, nil
	}
	_, err := r.Vault.Keys(ctx, streams)
	return found, err
}

// one imports one case and adds it to the report.
func (r *run) one(ctx context.Context, c pending) error {
	tally := Report{}
	erased := c.present != nil && c.present.Erased
	if erased {
		tally.AlreadyPresent = len(c.rows)
	} else if err := r.rows(ctx, c, &tally); err != nil {
		return err
	}
	r.add(&tally, erased)
	return nil
}

// rows appends the rows of a case that are new, all in one piece, and counts every row once.
func (r *run) rows(ctx context.Context, c pending, tally *Report) error {
	if c.present == nil && !slices.ContainsFunc(c.rows, sourceRow.opens) {
		tally.rejectAll(c.rows, RuleNoOpening, "no row of the file that can be used opens this case, and the log does not have it")
		return nil
	}
	digest, err := r.digests(ctx, c)
	if err != nil {
		return err
	}
	news := r.sift(c, digest, tally)
	if len(news) == 0 {
		return nil
	}
	if c.present == nil && !news[0].opens() {
		tally.rejectAll(news, RuleNoOpening, "the row that opens this case was rejected")
		return nil
	}
	in, err := r.command(c, news, digest)
	if err != nil {
		return err
	}
	appended, err := r.append(ctx, c, in)
	switch rejection, refused := errors.AsType[*domain.Rejection](err); {
	case refused:
		tally.rejectAll(news, RuleRefused, rejection.Error())
	case err != nil:
		return err
	case appended == 0: // another import was faster
		tally.AlreadyPresent += len(news)
	default:
		tally.Imported, tally.Events, tally.Cases = len(news), appended, 1
	}
	return nil
}

// digests returns how rows of the case are digested: under the case's key, and without one for a case that is new in a
// dry run, which makes no key and remembers nothing.
func (r *run) digests(ctx context.Context, c pending) (func(sourceRow) []byte, error) {
	if c.present == nil && r.dryRun {
		return func(row sourceRow) []byte { whole := digest(row.values); return whole[:] }, nil
	}
	id := CaseID(r.Tenant, r.mapping.SourceSystem, c.ref)
	key, err := r.Vault.Existing(ctx, domain.CaseStream(id))
	if err != nil {
		return nil, fmt.Errorf("the key of case %s: %w", id, err)
	}
	return func(row sourceRow) []byte { return key.MAC(bytesOf(row.values)...) }, nil
}

// sift compares the rows with the log and with each other, in the order of the file, and counts those that are not new.
// The new ones come back in the order in which they happened, the one that opens a new case first.
func (r *run) sift(c pending, digest func(sourceRow) []byte, tally *Report) []sourceRow {
	var news []sourceRow
	names := map[domain.Label]bool{} // of the new rows
	opened := c.present != nil
	for _, row := range c.rows {
		var known, changed bool
		if c.present != nil {
			known, changed = c.present.Imported.Knows(domain.SourceRow{Name: row.name, MAC: digest(row)})
		}
		switch {
		case known:
			tally.AlreadyPresent++
		case changed:
			tally.reject(row.line, RuleChanged, "the row was imported before with another content; what was recorded stays")
		case row.name != "" && names[row.name]:
			tally.reject(row.line, RuleChanged, "an earlier line of the file has the same name and another content; the earlier one counts")
		case opened && row.opens():
			tally.reject(row.line, RuleRefused, "another row has opened this case")
		default:
			names[row.name] = true
			opened = opened || row.opens()
			news = append(news, row)
		}
	}
	slices.SortStableFunc(news, func(a, b sourceRow) int {
		if a.opens() != b.opens() {
			return map[bool]int{true: -1, false: 1}[a.opens()]
		}
		return a.at.Compare(b.at)
	})
	return news
}

// command makes the import of the rows.
func (r *run) command(c pending, rows []sourceRow, digest func(sourceRow) []byte) (in domain.ImportCase, err error) {
	for _, row := range rows {
		source := domain.SourceRow{Name: row.name, MAC: digest(row)}
		facts, err := r.complete(c, row, source)
		if err != nil {
			return in, err
		}
		in.Rows = append(in.Rows, domain.ImportRow{Source: source, Facts: facts})
	}
	if c.present == nil {
		in.Opening, err = r.begin(c, rows[0], in.Rows[0].Source)
	}
	return in, err
}

// append appends the rows and returns how many events that made. A dry run only decides.
func (r *run) append(ctx context.Context, c pending, in domain.ImportCase) (int, error) {
	id := CaseID(r.Tenant, r.mapping.SourceSystem, c.ref)
	if !r.dryRun {
		return r.Handler.Import(ctx, id, in, r.Actor)
	}
	facts, err := domain.DecideImportCase(domain.Context{
		Now: r.Now, Tenant: r.Tenant, WayIn: domain.ViaImport, Actor: r.Actor, Config: r.config, Case: c.present, CaseID: id,
	}, in)
	return len(facts), err
}

// begin makes the first event of a new case.
func (r *run) begin(c pending, row sourceRow, source domain.SourceRow) (domain.Imported, error) {
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
func (r *run) complete(c pending, row sourceRow, source domain.SourceRow) ([]domain.Event, error) {
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
