"""The list of revisions, two of them side by side, and one back into the working copy."""

import hypothesis.strategies as st
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given

from recruitcms.comparing import compare
from recruitcms.content_state import content_state
from recruitcms.models import Page
from recruitcms.sources import read
from recruitcms.spans import Span, spans_of
from recruitcms.translating import fingerprint
from roles.models import Role, RoleRevision, SampleResume, Section
from tests.factories import make_category, make_page, make_person, make_picture, make_role, make_user, published_role
from tests.lead_factories import published_report

pytestmark = pytest.mark.django_db


def url(role, act, *args):
    return reverse(f"admin:{role._meta.label_lower.replace('.', '_')}_{act}", args=[role.pk, *args])


def said(response):
    return [str(message) for message in response.context["messages"]]


def words(document, old, new):
    return compare(document, document.source_of(old)[0], document.source_of(new)[0]).words


def bodies(role):
    return [(section.kind, section.body) for section in role.sections.all()]


def rich_role():
    """Return a role with something in every field that a revision holds."""
    role = make_role(
        title="Engineer",
        title_plural="Engineers",
        search_title="Engineer, found",
        search_description="All about it.",
        picture=make_picture(name="Lamp"),
        sections={"duties": "- Own", "offer": "- Pay", "other": "Mine"},
    )
    duties, _offer, own = role.sections.all()
    duties.advice, duties.note, duties.in_copy = "Be **brief**.", "Tip | Two lines", False
    duties.save()
    own.heading = "A heading of our own"
    own.save()
    SampleResume.objects.create(role=role, picture=make_picture(name="Résumé"), title="Fintech, team of six")
    role.related.set([make_role(title="Next")])
    return role


def wreck(role):
    """Change everything in the working copy."""
    role.title = role.title_plural = role.summary = role.search_title = role.search_description = "Other"
    role.slug, role.picture, role.category, role.author = "other", None, make_category(), make_person()
    role.save()
    role.sections.all().delete()
    role.resumes.all().delete()
    role.related.clear()


# --- words ---


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Own it.", "Own it.", [Span("same", "Own it.")]),
        ("", "New", [Span("added", "New")]),
        (
            "We look for help now.",
            "We urgently seek help now.",
            [
                Span("same", "We "),
                Span("removed", "look for"),
                Span("added", "urgently seek"),
                Span("same", " help now."),
            ],
        ),
        (
            "- a\n- b\n",
            "- a\n- c\n",
            [Span("same", "- a\n- "), Span("removed", "b"), Span("added", "c"), Span("same", "\n")],
        ),
    ],
)
def test_words_that_differ_are_told_from_those_that_stay(old, new, expected):
    assert spans_of(old, new) == expected


@given(old=st.text("ab \n", max_size=60), new=st.text("ab \n", max_size=60))
def test_both_texts_can_be_read_from_what_differs(old, new):
    spans = spans_of(old, new)

    assert "".join(span.text for span in spans if span.kind != "added") == old
    assert "".join(span.text for span in spans if span.kind != "removed") == new


def test_a_text_of_two_hundred_kilobytes_is_compared_without_losing_a_word():
    old, new = "one two " * 25_000, "two one " * 25_000

    spans = spans_of(old, new)

    assert "".join(span.text for span in spans if span.kind != "added") == old
    assert "".join(span.text for span in spans if span.kind != "removed") == new


def test_what_changed_is_said_in_words():
    role = rich_role()
    first = role.keep()
    duties, offer, _own = role.sections.all()
    duties.body = "- Own the platform and its cost"
    duties.save()
    offer.position = 9
    offer.save()
    role.picture = make_picture()
    role.save()
    Section.objects.create(role=role, kind="contact", body="Write.", position=10)

    second = role.keep()

    said = words(role, first, second).split("; ")
    assert said == [
        "Picture: picture replaced",
        "Duties and responsibilities: 5 words added",
        "What we offer: moved",
        "“Contact” added",
    ]


