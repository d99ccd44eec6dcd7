"""The site behind nginx as deploy/nginx sets it up: pages are kept for a second, and nothing private with them."""

import http.client
import os
import re
import shutil
import socket
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests import nginx
from tests.faults.databases import SqliteServer
from tests.faults.editor import Editor
from tests.faults.figures import Figures
from tests.faults.site import Bench, Site, wait_until

pytestmark = [
    pytest.mark.skipif(bool(nginx.missing()), reason=nginx.missing()),
    pytest.mark.xdist_group("nginx"),  # one site for all of them
]
ROLE = "/roles/lead-data-engineer/"
VALID_UNTIL = 8  # where a kept answer says so: the second word of nginx's file
GUARDS = ["X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Permissions-Policy", "X-Robots-Tag"]
GUARDS += ["Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"]


@dataclass
class Behind:
    """A site, and the port of the nginx before it."""

    site: Site
    port: int

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def all_at_once(self, path: str, readers: int = 8) -> list[tuple[int, dict[str, str], bytes]]:
        with ThreadPoolExecutor(readers) as pool:
            return [answer.result() for answer in [pool.submit(self.get, path) for _reader in range(readers)]]

    def questions(self) -> float:
        """Return how many pages the site was asked for that it had kept."""
        with urllib.request.urlopen(f"{self.site.url}/metrics", timeout=30) as answer:
            counts = re.findall(r'recruitcms_request_seconds_count\{.*view="kept page"\} (\S+)', answer.read().decode())
        return sum(map(float, counts))

    def change(self, sql: str) -> None:
        """Change what visitors see, as the desk would."""
        self.site.database.change(sql)
        self.site.database.change("UPDATE recruitcms_sitesettings SET content_version = content_version + 1")

    def kept(self) -> dict[str, Path]:
        """Return the files of the answers that nginx keeps, by the address."""
        files = (self.site.data.parent / "nginx" / "kept").rglob("?" * 32)  # longer: being written
        found = [(re.search(rb"\nKEY: http127\.0\.0\.1(\S*)", file.read_bytes()), file) for file in files]
        return {key[1].decode(): file for key, file in found if key}


def start(site: Site) -> None:
    """Start the site, which knows that there is an nginx before it."""
    os.environ["BEHIND_PROXY"] = "1"
    try:
        site.start_web()
    finally:
        del os.environ["BEHIND_PROXY"]


@pytest.fixture(scope="module")
def behind(tmp_path_factory) -> Iterator[Behind]:
    bench = Bench(SqliteServer(), Figures(), 0)
    bench.prepare()
    folder = tmp_path_factory.mktemp("nginx-site")
    site = bench.copy(folder)
    start(site)
    (folder / "nginx").mkdir()
    for parent in (folder, *folder.parents):  # nginx's workers are another user's
        if str(parent).startswith(str(tmp_path_factory.getbasetemp().parent.parent)):
            parent.chmod(parent.stat().st_mode | 0o011)
    shutil.chown(folder / "nginx", "www-data") if os.getuid() == 0 else None
    try:
        with nginx.serve(folder / "nginx", [site.port]) as (port, _bare):
            yield Behind(site, port)
    finally:
        site.close()
        bench.close()


def signed_in(behind: Behind) -> Editor:
    name, password = (behind.site.data / "first-password").read_text().split()[:2]
    return Editor(f"http://127.0.0.1:{behind.port}", name, password)


def ask_anew(kept: Path) -> None:
    """Make an answer that nginx keeps as old as if its minutes had gone by."""
    with kept.open("r+b") as record:
        record.seek(VALID_UNTIL)
        record.write(struct.pack("<q", int(time.time()) - 1))


def test_pages_come_through_whole_and_compressed(behind):
    status, headers, body = behind.get(ROLE)
    _status, packed, brotli = behind.get(ROLE, **{"Accept-Encoding": "gzip, deflate, br"})

    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Lead Data Engineer" in body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert packed["Content-Encoding"] == "br"
    assert len(brotli) < len(body) / 3
    assert "X-Accel-Expires" not in headers
    assert headers["Server"] == "nginx"
    assert behind.get(ROLE, **{"If-None-Match": headers["ETag"]})[0] == 304


def test_a_change_is_there_within_a_second(behind):
    editor, address = signed_in(behind), "/admin/recruitcms/sitesettings/1/change/"
    field = editor.get(address).select_one("[name$=-tagline]")
    behind.get(ROLE)

    editor.save(address, **{str(field["name"]): "Words of this minute"})
    time.sleep(1)

    assert b"Words of this minute" in behind.get(ROLE)[2]


