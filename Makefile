# One folder, two commands: `make run` and `make test`. Everything else is listed by `make help`.

SHELL := /bin/sh
VENV := .venv
PYTHON := $(VENV)/bin/python
LOCK := requirements-dev.lock
# The stamp carries the lock's checksum: a changed lock installs again, an unchanged one costs nothing.
INSTALLED := $(VENV)/.installed-$(shell cksum < $(LOCK) | tr ' ' '-')
WITH_SERVERS := $(PYTHON) -m lxp.embedded exec
CODE := lxp content sessions journeys recommendations tests bench manage.py

.DEFAULT_GOAL := help
.PHONY: help run test check lint types contracts migrations deployment bench fmt demo clean install

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Run the platform until Ctrl-C (PORT=8001, HOST=0.0.0.0, DATABASE_URL=…, REDIS_URL=…, EMAIL_URL=…)
	@exec $(PYTHON) -m lxp.supervisor

test: $(INSTALLED) ## Run the tests on servers of their own (ARGS="-k journey")
	@$(PYTHON) -m pytest -n 2 $(ARGS)

check: lint types contracts migrations deployment ## All the checks below (make -k check: do not stop at the first that fails)

lint: $(INSTALLED) ## Lint and formatting
	@$(VENV)/bin/ruff check --quiet $(CODE)
	@$(VENV)/bin/ruff format --check --quiet $(CODE)

types: $(INSTALLED) ## Types
	@SECRET_KEY=check $(VENV)/bin/mypy

contracts: $(INSTALLED) ## Who may import whom
	@$(VENV)/bin/lint-imports --no-logo --no-cache

migrations: $(INSTALLED) ## No model without its migration
	@$(WITH_SERVERS) --temporary -- $(PYTHON) manage.py makemigrations --check --dry-run

deployment: $(INSTALLED) ## Django's checks, with the settings of a production site
	@SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(60))')" \
		SITE_URL=https://learning.example ALLOWED_HOSTS=learning.example \
		$(PYTHON) manage.py check --deploy --fail-level WARNING

bench: $(INSTALLED) ## Measure what must hold, on servers of its own (ONLY=sync_10k)
	@$(WITH_SERVERS) --temporary -- $(PYTHON) -m bench $(ONLY)

fmt: $(INSTALLED) ## Format the code
	@$(VENV)/bin/ruff check --quiet --fix --select I $(CODE)
	@$(VENV)/bin/ruff format --quiet $(CODE)

demo: $(INSTALLED) ## Load the demo organisation into the database
	@$(WITH_SERVERS) -- $(PYTHON) manage.py migrate --noinput --verbosity=0
	@$(WITH_SERVERS) -- $(PYTHON) manage.py demo

clean: ## Forget the data, logs and mail of `make run`, and all caches (keeps .venv)
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m lxp.embedded forget; fi
	@rm -rf var bench/results.json .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

install: $(INSTALLED) ## Make the environment only

# A name on the PATH is not yet a Python that runs (version managers leave empty shims), nor one that can make an environment.
$(INSTALLED): $(LOCK)
	@set -e; found=; \
	if ! $(PYTHON) -c '' 2>/dev/null; then \
		for name in python3.13 python3.12 python3.11 python3; do \
			if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then found=$$name; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "Python 3.11, 3.12 or 3.13 is needed and was not found. Install one, then try again." >&2; exit 1; \
		fi; \
		if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
			echo "$$found cannot make environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
		fi; \
		echo "Making $(VENV) with $$($$found --version)"; \
		rm -rf $(VENV); \
		$$found -m venv $(VENV); \
	fi; \
	echo "Installing what $(LOCK) lists (once)"; \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: -r $(LOCK); \
	rm -f $(VENV)/.installed-*; \
	touch $@
