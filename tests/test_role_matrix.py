"""SEC-12: who may ask for which address of the admin, and how. The table is tests/admin_access.txt.

Addresses come from the resolver, not from a list: one that is new has no row, and fails here with its name.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.one_of_each import LABELS, Everything, make_people, new_key

pytestmark = pytest.mark.django_db
ACCESS = Path(__file__).parent / "admin_access.txt"
ACTIONS = Path(__file__).parent / "admin_actions.txt"
REFUSED = "No action selected."  # what Django says of an action that a list does not offer
WRITES = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|TRUNCATE)\b", re.IGNORECASE)
# What an address needs beside its path to be asked for in earnest: {name's end: query}, {name's end: form}.
QUERIES = {
    "autocomplete": "?app_label=roles&model_name=role&field_name=author",
    "_compare": "?from=1&to=2",
    "_wave": f"?finding={'0' * 20}",
}
FORMS: dict[str, dict[str, str]] = {"_keep": {"_here": "1"}, "_keep_new": {"_here": "1"}, "_delete": {"post": "yes"}}


class Address(NamedTuple):
    """An address of the admin: its view's name, or its route where the view has none."""

    name: str
    route: str

    @property
    def arguments(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.route)

    @property
    def label(self) -> str:
        """The model that the address is about: "roles.role"; "" where it is about none."""
        app, _slash, rest = self.route.removeprefix("admin/").partition("/")
        found = f"{app}.{rest.partition('/')[0]}"
        return found if found in {model._meta.label_lower for model in admin.site._registry} else ""

    def path(self, things: Everything, user: Any) -> str:
        if self.name == "app_list":
            return "/admin/roles/"
        if self.name == "view_on_site":
            return f"/admin/r/{things.content_type.pk}/{things.rows['roles.role'].pk}/"
        if self.route.endswith("(?P<url>.*)$"):
            return "/admin/nowhere/"
        fill = {one: str(things.fill(self.label, self.name, one, user)) for one in self.arguments}
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: fill[found[1]], self.route)