def test_sections_are_matched_by_their_heading_even_where_they_moved():
    role = make_role(sections={"other": "First"})
    own = role.sections.get()
    own.heading = "One"
    own.save()
    Section.objects.create(role=role, kind="other", heading="Two", body="Second", position=1)
    old = read(role)
    own.position = 5
    own.save()

    comparison = compare(role, old, read(role))

    assert [(part.name, part.moved, part.changes) for part in comparison.parts] == [("One", (1, 2), [])]


def test_a_removed_section_and_a_changed_choice_are_said():
    role = make_role(sections={"duties": "- Own", "offer": "- Pay"}, category=make_category(name="Data"))
    old = read(role)
    role.sections.get(kind="offer").delete()
    role.sections.update(in_copy=False)
    role.category = make_category(name="Security")

    assert compare(role, old, read(role)).words.split("; ") == [
        "Category: Data → Security",
        "Duties and responsibilities: in copy yes → no",
        "“What we offer” removed",
    ]


# --- restoring ---


def test_a_restored_role_is_the_same_in_every_field():
    role = rich_role()
    revision = role.keep()
    before = read(role)
    wreck(role)

    _kept, lost = role.restore(revision)

    assert read(Role.objects.get(pk=role.pk)) == before
    assert lost == []


def test_every_field_that_editors_fill_is_in_the_source():
    fields = set(read(rich_role())["fields"])

    assert fields == {
        "title", "slug", "summary", "search_title", "search_description", "title_plural",
        "category", "author", "picture",
    }  # fmt: skip


@pytest.mark.parametrize("make", [make_page, published_report])
def test_pages_and_reports_are_restored_too(make):
    document = make(title="Before")
    revision, before = document.keep(), read(document)
    document.title = "After"
    document.save()

    document.restore(revision)

    assert read(type(document).objects.get()) == before


def test_the_working_copy_is_kept_before_another_is_restored():
    role = published_role(title="Published")
    role.title = "Never kept"
    role.save()

    kept, _lost = role.restore(role.revisions.get(number=1))

    assert (kept.number, kept.title, kept.live_from) == (2, "Never kept", None)
    assert Role.objects.get().title == "Published"
    assert role.live_revision.title == "Published"


def test_a_working_copy_that_a_revision_holds_is_not_kept_twice():
    role = published_role(title="First")
    role.title = "Second"
    role.save()
    role.publish()

    kept, _lost = role.restore(role.revisions.get(number=1))

    assert kept is None
    assert role.revisions.count() == 2


def test_restoring_is_a_change_of_the_working_copy_by_somebody():
    role, user = published_role(), make_user()
    before = role.updated_at

    role.restore(role.live_revision, by=user)

    role.refresh_from_db()
    assert role.updated_at > before
    assert role.updated_by == user


def test_sections_keep_their_rows_where_they_are_the_same_kind():
    role = make_role(sections={"duties": "- Own", "offer": "- Pay"})
    revision = role.keep()
    before = list(role.sections.values_list("pk", flat=True))
    role.sections.update(body="Other")

    role.restore(revision)

    assert list(role.sections.values_list("pk", flat=True)) == before


def test_what_was_deleted_meanwhile_is_named_and_the_rest_comes_back():
    role = rich_role()
    revision = role.keep()
    pictures = [role.picture, role.resumes.get().picture]
    following = role.related.get()
    wreck(role)
    for row in [*pictures, following]:
        row.delete()

    expected = role.cannot_come_back(revision)
    _kept, lost = role.restore(revision)

    assert lost == expected
    assert [sentence.split("”")[0] for sentence in lost] == ["“Lamp", "“Résumé", "“Next"]
    role.refresh_from_db()
    assert (role.title, role.picture, role.resumes.count()) == ("Engineer", None, 0)


def test_an_address_that_another_page_has_by_now_stays_with_it():
    role = make_role(slug="old")
    revision = role.keep()
    role.slug = "new"
    role.save()
    make_role(slug="old")

    _kept, lost = role.restore(revision)

    assert "“old” belongs to another page now" in lost[0]
    assert Role.objects.get(pk=role.pk).slug == "new"


def version_1(revision):
    """Make a revision as it was before sources were kept."""
    del revision.content["source"]
    revision.schema_version, revision.texts_hash = 1, ""
    revision.save()
    return revision


