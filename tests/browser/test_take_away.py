"""What a visitor takes away: each format, downloaded from the page, read by a program that did not write it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from roles.pdf import can_print
from tests.browser.test_fill_in import open_panel

ROLE = "/roles/lead-data-engineer/"
FORMATS = ["docx", "pdf", "md", "txt"]
OFFICE = shutil.which("soffice")


def in_order(parts: list[str], text: str) -> bool:
    """Tell whether the parts stand in a text one after the other, whatever stands between them."""
    text, place = " ".join(text.split()), 0
    for part in parts:
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def read(file: Path, kind: str) -> str:
    if kind == "docx":
        return "\n".join(paragraph.text for paragraph in Document(str(file)).paragraphs)
    if kind == "pdf":
        return "\n".join(page.extract_text() for page in PdfReader(file).pages)
    return file.read_text()


def read_by_office(file: Path) -> str:
    """Return a document's text as LibreOffice understands it."""
    profile = f"-env:UserInstallation={(file.parent / 'profile').as_uri()}"
    words = [
        OFFICE or "",
        profile,
        "--headless",
        "--convert-to",
        "txt:Text (encoded):UTF8",
        "--outdir",
        str(file.parent),
    ]
    subprocess.run([*words, str(file)], check=True, capture_output=True, timeout=120)
    return file.with_suffix(".txt").read_text("utf-8-sig")


def fill_everything(page: Page) -> list[str]:
    """Fill each field of the panel with a word of its own; return the words as they now stand in what is copied."""
    open_panel(page)
    for number, field in enumerate(page.locator("#fill .fill__fields .input").all()):
        field.fill(f"Wort-{number}ü")
    parts = "#doc section:not(.noprint) .headrow h2, #doc section:not(.noprint) mark.filled"
    return [" ".join(text.split()) for text in page.locator(parts).all_inner_texts()]


def test_every_format_holds_each_heading_and_what_was_filled_in_in_order(page: Page, tmp_path):
    page.goto(ROLE)
    expected = fill_everything(page)
    assert len([part for part in expected if part.startswith("Wort-")]) > 10
    offered = [kind for kind in FORMATS if kind != "pdf" or can_print()]

    for kind in offered:
        page.locator("summary", has_text="Download").click()
        with page.expect_download() as download:
            page.locator(f"[formaction$='.{kind}']").click()
        file = tmp_path / f"role.{kind}"
        download.value.save_as(file)

        assert download.value.suggested_filename == f"lead-data-engineer.{kind}"
        assert in_order(["Lead Data Engineer", *expected], read(file, kind)), kind
        page.reload()
        open_panel(page)
        expect(page.locator("#doc section mark.filled").first).to_be_visible()


@pytest.mark.skipif(not OFFICE, reason="no LibreOffice on this machine")
def test_libreoffice_reads_the_word_file(page: Page, tmp_path):
    page.goto(ROLE)
    expected = fill_everything(page)
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as download:
        page.locator("[formaction$='.docx']").click()
    download.value.save_as(tmp_path / "role.docx")

    assert in_order(["Lead Data Engineer", *expected], read_by_office(tmp_path / "role.docx"))


def test_what_was_filled_in_goes_along_to_the_other_language(page: Page):
    page.goto(ROLE)
    open_panel(page)
    page.get_by_label("Company", exact=True).fill("Halden")

    page.locator(".top a[hreflang=pl], .top a[lang=pl]").first.click()

    expect(page.locator("html")).to_have_attribute("lang", "pl")
    expect(page.locator("#doc section mark.filled").first).to_have_text("Halden")
    page.locator("#fill > summary").click()
    expect(page.get_by_label("Firma", exact=True)).to_have_value("Halden")
