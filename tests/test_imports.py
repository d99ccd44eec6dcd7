"""What comes in from WordPress, Word and Markdown of any make, and what is refused."""

import base64
import gc
import io
import json
import re
import tracemalloc
import zipfile
from collections import Counter
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.core.management.base import CommandError

from recruitcms.models import Page, Redirect
from roles.models import Role
from roles.moving.applying import apply_item, apply_run
from roles.moving.archives import check_archive
from roles.moving.incoming import Seen, UnreadableError
from roles.moving.markdown_files import read_markdown
from roles.moving.models import ImportItem, ImportRun, Origin
from roles.moving.reading import Opened, pasted, read, unpacked
from roles.moving.report import report_csv
from roles.moving.runs import read_into_run
from roles.moving.shortcodes import to_html
from roles.moving.states import fingerprint, state_of
from roles.moving.wordpress import Stream, read_export
from tests.corpora.wordpress import FOOT, HEAD, cdata, export
from tests.factories import image_file, make_category, make_person, make_role, make_user, published_role
from tests.test_admin_publishing import form_of


def wordpress(body, version="1.2"):
    return HEAD.format(version=version) + body + FOOT


def entry(content="", more="", title="A role", kind="post", status="publish"):
    return (
        f"<item><title>{title}</title><link>https://old.example/jobs/a-role/</link><dc:creator>ada</dc:creator>"
        f"<content:encoded>{content}</content:encoded><wp:post_id>7</wp:post_id><wp:status>{status}</wp:status>"
        f"<wp:post_type>{kind}</wp:post_type>{more}</item>"
    )


def meta(**values):
    return "".join(
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value>{cdata(value)}</wp:meta_value></wp:postmeta>"
        for key, value in values.items()
    )


def items_of(xml, seen=None):
    data = xml if isinstance(xml, bytes) else xml.encode()
    return list(read_export(io.BytesIO(data), seen or Seen()))


def kinds(item):
    return [(part["kind"], part["heading"], part["body"]) for part in item.sections]


