"""Roles in a spreadsheet, there and back: what differs is shown, applied all or not at all, and undone."""

import contextlib
import csv
import io
import re
import zipfile
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from recruitcms.changes import version_of
from recruitcms.models import BulkChange
from recruitcms.sheets import MOST_BYTES, SheetError
from roles import sheet_files, sheets
from roles.models import Role, RoleRevision
from tests.factories import make_category, make_person, make_role, make_user, published_role

SHEET = "admin:roles_role_sheet"
database = pytest.mark.django_db


def download(client, kind="csv", **query):
    return client.get(reverse("admin:roles_role_download", args=[kind]), query)


def rows_in(response):
    """Return a downloaded CSV file as one dictionary for each role, and apostrophes as they are."""
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def upload(client, content, name="roles.csv"):
    content = content.encode() if isinstance(content, str) else content
    return client.post(reverse(SHEET), {"sheet": SimpleUploadedFile(name, content)}, follow=True)


def send(client, rows, columns=None):
    """Upload rows as CSV, and return the change that they ask for."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns or list(rows[0]), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    upload(client, buffer.getvalue())
    return BulkChange.objects.latest("pk")


def workbook(*rows, title="Roles", before=()):
    """Return a workbook's bytes, after other sheets where there are some to be before it."""
    book = Workbook()
    book.remove(book.active)
    for number, other in enumerate(before):
        book.create_sheet(f"Other {number}").append(other)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def apply(client, change):
    return client.post(reverse("admin:roles_role_apply", args=[change.pk]), follow=True)


