import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from leads import pauses
from leads.models import OutgoingMail, Submission
from recruitcms import dashboard
from roles.models import Role
from tests.factories import make_category, make_person, make_role, make_user, published_role
from tests.lead_factories import make_lead, make_mail, make_submission

pytestmark = pytest.mark.django_db
THURSDAY = datetime(2026, 11, 19, 10, tzinfo=UTC)


@pytest.fixture
def editor(client):
    client.force_login(make_user(group="Editors"))
    return client


@pytest.fixture
def lead_handler(client):
    client.force_login(make_user(group="Lead handlers"))
    return client


def person_who_may(client, *codenames):
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def page_of(client, address="admin:index", *args):
    return client.get(reverse(address, args=args)).content.decode()


def change_page(client, thing):
    return page_of(client, f"admin:{thing._meta.app_label}_{thing._meta.model_name}_change", thing.pk)


def buttons(page):
    """Return the names of the form's buttons in their order, "_continue" first where all is well."""
    return re.findall(r'<button[^>]* name="(_\w+)"', page)


def menu(page):
    """Return the menu as {group: [link, …]}."""
    nav = re.search(r'<nav class="side__nav".*?</nav>', page, re.DOTALL)[0]
    groups = re.findall(r"</svg>([^<]+)</p>\s*<ul.*?>(.*?)</ul>", nav, re.DOTALL)
    return {unescape(name): re.findall(r">([^<]+)</a>", links) for name, links in groups}


def enquiry(received=None, **more):
    submission = make_submission("consultation", **more)
    if received:
        Submission.objects.filter(pk=submission.pk).update(created_at=received)
    return submission


# --- frame ---


def test_the_menu_shows_an_editor_the_groups_of_an_editors_work(editor):
    page = page_of(editor)

    assert menu(page) == {
        "Library": [
            *["Roles", "Categories", "Fill-in words", "Translations", "Calendar", "Page counts"],
            *["Words that mean the same", "Searches without result", "Notes on pay and the law"],
        ],
        "Salary report": ["Reports", "Salary table"],
        "Site content": [
            *["Pages", "Calls to action", "People", "Testimonials", "Logos", "Pictures"],
            *["Old addresses", "Addresses not found"],
        ],
        "Settings": ["Site settings", "Allowed words", "Mails to staff"],
    }


def test_the_menu_shows_a_lead_handler_the_leads_alone(lead_handler):
    page = page_of(lead_handler)

    assert menu(page) == {"Leads": ["Submissions"]}


def test_mails_in_files_stand_in_the_menu_of_those_who_may_see_them(client, settings, tmp_path):
    client.force_login(make_user(group="Privacy officers"))
    sent = menu(page_of(client))
    settings.EMAIL_BACKEND = "leads.mail_files.MailFilesBackend"
    settings.MAIL_DIR = tmp_path

    page = page_of(client, "admin:leads_outgoingmail_files")

    assert sent["Leads"] == ["Submissions", "Outbox"]
    assert menu(page)["Leads"] == ["Submissions", "Outbox", "Mails"]
    assert re.findall(r'aria-current="(\w+)">(\w+)<', page) == [("page", "Mails")]


def test_the_path_above_a_page_names_the_group_of_the_menu(client):
    client.force_login(make_user(group="Privacy officers"))

    page = page_of(client, "admin:leads_consenttext_add")

    path = re.search(r'<div class="breadcrumbs">(.*?)</div>', page, re.DOTALL)[1]
    assert " ".join(re.sub(r"<[^>]+>", "", path).split()) == "Home › Privacy › Consent wordings › Add consent wording"


def test_the_menu_marks_where_one_is(editor):
    role = make_role()

    listed = page_of(editor, "admin:roles_role_changelist")
    opened = change_page(editor, role)

    assert re.findall(r'aria-current="(\w+)">Roles<', listed) == ["page"]
    assert re.findall(r'aria-current="(\w+)">Roles<', opened) == ["true"]