def archive_of(*files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer


# --- WordPress ---


def test_an_entry_is_read_with_all_that_goes_with_it():
    more = (
        f"<excerpt:encoded>{cdata('In <b>short</b>.')}</excerpt:encoded><wp:post_name>a-role</wp:post_name>"
        '<category domain="category" nicename="data">Data</category>'
        + meta(
            _yoast_wpseo_title="A role %%sep%% %%sitename%%", rank_math_description="All of it", _wp_old_slug="older"
        )
        + meta(salary_note="Between ten and twenty", _edit_lock="1:1")
    )

    item = items_of(wordpress(entry(cdata("<h2>Key responsibilities</h2>Own it."), more)))[0]

    assert (item.title, item.slug, item.author, item.category) == ("A role", "a-role", "Ada Nowak", "Data")
    assert kinds(item) == [("duties", "Key responsibilities", "Own it.")]
    assert item.fields["summary"] == "In short."
    assert (item.fields["search_title"], item.fields["search_description"]) == ("A role", "All of it")
    assert item.old_paths == ["/jobs/a-role/", "/jobs/older/"]
    assert item.notes == ["Left out: custom field salary_note: “Between ten and twenty”"]
    assert (item.source, item.key) == ("wordpress old.example", "7")


def test_what_is_no_page_is_left_out_with_a_reason():
    xml = wordpress(
        entry(kind="nav_menu_item") + entry(status="trash") + entry(kind="wp_template") + entry(kind="attachment")
    )

    assert [(item.target, item.notes) for item in items_of(xml)] == [
        ("leave", ["Left out: an entry of a menu"]),
        ("leave", ["Left out: in the bin"]),
        ("leave", ["Left out: of the type wp_template"]),
        ("leave", ["Left out: a file of the media library"]),
    ]


def test_languages_and_translations_of_polylang_and_wpml_are_read():
    polylang = '<category domain="language" nicename="pl">Polski</category>'
    polylang += '<category domain="post_translations" nicename="pll_1">x</category>'
    wpml = meta(_wpml_import_language_code="pl", _wpml_import_translation_group="12")

    found = items_of(wordpress(entry(more=polylang) + entry(more=wpml) + entry()))

    assert [(item.language, item.group) for item in found] == [("pl", "pll_1"), ("pl", "12"), ("en", "")]


def test_names_of_other_namespaces_are_not_taken_for_wordpress_ones():
    foreign = '<x:encoded xmlns:x="http://other.example/">No</x:encoded><media:title>No</media:title>'
    foreign += '<x:post_id xmlns:x="http://other.example/">99</x:post_id><x:category xmlns:x="u">No</x:category>'

    item = items_of(wordpress(entry("Yes.", foreign)))[0]

    assert (item.title, item.key, item.category, kinds(item)) == ("A role", "7", "", [("introduction", "", "Yes.")])


def test_other_prefixes_and_versions_are_read():
    xml = wordpress(entry("Yes."), version="1.1").replace("wp:", "w:").replace("xmlns:wp=", "xmlns:w=")
    xml = xml.replace("content:", "c:").replace("xmlns:content", "xmlns:c")

    assert kinds(items_of(xml)[0]) == [("introduction", "", "Yes.")]


def test_control_characters_bad_bytes_and_split_cdata_do_not_stop_the_reading():
    xml = wordpress(entry(cdata("One\x0b two ]]> three \x08four") + "&#x0B;five &#8; six")).encode()

    item = items_of(xml.replace(b"three", b"thr\xffee"))[0]

    words = re.findall(r"\w+", item.sections[0]["body"])
    assert words == ["One", "two", "thr", "ee", "four", "five", "six"]


@pytest.mark.parametrize("size", [16, 17, 100, 1000])
def test_references_across_the_borders_of_chunks_are_whole(size, monkeypatch):
    text = "<rss>" + "a&#8;b&amp;" * 300 + "</rss>"
    stream = Stream(io.BytesIO(text.encode()))
    parts = iter(lambda: stream.read(size), "")

    assert "".join(parts) == text.replace("&#8;", " ")


def test_a_file_in_another_encoding_is_read():
    xml = wordpress(entry("Żółć.")).replace('encoding="UTF-8"', 'encoding="ISO-8859-2"')

    assert kinds(items_of(xml.encode("iso-8859-2"))[0]) == [("introduction", "", "Żółć.")]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("declaration", [BOMB, OUTSIDE, '<!DOCTYPE rss SYSTEM "http://x.example/x.dtd">'])
def test_declared_entities_and_document_types_are_refused(declaration):
    xml = wordpress(entry("Yes.")).replace("<rss", f"{declaration}<rss", 1)

    with pytest.raises(UnreadableError, match="declares entities or a document type"):
        items_of(xml)


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        ('<feed xmlns="http://www.w3.org/2005/Atom"/>', "begins with <feed>"),
        ("<rss><channel><item><title>x</title></item></channel></rss>", "it has no WXR version"),
        ("nothing", "damaged at line 1"),
        ("", "breaks off at line 1"),
        ("<rss>" + "<a>" * 100, "nested too deeply"),
        ('<?xml version="1.0" encoding="klingon"?><rss/>', "encoding is unknown"),
    ],
)
def test_what_is_no_export_is_refused_in_words(xml, sentence):
    with pytest.raises(UnreadableError, match=sentence):
        items_of(xml)


@pytest.mark.parametrize(
    "html", ["<title>" * 200_000, "<p " * 160_000, "<b>a</b>" * 100_000, "<" * 1_000_000], ids=lambda html: html[:7]
)
def test_html_without_an_end_is_read_at_once(html):
    """Each of these took minutes, and the whole site with them."""
    (item,) = read([Opened("job.html", io.BytesIO(html.encode()))], Seen())

    assert item.title == "Job"


def test_a_word_document_of_countless_paragraphs_is_refused_before_it_fills_the_memory():
    body = "".join(f'<w:p w:rsidR="{number:08x}"/>' for number in range(160_000))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("word/document.xml", f'<w:document xmlns:w="x"><w:body>{body}</w:body></w:document>')
    buffer.seek(0)

    with pytest.raises(UnreadableError, match="too long for one page"):
        list(read([Opened("job.docx", buffer)], Seen()))


