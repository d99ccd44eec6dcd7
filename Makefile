# make run: the site, ready to look at. make dev: the same, reloading. make test: everything that must hold.
# make faults: kills the server and the workers, fills the disk, breaks the mail, and counts what was lost (docs/reliability.md).
PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
export HOST PORT
manage = $(VENV)/bin/python manage.py

.PHONY: run dev test faults topology scans check format pins messages enumeration desk search downloads bench clean

run: $(VENV)/runtime
	@$(manage) prepare
	@exec $(VENV)/bin/gunicorn recruitcms.wsgi --config deploy/gunicorn.conf.py --bind $(HOST):$(PORT)

dev: export DEBUG = 1
dev: $(VENV)/dev
	@$(manage) prepare
	@exec $(manage) runserver $(HOST):$(PORT)

test: $(VENV)/dev check
	$(VENV)/bin/python -m pytest -n 2 --cov --cov-report=term-missing:skip-covered $(ARGS)

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
	PRODUCTION=1 SITE_URL=https://www.example.com BEHIND_PROXY=1 MAIL_URL=smtp+tls://user:secret@smtp.example.com:587 \
		$(manage) check --deploy --fail-level WARNING

format: $(VENV)/dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

pins: $(VENV)/dev
	for set in runtime server dev; do $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --upgrade requirements/$$set.in -o requirements/$$set.txt; done

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

clean:
	rm -rf $(VENV) .coverage .mypy_cache .ruff_cache .pytest_cache

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
