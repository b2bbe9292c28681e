package queries

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"

	"redress/domain"
	"redress/eventstore"
	"redress/projections"
)

// Parameters say which report is wanted. The zero value is everything, as it stands now.
type Parameters struct {
	From, To domain.Date // To is exclusive; zero: no limit
	By       []string    // cuts, of [Cuts]
	AsAt     string      // T, POSITION or T@POSITION (T in RFC 3339); empty: now
	// Progress is told how far a report as of some moment has come. It may be nil.
	Progress projections.Progress
}

// Performance is the performance report (architecture § 4). The same Parameters with AsAt
// set to T@POSITION give the same bytes for ever.
type Performance struct {
	Report   string       `json:"report"`
	From     *domain.Date `json:"from"`
	To       *domain.Date `json:"to"`
	AsAt     AsAt         `json:"as_at"`
	Notes    []string     `json:"notes"` // what a reader has to know of the log
	Measures []Result     `json:"measures"`
}

// AsAt is what a report stands on: the events up to a position, judged at a time.
type AsAt struct {
	Time     time.Time `json:"time"`
	Position uint64    `json:"position"` // 0 for an empty log
}

// String returns the form that Parameters take.
func (a AsAt) String() string {
	return a.Time.Format(time.RFC3339Nano) + "@" + strconv.FormatUint(a.Position, 10)
}

// Result is one measure of a report. Value is a number, or null where the denominator is
// 0; numerator and denominator are null where the figure has none.
type Result struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Unit  string `json:"unit"`
	Figure
	Cuts []Cut `json:"cuts"`
}

// Figure is a value with what it was made from.
type Figure struct {
	Value       jsontext.Value `json:"value"`
	Numerator   *int64         `json:"numerator"`
	Denominator *int64         `json:"denominator"`
}

// Cut is a measure for one value of a cut.
type Cut struct {
	By  string `json:"by"`
	Key string `json:"key"`
	Figure
}

// Cuts are the ways in which a report can be cut, each with its SQL over the rows. Those
// by date go by the date that places a row.
var Cuts = []struct{ Name, SQL string }{
	{"service", "service"},
	{"ward", "ward"},
	{"channel", "channel"},
	{"stage", "stage"},
	{"procedure", "procedure"},
	{"category", "category"},
	{"month", "to_char(placed, 'YYYY-MM')"},
	{"quarter", financialYear + " || ' Q' || extract(quarter from placed - interval '3 months')"},
	{"financial_year", financialYear},
}

// financialYear is written 2024-25; it begins on 1 April.
const financialYear = "to_char(placed - interval '3 months', 'YYYY-') || to_char(placed + interval '9 months', 'YY')"