def test_a_truncated_file_gives_what_is_whole_and_says_the_line():
    xml = wordpress(entry("One.") + entry("Two."))[: -len(FOOT) - 60]
    found = []

    with pytest.raises(UnreadableError, match=r"breaks off at line \d+"):
        found.extend(read_export(io.BytesIO(xml.encode()), Seen()))
    reading = read_export(io.BytesIO(xml.encode()), Seen())

    assert kinds(next(reading)) == [("introduction", "", "One.")]


def test_one_item_of_many_megabytes_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr("roles.moving.wordpress.ITEM_BYTES", 100_000)

    with pytest.raises(UnreadableError, match="One item is larger"):
        items_of(wordpress(entry("word " * 40_000)))


def test_the_memory_does_not_grow_with_the_number_of_items():
    def peak(number):
        data = wordpress(entry(cdata("<p>One.</p>" * 200)) * number).encode()
        tracemalloc.start()
        for _item in read_export(io.BytesIO(data), Seen()):
            gc.collect()
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(2)

    assert peak(40) < peak(10) + 100_000


def test_html_that_a_page_builder_keeps_in_base64_is_read_and_its_scripts_are_left_out():
    html = base64.b64encode(quote("<p>Kept in <b>base64</b>.</p>").encode()).decode()
    script = base64.b64encode(b"alert(1)").decode()
    text = f"[vc_raw_html]{html}[/vc_raw_html][vc_raw_js]{script}[/vc_raw_js][vc_raw_html]Plain words.[/vc_raw_html]"

    notes: list[str] = []
    found = to_html(text, seen := Counter(), notes)

    assert "<p>Kept in <b>base64</b>.</p>" in found
    assert "Plain words." in found
    assert "alert" not in found
    assert script not in found
    assert notes == ["Left out: a script"]
    assert seen == {"vc_raw_html": 2, "vc_raw_js": 1}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('+++\ntitle = "A"\n+++\n\n## duties\n- One\n\n## riddles\n- Two\n', "no kind of section is called riddles"),
        ('+++\ntitle = "A"\n+++\n\n## duties\n- One\0\n', "a character in it that no database keeps"),
    ],
)
def test_a_role_file_that_cannot_be_kept_is_refused_by_name(text, sentence):
    with pytest.raises(UnreadableError, match=f"job.md: .*{sentence}"):
        read_markdown("job.md", text)


def test_shortcodes_are_unwrapped_listed_and_words_to_fill_in_are_kept():
    text = '[vc_row][vc_column_text]Work at [Company] with [four] others.[/vc_column_text][/vc_row][gallery ids="1"]'
    seen = Seen()

    item = items_of(wordpress(entry(cdata(text))), seen)[0]

    assert kinds(item) == [("introduction", "", "Work at [Company] with [four] others.")]
    assert dict(seen.shortcodes) == {"vc_row": 1, "vc_column_text": 1, "gallery": 1}
    assert item.notes == ['Left out: [gallery ids="1"]']


def test_a_page_that_only_elementor_knows_is_read():
    text = {"settings": {"editor": "<p>Own it.</p>"}, "elements": []}
    tabs = {"settings": {"tabs": [{"tab_title": "Benefits", "tab_content": "Pay"}]}}
    data = [{"elements": [{"settings": {"title": "Key responsibilities"}}, text, tabs]}]

    item = items_of(wordpress(entry(more=meta(_elementor_data=json.dumps(data)))))[0]

    assert kinds(item) == [("duties", "Key responsibilities", "Own it."), ("offer", "Benefits", "Pay")]


