"""Scenario c: the mail server is down, hangs, or says no."""

import time
from collections import Counter

from tests.faults.figures import milliseconds, percentile
from tests.faults.sink import CUT, DATA_554, MOODS, RCPT_550, SILENT, WELL, Sink
from tests.faults.site import LEASE, Bench, Site, wait_until
from tests.faults.visitors import CONSULTATION, REPORT, Answer, Visitors

IN_EACH_MOOD = 4  # mails
TRIED = 15  # seconds until all of them were tried once
RETRY = 75  # seconds until a mail that failed once is due again, with its spread
TIMED = 300  # posts for each latency: the p99 is the third slowest
MEASURED = 20.0  # seconds of sending from which the speed is taken
REFUSED_FOR_GOOD = {RCPT_550, DATA_554}  # the mail itself was refused: it may be given up
P50, P99 = 2.0, 3.0  # times as slow as with the mail server up, at most


def mail_server(bench: Bench) -> None:
    """REL-4, EML-12 to EML-14: whatever the mail server does, no mail is lost and forms stay as quick.

    A mail is sent twice only when the server broke off after its final dot, and then with the same Message-ID. What is
    still owed leaves by itself when the server is back.
    """
    with bench.site() as (site, sink):
        site.start_web()
        site.start_worker()
        visitors = Visitors(site.url)
        owed = {mood: _try(bench, site, sink, visitors, mood) for mood in MOODS}
        up = visitors.post_many(TIMED, (REPORT, CONSULTATION))
        sink.behave(SILENT)
        down = visitors.post_many(TIMED, (REPORT, CONSULTATION))
        _compare(bench, up, down)
        _drain(bench, site, sink)
        _check(bench, site, sink, owed)
        bench.check_kept(site, [*up, *down])
        bench.check_ledger(site)


def _try(bench: Bench, site: Site, sink: Sink, visitors: Visitors, mood: str) -> set[str]:
    """Owe some mails in a mood of the server, and let the worker try them once. Return their Message-IDs."""
    earlier = site.mails().keys()
    sink.behave(mood)
    visitors.post_many(IN_EACH_MOOD, (REPORT,), threads=2)
    owed = site.mails().keys() - earlier
    listed = ", ".join(f"'{message_id}'" for message_id in owed)
    waiting = f"SELECT 1 FROM leads_outgoingmail WHERE message_id IN ({listed}) AND (attempts = 0 OR state = 'sending')"
    wait_until(lambda: not site.database.rows(waiting), TRIED)
    sink.behave(WELL)
    states = Counter(state for message_id, state in site.mails().items() if message_id in owed)
    allowed = {"pending", "sending"} | ({"dead"} if mood in REFUSED_FOR_GOOD else set())
    promise = "EML-14: owed, or given up for good" if mood in REFUSED_FOR_GOOD else "EML-14: still owed"
    kept = set(states) <= allowed and states.total() == IN_EACH_MOOD
    bench.figures.promise(f"{mood}: {dict(states)}", promise, kept)
    return owed


def _compare(bench: Bench, up: list[Answer], down: list[Answer]) -> None:
    """Compare how long posts take with the mail server up and silent, within this run."""
    for hundredths, limit in ((50, P50), (99, P99)):
        well, ill = (percentile([answer.seconds for answer in answers], hundredths) for answers in (up, down))
        figure = f"post p{hundredths} {milliseconds(well)} with the mail server up, {milliseconds(ill)} silent"
        bench.figures.promise(f"{figure}: {ill / well:.2f}", f"REL-4: {limit:g} at most", ill / well <= limit)
    refused = sum(answer.status != 303 for answer in down)
    bench.figures.promise(f"posts refused meanwhile {refused} of {len(down)}", "REL-4: 0", not refused)


def _drain(bench: Bench, site: Site, sink: Sink) -> None:
    """Let the server be well again, and time how the queue drains."""
    owed = sum(state in {"pending", "sending"} for state in site.mails().values())
    before, back = len(sink.deliveries), time.monotonic()
    sink.behave(WELL)
    drained = site.wait_until_sent(RETRY + LEASE + 60)
    figure = f"{owed} mails owed when it came back, all gone after {time.monotonic() - back:.0f} s"
    bench.figures.promise(figure, "REL-4: drained by itself", drained)
    sent = [mail.at - back for mail in sink.deliveries[before:] if mail.at - back < MEASURED]
    speed = len(sent) / max(sent, default=1.0)
    bench.figures.tell(
        f"one worker sends {speed:.0f} a second; computed for 10,000: {10000 / max(speed, 1) / 60:.0f} min"
    )


def _check(bench: Bench, site: Site, sink: Sink, owed: dict[str, set[str]]) -> None:
    promise = bench.figures.promise
    came = {delivery.message_id for delivery in sink.deliveries}
    given_up = {message_id for message_id, state in site.mails().items() if state in {"dead", "cancelled"}}
    refused = set().union(*(owed[mood] for mood in REFUSED_FOR_GOOD))
    lost = len(site.mails().keys() - came - (given_up & refused))
    promise(f"lost {lost} of {len(site.mails())}", "EML-12: 0", not lost)
    repeated = sink.repeated()
    elsewhere = len(repeated.keys() - owed[CUT])
    promise(f"sent twice without a break after the dot {elsewhere}", "EML-14: 0", not elsewhere)
    same = len(repeated.keys() & owed[CUT])
    figure = f"cut after the dot: {same} of {len(owed[CUT])} came again with the same Message-ID"
    promise(figure, "EML-14: all", same == len(owed[CUT]))
    promise(f"with an unknown Message-ID {len(came - site.mails().keys())}", "EML-12: 0", came <= site.mails().keys())
