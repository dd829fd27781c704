# Everything is built from source by the Go toolchain; guests in other languages
# need their compilers, which `make tools` installs on Debian.

GO       ?= go
TESTFLAGS ?=

# How often a property is checked, where rapid by itself does so a hundred times: forty at
# each run of all tests are many thousand in a month; eight of them, as -short has it,
# where the race detector looks.
RAPID_CHECKS ?= 40

# What runs goroutines of its own. The race detector slows everything down, the
# compilation of guests most of all, so these run shorter under it.
CONCURRENT = ./engine ./engine/control ./engine/delivery ./engine/feed ./engine/job ./engine/journal ./eventstore/archive ./eventstore/jetstream ./eventstore/repository ./eventstore/resources \
	./plugins/nats ./plugins/postgres ./runtime/wasm ./runtime/process

# What is vetted need not be vetted again, and no debugger looks at what is tested:
# it compiles and links sooner.
QUICKER = -vet=off -ldflags=-w

# The race detector passes over SQLite in C, whose memory is none of Go's and so of no
# interest to it, and over wazero's compiler, in which is nothing of ours to find: they
# cost most. What is named here may not have generic code that synchronises, as sync.Map
# does, or atomic.Pointer: the linker keeps one copy for all, and that would be one that
# the detector does not know, which then finds races where none are.
UNWATCHED = $(foreach package, modernc.org/sqlite/lib modernc.org/memory $(addprefix github.com/tetratelabs/wazero/internal/, \
	leb128 wasm/binary engine/wazevo/ssa engine/wazevo/frontend engine/wazevo/backend/...),-gcflags=$(package)=-race=false)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## See it work: a fleet of servers from commands to a live, replayed read model
	@$(MAKE) --no-print-directory -s -C examples/fleet all
	@$(GO) run ./examples/embed

.PHONY: test
test: tools build guests ## Install what the tests need, then run all tests, and what is concurrent under the race detector
	$(GO) vet ./...
	$(GO) vet -tags acceptance ./cmd/refold/acceptance
	RAPID_CHECKS=$(RAPID_CHECKS) $(GO) test $(QUICKER) -timeout 15m $(TESTFLAGS) ./...
	RAPID_CHECKS=$(RAPID_CHECKS) $(GO) test $(QUICKER) $(UNWATCHED) -race -short -timeout 15m $(TESTFLAGS) $(CONCURRENT)

.PHONY: soak
soak: tools ## Kill the engine 200 times over 200,000 events, and what it works with; takes half an hour
	@report=$$(mktemp) && trap 'rm -f '$$report EXIT && { \
		$(GO) test ./cmd/refold/soak -v -count 1 -timeout 3h -events 200000 -kills 200 -faults 20 $(TESTFLAGS); \
		REFOLD_TEST_CRASH_ROUNDS=100 $(GO) test ./eventstore/jetstream -run 'Kill|Crash' -v -count 1 -timeout 1h $(TESTFLAGS); \
	} 2>&1 | tee $$report; \
	echo; echo 'What was done, with 200,000 events, 200 kills of the engine, 20 of anything else, and 100 of the store:'; \
	grep -E '^ *--- |^(ok|FAIL|panic:)' $$report | grep -v '/round_'; \
	test "$$(grep -c '^ok' $$report)" -eq 2

.PHONY: acceptance
acceptance: tools build guests ## Make a release, run it under systemd and in Docker, as the guides say; needs root, and names what else
	$(GO) test ./cmd/refold/acceptance -tags acceptance -v -count 1 -timeout 2h $(TESTFLAGS)

.PHONY: build
build: ## Build bin/refold
	$(GO) build -o bin/refold ./cmd/refold

.PHONY: release
release: ## Build static binaries for all platforms in dist/, with checksums and a bill of materials
	@./release.sh $(or $(VERSION),$(shell git describe --tags --always --dirty))

.PHONY: guests
guests: ## Build the examples' projections in Go
	@$(MAKE) --no-print-directory -C examples/fleet all
	@$(MAKE) --no-print-directory -C examples/chat-webhook all
	@$(MAKE) --no-print-directory -C examples/git-history go

.PHONY: fmt
fmt: ## Format the Go code
	gofmt -w $$($(GO) list -f '{{.Dir}}' ./...)

.PHONY: lint
lint: ## Run golangci-lint, if it is installed
	golangci-lint run

.PHONY: bench
bench: guests ## Run the Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: bench-others
bench-others: ## Fold the same events by Refold and by public libraries, which are fetched for it
	$(GO) run -C bench .

.PHONY: tools
tools: ## Install what the tests need beyond Go, if it is missing
	@./tools.sh

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist examples/*/*.wasm examples/*/*/*.wasm examples/*/rust/target examples/*/assemblyscript/node_modules sdk/rust/target