# --- Word, pasted text, Markdown ---

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def word_file(*paragraphs):
    """Return a Word document; each paragraph is (style, text), and style "list" a bullet."""
    body = "".join(
        f"<w:p><w:pPr>{_style(style)}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>" for style, text in paragraphs
    )
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/></w:style>'
        for name in ("Title", "heading 1", "heading 2")
    )
    bullets = '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>'
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    return archive_of(
        ("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types"><Override PartName="/word/document.xml" ContentType="{kind}.document.main+xml"/></Types>'),
        ("_rels/.rels", f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="word/document.xml"/></Relationships>'),
        ("word/_rels/document.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="s" Type="{RELATIONS}/styles" Target="styles.xml"/><Relationship Id="n" Type="{RELATIONS}/numbering" Target="numbering.xml"/></Relationships>'),
        ("word/document.xml", f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'),
        ("word/styles.xml", f'<w:styles xmlns:w="{WORD}">{styles}</w:styles>'),
        ("word/numbering.xml", f'<w:numbering xmlns:w="{WORD}">{bullets}<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'),
    )  # fmt: skip


def _style(style):
    if style == "list":
        return '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    return f'<w:pStyle w:val="{style}"/>' if style else ""


def test_a_word_document_is_read_by_its_headings():
    file = word_file(
        ("Title", "Welder"), ("", "Come."), ("heading1", "What you’ll do"), ("list", "Weld"), ("list", "Rest")
    )
    file.seek(0)

    item = next(read([Opened("job.docx", file)], Seen()))

    assert (item.title, item.type) == ("Welder", "Word document")
    assert kinds(item) == [("introduction", "", "Come."), ("duties", "What you’ll do", "- Weld\n- Rest")]


def test_text_pasted_from_word_loses_its_dress_and_keeps_its_lists():
    html = (
        "<html><head><style>p{color:red}</style></head><body><p class=MsoNormal><b>Requirements<o:p></o:p></b></p>"
        "<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·"
        "<span>&nbsp;&nbsp;</span></span><![endif]>Hands</p><p class=MsoListParagraph style='mso-list:l0 level2 lfo1'>"
        "<span style='mso-list:Ignore'>o</span>two</p><script>alert(1)</script><img src=x onerror=alert(1) alt='A hand'>"
    )

    item = pasted("Welder", "pl", html, "k")

    assert kinds(item) == [("required", "Requirements", "- Hands\n    - two\n\nA hand")]
    assert item.language == "pl"


def test_text_pasted_from_google_docs_is_read_by_its_styles():
    html = (
        '<b style="font-weight:normal" id="docs-internal-guid-1"><p><span style="font-weight:700">Benefits</span></p>'
        '<ul><li aria-level="1"><p role="presentation"><span style="font-weight:400">Pay</span></p></li></ul></b>'
    )

    assert kinds(pasted("A", "en", html, "k")) == [("offer", "Benefits", "- Pay")]


def test_plain_pasted_text_is_read_by_its_lines():
    text = "Job brief\nWe look for you.\nResponsibilities\nWrite code\nRequirements and skills\nHands"

    found = kinds(pasted("A", "en", text, "k"))

    assert found == [
        ("introduction", "Job brief", "We look for you."),
        ("duties", "Responsibilities", "Write code"),
        ("required", "Requirements and skills", "Hands"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: Welder\n---\n## Duties\n- Weld\n",
        '+++\ntitle = "Welder"\n+++\n## Duties\n* Weld\n',
        "# Welder\n\nDuties\n======\n\n- Weld\n".replace("======", "------"),
        "Welder\n======\n**Duties**\n\n• Weld",
        "<h1>Welder</h1>\n\n<h2>Duties</h2>\n<ul><li>Weld</li></ul>",
        "# Welder\n\n**Duties:**\n- [ ] Weld",
    ],
)
def test_markdown_of_any_make_is_read_alike(text):
    item = read_markdown("welder.md", text)

    assert (item.title, [(part["kind"], part["body"]) for part in item.sections]) == ("Welder", [("duties", "- Weld")])


def test_tables_code_links_and_html_words_are_kept():
    text = "# A\n\nUse `<b>` and List<String>, see [us][1].\n\n```\n# no heading\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[1]: https://x.example"

    body = read_markdown("a.md", text).sections[0]["body"]

    assert body == text.removeprefix("# A\n\n").split("\n\n[1]")[0].replace(
        "[us][1]", "[us](https://x.example)"
    ).replace("List<String>", "List&lt;String>")


@pytest.mark.parametrize(
    "front",
    ["a: &a [x, x]\nb: *a\n", "title: [unclosed\n", "x: !!python/object/apply:os.system ['true']\n", "[" * 5000 + "\n"],
)
def test_front_matter_that_is_broken_or_hostile_is_refused(front):
    with pytest.raises(UnreadableError, match="front matter"):
        read_markdown("a.md", f"---\ntitle: A\n{front}---\nText")


def test_rules_at_the_top_are_no_front_matter():
    item = read_markdown("my-job.md", "---\n\nFirst words.\n\n---\n\nMore words.\n")

    assert item.title == "My job"
    assert re.findall(r"\w+", item.sections[0]["body"]) == ["First", "words", "More", "words"]


# --- applying ---


@pytest.fixture
def rest(db):
    return {"author": make_person(name="Ada Nowak"), "category": make_category(name="Data & AI")}


def imported(name, content, rest, **changes):
    run = read_into_run(name, [Opened(name, io.BytesIO(content))])
    ImportRun.objects.filter(pk=run.pk).update(**rest)
    run.items.update(**changes)
    run.refresh_from_db()
    apply_run(run)
    return run


JOB = b"---\ntitle: Welder\n---\n## Duties\n\n- Weld\n\n## Requirements\n\n- Hands\n"


def test_the_paths_of_before_lead_to_the_page_once_it_is_live(client, rest):
    imported("wp.xml", export(1).xml.encode(), rest)
    role = Origin.objects.get(role__isnull=False).role
    before = client.get("/jobs/job-100/").status_code

    role.summary = "A summary."
    role.publish()

    after = client.get("/jobs/job-100/")
    assert (before, after.status_code, after["Location"]) == (404, 301, role.get_absolute_url())


def test_an_address_of_the_sites_own_is_left_alone(rest):
    imported("job.md", JOB.replace(b"title: Welder", b"title: Welder\naliases: [/people/, /jobs/welder/]"), rest)

    assert [row.old_path for row in Redirect.objects.all()] == ["/jobs/welder/"]


def test_what_a_forced_import_overwrites_is_kept_as_a_revision(rest):
    imported("job.md", JOB, rest)
    role = Role.objects.get()
    role.sections.filter(kind="duties").update(body="- What a colleague wrote")

    imported("job.md", JOB.replace(b"- Weld", b"- Weld pipes"), rest, force=True)

    kept = role.revisions.get()
    assert "- What a colleague wrote" in [row["body"] for row in kept.content["source"]["rows"]["sections"]]
    assert kept.live_from is None


def test_an_updated_draft_leaves_the_published_page_alone(rest):
    imported("job.md", JOB, rest)
    role = Role.objects.get()
    role.summary = "Welds."
    role.save()
    role.publish()
    Origin.objects.update(fingerprint=_mark(role))

    imported("job.md", JOB.replace(b"- Weld\n", b"- Weld twice\n"), rest)

    assert Role.objects.get().sections.get(kind="duties").body == "- Weld twice"
    assert role.live_revision.content["sections"][0]["body"] == "- Weld"


def _mark(role):
    return fingerprint(state_of(Role.objects.get(pk=role.pk)))


def test_what_was_deleted_here_stays_deleted(rest):
    imported("job.md", JOB, rest)
    Role.objects.get().delete()

    run = imported("job.md", JOB, rest)

    assert run.items.get().outcome == "left_out"
    assert run.items.get().notes == ["Was imported before and deleted here since."]
    assert not Role.objects.exists()


def test_an_address_that_is_taken_gets_a_number_and_keeps_it(rest):
    other = make_role(slug="welder")

    imported("job.md", JOB, rest)
    run = imported("job.md", JOB, rest)

    assert set(Role.objects.values_list("slug", flat=True)) == {"welder", "welder-2"}
    assert run.items.get().outcome == "unchanged"
    assert Role.objects.get(pk=other.pk).title == other.title


def test_a_role_file_does_not_overwrite_what_somebody_wrote_here(rest):
    role = make_role(slug="welder", title="Welder", summary="Ours.")
    text = f'+++\ntitle = "Welder"\nslug = "welder"\nauthor = "{role.author.slug}"\ncategory = "{role.category.slug}"\n+++\n\n## duties\n- Weld\n'

    left = imported("welder.md", text.encode(), rest)
    assert (left.items.get().outcome, Role.objects.get().summary) == ("changed_here", "Ours.")

    imported("welder.md", text.encode(), rest, force=True)

    assert [section.body for section in Role.objects.get().sections.all()] == ["- Weld"]


def test_one_bad_item_changes_nothing_of_itself_and_stops_no_other(rest):
    files = [Opened("a.md", io.BytesIO(JOB)), Opened("b.md", io.BytesIO(JOB.replace(b"Welder", b"Painter")))]
    run = read_into_run("x", files)
    ImportRun.objects.filter(pk=run.pk).update(**rest)
    bad = run.items.get(key="a.md")
    bad.content["sections"][1]["kind"] = "nonsense"
    bad.save()
    run.refresh_from_db()

    apply_run(run)

    assert [item.outcome for item in run.items.all()] == ["failed", "added"]
    assert [role.title for role in Role.objects.all()] == ["Painter"]
    assert not Origin.objects.filter(key="a.md").exists()


def test_a_text_without_duties_becomes_a_draft_page(rest):
    imported("story.md", b"# Our story\n\nOnce.\n\n## Later\n\nMore.", rest)

    page = Page.objects.get()
    assert (page.title, page.body) == ("Our story", "Once.\n\n### Later\n\nMore.")


# --- commands ---


def test_export_and_import_lose_nothing_and_write_the_same_bytes_again(rest, tmp_path):
    other = published_role(title="Other")
    role = make_role(
        {"introduction": "a\n\n## duties\n+++\n<!-- advice -->", "other": "  indented\n\n"},
        title='Say "+++"',
        title_plural="P",
    )
    role.related.add(other)
    role.sections.filter(kind="other").update(heading="“H” --> x", advice="A\n", note="N | t", in_copy=True)
    call_command("export_roles", str(tmp_path / "a"), verbosity=0)
    groups = set(Role.objects.values_list("translation_group", flat=True))
    Role.objects.all().delete()
    Origin.objects.all().delete()

    call_command("import_roles", str(tmp_path / "a"))
    call_command("export_roles", str(tmp_path / "b"))

    texts = [{path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.md")} for name in "ab"]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 2
    assert set(Role.objects.values_list("translation_group", flat=True)) == groups


def test_a_dry_run_changes_no_page_and_can_be_applied_later(rest, tmp_path, capsys):
    (tmp_path / "job.md").write_bytes(JOB)

    call_command("import_roles", str(tmp_path / "job.md"), "--dry-run", "--report", str(tmp_path / "report.csv"))
    assert not Role.objects.exists()
    assert "Welder" in (tmp_path / "report.csv").read_text()
    call_command("import_roles", "--apply", str(ImportRun.objects.get().pk))

    assert Role.objects.get().title == "Welder"
    assert f"Import {ImportRun.objects.get().pk}: Added 1." in capsys.readouterr().out


def test_a_broken_file_imports_nothing_and_offers_what_is_whole(rest, tmp_path):
    (tmp_path / "wp.xml").write_text(wordpress(entry("One.") + entry("Two."))[:-90])

    with pytest.raises(
        CommandError, match=r"breaks off at line \d+.* Nothing was imported. What could be read: --apply"
    ):
        call_command("import_roles", str(tmp_path / "wp.xml"))

    assert not Page.objects.exists()
    assert ImportItem.objects.count() == 1


def test_pictures_are_taken_from_the_folder_that_is_given(rest, tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "desk-100100.png").write_bytes(image_file().read())
    post = entry(cdata("<h2>Duties</h2>x<h2>Benefits</h2>y"), meta(_thumbnail_id="8"))
    file = entry(kind="attachment", more="<wp:attachment_url>https://o.example/u/desk-100100.png</wp:attachment_url>")
    (tmp_path / "wp.xml").write_text(wordpress(post + file.replace("<wp:post_id>7", "<wp:post_id>8")))

    call_command("import_roles", str(tmp_path / "wp.xml"), "--media", str(tmp_path / "media"))

    assert Role.objects.get().picture.name == "desk-100100"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Name the files to read"),
        (["job.md", "--apply", "1"], "Name the files to read"),
        (["none.md"], "There is no file"),
        (["--apply", "999999"], "There is no run 999999"),
        (["job.md", "--author", "nobody"], "There is no person with the address nobody"),
        (["job.md", "--category", "none"], "There is no category with the address none"),
    ],
)
def test_a_command_that_cannot_be_meant_so_changes_nothing_and_says_why(rest, tmp_path, monkeypatch, words, sentence):
    (tmp_path / "job.md").write_bytes(JOB)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CommandError, match=sentence):
        call_command("import_roles", *words)

    assert not Role.objects.exists()


def test_what_was_changed_here_is_told_and_overwritten_only_when_that_is_asked_for(rest, tmp_path, capsys):
    (tmp_path / "job.md").write_bytes(JOB)
    call_command("import_roles", str(tmp_path / "job.md"))
    Role.objects.update(title="Changed here")
    (tmp_path / "job.md").write_bytes(JOB.replace(b"Welder", b"Welder (m/f)"))

    call_command("import_roles", str(tmp_path / "job.md"))
    assert "Changed here since" in capsys.readouterr().err
    assert Role.objects.get().title == "Changed here"
    call_command("import_roles", str(tmp_path / "job.md"), "--overwrite")

    assert Role.objects.get().title == "Welder (m/f)"


def test_export_writes_an_archive_of_one_language_or_says_why_it_cannot(db, tmp_path, capsys):
    make_role(slug="welder")
    make_role(slug="spawacz", language="pl")

    call_command("export_roles", str(tmp_path / "roles.zip"), "--language", "pl")

    with zipfile.ZipFile(tmp_path / "roles.zip") as archive:
        assert [name for name in archive.namelist() if name.endswith(".md")] == ["pl/spawacz.md"]
    assert "1 roles written to" in capsys.readouterr().out
    with pytest.raises(CommandError, match=r"none/roles\.zip cannot be written: No such file or directory"):
        call_command("export_roles", str(tmp_path / "none" / "roles.zip"))


# --- archives ---


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("a.md", b"0" * 5_000_000)], "far more than it should"),
        ([(f"{number}.md", b"") for number in range(5001)], "more than 5000 files"),
    ],
)
def test_zip_bombs_are_refused(files, sentence):
    with pytest.raises(UnreadableError, match=sentence):
        check_archive(archive_of(*files))


