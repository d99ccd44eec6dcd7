"""A reader's words in the place of fill-in words: on the page, in Markdown, and nowhere else."""

import io
import logging
import re
from urllib.parse import urlencode

import pytest
from docx import Document
from PIL import ImageFile
from pypdf import PdfReader

from recruitcms.logs import LOGGING
from recruitcms.markup import render_markdown
from recruitcms.models import FillInWord
from recruitcms.publishing import touch_content
from roles import pdf, views
from roles.description import Description, Part
from roles.fill_in import as_markdown, fields_of, fill_html, fill_markdown, read_values
from roles.pdf import as_pdf, can_print
from tests.factories import make_site, published_role

ODD = ['<script>alert("1")</script>', "Łódź 🎉 ‮abc", "one\ntwo", "5 * 3 * 2 [x] _y_ `z`", "x" * 10_000]
SIGNS = ["5 * 3 * 2", "[x] _y_ `z`", "<b>x</b>", "&copy;", "1. one", "2) two", "# no title", "- no list", "a | b", "\\"]
SIGNS += ["~~~", "~~d~~", "C#", "===", "> said", "+ more", "a\n # b\n - c", "a\n~~~\nb", "a\n\n1. one\n    code"]


def make_words() -> None:
    FillInWord.objects.create(
        key="company", label="Company", words="Company, Company name", example="Halden", position=1
    )
    FillInWord.objects.create(key="city", label="City", words="City", position=2)
    touch_content()


@pytest.fixture
def role(db):
    make_site()
    make_words()
    return published_role(
        title="Data Engineer",
        sections={
            "introduction": "[company] and [Company name] hire [four] people, *now*.",
            "duties": "- Work in [City]\n- Own `[City]`\n\n1. First\n    - inner",
            "mistakes": "- Not in the copy",
        },
    )


def test_shared_words_come_first_and_each_field_knows_its_spellings(role):
    sections = role.live_revision.content["sections"]

    fields = fields_of(sections, list(FillInWord.objects.all()))

    assert [(field.label, field.spellings, field.is_shared) for field in fields] == [
        ("Company", ["company", "Company name"], True),
        ("City", ["City"], True),
        ("four", ["four"], False),
    ]


def test_a_word_of_one_template_shows_what_it_stands_in(role):
    sections = role.live_revision.content["sections"]

    four = fields_of(sections, list(FillInWord.objects.all()))[2]

    assert four.example == "[company] and [Company name] hire [four] people, now."


def test_without_scripting_the_panel_is_a_form_whose_answer_is_the_filled_page(client, role):
    address = role.get_absolute_url()
    panel = client.get(address).content.decode()
    assert 'name="company"' in panel

    answer = client.post(address, {"company": "Halden & Frost", "city": ""})

    page = answer.content.decode()
    assert page.count('<mark class="slot filled" data-slot="Company name">Halden &amp; Frost</mark>') == 1
    assert '<mark class="slot">[company]</mark>' not in page
    assert '<mark class="slot">[City]</mark>' in page
    assert ">\nHalden &amp; Frost</textarea>" in page
    assert answer["Cache-Control"] == "private, no-store"
    assert "noindex" in page


def test_the_files_of_a_filled_page_are_asked_for_with_what_it_shows(client, role):
    """By the form of the files: as buttons of the panel's form, Enter in a field would press the first of them."""
    address = role.get_absolute_url()
    empty = client.get(address).content.decode()
    filled = client.post(address, {"company": 'Halden "&" Frost', "city": ""}).content.decode()

    forms = re.findall(r'<form id="take"( method="post")?[^>]*>(.*?)</form>', empty + filled)
    held = '<input type="hidden" name="company" value="Halden &quot;&amp;&quot; Frost">'
    assert forms == [("", ""), (' method="post"', held)]
    for page in (empty, filled):
        assert '<button type="submit" form="take" formaction="' in page


