"""What nobody's browser sends, at the site behind nginx: refused or answered rightly, and nobody else waits for it."""

import contextlib
import http.client
import resource
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email import message_from_bytes
from functools import partial
from urllib.parse import urlsplit

import pytest

from tests.faults.site import wait_until
from tests.scans import observatory, probes
from tests.topology import NAME, Topology

pytestmark = [pytest.mark.xdist_group("topology"), pytest.mark.slow]
ROLE = "/roles/lead-data-engineer/"
FLOOD = 5_000  # requests
ROOM = 16  # megabytes that two web processes may grow by in its second half
MANY = 10_000  # connections
SOON = 2.0  # seconds within which others are answered


def test_nothing_answers_that_should_not_be_there(topology):
    """SEC-21: files left behind, other programs' panels, ways out of a folder."""
    assert probes.scan(topology) == []


def test_the_observatory_gives_full_points(topology):
    """SEC-1, SEC-2, SEC-3, SEC-4"""
    found, points = observatory.scan(topology)

    assert found == []
    assert min(points.values()) >= 130


def say(topology: Topology, request: bytes, name: str = NAME, to: str = "https") -> bytes:
    """Send bytes to nginx, by TLS for a name, and return the first that come back; b"" where it hangs up."""
    context = ssl.create_default_context(cafile=str(topology.folder / "nginx" / "tls" / "fullchain.pem"))
    context.check_hostname = False
    with socket.create_connection(("127.0.0.1", topology.ports[to]), timeout=20) as connection:
        secured = context.wrap_socket(connection, server_hostname=name) if to == "https" else connection
        with secured:
            secured.sendall(request)
            with contextlib.suppress(ConnectionError):
                return secured.recv(4096)
    return b""


def test_another_host_gets_no_answer(topology):
    """SEC-19: neither by its name in TLS, nor in a header, nor without TLS."""
    for head in (
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET https://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        assert say(topology, head) == b""
        assert say(topology, head, to="http") == b""
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        say(topology, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", name="evil.example")


def test_a_web_process_refuses_another_host_itself(topology):
    """SEC-19: nginx is not the only guard."""
    assert topology.ask_web(1, "/", Host="evil.example", **{"X-Forwarded-Proto": "https"}).status == 400


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "Forwarded", "X-Original-URL", "X-Rewrite-URL"]
)
def test_a_forwarded_host_or_address_changes_nothing(topology, header):
    """SEC-19: nor is anything of it kept for others."""
    value = "host=evil.example" if header == "Forwarded" else "/admin/" if header.endswith("URL") else "evil.example"
    mark = f"/roles/?page=1&sort=title&x={header}"

    answer = topology.get(mark, **{header: value})
    redirect = topology.get("/roles", **{header: value})

    assert answer.status == 200
    assert "evil.example" not in answer.text
    assert urlsplit(redirect.headers["location"]).netloc in {"", urlsplit(topology.url).netloc}


def test_plain_scheme_cannot_be_claimed(topology):
    assert topology.get(ROLE, **{"X-Forwarded-Proto": "http", "X-Forwarded-Ssl": "off"}).status == 200