def test_an_archive_that_lies_about_its_sizes_is_damaged():
    data = archive_of(("a.md", b"word " * 1000)).getvalue()
    lying = data.replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little"))

    with pytest.raises(UnreadableError, match="damaged"):
        list(read(unpacked("a.zip", io.BytesIO(lying)), Seen()))


@pytest.mark.parametrize(
    "part", ["<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "<?xml version='1.0'?>" + " " * 9000 + "<!DOCTYPE x><x/>"]
)
def test_a_word_document_with_a_document_type_is_refused(part):
    file = archive_of(("word/document.xml", part), ("[Content_Types].xml", "<Types/>"))
    file.seek(0)

    with pytest.raises(UnreadableError, match="declares entities"):
        list(read([Opened("a.docx", file)], Seen()))


@pytest.mark.parametrize("files", [[("x.txt", "y")], [("word/document.xml", "<broken")]])
def test_what_is_no_whole_word_document_is_refused(files):
    file = archive_of(*files)
    file.seek(0)

    with pytest.raises(UnreadableError, match=r"^a.docx: This (is no )?Word document"):
        list(read([Opened("a.docx", file)], Seen()))


def test_an_item_that_is_done_is_not_done_again(rest):
    run = imported("job.md", JOB, rest)
    item = run.items.get()
    stale = ImportItem.objects.get(pk=item.pk)
    stale.outcome = ""
    Origin.objects.all().delete()

    apply_item(stale)

    assert Role.objects.count() == 1


def test_a_role_file_with_a_character_that_no_database_keeps_is_refused():
    with pytest.raises(UnreadableError, match=r"U\+0000"):
        read_markdown("a.md", '+++\ntitle = "a\\u0000b"\n+++\n\n## duties\nx\n')


# --- limits and permissions ---


def allowed(*codenames):
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=["add_role", "change_role", *codenames]))
    return type(user).objects.get(pk=user.pk)