@pytest.mark.parametrize("value", ODD)
def test_odd_values_are_shown_and_downloaded_as_typed(client, role, value):
    address = role.get_absolute_url()

    page = client.post(address, {"company": value}).content.decode()
    text = client.post(address.rstrip("/") + ".txt", {"company": value}).content.decode()

    assert "<script>alert" not in page
    assert value.replace("\n", "\r\n") in text.replace("\n", "\r\n")
    assert fill_html('<mark class="slot">[Company]</mark>', {"company": value}).count("<") == value.count("\n")


@pytest.mark.parametrize("value", SIGNS)
@pytest.mark.parametrize("text", ["[Company]", "Before\n[Company]", "- [Company]", "### [Company]"])
def test_a_value_reads_in_markdown_as_it_was_typed(text, value):
    whole = f"{text}\n\nAfter"

    filled = render_markdown(fill_markdown(whole, {"company": value}), mark_fill_ins=False)

    assert filled == fill_html(render_markdown(whole), {"company": value}).replace("&quot;", '"')


def test_a_value_stays_in_its_heading_its_row_and_its_block():
    # Other readers of Markdown know more signs than ours: a fence, a strike, a table.
    assert as_markdown("a\n # b\n\n- c") == "a<br> \\# b<br><br>- c"
    assert as_markdown("~~~\n~~d~~") == "&#126;&#126;&#126;<br>&#126;&#126;d&#126;&#126;"
    assert as_markdown("= a = | C#") == "&#61; a = &#124; C\\#"


def test_a_line_break_in_a_value_ends_no_row_of_a_table():
    table = "| a | b |\n|---|---|\n| [Company] | c |"

    filled = render_markdown(fill_markdown(table, {"company": "Halden\n| Frost |"}))

    assert "<td>Halden<br>| Frost |</td>\n<td>c</td>" in filled


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("[a](b) ![c](d) [e]", "[a](b) ![c](d) !"),
        ("[f][G] [e] [g]\n\n[g]: /x", "[f][G] ! [g]\n\n[g]: /x"),
        ("[e][f]", "!!"),
        ("Lead a team of [e]: set goals", "Lead a team of !: set goals"),
        ("[e]: set goals", "!: set goals"),
    ],
)
def test_links_and_pictures_are_no_fill_in_words(text, filled):
    assert fill_markdown(text, dict.fromkeys("abcdefg", "!")) == filled


def test_values_lose_what_no_document_can_hold(role):
    fields = fields_of(role.live_revision.content["sections"], list(FillInWord.objects.all()))

    assert read_values(fields, {"city": " a\x00b\x0bc\r\nd "}) == {"city": "abc\nd"}


def test_files_hold_every_heading_and_value_in_order(client, role):
    address = role.get_absolute_url().rstrip("/")

    markdown = client.post(f"{address}.md", {"company": "Halden", "city": "Łódź"})
    text = client.get(f"{address}.txt").content.decode()

    words = markdown.content.decode()
    assert words.startswith("# Data Engineer\n\n## ")
    assert "Halden and Halden hire [four] people, *now*." in words
    assert "- Work in Łódź" in words
    assert "Not in the copy" not in words
    assert words.rstrip().endswith(address + "/")
    assert (markdown["Cache-Control"], markdown["X-Robots-Tag"]) == ("private, no-store", "noindex")
    assert "Data Engineer\n=============\n" in text
    assert "1. First\n  - inner" in text
    assert client.get(f"{address}.exe").status_code == 404