@pytest.mark.parametrize(
    "method", ["TRACE", "TRACK", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "OPTIONS", "X" * 40]
)
def test_only_reading_and_forms_are_answered(topology, method):
    """SEC-3: TRACE is off, and no other method does anything."""
    target = "localhost:443" if method == "CONNECT" else ROLE
    status = say(topology, f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nX-Secret: abc\r\n\r\n".encode())

    assert status.split(b" ")[1] in {b"400", b"403", b"405"}
    assert b"abc" not in status


STRANGE = [
    (f"{ROLE};x.css", {404}),
    (f"{ROLE}x.css", {404}),
    (f"{ROLE}%2e%2e/%2e%2e/etc/passwd", {400, 404}),
    ("/%2e%2e/%2e%2e/etc/passwd", {400, 404}),
    ("/static/..%2f..%2frecruitcms/settings.py", {400, 404}),
    ("/static/%252e%252e/recruitcms/settings.py", {404}),
    ("/media/pictures/..%2f..%2fkeys/secret_key", {400, 404}),
    ("/media/../private/x.pdf", {400, 404}),
    ("//evil.example/%2f..", {404}),
    ("/roles//lead-data-engineer/", {200, 301, 404}),
    ("/roles/%00", {400, 404}),
    ("/roles/?q=%00", {200, 400}),
    ("/roles/?page=" + "9" * 50, {200, 404}),
    ("/roles/?page=-1", {200, 404}),
    ("/roles/?category=%ff%fe", {200, 400, 404}),
    ("/roles/?" + "category=a&" * 400, {200, 400, 404, 414}),
    ("/" + "a" * 3_000 + "/", {404}),
    ("/" + "a" * 7_000 + "/", {404}),
    ("/" + "a" * 9_000, {414}),
    ("/roles/?q=" + "a" * 3_000, {200, 400, 404}),
]


@pytest.mark.parametrize(("path", "expected"), STRANGE, ids=lambda value: str(value)[:40])
def test_strange_addresses_are_answered_rightly(topology, path, expected):
    """SEC-20, SEC-21: whole pages for nobody, and no detail of ours."""
    answer = topology.get(path)

    assert answer.status in expected
    assert "Traceback" not in answer.text
    assert "root:" not in answer.text
    assert str(topology.folder) not in answer.text


def test_headers_without_end_are_refused(topology):
    many = b"".join(b"X-%d: 1\r\n" % number for number in range(2_000))
    for head in (many, b"Cookie: " + b"a" * 40_000 + b"\r\n"):
        answer = say(topology, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n")
        assert answer.split(b" ")[1] in {b"400", b"431"}


def test_what_nginx_refuses_itself_is_guarded_by_the_sites_headers(topology):
    """SEC-1, SEC-2, SEC-3: before it knows what is asked for, too."""
    site = topology.get(ROLE).headers
    for request, status in (
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1", b"414"),
        (b"GET / HTTP/9.x", b"505"),
        (b"nothing like a request", b"400"),
        (b"GET /%00 HTTP/1.1", b"400"),
        (b"GET / HTTP/1.1\r\nCookie: " + b"a" * 9_000, b"431"),
    ):
        answer = say(topology, request + b"\r\nHost: localhost\r\n\r\n")
        head, _, page = answer.partition(b"\r\n\r\n")
        headers = message_from_bytes(head.partition(b"\r\n")[2])

        assert answer.split(b" ")[1] == status
        for name in ("strict-transport-security", "x-content-type-options", "permissions-policy", "x-frame-options"):
            assert headers[name] == site[name]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert b"<h1>We cannot " in page


def test_what_is_no_request_at_all_gets_no_answer_without_tls(topology):
    """SEC-19: nor is a version told."""
    for request in (
        b"nothing like a request\r\n\r\n",
        b"GET / HTTP/9.x\r\n\r\n",
        b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        assert say(topology, request, to="http") == b""


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Content-Length: -1",
        "Content-Length: 99999999999",
        "Expect: 200-maybe\r\nContent-Length: 3",
    ],
)
def test_bodies_whose_length_can_be_read_in_two_ways_are_refused(topology, head):
    smuggled = "0\r\n\r\nGET /admin/ HTTP/1.1\r\nHost: x\r\n\r\n"
    request = f"POST /consultation/ HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n{smuggled}"

    answer = say(topology, request.encode())

    assert answer == b"" or answer.split(b" ")[1][:1] == b"4" or answer.split(b" ")[1] == b"501"


def strange_path(number: int) -> str:
    """Return an address that nobody asked for before, of one of the kinds that fill careless caches."""
    kinds = [
        f"{ROLE}?utm_source={number}",
        f"/roles/?category=none-{number}&page=1&sort=title",
        f"/%72oles/lead-data-engineer/?{number}={number}",
        f"{ROLE};{number}.css",
        f"/nothing-{number}/{'x' * (number % 1_500)}",
        f"/roles/?q=data{number}",
        f"/pl/{number}/../{number}",
        f"/static/css/{number}.css",
        f"/media/pictures/{number}.webp",
        f"/cards/{number}-abc.png",
    ]
    return kinds[number % len(kinds)]


def send_strange(topology: Topology, numbers: range) -> Counter[int]:
    """Ask for strange addresses on one connection. Return how often each status came."""
    answers: Counter[int] = Counter()
    connection = http.client.HTTPSConnection(NAME, topology.ports["https"], timeout=60, context=topology.trust)
    for number in numbers:
        connection.request("GET", strange_path(number), headers={"Accept-Encoding": "gzip"})
        with connection.getresponse() as answer:
            answer.read()
            answers[answer.status] += 1
    connection.close()
    return answers


def test_a_flood_of_addresses_fills_no_memory(topology):
    """SEC-20: 5,000 requests that no cache has an answer for; measured on both web processes.

    In the first half each thread makes what it keeps for good, such as its connection to the object storage; what grows
    with the number of addresses grows in the second as well.
    """
    webs = [topology.services[f"web-{number}"] for number in (1, 2)]
    used, began, answers = [sum(web.memory() for web in webs)], time.monotonic(), Counter()
    with ThreadPoolExecutor(4) as pool:
        for half in (range(FLOOD // 2), range(FLOOD // 2, FLOOD)):
            answers = sum(pool.map(partial(send_strange, topology), [half[part::4] for part in range(4)]), answers)
            used.append(sum(web.memory() for web in webs))
    kept = sum(path.stat().st_size for path in (topology.folder / "nginx" / "kept").rglob("*") if path.is_file())

    print([f"{megabytes:.0f} MB" for megabytes in used], f"{time.monotonic() - began:.0f} s", dict(answers))
    assert answers.total() == FLOOD
    assert set(answers) <= {200, 301, 302, 400, 404}
    assert used[2] - used[1] < ROOM
    assert used[2] - used[0] < 4 * ROOM
    assert kept < 32 << 20
    assert len(topology.database.rows("SELECT 1 FROM recruitcms_missingaddress")) <= 5_000


# --- slow, and many ---


@contextmanager
def open_connections(
    topology: Topology, count: int, sends: bytes = b"", secured: bool = False, source: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """Hold so many connections to nginx open from one address, each having sent something."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count + 4_096, hard_limit()), hard_limit()))
    opened: list[socket.socket] = []
    try:
        for _number in range(count):
            plain = socket.create_connection(("127.0.0.1", topology.ports["https"]), 30, (source, 0))
            opened.append(topology.trust.wrap_socket(plain, server_hostname=NAME) if secured else plain)
            if sends:
                opened[-1].sendall(sends)
        yield opened
    finally:
        for connection in opened:
            connection.close()


def hard_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def is_answered_soon(topology: Topology) -> bool:
    """Tell whether somebody else gets a kept page, one that is made anew, and a form's answer, soon."""
    began = time.monotonic()
    statuses = [topology.get(path).status for path in (ROLE, f"/roles/?q=data&n={began}")]
    statuses.append(topology.request("POST", "/consultation/", {"name": "x"}, source="127.40.0.1").status)
    return statuses == [200, 200, 422] and time.monotonic() - began < 3 * SOON


@pytest.mark.parametrize(
    "sends",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-a: b\r\n",
        b"POST /consultation/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nname=",
    ],
    ids=["says nothing", "slow headers", "slow body"],
)
def test_slow_clients_keep_nobody_waiting(topology, sends):
    with contextlib.ExitStack() as stack:
        for number in range(3):  # more in all than the site has threads, or nginx allows one address
            stack.enter_context(open_connections(topology, 90, sends, True, f"127.50.0.{number + 1}"))
        assert is_answered_soon(topology)


def test_slow_readers_keep_nobody_waiting(topology):
    ask_for_all = b"GET /roles/ HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50
    with open_connections(topology, 90, ask_for_all, True, "127.50.1.1"):
        assert is_answered_soon(topology)


def test_who_has_a_hundred_requests_open_waits(topology):
    """SEC-18: one address has a hundred at a time; others are not counted with it."""
    body = b"POST /consultation/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nname="
    with open_connections(topology, 100, body, secured=True):
        time.sleep(0.5)
        refused = topology.get("/roles/?q=mine")
        assert (refused.status, refused.headers["retry-after"]) == (429, "30")
        assert "We cannot answer this" in refused.text
        assert topology.request("GET", "/roles/?q=theirs", source="127.40.0.2").status == 200


def test_who_sends_much_to_the_desk_leaves_room_on_the_disk(topology):
    """SEC-18, SEC-24: 20 uploads at a time from one network; its readers, and other networks' staff, go on."""
    body = b"POST /admin/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 48000000\r\n\r\nfile="
    with open_connections(topology, 20, body, secured=True):
        time.sleep(0.5)
        assert topology.get("/admin/login/").status == 429
        assert topology.get("/roles/?q=mine").status == 200
        assert topology.request("GET", "/admin/login/", source="127.40.0.2").status == 200


@pytest.mark.skipif(hard_limit() < MANY + 4_096, reason=f"this shell may open {hard_limit()} files only")
def test_ten_thousand_connections_keep_nobody_waiting(topology):
    """Held by nginx alone, for as long as it waits for a first byte; then they are gone."""
    began = time.monotonic()
    with open_connections(topology, MANY) as opened:
        seconds = time.monotonic() - began
        began = time.monotonic()
        assert is_answered_soon(topology)
        print(f"opened in {seconds:.1f} s; three answers meanwhile in {time.monotonic() - began:.2f} s")
        gone = wait_until(lambda: has_hung_up(opened[0]) and has_hung_up(opened[-1]), 30)

    assert gone
    assert is_answered_soon(topology)


def has_hung_up(connection: socket.socket) -> bool:
    """Tell whether the other side ended a connection on which nothing was said."""
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True