@pytest.mark.parametrize("front", ["", '+++\ntitle = "Long"\n+++\n\n'])
def test_more_sections_than_the_form_bears_are_joined_in_the_last_and_said(rest, front):
    heading = "## other: Part {}" if front else "## Part {}"
    sections = "\n\n".join(f"{heading.format(number)}\n\nSentence {number}." for number in range(250))

    run = imported("long.md", f"{front or '# Long'}\n\n{sections}\n".encode(), rest, target="role")

    found = list(Role.objects.get().sections.all())
    told = "\n".join(f"{section.heading} {section.body}" for section in found)
    assert len(found) == 100
    assert [number for number in range(250) if f"Sentence {number}." not in told or f"Part {number}" not in told] == []
    assert "### Part 249\n\nSentence 249." in found[-1].body
    assert "250 sections" in "".join(report_csv(run))
    assert (
        imported("long.md", f"{front or '# Long'}\n\n{sections}\n".encode(), rest, target="role").items.get().outcome
        == "unchanged"
    )


def test_the_longest_draft_of_an_import_is_saved_in_the_form(admin_client, rest):
    sections = "\n\n".join(f"## Part {number}\n\nSentence {number}." for number in range(250))
    imported("long.md", f"# Long\n\n{sections}\n".encode(), rest, target="role")
    role = Role.objects.get()

    data = form_of(role)

    assert len(data) > 700
    assert admin_client.post(f"/admin/roles/role/{role.pk}/change/", data).status_code == 302