def test_posts_of_other_sites_are_refused(client, role):
    for address in (role.get_absolute_url(), role.get_absolute_url().rstrip("/") + ".md"):
        assert client.post(address, {"company": "x"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_word_files_have_real_styles_lists_links_and_language(client, db):
    make_site()
    make_words()
    role = published_role(
        title="Data Engineer",
        sections={
            "introduction": "[Company] **hires** *now*, see [us](https://halden.example/).\n\n> Said once.",
            "duties": "1. First\n2. Second\n\nThen:\n\n1. Again\n    - inner",
            "offer": "### Pay at [Company] now\n\n| a | b |\n|---|---|\n| c | d |",
        },
    )
    address = role.get_absolute_url().rstrip("/") + ".docx"

    answer = client.post(address, {"company": "Łódź & <Co>\n🎉"})

    document = Document(io.BytesIO(answer.content))
    lines = [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs]
    assert lines[:4] == [
        ("Heading 1", "Data Engineer"),
        ("Heading 2", "Introduction"),
        ("Normal", "Łódź & <Co>\n🎉 hires now, see us."),
        ("Quote", "Said once."),
    ]
    assert [line for line in lines if line[0].startswith("List")] == [
        ("List Number", "First"),
        ("List Number", "Second"),
        ("List Number", "Again"),
        ("List Bullet 2", "inner"),
    ]
    numbers = [p._p.pPr.numPr.numId.val for p in document.paragraphs if p.style.name == "List Number"]
    assert (numbers[0] == numbers[1], numbers[1] == numbers[2]) == (True, False)
    assert ("Heading 3", "Pay at Łódź & <Co>\n🎉 now") in lines
    assert document.tables[0].cell(1, 1).text == "d"
    assert [link.address for p in document.paragraphs for link in p.hyperlinks] == ["https://halden.example/"]
    assert document.core_properties.language == "en"
    assert answer["Content-Disposition"].endswith('.docx"')


@pytest.mark.skipif(not can_print(), reason="pango, which makes PDF files, is not installed")
def test_pdf_files_are_tagged_bookmarked_and_whole(client, role):
    address = role.get_absolute_url().rstrip("/") + ".pdf"

    answer = client.post(address, {"company": "Łódź & <Co>", "city": "x" * 10_000})

    made = PdfReader(io.BytesIO(answer.content))
    words = "".join(page.extract_text() for page in made.pages)
    assert made.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert made.trailer["/Root"]["/Lang"] == "en"
    assert [mark.title for mark in made.outline if not isinstance(mark, list)] == ["Data Engineer"]
    assert "Łódź & <Co> and Łódź & <Co> hire [four] people" in words.replace("\n", " ")
    assert words.count("x") >= 10_000
    assert len(made.pages) > 1  # the long word goes on in the next line, and not beside the page


def test_a_text_cannot_make_the_server_fetch_anything(role, caplog):
    part = Part("x", "x", '<p><img src="file:///etc/passwd"><img src="http://127.0.0.1:1/"></p>', "")
    made = as_pdf(Description("x", "en", "x", [part]))

    assert made.startswith(b"%PDF")
    assert "not fetched" in caplog.text


@pytest.fixture
def large(db):
    """A template with forty fill-in words, and ten thousand letters for each field."""
    make_site()
    body = " ".join(f"[word {number}]" for number in range(40))
    role = published_role(sections={"introduction": body})
    fields = fields_of(role.live_revision.content["sections"], [])
    return role, {field.name: f"{number:02}{'x' * 9_998}" for number, field in enumerate(fields)}


@pytest.mark.parametrize("kind", ["", "txt", "docx"])
def test_every_field_takes_ten_thousand_letters(client, large, kind):
    """SEC-24: as far as a real template may go, and no further."""
    role, values = large
    address = role.get_absolute_url()
    address = f"{address.rstrip('/')}.{kind}" if kind else address

    answer = client.post(address, urlencode(values), content_type="application/x-www-form-urlencoded")

    assert len(values) == 40
    assert answer.status_code == 200
    if kind != "docx":
        assert all(answer.content.decode().count(value) >= 1 for value in values.values())
    values["company"] = "x" * (views.MAX_BYTES - 400_000)
    assert client.post(address, values).status_code == 413


@pytest.mark.parametrize("kind", ["", ".txt"])
def test_what_stands_in_many_places_is_weighed_in_all_of_them(client, db, kind):
    """SEC-24: a small form makes no huge page or file."""
    make_site()
    make_words()
    role = published_role(sections={"introduction": "[Company] " * 20, "duties": "- [company name]\n" * 20})
    address = role.get_absolute_url().rstrip("/") + (kind or "/")

    much, too_much = (client.post(address, {"company": "x" * number}) for number in (16_000, 16_001))

    assert (much.status_code, too_much.status_code) == (200, 413)
    assert too_much["Cache-Control"] == "private, no-store"


def test_a_file_without_values_is_made_once_for_each_revision(client, role, monkeypatch):
    made = []
    write = views.write_file
    monkeypatch.setattr(views, "write_file", lambda *what: made.append(what[0].number) or write(*what))
    address = role.get_absolute_url().rstrip("/") + ".docx"

    first, again = client.get(address), client.get(address)
    role.title = "Data Engineer II"
    role.save()
    role.publish()
    renewed = client.get(address)

    assert first.content == again.content
    assert b"Engineer II" not in first.content
    assert Document(io.BytesIO(renewed.content)).paragraphs[0].text == "Data Engineer II"
    assert made == [1, 2]


def test_one_network_has_so_many_files_made_and_then_waits(client, role):
    address = role.get_absolute_url().rstrip("/") + ".txt"

    answers = [client.post(address, {"company": "x"}) for _number in range(views.FILES_AT_ONCE + 1)]

    assert [answer.status_code for answer in answers] == [200] * views.FILES_AT_ONCE + [429]
    assert answers[-1]["Retry-After"] == "600"
    assert "wait 10 minutes" in answers[-1].content.decode()
    assert client.get(address).status_code == 200


@pytest.mark.skipif(not can_print(), reason="pango, which makes PDF files, is not installed")
def test_what_a_pdf_cannot_hold_is_said_and_not_left_out(client, role, caplog):
    """SEC-22: the letters that were typed stand in no log, in whichever way they cannot be printed."""
    address = role.get_absolute_url().rstrip("/") + ".pdf"
    logging.getLogger("weasyprint").addHandler(caplog.handler)
    try:
        strange = client.post(address, {"company": "Halden \U0001f9b7"})
        long = client.post(address, {"company": "a\n" * 400})
        fine = client.post(address, {"company": "Halden"})
    finally:
        logging.getLogger("weasyprint").removeHandler(caplog.handler)

    assert (strange.status_code, long.status_code, fine.status_code) == (422, 422, 200)
    assert "Our fonts lack these letters: \U0001f9b7" in strange.content.decode()
    assert "up to 300 line breaks" in long.content.decode()
    assert strange["Cache-Control"] == "private, no-store"
    assert LOGGING["loggers"]["weasyprint"] == {"handlers": [], "level": "WARNING", "propagate": False}


@pytest.mark.skipif(not can_print(), reason="pango, which makes PDF files, is not installed")
def test_a_pdf_leaves_uploads_as_strict_as_they_were(client, role):
    """SEC-8: WeasyPrint would have the whole process accept pictures that are cut off."""
    client.get(role.get_absolute_url().rstrip("/") + ".pdf")

    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_one_who_waits_too_long_for_a_pdf_is_told(role, monkeypatch):
    monkeypatch.setattr(pdf, "PATIENCE", 0.01)
    with pdf.printing, pytest.raises(pdf.CannotPrintError, match="Try again"):
        as_pdf(Description("x", "en", "x", []))


def test_a_text_of_a_book_is_no_pdf():
    with pytest.raises(pdf.CannotPrintError, match="too long"):
        as_pdf(Description("x", "en", "x", [Part("x", "x", "x" * (pdf.MOST_LETTERS + 1), "")]))


def test_files_push_no_count_out_of_the_cache(client, role, settings):
    """SEC-18: whoever fetches many files is still counted."""
    small = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 5}}
    settings.CACHES = {"default": small | {"LOCATION": "few counts"}, "files": small | {"LOCATION": "few files"}}
    address = role.get_absolute_url().rstrip("/") + ".txt"
    for _number in range(views.FILES_AT_ONCE):
        client.post(address, {"company": "x"})

    for _number in range(10):
        role.publish()
        assert client.get(address).status_code == 200

    assert client.post(address, {"company": "x"}).status_code == 429
