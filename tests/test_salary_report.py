"""The sample salary report as a PDF: whole, the same each time, and as long as its web page promises."""

import copy
import io
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from leads.salary_report import PAY, build, contents, make_pdf, pay, roles

DATA = Path(__file__).parent.parent / "recruitcms" / "demo" / "report.toml"

languages = pytest.mark.parametrize("language", ["en", "pl", "de"])


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return tomllib.loads(DATA.read_text())


def text_of(pdf: bytes) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    run = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return run.stdout.decode().replace("\u00a0", " ")


def page_numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


@languages
def test_it_is_a_pdf_with_the_pages_it_returns(data: dict[str, Any], language: str) -> None:
    pdf, pages = make_pdf(data, language)

    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == pages


@languages
def test_its_web_page_promises_the_right_pages(data: dict[str, Any], language: str) -> None:
    part = data[language]

    _pdf, document = build(data, language)

    entries = [line.split(" | ") for line in part["inside"].strip().splitlines()]
    inside = [(title, *page_numbers(page)) for title, page in entries]
    chapters = [(chapter["title"], chapter["page"]) for chapter in part["chapters"]]
    assert inside == document.chapters[: len(inside)]
    assert chapters == document.chapters
    assert page_numbers(part["form_note"]) == [document.page]
    assert page_numbers(part["search_title"].replace("2026", "") + part["summary"]) == [
        document.page,
        24,
        document.page,
    ]
    assert page_numbers(part["mail_tip"].replace("B2B", "")) == [document.chapters[1][1], document.chapters[2][1]]


@languages
def test_it_is_the_same_each_time_and_leaves_its_data_alone(data: dict[str, Any], language: str) -> None:
    before = copy.deepcopy(data)

    first, second = make_pdf(data, language), make_pdf(data, language)

    assert first == second
    assert data == before


@languages
def test_it_embeds_its_two_fonts_and_no_other(data: dict[str, Any], language: str) -> None:
    pdf, _pages = make_pdf(data, language)

    fonts = set(re.findall(rb"/BaseFont /([\w+-]+)", pdf))
    assert fonts == {b"AAAAAA+Literata-Regular", b"AAAAAA+Literata-SemiBold"}
    assert pdf.count(b"/FontFile2") == len(fonts)


@languages
def test_it_says_its_language_and_has_a_bookmark_for_each_chapter(data: dict[str, Any], language: str) -> None:
    pdf, _pages = make_pdf(data, language)

    assert f"/Lang ({language})".encode() in pdf
    assert len(re.findall(rb"/Parent \d+ 0 R[^>]*/Title", pdf)) == len(data[language]["chapters"])


@languages
def test_it_names_every_role_and_all_their_pay(data: dict[str, Any], language: str) -> None:
    text = text_of(make_pdf(data, language)[0])

    separator = data["words"][language]["thousands"].replace("\u00a0", " ")
    figures = {row[key] for row in data["salary"] for key in PAY}
    assert len(roles(data)) == 24
    assert [role for role in roles(data) if role not in text] == []
    assert [value for value in figures if f"{value:,}".replace(",", separator) not in text] == []


@languages
def test_every_page_after_the_cover_says_that_the_figures_are_samples(data: dict[str, Any], language: str) -> None:
    pages = text_of(make_pdf(data, language)[0]).rstrip("\f").split("\f")

    label = data["words"][language]["sample"]
    assert [number for number, page in enumerate(pages, 1) if label not in page] == [1]
    assert re.sub(r"\s+", " ", pages[0]).count(data[language]["chart_source"]) == 1


@pytest.mark.parametrize(
    ("table", "key"), [("salary", "b2b_high"), ("benefits", "share"), ("levels", "label_pl"), ("remote", "label_pl")]
)
def test_a_row_without_a_key_is_named(data: dict[str, Any], table: str, key: str) -> None:
    broken = copy.deepcopy(data)
    del broken[table][1][key]

    with pytest.raises(ValueError, match=f"lacks '{key}' beside"):
        make_pdf(broken, "pl")


