package commands

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"redress/domain"
)

var update = flag.Bool("update", false, "write the reference anew; a version of an event that means something else is refused all the same")

// reference is the folder of the generated documents.
const reference = "../docs/reference"

// schema is a JSON Schema.
type schema = map[string]any

// TestReferenceFresh holds the generated documents against the code: JSON Schemas of commands, and the pages for people.
func TestReferenceFresh(t *testing.T) {
	wanted := map[string]string{
		"reason-codes.md": reasonCodes(), "events.md": eventsPage(), "commands.md": commandsPage(),
	}
	for _, c := range All {
		wanted[filepath.Join("commands", c.Name+".schema.json")] = written(t, commandSchema(c))
	}
	for name, text := range wanted {
		fresh(t, filepath.Join(reference, name), text)
	}
	files, err := filepath.Glob(filepath.Join(reference, "commands", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, known := wanted[filepath.Join("commands", filepath.Base(file))]; !known {
			t.Errorf("%s describes a command that does not exist", file)
		}
	}
}

// fresh compares a document with what the code says now, or writes it with -update.
func fresh(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("%v; go test ./commands -run TestReference -update writes it", err)
		return
	}
	if diff := cmp.Diff(string(was), text); diff != "" {
		t.Errorf("%s is not what the code says (-file +code); go test ./commands -run TestReference -update\n%s", file, diff)
	}
}

