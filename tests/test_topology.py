"""The site as it stands once it has grown: PostgreSQL, Redis, S3, two web processes, two workers, behind nginx by TLS.

Started from Debian's packages by tests/topology.py. What breaks here breaks while visitors come, and mends itself.
"""

import itertools
import re
import threading
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import expect

from tests.browser.conftest import FLAGS, SMUGGLED, find_browser
from tests.faults.editor import Editor
from tests.faults.site import wait_until
from tests.faults.visitors import CONSULTATION, REPORT, FormReader
from tests.topology import Reply, Topology

pytestmark = [pytest.mark.xdist_group("topology"), pytest.mark.slow]
ROLE = "/roles/lead-data-engineer/"
PUBLIC = ["/", "/roles/", ROLE, "/people/", REPORT, CONSULTATION, "/pl/", "/robots.txt", "/sitemap.xml", "/none/"]
numbers = itertools.count(1)


def visitor() -> tuple[str, str]:
    """Return the e-mail address of a new person, and the network address that they come from."""
    number = next(numbers)
    return f"visitor{number}@company{number}.example", f"127.20.{number >> 8}.{number & 255}"


def form_at(topology: Topology, path: str) -> dict[str, str]:
    """Return the hidden fields and ticked boxes of the form on a page."""
    reader = FormReader(path)
    reader.feed(topology.get(path).text)
    return reader.fields


def ask_for_the_report(topology: Topology, fields: dict[str, str], **headers: str) -> tuple[str, Reply]:
    """Send the report's form as a new person; return their address and the answer."""
    email, source = visitor()
    filled = fields | {"name": "Marta", "email": email}
    return email, topology.request("POST", REPORT, filled, headers, source)


def path_in(text: str, pattern: str) -> str:
    """Return the path of the first link in a mail that matches."""
    found = re.search(rf"https://localhost:\d+({pattern}\S*)", text)
    assert found, text
    return found[1]


def editor_of(topology: Topology) -> Editor:
    name, password = (topology.folder / "data" / "first-password").read_text().split()
    return Editor(topology.url, name, password, urllib.request.HTTPSHandler(context=topology.trust))


# --- all of it works together ---


def test_a_visitor_walks_from_a_page_to_the_report(topology):
    """The page, the form, the worker's mail, the button, and the private file from the bucket."""
    assert REPORT in topology.get(ROLE).text
    email, sent = ask_for_the_report(topology, form_at(topology, REPORT))
    assert (sent.status, sent.headers["location"]) == (303, f"{REPORT}sent/")

    link = path_in(topology.sink.wait_for_mail(email, "/c/").text, "/c/")
    asked = topology.get(link)
    confirmed = topology.request("POST", link, form_at(topology, link) or {"confirm": "1"})
    page = BeautifulSoup(
        confirmed.body or topology.get(urlsplit(confirmed.headers["location"]).path).body, "html.parser"
    )
    file = topology.get(urlsplit(str(page.select_one("main a[href*='/d/']")["href"])).path)

    assert asked.status == 200
    assert (file.status, file.headers["content-type"]) == (200, "application/pdf")
    assert file.headers["cache-control"] == "private, no-store"
    assert file.body in [content for key, content in objects(topology).items() if key.startswith("private/")]


def objects(topology: Topology) -> dict[str, bytes]:
    """Return what is in the bucket."""
    client = topology.bucket()
    rows = client.list_objects_v2(Bucket="site")["Contents"]
    return {row["Key"]: client.get_object(Bucket="site", Key=row["Key"])["Body"].read() for row in rows}


def test_pictures_come_from_the_bucket_through_nginx(topology):
    address = re.search(r'src="(/media/pictures/[^"]+)"', topology.get(ROLE).text)[1]

    picture = topology.get(address)

    assert picture.status == 200
    assert picture.headers["cache-control"] == "public, max-age=86400, immutable"
    assert picture.body == objects(topology)[address.removeprefix("/")]
    assert not (topology.folder / "data" / "media").exists()


def test_what_one_web_process_publishes_the_other_shows_at_once(topology):
    own = {"Host": urlsplit(topology.url).netloc, "X-Forwarded-Proto": "https"}
    row = topology.database.rows("SELECT id FROM roles_role WHERE slug = 'lead-data-engineer' AND language = 'en'")
    editor = editor_of(topology)
    for number in (1, 2):
        assert "Lead Data Builder" not in topology.ask_web(number, ROLE, **own).text
    topology.get(ROLE)

    editor.save(f"/admin/roles/role/{row[0][0]}/change/", title="Lead Data Builder", _publish="1")
    both = [topology.ask_web(number, ROLE, **own).text for number in (1, 2)]

    assert ["Lead Data Builder" in page for page in both] == [True, True]
    time.sleep(1)
    assert "Lead Data Builder" in topology.get(ROLE).text


