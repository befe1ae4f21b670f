# Each target sets up what it needs first (tools/bootstrap.py) and does nothing twice.
PYTHON ?= python3
BOOTSTRAP := exec $(PYTHON) -m tools.bootstrap

.DEFAULT_GOAL := help
.PHONY: help run code test check bench bench-adapt soak fuzz fix build setup screenshots clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r target text; do printf '  make %-12s%s\n' "$$target" "$$text"; done

run: export CONSILIUM_PORT := $(or $(PORT),$(CONSILIUM_PORT))
run code: export CONSILIUM_DATA := $(or $(DATA),$(CONSILIUM_DATA))
run: ## start Consilium and print where to go (PORT=8123 DATA=./data)
	@$(BOOTSTRAP) run

code: ## print the one-time code that the sample hospital's doctors sign in with (DATA=./data)
	@$(BOOTSTRAP) code

test: ## everything: lint, types, contracts, all tests with real servers and browsers
	@$(BOOTSTRAP) test

check: ## the fast part: lint, types, contracts, unit and property tests
	@$(BOOTSTRAP) check

bench: ## measure the relay against others, and what recording adds, as root (CALLS=5,20 is shorter)
	@$(BOOTSTRAP) bench

bench-adapt: ## measure how calls in real browsers follow a link that gets bad and good again
	@$(BOOTSTRAP) bench-adapt

soak: ## run 20 calls that come and go for two hours; what grows? (MINUTES=10 CALLS=20)
	@$(BOOTSTRAP) soak

fuzz: export SECONDS := $(or $(SECONDS),600)
fuzz: export TARGETS := $(TARGETS)
fuzz: ## ten minutes of a fuzzer on each parser of foreign bytes (SECONDS=60 TARGETS=plane,rtcp,rtp,offer,offer_unguarded,datagram,frame)
	@$(BOOTSTRAP) fuzz

fix: ## format the sources and regenerate what is generated
	@$(BOOTSTRAP) fix

build: ## install the packages and build the web app, start nothing
	@$(BOOTSTRAP) build

setup: ## install what all the other targets need
	@$(BOOTSTRAP) setup

screenshots: ## photograph every screen into test-results/screenshots, with a real server and a real browser
	@$(BOOTSTRAP) screenshots

clean: ## remove everything that was installed or built here (never ./data)
	@rm -rf .venv .tools media/plane/native/build web/node_modules web/dist test-results .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