def test_logging_out_is_a_post_with_a_token(editor):
    page = page_of(editor)

    form = re.search(rf'<form method="post"[^>]* action="{reverse("admin:logout")}">(.*?)</form>', page)[1]
    assert "csrfmiddlewaretoken" in form


def test_the_sign_in_page_has_a_title_and_no_menu(client):
    page = page_of(client, "admin:login")

    assert "<h1>Sign in</h1>" in page
    assert '<input type="submit" value="Sign in">' in page
    assert "side__nav" not in page


def test_pages_need_neither_inline_code_nor_django_s_theme_switch(editor):
    role = make_role()

    for page in (page_of(editor), page_of(editor, "admin:roles_role_changelist"), change_page(editor, role)):
        assert re.findall(r"<style|style=\"|<script(?![^>]*src=)|\son\w+=\"", page) == []
        assert "theme" not in re.findall(r'src="[^"]*/(\w+)\.js"', page)


def test_the_policy_lets_the_admin_load_the_words_of_django_s_scripts_and_other_pages_not(editor):
    words = "http://testserver/admin/jsi18n/"

    inside = editor.get(reverse("admin:index"))["Content-Security-Policy"]
    outside = editor.get(reverse("admin:login"))["Content-Security-Policy"]

    assert words in inside.split("script-src")[1].split(";")[0].split()
    assert words not in outside


# --- buttons ---


def test_a_draft_can_be_saved_previewed_published_and_planned(editor):
    page = change_page(editor, make_role())

    assert {"_continue", "_keep", "_preview", "_publish", "_schedule"} <= set(buttons(page))


def test_enter_in_a_field_saves_the_draft(editor):
    page = change_page(editor, published_role())

    assert buttons(page)[0] == "_continue"


def test_a_new_role_has_nothing_to_preview_yet(editor):
    page = page_of(editor, "admin:roles_role_add")

    assert set(buttons(page)) == {"_continue", "_publish", "_schedule", "_more"}


def test_a_live_role_is_taken_offline_in_a_second_step(editor):
    page = change_page(editor, published_role())

    second_step = re.search(r"<details>\s*<summary[^>]*>Take offline…</summary>(.*?)</details>", page, re.DOTALL)[1]
    assert buttons(second_step) == ["_offline"]
    assert buttons(page).count("_offline") == 1


def test_a_plan_can_be_cancelled(editor):
    role = make_role()
    role.publish(at=timezone.now() + timedelta(days=1))

    assert "_cancel_schedule" in buttons(change_page(editor, role))
    assert "_cancel_schedule" not in buttons(change_page(editor, published_role()))


def test_people_who_may_only_look_get_no_buttons(client):
    role = published_role()
    viewer = person_who_may(client, "view_role", "view_section")

    page = change_page(viewer, role)

    assert buttons(page) == []
    assert re.findall(r'data-move="\w+"|>Delete this', page) == []
    assert ">Close</a>" in page


def test_deleting_is_offered_to_those_who_may(client):
    role = make_role()

    can = change_page(person_who_may(client, "change_role", "delete_role", "publish_role"), role)
    cannot = change_page(person_who_may(client, "change_role"), role)

    assert f'href="{reverse("admin:roles_role_delete", args=[role.pk])}"' in can
    assert "Delete this role" not in cannot


def test_the_title_says_in_what_state_the_page_is(editor):
    draft, live = make_role(title="Draftsman"), published_role(title="Pilot")

    assert re.search(r"<h1>Draftsman <span class=\"tag tag--hot\">Draft</span></h1>", change_page(editor, draft))
    assert re.search(r"<h1>Pilot <span class=\"tag tag--ok\">Live</span></h1>", change_page(editor, live))


def test_the_site_is_one_press_away_from_a_live_page_only(editor):
    live = published_role()

    assert f'<a href="{live.get_absolute_url()}" class="viewsitelink">' in change_page(editor, live)
    assert "viewsitelink" not in change_page(editor, make_role())