def test_a_revision_of_the_first_kind_comes_back_as_far_as_it_goes():
    role = rich_role()
    revision = version_1(role.keep())
    before = read(role)
    wreck(role)

    _kept, lost = role.restore(revision)

    after = read(Role.objects.get(pk=role.pk))
    duties = after["rows"]["sections"][0]
    assert duties.pop("advice") == "<p>Be <strong>brief</strong>.</p>"
    before["rows"]["sections"][0].pop("advice")
    assert after == before
    assert lost == [
        "The advice in “Typical duties and responsibilities” comes back as HTML: its Markdown was not kept then."
    ]


def test_first_revisions_of_pages_and_reports_come_back_too():
    page, report = make_page(body="Before", footer="policies"), published_report(inside="Pay | page 4\nMethod")
    revisions = [version_1(page.keep()), version_1(report.keep())]
    page.body, page.footer, report.inside = "After", "", ""

    for document, revision in zip([page, report], revisions, strict=True):
        document.save()
        document.restore(revision)

    assert (page.body, page.footer, report.inside) == ("Before", "policies", "Pay | page 4\nMethod")


@pytest.mark.parametrize("make", [rich_role, make_page, published_report])
def test_a_working_copy_is_found_among_first_revisions_too(make):
    document = make()
    older, newer = version_1(document.keep()), document.keep()

    assert document.kept_as() == newer
    newer.delete()
    assert (document.kept_as() == older) is isinstance(document, Page)  # of others, Markdown was not kept


@pytest.mark.parametrize("make", [rich_role, make_page, published_report])
def test_a_revision_tells_the_texts_that_there_were_to_translate(make):
    document = make()
    before = document.texts()

    revision = document.keep()
    revision.refresh_from_db()
    document.title = "Other"

    assert revision.texts == before
    assert revision.texts_hash == fingerprint(before)
    assert version_1(revision).texts == []


# --- in the admin ---


def test_history_leads_to_the_list_of_revisions(admin_client, admin_user):
    role = make_role(sections={"duties": "- Own"})
    role.publish(by=admin_user, note="First words")
    role.sections.update(body="- Own it all")
    role.publish(by=admin_user)

    page = admin_client.get(url(role, "history")).content.decode()

    assert page.count('id="revision-') == 2
    assert "First words" in page
    assert "Duties and responsibilities: 2 words added" in page
    assert "Live since" in page
    assert "Was live from" in page


def test_the_list_is_short_and_its_queries_do_not_grow(admin_client, django_assert_max_num_queries):
    role = make_role()
    for number in range(25):
        role.title = f"Title {number}"
        role.keep()

    with django_assert_max_num_queries(22):
        page = admin_client.get(url(role, "history")).content.decode()

    assert page.count('id="revision-') == 20
    assert "?page=2" in page


@pytest.mark.parametrize("act", ["history", "compare", "restore"])
def test_first_revisions_cost_no_more_queries_when_they_are_many(admin_client, act):
    role = rich_role()
    counted = []

    for number in (3, 9):
        for _more in range(number):  # each points to rows of its own
            role.picture, role.author, role.category = make_picture(), make_person(), make_category()
            role.save()
            role.resumes.update(picture=make_picture())
            role.related.set([make_role()])
            version_1(role.keep())
        address = url(role, act, 1) if act == "restore" else url(role, act)
        content_state()  # asked at more length by whoever comes first after a change
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(address, {"from": 1, "to": 2}).status_code == 200
        counted.append(len(queries))

    assert role.revisions.count() == 12
    assert counted[0] == counted[1]
    assert counted[1] <= 37


def test_two_revisions_stand_side_by_side(admin_client):
    role = published_role(title="Junior Engineer")
    role.title = "Senior Engineer"
    role.save()
    role.publish()

    page = admin_client.get(url(role, "compare"), {"from": "1", "to": "2"}).content.decode()

    assert '<del><span class="vh">[removed: </span>Junior<span class="vh">]</span></del>' in page
    assert '<ins><span class="vh">[added: </span>Senior<span class="vh">]</span></ins>' in page


