package procedure

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"redress/domain/procedures"
)

func shipped(t testing.TB, name string) string {
	t.Helper()
	text, err := procedures.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parsed(t testing.TB, name string) *Procedure {
	t.Helper()
	p, err := Parse(name, []byte(shipped(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestShippedFiles(t *testing.T) {
	files, err := fs.Glob(procedures.Files, "*.yaml")
	if err != nil || len(files) != 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		p, err := Parse(name, []byte(shipped(t, name)))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if p.ID+".yaml" != name {
			t.Errorf("%s: id %s", name, p.ID)
		}
		if p.Source() != shipped(t, name) || len(p.Hash()) != 64 {
			t.Errorf("%s: another source", name)
		}
	}
}

func TestWhatIsRead(t *testing.T) {
	p := parsed(t, "nct-children-statutory.yaml")
	if p.Key() != "nct-children-statutory@2.0" || !p.Takes("representation") || p.Takes("comment") || !p.TakesCases() {
		t.Errorf("%s takes %v", p.Key(), p.Kinds)
	}
	if p.InForce("2020-10-31") || !p.InForce("2020-11-01") || !p.InForce("2099-01-01") {
		t.Errorf("in force %+v", p.Effective)
	}
	if p.Adoption.ApprovedOn != "" || p.Receipt.Cutoff != "" || !p.TimeLimit.Discretion.DiscussWithComplainant {
		t.Error("null or nested fields")
	}
	stage, k := p.Clock("s1.response")
	if stage.ID != "s1" || k.Length != 10 || k.Extend.Guard != "s1.statutory" || k.Extend.Cap.Length != 20 || k.Extend.IfRefused.To != "s2" || !k.ForResponse() {
		t.Errorf("%+v", k)
	}
	if longest := k.Capped(); longest.Length != 20 || k.Length != 10 {
		t.Error("capped")
	}
	if _, k := p.Clock("s1.decision"); len(k.Stops.Events()) != 2 || k.Stops.Events()[1].Stage != "s2" || k.ForResponse() {
		t.Errorf("%+v", k)
	}
	if got := p.Stage("s2").Officer.Rules[3]; got.Name != "different_from" || !slices.Equal(got.Stages, []string{"s1"}) {
		t.Errorf("%+v", got)
	}
	if got := p.Stage("s2").Officer.Rules[0]; got.Name != "io_external_or_uninvolved_manager" || got.Stages != nil {
		t.Errorf("%+v", got)
	}
	if n := p.Stage("s1").NextTo("s2"); n.Window.Clock != "decision" || n.ReasonsRequired || p.Stage("s1").NextTo("s3") != nil {
		t.Errorf("%+v", n)
	}
	if n := parsed(t, "nnc-corporate-2024.yaml").Stage("s2").NextTo("ombudsman"); n.Window.Length != 12 || n.Window.Unit != Months || n.Window.From != "matter_known_on" {
		t.Errorf("%+v", n.Window)
	}
	if parsed(t, "nnc-corporate-2024.yaml").Stage("s1").NextTo("s2").Window != nil {
		t.Error("a null window is a window")
	}
	if _, k := parsed(t, "sar.yaml").Clock("req.response"); len(k.Starts.Events()) != 3 || k.Starts.Events()[1].Kind != "identity" {
		t.Errorf("%+v", k.Starts)
	}
	if got := parsed(t, "nnc-feedback.yaml").Stages[0].AfterAcknowledgement["compliment"]; len(got) != 1 {
		t.Errorf("%v", got)
	}
	if p.After("s1").ID != "s2" || p.After("s3") != nil || p.After("x") != nil {
		t.Error("after")
	}
	for _, absent := range []string{"s1", "s1.x", "x.ack", "all.x", "", "all"} {
		if _, k := p.Clock(absent); k != nil {
			t.Errorf("%q is a clock", absent)
		}
	}
}

func TestEntryStage(t *testing.T) {
	for _, tt := range []struct{ file, kind, channel, want string }{
		{"nnc-corporate-2024.yaml", "complaint", "email", "s1"},
		{"nnc-adult-social-care.yaml", "complaint", "phone", "oral"},
		{"nnc-adult-social-care.yaml", "complaint", "in_person", "oral"},
		{"nnc-adult-social-care.yaml", "complaint", "letter", "s1"},
		{"nnc-adult-social-care.yaml", "complaint", "", "s1"},
		{"nct-children-statutory.yaml", "representation", "phone", "rep"},
		{"nct-children-statutory.yaml", "complaint", "phone", "s1"},
		{"bradford-children.yaml", "pre_complaint", "", "pre"},
		{"bradford-children.yaml", "complaint", "", "s1"},
		{"sar.yaml", "erasure_request", "email", "req"},
		{"nnc-feedback.yaml", "compliment", "email", "fb"},
	} {
		if got := parsed(t, tt.file).EntryStage(tt.kind, tt.channel); got == nil || got.ID != tt.want {
			t.Errorf("%s %s by %s: %+v", tt.file, tt.kind, tt.channel, got)
		}
	}
}

// Each edit of a good file is one fault, with its field and its rule.
func TestFaults(t *testing.T) {
	for _, tt := range []struct{ name, file, old, new, path, rule string }{
		{"not YAML", "eir.yaml", "schema: redress.procedure/v1", "schema: [redress", "", "line "},
		{"two documents", "eir.yaml", "schema: redress.procedure/v1", "schema: x\n---\nschema: redress.procedure/v1", "", "one YAML document"},
		{"an alias", "eir.yaml", "schema: redress.procedure/v1\nid: eir", "schema: &a redress.procedure/v1\nid: *a", "id", "aliases"},
		{"a key twice", "eir.yaml", "id: eir\n", "id: eir\nid: eir\n", "", "already defined"},
		{"another schema", "eir.yaml", "redress.procedure/v1", "redress.procedure/v2", "schema", "redress.procedure/v1"},
		{"a missing field", "eir.yaml", "calendar: uk-any\n", "", "calendar", "is required"},
		{"a field of nobody", "eir.yaml", "calendar: uk-any\n", "calendar: uk-any\ncalender: ew\n", "calender", "not a field"},
		{"a field of nobody inside", "eir.yaml", "{cutoff: null, non_working: as_is}", "{cutoff: null, non_working: as_is, cut_off: x}", "receipt.cut_off", "unknown field"},
		{"a wrong unit", "eir.yaml", "unit: working_days", "unit: working_day", "stages[0].clocks[0].unit", "working_days"},
		{"no length", "eir.yaml", "length: 20\n", "length: 0\n", "stages[0].clocks[0].length", "minimum"},
		{"no date", "eir.yaml", `from: "2005-01-01"`, `from: "2005-01-32"`, "effective.from", "date"},
		{"a number for a version", "eir.yaml", `version: "2004"`, "version: 2004", "version", "string"},
		{"a stage twice", "nnc-corporate-2024.yaml", "  - id: s2\n", "  - id: s1\n", "stages[1].id", "is unique"},
		{"an order twice", "nnc-corporate-2024.yaml", "order: 2", "order: 1", "stages[1].order", "is unique"},
		{"a clock twice", "nnc-corporate-2024.yaml", "id: response", "id: ack", "stages[0].clocks[1].id", "is unique"},
		{"next to nowhere", "nnc-corporate-2024.yaml", "{to: s2,", "{to: s3,", "stages[0].next[0].to", "there is no s3"},
		{"different from nobody", "nnc-corporate-2024.yaml", "different_from: [s1]", "different_from: [s9]", "stages[1].officer.rules[1].different_from", "there is no s9"},
		{"starts nowhere", "nnc-corporate-2024.yaml", "{event: Acknowledged, stage: s1, at: sent_at, provisional_from: ack.due}", "{event: Acknowledged, stage: s8, at: sent_at, provisional_from: ack.due}", "stages[0].clocks[1]", "there is no s8"},
		{"provisional from nothing", "nnc-corporate-2024.yaml", "provisional_from: ack.due", "provisional_from: acc.due", "stages[0].clocks[1].starts.provisional_from", "acc.due is none"},
		{"provisional from itself", "nnc-corporate-2024.yaml", "provisional_from: ack.due", "provisional_from: response.due", "stages[0].clocks[1].starts.provisional_from", "starts by itself"},
		{"a guard of nobody", "nct-children-statutory.yaml", "guard: s1.statutory", "guard: s1.statute", "stages[1].clocks[2].extend.guard", "there is no s1.statute"},
		{"a cap of nothing", "nct-children-statutory.yaml", "cap: {length: 65, unit: working_days}", "cap: null", "stages[2].clocks[1].extend.cap", "cap_kind is hard"},
		{"a window of nobody", "nct-children-statutory.yaml", "window: decision", "window: decide", "stages[1].next[0].window", "there is no decide"},
		{"a stage out of reach", "nct-children-statutory.yaml", "{to: s3,", "{to: ombudsman,", "stages[3].enters_on", "reach s3"},
		{"hours without basis", "bradford-children.yaml", "hours_basis: working, ", "", "stages[0].clocks[0].hours_basis", "given for hours"},
		{"hours by days", "bradford-children.yaml", "from: instant", "from: day_after", "stages[0].clocks[0].from", "instant for hours"},
		{"a stage without a promise", "foi.yaml", "class: target", "class: window", "stages[1].clocks", "obligation or target"},
		{"a kind without a stage", "nnc-feedback.yaml", "kind: [comment, compliment, service_request]", "kind: [comment, compliment]", "kinds", "service_request has none"},
		{"never in force", "foi.yaml", "to: null", `to: "2004-01-01"`, "effective.to", "not before"},
		{"too long to count", "foi.yaml", "length: 3, unit: months", "length: 3000000, unit: months", "stages[0].clocks[1].length", "at most"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := shipped(t, tt.file)
			if !strings.Contains(text, tt.old) {
				t.Fatalf("%s has no %s", tt.file, tt.old)
			}
			_, err := Parse(tt.file, []byte(strings.Replace(text, tt.old, tt.new, 1)))
			var faults *Faults
			if !errors.As(err, &faults) || faults.File != tt.file {
				t.Fatalf("%v", err)
			}
			if !slices.ContainsFunc(faults.Faults, func(f Fault) bool {
				return (tt.path == "" || f.Path == tt.path) && strings.Contains(f.Rule, tt.rule)
			}) {
				t.Errorf("%v\nwant %s: %s", err, tt.path, tt.rule)
			}
			if !strings.HasPrefix(err.Error(), tt.file+": ") {
				t.Error(err)
			}
		})
	}
}

func TestAllFaultsAreListed(t *testing.T) {
	text := strings.ReplaceAll(shipped(t, "nct-children-statutory.yaml"), "order: 2", "order: 1")
	text = strings.ReplaceAll(text, "guard: s1.statutory", "guard: s1.x")
	text = strings.ReplaceAll(text, "{to: s3,", "{to: s7,")
	_, err := Parse("x.yaml", []byte(text))
	if got := strings.Count(err.Error(), "\n") + 1; got != 4 {
		t.Errorf("%d faults:\n%v", got, err)
	}
	_, err = Parse("x.yaml", []byte(strings.NewReplacer("calendar: ew\n", "", "closure_days: count", "closure_days: some", "order: 3", "order: three").Replace(shipped(t, "nct-children-statutory.yaml"))))
	if got := strings.Count(err.Error(), "\n") + 1; got != 3 {
		t.Errorf("%d faults:\n%v", got, err)
	}
}

func TestWithMapping(t *testing.T) {
	text := strings.Replace(shipped(t, "foi.yaml"), "class: target", "class: window", 1)
	if _, err := Parse("x.yaml", []byte(text), WithMapping()); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	files, err := fs.Glob(procedures.Files, "*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		f.Add([]byte(shipped(f, name)))
	}
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("? {}\n: 1"))
	f.Fuzz(func(t *testing.T, source []byte) {
		p, err := Parse("fuzz", source)
		if err != nil {
			var faults *Faults
			if !errors.As(err, &faults) || len(faults.Faults) == 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, kind := range p.Kinds {
			if p.EntryStage(kind, "") == nil {
				t.Fatalf("no entry for %s", kind)
			}
		}
	})
}
