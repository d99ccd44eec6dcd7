"""The hiring kit: on the page, in copies and files by choice, and a count of the hard requirements."""

import io
import re

import pytest
from django.utils.translation import override
from docx import Document
from docx.oxml.ns import qn
from pypdf import PdfReader

from roles import kit
from roles.headings import heading_for
from roles.models import Section
from roles.pdf import can_print
from tests.factories import make_role, make_site, make_user, published_role

SECTIONS = {
    "introduction": "[Company] hires.",
    "required": "- SQL\n- Python\n    - asyncio\n- English",
    "mistakes": "- Not in the copy",
    "questions": "### What broke last?\nA cause, and no culprit.\n\n### And in [City]?\nA plan.",
    "scorecard": "Mark alone.\n\n- **Data**: reads a | b\n- Calm",
}


@pytest.fixture
def role(db):
    make_site()
    return published_role(title="Data Engineer", sections=SECTIONS)


def file_of(client, role, kind, extent=""):
    return client.get(f"{role.get_absolute_url().rstrip('/')}.{kind}", {"with": extent} if extent else {})


# --- the scorecard ---


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("- a\n- b", ["| a |  |  |  |  |  |", "| b |  |  |  |  |  |"]),
        ("1. a\n2. b", ["| a |  |  |  |  |  |", "| b |  |  |  |  |  |"]),
        ("- a\n\n- b", ["| a |  |  |  |  |  |", "| b |  |  |  |  |  |"]),
        ("- a\n  goes on\n- b|c", ["| a goes on |  |  |  |  |  |", "| b\\|c |  |  |  |  |  |"]),
        ("### Technical\n- a", ["| a |  |  |  |  |  |"]),
        ("- a\n\n  second\n  paragraph\n\n- b", ["| a<br>second paragraph |  |  |  |  |  |", "| b |  |  |  |  |  |"]),
        ("| What | Why |\n|---|---|\n| a | b |", ["| a | b |  |  |  |  |  |"]),
        ("What | Why\n--- | ---\na | b", ["| a | b |  |  |  |  |  |"]),
        ("What | Why\n:-- | ---\na | b\n | c", ["| a | b |  |  |  |  |  |", "| c |  |  |  |  |  |"]),
    ],
)
def test_a_list_or_a_table_of_criteria_gets_columns_for_marks_and_notes(body, rows):
    table = [line for line in kit.scorecard(body).splitlines() if line.startswith("|")]

    assert table[0].endswith("| 1 | 2 | 3 | 4 | Notes |")
    assert set(table[1]) <= set("|-: ")
    assert table[2:] == rows


def test_a_scorecard_is_a_table_whose_rows_and_columns_have_names(client, role):
    page = client.get(role.get_absolute_url()).content.decode()
    table = re.search(r'id="scorecard".*?(<table>.*?</table>)', page, re.DOTALL)[1]

    assert re.findall(r'<th scope="col">(.*?)</th>', table) == ["Criterion", "1", "2", "3", "4", "Notes"]
    assert re.findall(r'<th scope="row">(.*?)</th>', table) == ["<strong>Data</strong>: reads a | b", "Calm"]
    assert table.count("<td></td>") == 2 * 5


def test_each_heading_has_a_table_of_its_own():
    html = kit.render_body("scorecard", "### Technical\n- a\n\n  more\n### Together\n\n- b\n\nThe end.\n\n  Or not.")

    names = re.findall(r"<h3>(.*?)</h3>|<th scope=\"row\">(.*?)</th>|<p>(The end.|Or not.)</p>", html)
    assert [max(name) for name in names] == ["Technical", "a<br>more", "Together", "b", "The end.", "Or not."]
    assert html.count("<table>") == 2


def test_a_scorecard_without_a_list_stays_a_text():
    assert kit.scorecard("Title\n---") == "Title\n---"
    assert kit.scorecard("Only words.") == "Only words."
    assert kit.scorecard("") == ""


def test_headings_and_the_table_are_in_the_language_of_the_role(client, db):
    make_site()
    role = published_role(title="Head of Data", language="de", sections=SECTIONS)
    page = client.get(role.get_absolute_url()).content.decode()

    with override("de"):
        for kind in kit.KINDS:
            assert f">{heading_for(kind, 'Head of Data')}</h2>" in page
    assert '<th scope="col">Notizen</th>' in page


# --- on the page ---


def test_questions_are_cards_and_the_kit_is_copied_by_itself(client, role):
    page = client.get(role.get_absolute_url()).content.decode()
    questions = re.search(r'<section id="questions" class="(.*?)" data-with="(.*?)".*?</section>', page, re.DOTALL)

    assert "noprint" in questions[1]
    assert questions[2] == "kit all"
    assert re.findall(r"<h3>(.*?)</h3>", questions[0]) == ["What broke last?", "And in [City]?"]
    for kind in kit.KINDS:
        assert f'data-copy="#{kind}"' in page
    assert 'data-copy="#mistakes"' not in page
    assert 'id="mistakes" class="noprint" data-with="all"' in page


def test_the_choice_is_offered_and_the_kit_only_where_there_is_one(client, role):
    without = published_role(sections={"introduction": "Text"})

    page = client.get(role.get_absolute_url()).content.decode()
    other = client.get(without.get_absolute_url()).content.decode()

    choice = r'name="with" value="(.*?)" form="take"( checked)?'
    assert re.findall(choice, page) == [("", " checked"), ("kit", ""), ("all", "")]
    assert re.findall(choice, other) == [("", " checked"), ("all", "")]