def undo(client, change):
    return client.post(reverse("admin:roles_role_undo", args=[change.pk]), follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


def cells_of(change):
    return {row["title"]: row["cells"] for row in change.rows}


def words_of(change):
    return [(problem["line"], problem["column"], problem["words"]) for problem in change.problems]


# --- there and back ---


@database
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_sheet_that_nobody_edited_changes_nothing(admin_client, kind):
    make_role(title="=1+1", summary="'quoted' „cudzysłów”; a,b\nc", search_title="-x")
    make_role(title="", title_plural=" +spaces ", slug="untitled")
    names = [make_category(name="Data"), make_category(name="data")]
    for category in names:
        make_role(category=category)

    upload(admin_client, download(admin_client, kind).content, f"roles.{kind}")

    change = BulkChange.objects.get()
    assert (change.rows, change.problems, change.notes, change.unchanged) == ([], [], [], 4)


@database
def test_edits_are_shown_then_applied_then_undone(admin_client, admin_user):
    cloud, anna = make_category(name="Cloud"), make_person(name="Anna")
    role = make_role(title="Old", slug="old", summary="Old words.")
    before = Role.objects.values().get()
    row = rows_in(download(admin_client))[0]
    row |= {"title": "New", "slug": "new", "summary": "", "category": "cloud", "author": "Anna"}

    change = send(admin_client, [row])
    page = admin_client.get(reverse("admin:roles_role_change_of_many", args=[change.pk])).content.decode()

    assert cells_of(change) == {
        "Old": {
            "title": ["Old", "New"],
            "slug": ["old", "new"],
            "summary": ["Old words.", ""],
            "category": [role.category_id, cloud.pk],
            "author": [role.author_id, anna.pk],
        }
    }
    assert f"<del>{role.category}</del>" in page
    assert "<ins>Cloud</ins>" in page
    assert Role.objects.values().get() == before

    applied = apply(admin_client, change)

    role.refresh_from_db()
    assert (role.title, role.slug, role.summary, role.category, role.author) == ("New", "new", "", cloud, anna)
    assert role.updated_by == admin_user
    assert role.updated_at > before["updated_at"]
    assert "1 page changed: “Old”." in said(applied)[0]

    undo(admin_client, change)

    after = Role.objects.values().get()
    assert {name for name in before if before[name] != after[name]} == {"updated_at", "updated_by_id"}


@database
def test_two_roles_exchange_their_addresses(admin_client):
    first, second = make_role(slug="one"), make_role(slug="two")
    rows = rows_in(download(admin_client))
    rows[0]["slug"], rows[1]["slug"] = rows[1]["slug"], rows[0]["slug"]

    change = send(admin_client, rows)
    apply(admin_client, change)

    assert [Role.objects.get(pk=role.pk).slug for role in (first, second)] == ["two", "one"]

    undo(admin_client, change)

    assert [Role.objects.get(pk=role.pk).slug for role in (first, second)] == ["one", "two"]


@database
def test_a_changed_address_of_a_live_page_waits_for_its_publishing_and_the_page_says_so(admin_client):
    published_role(slug="old")
    row = rows_in(download(admin_client))[0]

    change = send(admin_client, [row | {"slug": "new"}])
    shown = admin_client.get(reverse("admin:roles_role_change_of_many", args=[change.pk])).content.decode()
    apply(admin_client, change)

    assert "Live: the address changes when the page is published." in shown
    assert Role.objects.get().slug == "new"
    assert RoleRevision.objects.live().get().slug == "old"


@database
def test_rows_and_columns_that_are_missing_stay_as_they_are(admin_client):
    left, changed = make_role(title="Left", summary="Stays."), make_role(title="Changed", summary="Stays.")
    row = next(row for row in rows_in(download(admin_client)) if row["id"] == str(changed.pk))

    change = send(admin_client, [row | {"title": "New"}], columns=["title", "version", "id"])
    apply(admin_client, change)

    assert set(Role.objects.values_list("title", "summary")) == {("Left", "Stays."), ("New", "Stays.")}
    assert Role.objects.get(pk=left.pk).updated_at == left.updated_at


@database
def test_a_list_is_no_file_of_another_kind_nor_filtered_by_what_it_does_not_know(admin_client):
    make_role()

    odd = download(admin_client, nonsense__exact="1")

    assert download(admin_client, "exe").status_code == 404
    assert (odd.status_code, odd.url) == (302, reverse(SHEET))


@database
def test_the_list_is_downloaded_as_it_is_filtered_or_as_it_was_chosen(admin_client):
    published_role(title="Live")
    draft, other = make_role(title="Draft"), make_role(title="Other draft")

    filtered = download(admin_client, state="not_live", q="Other")
    data = {"action": "sheet_xlsx", "_selected_action": [draft.pk, other.pk]}
    chosen = admin_client.post(reverse("admin:roles_role_changelist"), data)

    assert [row["title"] for row in rows_in(filtered)] == ["Other draft"]
    cells = list(load_workbook(io.BytesIO(chosen.content)).active.values)
    assert [row[3] for row in cells] == ["title", "Draft", "Other draft"]
    assert "no-store" in chosen["Cache-Control"]


@database
def test_excel_in_countries_with_decimal_commas_gets_its_semicolons(admin_client):
    make_role(title="Rola; druga")

    polish = download(admin_client, "csv-semicolons").content

    assert polish.decode("utf-8-sig").startswith("id;version;language;")
    upload(admin_client, polish)
    assert BulkChange.objects.get().unchanged == 1


# --- nobody is overwritten ---


@database
def test_a_row_that_somebody_changed_since_is_left_out_and_named(admin_client, admin_user):
    stale, _fresh = make_role(title="Stale"), make_role(title="Fresh")
    rows = [row | {"summary": "From the sheet."} for row in rows_in(download(admin_client))]
    stale.summary, stale.updated_by = "By hand.", admin_user
    stale.save()

    change = send(admin_client, rows)
    apply(admin_client, change)

    assert list(cells_of(change)) == ["Fresh"]
    assert [problem["title"] for problem in change.problems] == ["Stale"]
    assert f"by {admin_user}, after this sheet was downloaded" in change.problems[0]["words"]
    assert dict(Role.objects.values_list("title", "summary")) == {"Stale": "By hand.", "Fresh": "From the sheet."}


@database
def test_nothing_is_applied_when_one_role_changes_between_looking_and_applying(admin_client):
    roles = [make_role(title="First"), make_role(title="Second")]
    change = send(admin_client, [row | {"summary": "New."} for row in rows_in(download(admin_client))])
    roles[1].save()

    refused = apply(admin_client, change)

    assert said(refused) == ["Nothing was changed:<br>“Second”: changed by somebody since."]
    assert set(Role.objects.values_list("summary", flat=True)) == {"Does the work."}


@database
def test_nothing_is_applied_when_an_address_or_a_category_goes_meanwhile(admin_client):
    make_role(title="First", slug="one")
    cloud = make_category(name="Cloud")
    row = rows_in(download(admin_client))[0] | {"slug": "wanted", "category": "Cloud", "title": "New"}
    change = send(admin_client, [row])
    make_role(title="Other", slug="wanted")
    cloud.delete()

    refused = apply(admin_client, change)

    assert "The address “wanted” belongs to “Other” now." in said(refused)[0]
    assert "What this would point to has been deleted." in said(refused)[0]
    assert Role.objects.filter(title="First", slug="one").exists()


@database
def test_a_change_is_applied_once(admin_client):
    make_role()
    change = send(admin_client, [rows_in(download(admin_client))[0] | {"title": "New"}])
    apply(admin_client, change)

    assert "has been applied already" in said(apply(admin_client, change))[-1]


@database
def test_an_undo_puts_back_cell_by_cell_and_never_takes_another_pages_address(admin_client):
    role = make_role(title="Old", slug="old", summary="Old.")
    row = rows_in(download(admin_client))[0] | {"title": "New", "slug": "new", "summary": "New."}
    change = send(admin_client, [row])
    apply(admin_client, change)
    Role.objects.filter(pk=role.pk).update(summary="By hand.")
    make_role(title="Squatter", slug="old")

    undo(admin_client, change)

    role.refresh_from_db()
    assert (role.title, role.slug, role.summary) == ("Old", "new", "By hand.")
    change.refresh_from_db()
    assert {(problem["column"], problem["words"]) for problem in change.problems} == {
        ("summary", "This has been changed since, and stays as it is."),
        ("slug", "The address “old” belongs to “Squatter” now."),
    }


# --- mistakes, by row and column ---


@database
def test_mistakes_are_named_by_row_and_column_and_stop_everything(admin_client):
    make_role(title="A", slug="a")
    make_role(title="B", slug="b")
    make_role(title="C", slug="c")
    make_category(name="Dane", language="pl")
    first, second, third = rows_in(download(admin_client))
    first |= {"title": "", "category": "Nowhere", "search_title": "x" * 71}
    second |= {"category": "Dane", "slug": "not an address", "language": "pl"}
    third |= {"category": "Dane", "slug": "not an address", "author": ""}
    missing = third | {"id": "999999"}

    change = send(admin_client, [first, second, third, third, missing, third | {"id": "seven"}])
    refused = apply(admin_client, change)

    said_of = {(line, column): words for line, column, words in words_of(change)}
    assert said_of[2, "title"] == "This cell must not be empty."
    assert said_of[2, "category"].startswith("There is no “Nowhere”. Known are: Category")
    assert "at most 70 characters (it has 71)" in said_of[2, "search_title"]
    assert said_of[3, ""] == "This role is in another language (English), and a sheet cannot change that."
    assert said_of[4, "category"] == "“Dane” is in another language (Polski) than this role."
    assert "valid “slug”" in said_of[4, "slug"]
    assert said_of[4, "author"] == "This cell must not be empty."
    assert said_of[5, ""] == "The same role stands in row 4 already."
    assert said_of[6, ""] == said_of[7, ""] == "There is no role with this number."
    assert "cannot be applied" in said(refused)[-1]
    assert set(Role.objects.values_list("title", flat=True)) == {"A", "B", "C"}


@database
def test_one_address_for_two_is_refused_in_the_file_and_against_the_site(admin_client):
    for title, slug in (("A", "a"), ("B", "b"), ("C", "c")):
        make_role(title=title, slug=slug)
    make_role(title="Polska", slug="c-pl", language="pl")
    rows = {row["title"]: row for row in rows_in(download(admin_client))}

    inside = send(admin_client, [rows["A"] | {"slug": "same"}, rows["B"] | {"slug": "same"}])
    outside = send(admin_client, [rows["A"] | {"slug": "c"}])
    elsewhere = send(admin_client, [rows["Polska"] | {"slug": "c"}])

    assert words_of(inside) == [
        (2, "slug", "“B” has or gets this address too."),
        (3, "slug", "“A” has or gets this address too."),
    ]
    assert words_of(outside) == [(2, "slug", "“C” has or gets this address too.")]
    assert words_of(elsewhere) == []
    assert [change.can_be_applied for change in (inside, outside, elsewhere)] == [False, False, True]


@database
def test_unknown_columns_are_named_and_doubled_ones_refused(admin_client):
    role = make_role()
    line = f"{role.pk},{version_of(role)}"

    upload(admin_client, f"ID,Version,Colour,Title\n{line},red,New\n")
    unknown = BulkChange.objects.get()
    upload(admin_client, f"id,version,title,tytuł\n{line},One,Two\n")
    doubled = BulkChange.objects.latest("pk")

    assert unknown.notes == ["These columns are not read: “Colour”."]
    assert cells_of(unknown)[role.title]["title"][1] == "New"
    assert words_of(doubled) == [(1, "title", "This column stands there twice.")]


@database
def test_a_row_that_is_cut_off_or_has_too_many_cells_is_named(admin_client):
    role = make_role()

    upload(admin_client, f"id,version,title\n{role.pk},{version_of(role)}\n")
    upload(admin_client, f"id,version,title\n{role.pk},{version_of(role)},One, two\n")

    upload(admin_client, "title,version,id\nOne\n")

    shortest, long, short = BulkChange.objects.all()
    assert "The row has fewer cells (1) than the heading (3)" in words_of(shortest)[0][2]
    assert "The row has fewer cells (2) than the heading (3)" in words_of(short)[0][2]
    assert "The row has more cells than the heading" in words_of(long)[0][2]


# --- files as people and others send them ---


def read(content):
    return sheet_files.read_table(content, sheets.is_heading)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_read_in_the_encodings_and_separators_of_excel(encoding, separator):
    text = separator.join(["id", "version", "title"]) + "\r\n" + separator.join(["1", "v1", "Zażółć"]) + "\r\n"

    table = read(text.encode(encoding))

    assert table.lines == [(2, ["1", "v1", "Zażółć"])]
    assert table.notes == []


def test_csv_in_windows_1250_is_read_with_a_warning():
    table = read("sep=;\r\nid;version;title\r\n1;v1;Zażółć gęślą jaźń\r\n".encode("cp1250"))

    assert table.lines == [(2, ["1", "v1", "Zażółć gęślą jaźń"])]
    assert "was read as Windows-1250" in table.notes[0]


def test_the_sheet_is_found_among_others_and_numbers_and_dates_are_texts():
    content = workbook(
        ["id", "version", "title", "summary"], [5.0, "v1", 404, date(2026, 11, 3)], before=[["Notes"], []]
    )

    assert read(content).lines[0].cells[:4] == ["5", "v1", "404", "2026-11-03T00:00:00"]


def test_formulas_and_errors_are_never_taken_for_texts():
    table = read(workbook(["id", "version", "title", "slug"], [1, "v1", '=HYPERLINK("http://x")', "#REF!"]))

    cells = table.lines[0].cells
    assert [type(cell) for cell in cells[2:4]] == [sheet_files.Unreadable, sheet_files.Unreadable]
    assert "formula" in cells[2]


@database
def test_a_formula_is_an_error_of_its_cell(admin_client):
    role = make_role()
    content = workbook(["id", "version", "title"], [role.pk, version_of(role), "=1+1"])

    upload(admin_client, content, "roles.xlsx")

    assert words_of(BulkChange.objects.get()) == [(2, "title", "This cell holds a formula. Put the text itself there.")]


def zipped(**parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return buffer.getvalue()


def repacked(content, part, change):
    """Return a workbook with one part changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return buffer.getvalue()


def merged():
    book = Workbook()
    book.active.append(["id", "version", "title"])
    book.active.append([1, "v1", "One"])
    book.active.merge_cells("C2:C3")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


SIMPLE = workbook(["id", "version", "title"], [1, "v1", "One"])
SHEET_PART = "xl/worksheets/sheet1.xml"
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def with_prologue(prologue):
    return repacked(SIMPLE, SHEET_PART, lambda data: prologue + data)


def with_size_declared_small(content):
    """Return a zip whose directory says that its first part unpacks to ten bytes."""
    at = content.index(b"PK\x01\x02")
    return content[: at + 24] + (10).to_bytes(4, "little") + content[at + 28 :]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "first row must name the columns"),
        (b"just words\n", "first row must name the columns"),
        (b"title,slug\nOne,one\n", "first row must name the columns"),
        (b'id,version\n1,"v1\n2,v2\n', "Row 2 cannot be read"),
        (b"id,version\n1," + b"x" * 140_000, "Row 2 cannot be read"),
        (b"id,version" + b"," * 2_000_000, "Row 1 has more than 40 cells"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "no text of a table"),
        (b"id,version\n1,\x81\x83", "letters of this file cannot be read"),
        (b"\xff\xfei", "first row must name the columns"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "has a password"),
        (b"PK\x03\x04 and then nothing", "broken"),
        (SIMPLE[:-200], "broken"),
        (zipped(word__document_xml="<x/>"), "no Excel workbook"),
        (zipped(xl__workbook_xml="<x/>"), "broken"),
        (workbook(["title", "slug"], ["One", "one"], title="Plan"), "“Plan”"),
        (workbook(title="Empty"), "“Empty”"),
        (merged(), "merged cells"),
        (with_prologue(BOMB), "defines entities"),
        (with_prologue(OUTSIDE), "defines entities"),
        (zipped(xl__workbook_xml="<x/>", bomb=b"0" * 21_000_000), "far larger inside"),
        (zipped(xl__workbook_xml=b"<" * 100_001), "far larger inside"),
        (repacked(SIMPLE, SHEET_PART, lambda data: data + b"<" * 700_001), "far larger inside"),
        (zipped(xl__workbook_xml="", **{f"part{number}": "" for number in range(201)}), "far larger inside"),
        (with_size_declared_small(SIMPLE), "broken"),
        (b"id,version\n" + b"1,v1\n" * 100_000, "more than 5000 rows"),
        (b"x" * (MOST_BYTES + 1), "larger than 5 MB"),
        (repacked(SIMPLE, SHEET_PART, lambda data: data.replace(b'r="2"', b'r="1048576"')), "more than 5000 rows"),
        (repacked(SIMPLE, SHEET_PART, lambda data: data.replace(b't="n"><v>1<', b't="s"><v>9<')), "broken"),
    ],
)
def test_what_is_no_such_sheet_is_refused_in_words(content, words):
    with pytest.raises(SheetError) as refused:
        read(content)

    assert words in str(refused.value)


@given(content=st.binary(max_size=300), place=st.integers(0, len(SIMPLE) - 1), byte=st.integers(0, 255))
@settings(deadline=None, max_examples=150)
def test_bytes_of_any_kind_are_read_or_refused_in_words(content, place, byte):
    damaged = SIMPLE[:place] + bytes([byte]) + SIMPLE[place + 1 :]

    for file in (content, b"id,version\n" + content, damaged):
        with contextlib.suppress(SheetError):
            read(file)


def test_a_claim_of_great_size_is_not_believed():
    content = repacked(SIMPLE, SHEET_PART, lambda data: data.replace(b'ref="A1:C2"', b'ref="A1:XFD1048576"'))

    assert [line.cells[:3] for line in read(content).lines] == [["1", "v1", "One"]]


def test_a_hundred_thousand_rows_of_a_workbook_are_refused_before_they_are_read():
    cell = b'<c r="A1"><v>1</v></c>'
    rows = b"".join(b"<row>" + cell * 4 + b"</row>" for _number in range(100_000))

    with pytest.raises(SheetError):
        read(repacked(SIMPLE, SHEET_PART, lambda data: data.replace(b"<sheetData>", b"<sheetData>" + rows)))


@database
def test_a_refused_file_is_said_by_the_field(admin_client):
    broken = upload(admin_client, b"PK\x03\x04", "roles.xlsx")
    nothing = admin_client.post(reverse(SHEET))

    assert "This workbook is broken" in broken.context["form"].errors["sheet"][0]
    assert "sheet" in nothing.context["form"].errors
    assert not BulkChange.objects.exists()


@database
def test_only_those_who_may_change_roles_take_or_send_sheets(client):
    change = BulkChange.objects.create(model_label="roles.role", title="Theirs")
    client.force_login(make_user(group="Lead handlers"))

    answers = [
        client.get(reverse(SHEET)),
        client.get(reverse("admin:roles_role_download", args=["csv"])),
        client.get(reverse("admin:roles_role_change_of_many", args=[change.pk])),
        client.post(reverse("admin:roles_role_apply", args=[change.pk])),
        client.post(reverse("admin:roles_role_undo", args=[change.pk])),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5


@database
def test_nothing_is_applied_by_a_link(admin_client):
    change = BulkChange.objects.create(model_label="roles.role", title="Mine")

    for act in ("apply", "undo"):
        assert admin_client.get(reverse(f"admin:roles_role_{act}", args=[change.pk])).status_code == 405
    assert download(admin_client, "exe").status_code == 404


@database
def test_what_was_uploaded_and_never_applied_goes_after_a_week(admin_client, clock):
    make_role()
    kept = send(admin_client, [rows_in(download(admin_client))[0] | {"title": "New"}])
    apply(admin_client, kept)
    upload(admin_client, download(admin_client).content)
    clock.shift(timedelta(days=8))

    upload(admin_client, download(admin_client).content)

    assert BulkChange.objects.count() == 2
    assert BulkChange.objects.filter(pk=kept.pk).exists()


# --- whatever the words are ---

WORDS = st.text(st.characters(codec="utf-8"), max_size=60)


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5), kind=st.sampled_from(["csv", "xlsx"]))
def test_any_text_survives_both_ways(rows, kind):
    table = [["id", "version", "title"], *([f"x{first}", "v1", second] for first, second in rows)]
    content = sheet_files.write_csv(table) if kind == "csv" else sheet_files.write_xlsx(table, "Roles", [9, 9, 9])

    lines = read(content).lines

    expected = [[sheet_files.printable(cell) for cell in row] for row in table[1:]]
    assert [line.cells[:3] for line in lines] == expected


@given(text=st.text(st.sampled_from(["=", "+", "-", "@", "＝", "'", "\t", "\n", " ", "a", ";", '"']), max_size=6))
def test_no_csv_cell_begins_as_a_formula_and_the_guard_comes_off_again(text):
    content = sheet_files.write_csv([["id", "version", text]]).decode("utf-8-sig")

    written = next(csv.reader(io.StringIO(content, newline="")))[2]
    assert not re.search(r"(^|[;\t\n])\s*[=+\-@＝]", written)  # nor a cell that another separator makes of it
    assert read(f"id,version,x\r\n{content}".encode()).lines[0].cells[2] == text