# --- errors ---


def test_the_note_on_top_leads_to_each_field_with_an_error(editor):
    sections = {"sections-TOTAL_FORMS": 1, "sections-INITIAL_FORMS": 0, "sections-0-kind": "what"}
    sections |= {"sections-0-position": "0", "sections-0-note": "x" * 241}
    nothing_else = {"resumes-TOTAL_FORMS": 0, "resumes-INITIAL_FORMS": 0, "_continue": 1}
    data = {"language": "en", "title": "Pilot", "publish_at_0": "soon", "publish_at_1": "", **sections, **nothing_else}

    page = editor.post(reverse("admin:roles_role_add"), data).content.decode()

    listed = re.search(r'<ul class="errorlinks">(.*?)</ul>', page, re.DOTALL)[1]
    links = re.findall(r'<a href="#(\w[\w-]*)">([^<]+)</a>: (\S)', listed)
    assert [unescape(f"{target} {name}") for target, name, _sentence in links] == [
        "id_category Category",
        "id_author Author",
        "id_publish_at_0 Publish at",
        "id_sections-0-note Section 1, Recruiter's note",
    ]
    assert all(f'id="{target}"' in page for target, _name, _sentence in links)


# --- languages ---


def test_the_translate_button_posts_and_opens_the_copy(editor):
    person = make_person(name="Orla Tindvik")
    page = change_page(editor, person)
    action = reverse("admin:recruitcms_person_translate", args=[person.pk, "pl"])

    form = re.search(rf'<form method="post"[^>]* action="{action}">(.*?)</form>', page)[1]
    response = editor.post(action, follow=True)

    assert "csrfmiddlewaretoken" in form
    assert "Polski: make a copy to translate" in form
    copy = person.translations().get()
    assert response.redirect_chain == [(reverse("admin:recruitcms_person_change", args=[copy.pk]), 302)]


def test_a_language_that_exists_is_a_link_and_the_open_one_is_marked(editor):
    person = make_person()
    copy = person.copy_into("pl")

    chips = re.findall(r'<a class="chip" href="([^"]+)"( aria-current="true")?>(\w+)</a>', change_page(editor, copy))

    assert [(href, bool(current), name) for href, current, name in chips] == [
        (reverse("admin:recruitcms_person_change", args=[person.pk]), False, "English"),
        (reverse("admin:recruitcms_person_change", args=[copy.pk]), True, "Polski"),
    ]


def test_people_who_may_not_add_get_no_translate_button(client):
    person = make_person()

    page = change_page(person_who_may(client, "change_person"), person)

    assert "make a copy to translate" not in page


# --- sections ---


def test_each_section_is_a_row_that_opens_and_django_s_script_finds_its_hooks(editor):
    role = make_role({"introduction": "Hello.", "duties": "- Work"})

    page = change_page(editor, role)

    hooks = json.loads(unescape(re.search(r'data-inline-formset="(\{[^"]+sections[^"]+)"', page)[1]))
    assert hooks["options"]["prefix"] == "sections"
    assert re.findall(r'id="(sections-(?:\d+|empty))"', page) == ["sections-0", "sections-1", "sections-empty"]
    assert re.findall(r'class="inline-related section-row([^"]*)"', page) == [
        " has_original",
        " has_original",
        " empty-form last-related",
    ]
    titles = re.findall(r'<span class="section__title">([^<]+)</span>', page)
    assert titles == ["Introduction", "Duties and responsibilities (list)", "A section of your own"]
    assert len(re.findall(r'name="sections-\d+-in_copy"', page)) == 2


def test_the_page_tells_the_script_which_kinds_go_into_the_copy(editor):
    page = page_of(editor, "admin:roles_role_add")

    kinds = re.search(r'data-in-copy="([^"]+)"', page)[1].split()
    assert set(kinds) == {"introduction", "what", "duties", "required", "nice", "pay", "offer", "about"}
    assert "Sections without any text, advice or note are left out of the published page." in page


