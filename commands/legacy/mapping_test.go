package legacy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestShippedMappingsLoad(t *testing.T) {
	if names := Names(); !slices.Equal(names, []string{"nyc-311", "road-traffic-fines"}) {
		t.Error(names)
	}
	for _, name := range Names() {
		if m := load(t, name); m.Name != name || m.SourceSystem != name {
			t.Errorf("%s is called %s, its cases %s:…", name, m.Name, m.SourceSystem)
		}
	}
	if _, err := Load("no-such"); err == nil || !strings.Contains(err.Error(), "nyc-311, road-traffic-fines") {
		t.Error(err)
	}
}

// A mapping is refused before a row is read, and the fault is named with its place.
func TestMappingFaults(t *testing.T) {
	for name, tt := range map[string]struct {
		old, with, says string
	}{
		"schema":           {"redress.mapping/v1", "redress.mapping/v2", "schema:"},
		"unknown key":      {"ignore:", "ignroe:", "ignroe"},
		"zone":             {"Europe/London", "Europe/Londinium", "zone:"},
		"no zone":          {"zone: Europe/London\n", "", "zone:"},
		"dates":            {"DD/MM/YYYY HH:mm", "DD/MM/YY", "dates:"},
		"dates twice":      {"DD/MM/YYYY HH:mm", "DD/MM/YYYY MMM", "dates:"},
		"dates named":      {"DD/MM/YYYY HH:mm", "DD-Mon-YYYY", "dates:"},
		"grade":            {"partial", "some", "grade:"},
		"encoding":         {"zone:", "encoding: utf-16\nzone:", "encoding:"},
		"separator":        {"zone:", "separator: \"||\"\nzone:", "separator:"},
		"separator quote":  {"zone:", "separator: '\"'\nzone:", "separator:"},
		"case":             {"case: Ref\n", "", "case:"},
		"source system":    {"source_system: letters", "source_system: 'a:b'", "source_system:"},
		"no procedure":     {"procedure: letters.procedure.yaml\n", "", "procedure:"},
		"procedure absent": {"letters.procedure.yaml", "other.procedure.yaml", "procedure:"},
		"no events":        {"  - event: Received", "  - event: Responded", "the first must be Received"},
		"event":            {"event: Responded", "event: Answered", `no event "Answered"`},
		"event of a log":   {"event: Responded", "event: RoleGranted", `no event "RoleGranted"`},
		"event of import":  {"event: Responded", "event: Imported", `no event "Imported"`},
		"no moment":        {"event: Responded", "event: RemedyProposed", "no moment of its own"},
		"no at":            {"    at: Out\n", "", "events[1].at:"},
		"field":            {"ward:", "parish:", "with.parish:"},
		"assigned ref":     {"category: general", "category: general\n      case_ref: RD-1", "with.case_ref:"},
		"assigned version": {"category: general", "category: general\n      procedure_version: '1'", "with.procedure_version:"},
		"assigned stage":   {"category: general", "category: general\n      stage: s1", "with.stage:"},
		"import's own":     {"category: general", "category: general\n      procedure_id: other", "with.procedure_id:"},
		"moment twice":     {"category: general", "category: general\n      received_at: {column: In}", "with.received_at:"},
		"not one cell":     {"category: general", "category: general\n      issues: {column: Wish}", "with.issues: cannot"},
		"a person":         {"category: general", "category: general\n      complainant: {column: Wish}", "with.complainant: cannot"},
		"channel":          {"channel: letter", "channel: pigeon", "with.channel:"},
		"kind":             {"C: complaint", "C: grumble", "with.kind:"},
		"kind not taken":   {"C: complaint", "C: compliment", "does not take"},
		"kind by default":  {"default: complaint", "default: grumble", "with.kind:"},
		"code":             {"N: not_upheld", "N: dismissed", "with.outcome:"},
		"no code":          {"category: general", "category: 'what?'", "with.category:"},
		"empty":            {"category: general", "category: ''", "with.category: must have a value"},
		"stage":            {"stage: s1", "stage: s9", `no stage "s9"`},
		"no stage":         {"stage: s1, ", "", "with.stage: is missing"},
		"no kind":          {"kind: {column: Kind, values: {C: complaint, F: comment}, default: complaint}\n      ", "", "with.kind: is missing"},
		"values alone":     {"{column: Team}", "{values: {A: b}}", "from a column"},
		"activity":         {"  - event: Responded", "  - activity: Answer\n    event: Responded", "activity:"},
		"when":             {"  - event: Received\n", "  - event: Received\n    when: In\n", "when:"},
		"twice":            {"  - event: Responded\n", "  - event: Received\n    at: In\n    with: {kind: complaint, channel: letter, service: a, category: b}\n  - event: Responded\n", "once"},
		"owned up to":      {"missing: [summary, issues]", "missing: [issues]", "must list summary"},
		"not missing":      {"missing: [summary, issues]", "missing: [summary, ward]", "ward is filled"},
		"missing nothing":  {"missing: [summary, issues]", "missing: [summary, colour]", `no field "colour"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(council(t, swap(tt.old, tt.with)))
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v; should say %s", err, tt.says)
			}
		})
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	_, err := Load(council(t, func(text string) string {
		return strings.NewReplacer("Europe/London", "x", "partial", "y", "channel: letter", "channel: z", "stage: s1", "stage: s2").Replace(text)
	}))
	for _, want := range []string{"zone:", "grade:", "with.channel:", "with.stage:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; should say %s", err, want)
		}
	}
}

// A column that the mapping names and the file lacks stops the import before anything is written.
func TestUnknownColumns(t *testing.T) {
	w := newTown(t)
	for _, column := range []string{"Ref", "State", "In", "Out", "Kind", "Wish", "Clerk"} {
		err := w.fails(load(t, council(t, nil)), strings.Replace(lettersHeader, column, "Other", 1))
		if !strings.Contains(err.Error(), `no column "`+column+`"`) {
			t.Errorf("%s: %v", column, err)
		}
	}
	for text, says := range map[string]string{
		"":                              "empty",
		"\n\n":                          "empty",
		"Ref,Ref\n":                     "two columns",
		"\"Ref,State\n":                 "BAD_QUOTE",
		"Ref,St\xe4t\n":                 "NOT_UTF8",
		"\xff\xfeR\x00e\x00f\x00\n\x00": "NOT_UTF8",
	} {
		if err := w.fails(load(t, council(t, nil)), text); !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDateFormats(t *testing.T) {
	for format, text := range map[string]string{
		"YYYY-MM-DD": "2025-03-04", "D.M.YYYY": "4.3.2025", "M/D/YYYY H:mm": "3/4/2025 0:00",
		"YYYY-MM-DDTHH:mm:ss": "2025-03-04T00:00:00", "YYYYMMDD": "20250304", "DD/MM/YYYY": "04/03/2025",
	} {
		layout, err := dateLayout(format)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		if at, err := time.Parse(layout, text); err != nil || !at.Equal(time.Date(2025, 3, 4, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s reads %s as %v, %v", format, text, at, err)
		}
	}
}

// The two nights in which the clocks change.
func TestHoursThatComeTwiceOrNever(t *testing.T) {
	m := load(t, council(t, nil))
	for text, want := range map[string]struct {
		at  string
		odd bool
	}{
		"26/10/2025 00:59": {"2025-10-25T23:59:00Z", false},
		"26/10/2025 01:00": {"2025-10-26T00:00:00Z", true}, // twice: the first
		"26/10/2025 01:59": {"2025-10-26T00:59:00Z", true},
		"26/10/2025 02:00": {"2025-10-26T02:00:00Z", false},
		"30/03/2025 00:59": {"2025-03-30T00:59:00Z", false},
		"30/03/2025 01:30": {"2025-03-30T01:30:00Z", true}, // never: moved by the change
		"30/03/2025 02:00": {"2025-03-30T01:00:00Z", false},
	} {
		at, odd, err := m.moment(text)
		if err != nil || at.Format(time.RFC3339) != want.at || odd != want.odd {
			t.Errorf("%s is %s, %t, %v; want %v", text, at.Format(time.RFC3339), odd, err, want)
		}
	}
	w := newTown(t)
	r := w.run(m, lettersHeader+"A1,,26/10/2025 01:30,26/10/2025 01:45,C,housing,,,Y,\nA2,,26/10/2025 02:30,,C,housing,,,,\n")
	if len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], "1 rows") || r.Imported != 2 {
		t.Errorf("%+v", r)
	}
}

// FuzzMapping holds that no text of a mapping, with whatever procedure, is more than an error.
func FuzzMapping(f *testing.F) {
	bound, err := os.ReadFile(filepath.Join("mappings", "nyc-311.procedure.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(letters)
	for _, name := range Names() {
		text, err := shipped.ReadFile("mappings/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("events: [{with: {a: [b]}}]")
	f.Fuzz(func(t *testing.T, text string) {
		dir := fstest.MapFS{"m.yaml": {Data: []byte(text)}}
		for _, name := range []string{"letters.procedure.yaml", "nyc-311.procedure.yaml", "road-traffic-fines.procedure.yaml"} {
			dir[name] = &fstest.MapFile{Data: bound}
		}
		m, err := parse(dir, "m.yaml")
		if err != nil {
			return
		}
		if m.zone == nil || m.bound == nil || len(m.fillers) != len(m.Events) {
			t.Error("a mapping was taken that cannot work")
		}
	})
}

// The example in the documentation is a mapping that loads, and its table names every rule.
func TestDocumentedMapping(t *testing.T) {
	page, err := os.ReadFile("../../docs/mappings.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	m := load(t, council(t, func(string) string { return example }))
	if m.Separator != ";" || len(m.Events) != 2 {
		t.Errorf("%+v", m)
	}
	for _, rule := range []string{
		RuleColumns, RuleQuote, RuleEncoding, RuleTruncated, RuleDate, RuleUnmapped, RuleMissing, RuleValue, RuleChanged, RuleNoOpening, RuleRefused,
	} {
		if !strings.Contains(string(page), "| `"+rule+"` |") {
			t.Errorf("the page does not explain %s", rule)
		}
	}
}