def test_both_web_processes_count_a_network_together(topology):
    """SEC-17, SEC-18: in Redis, by the address that nginx saw, whatever a sender writes into X-Forwarded-For."""
    fields = form_at(topology, CONSULTATION) | {"name": "Marta", "topic": "one", "message": "A developer, please."}
    answers = []
    for number in range(31):
        form = fields | {"email": f"someone{number}@flood.example"}
        forged = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        answers.append(topology.request("POST", CONSULTATION, form, forged, "127.30.0.1"))
    another = topology.request("POST", CONSULTATION, fields | {"email": "other@flood.example"}, {}, "127.30.0.2")

    assert [answer.status for answer in answers] == [303] * 30 + [429]
    assert answers[30].headers["retry-after"] == "600"
    assert "A developer, please." in answers[30].text
    assert another.status == 303
    assert network_counts(topology)[0] == 31


def network_counts(topology: Topology) -> list[int]:
    """Return the counts of networks as any other client of Redis sees them, the largest first."""
    import redis

    client = redis.Redis(port=topology.ports["cache"])
    return sorted((int(client.get(key)) for key in client.scan_iter("*limit-network-*")), reverse=True)


# --- what visitors are told ---


@pytest.mark.parametrize("path", [*PUBLIC, "/admin/login/"])
def test_every_answer_is_guarded_by_its_headers(topology, path):
    """SEC-1, SEC-2, SEC-3"""
    headers = topology.get(path).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))

    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"].endswith(f"{urlsplit(topology.url).netloc}/static/")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains; preload"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["reporting-endpoints"] == 'csp="/csp-reports/"'
    assert headers["referrer-policy"] in {"strict-origin-when-cross-origin", "same-origin"}
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["permissions-policy"].startswith("camera=()")
    assert headers["x-frame-options"] == "DENY"
    assert headers["server"] == "nginx"
    assert "charset=utf-8" in headers["content-type"] or headers["content-type"] == "application/xml"


def refused(topology: Topology) -> int:
    """Return how many scripts browsers reported to have refused, as both web processes count them."""
    texts = [topology.ask_web(number, "/metrics").text for number in (1, 2)]
    found = re.findall(r'recruitcms_csp_reports_total\{directive="script-src-elem"\} (\S+)', "".join(texts))
    return int(sum(map(float, found)))


@pytest.mark.skipif(not find_browser(), reason="no Chromium or Chrome on this machine (set CHROMIUM)")
def test_by_https_a_browser_reports_what_it_refused_by_the_reporting_api(topology, playwright):
    """SEC-1: not the page but the browser does, later: in a minute, without the flag."""
    flags = [*FLAGS, "--ignore-certificate-errors", "--short-reporting-delay"]
    browser = playwright.chromium.launch(executable_path=find_browser(), args=flags)
    before, by_page = refused(topology), []
    try:
        page = browser.new_page()
        page.on("request", lambda request: by_page.append(request) if "/csp-reports/" in request.url else None)
        policy = page.goto(topology.url + ROLE).headers["content-security-policy"]
        assert {"report-uri /csp-reports/", "report-to csp"} <= set(policy.split("; "))
        assert page.evaluate(SMUGGLED) is False
        assert wait_until(lambda: refused(topology) == before + 1, 30)
        assert by_page == []  # as `report-uri` would be
    finally:
        browser.close()


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_set_no_cookie(topology, path):
    """SEC-4: not even for somebody who brings one of the desk's."""
    assert topology.get(path, Cookie="__Host-session=stale; __Host-csrf=stale").cookies == ()


def test_the_desks_cookies_are_bound_to_this_host(topology):
    """SEC-4"""
    cookies = topology.get("/admin/login/").cookies

    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert re.search("SameSite=(Lax|Strict)", cookie)


def test_plain_http_leads_to_https(topology):
    """SEC-2"""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args):
            return None

    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(Stay).open(f"http://localhost:{topology.ports['http']}/roles/?page=2", timeout=10)

    assert (answer.value.code, answer.value.headers["Location"]) == (301, f"{topology.url}/roles/?page=2")
    answer.value.close()


# --- what goes, and comes back ---


def test_without_redis_pages_and_forms_work(topology):
    fields = form_at(topology, REPORT)
    topology.services["redis"].end()
    try:
        pages = [topology.get(path).status for path in (ROLE, "/roles/?q=data", "/forms/ticket/")]
        email, form = ask_for_the_report(topology, fields)
        mail = topology.sink.wait_for_mail(email, "/c/")
    finally:
        topology.services["redis"].begin()

    assert (pages, form.status, mail.to) == ([200, 200, 200], 303, email)
    ask_for_the_report(topology, fields)
    assert network_counts(topology)  # counted again


