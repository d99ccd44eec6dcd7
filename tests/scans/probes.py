"""Asks for what attackers ask of every site: files left behind, other programs' panels, ways out of a folder.

Each must be refused (404, 403, 400, 405, 414, or no answer at all), after at most three forwards on the same site, and
say nothing of what runs here.
"""

import re
from urllib.parse import urlsplit

from tests.scans.findings import Finding
from tests.topology import NAME, Reply, Topology

LEFT_BEHIND = """
.git/config .git/HEAD .git/index .git/logs/HEAD .gitignore .gitattributes .svn/entries .svn/wc.db
.hg/store/00manifest.i .bzr/README CVS/Root .env .env.local .env.production .env.example .env.bak .env.swp env .envrc
.htaccess .htpasswd .DS_Store .idea/workspace.xml .vscode/settings.json .ssh/id_rsa id_rsa .aws/credentials .npmrc
.pypirc .netrc .dockerenv .dockerignore Dockerfile compose.yaml docker-compose.yml Makefile Procfile Vagrantfile
manage.py requirements.txt requirements/server.txt pyproject.toml setup.py Pipfile poetry.lock package.json
package-lock.json yarn.lock composer.json composer.lock Gemfile README.md CHANGELOG.md LICENSE .ci/run
.github/workflows/ci.yml .gitlab-ci.yml Jenkinsfile recruitcms/settings.py recruitcms/settings.pyc leads/ledger.py
settings.py local_settings.py db.sqlite3 var/db.sqlite3 data/db.sqlite3 database.sqlite db.sql dump.sql backup.sql
backup.zip backup.tar.gz site.tar.gz www.zip html.zip public.zip data.tar.gz recruitcms.dump anchors.jsonl
erasures.jsonl first-password keys/secret_key var/keys/secret_key secrets/secret_key config.json config.yml config.php
config.inc.php web.config crossdomain.xml clientaccesspolicy.xml index.html~ index.php index.php.bak index.bak
index.old .index.html.swp debug.log error.log error_log access.log logs/error.log logs/gunicorn.log nohup.out core
phpinfo.php info.php test.php test.html sitemap.xml.gz sitemap.xml.bak robots.txt.bak static/ static/../ media/
media/pictures/ media/private/ private/ uploads/ static/js/site.js.map static/css/site.css.map
static/admin/js/core.js.map static/.collected static/staticfiles.json
"""
PANELS = """
server-status server-info nginx_status status stub_status phpmyadmin/ pma/ adminer.php adminer/ wp-admin/ wp-login.php
wp-json/wp/v2/users xmlrpc.php administrator/ user/login typo3/ cms/ cms/login/ django-admin/ admin/doc/
admin/jsi18n/x __debug__/ __debug__/render_panel/ silk/ _debug_toolbar/ debug/ debug/default/view console console/
_profiler/ _ignition/health-check telescope/requests horizon/ actuator actuator/env actuator/health actuator/heapdump
jolokia/ manager/html solr/ jenkins/ login.jsp struts/ cgi-bin/ cgi-bin/test-cgi owa/ autodiscover/autodiscover.xml
ecp/ metrics metrics/ prometheus prometheus/ healthz readyz health healthcheck live ready _status version build-info
swagger swagger.json swagger-ui.html swagger-ui/ openapi.json openapi.yaml api/ api/docs api/v1/ api-docs v2/api-docs
v3/api-docs redoc/ docs/ graphql graphiql graphql/console altair playground _cat/indices elasticsearch/ kibana/
grafana/ grafana/login flower/ rq/ celery/ sentry/ minio/ minio/health/live _all_dbs _utils/
.well-known/security.txt.bak .well-known/openid-configuration oauth/token oauth2/authorize accounts/signup/
accounts/login.php signup/ register/ cfide/administrator/ axis2/ hudson/ nagios/ zabbix/ munin/ cacti/ webmail/
roundcube/ horde/ sogo/ vpn/ remote/login dana-na/ global-protect/ boaform/admin/formLogin HNAP1/ setup.cgi shell.php
c99.php r57.php cmd.php eval-stdin.php vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php storage/logs/laravel.log
app_dev.php/_profiler/open telerik.axd trace.axd elmah.axd ?-s ?phpinfo=1 latest/meta-data/iam/security-credentials/
computeMetadata/v1/ mail/ var/mail/
"""
TARGETS = ("etc/passwd", "proc/self/environ", "recruitcms/settings.py", "data/keys/secret_key")
UPWARDS = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "%252e%252e%252f",
    "..%5c",
    "..\\",
    "..%c0%af",
    "%c0%ae%c0%ae/",
    "..;/",
)
UPWARDS += ("....//", "..%00/", ".%2e/", "%uff0e%uff0e/", "..%ef%bc%8f")
FROM = ("", "static/", "static/js/", "media/", "media/pictures/", "cards/", "roles/", "pl/roles/")
REFUSED = {0, 400, 403, 404, 405, 414}
FORWARDED = {301, 302, 307, 308}
# What would tell of the inside.
TELLS = re.compile(
    r"Traceback \(most|File &quot;/|File \"/|Django Version|DEBUG = True|root:.?:0:0|PRIVATE KEY|psycopg|gunicorn|"
    r"django\.core|site-packages|/srv/recruitcms|SECRET_KEY|DATABASE_URL|\[core\]|repositoryformat|/tmp/recruitcms"
)
DESK = "/admin/login/"  # whatever is below the desk's address leads to its sign-in


def paths() -> list[str]:
    """Return all addresses that are asked for."""
    upwards = [f"{start}{step * 6}{target}" for start in FROM for step in UPWARDS for target in TARGETS[:2]]
    near = [f"{start}{step * 2}{target}" for start in FROM[1:5] for step in UPWARDS for target in TARGETS[2:]]
    return [f"/{path}" for path in [*LEFT_BEHIND.split(), *PANELS.split(), *upwards, *near]]


def follow(topology: Topology, path: str) -> tuple[str, Reply]:
    """Ask for an address, following forwards on this site, and return where it ended and what was said."""
    reply = topology.get(path)
    for _forward in range(3):
        target = urlsplit(reply.headers.get("location", ""))
        if reply.status not in FORWARDED or target.netloc not in {"", urlsplit(topology.url).netloc, NAME}:
            break
        path = target.path
        reply = topology.get(path)
    return path, reply


def scan(topology: Topology) -> list[Finding]:
    """Return what was answered that should not be, and what told of the inside."""
    found = []
    for path in paths():
        end, reply = follow(topology, path)
        if reply.status not in REFUSED and end != DESK and not is_home(path, end):
            found.append(Finding("probes", f"answered {reply.status}", path, f"ended at {end}"))
        told = TELLS.search(reply.text) or TELLS.search(" ".join(reply.headers.values()))
        if told and told[0] not in path:  # a page may say the address that was asked for
            found.append(Finding("probes", "tells of the inside", path, told[0]))
        if reply.headers.get("server", "nginx") != "nginx" or "x-powered-by" in reply.headers:
            found.append(Finding("probes", "names its software", path, reply.headers.get("server", "")))
    return found


def is_home(path: str, end: str) -> bool:
    """Tell whether an address is only the home page with a query that it does not know."""
    return path.startswith("/?") and end == path
