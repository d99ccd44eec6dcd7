"""The checklist on the form: what is open, waving through with a reason, and taking it back."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from leads.models import Report
from recruitcms.models import WavedThrough, WordingException
from recruitcms.quality.checked import check
from roles.models import Role, SampleResume
from tests.factories import make_cta, make_page, make_picture, make_role, make_site, make_user

pytestmark = pytest.mark.django_db


def url(document, act="change", *args):
    opts = document._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{act}", args=[document.pk, *args])


def page_of(client, document):
    return client.get(url(document)).content.decode()


def warning(document, key="wording"):
    return next(finding for finding in check(document).warnings if finding.key == key)


def wave(client, document, finding, reason="A client of that name.", **more):
    data = {"key": finding.key, "fingerprint": finding.fingerprint, "sentence": finding.sentence}
    return client.post(url(document, "wave"), data | {"quote": finding.quote, "reason": reason} | more)


@pytest.fixture
def role():
    return make_role({"introduction": "Be a ninja.", "offer": "- [Salary] a month"})


def test_the_form_shows_each_line_with_a_link_to_its_field(admin_client, role):
    html = page_of(admin_client, role)

    assert '<a href="#id_sections-0-body">Introduction</a>: “ninja”' in html
    assert '<blockquote lang="en">Be a ninja.</blockquote>' in html
    assert "expert, specialist" in html
    assert 'id="id_sections-0-body"' in html


def test_the_count_of_warnings_stands_beside_the_button(admin_client, role):
    said = check(role).in_words

    assert said == "3 warnings are open."  # the word, the length, the calls to action
    assert f'href="#panel-checklist">{said}</a>' in page_of(admin_client, role)


def test_warnings_do_not_hold_publishing_up(admin_client, role):
    role.publish()

    assert role.live_revision.number == 1


def test_pages_and_reports_have_a_checklist_too(admin_client):
    page = make_page(title="", body="Be a ninja.")
    report = Report.objects.create(title="Pay", slug="pay", summary="Who earns what.", method="We asked a ninja.")

    assert '<a href="#id_title">Title</a>: Give the page a title.' in page_of(admin_client, page)
    assert '<a href="#id_body">Text</a>: “ninja”' in page_of(admin_client, page)
    assert '<a href="#editions-group">Editions</a>: Add an edition' in page_of(admin_client, report)
    assert '<a href="#id_method">How we count</a>: “ninja”' in page_of(admin_client, report)


def test_a_new_document_has_no_checklist_yet(admin_client):
    html = admin_client.get(reverse("admin:roles_role_add")).content.decode()

    assert 'id="panel-checklist"' not in html


def test_the_form_shows_what_was_typed_when_it_is_refused(admin_client, role):
    from tests.test_admin_publishing import form_of

    typed = form_of(role, category="", **{"sections-0-body": "Be a rockstar."})

    html = admin_client.post(url(role), typed).content.decode()

    assert "“rockstar”" in html
    assert "“ninja”" not in html


def test_a_warning_is_waved_through_with_a_reason_that_is_kept(admin_client, admin_user, role):
    finding = warning(role)
    link = f"{url(role, 'wave')}?finding={finding.fingerprint}"
    assert link in page_of(admin_client, role)
    small = admin_client.get(link).content.decode()
    assert "Be a ninja." in small

    response = wave(admin_client, role, finding)

    assert response.headers["Location"] == f"{url(role)}#panel-checklist"
    row = WavedThrough.objects.get()
    assert (row.document, row.key, row.reason, row.by) == (role, "wording", "A client of that name.", admin_user)
    assert (row.sentence, row.quote) == ("“ninja”", "Be a ninja.")
    assert "A client of that name." in LogEntry.objects.latest("pk").get_change_message()
    html = page_of(admin_client, role)
    assert "1 warning waved through" in html
    assert "“A client of that name.” admin" in html
    assert "2 warnings are open." in html


def test_what_was_waved_through_stays_so_wherever_the_section_moves(admin_client, role):
    wave(admin_client, role, warning(role))

    role.sections.filter(kind="introduction").update(position=9)

    assert [finding.key for finding, _row in check(Role.objects.get()).waved] == ["wording"]


def test_another_text_shows_the_warning_again(admin_client, role):
    wave(admin_client, role, warning(role))
    assert [finding.key for finding in check(role).warnings].count("wording") == 0

    role.sections.filter(kind="introduction").update(body="Be a ninja, day and night.")

    assert warning(Role.objects.get()).quote == "Be a ninja, day and night."


def test_a_warning_of_one_document_stays_open_in_another(admin_client, role):
    other = make_role({"introduction": "Be a ninja."})

    wave(admin_client, role, warning(role))

    assert warning(other).quote == "Be a ninja."


def test_waving_through_is_taken_back(admin_client, role):
    wave(admin_client, role, warning(role))
    back = url(role, "take_back", WavedThrough.objects.get().pk)
    assert "A client of that name." in admin_client.get(back).content.decode()
    assert WavedThrough.objects.count() == 1

    admin_client.post(back)

    assert not WavedThrough.objects.exists()
    assert warning(role).quote == "Be a ninja."
    assert admin_client.post(back).status_code == 404


def test_a_script_is_answered_without_a_page(admin_client, role):
    finding = warning(role)
    data = {"key": finding.key, "fingerprint": finding.fingerprint, "sentence": finding.sentence, "reason": "Fine."}

    response = admin_client.post(url(role, "wave"), data, headers={"X-Requested-With": "fetch"})

    assert (response.status_code, response.content) == (204, b"")
    assert "1 warning waved through" in admin_client.get(url(role, "checklist")).content.decode()


@pytest.mark.parametrize(
    "broken", [{"reason": " "}, {"reason": "x" * 301}, {"fingerprint": "../x"}, {"key": "a b"}, {"sentence": ""}]
)
def test_bad_input_is_refused_with_what_was_typed(admin_client, role, broken):
    response = wave(admin_client, role, warning(role), **broken)

    assert response.status_code == 400
    assert not WavedThrough.objects.exists()


def test_a_line_about_text_that_is_not_saved_is_said_to_be_so(admin_client, role):
    html = admin_client.get(f"{url(role, 'wave')}?finding={'0' * 20}").content.decode()

    assert "Save the draft first" in html
    assert "<textarea" not in html


def test_waving_twice_changes_the_reason(admin_client, role):
    finding = warning(role)
    wave(admin_client, role, finding)

    wave(admin_client, role, finding, reason="Our own team’s name.")

    assert WavedThrough.objects.get().reason == "Our own team’s name."


def test_who_may_not_change_the_document_may_not_wave_through(client, role):
    client.force_login(make_user(group="Lead handlers"))
    finding = warning(role)

    assert wave(client, role, finding).status_code == 403
    assert client.get(url(role, "checklist")).status_code == 403
    assert client.post(url(role, "take_back", 1)).status_code == 403
    assert not WavedThrough.objects.exists()


def test_strangers_are_asked_to_sign_in(client, role):
    response = wave(client, role, warning(role))

    assert response.headers["Location"].startswith(reverse("admin:login"))


def test_words_are_made_fine_on_the_site_from_the_line(client, role):
    editor = make_user(group="Editors")
    client.force_login(editor)
    html = page_of(client, role)
    link = reverse("admin:recruitcms_wordingexception_add") + "?language=en&amp;words=ninja"
    assert link in html
    form = client.get(link.replace("&amp;", "&")).context["adminform"].form
    assert (form.initial["language"], form.initial["words"]) == ("en", "ninja")

    client.post(
        reverse("admin:recruitcms_wordingexception_add"), {"language": "en", "words": "ninja", "reason": "A client."}
    )

    assert WordingException.objects.get().created_by == editor
    assert "“ninja”" not in page_of(client, role)


def test_deleting_a_document_forgets_what_was_waved_through(admin_client, role):
    wave(admin_client, role, warning(role))

    admin_client.post(url(role, "delete"), {"post": "yes"})

    assert not Role.objects.exists()
    assert not WavedThrough.objects.exists()


def test_what_is_quoted_is_shown_as_text(admin_client):
    role = make_role({"introduction": "Be a ninja <script>alert(1)</script> & co."}, title="<b>x</b>")

    html = admin_client.get(url(role, "checklist")).content.decode()

    assert "<script" not in html
    assert "<b>x</b>" not in html


def test_the_checklist_costs_the_form_three_queries_however_many_rows(admin_client, django_assert_num_queries):
    make_site()
    make_cta("booking")
    role = make_role({"introduction": "[x](/people/)", "duties": "Be a ninja."}, picture=make_picture())
    SampleResume.objects.create(role=role, picture=make_picture(), title="Fintech")
    document = Role.objects.select_related("picture").prefetch_related("sections", "levels", "resumes").get()
    check(document)
    with django_assert_num_queries(3):  # the content version, the translations, what was waved through
        check(document)


def test_links_of_the_panel_carry_no_text_of_the_document(admin_client, role):
    html = page_of(admin_client, role)
    start = html.index('id="panel-checklist"')
    addresses = [part.partition('"')[0] for part in html[start:].split('href="')[1:] if "/checklist/" in part[:200]]

    assert addresses
    assert all(set(parse_qs(urlsplit(address).query)) <= {"finding"} for address in addresses)


@pytest.mark.parametrize("words", ["*", "a*", "nin*ja", ""])
def test_an_exception_that_would_spare_everything_is_refused(admin_client, words):
    data = {"language": "en", "words": words, "reason": "Why not."}

    response = admin_client.post(reverse("admin:recruitcms_wordingexception_add"), data)

    assert "words" in response.context["adminform"].form.errors
    assert not WordingException.objects.exists()