def test_a_section_with_an_error_stands_open(editor):
    role = make_role({"introduction": "Hello.", "duties": "- Work"})
    first, second = role.sections.all()
    data = {
        "sections-TOTAL_FORMS": 2,
        "sections-INITIAL_FORMS": 2,
        "resumes-TOTAL_FORMS": 0,
        "resumes-INITIAL_FORMS": 0,
    }
    data |= {"title": role.title, "category": role.category_id, "author": role.author_id, "_continue": "1"}
    data |= {"_seen": role.updated_at.isoformat()}
    data |= {"sections-0-id": first.pk, "sections-0-kind": "introduction", "sections-0-position": 0}
    data |= {"sections-1-id": second.pk, "sections-1-kind": "", "sections-1-position": 1}

    response = editor.post(reverse("admin:roles_role_change", args=[role.pk]), data)

    opened = re.findall(r'<details class="section__open"( open)?>', response.content.decode())
    assert opened == ["", " open", " open"]  # the last one is the pattern for new ones


# --- first page ---


def tile(client, name):
    tiles = client.get(reverse("admin:index")).context["tiles"]
    return next(tile for tile in tiles if tile.name == name)


@pytest.mark.parametrize(
    ("now", "days", "expected"),
    [
        ("2026-11-19 10:00", 1, "2026-11-18 10:00"),  # Thursday: the same time on Wednesday
        ("2026-11-23 10:00", 1, "2026-11-20 10:00"),  # Monday: Friday
        ("2026-11-24 10:00", 2, "2026-11-20 10:00"),  # Tuesday, two days: Friday
        ("2026-11-21 15:00", 1, "2026-11-20 00:00"),  # Saturday counts as its first minute
        ("2026-11-22 15:00", 1, "2026-11-20 00:00"),  # and so does Sunday
        ("2026-11-19 10:00", 0, "2026-11-19 10:00"),
    ],
)
def test_business_days_are_counted_back_over_weekends(now, days, expected):
    local = timezone.get_current_timezone()

    moment = dashboard.late_before(datetime.fromisoformat(now).replace(tzinfo=local), days)

    assert moment == datetime.fromisoformat(expected).replace(tzinfo=local)


def test_enquiries_without_an_answer_are_counted_with_the_late_ones(lead_handler, clock):
    clock.move_to(THURSDAY)
    enquiry(THURSDAY - timedelta(hours=25))
    enquiry(THURSDAY - timedelta(hours=23))
    enquiry(THURSDAY - timedelta(days=9), state=Submission.State.REPLIED)
    make_submission("report")

    waiting = tile(lead_handler, "Waiting for a reply")

    assert (waiting.figure, waiting.alarm) == (2, "1 late")
    assert waiting.url == "/admin/leads/submission/?kind__exact=consultation&state__exact=new"
    assert lead_handler.get(waiting.url).context["cl"].result_count == 2


def test_report_requests_of_two_weeks_are_counted_with_the_share_that_confirmed(lead_handler):
    now = timezone.now()
    for confirmed_at in (now, now, None):
        make_submission("report", confirmed_at=confirmed_at)
    Submission.objects.filter(pk=make_submission("report").pk).update(created_at=now - timedelta(days=15))
    enquiry()

    requests = tile(lead_handler, "Report requests")

    assert (requests.figure, requests.note) == (3, "67% confirmed, last 14 days")


def test_waiting_mail_is_counted_with_its_age_and_what_was_given_up(client):
    officer = person_who_may(client, "view_outgoingmail")
    oldest = make_mail()
    OutgoingMail.objects.filter(pk=oldest.pk).update(created_at=timezone.now() - timedelta(hours=3))
    make_mail()
    make_mail(state="dead")
    make_mail(state="sent")

    mail = tile(officer, "Mail waiting")

    assert (mail.figure, mail.alarm) == (2, "1 not delivered")
    assert mail.note.replace("\xa0", " ") == "Oldest: 3 hours"
    assert officer.get(mail.url).context["cl"].result_count == 1