def test_a_web_process_that_is_killed_is_no_error_to_visitors(topology):
    """Readers notice nothing, forms go to the other one; and it joins again."""
    fields = form_at(topology, REPORT)
    over = threading.Event()
    with ThreadPoolExecutor(5) as pool:
        readers = [pool.submit(read_until, topology, over) for _reader in range(4)]
        time.sleep(1)
        topology.services["web-1"].kill()
        forms = [ask_for_the_report(topology, fields)[1].status for _form in range(10)]
        topology.services["web-1"].begin()
        time.sleep(1)
        over.set()
        answers = sum((reader.result() for reader in readers), Counter())

    assert forms == [303] * 10
    assert set(answers) == {200}
    assert answers[200] > 50


def read_until(topology: Topology, over: threading.Event, path: str = "/roles/?q=engineer&n={}") -> Counter[int]:
    """Read until it is over; with `{}` in the path no answer was kept. Return how often each status came."""
    answers: Counter[int] = Counter()
    for number in itertools.count():
        if over.is_set():
            return answers
        answers[topology.get(path.format(number)).status] += 1
    raise AssertionError


def test_postgresql_restarts_while_people_come(topology):
    """Kept pages are served, forms get a clear 503 or are kept, and all is well again without a hand."""
    fields = form_at(topology, REPORT)
    kept = ["/", "/roles/", ROLE]
    for path in kept:
        topology.get(path)
    over = threading.Event()
    forms: list[tuple[str, Reply]] = []

    def send_forms() -> None:
        while not over.is_set():
            forms.append(ask_for_the_report(topology, fields))
            time.sleep(0.1)

    with ThreadPoolExecutor(5) as pool:
        readers = [pool.submit(read_until, topology, over, path) for path in kept]
        senders = [pool.submit(send_forms) for _sender in range(2)]
        time.sleep(1)
        topology.services["postgresql"].end()
        time.sleep(2)
        topology.services["postgresql"].begin()
        back = time.monotonic()
        well = wait_until(lambda: ask_for_the_report(topology, fields)[1].status == 303, 20)
        seconds = time.monotonic() - back
        time.sleep(1)
        over.set()
        answers = sum((reader.result() for reader in readers), Counter())
        for sender in senders:
            sender.result()

    statuses = Counter(reply.status for _email, reply in forms)
    assert set(answers) == {200}
    assert well
    assert seconds < 10
    assert set(statuses) == {303, 503}
    assert {reply.headers["retry-after"] for _email, reply in forms if reply.status == 503} == {"30"}
    assert all("What you typed is there when you go back" in reply.text for _e, reply in forms if reply.status == 503)
    rows = {row[0] for row in topology.database.rows("SELECT email FROM leads_lead")}
    assert {email for email, reply in forms if reply.status == 303} <= rows
    assert not {email for email, reply in forms if reply.status == 503} & rows
    assert topology.sink.wait_for_mail(forms[-1][0], "/c/", 60)  # the workers are back as well
    assert wait_until(lambda: topology.ask_web(1, "/readyz").status == 200, 20)
    topology.manage("ledger", "verify")  # or it raises


@pytest.mark.skipif(not find_browser(), reason="no Chromium or Chrome on this machine (set CHROMIUM)")
def test_what_was_typed_is_there_when_a_visitor_goes_back(topology, playwright):
    """As the page says that a form gets while the database is away; and then it can be sent."""
    browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
    try:
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.goto(topology.url + CONSULTATION)
        page.get_by_label("Work e-mail").first.fill("typed@quillstone.example")
        page.locator("textarea").first.fill("Three developers, please.")
        page.locator("main form input[type=checkbox]").first.check()
        send = page.locator("main form").get_by_role("button").last
        topology.services["postgresql"].end()
        try:
            send.click()
            expect(page.get_by_role("heading", level=1)).to_have_text("We cannot do this just now")
        finally:
            topology.services["postgresql"].begin()
        page.go_back()
        expect(page.locator("textarea").first).to_have_value("Three developers, please.")
        expect(page.get_by_label("Work e-mail").first).to_have_value("typed@quillstone.example")
        expect(page.locator("main form input[type=checkbox]").first).to_be_checked()
    finally:
        browser.close()


def test_a_service_that_dies_is_named_with_its_last_words(topology):
    from tests.topology import watch

    said, over = [], threading.Event()
    watcher = threading.Thread(target=watch, args=(topology, over, said.append))
    watcher.start()
    topology.services["worker-2"].kill()
    named = wait_until(lambda: said, 10)
    over.set()
    watcher.join()
    topology.services["worker-2"].begin()

    assert named
    assert said[0].startswith("\nworker-2 has ended. The end of its log:\n")
    assert "Sending what is owed. Ctrl-C ends it." in said[0] or "psycopg" in said[0]  # it has seen a restart by then
