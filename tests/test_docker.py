"""What Dockerfile and compose.yaml promise, read from them: no Docker runs here (docs/operations.md)."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from tests.processes import bare_environment
from tests.topology import command_of

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = ["web1", "web2", "worker", "migrate", "backup"]
DOCKERFILE = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text()).splitlines()
EXAMPLE = (ROOT / ".env.example").read_text()
MANUAL = (ROOT / "docs" / "operations.md").read_text()


def steps(word: str) -> list[list[str]]:
    """Return the words of each step of the Dockerfile that begins with a word."""
    return [shlex.split(line)[1:] for line in DOCKERFILE if line.startswith(f"{word} ")]


def test_each_image_is_pinned_to_a_version():
    """SEC-25"""
    images = [step[0] for step in steps("FROM")] + [service["image"] for service in SERVICES.values()]

    assert len(images) == 2 + len(SERVICES)
    assert [name for name in images if not re.fullmatch(r"[\w./-]+:\d+\.\d+[\w.-]*|recruitcms:local", name)] == []


def test_the_image_runs_as_somebody_without_rights_and_holds_no_secret():
    user = steps("USER")

    assert user == [["10001:10001"]]
    collect = next(step for step in steps("RUN") if "collectstatic" in step)
    assert " ".join(collect).endswith(
        "&& chmod -R a+rX collected && .venv/bin/python -m compileall -q recruitcms roles leads"
    )
    assert DOCKERFILE.index("USER 10001:10001") > max(n for n, line in enumerate(DOCKERFILE) if line.startswith("FROM"))
    names = {word.partition("=")[0] for kind in ("ENV", "ARG") for step in steps(kind) for word in step}
    assert names == {"PATH", "PYTHONUNBUFFERED", "HOME", "DATA_DIR", "STATIC_DIR"}
    assert any("alive.py" in line and "8001" in line for line in DOCKERFILE if line.startswith("HEALTHCHECK"))


def test_what_is_copied_exists_and_is_let_through():
    """And nothing else reaches the builder: neither var/ nor .env nor keys nor history."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for step in steps("COPY") if not step[0].startswith("--") for source in step[:-1]}

    assert copied == allowed
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_the_image_can_back_up_the_database_of_compose():
    """REL-9: pg_dump refuses a server that is newer than itself."""
    installed = " ".join(word for step in steps("RUN") if "apt-get" in step for word in step)
    clients = [int(major) for major in re.findall(r"\bpostgresql-client-(\d+)\b", installed)]
    server = int(re.fullmatch(r"postgres:(\d+)\..*", SERVICES["db"]["image"])[1])

    assert clients
    assert max(clients) >= server
    place = "/var/lib/postgresql/data" if server < 18 else "/var/lib/postgresql"  # where that image keeps its tables
    assert SERVICES["db"]["volumes"] == [f"database:{place}"]


def test_backups_are_files_on_the_machine_that_the_images_user_may_write():
    """And old ones go as the unit without Docker lets them go (CON-21)."""
    [uid] = [step[0].split(":")[0] for step in steps("USER")]
    service = SERVICES["backup"]
    *places, backups = service["volumes"]
    folder = re.fullmatch(r"\$\{BACKUPS:-(.+)\}", backups["source"])[1]
    unit = (ROOT / "deploy/systemd/recruitcms-backup.service").read_text()
    old = shlex.split(re.search(r"^ExecStartPre=-/usr/bin/(.*)$", unit, re.MULTILINE)[1])

    assert f"install -d -m 700 -o {uid} -g {uid} {folder}\n" in MANUAL
    assert (backups["type"], backups["bind"]) == ("bind", {"create_host_path": False})
    assert places == SERVICES["web1"]["volumes"] == SERVICES["worker"]["volumes"]  # a restore sees who runs the site
    assert service["profiles"] == ["backup"]  # `up` leaves it alone
    delete, make = service["command"][2].split("; exec ")
    assert [word.replace("/backups", folder) for word in shlex.split(delete)] == old
    assert make.startswith(f"python manage.py backup {backups['target']}/")


