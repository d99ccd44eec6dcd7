# The site and its worker: one image, which runs as nobody in particular and writes to /data, /journal and /tmp alone. compose.yaml
# starts it with all that it needs; docs/operations.md says how. No secret is in any layer: they come at the start.
FROM python:3.13.16-slim-trixie AS build
WORKDIR /srv/recruitcms
RUN python -m venv .venv
COPY requirements/server.txt requirements/server.txt
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements/server.txt
COPY manage.py ./
COPY recruitcms recruitcms
COPY roles roles
COPY leads leads
COPY templates templates
COPY static static
COPY deploy/gunicorn.conf.py deploy/alive.py deploy/
# Keys that this makes for itself stay behind with this stage's /tmp. What is collected is its owner's alone otherwise.
RUN DATA_DIR=/tmp/data STATIC_DIR=/srv/recruitcms/collected .venv/bin/python manage.py collectstatic --no-input \
    && chmod -R a+rX collected \
    && .venv/bin/python -m compileall -q recruitcms roles leads

FROM python:3.13.16-slim-trixie
# Pango is for PDF downloads; pg_dump and pg_restore, for backups, must not be older than the server in compose.yaml.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 recruitcms \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin recruitcms \
    && install --directory --owner recruitcms --group recruitcms --mode 750 /data /journal
COPY --from=build /srv/recruitcms /srv/recruitcms
WORKDIR /srv/recruitcms
ENV PATH=/srv/recruitcms/.venv/bin:$PATH PYTHONUNBUFFERED=1 HOME=/tmp DATA_DIR=/data STATIC_DIR=/srv/recruitcms/collected
USER 10001:10001
VOLUME /data
EXPOSE 8001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "deploy/alive.py", "8001"]
CMD ["gunicorn", "recruitcms.wsgi", "--config", "deploy/gunicorn.conf.py", "--bind", "0.0.0.0:8001"]