def test_pages_wait_for_somebody_who_may_add_them(rest):
    run = read_into_run("story.md", [Opened("story.md", io.BytesIO(b"# Our story\n\nOnce."))])

    left = apply_run(run, allowed())

    item = run.items.get()
    assert (left, item.outcome, item.page, Page.objects.count()) == (0, "", None, 0)
    assert "You may not add pages" in item.message
    assert "You may not add pages" in "".join(report_csv(run))

    apply_run(run, allowed("add_page", "change_page"))

    assert run.items.get().outcome == "added"
    assert run.items.get().message == ""
    assert Page.objects.get().title == "Our story"


def test_old_addresses_wait_for_somebody_who_may_add_them(rest):
    content = JOB.replace(b"title: Welder", b"title: Welder\naliases: [/jobs/welder/]")

    def by(user):
        run = read_into_run("job.md", [Opened("job.md", io.BytesIO(content))])
        ImportRun.objects.filter(pk=run.pk).update(**rest)
        run.refresh_from_db()
        apply_run(run, user)
        return run

    first = by(allowed())
    assert first.items.get().outcome == "added"
    assert "(/jobs/welder/): you may not add those" in first.items.get().message
    assert "/jobs/welder/): you may not" in "".join(report_csv(first))
    assert not Redirect.objects.exists()

    editor = allowed("add_redirect")
    second = by(editor)
    assert (second.items.get().outcome, second.items.get().message) == ("unchanged", "")
    assert [(row.old_path, row.created_by) for row in Redirect.objects.all()] == [("/jobs/welder/", editor)]


def test_a_word_document_that_unpacks_to_far_too_much_is_refused():
    file = archive_of(("word/document.xml", b"0" * 5_000_000))
    file.seek(0)

    with pytest.raises(UnreadableError, match=r"^job.docx: .*far more than it should"):
        list(read([Opened("job.docx", file)], Seen()))
