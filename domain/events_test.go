package domain

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

var update = flag.Bool("update", false, "write the golden files of events that have none; one that exists is never rewritten")

// TestEventGoldens holds every event against the form in which its version was first written. A type that changes its
// form needs another version, and leaves the old file where it is.
func TestEventGoldens(t *testing.T) {
	for _, event := range Events {
		name, version := event.Schema()
		t.Run(name, func(t *testing.T) {
			sample := sampleOf(event)
			text, err := json.Marshal(sample, jsontext.WithIndent("  "), json.Deterministic(true))
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, '\n')
			file := filepath.Join("testdata", "events", fmt.Sprintf("%s.v%d.json", name, version))
			golden, err := os.ReadFile(file)
			if errors.Is(err, os.ErrNotExist) && *update {
				if err := os.WriteFile(file, text, 0o644); err != nil {
					t.Fatal(err)
				}
				golden = text
			} else if err != nil {
				t.Fatalf("%v; a new event's golden file is written by go test ./domain -update", err)
			}
			if diff := cmp.Diff(string(golden), string(text)); diff != "" {
				t.Errorf("%s is not written as version %d was (-golden +now):\n%s", name, version, diff)
			}
			decoded, err := Decode(name, version, golden)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(decoded, sample) {
				t.Errorf("%s is not read back as it was written", name)
			}
		})
	}
}

// TestEveryGoldenIsRead proves that no version that was ever written has been forgotten.
func TestEveryGoldenIsRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	if err != nil || len(files) < len(Events) {
		t.Fatalf("%d golden files for %d events, %v", len(files), len(Events), err)
	}
	for _, file := range files {
		name, rest, _ := strings.Cut(filepath.Base(file), ".v")
		var version int
		if _, err := fmt.Sscanf(rest, "%d.json", &version); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(name, version, text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestEveryEventFolds gives every event to the kind of stream that it belongs to.
func TestEveryEventFolds(t *testing.T) {
	for _, event := range Events {
		sample := sampleOf(event)
		switch e := sample.(type) {
		case ProcedureAdopted:
			e.Content = procedureText(t, "nnc-corporate-2024")
			sample = e
		case CalendarAdopted:
			e.Content = Content(ShippedHolidays())
			sample = e
		}
		name, _ := event.Schema()
		streams := 0
		for _, apply := range []func(Recorded) error{
			new(Case).Apply, NewConfig().Apply, new(Person).Apply, new(References).Apply, new(LearningAction).Apply,
			new(Survey).Apply, new(EqualityQuarter).Apply,
		} {
			if err := apply(Recorded{Event: sample}); err == nil {
				streams++
			}
		}
		if want := 1; streams != want && !(name == "PersonalDataErased" && streams == 2) {
			t.Errorf("%s is taken by %d kinds of stream", name, streams)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	if _, err := Decode("Forgotten", 1, []byte("{}")); !isUnknown(err) {
		t.Errorf("an unknown type: %v", err)
	}
	if _, err := Decode("Closed", 2, []byte("{}")); !isUnknown(err) {
		t.Errorf("an unknown version: %v", err)
	}
	if _, err := Decode("Closed", 1, []byte(`{"mood":"good"}`)); err == nil || isUnknown(err) {
		t.Errorf("an unknown member: %v", err)
	}
}

func isUnknown(err error) bool {
	_, ok := errors.AsType[*UnknownEvent](err)
	return ok
}

// TestNoFreeTextIsPlain finds a string of an event that is neither sealed nor kept to an alphabet.
func TestNoFreeTextIsPlain(t *testing.T) {
	enum, word := reflect.TypeFor[Enum](), reflect.TypeFor[interface{ Valid() bool }]()
	for _, event := range Events {
		name, _ := event.Schema()
		walkTypes(reflect.TypeOf(event), name, func(path string, at reflect.Type) {
			if at.Kind() == reflect.String && at != reflect.TypeFor[Content]() && !at.Implements(enum) && !at.Implements(word) && path != "Received.CaseRef" {
				t.Errorf("%s is a %s, in which anything may stand in clear", path, at)
			}
		})
	}
}

// TestFieldsSayWhatTheyAre asks every field of an event for its name, its rule and its meaning on the wire.
func TestFieldsSayWhatTheyAre(t *testing.T) {
	for _, event := range Events {
		shape := reflect.TypeOf(event)
		for i := range shape.NumField() {
			field := shape.Field(i)
			if field.Tag.Get("json") == "" || field.Tag.Get("doc") == "" {
				t.Errorf("%s.%s has no name or no meaning", shape.Name(), field.Name)
			}
			if rule := field.Tag.Get("rule"); rule != "" && rule != "required" && rule != "assigned" {
				t.Errorf("%s.%s has a rule that means nothing: %s", shape.Name(), field.Name, rule)
			}
		}
	}
}

func walkTypes(at reflect.Type, path string, see func(string, reflect.Type)) {
	switch at {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[uuid.UUID](), reflect.TypeFor[Personal](), reflect.TypeFor[[]byte]():
		return
	}
	see(path, at)
	switch at.Kind() {
	case reflect.Pointer, reflect.Slice:
		walkTypes(at.Elem(), path, see)
	case reflect.Struct:
		for i := range at.NumField() {
			walkTypes(at.Field(i).Type, path+"."+at.Field(i).Name, see)
		}
	}
}

// sampleOf returns an event of the same type in which every field has a value, always the same.
func sampleOf(event Event) Event {
	filled := reflect.New(reflect.TypeOf(event)).Elem()
	fill(filled)
	sample, ok := filled.Interface().(Event)
	if !ok {
		panic("an event is not an event")
	}
	return sample
}

func fill(v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2025, 1, 6, 9, 10, 11, 123456000, time.UTC)))
		return
	case reflect.TypeFor[uuid.UUID]():
		v.Set(reflect.ValueOf(uuid.MustParse("0d3c3c2e-5f0d-4c53-9d6e-3b8a6a4f0001")))
		return
	case reflect.TypeFor[Date]():
		v.Set(reflect.ValueOf(NewDate(2025, 1, 6)))
		return
	case reflect.TypeFor[Personal]():
		v.Set(reflect.ValueOf(SealedValue(Sealed{
			Key: uuid.MustParse("0d3c3c2e-5f0d-4c53-9d6e-3b8a6a4f0002"), Box: []byte("sealed"), Associated: "event field",
		})))
		return
	case reflect.TypeFor[[]byte]():
		v.SetBytes([]byte("digest"))
		return
	}
	if v.Type() == reflect.TypeFor[Scope]() {
		v.SetString(string(ScopeOnBehalf))
		return
	}
	if enum, ok := v.Interface().(Enum); ok {
		v.SetString(enum.Values()[0])
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic("no sample for " + v.Type().String())
	}
}
