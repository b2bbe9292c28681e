package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the dependency direction of the house: everything may know domain, only cmd knows everything, nobody
// else knows web or notify. A package that is not listed fails the test, so that a new one is placed on purpose.
var mayImport = map[string][]string{
	"domain":                      {"domain/procedure", "domain/procedures"},
	"domain/procedure":            {"domain/procedures"},
	"domain/procedures":           {},
	"eventstore":                  {"domain", "domain/procedure", "eventstore/vault"},
	"eventstore/vault":            {"eventstore/rounds"},
	"eventstore/rounds":           {},
	"eventstore/node":             {},
	"eventstore/storetest":        {"eventstore/node"},
	"eventstore/trust":            nil, // breaks the whole system from outside
	"eventstore/trust/scale":      {},
	"commands":                    {"domain", "domain/procedure", "domain/procedures", "eventstore", "eventstore/rounds", "eventstore/vault"},
	"commands/process":            {"commands", "domain"},
	"commands/legacy":             {"commands", "domain", "domain/procedure", "eventstore", "eventstore/vault"},
	"projections":                 {"domain", "domain/procedure", "eventstore", "projections/postgres"},
	"projections/postgres":        {},
	"projections/postgres/pgtest": {"projections/postgres"},
	"projections/readtest":        nil, // the test bench of projections and queries
	"queries":                     {"domain", "domain/procedure", "eventstore", "eventstore/vault", "projections"},
	"notify":                      {"domain", "eventstore", "eventstore/vault", "commands", "projections/postgres"},
	"web":                         {"domain", "domain/procedure", "commands", "queries", "web/accounts"},
	"web/accounts":                {"projections/postgres"},
	"docs":                        {},
	"cmd/redress":                 nil, // everything
	"cmd/redress/bench":           {},  // reads what go test prints
	"cmd/redress/demo":            nil,
	"cmd/redress/story":           nil,
}

func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, "redress/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		name = strings.TrimPrefix(name, "redress/")
		allowed, listed := mayImport[name]
		if !listed {
			t.Errorf("%s is not in the table of this test: say what it may import", name)
			continue
		}
		if allowed == nil {
			continue
		}
		for _, imported := range strings.Fields(imports) {
			if ours, ok := strings.CutPrefix(imported, "redress/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s must not import %s", name, ours)
			}
		}
	}
}

// Only the event store's own folders may know the official client.
func TestOneDoorToTheLog(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, "redress/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		bench := name == "redress/projections/readtest" // writes what the store never would
		if strings.Contains(imports, "EventStore-Client-Go") && !strings.HasPrefix(name, "redress/eventstore") && !bench {
			t.Errorf("%s imports the event store's client; only eventstore may", name)
		}
	}
}