def test_a_pause_of_all_mail_is_an_alarm_while_mail_waits(client):
    """EML-14"""
    officer = person_who_may(client, "view_outgoingmail")
    pauses.pause(timezone.now(), "sign_in", "535 no")
    assert tile(officer, "Mail waiting").alarm == ""

    make_mail()
    make_mail(state="dead")

    assert tile(officer, "Mail waiting").alarm == "paused: the mail server refuses us, 1 not delivered"


def test_drafts_are_the_roles_that_visitors_have_never_seen(editor):
    make_role()
    make_role().publish(at=timezone.now() + timedelta(days=1))
    published_role()
    gone = published_role()
    gone.take_offline(at=timezone.now() + timedelta(seconds=1))

    assert tile(editor, "Drafts").figure == 2


def test_live_templates_are_counted_by_language(editor):
    published_role()
    published_role()
    published_role(language="pl")
    make_role()

    live = tile(editor, "Live templates")

    assert (live.figure, live.note) == (3, "EN 2, PL 1")


def test_the_inbox_shows_the_newest_ten_with_how_late_they_are(lead_handler, clock):
    clock.move_to(THURSDAY, tick=False)
    for hours in range(12):
        enquiry(THURSDAY - timedelta(hours=hours * 6), name=f"Visitor {hours}", company="Quillstone", topic="one")

    response = lead_handler.get(reverse("admin:index"))

    rows = response.context["inbox"]
    assert [row.name for row in rows] == [f"Visitor {number}" for number in range(10)]
    assert [row.late for row in rows] == [""] * 5 + ["Late"] * 3 + ["Late: 1 day"] * 2
    page = response.content.decode()
    assert f'<a href="/admin/leads/submission/{rows[0].pk}/change/">Visitor 0</a><span>Quillstone</span>' in page
    assert "Hire one person" in page


def test_recently_changed_roles_come_newest_first_with_their_state(editor):
    published_role(title="Older")
    make_role(title="Newer")

    changed = editor.get(reverse("admin:index")).context["changed"]

    assert [(row["role"].title, re.sub("<[^>]+>", "", row["state"])) for row in changed] == [
        ("Newer", "Draft"),
        ("Older", "Live"),
    ]


def test_editors_see_nothing_of_the_leads(editor):
    lead = make_lead("marta@quillstone.example", name="Marta Zielik")
    submission = enquiry(lead=lead, name="Marta Zielik", company="Quillstone")
    make_mail(submission=submission, state="dead")

    response = editor.get(reverse("admin:index"))

    assert [tile.name for tile in response.context["tiles"]] == ["Drafts", "Live templates"]
    assert response.context["inbox"] is None
    for words in ("Marta", "quillstone", "Inbox", "Waiting for a reply", "/admin/leads/submission", "outgoingmail"):
        assert words.lower() not in response.content.decode().lower()


def test_lead_handlers_see_no_roles(lead_handler):
    make_role(title="Secret Role")

    response = lead_handler.get(reverse("admin:index"))

    assert response.context["changed"] is None
    assert "Secret Role" not in response.content.decode()


def test_somebody_without_any_work_is_pointed_to_the_menu(client):
    client.force_login(make_user())

    page = page_of(client)

    assert "Choose what to work on in the menu." in page


def test_the_first_page_costs_the_same_with_one_row_and_with_three(client):
    client.force_login(make_user(is_superuser=True))
    category, author = make_category(), make_person()

    def add():
        role = published_role(category=category, author=author)
        make_mail(submission=enquiry(email=f"visitor{role.pk}@quillstone.example", company="Quillstone"))
        make_submission("report")

    def cost():
        client.get(reverse("admin:index"))  # publishing made what is kept between requests stale
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("admin:index"))
        return len(queries)

    add()
    once = cost()
    add()
    add()

    assert cost() == once
    assert Role.objects.count() == Submission.objects.filter(kind="report").count() == 3
