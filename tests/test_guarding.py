"""What pages share is not overwritten unseen either: a save on top of another's save shows both versions."""

import re
import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from leads.models import ConsentText
from recruitcms.models import (
    CallToAction,
    ClientLogo,
    FillInWord,
    OpenForm,
    Picture,
    SiteSettings,
    Testimonial,
    WordingException,
)
from recruitcms.publishing import touch_content
from tests.factories import image_file, make_category, make_cta, make_person, make_picture, make_site, make_user
from tests.lead_factories import make_purpose, make_wording
from tests.test_editing import differences, form_as_shown

pytestmark = pytest.mark.django_db

KINDS = {
    "call to action": (lambda: make_cta("booking"), "heading", "position"),
    "person": (make_person, "bio", "position"),
    "testimonial": (lambda: Testimonial.objects.create(quote="Old.", person=make_person()), "quote", "position"),
    "category": (make_category, "description", "position"),
    "logo": (lambda: ClientLogo.objects.create(name="Old", mark="logo-old"), "name", "position"),
    "picture": (make_picture, "alt", "name"),
    "site settings": (make_site, "legal_name", "phone"),
    "purpose": (make_purpose, "title", "position"),
    "consent wording": (lambda: make_wording(published=False), "body", "language"),
    "allowed words": (lambda: WordingException.objects.create(words="ninja", reason="Old."), "reason", "words"),
}


def staff(name, group):
    client = Client()
    client.force_login(make_user(name, first_name=name.title(), is_superuser=not group, group=group))
    return client


@pytest.fixture
def nadia():
    return staff("nadia", "")


@pytest.fixture
def emre():
    return staff("emre", "")


def url(row, act="change"):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{act}", args=[row.pk])


def shown(client, row):
    """Return what a freshly opened form would send back."""
    return form_as_shown(client, url(row)) | {"_form": str(uuid.uuid4())}


def save(client, row, form, **changes):
    return client.post(url(row), form | {"_save": "1"} | changes)


def answer(client, row, page, choices):
    data = {}
    for name, text in page.context["sent"]:
        data.setdefault(name, []).append(text)
    data |= {"_settle": "1", "_settle_now": page.context["now"], page.context["button"]: page.context["button_value"]}
    return client.post(url(row), data | {f"choose:{key}": whose for key, whose in choices.items()})


def saved(row, *names):
    return type(row).objects.values_list(*names).get(pk=row.pk)


# --- every kind ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_save_on_top_of_anothers_shows_both_versions_and_saves_nothing(nadia, emre, kind):
    make, field, _other = KINDS[kind]
    row = make()
    hers, his = shown(nadia, row), shown(emre, row)
    assert save(emre, row, his, **{field: "His"}).status_code == 302

    page = save(nadia, row, hers, **{field: "Hers"})

    assert page.status_code == 409
    assert differences(page) == {field: ("Hers", "His", "")}
    assert page.context["who"].startswith("Emre saved this at ")
    assert saved(row, field) == ("His",)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_chosen_of_each_is_saved(nadia, emre, kind):
    make, field, other = KINDS[kind]
    row = make()
    hers, his = shown(nadia, row), shown(emre, row)
    theirs = {"position": 7, "language": "pl"}.get(other, "41")
    assert save(emre, row, his, **{field: "His", other: theirs}).status_code == 302
    page = save(nadia, row, hers, **{field: "Hers"})
    assert {key: chosen for key, (_mine, _theirs, chosen) in differences(page).items()} == {field: "", other: "theirs"}

    assert answer(nadia, row, page, {field: "mine", other: "theirs"}).status_code == 302

    assert saved(row, field, other) == ("Hers", theirs)
    assert LogEntry.objects.latest("action_time").user.username == "nadia"


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_that_does_not_say_what_it_showed_overwrites_nothing(nadia, kind):
    make, field, _other = KINDS[kind]
    row = make()
    before = saved(row, field)
    form = {name: text for name, text in shown(nadia, row).items() if name not in {"_seen", "_read"}}

    assert save(nadia, row, form, **{field: "New"}).status_code == 409
    assert saved(row, field) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_save_without_anybody_between_is_a_save(nadia, kind):
    make, field, _other = KINDS[kind]
    row = make()

    assert save(nadia, row, shown(nadia, row), **{field: "New"}).status_code == 302
    assert saved(row, field) == ("New",)


# --- rows, files, wordings, and who may ---


def test_the_texts_of_a_language_are_compared_field_by_field(nadia, emre):
    site = make_site(tagline="Old", legal_line="Old")
    text = site.texts.first()
    hers, his = shown(nadia, site), shown(emre, site)
    save(emre, site, his, **{"texts-0-tagline": "His", "texts-0-legal_line": "His"})

    page = save(nadia, site, hers, **{"texts-0-tagline": "Hers"})
    keys = [f"texts:{text.pk}:tagline", f"texts:{text.pk}:legal_line"]
    assert [(key, chosen) for key, (_mine, _theirs, chosen) in differences(page).items()] == [
        (keys[0], ""),
        (keys[1], "theirs"),
    ]
    answer(nadia, site, page, dict(zip(keys, ["mine", "theirs"], strict=True)))

    text.refresh_from_db()
    assert (text.tagline, text.legal_line) == ("Hers", "His")


