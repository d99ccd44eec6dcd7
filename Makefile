# make run: the site, ready to look at. make dev: the same, reloading. make test: what must hold, in the time of a long
# coffee. make test-all: everything that must hold, with what of the code no test reaches; half as long again.
# make faults: kills the server and the workers, fills the disk, breaks the mail, and counts what was lost (docs/reliability.md).
PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
export HOST PORT
manage = $(VENV)/bin/python manage.py

.PHONY: run dev test test-all test-postgresql test-postgresql-part faults topology scans check format pins messages enumeration \
	desk search downloads bench growth sbom clean

run: $(VENV)/runtime
	@$(manage) prepare
	@exec $(VENV)/bin/gunicorn recruitcms.wsgi --config deploy/gunicorn.conf.py --bind $(HOST):$(PORT)

dev: export DEBUG = 1
dev: $(VENV)/dev
	@$(manage) prepare
	@exec $(manage) runserver $(HOST):$(PORT)

test: $(VENV)/dev check
	$(VENV)/bin/python -m pytest -n 2 -m "not slow" $(ARGS)

test-all: $(VENV)/dev check
	$(VENV)/bin/python -m pytest -n 2 --cov --cov-report=term-missing:skip-covered $(ARGS)

# The same tests on PostgreSQL, but for the browser's; or some of them: ARGS=tests/test_ledger.py. Those about SQLite itself
# are skipped, each with its reason.
test-postgresql: $(VENV)/dev
	$(VENV)/bin/python -m tests.on_postgresql -n 2 -rs $(or $(ARGS),--ignore tests/browser tests)

# The part of them that the database decides: what locks, counts, searches, migrates, or is refused by triggers.
postgresql = address_counts bulk_acts contactable counts erasure groups guarding imports_admin lead_capture lead_consent \
	lead_outbox ledger ledger_writers mail_limits odd_characters page_cache publishing retention review revisions scheduling \
	search sent_twice sheets
test-postgresql-part: $(VENV)/dev
	$(VENV)/bin/python -m tests.on_postgresql -n 2 -rs $(postgresql:%=tests/test_%.py)

faults: $(VENV)/dev
	$(VENV)/bin/python -m tests.faults $(ARGS)

# All that docs/operations.md sets up, on this machine, until Ctrl-C. Needs postgresql, redis-server and nginx.
topology: $(VENV)/dev
	@$(VENV)/bin/python -m tests.topology

# bandit, wapiti (which it fetches), probes and MDN's observatory rules against that: docs/security.md. Takes minutes.
scans: $(VENV)/dev
	@$(VENV)/bin/python -m tests.scans $(ARGS)

check: $(VENV)/dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/djlint templates --lint --quiet
	$(VENV)/bin/mypy .
	$(manage) makemigrations --check --dry-run
	data=$$(mktemp -d) && PRODUCTION=1 SITE_URL=https://www.example.com BEHIND_PROXY=1 DATA_DIR=$$data \
		MAIL_URL=smtp+tls://user:secret@smtp.example.com:587 MAIL_FROM=hello@example.com TEAM_MAIL=team@example.com \
		LEDGER_ANCHOR_MAIL=proofs@example.com ERASURE_JOURNAL_FILE=/var/backups/recruitcms/erasures.jsonl \
		$(manage) check --deploy --fail-level WARNING; found=$$?; rm -rf $$data; exit $$found

format: $(VENV)/dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

# The smaller sets take over the versions of the largest, so that what is tested is what runs.
pins: compile = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
pins: $(VENV)/dev
	$(compile) --upgrade requirements/dev.in -o requirements/dev.txt
	for set in server runtime; do cp requirements/dev.txt requirements/$$set.txt && \
		$(compile) requirements/$$set.in -o requirements/$$set.txt || exit 1; done

# The bill of materials (SEC-25): each pinned package with its version, purl and hashes, as CycloneDX JSON in dist/sbom.json.
sbom: $(VENV)/dev
	@mkdir -p dist
	@$(VENV)/bin/python -m cyclonedx_py requirements requirements/server.txt --pyproject pyproject.toml \
		--output-reproducible --of JSON --output-file dist/sbom.json && echo "dist/sbom.json"

messages: $(VENV)/dev
	$(manage) makemessages --locale pl --locale de --no-obsolete --no-wrap --add-location file --ignore ".venv*" --ignore var --ignore tests
	$(manage) compilemessages --ignore ".venv*"

# Whether answers or their times tell which addresses we know (EML-10). Takes about a minute, best on a quiet machine.
enumeration: $(VENV)/runtime
	@$(VENV)/bin/python -m benchmarks.enumeration $(ARGS)

# Queries and times of the list and the form of roles with 2,000 of them. Best on a quiet machine.
desk: $(VENV)/runtime
	@$(VENV)/bin/python -m benchmarks.desk $(ARGS)

# What a search costs with 2,000 roles, on SQLite and, where there is one, on PostgreSQL. Best on a quiet machine.
search: $(VENV)/dev
	@$(VENV)/bin/python -m benchmarks.search $(ARGS)

# What a template of 1,600 words costs as a file, in each format. Best on a quiet machine.
downloads: $(VENV)/runtime
	@$(VENV)/bin/python -m benchmarks.downloads $(ARGS)

# Our pages beside Wagtail's, a bare view and nginx. Needs wrk and nginx, and fetches Wagtail. Best on a quiet machine.
bench: $(VENV)/dev
	@$(VENV)/bin/python -m benchmarks.compare $(ARGS)

# What a page costs with 20 roles and with 20,000, a request with 1,000 people and with 1,000,000. Takes long.
growth: $(VENV)/dev
	@$(VENV)/bin/python -m benchmarks.growth $(ARGS)

clean:
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache

# A folder of packages for each set; made anew when the pins or the Python change. The pins are complete, so pip need
# not resolve anything (--no-deps): older pips ask for the newest release of a package with an extra, and then stop.
$(VENV)/runtime: requirements/runtime.txt
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the site needs (once) …"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/runtime.txt
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/runtime
	@echo "Installing what the tests need (once) …"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@touch $@
