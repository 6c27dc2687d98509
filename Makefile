# The door to everything: `make run` and `make test` need rustup, Node.js and make; they say what else they install.
.DEFAULT_GOAL := help
.PHONY: help run dev test fuzz bench build lint gallery fmt doc clean
SHELL := /bin/bash
export PATH := $(HOME)/.cargo/bin:$(PATH)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and serve the portal at http://127.0.0.1:8080, with this machine's container engine
	@xtask/scripts/compiler.sh
	@xtask/scripts/engine-for-run.sh
	@cargo xtask run

dev: ## The same, again at every change of a file; open pages reload
	@xtask/scripts/compiler.sh
	@xtask/scripts/engine-for-run.sh
	@cargo xtask dev

test: ## Run every check and test (ONLY="lint rust fuzz browser" runs some)
	@xtask/scripts/test.sh $(ONLY)

fuzz: ## Ask every route of the API for what its description allows, and for what it does not
	@xtask/scripts/test.sh fuzz

bench: ## Measure the optimised portal beside its peers and write docs/BENCHMARKS.md (ONLY="log page" measures some)
	@xtask/scripts/bench.sh $(ONLY)

build: ## Build the optimised target/release/gantry
	@xtask/scripts/compiler.sh
	@cargo xtask build --release

lint: ## Run the checks that need no engine and no browser
	@xtask/scripts/test.sh lint

gallery: ## Take docs/screenshots anew, in an engine of its own
	@xtask/scripts/test.sh gallery

fmt: ## Format the Rust code
	@cargo fmt --all

doc: ## Build the documentation of the code
	@cargo doc --workspace --no-deps

clean: ## Delete everything that was built or installed below this folder
	@cargo clean
	@rm -rf app/js/node_modules end2end/node_modules end2end/test-results