def test_the_count_of_what_was_saved_elsewhere_makes_no_other_version_of_the_settings(nadia):
    site = make_site()
    form = shown(nadia, site)
    touch_content()

    told = nadia.post(url(site, "keep"), form | {"_here": "1"}).json()

    assert told["changed"] == ""
    assert SiteSettings.objects.get().content_version > site.content_version


def test_a_file_does_not_take_the_place_of_anothers_file_unasked(nadia, emre):
    picture = make_picture()
    hers, his = shown(nadia, picture), shown(emre, picture)
    save(emre, picture, his, upload=image_file(size=(600, 400)))

    page = save(nadia, picture, hers, upload=image_file(size=(800, 800)))
    assert (page.status_code, page.context["files"]) == (409, True)
    answer(nadia, picture, page, {})

    assert Picture.objects.get().files["height"] == 400


def test_publishing_a_wording_waits_for_the_choice_and_then_happens(nadia, emre):
    text = make_wording(published=False)
    hers, his = shown(nadia, text), shown(emre, text)
    save(emre, text, his, body="His words.")

    page = nadia.post(url(text), hers | {"body": "Her words.", "_publish": "1"})
    assert (page.status_code, ConsentText.objects.get().published_at) == (409, None)
    answer(nadia, text, page, {"body": "mine"})

    text.refresh_from_db()
    assert (text.body, text.published_at is not None) == ("Her words.", True)


def test_a_wording_that_was_published_meanwhile_cannot_be_changed(nadia):
    text = make_wording(published=False)
    form, words = shown(nadia, text), text.body
    text.publish()

    assert save(nadia, text, form, body="Other words.").status_code == 403
    assert ConsentText.objects.get().body == words


@pytest.mark.parametrize("group", ["Lead handlers", "Writers"])
def test_who_may_not_change_a_thing_is_not_shown_it_by_a_forged_save(group):
    text = make_wording(published=False, body="Not published yet.")

    page = staff("ola", group).post(url(text), {"_seen": "", "body": "Mine", "upload": image_file(), "_save": "1"})

    assert page.status_code == 403
    assert "Not published yet." not in page.content.decode()


def test_a_change_that_the_log_does_not_know_is_somebodys(nadia):
    cta = make_cta("booking", heading="Old")
    form = shown(nadia, cta)
    CallToAction.objects.update(heading="By a script")

    page = save(nadia, cta, form, heading="Hers")

    assert page.context["who"] == "Somebody saved this"
    assert differences(page) == {"heading": ("Hers", "By a script", "")}


def test_a_third_save_in_between_asks_anew(nadia, emre):
    cta = make_cta("booking")
    hers, his = shown(nadia, cta), shown(emre, cta)
    save(emre, cta, his, heading="His")
    page = save(nadia, cta, hers, heading="Hers")
    save(emre, cta, shown(emre, cta), heading="His second")

    again = answer(nadia, cta, page, {"heading": "mine"})

    assert differences(again)["heading"][:2] == ("Hers", "His second")
    assert saved(cta, "heading") == ("His second",)


def test_a_refused_form_does_not_take_its_own_words_for_anothers(nadia):
    cta = make_cta("booking")

    page = save(nadia, cta, shown(nadia, cta), heading="", text="New")

    assert page.status_code == 200
    assert page.context["editing"]["changed"] == ""


def test_a_small_window_over_another_form_guards_too(nadia, emre):
    person = make_person()
    hers, his = shown(nadia, person), shown(emre, person)
    page = nadia.get(url(person), {"_popup": "1"}).content.decode()
    assert 'name="_seen"' in page
    assert "editor.js" not in page
    save(emre, person, his, bio="His")

    both = nadia.post(url(person), {"_popup": "1"} | hers | {"bio": "Hers", "_save": "1"})
    assert (both.status_code, both.context["button"]) == (409, "_save")
    done = answer(nadia, person, both, {"bio": "mine"})

    assert "popup_response" in done.content.decode()
    assert saved(person, "bio") == ("Hers",)


# --- keeping, and who else is here ---


def test_what_is_typed_is_kept_and_shown_again_when_asked(nadia):
    cta = make_cta("booking", heading="Old", name="Band")
    form = shown(nadia, cta)
    nadia.post(url(cta, "keep"), form | {"heading": "New"})

    offered = nadia.get(url(cta)).context["editing"]["unsaved"]
    page = nadia.get(url(cta), {"kept": form["_form"]})

    assert [(str(one.key), one.title) for one in offered] == [(form["_form"], "Band")]
    assert page.context["adminform"].form["heading"].value() == "New"
    assert saved(cta, "heading") == ("Old",)
    save(nadia, cta, form, heading="New")
    assert list(OpenForm.objects.unsaved()) == []