// TestEventSchemasEvolve holds every version of an event that was ever described against what the code reads and writes
// now. A version that is no longer read, or a field of one that was added, taken away, made something else or given
// another meaning, fails with and without -update: a new shape is a new version. A closed list may grow.
func TestEventSchemasEvolve(t *testing.T) {
	current := map[string]schema{}
	for _, e := range domain.Events {
		name, version := e.Schema()
		file := fmt.Sprintf("%s.v%d.schema.json", name, version)
		current[file] = eventSchema(e)
		was, err := os.ReadFile(filepath.Join(reference, "events", file))
		if err == nil {
			var before schema
			if err := json.Unmarshal(was, &before); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			var now schema
			if err := json.Unmarshal([]byte(written(t, current[file])), &now); err != nil {
				t.Fatal(err)
			}
			changes := changed("", before, now)
			for _, what := range changes {
				t.Errorf("%s version %d: %s; a new shape or meaning is a new version", name, version, what)
			}
			if len(changes) > 0 {
				continue
			}
		}
		fresh(t, filepath.Join(reference, "events", file), written(t, current[file]))
	}
	files, err := filepath.Glob(filepath.Join(reference, "events", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name, rest, _ := strings.Cut(filepath.Base(file), ".v")
		var version int
		if _, err := fmt.Sscanf(rest, "%d.schema.json", &version); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if _, err := domain.Decode(name, version, []byte("{}")); err != nil {
			t.Errorf("%s version %d was written once and cannot be read any more: %v", name, version, err)
		}
	}
}

// TestGoldenEventsKeepToTheirSchemas validates the corpus of every version that was ever written with a library of others.
func TestGoldenEventsKeepToTheirSchemas(t *testing.T) {
	goldens, err := filepath.Glob("../domain/testdata/events/*.json")
	if err != nil || len(goldens) < len(domain.Events) {
		t.Fatalf("%d goldens for %d events, %v", len(goldens), len(domain.Events), err)
	}
	for _, golden := range goldens {
		name := strings.TrimSuffix(filepath.Base(golden), ".json")
		s, err := jsonschema.NewCompiler().Compile(filepath.Join(reference, "events", name+".schema.json"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := os.Open(golden)
		if err != nil {
			t.Fatal(err)
		}
		event, err := jsonschema.UnmarshalJSON(text)
		if err := errors.Join(err, text.Close()); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(event); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// changed returns what of a schema means something else than before, by path.
func changed(path string, before, now any) []string {
	old, isObject := before.(map[string]any)
	new, stillObject := now.(map[string]any)
	if !isObject || !stillObject {
		if reflect.DeepEqual(before, now) {
			return nil
		}
		return []string{fmt.Sprintf("%s was %v and is %v", path, before, now)}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if list, isList := old[name].([]any); name == "enum" && isList {
			if grown, ok := new[name].([]any); ok && containsAll(grown, list) {
				continue
			}
		}
		all = append(all, changed(path+"/"+name, old[name], new[name])...)
	}
	for _, name := range slices.Sorted(maps.Keys(new)) {
		if _, known := old[name]; !known {
			all = append(all, fmt.Sprintf("%s/%s is new", path, name))
		}
	}
	return all
}

func containsAll(grown, list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool { return !slices.Contains(grown, v) })
}

// TestChanged proves that the comparison sees what it is there for.
func TestChanged(t *testing.T) {
	before := schema{"properties": schema{"at": schema{"type": "string", "description": "when"}, "kind": schema{"enum": []any{"a"}}}, "required": []any{"at"}}
	with := func(name string, p any) schema {
		properties := maps.Clone(before["properties"].(schema))
		properties[name] = p
		return schema{"properties": properties, "required": before["required"]}
	}
	for _, tt := range []struct {
		name string
		now  schema
		want int
	}{
		{"nothing", with("at", schema{"type": "string", "description": "when"}), 0},
		{"another meaning", with("at", schema{"type": "string", "description": "when it was read"}), 1},
		{"another type", with("at", schema{"type": "integer", "description": "when"}), 1},
		{"a field more", with("by", schema{"type": "string"}), 1},
		{"a list that grew", with("kind", schema{"enum": []any{"b", "a"}}), 0},
		{"a list that shrank", with("kind", schema{"enum": []any{}}), 1},
		{"no longer required", schema{"properties": before["properties"]}, 1},
	} {
		if got := changed("", before, tt.now); len(got) != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func written(t *testing.T, s schema) string {
	t.Helper()
	text, err := json.Marshal(s, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

const dialect = "https://json-schema.org/draft/2020-12/schema"

// eventSchema describes the data of an event as it stands in the log.
func eventSchema(e domain.Event) schema {
	name, version := e.Schema()
	s := objectSchema(reflect.TypeOf(e), true)
	s["$schema"], s["title"], s["version"] = dialect, name, version
	return s
}

// commandSchema describes the body of a command as it is sent.
func commandSchema(c Command) schema {
	s := objectSchema(c.bodyType(), false)
	s["$schema"], s["title"], s["description"] = dialect, c.Name, c.Doc
	properties := s["properties"].(schema)
	properties["backdate_reason"] = schema{"type": "string", "maxLength": maxPersonal, "description": "why something of more than two working days ago is recorded only now"}
	if c.Addresses == OneCase {
		properties["case"] = schema{"type": "string", "description": caseRule}
	}
	return s
}

// objectSchema describes a struct. In the log everything assigned is there and personal values are sealed.
func objectSchema(t reflect.Type, inLog bool) schema {
	properties, required := schema{}, []string{}
	for _, f := range fieldsOf(t) {
		if f.assigned && !inLog {
			continue
		}
		field := t.Field(f.index)
		p := typeSchema(field.Type, inLog)
		if f.doc != "" {
			p["description"] = f.doc
		}
		properties[f.name] = p
		if f.required && !inLog || inLog && !strings.Contains(field.Tag.Get("json"), ",omit") {
			required = append(required, f.name)
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		slices.Sort(required)
		s["required"] = required
	}
	if short := shortOf(t); short != nil && !inLog {
		return schema{"anyOf": []schema{typeSchema(t.Field(short.index).Type, false), s}}
	}
	return s
}

// spoken is a text that knows what is right for it.
type spoken interface{ Rule() string }

func typeSchema(t reflect.Type, inLog bool) schema {
	zero := reflect.Zero(t).Interface()
	switch {
	case t.Kind() == reflect.Pointer:
		return typeSchema(t.Elem(), inLog)
	case t == timeType:
		return schema{"type": "string", "format": "date-time"}
	case t == dateType:
		return schema{"type": "string", "format": "date"}
	case t == uuidType:
		return schema{"type": "string", "format": "uuid"}
	case t == personalType && inLog:
		return schema{"type": []string{"object", "null"}, "required": []string{"box", "key"}, "x-sealed": true}
	case t == personalType:
		return schema{"type": "string", "maxLength": maxPersonal, "x-sealed": true}
	case t == penceType:
		return schema{"type": "integer", "x-unit": "pence"}
	case t.Implements(enumType):
		return schema{"type": "string", "enum": zero.(domain.Enum).Values()}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return schema{"type": "string", "contentEncoding": "base64"}
	case t.Kind() == reflect.Slice:
		return schema{"type": "array", "items": typeSchema(t.Elem(), inLog)}
	case t.Kind() == reflect.Struct:
		return objectSchema(t, inLog)
	case t.Kind() == reflect.Bool:
		return schema{"type": "boolean"}
	case t.Kind() == reflect.String:
		return textSchema(zero)
	}
	return schema{"type": "integer"}
}

func textSchema(zero any) schema {
	if rule, ok := zero.(spoken); ok {
		return schema{"type": "string", "x-rule": rule.Rule()}
	}
	if _, constrained := zero.(valid); constrained {
		return schema{"type": "string", "pattern": `^[A-Za-z0-9 _./-]{1,64}$`}
	}
	return schema{"type": "string"}
}

// reasonCodes is the catalogue of codes for people.
func reasonCodes() string {
	var b strings.Builder
	b.WriteString("# Reason codes\n\nEvery reason for which a command is refused. The class decides the HTTP status; `redress do` prints the code and exits 3.\n" +
		"This page is generated; `commands/reference_test.go` compares it.\n\n| Code | Class | HTTP | Meaning |\n| --- | --- | --- | --- |\n")
	classes := map[domain.Class][2]string{
		domain.Refused: {"refused", "422"}, domain.Invalid: {"invalid", "400"}, domain.Forbidden: {"forbidden", "403"},
		domain.Missing: {"missing", "404"}, domain.Stale: {"stale", "412, 409 for a conflict"},
	}
	for _, r := range slices.SortedFunc(slices.Values(domain.Codes), func(a, b domain.Reason) int { return strings.Compare(string(a.Code), string(b.Code)) }) {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Code, classes[r.Class][0], classes[r.Class][1], r.Meaning)
	}
	return b.String()
}

// eventsPage lists the events with their fields.
func eventsPage() string {
	var b strings.Builder
	b.WriteString("# Events\n\nEvery event that the log may hold, with the version that is written now. `*` must be there, `°` is sealed. The JSON\n" +
		"Schemas of all versions stand in `events/`. This page is generated; `commands/reference_test.go` compares it.\n\n" +
		"| Event | Version | Fields |\n| --- | --- | --- |\n")
	for _, e := range domain.Events {
		name, version := e.Schema()
		fmt.Fprintf(&b, "| [%s](events/%s.v%d.schema.json) | %d | %s |\n", name, name, version, version, fieldList(reflect.TypeOf(e), true))
	}
	return b.String()
}

// commandsPage lists the commands with their fields.
func commandsPage() string {
	var b strings.Builder
	b.WriteString("# Commands\n\nEvery command, over HTTP (`POST /api/commands/NAME`) and with `redress do NAME`. `*` must be there, `°` is sealed before\n" +
		"it is stored. The JSON Schemas stand in `commands/`. This page is generated; `commands/reference_test.go` compares it.\n\n" +
		"| Command | What it does | Fields |\n| --- | --- | --- |\n")
	for _, c := range All {
		fmt.Fprintf(&b, "| [%s](commands/%s.schema.json) | %s | %s |\n", c.Name, c.Name, c.Doc, fieldList(c.bodyType(), false))
	}
	return b.String()
}

func fieldList(t reflect.Type, inLog bool) string {
	var names []string
	for _, f := range fieldsOf(t) {
		if f.assigned && !inLog {
			continue
		}
		name := f.name
		if f.required || f.assigned {
			name += "*"
		}
		if t.Field(f.index).Type == personalType {
			name += "°"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
