"""An editor: signs in to the admin of a running site, fills in its forms as a browser does, and presses buttons."""

import urllib.request
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

from bs4 import BeautifulSoup, Tag

from tests.faults.visitors import BROWSER, PATIENCE


class Editor:
    """Somebody who is signed in to the admin of the site at `url`."""

    def __init__(self, url: str, name: str, password: str, *handlers: urllib.request.BaseHandler) -> None:
        self.url = url
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), *handlers)
        self.browser.addheaders = [("User-Agent", BROWSER)]
        self.save("/admin/login/", "#login-form, form", username=name, password=password, next="/admin/")

    def get(self, path: str) -> BeautifulSoup:
        with self.browser.open(self.url + path, timeout=PATIENCE) as answer:
            return BeautifulSoup(answer.read(), "html.parser")

    def save(self, path: str, form: str = "form[id$=_form]", **changes: str) -> BeautifulSoup:
        """Send the form of a page with some fields changed; return the page that answers. AssertionError: refused."""
        found = self.get(path).select_one(form)
        assert found is not None, f"no form at {path}"
        fields = [pair for pair in fields_of(found) if pair[0] not in changes]
        body = urlencode([*fields, *changes.items()]).encode()
        headers = {"Referer": self.url + path, "Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        asked = urllib.request.Request(self.url + path, body, headers)
        with self.browser.open(asked, timeout=PATIENCE) as answer:
            page = BeautifulSoup(answer.read(), "html.parser")
        errors = [error.get_text(" ", strip=True) for error in page.select(".errornote, .errorlist")]
        assert not errors, f"{path} was refused: {errors}"
        return page


def fields_of(form: Tag) -> list[tuple[str, str]]:
    """Return what a browser would send of a form without pressing a button of it."""
    fields: list[tuple[str, Any]] = []
    for field in form.select("input[name], select[name], textarea[name]"):
        name, kind = str(field["name"]), field.get("type", "")
        if kind in {"submit", "button", "file", "image"} or (
            kind in {"checkbox", "radio"} and not field.has_attr("checked")
        ):
            continue
        if field.name == "select":
            fields += [(name, option.get("value", "")) for option in field.select("option[selected]")]
        elif field.name == "textarea":
            fields.append((name, field.get_text().removeprefix("\n")))
        else:
            fields.append((name, field.get("value", "on" if kind == "checkbox" else "")))
    return [(name, str(value)) for name, value in fields]