// Performance makes the performance report. Errors: a [*ParameterError], and
// [projections.ErrNotBuilt] while the read models are being built. Without AsAt the
// caller has waited until the read models had reached the log's end.
func (q *Queries) Performance(ctx context.Context, p Parameters) (*Performance, error) {
	as, err := parseAsAt(p.AsAt)
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	report := &Performance{Report: "performance", From: dateOrNull(p.From), To: dateOrNull(p.To), Notes: []string{}}
	err = q.pinned(ctx, func(tx pgx.Tx, at projections.Pinned) error {
		if report.AsAt, err = q.stand(ctx, tx, at, as, p.Progress); err != nil {
			return err
		}
		report.Measures, err = measure(ctx, tx, p, report.AsAt.Time)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if report.Notes, err = q.notes(ctx, report.AsAt.Position); err != nil {
		return nil, err
	}
	return report, nil
}

// asAt is what a caller asks for; what is zero is left to the log.
type asAt struct {
	asked    bool
	time     time.Time
	position uint64
}

func parseAsAt(text string) (asAt, error) {
	if text == "" {
		return asAt{}, nil
	}
	at := asAt{asked: true}
	moment, position, both := strings.Cut(text, "@")
	if !both {
		if n, err := strconv.ParseUint(text, 10, 63); err == nil && n > 0 {
			at.position = n
			return at, nil
		}
	}
	var err error
	if at.time, err = time.Parse(time.RFC3339, moment); err == nil && both {
		at.position, err = strconv.ParseUint(position, 10, 63)
	}
	if err != nil {
		return asAt{}, &ParameterError{"as-at", "a time (RFC 3339 with zone), a position, or TIME@POSITION"}
	}
	at.time = at.time.UTC()
	return at, nil
}

func (p Parameters) check() error {
	for i, by := range p.By {
		if cutSQL(by) == "" {
			names := make([]string, 0, len(Cuts))
			for _, c := range Cuts {
				names = append(names, c.Name)
			}
			return &ParameterError{"by", "one of " + strings.Join(names, ", ")}
		}
		if slices.Contains(p.By[:i], by) {
			return &ParameterError{"by", "each cut once"}
		}
	}
	if !p.From.IsZero() && !p.To.IsZero() && p.To <= p.From {
		return &ParameterError{"to", "later than from"}
	}
	return nil
}

func cutSQL(name string) string {
	for _, c := range Cuts {
		if c.Name == name {
			return c.SQL
		}
	}
	return ""
}

// stand decides on what the report stands, and has the rows there: the live tables, or
// temporary ones folded from the log.
func (q *Queries) stand(ctx context.Context, tx pgx.Tx, live projections.Pinned, as asAt, progress projections.Progress) (AsAt, error) {
	if !as.asked {
		return AsAt{Time: q.now().Truncate(time.Microsecond), Position: live.Position}, nil
	}
	if as.position == 0 {
		position, err := projections.LoadUntil(ctx, tx, q.Store, q.Tenant, as.time, progress)
		return AsAt{as.time, position}, err
	}
	record, err := q.Store.EventAt(ctx, as.position)
	if errors.Is(err, eventstore.ErrNoEvent) {
		return AsAt{}, &ParameterError{"as-at", "a position at which the log has an event"}
	}
	if err != nil {
		return AsAt{}, err
	}
	if as.time.IsZero() {
		as.time = record.Meta.RecordedAt
	}
	err = projections.LoadAt(ctx, tx, q.Store, q.Tenant, as.position, progress)
	if err != nil {
		return AsAt{}, err
	}
	return AsAt{as.time, as.position}, nil
}

// notes says what a reader has to know: that a log's clock was not the time of day.
func (q *Queries) notes(ctx context.Context, position uint64) ([]string, error) {
	notes := []string{}
	for r, err := range q.Store.Read(ctx, domain.ConfigStream(q.Tenant), 0) {
		if err != nil {
			return nil, err
		}
		if r.Position > position {
			break
		}
		if e, ok := r.Event.(domain.TimeSimulated); ok {
			notes = append(notes, fmt.Sprintf("this log was written under a simulated clock (%s)", e.By))
		}
	}
	return notes, nil
}

// measure asks for every measure, one query for all of one source.
func measure(ctx context.Context, tx pgx.Tx, p Parameters, at time.Time) ([]Result, error) {
	results := make([]Result, len(Measures))
	for i, m := range Measures {
		results[i] = Result{ID: m.ID, Title: m.Title, Unit: m.Unit, Cuts: []Cut{}}
	}
	var done []source
	for _, m := range Measures {
		if slices.Contains(done, m.From) {
			continue
		}
		done = append(done, m.From)
		if err := measureSource(ctx, tx, m.From, p, at, results); err != nil {
			return nil, fmt.Errorf("%s: %w", m.ID, err)
		}
	}
	for i := range results {
		order := func(c Cut) int { return slices.Index(p.By, c.By) }
		slices.SortFunc(results[i].Cuts, func(a, b Cut) int {
			return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.Key, b.Key))
		})
	}
	return results, nil
}

