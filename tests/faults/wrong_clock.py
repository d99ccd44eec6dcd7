"""Scenario f: the clock jumps forty days ahead, and back again."""

import json
import re
from datetime import UTC, datetime, timedelta

from tests.faults.figures import Figures
from tests.faults.sink import RCPT_451, SILENT, WELL, Sink
from tests.faults.site import Bench, Site, kill, wait_until
from tests.faults.visitors import REPORT, Answer, Visitors, request

AHEAD = timedelta(days=40)
ASKED, CONFIRMED = 8, 3
SOON = 40  # seconds; far below the waits that a wrong clock could cause
GIVEN = "SELECT count(*) FROM leads_consentevent WHERE state = 'given'"
EXPIRED = "SELECT count(*) FROM leads_consentevent WHERE state = 'expired'"


def wrong_clock(bench: Bench) -> None:
    """REL-6: a jump of the wall clock sends nothing twice, accepts no expired link, and leaves the ledger in order.

    Server and worker are started with a clock forty days ahead, and then with the right one: links have expired,
    retention has run (CON-17), mails that were owed or in hand under the wrong clock leave soon, and the ledger is
    anchored again (CON-19).
    """
    with bench.site() as (site, sink):
        _start(site, timedelta())
        visitors = Visitors(site.url)
        answers = visitors.post_many(ASKED, (REPORT,), threads=2)
        confirm_links = [_link(sink, answer.email, "c") for answer in answers]
        for link in confirm_links[:CONFIRMED]:
            request(site.url, link, {})
        download = _link(sink, answers[0].email, "d")
        fresh = [request(site.url, link).status for link in (confirm_links[-1], download)]
        bench.figures.promise(f"confirm and download links before: {fresh}", "200, 200", fresh == [200, 200])
        _start(site, AHEAD)
        _check_ahead(bench, site, confirm_links[-1], download)
        answers += _leave_mails_behind(site, sink, visitors)
        bench.check_ledger(site)
        _start(site, timedelta())
        _check_back(bench, site, sink, confirm_links[-1])
        answers += visitors.post_many(4, (REPORT,), threads=2)
        statuses = {answer.status for answer in answers}
        bench.figures.promise(f"{len(answers)} posts in all three times: {statuses}", "303", statuses == {303})
        bench.check_ledger(site)


def _start(site: Site, shift: timedelta) -> None:
    """Start server and worker anew with a clock that is wrong by so much."""
    site.stop_workers()
    site.kill_web()
    site.shift = shift.total_seconds()
    site.start_web()
    site.start_worker()


def _link(sink: Sink, address: str, kind: str) -> str:
    """Return the path of the confirm ("c") or download ("d") link that was mailed to an address."""
    text = sink.wait_for_mail(address, f"/{kind}/").text
    found = re.search(rf"/{kind}/[^/\s]+/", text)
    assert found
    return found.group()


def _check_ahead(bench: Bench, site: Site, confirm: str, download: str) -> None:
    promise = bench.figures.promise
    _check_expired(bench.figures, site, confirm, "ahead")
    status = request(site.url, download).status
    promise(f"ahead: expired download link {status}", "§4.2: 410", status == 410)
    unconfirmed = ASKED - CONFIRMED
    ran = wait_until(lambda: site.database.rows(EXPIRED)[0][0] >= unconfirmed, SOON)
    expired = site.database.rows(EXPIRED)[0][0]
    promise(f"ahead: {expired} consents expired of {unconfirmed} unconfirmed requests", "CON-17: all", ran)


def _check_expired(figures: Figures, site: Site, confirm: str, when: str) -> None:
    """Open and press the button of a confirm link whose time is over."""
    before = site.database.rows(GIVEN)
    opened, pressed = request(site.url, confirm).status, request(site.url, confirm, {}).status
    refused = opened == pressed == 404 and site.database.rows(GIVEN) == before
    figures.promise(f"{when}: expired confirm link {opened}, pressed {pressed}", "REL-6: 404, nothing given", refused)


def _leave_mails_behind(site: Site, sink: Sink, visitors: Visitors) -> list[Answer]:
    """Owe mails under the wrong clock: one that failed once, and one in the hand of a worker that is killed."""
    waiting = "SELECT count(*) FROM leads_outgoingmail WHERE state = 'pending' AND attempts > 0"
    in_hand = "SELECT count(*) FROM leads_outgoingmail WHERE state = 'sending'"
    site.wait_until_sent(SOON)
    sink.behave(RCPT_451)
    answers = [visitors.post(REPORT)]
    wait_until(lambda: site.database.rows(waiting)[0][0], SOON)
    sink.behave(SILENT)
    answers.append(visitors.post(REPORT))
    wait_until(lambda: site.database.rows(in_hand)[0][0], SOON)
    kill(site.workers.pop())
    sink.behave(WELL)
    return answers


def _check_back(bench: Bench, site: Site, sink: Sink, confirm: str) -> None:
    promise = bench.figures.promise
    left = site.wait_until_sent(SOON)
    owed = sum(state in {"pending", "sending"} for state in site.mails().values())
    promise(f"back: mails still owed from the wrong time {owed}", f"REL-6: 0 after {SOON} s", left)
    repeated = sink.repeated().total()
    promise(f"mails sent twice {repeated} of {len(sink.deliveries)}", "REL-6: 0", not repeated)
    _check_expired(bench.figures, site, confirm, "back")
    anchored = wait_until(lambda: abs(_last_anchor(site) - datetime.now(UTC)) < timedelta(hours=1), SOON)
    promise(f"back: last anchor of {_last_anchor(site):%Y-%m-%d}", "CON-19: of today", anchored)


def _last_anchor(site: Site) -> datetime:
    line = (site.data / "anchors.jsonl").read_text().splitlines()[-1]
    return datetime.fromisoformat(json.loads(line)["at"])
