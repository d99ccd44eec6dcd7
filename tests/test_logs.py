"""What is logged: as text or as JSON, of which request, and without anybody in it (SEC-22, SEC-23)."""

import json
import logging
import logging.config
import runpy
import socket
import sys
import time
from ipaddress import ip_network

import pytest
from django.test import Client

from recruitcms import request_ids, views
from recruitcms.logs import RedactingFormatter, RedactingJsonFormatter, about, belongs_to, logging_as, owner, redacted

LINE = RedactingFormatter("{levelname} {name}{owner}: {message}", style="{")


@pytest.fixture(autouse=True)
def _nobodys():
    """Begin and end outside of any request."""
    belongs_to.set("")
    yield
    belongs_to.set("")


def record(message: str, *values: object, error: object = None, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("leads.outbox", logging.ERROR, "outbox.py", 1, message, values, error)
    made.__dict__ |= more
    return made


def as_json(made: logging.LogRecord) -> dict:
    text = RedactingJsonFormatter().format(made)
    assert "\n" not in text
    return json.loads(text)


def raised(words: str) -> tuple:
    try:
        try:
            raise KeyError("inner@quillstone.example")
        except KeyError as inner:
            raise ValueError(words) from inner
    except ValueError:
        return sys.exc_info()


PRIVATE = [
    ("Not Found: /c/secret-token/", "secret-token"),
    ("GET /pl/u/secret-token?x=1", "secret-token"),
    ("GET /roles/?q=salary+of+marta", "salary"),
    ("marta@quillstone.example is known", "quillstone"),
    ("marta%40quillstone.example is known", "quillstone"),
    ("GET /roles/?q=o'brien+salary", "salary"),
    ('"john doe"@quillstone.example is known', "john"),
    (r"\"john doe\"@quillstone.example is known", "john"),
    (r'"john \"jd\" doe"@quillstone.example is known', "john"),
    ("%22john%20doe%22%40quillstone.example", "john"),
    ("/roles/john.smith/dept@quillstone.example", "john"),
    ("'o'brien@quillstone.example' is known", "brien"),
    ("bounce+john=quillstone.example@lists.example", "john"),
    ("marta%2540quillstone.example is known", "marta"),
    ('null value in column "x"\nDETAIL:  Failing row contains (7, Marta Nowak, a private\nmessage).', "Nowak"),
    ("duplicate key\nDETAIL:  Key (name)=(Marta Nowak) already exists.\n\nThe above exception", "Nowak"),
]


@pytest.mark.parametrize(("said", "private"), PRIVATE)
def test_nothing_private_is_in_a_message_an_error_or_what_is_logged_beside_it(said, private):
    """SEC-22"""
    for made in (
        record("%s", said),
        record("It failed", error=raised(said)),
        record("It failed", email=said, more={"to": [said], said: 1}),
    ):
        text = json.dumps(as_json(made)) + LINE.format(made)
        assert private not in text
        assert "redacted" in text or "[address]" in text


ODD = ["a", "/", "'", "?", '"', '\\"', "a/", "a@", "%25", "/?", "?'", ' "a', "=a", "/c/a", "DETAIL: "]


@pytest.mark.parametrize("piece", ODD)
def test_long_text_costs_no_more_by_the_letter_than_short_text(piece):
    """SEC-20, SEC-22: visitors choose paths and headers; eight times as long takes about eight times, not 64."""

    def cost(letters: int) -> float:
        text = (piece * letters)[:letters]
        began = time.thread_time()
        redacted(text)
        return time.thread_time() - began

    short, long = (min(cost(letters) for _try in range(5)) for letters in (2_000, 16_000))

    assert long < 30 * short


def test_the_rest_of_an_error_stays_readable():
    error = as_json(record("It failed", error=raised("DETAIL:  Key (a)=(b) already exists.\n\nand so on")))["error"]

    assert error.startswith("Traceback (most recent call last):")
    assert error.endswith("DETAIL: [redacted]\n\nand so on")
    assert "KeyError: '[address]'" in error


def test_a_line_of_json_says_when_in_utc_how_bad_where_and_what():
    line = as_json(record("Mail %s is given up.", 7, status_code=500))

    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "ERROR",
        "logger": "leads.outbox",
        "message": "Mail 7 is given up.",
        "status_code": 500,
    }