def walk(resolver: Any, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield each route below a resolver, with its pattern."""
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern, route)
        else:
            yield route, pattern


def addresses() -> list[Address]:
    found = [(route, pattern) for route, pattern in walk(get_resolver()) if route.startswith("admin/")]
    return [Address(pattern.name or route, route) for route, pattern in found]


def read_table(file: Path) -> dict[str, dict[str, str]]:
    """Return a table: {name: {kind of person: "gp", "g", "p" or "-"}}."""
    lines = [line.split() for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {name: dict(zip(LABELS, cells, strict=True)) for name, *cells in lines}


def form_of(name: str) -> dict[str, str]:
    found = next((form for end, form in FORMS.items() if name.endswith(end)), {})
    return found | ({"_form": new_key()} if "_here" in found else {})


def query_of(name: str) -> str:
    return next((query for end, query in QUERIES.items() if name.endswith(end)), "")


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever the block does to the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def noted_writes() -> Iterator[list[str]]:
    """Collect the statements of a block that write."""
    found: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if WRITES.match(sql):
            found.append(sql[:200])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def was_let_in(response: Any) -> bool:
    """Tell whether a person got what was asked for: no sign-in page, no refusal, and not "there is no such thing".

    Who is asked once more who they are has not got it: these sessions never said (7.5.1 of ASVS).
    """
    if response.status_code in {301, 302}:
        is_missing = response.request["REQUEST_METHOD"] != "POST" and response["Location"] == reverse("admin:index")
        asks = (reverse("admin:login"), reverse("account_reauthenticate"))
        return not is_missing and not response["Location"].startswith(asks)
    return response.status_code not in {403, 404, 405}


class Asker:
    """Asks as one person, each time as though nothing had been asked before: even after a press of "Sign out"."""

    def __init__(self, user: Any, **options: Any) -> None:
        self.client = Client(**options)
        if user:
            self.client.force_login(user)
        self.cookies = self.client.cookies.output(header="", sep=";")

    def ask(self, method: str, path: str, *data: Any) -> Any:
        self.client.cookies = SimpleCookie(self.cookies)
        with undone():
            return getattr(self.client, method)(path, *data)


@pytest.fixture
def things(db) -> Everything:
    return Everything.make()


# --- addresses ---


def test_each_address_has_a_row_and_each_row_an_address():
    assert {address.name for address in addresses()} == set(read_table(ACCESS))


@pytest.mark.parametrize("kind", LABELS)
def test_each_address_lets_in_whom_the_table_names(kind, things):
    """SEC-13 as well: whoever looks, nothing is written."""
    user = make_people()[kind]
    asker, found, written = Asker(user), {}, {}
    for address in addresses():
        path = address.path(things, user)
        with noted_writes() as writes:
            got = was_let_in(asker.ask("get", path + query_of(address.name)))
        posted = was_let_in(asker.ask("post", path, form_of(address.name)))
        found[address.name] = ("g" * got + "p" * posted) or "-"
        written |= {address.name: writes} if writes else {}

    assert found == {name: cells[kind] for name, cells in read_table(ACCESS).items()}
    assert written == {}


def test_a_head_is_a_look(things):
    user = make_people()["Superuser"]
    asker, found, written = Asker(user), {}, {}
    for address in addresses():
        path = address.path(things, user) + query_of(address.name)
        with noted_writes() as writes:
            found[address.name] = "g" * was_let_in(asker.ask("head", path))
        written |= {address.name: writes} if writes else {}

    looks = {name: cells["Superuser"].strip("p-") for name, cells in read_table(ACCESS).items()}
    assert found == looks
    assert written == {}


def test_what_is_posted_without_a_token_is_refused(things):
    """SEC-13: by nothing but a press of a button on our own page."""
    user = make_people()["Superuser"]
    asker, let_through = Asker(user, enforce_csrf_checks=True), {}
    for address in addresses():
        path = address.path(things, user)
        with noted_writes() as found:
            status = asker.ask("post", path, form_of(address.name)).status_code
        if found or status != 403:
            let_through[address.name] = (status, found)

    assert let_through == {}


def test_no_address_knows_another_method(things):
    """SEC-3: what is neither GET, HEAD nor POST gets 405, and does nothing."""
    user = make_people()["Superuser"]
    asker, known = Asker(user), {}
    for address in addresses():
        path = address.path(things, user)
        for method in ("put", "patch", "delete", "options", "trace"):
            with noted_writes() as found:
                args = () if method == "trace" else ({"post": "yes"},) if method == "options" else ("post=yes",)
                status = asker.ask(method, path, *args).status_code
            if found or status != 405:
                known[address.name, method] = status

    assert known == {}


# --- actions of lists ---


def actions(user: Any) -> dict[str, type]:
    """Return what the lists offer to a person: {"roles_role:bulk_publish": model}."""
    request = RequestFactory().get("/admin/")
    request.user = user
    found = {}
    for model, model_admin in admin.site._registry.items():
        names = model_admin.get_actions(request)
        found |= {f"{model._meta.app_label}_{model._meta.model_name}:{name}": model for name in names}
    return found


def has_acted(answer: Any) -> bool:
    """Tell whether a list did what it was asked: it is not shown again, and does not say that nothing was chosen."""
    is_list = "cl" in (answer.context or {})
    return not is_list and REFUSED not in map(str, get_messages(answer.wsgi_request))


@pytest.mark.parametrize("kind", LABELS)
def test_each_action_of_a_list_is_for_those_whom_the_table_names(kind, things):
    people = make_people()
    asker, found = Asker(people[kind]), {}
    for name, model in actions(people["Superuser"]).items():
        path = reverse(f"admin:{name.partition(':')[0]}_changelist")
        row = things.rows[model._meta.label_lower]
        answer = asker.ask("post", path, {"action": name.partition(":")[2], "_selected_action": row.pk})
        found[name] = "p" if was_let_in(answer) and has_acted(answer) else "-"

    assert found == {name: cells[kind] for name, cells in read_table(ACTIONS).items()}