# --- the meter ---


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 must-have. Up to 6"), (6, "6 must-haves. Up to 6"), (7, "7 must-haves, where 6 are plenty")],
)
def test_a_meter_counts_the_hard_requirements_and_says_what_is_sensible(client, db, count, words):
    make_site()
    role = published_role(sections={"required": "\n".join(f"- Skill {number}" for number in range(count))})

    page = client.get(role.get_absolute_url()).content.decode()

    assert re.search(rf'<meter [^>]*value="{count}"', page)
    assert words in page


def test_what_is_nested_in_a_requirement_is_no_requirement_and_no_list_has_no_meter(client, role):
    prose = published_role(sections={"required": "Bring what you have."})

    assert 'value="3"' in re.search(r"<meter.*?>", client.get(role.get_absolute_url()).content.decode())[0]
    assert "<meter" not in client.get(prose.get_absolute_url()).content.decode()


# --- files ---


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        ("", ["Introduction", "Required skills and experience"]),
        ("nonsense", ["Introduction", "Required skills and experience"]),
        ("kit", ["Introduction", "Required skills and experience", "KIT"]),
        ("all", ["Introduction", "Required skills and experience", "Mistakes to avoid", "KIT"]),
    ],
)
def test_files_hold_what_was_chosen(client, role, extent, expected):
    names = [heading_for(kind, "Data Engineer") for kind in ("questions", "scorecard")]
    expected = [name for part in expected for name in (names if part == "KIT" else [part])]

    document = Document(io.BytesIO(file_of(client, role, "docx", extent).content))
    markdown = file_of(client, role, "md", extent).content.decode()
    posted = client.post(f"{role.get_absolute_url().rstrip('/')}.txt", {"with": extent}).content.decode()

    assert [p.text for p in document.paragraphs if p.style.name == "Heading 2"] == expected
    assert re.findall(r"^## (.*)", markdown, re.MULTILINE) == expected
    assert [name for name in expected if f"\n{name}\n---" in posted] == expected


def test_in_markdown_files_links_lead_to_the_site(client, role, settings):
    role.sections.filter(kind="mistakes").update(body="- [Call us](/consultation/), [City]\n\n`[a](/b/)`")
    role.publish()

    markdown = file_of(client, role, "md", "all").content.decode()

    assert f"- [Call us]({settings.SITE_URL}/consultation/), [City]\n" in markdown
    assert "`[a](/b/)`" in markdown


def test_each_choice_has_a_file_of_its_own_in_the_cache(client, role):
    kept = [file_of(client, role, "md", extent).content for extent in ("", "kit", "all", "")]

    assert len(set(kept)) == 3
    assert kept[0] == kept[3]


def test_word_has_the_scorecard_as_a_table_with_a_repeated_heading(client, role):
    document = Document(io.BytesIO(file_of(client, role, "docx", "kit").content))
    table = document.tables[0]

    assert [cell.text for cell in table.rows[0].cells] == ["Criterion", "1", "2", "3", "4", "Notes"]
    assert [row.cells[0].text for row in table.rows][1:] == ["Data: reads a | b", "Calm"]
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert table.columns[0].width > 4 * table.columns[1].width
    assert ("Heading 3", "What broke last?") in [(p.style.name, p.text) for p in document.paragraphs]


def test_markdown_and_text_have_the_scorecard_as_rows(client, role):
    markdown = file_of(client, role, "md", "kit").content.decode()
    text = file_of(client, role, "txt", "kit").content.decode()

    assert "| Criterion | 1 | 2 | 3 | 4 | Notes |\n| --- | --- |" in markdown
    assert "| **Data**: reads a \\| b |  |  |  |  |  |" in markdown
    assert "Criterion | 1 | 2 | 3 | 4 | Notes\nData: reads a | b |" in text


@pytest.mark.skipif(not can_print(), reason="pango, which makes PDF files, is not installed")
def test_pdf_has_the_kit(client, role):
    pdf = PdfReader(io.BytesIO(file_of(client, role, "pdf", "kit").content))
    words = " ".join("".join(page.extract_text() for page in pdf.pages).split())

    assert "What broke last? A cause, and no culprit." in words
    assert "Criterion 1 2 3 4 Notes" in words


# --- the editor's form ---


def test_a_new_role_begins_without_a_kit_and_an_editor_may_add_one(admin_client):
    page = admin_client.get("/admin/roles/role/add/").content.decode()
    chosen = re.findall(r'<option value="(\w+)" selected>', page)

    assert not kit.KINDS & set(chosen)
    assert {"introduction", "required", "contact"} <= set(chosen)
    assert all(f'<option value="{kind}">' in page for kind in kit.KINDS)


def test_a_restored_revision_keeps_the_list_as_it_was_typed(role):
    role.sections.filter(kind="scorecard").update(body="- Changed")
    role.restore(role.revisions.get(number=1), by=make_user())

    assert role.sections.get(kind="scorecard").body == SECTIONS["scorecard"]


def test_the_kit_is_not_in_copy_unless_an_editor_says_so(db):
    role = make_role(sections=SECTIONS)

    assert not kit.KINDS & Section.IN_COPY
    assert not role.sections.filter(kind__in=kit.KINDS, in_copy=True).exists()