def test_djangos_request_is_left_out(rf):
    """It would bring the form along."""
    line = as_json(record("Internal Server Error: %s", "/", request=rf.post("/", {"name": "Marta"})))

    assert "request" not in line


def test_nobody_elses_words_pass_for_a_line_of_their_own():
    forged = record("Unknown page %s", "/x\r\n2026-11-27 00:00:00,000 UTC ERROR root: forged\0")

    text = LINE.format(forged)

    assert text.split("\n")[1].startswith("    2026")
    assert "\r" not in text
    assert "\0" not in text
    assert as_json(forged)["message"].endswith("forged\0")  # JSON writes it as \u0000, within the one line


@pytest.mark.django_db
def test_what_no_browser_sends_is_refused_and_not_logged(client, capsys):
    """SEC-22: anybody could fill the log with it, and the error reports."""
    logging.config.dictConfig(logging_as("line"))

    fields = "a&" * 3001
    answer = client.post("/consultation/", fields, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400

    assert capsys.readouterr().err == ""


def test_every_line_says_which_request_or_job_it_belongs_to():
    with about("mail-7"):
        line, text = as_json(record("Given up.")), LINE.format(record("Given up."))

    assert (line["id"], text) == ("mail-7", "ERROR leads.outbox [mail-7]: Given up.")
    assert "id" not in as_json(record("Given up."))


@pytest.mark.parametrize(
    ("given", "peer", "taken"),
    [
        ("0123456789abcdef", "127.0.0.1", True),
        ("0123456789abcdef", "203.0.113.7", False),  # not one of our proxies
        ("short", "127.0.0.1", False),
        ("x" * 65, "127.0.0.1", False),
        ("0123456789\r\nX: y", "127.0.0.1", False),
        ("marta@quillstone", "127.0.0.1", False),
        ("", "127.0.0.1", False),
    ],
)
def test_an_id_is_taken_from_our_own_proxy_alone(settings, given, peer, taken):
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]

    request_ids.begin({"HTTP_X_REQUEST_ID": given, "REMOTE_ADDR": peer})
    made = owner()

    assert (made == given) is taken
    assert owner() == made
    assert request_ids.WELL_FORMED.fullmatch(made)


@pytest.mark.django_db
def test_the_page_that_says_sorry_shows_the_id_and_no_other_page_has_one(rf):
    """SEC-21: that, and no word of what went wrong. Pages that are given to many would all have the first one's id."""
    with about("4f2a9c"):
        try:
            raise ValueError("a private word")
        except ValueError:
            sorry = views.server_error(rf.get("/"))
        page = Client().get("/robots.txt")

    assert "<code>4f2a9c</code>" in sorry.text
    assert sorry["X-Request-ID"] == "4f2a9c"
    assert [word for word in ("private word", "ValueError", "Traceback") if word in sorry.text] == []
    assert "X-Request-ID" not in page


def test_both_forms_have_the_same_loggers():
    line, form = logging_as("line"), logging_as("json")

    assert form["handlers"]["console"]["formatter"] == "json"
    assert line["loggers"] == form["loggers"]
    assert redacted("nothing private") == "nothing private"


def test_gunicorn_says_of_a_request_that_is_none_neither_whose_nor_what(settings, capfd):
    """SEC-22: where no proxy stands in front, the address is a visitor's."""
    from gunicorn.config import Config
    from gunicorn.http.errors import InvalidRequestLine
    from gunicorn.workers.base import Worker

    ours = runpy.run_path(str(settings.BASE_DIR / "deploy" / "gunicorn.conf.py"))
    config = Config()
    config.set("logconfig_dict", ours["logconfig_dict"])
    worker = Worker(1, 1, [], None, 30, config, ours["logger_class"](config))
    client, far = socket.socketpair()

    with client, far:
        worker.handle_error(None, client, ("203.0.113.7", 4711), InvalidRequestLine("GET /c/secret-token HTTP/9 Marta"))
        worker.log.warning("Worker %s is late", 7)

    said = capfd.readouterr().err
    worker.tmp.close()
    assert [word for word in ("203.0.113.7", "secret-token", "Marta") if word in said] == []
    assert "Invalid request" in said
    assert "Worker 7 is late" in said
