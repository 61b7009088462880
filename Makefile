# Everything a newcomer needs, one word each. The work is done by TypeScript under local/ and cli/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help up down status quickstart test check

# The repository brings its own Node, so that nobody's version differs.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NODE_COMPILE_CACHE := $(CURDIR)/node_modules/.cache/node
NODE := node_modules/.bin/node
MODULES := node_modules/.fits-lock-file

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20

# Only what is written behind "make" may choose a cluster of the user's own, never what a shell happens to export.
$(foreach name,CONTEXT REGISTRY COUNTRY KEY_STORE,$(if $(filter environment,$(origin $(name))),$(eval unexport $(name))))

up: $(MODULES) ## three clusters with the platform here (WEKEZA_INSTANCE=0…11), or into yours (CONTEXT=name REGISTRY=host/path)
	@$(NODE) local/up.ts

down: $(MODULES) ## takes them away, with all data (PURGE=1: the caches too), or out of yours (CONTEXT=name)
	@$(NODE) local/down.ts

status: $(MODULES) ## how the clusters are, or yours (CONTEXT=name)
	@$(NODE) local/status.ts

quickstart: $(MODULES) ## a partner's first day: key, certificate, consent, accounts, a payment, withdrawal
	@$(NODE) cli/quickstart/main.ts

test: $(MODULES) ## every test, on clusters of its own
	@$(NODE) local/test.ts

check: $(MODULES) ## format, lint, types, generated files, unit tests
	@npm run --silent check

# npm removes node_modules first and writes its own record last, so both files are there only after a whole installation.
$(MODULES): package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer, which brings it." >&2; exit 1; }
	@cmp -s package-lock.json $(MODULES) || [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund --loglevel=error
	@cp package-lock.json $(MODULES)