def test_the_working_copy_is_compared_with_what_is_live(admin_client):
    role = published_role(title="Live words")
    role.title = "Draft words"
    role.save()

    page = admin_client.get(url(role, "compare"), {"from": "1", "to": "now"}).content.decode()

    assert "what publishing would show" in page
    assert "Draft<span" in page


def test_texts_are_escaped_where_they_are_compared(admin_client):
    role = published_role(title="Safe")
    role.title = "<script>alert(1)</script>"
    role.save()

    page = admin_client.get(url(role, "compare"), {"from": "1", "to": "now"}).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("query", [{}, {"from": "1", "to": "1"}, {"from": "1", "to": "99"}, {"from": "x", "to": "²"}])
def test_a_comparison_needs_two_versions(admin_client, query):
    role = published_role()

    response = admin_client.get(url(role, "compare"), query, follow=True)

    assert said(response) == ["Choose two different revisions to compare."]


def test_restoring_asks_first_and_changes_nothing_by_a_link(admin_client):
    role = published_role(title="Before")
    role.title = "After"
    role.save()

    page = admin_client.get(url(role, "restore", 1)).content.decode()

    assert "Restore revision 1?" in page
    assert "is kept as a revision first" in page
    assert Role.objects.get().title == "After"


def test_a_restored_revision_is_in_the_form_and_in_the_log(admin_client, admin_user):
    role = published_role(title="Before")
    role.title = "After"
    role.save()

    response = admin_client.post(url(role, "restore", 1), follow=True)

    assert 'value="Before"' in response.content.decode()
    assert "What was there before is kept as revision 2." in said(response)[0]
    assert "Restored revision 1" in LogEntry.objects.get(user=admin_user).get_change_message()


def test_a_note_is_changed_and_pinned(admin_client):
    role = published_role()
    role.publish()

    admin_client.post(url(role, "note", 1), {"1-note": "Before the merger", "1-is_pinned": "on"})

    revision = role.revisions.get(number=1)
    assert (revision.note, revision.is_pinned) == ("Before the merger", True)
    page = admin_client.get(url(role, "history")).content.decode()
    assert page.index("revision-1") < page.index("revision-2")


def test_a_note_that_is_too_long_is_refused_in_words(admin_client):
    role = published_role()

    response = admin_client.post(url(role, "note", 1), {"1-note": "x" * 201}, follow=True)

    assert "at most 200 characters" in said(response)[0]
    assert RoleRevision.objects.get().note == ""


def test_those_who_may_only_look_compare_and_change_nothing(client):
    role = published_role()
    viewer = make_user()
    viewer.user_permissions.set(Permission.objects.filter(codename="view_role"))
    client.force_login(viewer)

    history = client.get(url(role, "history"))
    statuses = [client.post(url(role, act, 1)).status_code for act in ("restore", "note")]

    assert "Restore…" not in history.content.decode()
    assert client.get(url(role, "compare"), {"from": "1", "to": "now"}).status_code == 200
    assert statuses == [403, 403]


def test_others_see_no_revisions_at_all(client):
    role = published_role(title="Secret")
    client.force_login(make_user(group="Lead handlers"))

    statuses = [client.get(url(role, act)).status_code for act in ("history", "compare")]

    assert statuses == [403, 403]


@pytest.mark.parametrize("number", [2, 999])
def test_a_revision_that_is_not_there_is_not_found(admin_client, number):
    role = published_role()
    published_role().publish()

    assert admin_client.get(url(role, "restore", number)).status_code == 404


def test_the_working_copy_is_called_a_draft_only_where_it_differs_from_what_is_live(admin_client):
    role = published_role(summary="One.")

    same = admin_client.get(url(role, "history")).text
    role.summary = "Two."
    role.save()
    other = admin_client.get(url(role, "history")).text
    role.take_offline()
    offline = admin_client.get(url(role, "history")).text

    assert ["Same as live" in page for page in (same, other, offline)] == [True, False, False]
    assert [">Draft</b>" in page for page in (same, other, offline)] == [False, True, True]
