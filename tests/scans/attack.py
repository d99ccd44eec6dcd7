"""wapiti: crawls the site and tries what breaks careless ones. In an environment of its own, on loopback, bounded."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.scans.findings import Finding
from tests.topology import Topology

PACKAGE = "wapiti3==3.2.3"
# All that need no server of wapiti's own and no list from elsewhere.
MODULES = (
    "backup,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,https_redirect,ldap,methods,permanentxss,redirect,"
    "shellshock,spring4shell,sql,ssl,timesql,upload,xss"
)
CRAWL, EACH = 120, 60  # seconds at most: for finding pages, and for each kind of attack
STARTS = [
    "/",
    "/roles/",
    "/reports/salary-report-2026/",
    "/consultation/",
    "/check-your-text/",
    "/admin/login/",
    "/pl/",
]


def program(folder: Path) -> str:
    """Install wapiti into a folder, and return the path of its program."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]
    subprocess.run(pip, check=True, capture_output=True, timeout=600)
    return str(folder / "bin" / "wapiti")


def scan(topology: Topology, folder: Path) -> tuple[list[Finding], dict[str, int]]:
    """Return what wapiti notes, and how much it looked at: {"pages": …, "minutes": …}."""
    report = folder / "wapiti.json"
    words = [program(folder / "wapiti"), "--url", f"{topology.url}/", "--scope", "domain", "--module", MODULES]
    words += [word for path in STARTS for word in ("--start", topology.url + path)]
    words += ["--max-scan-time", str(CRAWL), "--max-attack-time", str(EACH), "--max-links-per-page", "60"]
    words += ["--max-files-per-dir", "60", "--store-session", str(folder / "session"), "--no-bugreport"]
    words += ["--flush-session", "--verify-ssl", "0", "--format", "json", "--output", str(report), "--verbose", "1"]
    log = folder / "wapiti.log"
    with log.open("wb") as said:
        subprocess.run(words, stdout=said, stderr=said, check=True, timeout=(CRAWL + EACH * 25), cwd=folder)
    found = json.loads(report.read_text())
    findings = []
    for kind in ("vulnerabilities", "anomalies"):
        for rule, rows in found[kind].items():
            findings += [Finding("wapiti", rule, where(row["path"]), row["info"][:150]) for row in rows]
    return findings, {"pages": found["infos"]["crawled_pages_nbr"]}


def where(path: str) -> str:
    """Return an address without its query, and without what differs from run to run."""
    return urlsplit(path).path or "/"