@pytest.mark.parametrize("key", ["title", "chart_source", "chapters"])
def test_a_language_without_a_key_is_named(data: dict[str, Any], key: str) -> None:
    broken = copy.deepcopy(data)
    del broken["en"][key]

    with pytest.raises(ValueError, match=f"lacks '{key}' beside"):
        make_pdf(broken, "en")


def test_a_language_it_does_not_have_is_named(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="lacks 'fr' beside"):
        make_pdf(data, "fr")


def test_a_missing_chapter_is_refused(data: dict[str, Any]) -> None:
    broken = copy.deepcopy(data)
    broken["en"]["chapters"].pop()

    with pytest.raises(ValueError, match="needs 8 chapters in en"):
        make_pdf(broken, "en")


def test_a_report_may_have_fewer_chapters_with_figures_of_their_own(data: dict[str, Any]) -> None:
    some = copy.deepcopy(data)
    some["en"]["chapters"] = some["en"]["chapters"][:2]

    pdf, document = build(some, "en", [contents, pay])

    assert [title for title, _page in document.chapters] == [chapter["title"] for chapter in some["en"]["chapters"]]
    assert len(re.findall(rb"/Type /Page\b", pdf)) == document.page < make_pdf(data, "en")[1]


def test_a_figure_that_is_not_known_is_a_dash_and_in_no_chart(data: dict[str, Any]) -> None:
    some = copy.deepcopy(data)
    some["en"]["chapters"] = some["en"]["chapters"][:1]
    row = some["salary"][0] | {"role": "Known by half", "b2b_low": None, "b2b_median": None, "b2b_high": None}
    some["salary"] = [row]

    text = text_of(make_pdf(some, "en", [pay])[0])

    assert re.search(r"Mid\s+14,200\s+16,500\s+19,500\s+–\s+–\s+–", text)
    assert text.count("Known by half") == 1


def test_words_of_rows_and_labels_are_text_and_no_markup(data: dict[str, Any], tmp_path: Path) -> None:
    picture = tmp_path / "secret.png"
    Image.new("RGB", (20, 20), "red").save(picture)
    odd = f'<img src="{picture}"/> <b>bold & more'
    some = copy.deepcopy(data)
    some["en"]["chapters"] = some["en"]["chapters"][:2]
    row = some["salary"][0]
    some["salary"] = [row | {"role": odd}]
    for level in some["levels"]:
        level["label_en"] = odd
    some["words"]["en"] |= dict.fromkeys(["unit", "employment", "b2b", "low", "median", "high", "contents"], odd)
    some["en"]["title"] = some["en"]["summary"] = some["en"]["chart_source"] = odd
    for chapter in some["en"]["chapters"]:
        chapter |= {"title": odd, "paragraphs": [odd]}

    pdf = make_pdf(some, "en", [contents, pay])[0]

    reader = PdfReader(io.BytesIO(pdf))
    assert not any(page.images for page in reader.pages)
    assert "".join(text_of(pdf).split()).count("<b>bold&more") > 12


def test_more_roles_than_fit_on_a_page_have_several_charts(data: dict[str, Any]) -> None:
    some = copy.deepcopy(data)
    some["en"]["chapters"] = some["en"]["chapters"][:1]
    some["salary"] = [some["salary"][1] | {"role": f"Role {number:03}"} for number in range(60)]

    text = text_of(make_pdf(some, "en", [pay])[0])

    assert text.count(some["words"]["en"]["medians"]) == 3
    assert [number for number in range(60) if text.count(f"Role {number:03}") != 2] == []


def test_a_line_of_the_chart_that_is_not_in_the_table_is_refused(data: dict[str, Any]) -> None:
    broken = copy.deepcopy(data)
    broken["en"]["chart"] = "Lead Data Engineer | 1"

    with pytest.raises(ValueError, match="lacks 'Lead Data Engineer 1' beside"):
        make_pdf(broken, "en")
