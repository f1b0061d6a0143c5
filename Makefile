# `make` alone lists what there is. DATABASE_URL, PORT, RPC_PORT and AMQP_URL override the configuration files.

.DEFAULT_GOAL := help
.PHONY: help run test migrate populate api db-start db-stop db-url demo-orders bench chaos overload model races generate verify verify-ledger lint typecheck format build clean ci

# Named by npm itself, so that a folder where `npm ci` was run by hand counts as installed.
INSTALLED := node_modules/.package-lock.json
TOOLS := node_modules/.bin
# Each test file loads its modules anew, and V8 would optimise them anew: eighteen times as late is soon enough
# for what is really hot. Workers inherit the options.
JEST := node --interrupt-budget=1200000 --max-semi-space-size=32 $(TOOLS)/jest
DATABASE_CONFIG := config/database/local.json

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: $(INSTALLED) ## start everything: install, build, database, schema, data, API on port 8080
	@node scripts/build.mjs migrate populate api
	@./bin/tillbook-migrate config/migrate/local.json
	@./bin/tillbook-populate --if-empty config/populate/local.json
	@exec ./bin/tillbook-api --hints config/api/local.json

test: build ## run all tests on a throw-away database; ARGS="…" goes to jest, TEST_DATABASE_URL names another server
	@$(JEST) $(ARGS)

migrate: CONFIG = config/migrate/local.json
migrate: $(INSTALLED) ## bring the schema up to date; CONFIG=FILE
	@node scripts/build.mjs migrate
	@./bin/tillbook-migrate "$(CONFIG)"

populate: CONFIG = config/populate/local.json
populate: $(INSTALLED) ## fill the database with users, accounts and transactions; CONFIG=FILE ARGS="--users 1000"
	@node scripts/build.mjs populate
	@./bin/tillbook-populate $(ARGS) "$(CONFIG)"

api: $(INSTALLED) ## build bin/tillbook-api, one executable file
	@node scripts/build.mjs api

db-start: $(INSTALLED) ## start the embedded database
	@node scripts/build.mjs database
	@./bin/tillbook-database start $(DATABASE_CONFIG)

db-stop: $(INSTALLED) ## stop the embedded database
	@node scripts/build.mjs database
	@./bin/tillbook-database stop $(DATABASE_CONFIG)

db-url: $(INSTALLED) ## print the URL of the database, as for psql
	@node scripts/build.mjs database
	@./bin/tillbook-database url $(DATABASE_CONFIG)

demo-orders: $(INSTALLED) ## order what the six use cases order, services as slow as they are; needs RabbitMQ, SCALE=0.1
	@node scripts/build.mjs demo api
	@./bin/tillbook-demo $(if $(SCALE),--scale $(SCALE)) $(ARGS)

chaos: $(INSTALLED) ## fight API, workers, PostgreSQL and RabbitMQ, then check every promise; SEED=1 SECONDS=600
	@node scripts/build.mjs chaos api worker verify
	@./bin/tillbook-chaos $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

overload: $(INSTALLED) ## offer three times the load that can be served; SECONDS=10 ROUNDS=5
	@node scripts/build.mjs overload api
	@./bin/tillbook-overload $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

bench: $(INSTALLED) ## measure every goal and every route, real and mocked; ITERATIONS=1 SECONDS=1 only tries it
	@node scripts/build.mjs bench verify
	@./bin/tillbook-bench $(if $(ITERATIONS),--iterations $(ITERATIONS)) $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

model: PROGRAMS = 2000
model: $(INSTALLED) ## run random programs against an oracle of the ledger; PROGRAMS=N SEED=N, REPLAY=PATH runs one again
	@PROGRAMS=$(PROGRAMS) $(if $(SEED),SEED=$(SEED)) $(if $(REPLAY),REPLAY=$(REPLAY)) \
		$(JEST) --selectProjects postgres --testPathPatterns test/model/ $(ARGS)

races: $(INSTALLED) ## let 3,200 overlapping checkouts loose on three processes; CHECKOUTS=N SEED=N
	@CHECKOUTS=$(if $(CHECKOUTS),$(CHECKOUTS),3200) $(if $(SEED),SEED=$(SEED)) \
		$(JEST) --selectProjects postgres --testPathPatterns test/checkout/ $(ARGS)

generate: $(INSTALLED) ## write what is made from the .sql files, the schema and the .proto files
	@node scripts/build.mjs generate database
	@./bin/tillbook-database start $(DATABASE_CONFIG)
	@./bin/tillbook-generate "$$(./bin/tillbook-database url $(DATABASE_CONFIG))"

verify: $(INSTALLED) ## fail when something generated is not what `make generate` writes
	@node scripts/build.mjs generate database
	@./bin/tillbook-database start $(DATABASE_CONFIG)
	@./bin/tillbook-generate --check "$$(./bin/tillbook-database url $(DATABASE_CONFIG))"

verify-ledger: CONFIG = config/verify/local.json
verify-ledger: $(INSTALLED) ## recheck the whole book: seals, entries, balances; CONFIG=FILE ARGS="--incremental"
	@node scripts/build.mjs verify
	@./bin/tillbook-verify $(ARGS) "$(CONFIG)"

lint: $(INSTALLED) ## look for defects, forbidden imports and unformatted files
	@$(TOOLS)/eslint --max-warnings 0 .
	@$(TOOLS)/depcruise --config .dependency-cruiser.cjs cmd config internal pkg seeds bench test
	@$(TOOLS)/prettier --log-level warn --check .
	@$(TOOLS)/buf lint
	@$(TOOLS)/buf format --diff --exit-code

typecheck: $(INSTALLED) ## check the types
	@$(TOOLS)/tsc -p .

format: $(INSTALLED) ## format all files
	@$(TOOLS)/prettier --log-level warn --write .

build: $(INSTALLED) ## build all programs into bin/
	@node scripts/build.mjs

clean: ## remove what was built; the data in .data/ stays
	@rm -rf bin coverage

ci: ## do what continuous integration does
	@.ci/run

$(INSTALLED): package.json package-lock.json
	@scripts/install
	@touch $@