def test_the_manuals_commands_name_what_is_there():
    """Services, places in containers, commands of manage.py, files of deploy/, and the variables of compose.yaml."""
    said = [words.split() for words in re.findall(r"docker compose ((?:exec|run|stop) [^`\n|<]*)", MANUAL)]
    words = [[word for word in line if not word.startswith("-")] for line in said]
    named = {name for line in words for name in (line[1:] if line[0] == "stop" else line[1:2])}
    acts = {line[4] for line in words if line[2:4] == ["python", "manage.py"]} - {"…"}
    places = {(line[1], f"/{word.split('/')[1]}") for line in words for word in line if word.startswith("/")}
    section = MANUAL.partition("## With Docker")[2].partition("\n## ")[0]
    variables = set(re.findall(r"\b([A-Z_]+)=", section))

    assert {"web1", "worker", "backup", "migrate"} <= named <= set(SERVICES)
    assert {"restore", "createsuperuser"} <= acts <= set(get_commands())
    assert (
        {("backup", "/backups"), ("web1", "/journal")}
        <= places
        <= {
            (name, str(volume.get("target") if isinstance(volume, dict) else volume.split(":")[1]))
            for name, service in SERVICES.items()
            for volume in service.get("volumes", [])
        }
    )
    assert [name for name in re.findall(r"deploy/[\w./@*-]*[\w*]", MANUAL) if not [*ROOT.glob(name)]] == []
    assert {"SITE_NAME", "CERTIFICATES", "BACKUPS"} <= variables
    assert [name for name in variables if f"${{{name}:" not in (ROOT / "compose.yaml").read_text()] == []


def test_the_unit_for_the_timer_runs_the_service_of_compose():
    unit = (ROOT / "deploy/docker/recruitcms-backup.service").read_text()

    assert "ExecStart=/usr/bin/docker compose run --rm -T backup\n" in unit
    assert "WorkingDirectory=/srv/recruitcms\n" in unit
    assert "git clone <your repository> /srv/recruitcms" in MANUAL.partition("## With Docker")[2]


def test_packages_are_installed_by_their_hashes():
    """SEC-25"""
    install = next(step for step in steps("RUN") if "install" in step and "-r" in step)

    assert {"--require-hashes", "--no-deps", "requirements/server.txt"} <= set(install)


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_is_read_only_and_has_no_rights_to_spare(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service.get("cap_add", [])) <= {"CHOWN", "DAC_OVERRIDE", "NET_BIND_SERVICE", "SETGID", "SETUID"}
    assert not service.get("cap_add") or name in {"nginx", "files"}
    assert "privileged" not in service
    assert "docker.sock" not in json.dumps(service)
    assert "healthcheck" in service or name in {"web1", "web2"}  # theirs is in the image


def test_only_nginx_can_be_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert SERVICES["nginx"]["networks"] == ["front"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if "front" in service["networks"]} == {"nginx", "web1", "web2"}
    subnet = COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert {SERVICES[name]["environment"]["TRUSTED_PROXIES"] for name in OURS} == {subnet}


def test_commands_are_those_of_the_systemd_units():
    units = ROOT / "deploy" / "systemd"
    web = command_of(units / "recruitcms-web@.service", "8001")
    worker = command_of(units / "recruitcms-worker@.service", "1")
    by_name = [Path(web[0]).name, *web[1:]], [Path(worker[0]).name, *worker[1:]]

    image = json.loads(next(line for line in DOCKERFILE if line.startswith("CMD ")).removeprefix("CMD "))
    assert SERVICES["web1"]["command"] == SERVICES["web2"]["command"] == image
    assert [word.replace("0.0.0.0:", "127.0.0.1:") for word in SERVICES["web1"]["command"]] == by_name[0]
    assert SERVICES["worker"]["command"] == by_name[1]
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert SERVICES["migrate"]["restart"] == "no"
    for name in ("web1", "web2", "worker"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_each_variable_is_a_setting_of_ours():
    known = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))

    for name in OURS:
        given = {variable.removesuffix("_FILE") for variable in SERVICES[name]["environment"]}
        assert given - known - {"LEDGER_ANCHOR", "ERASURE_JOURNAL"} == set()


def test_secrets_come_from_files_alone_and_each_is_given():
    """SEC-25"""
    for name, service in SERVICES.items():
        given = {
            str(v).removeprefix("/run/secrets/")
            for k, v in service.get("environment", {}).items()
            if k.endswith("_FILE") and k != "ERASURE_JOURNAL_FILE"
        }
        named = set(service.get("secrets", []))
        assert given <= named <= set(COMPOSE["secrets"]), name
        plain = [k for k in service.get("environment", {}) if re.search(r"(KEY|PASSWORD|SECRET|_URL)$", k)]
        assert set(plain) <= {"SITE_URL", "CACHE_URL"}, name
    assert all(source["file"].startswith("./secrets/") for source in COMPOSE["secrets"].values())