def test_nobody_sees_what_was_there_when_nobody_read(behind):
    behind.get(ROLE)
    time.sleep(1.1)
    behind.change("UPDATE recruitcms_sitetext SET tagline = 'Words of this hour' WHERE language = 'en'")

    assert [b"Words of this hour" in body for _status, _headers, body in behind.all_at_once(ROLE)] == [True] * 8


def test_within_a_second_the_site_is_asked_once(behind):
    for second in range(3):  # the first answer, and those that say that it still holds
        time.sleep(1.1 - time.time() % 1)  # early in a second
        before = behind.questions()
        answers = [behind.get(ROLE)[0] for _number in range(20)]
        assert (second, answers, behind.questions() - before) == (second, [200] * 20, 1.0)


def test_a_page_that_is_taken_offline_does_not_come_back_while_the_site_is_down(behind):
    path = "/roles/android-engineer/"
    assert behind.get(path)[0] == 200
    time.sleep(1.1)
    behind.change("UPDATE roles_rolerevision SET live_until = datetime('now') WHERE slug = 'android-engineer'")
    assert {status for status, _headers, _body in behind.all_at_once(path)} == {404}

    behind.site.kill_web()
    try:
        time.sleep(1.1)
        assert behind.get(path)[0] == 404
    finally:
        start(behind.site)


def test_nothing_private_and_no_unknown_query_is_kept(behind):
    """SEC-20"""
    known = [ROLE, "/", "/roles/?category=data-and-ai"]
    unknown = ["/admin/login/", "/consultation/", "/c/SECRETTOKEN/", f"{ROLE}?utm_source=x", "/roles/?q=zebra"]
    for path in [*known, *unknown]:
        behind.get(path)

    keys = behind.kept()
    assert [path for path in known if path in keys] == known
    assert not [path for path in unknown if path in keys]


@pytest.mark.parametrize("spelling", ["/media/{}", "/media/x/../{}", "/media/./{}", "/media//{}?x", "/media/{}#x"])
def test_another_spelling_of_an_address_takes_no_picture_away(behind, spelling):
    """SEC-20"""
    address = re.search(rb'src="(/media/pictures/[^"]+)"', behind.get(ROLE)[2])[1].decode()
    assert behind.get(address)[0] == 200
    assert wait_until(lambda: address in behind.kept(), 5)
    ask_anew(behind.kept()[address])
    connection = http.client.HTTPConnection("127.0.0.1", behind.port, timeout=30)
    connection.request("GET", spelling.format(address.removeprefix("/media")))  # as it stands

    assert connection.getresponse().status in {200, 404}
    assert behind.get(address)[0] == 200


def test_a_deleted_picture_is_kept_for_minutes_and_not_there_again_when_the_site_is_down(behind):
    """SEC-8"""
    address = re.search(rb'src="(/media/pictures/[^"]+)"', behind.get(ROLE)[2])[1].decode()
    status, headers, picture = behind.get(address)
    file = behind.site.data / address.removeprefix("/")
    assert wait_until(lambda: address in behind.kept(), 5)
    kept = behind.kept()[address]
    valid_until = struct.unpack_from("<q", kept.read_bytes(), VALID_UNTIL)[0]
    file.unlink()
    try:
        at_once = behind.get(address)[0]
        ask_anew(kept)
        later = behind.get(address)[0]
        assert wait_until(lambda: picture not in kept.read_bytes(), 5)
        behind.site.kill_web()
        try:
            down = behind.get(address)[0]
        finally:
            start(behind.site)
    finally:
        file.write_bytes(picture)

    assert (status, headers["Cache-Control"]) == (200, "public, max-age=86400, immutable")
    assert 0 < valid_until - time.time() <= 600
    assert (at_once, later, down) == (200, 404, 404)


def test_pictures_that_never_were_are_not_kept(behind):
    """SEC-20"""
    address = f"/media/pictures/{'0' * 32}/320.webp"

    assert [behind.get(address)[0] for _time in range(2)] == [404, 404]
    assert address not in behind.kept()


