# Redress: `make` lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export CGO_ENABLED ?= 0
DATA ?= data
PORT ?= 8080
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO_TOOL := go tool -modfile=.ci/tools.mod
BIN := bin/redress

.PHONY: help setup build run demo test official trust trust-night lint check race fuzz fuzz-walks fuzz-night golden bench crash assets clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## install what a run needs and this machine lacks (PostgreSQL's programs)
	@.ci/setup postgresql

build: ## build bin/redress
	@mkdir -p bin
	@go build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/redress

run: setup build ## import the shipped real file (and FILE=… MAPPING=…) into ./data, report, serve on port 8080
	@$(BIN) import --data $(DATA) --mapping nyc-311 docs/samples/nyc-311-animals-2025.csv.gz
ifdef FILE
	@$(BIN) import --data $(DATA) --mapping $(MAPPING) $(FILE)
endif
	@$(BIN) report performance --data $(DATA)
	@exec $(BIN) serve --data $(DATA) --listen 127.0.0.1:$(PORT) --or-free-port

demo: setup build ## a year of invented complaints in ./data-demo, served
	@exec $(BIN) demo --data data-demo

test: ## set up what is missing, then run every test
	@.ci/setup postgresql chromium
	go vet ./...
	go test -timeout 20m ./...

# Left out is what needs persistent subscriptions, projections, TLS, or the prepared data set whose events the tests know.
NOT_OFFERED := TestPersistentSubscriptions|TestProjections|TestStreams/AuthenticationTests
NOT_OFFERED := $(NOT_OFFERED)|TestPlugins/AuthenticationTests/(Valid|InvalidUser)
NOT_OFFERED := $(NOT_OFFERED)|TestStreams/ReadStreamTests/readStreamEvents|TestStreams/SubscriptionTests/allSubscriptionWithFilter
NOT_OFFERED := $(NOT_OFFERED)|TestExpectations/ReadAllTests/readAllEvents(For|Back)wards
official: build ## the official client's own tests, against `redress node` (fetches their libraries)
	@module=$$(go list -m -f '{{.Dir}}' github.com/EventStore/EventStore-Client-Go/v4); \
	  copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; \
	  cp -r "$$module/." "$$copy"; chmod -R u+w "$$copy"; \
	  cp eventstore/storetest/testdata/containers_test.go "$$copy/esdb/"; \
	  cd "$$copy"; REDRESS="$(CURDIR)/$(BIN)" go test -count=1 -v -skip '$(NOT_OFFERED)' ./esdb

# The harnesses of eventstore/trust, and those of the node that need its file layer. SEED=… replays a run.
NODE_HARNESSES := CrashPoints CrashPointsControl Damage DamageControl Faults FaultsControl WriterStopsAfterFault TornTail Kill Scrub[A-Za-z]*
NODE_TESTS := ^Test($(subst $() $(),|,$(NODE_HARNESSES)))$$

.PHONY: trust-ready
trust-ready:
	@.ci/setup postgresql strace mkfs.xfs mkfs.ext4 e2fsck losetup
	@listed=$$(go test -list . ./eventstore/node); for harness in $(NODE_HARNESSES); do \
	  grep -q "^Test$$harness$$" <<<"$$listed" || { echo "SKIP trust/node: there is no Test$$harness"; exit 1; }; \
	done

trust: trust-ready ## break it on purpose and look what is lost: kills, power cuts, bad disks, bad networks (15 minutes, root)
	go test -count=1 -timeout 30m -v -run '$(NODE_TESTS)' ./eventstore/node -trust ci
	go test -count=1 -timeout 30m -v ./eventstore/trust -trust ci
	go test -count=1 -timeout 30m -v -run '^TestRestoreDrill$$' ./cmd/redress -trust ci

trust-night: trust-ready ## the same for a night (6 hours at most)
	go test -count=1 -timeout 3h -v -run '$(NODE_TESTS)' ./eventstore/node -trust night
	go test -count=1 -timeout 6h -v ./eventstore/trust -trust night
	go test -count=1 -timeout 1h -v -run '^TestRestoreDrill$$' ./cmd/redress -trust night

lint: ## staticcheck, gofumpt, the limits of the house style
	$(GO_TOOL) staticcheck ./...
	@unformatted=$$($(GO_TOOL) gofumpt -l $$(git ls-files '*.go')); \
	  if [ -n "$$unformatted" ]; then echo "not formatted (gofumpt -w):"; echo "$$unformatted"; exit 1; fi
	@if [ -n "$${REDRESS_VULNDB:-}" ]; then $(GO_TOOL) govulncheck -db "$$REDRESS_VULNDB" ./...; else echo "govulncheck: set REDRESS_VULNDB to a vulnerability data base to run it"; fi

check: lint ## lint, and that what is generated is fresh
	go vet ./...
	go test -run 'Golden|Generated|Fresh|Imports|Limits' ./...

race: ## the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -timeout 40m ./...

FUZZTIME ?= 20s
fuzz: ## every fuzz target for FUZZTIME (20s)
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package 2>/dev/null | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$package; \
	  done; \
	done

fuzz-walks: ## random commands over every procedure for a minute, from a fixed seed: no invariant falls, nothing panics
	go test -count=1 -timeout 10m -run '^TestWalks$$' ./domain -walks 80000

fuzz-night: ## more than a million steps of random commands, then every fuzz target for ten minutes
	go test -count=1 -timeout 4h -run '^TestWalks$$' ./domain -walks 1000000
	$(MAKE) fuzz FUZZTIME=10m

golden: ## rewrite the golden files of what people read; look at the diff
	go test ./queries ./domain ./commands ./cmd/redress ./web -update

BENCHTIME ?= 1s
ROUNDS ?= 3
bench: export GOGC = 400 # as the binary sets it
bench: setup ## benchmarks in ROUNDS (3) interleaved rounds, and their ratios to the raw limit of the same run
	@for round in $$(seq $(ROUNDS)); do \
	  for package in eventstore/node eventstore projections commands commands/legacy queries notify web domain; do \
	    go test -run "^$$" -bench . -benchtime $(BENCHTIME) ./$$package; \
	  done; \
	done | tee /dev/stderr | go run ./cmd/redress/bench

crash: setup build ## kill -9 in the middle of an import, ten times; totals and checks must come out the same
	go test -count=1 -run 'TestImportSurvivesKill' -v ./cmd/redress -kills 10

assets: ## build web/static/app.css again from npm packages (only to refresh it)
	@$(MAKE) --no-print-directory -C web/assets

clean: ## remove what was built (never the data)
	rm -rf bin