def test_each_learns_that_the_other_has_it_open(nadia, emre):
    cta = make_cta("booking")
    nadia.post(url(cta, "keep"), {"_here": "1", "_form": str(uuid.uuid4())})

    told = emre.post(url(cta, "keep"), {"_here": "1", "_form": str(uuid.uuid4())}).json()["others"]

    assert [line.split(",")[0] for line in told] == ["Nadia"]


def test_who_may_only_read_a_form_reports_nothing(nadia):
    page = nadia.get(url(make_wording())).content.decode()

    assert 'data-keep-url=""' in page
    assert "keep-state" not in page


@pytest.mark.parametrize("kind", ["call to action", "picture", "logo", "allowed words", "category"])
def test_what_was_typed_goes_with_the_thing_it_was_typed_for(nadia, kind):
    row = KINDS[kind][0]()
    nadia.post(url(row, "keep"), shown(nadia, row))
    assert OpenForm.objects.count() == 1

    nadia.post(url(row, "delete"), {"post": "yes"})

    assert OpenForm.objects.count() == 0


# --- lists that are edited as a whole ---

LISTS = {
    "logos": lambda name: ClientLogo.objects.create(name=name, mark="logo-old", position=5),
    "people": lambda name: make_person(name=name, position=5),
    "fill-in words": lambda name: FillInWord.objects.create(key=name, words=name, label=name, position=5),
    "categories": lambda name: make_category(name=name, slug=name, position=5),
}


def list_url(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist")


def list_shown(client, row):
    """Return what a freshly opened list would send back, and where in it a row stands."""
    formset = client.get(list_url(row)).context["cl"].formset
    form = {field.html_name: field.value() for field in formset.management_form} | {"_save": "Save"}
    for one in formset.forms:
        form |= {field.html_name: field.value() for field in one}
        form[one["position"].html_initial_name] = one["position"].value()
    return form


def place(form, row):
    """Return the name of the field that holds a row's position."""
    [name] = [name for name, value in form.items() if name.endswith("-id") and str(value) == str(row.pk)]
    return name.replace("-id", "-position")


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_opened_before_anothers_save_writes_back_only_what_was_changed_in_it(nadia, emre, kind):
    ada, bob = LISTS[kind]("ada"), LISTS[kind]("bob")
    hers, his = list_shown(nadia, ada), list_shown(emre, ada)
    assert emre.post(list_url(ada), his | {place(his, ada): 1}).status_code == 302

    assert nadia.post(list_url(ada), hers | {place(hers, bob): 2}).status_code == 302

    assert (*saved(ada, "position"), *saved(bob, "position")) == (1, 2)


@pytest.mark.parametrize("kind", LISTS)
def test_a_place_that_somebody_else_gave_meanwhile_is_shown_before_it_is_overwritten(nadia, emre, kind):
    ada, bob = LISTS[kind]("ada"), LISTS[kind]("bob")
    hers, his = list_shown(nadia, ada), list_shown(emre, ada)
    emre.post(list_url(ada), his | {place(his, ada): 1})
    hers |= {place(hers, ada): 9, place(hers, bob): 2}

    page = nadia.post(list_url(ada), hers)

    said = "Somebody saved 1 here meanwhile. Save again if it is to be 9."
    assert page.context["cl"].formset.non_form_errors() == [f"{ada}: {said}"]
    assert page.content.decode().count(said) == 2  # above the list, and at the field
    assert (*saved(ada, "position"), *saved(bob, "position")) == (1, 5)  # nothing is half done

    again = re.findall(r'name="(initial-form-\d+-position)" value="(\d+)"', page.content.decode())
    assert nadia.post(list_url(ada), hers | dict(again)).status_code == 302
    assert (*saved(ada, "position"), *saved(bob, "position")) == (9, 2)


def test_two_who_give_a_row_the_same_place_agree(nadia, emre):
    ada = LISTS["logos"]("ada")
    hers, his = list_shown(nadia, ada), list_shown(emre, ada)
    emre.post(list_url(ada), his | {place(his, ada): 1})

    assert nadia.post(list_url(ada), hers | {place(hers, ada): 1}).status_code == 302


def test_a_list_that_does_not_say_what_it_showed_overwrites_nothing(nadia):
    ada = LISTS["logos"]("ada")
    form = {name: value for name, value in list_shown(nadia, ada).items() if not name.startswith("initial-")}

    page = nadia.post(list_url(ada), form | {place(form, ada): 9})

    assert "Somebody saved 5 here meanwhile" in page.content.decode()
    assert saved(ada, "position") == (5,)


def test_a_row_that_was_deleted_meanwhile_stops_the_list_in_words(nadia):
    ada, bob = LISTS["logos"]("ada"), LISTS["logos"]("bob")
    hers = list_shown(nadia, ada)
    ada.delete()

    page = nadia.post(list_url(bob), hers | {place(hers, bob): 9})

    assert "Please correct the error" in page.content.decode()
    assert saved(bob, "position") == (5,)
