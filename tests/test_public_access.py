"""SEC-12 and SEC-13 for visitors: each public address × method, as tests/public_access.txt says.

Addresses come from the resolver: one that is new has no row, and fails here with its name. Whatever is asked, no answer
sets a cookie, and nobody's asking writes.
"""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from leads import pauses, tokens
from recruitcms import review
from recruitcms.models import CalendarFeed
from roles.models import RoleLevel
from tests.factories import image_file, make_page, make_person, make_role, make_site, make_user, published_role
from tests.lead_factories import make_submission, make_wordings, published_report, requested
from tests.test_role_matrix import noted_writes, undone, walk

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).parent / "public_access.txt"
COLUMNS = ["GET", "HEAD", "POST", "elsewhere"]
OTHERS = ["put", "patch", "delete", "options", "trace"]
WRITES_TO_ASK = {"readyz"}  # it asks the database whether it can be written, and takes that back


def names() -> set[str]:
    return {str(pattern.name) for route, pattern in walk(get_resolver()) if not route.startswith("admin/")}


def read_table() -> dict[str, dict[str, int]]:
    """Return the table: {name: {"GET": 200, …}}. "elsewhere" is a POST that another site's page sends."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {name: dict(zip(COLUMNS, map(int, cells), strict=True)) for name, *cells in lines}


@pytest.fixture
def arguments(db) -> dict[str, list[Any]]:
    """What each address is about: {name: what `reverse` takes}."""
    make_site()
    make_wordings()
    pauses.beat(timezone.now())  # else /readyz misses the worker
    role = published_role(sections={"introduction": "[Company] looks for help.", "duties": "- One"})
    RoleLevel.objects.create(role=role, level="senior", title="Senior Engineer")
    role.publish()
    page, report, person = make_page(), published_report(), make_person(on_team=True)
    page.publish()
    asked = requested(make_submission(report=report))
    link = review.token_of(review.make_link(make_role(), make_user("wanda", "Writers"), "Anna Nowak"))
    feed = CalendarFeed.objects.create(user=make_user("emre", "Editors")).url.split("/f/")[1].partition("/")[0]
    default_storage.delete("pictures/asked.png")
    default_storage.save("pictures/asked.png", image_file())
    card = Client().get(role.get_absolute_url()).content.decode().partition("/cards/")[2].partition(".png")[0]
    privacy = [tokens.privacy_token(asked.lead)]
    return {
        "media": ["pictures/asked.png"],
        "role-card": card.split("-", 1),
        "mail-events-provider": ["postmark"],
        "calendar-feed": [feed],
        "role": [role.slug],
        "role-file": [role.slug, "docx"],
        "role-level": [role.slug, "senior"],
        "role-level-file": [role.slug, "senior", "md"],
        "person": [person.slug],
        "page": [page.slug],
        "confirm": [tokens.confirm_token(asked)],
        "download": [tokens.download_token(report.editions.get())],
        "withdraw": [tokens.withdraw_token(asked.lead, "report")],
        **{name: [link] for name in ("review", "review-comment", "review-approve")},
        **{name: [report.slug] for name in ("report", "report-sent")},
        "report-file": [published_report(gate_mode="open").slug],
        **dict.fromkeys(("privacy", "privacy-withdraw", "privacy-erase", "privacy-copy"), privacy),
    }


def ask(path: str, method: str, *data: Any, **headers: str) -> tuple[int, bool, list[str]]:
    """Return what an answer was, whether it set a cookie, and what was written for it; and take that back."""
    with undone(), noted_writes() as writes:
        answer = getattr(Client(headers=headers), method)(path, *data)
        if answer.streaming:
            list(answer.streaming_content)
    return answer.status_code, bool(answer.cookies or "Set-Cookie" in answer.headers), writes


def test_each_public_address_has_a_row_and_each_row_an_address():
    assert names() == set(read_table())


def test_each_public_address_answers_each_method_as_the_table_says(arguments):
    found: dict[str, dict[str, int]] = {}
    cookies, written, known = [], {}, []
    for name in sorted(names()):
        path = reverse(name, args=arguments.get(name, []))
        answers = {
            "GET": ask(path, "get"),
            "HEAD": ask(path, "head"),
            "POST": ask(path, "post", {}, **{"Sec-Fetch-Site": "same-origin"}),
            "elsewhere": ask(path, "post", {}, **{"Sec-Fetch-Site": "cross-site"}),
        }
        found[name] = {column: status for column, (status, _cookie, _writes) in answers.items()}
        cookies += [(name, column) for column, (_status, cookie, _writes) in answers.items() if cookie]
        wrote = [*answers["GET"][2], *answers["HEAD"][2]]
        written |= {name: wrote} if wrote and name not in WRITES_TO_ASK else {}
        known += [(name, method) for method in OTHERS if ask(path, method)[0] != 405]

    assert found == read_table()
    assert (cookies, written, known) == ([], {}, [])


@pytest.mark.parametrize("cookie", ["session", settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME])
def test_a_cookie_that_somebody_brings_changes_nothing(arguments, client, cookie):
    """§4.1: the same bytes for everybody."""
    path = reverse("role", args=arguments["role"])
    without = client.get(path)

    client.cookies[cookie] = "x" * 32
    with_it = client.get(path)

    assert (with_it.content, with_it.cookies.output()) == (without.content, client.cookies.__class__().output())
    assert "Cookie" not in with_it.get("Vary", "")
