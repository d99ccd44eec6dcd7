"""Two people and one form: nothing is lost, nothing overwritten unseen, and the preview shows what is typed."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from recruitcms import review
from recruitcms.merging import Filled, posted
from recruitcms.models import OpenForm, ReviewEntry
from roles.models import Role, RoleRevision, SampleResume, Section
from tests.factories import make_page, make_picture, make_role, make_user
from tests.lead_factories import published_report
from tests.test_admin_publishing import form_of

pytestmark = pytest.mark.django_db
KEY = "5f0c0b9e-2a51-4c8e-9a57-0d3f6b1f6a10"


def url(act, *args):
    return reverse(f"admin:roles_role_{act}", args=args)


def keep(client, role, **more):
    return client.post(url("keep", role.pk), form_of(role, _form=KEY) | more)


def fields_shown(client, role):
    """Return what a freshly opened form would send back."""
    role.refresh_from_db()
    editing = client.get(url("change", role.pk)).context["editing"]
    return form_of(role, _form=editing["key"], _seen=editing["seen"], _read=editing["read"])


def save(client, role, shown, **changes):
    return client.post(url("change", role.pk), shown | {"_continue": "1"} | changes)


def answer(client, role, page, choices, button=None):
    """Send the page that shows two versions, with these choices."""
    data = {}
    for name, text in page.context["sent"]:
        data.setdefault(name, []).append(text)
    data |= {
        "_settle": "1",
        "_settle_now": page.context["now"],
        button or page.context["button"]: page.context["button_value"],
    }
    data |= {f"choose:{key}": who for key, who in choices.items()}
    return client.post(url("change", role.pk), data)


def differences(page):
    return {item.key: (item.mine, item.theirs, item.chosen) for item in page.context["differences"]}


@pytest.fixture
def nadia(client):
    client.force_login(make_user("nadia", first_name="Nadia", last_name="Fonseca", group="Editors"))
    return client


@pytest.fixture
def emre(django_client):
    django_client.force_login(make_user("emre", first_name="Emre", group="Editors"))
    return django_client


@pytest.fixture
def django_client():
    from django.test import Client

    return Client()


# --- keeping ---


def test_what_is_typed_is_kept_and_the_page_and_its_working_copy_stay_as_they_were(nadia):
    role = make_role(title="Old")

    said = keep(nadia, role, title="New").json()

    form = OpenForm.objects.get()
    assert (form.data["title"], form.user.username, said["kept_at"] != "") == ("New", "nadia", True)
    assert Role.objects.get().title == "Old"
    assert "csrfmiddlewaretoken" not in form.data


def test_opening_the_form_again_offers_what_was_typed_and_shows_it_when_asked(nadia):
    role = make_role({"duties": "- Old"}, title="Old")
    keep(nadia, role, **{"title": "New", "sections-0-body": "- New", "summary": ""})

    offered = nadia.get(url("change", role.pk)).context["editing"]["unsaved"]
    page = nadia.get(url("change", role.pk), {"kept": KEY})

    assert [str(form.key) for form in offered] == [KEY]
    form, sections = page.context["adminform"].form, page.context["inline_admin_formsets"][0].formset
    assert (form["title"].value(), sections.forms[0]["body"].value()) == ("New", "- New")
    assert (form.errors, page.context["errors"]) == ({}, [])
    assert page.context["editing"]["key"] == KEY
    assert Role.objects.get().title == "Old"


def test_restored_text_keeps_sections_that_were_added_and_never_saved(nadia):
    role = make_role({"duties": "- One"})
    added = {f"sections-1-{name}": "" for name in ("id", "heading", "advice", "note")}
    added |= {
        "sections-TOTAL_FORMS": 2,
        "sections-1-kind": "other",
        "sections-1-body": "Mine",
        "sections-1-position": 1,
    }
    keep(nadia, role, **added)

    page = nadia.get(url("change", role.pk), {"kept": KEY})

    bodies = [form["body"].value() for form in page.context["inline_admin_formsets"][0].formset.forms]
    assert bodies == ["- One", "Mine"]


def test_saving_forgets_what_was_kept(nadia):
    role = make_role(title="Old")
    keep(nadia, role, title="New")

    save(nadia, role, fields_shown(nadia, role) | {"_form": KEY}, title="New")

    assert list(OpenForm.objects.unsaved()) == []
    said = nadia.post(url("keep", role.pk), {"_here": "1", "_form": str(uuid.uuid4()), "_asks": KEY}).json()
    assert said["asked"] == "saved"


def test_a_save_that_is_quicker_than_the_windows_first_word_is_known_as_saved(nadia, emre):
    """Else its browser would say at signing out that it has text which is not saved."""
    role = make_role(title="Old")

    save(nadia, role, fields_shown(nadia, role) | {"_form": KEY}, title="New")

    about = {"_here": "1", "_form": str(uuid.uuid4()), "_asks": KEY}
    said = nadia.post(url("keep", role.pk), about).json()
    assert (said["asked"], said["others"]) == ("saved", [])
    assert emre.post(url("keep", role.pk), about | {"_form": str(uuid.uuid4())}).json()["asked"] == ""


def test_a_sign_of_life_brings_back_nothing_that_was_saved_meanwhile(nadia):
    role = make_role(title="Old")
    keep(nadia, role, title="New")
    shown = fields_shown(nadia, role) | {"_form": KEY}
    writes = []

    def save_first(execute, sql, *about):
        """The save comes between the read of the row and the write."""
        if sql.startswith("UPDATE") and "recruitcms_openform" in sql and not writes:
            writes.append(sql)
            save(nadia, role, shown, title="New")
        return execute(sql, *about)

    with connection.execute_wrapper(save_first):
        nadia.post(url("keep", role.pk), {"_here": "1", "_form": KEY})

    assert len(writes) == 1
    assert list(OpenForm.objects.unsaved()) == []


def test_a_refused_save_forgets_nothing(nadia):
    role = make_role(title="Old")
    keep(nadia, role, title="New")

    save(nadia, role, fields_shown(nadia, role) | {"_form": KEY}, category="")

    assert OpenForm.objects.unsaved().get().data["title"] == "New"


def test_what_is_typed_is_its_writers_alone(nadia, emre):
    role = make_role(title="Old")
    keep(nadia, role, title="New")

    shown = emre.get(url("change", role.pk), {"kept": KEY})
    emre.post(url("drop", KEY))

    assert shown.context["editing"]["unsaved"] == []
    assert shown.context["adminform"].form["title"].value() == "Old"
    assert emre.post(url("keep", role.pk), form_of(role, _form=KEY)).status_code == 403
    assert OpenForm.objects.unsaved().get().data["title"] == "New"


def test_it_is_thrown_away_by_its_writer_and_by_nothing_else(nadia):
    role = make_role()
    keep(nadia, role, title="New")

    assert nadia.get(url("drop", KEY)).status_code == 405
    assert OpenForm.objects.unsaved().count() == 1

    nadia.post(url("drop", KEY))
    assert OpenForm.objects.unsaved().count() == 0


def test_typed_text_outlives_windows_that_left_nothing(nadia):
    role = make_role()
    keep(nadia, role, title="Typed")
    nadia.post(url("keep", role.pk), {"_here": "1", "_form": str(uuid.uuid4())})

    OpenForm.objects.forget_old(timezone.now() + timedelta(days=89))
    after_89_days = [form.title for form in OpenForm.objects.all()]
    OpenForm.objects.forget_old(timezone.now() + timedelta(days=91))

    assert (after_89_days, OpenForm.objects.count()) == (["Typed"], 0)


def test_what_was_typed_goes_with_its_page(nadia):
    role = make_role()
    keep(nadia, role, title="Typed")

    role.delete()

    assert OpenForm.objects.count() == 0


def test_a_new_role_is_kept_before_it_exists(nadia):
    nadia.post(url("keep_new"), form_of(Role(language="en", title="Not yet"), _form=KEY))

    page = nadia.get(url("add"), {"kept": KEY})

    assert page.context["adminform"].form["title"].value() == "Not yet"
    assert Role.objects.count() == 0


def test_the_first_page_leads_back_to_what_was_typed_and_to_nobody_elses(nadia, emre):
    role = make_role(title="Old")
    keep(nadia, role, title="Hers")

    hers, his = (client.get(reverse("admin:index")).context["unsaved"] for client in (nadia, emre))

    assert [(item["title"], item["kind"]) for item in hers] == [("Hers", "role")]
    assert nadia.get(hers[0]["url"]).context["adminform"].form["title"].value() == "Hers"
    assert his == []


@pytest.mark.parametrize("key", ["", "x", "'; drop table", "0" * 5000])
def test_a_window_without_a_proper_key_is_not_heard(nadia, key):
    role = make_role()

    assert nadia.post(url("keep", role.pk), form_of(role, _form=key)).status_code == 404
    assert OpenForm.objects.count() == 0


def test_asking_for_a_token_changes_nothing(nadia):
    role = make_role()

    said = nadia.get(url("keep", role.pk)).json()

    assert set(said) == {"token", "user"}
    assert OpenForm.objects.count() == 0


def test_only_those_who_may_change_a_page_are_heard(client):
    role = make_role()
    client.force_login(make_user(group="Lead handlers"))

    statuses = {client.post(url(act, role.pk), form_of(role, _form=KEY)).status_code for act in ("keep", "look")}

    assert statuses == {403}
    assert OpenForm.objects.count() == 0


@pytest.mark.parametrize("rows", [1, 3])
def test_the_whole_form_costs_at_most_25_queries(nadia, django_assert_max_num_queries, rows):
    role = make_role(dict.fromkeys(list(Section.Kind)[: 4 * rows], "Words."), picture=make_picture())
    role.related.add(make_role(), make_role())
    for number in range(rows):
        SampleResume.objects.create(role=role, picture=make_picture(), title=f"Résumé {number}", position=number)
    role.publish()
    keep(nadia, role)
    nadia.get(url("change", role.pk))  # what is kept for the process

    with django_assert_max_num_queries(25):
        nadia.get(url("change", role.pk))


def test_a_saved_text_has_the_line_ends_that_it_had(nadia):
    role = make_role({"duties": "- One\n- Two"})

    save(nadia, role, fields_shown(nadia, role) | {"sections-0-body": "- One\r\n- Two"}, title="New")

    assert Section.objects.get().body == "- One\n- Two"


# --- who else ---


def test_each_learns_that_the_other_has_the_page_open_until_the_window_closes(nadia, emre):
    role, other = make_role(), make_role()
    hers, his = str(uuid.uuid4()), str(uuid.uuid4())
    nadia.post(url("keep", role.pk), {"_here": "1", "_form": hers})
    nadia.post(url("keep", other.pk), {"_here": "1", "_form": str(uuid.uuid4())})

    told = emre.post(url("keep", role.pk), {"_here": "1", "_form": his}).json()["others"]
    nadia.post(url("keep", role.pk), {"_gone": "1", "_form": hers})
    after = emre.post(url("keep", role.pk), {"_here": "1", "_form": his}).json()["others"]

    assert [line.split(",")[0] for line in told] == ["Nadia Fonseca"]
    assert after == []


def test_a_save_by_somebody_else_is_told(nadia, emre):
    role = make_role()
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His")

    said = nadia.post(url("keep", role.pk), hers | {"_here": "1"}).json()["changed"]

    assert said.startswith("Emre saved this at ")


# --- two versions ---


def test_a_save_on_top_of_anothers_shows_both_versions_and_saves_nothing(nadia, emre):
    role = make_role({"duties": "- One"}, title="Old", summary="Old summary.")
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His", summary="His summary.")

    page = save(nadia, role, hers, title="Hers", **{"sections-0-body": "- Hers"})

    assert page.status_code == 409
    assert differences(page) == {
        "title": ("Hers", "His", ""),
        "summary": ("Old summary.", "His summary.", "theirs"),
        f"sections:{role.sections.get().pk}:body": ("- Hers", "- One", "mine"),
    }
    assert (Role.objects.get().title, Section.objects.get().body) == ("His", "- One")


def test_what_is_chosen_of_each_is_saved(nadia, emre):
    role = make_role({"duties": "- One"}, title="Old", summary="Old summary.")
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His", summary="His summary.")
    page = save(nadia, role, hers, title="Hers", **{"sections-0-body": "- Hers"})

    choices = {key: chosen or "mine" for key, (_mine, _theirs, chosen) in differences(page).items()}
    answer(nadia, role, page, choices)

    saved = Role.objects.get()
    assert (saved.title, saved.summary, Section.objects.get().body) == ("Hers", "His summary.", "- Hers")
    assert saved.updated_by.username == "nadia"
    kept = role.revisions.get()
    assert (kept.title, kept.live_from, kept.note) == ("His", None, "Before Nadia Fonseca saved another version")


def test_nothing_is_saved_before_everything_is_chosen(nadia, emre):
    role = make_role(title="Old")
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His")
    page = save(nadia, role, hers, title="Hers")

    again = answer(nadia, role, page, {})

    assert (again.status_code, again.context["missing"]) == (409, True)
    assert Role.objects.get().title == "His"


def test_a_third_save_in_between_asks_anew(nadia, emre):
    role = make_role(title="Old")
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His")
    page = save(nadia, role, hers, title="Hers")
    save(emre, role, fields_shown(emre, role), title="His second")

    again = answer(nadia, role, page, {"title": "mine"})

    assert differences(again)["title"][:2] == ("Hers", "His second")
    assert Role.objects.get().title == "His second"


def test_a_form_that_does_not_say_what_it_showed_overwrites_nothing(nadia):
    role = make_role(title="Old")

    page = save(nadia, role, form_of(role, _seen="", _read=""), title="New")

    assert (page.status_code, differences(page)) == (409, {"title": ("New", "Old", "")})


@pytest.mark.parametrize("seen", ["x", "2026-99-99T00:00", "\0"])
def test_a_forged_time_is_no_time(nadia, seen):
    role = make_role(title="Old")

    assert save(nadia, role, form_of(role, _seen=seen, _read="[1]"), title="New").status_code == 409


def test_the_same_words_by_both_are_no_conflict(nadia, emre):
    role = make_role(title="Old")
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="Same")

    assert save(nadia, role, hers, title="Same").status_code == 302


def test_sections_that_the_other_added_or_removed_are_asked_about(nadia, emre):
    role = make_role({"duties": "- One", "required": "- Two", "nice": "- Three"})
    duties, required, nice = role.sections.all()
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    added = {f"sections-3-{name}": "" for name in ("id", "heading", "advice", "note")}
    added |= {"sections-TOTAL_FORMS": 4, "sections-3-kind": "other", "sections-3-body": "His", "sections-3-position": 9}
    save(emre, role, his, **added, **{"sections-1-DELETE": "on", "sections-2-DELETE": "on"})
    new = role.sections.get(body="His")

    page = save(nadia, role, hers, **{"sections-1-body": "- Hers"})

    asked = {key: chosen for key, (_mine, _theirs, chosen) in differences(page).items()}
    removed = {f"sections:{required.pk}": "", f"sections:{nice.pk}": "theirs"}
    assert asked == removed | {f"sections:{new.pk}": "theirs"}

    answer(nadia, role, page, {key: chosen or "mine" for key, chosen in asked.items()})
    assert sorted(role.sections.values_list("body", flat=True)) == ["- Hers", "- One", "His"]
    assert duties in role.sections.all()


def test_a_section_that_one_removed_and_the_other_changed_stays_if_that_is_chosen(nadia, emre):
    role = make_role({"duties": "- One", "required": "- Two"})
    required = role.sections.last()
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, **{"sections-1-body": "- His"})

    page = save(nadia, role, hers, **{"sections-1-DELETE": "on"})
    answer(nadia, role, page, {f"sections:{required.pk}": "theirs"})

    assert role.sections.last().body == "- His"


def test_the_order_of_the_sections_is_one_choice(nadia, emre):
    role = make_role({"duties": "- One", "required": "- Two"})
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, **{"sections-0-position": 1, "sections-1-position": 0})

    page = save(nadia, role, hers, title="Hers")
    assert set(differences(page)) == {"title", "sections:order"}
    answer(nadia, role, page, {"title": "mine", "sections:order": "theirs"})

    assert [section.kind for section in role.sections.all()] == ["required", "duties"]


def test_publishing_waits_for_the_choice_and_then_happens(nadia, emre):
    role = make_role(title="Old")
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His")
    page = nadia.post(url("change", role.pk), hers | {"title": "Hers", "_publish": "1"})
    assert RoleRevision.objects.count() == 0

    answer(nadia, role, page, {"title": "mine"})

    assert RoleRevision.objects.live().get().title == "Hers"


def test_who_pressed_publish_may_still_save_a_draft_only(nadia, emre):
    role = make_role(title="Old")
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His")
    page = nadia.post(url("change", role.pk), hers | {"title": "Hers", "_publish": "1"})
    assert "Publish what is chosen" in page.content.decode()

    answer(nadia, role, page, {"title": "mine"}, button="_continue")

    assert (Role.objects.get().title, RoleRevision.objects.live().count()) == ("Hers", 0)


def test_a_comment_is_resolved_after_the_choice(nadia, emre):
    role = make_role(title="Old")
    review.comment(role, User.objects.get(username="emre"), "Is it clear?")
    comment = ReviewEntry.objects.get()
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His")
    page = nadia.post(url("change", role.pk), hers | {"title": "Hers", "_resolve": comment.pk})

    answer(nadia, role, page, {"title": "mine"})

    comment.refresh_from_db()
    assert (Role.objects.get().title, comment.resolved_at is not None) == ("Hers", True)


@pytest.mark.parametrize("choice", ["bogus", "Mine", "mine "])
def test_a_choice_is_one_of_the_two(nadia, emre, choice):
    role = make_role(title="Old")
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His")
    page = save(nadia, role, hers, title="Hers")

    assert answer(nadia, role, page, {"title": choice}).status_code == 409
    assert Role.objects.get().title == "His"


@pytest.mark.parametrize("spelling", ["%2B{}", "%20{}", "0_{}", "0{}", "²"])
def test_another_spelling_of_the_key_overwrites_nothing(nadia, emre, spelling):
    role = make_role(title="Old")
    hers, his = fields_shown(nadia, role), fields_shown(emre, role)
    save(emre, role, his, title="His")
    address = url("change", 0).replace("/0/", f"/{spelling.format(role.pk)}/")

    assert nadia.post(address, hers | {"title": "Hers", "_continue": "1"}).status_code != 500
    assert nadia.get(address, {"kept": KEY}).status_code != 500
    assert Role.objects.get().title == "His"


# --- the preview of what is typed ---


def test_the_page_is_shown_as_it_stands_in_the_form_and_nothing_is_written(nadia, django_assert_max_num_queries):
    role = make_role({"introduction": "Old words.", "duties": "- One"}, title="Old")
    before = Role.objects.values().get(), list(Section.objects.values())
    changes = {"title": "New", "sections-0-body": "New [words].", "sections-1-position": 0, "sections-0-position": 1}

    data = form_of(role, **changes)
    nadia.post(url("look", role.pk), data)  # what pages share is kept from now on

    with django_assert_max_num_queries(21):
        shown = nadia.post(url("look", role.pk), data).json()

    assert "New [words]" not in shown["html"]
    assert '<mark class="slot">[words]</mark>' in shown["html"]
    assert "Old words" not in shown["html"]
    assert shown["places"] == {"sections-1": "duties", "sections-0": "introduction"}
    assert (Role.objects.values().get(), list(Section.objects.values())) == before
    assert RoleRevision.objects.count() == 0


def test_a_new_page_is_shown_before_it_is_saved(nadia):
    known = make_role()
    role = Role(language="en", title="Brand new", category=known.category, author=known.author, summary="Sentence.")
    added = {f"sections-0-{name}": "" for name in ("id", "heading", "advice", "note")}
    added |= {"sections-TOTAL_FORMS": 1, "sections-0-kind": "introduction", "sections-0-body": "First words."}

    shown = nadia.post(url("look_new"), form_of(role, **added, **{"sections-0-position": 0})).json()

    assert "Brand new" in shown["html"]
    assert "First words." in shown["html"]
    assert Role.objects.count() == 1


def test_the_checklist_comes_along_and_leads_to_the_forms_of_the_rows_as_they_are_ordered(nadia):
    role = make_role({"introduction": "Words.", "duties": "- One"})
    moved = {"sections-0-position": 1, "sections-1-position": 0, "sections-0-body": "We want a rockstar."}

    checklist = nadia.post(url("look", role.pk), form_of(role, **moved)).json()["checklist"]

    assert "We want a rockstar." in checklist
    assert 'href="#id_sections-0-body"' in checklist


def form_as_shown(client, address):
    """Return what a browser would send of a form as it opens."""
    context = client.get(address).context
    filled = Filled(context["adminform"].form, [inline.formset for inline in context["inline_admin_formsets"]])
    data = {"publish_at_0": "", "publish_at_1": "", "revision_note": ""}
    data |= {f"_{name}": context["editing"][name] for name in ("seen", "read")}
    for form in [filled.form, *(row for rows in filled.formsets for row in rows.initial_forms)]:
        for value in form:
            data |= posted(value)
    for rows in filled.formsets:
        data |= {f"{rows.prefix}-{name}": len(rows.initial_forms) for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    return data


def test_a_policy_and_a_report_are_shown_as_they_stand_in_the_form(nadia):
    page, report = make_page(title="Old"), published_report(title="Old report")
    for name, row in (("recruitcms_page", page), ("leads_report", report)):
        data = form_as_shown(nadia, reverse(f"admin:{name}_change", args=[row.pk])) | {"title": "Brand new words"}

        html = nadia.post(reverse(f"admin:{name}_look", args=[row.pk]), data).json()["html"]

        assert "Brand new words</h1>" in html


def test_a_page_that_cannot_be_shown_yet_says_what_is_missing(nadia):
    shown = nadia.post(url("look_new"), form_of(Role(language="en", title="Brand new"))).json()

    assert shown["why"].startswith("Choose what is missing")


def test_what_is_typed_cannot_run_in_the_preview(nadia):
    role = make_role({"introduction": "Words."})

    shown = nadia.post(
        url("look", role.pk), form_of(role, **{"sections-0-body": "<script>alert(1)</script><b onclick=x>b</b>"})
    )

    assert "alert(1)</script>" not in shown.json()["html"]
    assert "onclick" not in shown.json()["html"]


def test_a_very_long_text_and_very_many_sections_are_kept_and_shown(nadia):
    role = make_role({"introduction": "Words."})
    rows = {f"sections-{n}-{name}": "" for n in range(1, 100) for name in ("id", "heading", "advice", "note")}
    for n in range(1, 100):
        rows |= {f"sections-{n}-kind": "other", f"sections-{n}-body": f"Text {n}", f"sections-{n}-position": n}
    rows |= {"sections-TOTAL_FORMS": 100, "sections-0-body": "word " * 40_000}

    kept, shown = keep(nadia, role, **rows), nadia.post(url("look", role.pk), form_of(role, **rows))

    assert (kept.status_code, shown.status_code) == (200, 200)
    assert "Text 99" in shown.json()["html"]
    assert len(OpenForm.objects.get().typed) > 200_000