// measureSource fills the results of the measures of one source, as a whole and by each
// cut that makes sense there.
func measureSource(ctx context.Context, tx pgx.Tx, from source, p Parameters, at time.Time, results []Result) error {
	var counted, ranked []int
	for i, m := range Measures {
		switch {
		case m.From != from:
		case m.How == median || m.How == p90:
			ranked = append(ranked, i)
		default:
			counted = append(counted, i)
		}
	}
	var cuts []string
	for _, by := range p.By {
		byDate := strings.Contains(cutSQL(by), "placed")
		if (by != "stage" || from.stages) && (!byDate || from.placed != "") {
			cuts = append(cuts, by)
		}
	}
	end := at
	if !p.To.IsZero() && p.To.Midnight().Before(at) {
		end = p.To.Midnight()
	}
	args := []any{sqlDate(p.From), sqlDate(p.To), at, end}
	if err := figures(ctx, tx, countStatement(from, counted, cuts), args, counted, cuts, results); err != nil {
		return err
	}
	if len(ranked) == 0 {
		return nil
	}
	return figures(ctx, tx, rankStatement(from, ranked, cuts), args, ranked, cuts, results)
}

// figures runs a statement and puts what it says of the measures into the results. Its
// columns are, for each cut, the key and whether it is rolled up, and for each measure the
// two numbers from which figureOf makes a figure.
func figures(ctx context.Context, tx pgx.Tx, sql string, args []any, mine []int, cuts []string, results []Result) error {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	numbers, keys, sets := make([]*int64, 2*len(mine)), make([]*string, len(cuts)), make([]int, len(cuts))
	into := make([]any, 0, len(numbers)+2*len(cuts))
	for i := range cuts {
		into = append(into, &keys[i], &sets[i])
	}
	for i := range numbers {
		into = append(into, &numbers[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		cut := slices.Index(sets, 0) // the cut that this row is of: the one that is not rolled up
		for n, i := range mine {
			f := figureOf(Measures[i], numbers[2*n], numbers[2*n+1])
			switch {
			case cut < 0:
				results[i].Figure = f
			case f.some():
				results[i].Cuts = append(results[i].Cuts, Cut{By: cuts[cut], Key: *keys[cut], Figure: f})
			}
		}
	}
	return rows.Err()
}

// placedRows selects the rows of a source that the period has, with the values of the
// cuts as by0, by1 and so on.
func placedRows(from source, cuts []string) string {
	placed, period := "null::date", "($1::date is null or true) and ($2::date is null or true)" // a moment, not a period
	if from.placed != "" {
		placed, period = from.placed, "placed >= coalesce($1::date, '-infinity') and placed < coalesce($2::date, 'infinity')"
	}
	var by strings.Builder
	for i, name := range cuts {
		fmt.Fprintf(&by, ", %s as by%d", cutSQL(name), i)
	}
	return fmt.Sprintf("(select p.*%s from (select s.*, %s as placed from %s s) p where %s"+
		" and ($3::timestamptz is null or true) and ($4::timestamptz is null or true)) t", by.String(), placed, from.table, period)
}

// countStatement is the query for everything but ranks. Thousands of rows are alike to all
// measures of a source: a first grouping notes in the bits of one number which predicates
// a row fulfils, and counts the rows of each such number; a second one adds these up for
// the whole and for each cut.
func countStatement(from source, mine []int, cuts []string) string {
	var predicates, inner, outer []string
	bit := func(predicate string) string {
		i := slices.Index(predicates, predicate)
		if i < 0 {
			i, predicates = len(predicates), append(predicates, predicate)
		}
		return fmt.Sprintf("coalesce(sum(n) filter (where mask & %d <> 0), 0)::bigint", uint64(1)<<i)
	}
	for k, i := range mine {
		m := Measures[i]
		each := fmt.Sprintf("filter (where %s and %s is not null)", m.Of, m.Each)
		switch m.How {
		case share:
			outer = append(outer, bit(m.Of+" and "+m.Hit), bit(m.Of))
		case ratio:
			outer = append(outer, bit(m.Of+" and not came"), bit(m.Of+" and came"))
		case sum:
			inner = append(inner, fmt.Sprintf("sum(%s) %s as s%d", m.Each, each, k))
			outer = append(outer, fmt.Sprintf("coalesce(sum(s%d), 0)::bigint", k), "null::bigint")
		case mean:
			inner = append(inner, fmt.Sprintf("sum(%s) %s as s%d, count(*) %s as c%d", m.Each, each, k, each, k))
			outer = append(outer, fmt.Sprintf("coalesce(sum(s%d), 0)::bigint", k), fmt.Sprintf("coalesce(sum(c%d), 0)::bigint", k))
		case most:
			inner = append(inner, fmt.Sprintf("max(%s) %s as s%d", m.Each, each, k))
			outer = append(outer, fmt.Sprintf("max(s%d)::bigint", k), "null::bigint")
		default:
			outer = append(outer, bit(m.Of), "null::bigint")
		}
	}
	mask := []string{"0::bigint"}
	for i, predicate := range predicates {
		mask = append(mask, fmt.Sprintf("case when %s then %d::bigint else 0 end", predicate, uint64(1)<<i))
	}
	groups := []string{"mask"}
	for i := range cuts {
		groups = append(groups, fmt.Sprintf("by%d", i))
	}
	inner = append([]string{strings.Join(groups, ", "), "count(*) as n"}, inner...)
	return fmt.Sprintf("select %s from (select %s from (select t.*, %s as mask from %s) m group by %s) g %s",
		strings.Join(append(cutColumns(cuts), outer...), ", "), strings.Join(inner, ", "),
		strings.Join(mask, " + "), placedRows(from, cuts), strings.Join(groups, ", "), groupingSets(cuts))
}

// rankStatement is the query for medians and percentiles, by nearest rank.
func rankStatement(from source, mine []int, cuts []string) string {
	selected := cutColumns(cuts)
	for _, i := range mine {
		m := Measures[i]
		rank := 0.5
		if m.How == p90 {
			rank = 0.9
		}
		each := fmt.Sprintf("filter (where %s and %s is not null)", m.Of, m.Each)
		selected = append(selected, fmt.Sprintf("(percentile_disc(%g) within group (order by %s) %s)::bigint, count(*) %s", rank, m.Each, each, each))
	}
	return fmt.Sprintf("select %s from %s %s", strings.Join(selected, ", "), placedRows(from, cuts), groupingSets(cuts))
}

func cutColumns(cuts []string) []string {
	var columns []string
	for i := range cuts {
		columns = append(columns, fmt.Sprintf("by%d, grouping(by%d)", i, i))
	}
	return columns
}

func groupingSets(cuts []string) string {
	sets := []string{"()"}
	for i := range cuts {
		sets = append(sets, fmt.Sprintf("(by%d)", i))
	}
	return "group by grouping sets (" + strings.Join(sets, ", ") + ")"
}

// figureOf makes a figure from the two columns of a measure.
func figureOf(m Measure, first, second *int64) Figure {
	switch m.How {
	case share, ratio:
		return Figure{Value: tenths(1000**first, *second), Numerator: first, Denominator: second}
	case mean:
		return Figure{Value: tenths(10**first, *second), Numerator: first, Denominator: second}
	case median, p90:
		return Figure{Value: whole(first), Denominator: second}
	case most:
		return Figure{Value: whole(first)}
	}
	return Figure{Value: whole(first), Numerator: first}
}

// some reports whether a cut has anything to say.
func (f Figure) some() bool {
	return f.Numerator != nil && *f.Numerator != 0 || f.Denominator != nil && *f.Denominator != 0 ||
		f.Numerator == nil && f.Denominator == nil && string(f.Value) != "null"
}

// tenths divides, rounds half up and writes the quotient of tenths with one decimal.
func tenths(numerator, denominator int64) jsontext.Value {
	if denominator == 0 {
		return jsontext.Value("null")
	}
	t := (2*numerator + denominator) / (2 * denominator)
	return jsontext.Value(fmt.Sprintf("%d.%d", t/10, t%10))
}

func whole(n *int64) jsontext.Value {
	if n == nil {
		return jsontext.Value("null")
	}
	return jsontext.Value(strconv.FormatInt(*n, 10))
}

// sqlDate returns a date as a parameter of a statement, nil for none.
func sqlDate(d domain.Date) *string {
	if d.IsZero() {
		return nil
	}
	text := d.String()
	return &text
}

func dateOrNull(d domain.Date) *domain.Date {
	if d.IsZero() {
		return nil
	}
	return &d
}