@pytest.fixture
def secrets(tmp_path):
    """The folder that deploy/docker/make-secrets makes."""
    subprocess.run([ROOT / "deploy/docker/make-secrets", tmp_path / "secrets"], check=True)
    return tmp_path / "secrets"


def test_the_script_makes_every_secret_and_the_site_reads_them(secrets, tmp_path):
    """With the line break that a file ends with; a second run changes nothing."""
    again = subprocess.run([ROOT / "deploy/docker/make-secrets", secrets], capture_output=True)
    files = {name: name.upper() for name in COMPOSE["secrets"]}
    environment = {f"{variable}_FILE": str(secrets / name) for name, variable in files.items()}
    environment |= bare_environment() | {
        "DATA_DIR": str(tmp_path / "var"),
        "SITE_URL": "https://www.example.com",
    }
    code = "import recruitcms.settings as s; d = s.DATABASES['default']; o = s.STORAGES['default']['OPTIONS']; "
    code += "print(d['NAME'], d['HOST'], len(d['PASSWORD']), o['endpoint_url'], o['bucket_name'], "
    code += "len(s.LEDGER_KEY), s.EMAIL_PORT)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert again.returncode != 0
    assert {path.name for path in secrets.iterdir()} == set(COMPOSE["secrets"])
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert said.stdout.split() == ["recruitcms", "db", "64", "http://files:8333", "recruitcms", "64", "587"], (
        said.stderr
    )
    assert not (tmp_path / "var" / "keys").exists()
    identities = json.loads((secrets / "files_identities").read_text())["identities"]
    assert identities[0]["credentials"][0]["secretKey"] in (secrets / "files_url").read_text()


def test_check_deploy_says_no_more_than_the_manual(secrets, tmp_path):
    """In containers that have what the manual says to write; the database is not asked."""
    variables = {"SITE_NAME": "www.example.com", "MAIL_FROM": "us@example.com", "TEAM_MAIL": "team@example.com"}
    variables |= {"LEDGER_ANCHOR_MAIL": "else@example.com"}
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "var")}
    for name, value in SERVICES["web1"]["environment"].items():
        filled = re.sub(r"\$\{(\w+):[^}]*\}", lambda found: variables[found[1]], value)
        environment[name] = filled.replace("/run/secrets", str(secrets))
    (tmp_path / "var").mkdir(mode=0o750)
    code = "import django; django.setup(); from recruitcms import server_checks as s\n"
    code += "asks = {'no_account_has_a_known_password', 'mails_say_where_we_are'}\n"
    code += "checks = [c for n, c in vars(s).items() if getattr(c, 'tags', None) and n not in asks]\n"
    code += "print(*(found.id for check in checks for found in check(None)))"
    environment["DJANGO_SETTINGS_MODULE"] = "recruitcms.settings"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert said.stdout.split() == ["recruitcms.W033", "recruitcms.W034", "recruitcms.W035"], said.stderr
    assert "W033 to W035" in MANUAL


def test_nginx_gets_our_file_with_the_names_of_here(tmp_path):
    """The very words that the container runs, on the very file."""
    words = SERVICES["nginx"]["command"][2].replace("$$", "$").partition(" && exec")[0]
    words = words.replace("/site/", f"{ROOT}/deploy/nginx/").replace("/etc/nginx/conf.d", str(tmp_path))
    subprocess.run(["sh", "-c", words], check=True, env={"SITE_NAME": "jobs.example.org", "PATH": os.environ["PATH"]})

    made = (tmp_path / "recruitcms.conf").read_text()

    assert "server web1:8001 max_fails=0 resolve;" in made
    assert "server web2:8001 max_fails=0 resolve;" in made
    assert "zone recruitcms_web" in made  # names are asked again only where the processes share what they know
    assert "127.0.0.1" not in made
    assert "example.com" not in made
    assert "/etc/letsencrypt/live/jobs.example.org/fullchain.pem" in made
    assert "resolver 127.0.0.11" in (ROOT / "deploy/nginx/nginx.conf").read_text()