def test_another_host_gets_no_answer(behind):
    """SEC-19"""
    with socket.create_connection(("127.0.0.1", behind.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert connection.recv(100) == b""


def test_slow_senders_keep_nobody_from_reading(behind):
    slow = [socket.create_connection(("127.0.0.1", behind.port), timeout=30) for _number in range(80)]
    try:
        for connection in slow:
            connection.sendall(b"POST /consultation/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\nname=")
        assert behind.get(ROLE)[0] == 200
        assert behind.get("/roles/?q=data")[0] == 200
    finally:
        for connection in slow:
            connection.close()


def test_a_network_has_twenty_requests_open_at_the_desk(tmp_path):
    """SEC-18, SEC-24: each may put 48 MB on the disk. A /64 is one network, as it is to the site (networks.py)."""
    said_by_header = "set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;"
    opened = []

    def begin(address: str, path: str = "/admin/login/") -> socket.socket:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Test-Address: {address}\r\nContent-Length: 900\r\n\r\na="
        opened.append(socket.create_connection(("127.0.0.1", port), timeout=0.5))
        opened[-1].sendall(head.encode())
        return opened[-1]

    def is_refused(connection: socket.socket) -> bool:
        try:
            return b" 429 " in connection.recv(100)
        except TimeoutError:
            return False

    with nginx.serve(tmp_path, [1], more=said_by_header) as (port, _bare):
        taken = [begin(f"2001:db8:1:2::{number:x}") for number in range(20)]
        taken += [begin("192.0.2.1") for _number in range(20)]
        same, like = begin("2001:db8:1:2:a:b:c:d"), begin("192.0.2.1")
        others = [begin("2001:db8:1:3::1"), begin("192.0.2.2"), begin("2001:db8:1:2::1", "/consultation/")]

        refused = [is_refused(connection) for connection in [same, like, *others, taken[0], taken[-1]]]
        for connection in opened:
            connection.close()

    assert refused == [True, True, False, False, False, False, False]


def test_while_the_site_is_down_what_was_read_is_still_there(behind):
    behind.get(ROLE)
    behind.site.kill_web()
    try:
        time.sleep(1.1)
        assert behind.get(ROLE)[0] == 200
        status, headers, body = behind.get("/roles/?q=never-asked-before")
        assert (status, headers["Retry-After"]) == (502, "30")
        assert "We cannot do this just now" in body.decode()
    finally:
        start(behind.site)


def raw(behind: Behind, head: str) -> tuple[int, Message, str]:
    """Send the head of a request, and return what is answered."""
    with socket.create_connection(("127.0.0.1", behind.port), timeout=10) as connection:
        connection.sendall(f"{head}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.headers, answer.read().decode()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("GET /healthz HTTP/1.1", 404),
        ("GET /nginx-says HTTP/1.1", 404),
        ("TRACE / HTTP/1.1", 405),
        ("POST /consultation/ HTTP/1.1\r\nContent-Length: 2000000", 413),
        ("POST /admin/login/ HTTP/1.1\r\nContent-Length: 60000000", 413),
        ("POST /admin/roles/role/import/ HTTP/1.1\r\nContent-Length: 60000000", 413),
        ("POST /consultation/ HTTP/1.1\r\nContent-Length: -1", 400),
        ("POST /consultation/ HTTP/1.1\r\nTransfer-Encoding: identity", 501),
    ],
)
def test_what_nginx_answers_itself_has_the_sites_headers_and_looks(behind, head, expected):
    """SEC-1, SEC-2, SEC-3, SEC-24"""
    sites = behind.get(ROLE)[1]

    status, headers, page = raw(behind, head)

    assert status == expected
    assert {name: headers[name] for name in GUARDS} == {name: sites[name] for name in GUARDS}
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; base-uri 'none'")
    assert headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert (headers["Server"], headers["Cache-Control"]) == ("nginx", "no-store")
    assert (headers["Content-Type"], "nginx" in page) == ("text/html; charset=utf-8", False)
    assert ("We cannot do this just now" if expected == 501 else "We cannot answer this") in page
    assert "Wróć" in page or "Spróbuj" in page
    assert re.findall(r"<style|<script|style=|\son\w+=", page) == []


def test_what_staff_may_upload_comes_through(behind):
    """A report's largest file, and no more than that: who imports too much hears so from the site, with a way out."""
    editor, address = signed_in(behind), "/admin/roles/role/import/"
    token = editor.get(address).select_one("[name=csrfmiddlewaretoken]")["value"]
    fields = {"csrfmiddlewaretoken": token, "files": SimpleUploadedFile("jobs.md", b"x" * settings.EDITION_MAX_BYTES)}
    headers = {"Content-Type": MULTIPART_CONTENT, "Referer": f"{editor.url}{address}", "Origin": editor.url}

    sent = urllib.request.Request(f"{editor.url}{address}", encode_multipart(BOUNDARY, fields), headers)
    with editor.browser.open(sent, timeout=60) as answer:
        page = answer.read().decode()

    assert "These files have more than 10 MB" in page


def test_errors_of_the_site_itself_pass_as_they_are(behind):
    status, headers, page = behind.get("/nothing-of-this-name/")

    assert status == 404
    assert b"css/site." in page
    assert "report-uri" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_what_is_asked_from_inside_alone_is_not_passed_on(behind, path):
    inside = urllib.request.Request(f"{behind.site.url}{path}")
    try:
        with urllib.request.urlopen(inside, timeout=30) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code

    assert status in {200, 503}  # 503: no worker runs
    assert behind.get(path)[0] == 404
