"""A new role from another one: whole words give way, in their capitals, and every change is listed first."""

from datetime import date

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from recruitcms.translating import Passage
from roles import variants
from roles.models import Role, SampleResume
from tests.factories import make_category, make_picture, make_role, make_user, published_role

database = pytest.mark.django_db


def replaced(text, *pairs, language="en", title="", new=""):
    """Return a text after all changes, as the variant would have it."""
    role = Role(title=title, title_plural=f"{title}s" if title else "", summary=text, language=language)
    found = variants.pairs_of(role, new, f"{new}s" if new else "", list(pairs))
    held = Passage(role, "summary", "summary")
    pattern = variants.pattern_of(found, language)
    return variants._changed(held, list(variants._changes_in(held, pattern, found)))


# --- words ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Data Engineer owns it.", "The Platform Engineer owns it."),
        ("Our data engineer owns it.", "Our platform engineer owns it."),
        ("Data engineer wanted", "Platform engineer wanted"),
        ("WE SEEK DATA ENGINEERS", "WE SEEK PLATFORM ENGINEERS"),
        ("Data Engineers and data engineers", "Platform Engineers and platform engineers"),
        ("the **Data Engineer**’s team", "the **Platform Engineer**’s team"),
        ("_Data Engineer_", "_Platform Engineer_"),
        ("a data\nengineer", "a platform engineer"),
        ("data\n\nengineer", "data\n\nengineer"),
        ("Big data engineering, Metadata Engineer", "Big data engineering, Metadata Engineer"),
    ],
)
def test_the_title_gives_way_in_whole_words_and_in_its_capitals(text, expected):
    assert replaced(text, title="Data Engineer", new="Platform Engineer") == expected


@pytest.mark.parametrize(
    ("pair", "text", "expected"),
    [
        (("Python", "Java"), "Python, Pythonic, PYTHON and python-based", "Java, Pythonic, JAVA and python-based"),
        (("python", "java"), "Python-based python", "Java-based java"),
        (("Go", "Rust"), "Ready to go with Go?", "Ready to go with Rust?"),
        (("C", "Rust"), "C, C++ and C#", "Rust, C++ and C#"),
        (("C++", "Rust"), "C++ and C", "Rust and C"),
        (("Node", "Deno"), "Node and Node.js.", "Deno and Node.js."),
        (("machine learning", "ML"), "Machine learning, machine learning", "ML, ML"),
        (("data", "DevOps"), "data", "DevOps"),
        (("android", "iOS"), "Android first, then android", "iOS first, then iOS"),
    ],
)
def test_own_words_give_way(pair, text, expected):
    assert replaced(text, pair) == expected


def test_words_change_places_without_changing_twice():
    assert replaced("Python or Java", ("Python", "Java"), ("Java", "Python")) == "Java or Python"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A Data Engineer writes.", "An ML Engineer writes."),
        ("He is a data engineer.", "He is an ML engineer."),
        ("be a **Data Engineer**", "be an **ML Engineer**"),
        ("a good Data Engineer", "a good ML Engineer"),
        ("Grade data engineers", "Grade ML engineers"),
    ],
)
def test_the_english_article_follows(text, expected):
    assert replaced(text, title="Data Engineer", new="ML Engineer") == expected


def test_an_becomes_a():
    assert replaced("An Android developer", ("Android", "Kotlin")) == "A Kotlin developer"


def test_polish_words_are_replaced_plainly():
    text = "Inżynier danych, a inżynier danych to nie „Inżynier danychów”. INŻYNIER DANYCH"

    polish = replaced(text, language="pl", title="Inżynier danych", new="Architekt chmury")

    assert polish == "Architekt chmury, a architekt chmury to nie „Inżynier danychów”. ARCHITEKT CHMURY"


@pytest.mark.parametrize(
    "address",
    [
        "(https://python.org/python)",
        "https://x.example/python",
        "www.python.example/python",
        "<https://x.example/python>",
        "mail python@x.example",
        "[1]: /roles/python",
        "python.org",
        "](/roles/python-engineer/)",
    ],
)
def test_addresses_of_links_stay(address):
    assert replaced(address, ("python", "java")) == address


def test_the_words_of_a_link_change_and_its_target_stays():
    text = '[Python at work](/roles/python/ "Python"), https://python.org/a_(Python) Python'

    assert replaced(text, ("Python", "Java")) == (
        '[Java at work](/roles/python/ "Java"), https://python.org/a_(Python) Java'
    )


@given(text=st.text(st.sampled_from("ab. \n[](<>):/_*é"), max_size=40))
def test_a_replacement_there_and_back_leaves_every_text_as_it_was(text):
    there = replaced(text, ("ab", "x"), language="pl")

    assert replaced(there, ("x", "ab"), language="pl") == text


@pytest.mark.parametrize("line", ["Python", "Python → Java → C", "→ Java", "Python →"])
def test_a_line_that_is_no_pair_is_named(line):
    with pytest.raises(variants.ValidationError, match="Line 2"):
        variants.read_pairs(f"A -> B\n{line}")


def test_words_are_replaced_by_one_line_alone():
    assert variants.read_pairs("a => b\n\n c  d→e") == [("a", "b"), ("c d", "e")]
    with pytest.raises(variants.ValidationError, match="Line 2: these words are replaced above"):
        variants.read_pairs("a -> b\na -> c")


# --- in the admin ---


def ask(client, role, **fields):
    """Fill in the form of a new variant and show the changes."""
    data = {"category": role.category_id, "author": role.author_id, "title_plural": "", "slug": "", "replacements": ""}
    return client.post(reverse("admin:roles_role_variant", args=[role.pk]), data | fields)


def make(client, role, shown, leave=(), **fields):
    """Press “Make” on the page that shows the changes, some of them unticked."""
    keys = [change.key for change in shown.context["changes"] if change.old not in leave]
    return ask(client, role, _make="1", seal=shown.context["seal"], change=keys, **fields)


def listed(shown):
    return [(change.place, change.old, change.new) for change in shown.context["changes"]]


@database
def test_every_change_is_listed_in_its_sentence_and_then_made(admin_client, admin_user):
    role = make_role(
        title="Data Engineer",
        title_plural="Data Engineers",
        summary="A Data Engineer moves data.",
        search_title="Data Engineer",
        sections={"duties": "- Own Python. Data engineers help.\n- Rest", "other": "Data engineers [here](/data)"},
    )
    friend = make_role(title="Friend")
    role.related.add(friend)
    SampleResume.objects.create(role=role, picture=make_picture(), title="Data Engineer, bank")
    role.publish()
    fields = {"title": "ML Engineer", "title_plural": "ML Engineers", "replacements": "Python → Java"}

    shown = ask(admin_client, role, **fields)

    assert listed(shown) == [
        ("Summary", "A Data Engineer", "An ML Engineer"),
        ("Duties and responsibilities (list) · text", "Python", "Java"),
        ("Duties and responsibilities (list) · text", "Data engineers", "ML engineers"),
        ("A section of your own · text", "Data engineers", "ML engineers"),
        ("Data Engineer, bank · caption", "Data Engineer", "ML Engineer"),
        ("Title for search engines", "Data Engineer", "ML Engineer"),
    ]
    assert [(change.before, change.after) for change in shown.context["changes"]][2] == ("", " help.")
    assert "<ins>An ML Engineer</ins> moves data." in shown.content.decode()
    assert Role.objects.count() == 2

    answer = make(admin_client, role, shown, leave={"Python"}, **fields)

    variant = Role.objects.get(title="ML Engineer")
    assert answer.url == reverse("admin:roles_role_change", args=[variant.pk])
    assert (variant.title_plural, variant.slug, variant.search_title) == ("ML Engineers", "ml-engineer", "ML Engineer")
    assert variant.summary == "An ML Engineer moves data."
    assert [section.body for section in variant.sections.all()] == [
        "- Own Python. ML engineers help.\n- Rest",
        "ML engineers [here](/data)",
    ]
    assert [resume.title for resume in variant.resumes.all()] == ["ML Engineer, bank"]
    assert list(variant.related.all()) == [friend]
    assert (variant.created_by, variant.updated_by, variant.live_revision) == (admin_user, admin_user, None)
    assert variant.translation_group != role.translation_group
    assert (Role.objects.get(pk=role.pk).summary, role.sections.count()) == ("A Data Engineer moves data.", 2)


@database
def test_a_role_that_changes_meanwhile_is_looked_through_again(admin_client):
    role = make_role(title="Old", summary="Old words.")
    shown = ask(admin_client, role, title="New")
    role.summary = "Old words, and more Old ones."
    role.save()

    again = make(admin_client, role, shown, title="New")

    assert [str(message) for message in again.context["messages"]] == [
        "The words or the role have changed since: look through the changes again."
    ]
    assert len(listed(again)) == 2
    assert Role.objects.count() == 1


@database
def test_a_text_that_would_grow_too_long_is_named_and_nothing_is_made(admin_client):
    role = make_role(title="QA", search_title="QA " * 20)
    shown = ask(admin_client, role, title="Quality Assurance")

    refused = make(admin_client, role, shown, title="Quality Assurance")

    assert "and 70 fit. Leave a change out." in str(refused.context["form"].non_field_errors())
    assert Role.objects.count() == 1

    made = make(admin_client, role, shown, leave={"QA"}, title="Quality Assurance")

    assert made.status_code == 302


@database
@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"title": ""}, "title", "This field is required."),
        ({"title": "New"}, "title_plural", "This field is required."),
        ({"title": "New", "title_plural": "x" * 121}, "title_plural", "at most 120 characters"),
        ({"title": "???", "title_plural": "New"}, "slug", "No address can be made from this title."),
        ({"title": "New", "title_plural": "New", "slug": "taken"}, "slug", "has this address"),
        ({"title": "New", "title_plural": "New", "replacements": "Python"}, "replacements", "Line 1"),
        ({"title": "New", "title_plural": "New", "category": "99999"}, "category", "Select a valid choice"),
    ],
)
def test_mistakes_are_named_by_the_field(admin_client, fields, name, words):
    role = make_role(title="Old", title_plural="Olds", slug="taken")

    refused = ask(admin_client, role, **fields)

    assert words in str(refused.context["form"].errors[name])
    assert "seal" not in refused.context


@database
def test_what_belongs_to_another_language_cannot_be_chosen(admin_client):
    role = make_role(title="Old")
    polish = make_category(language="pl")

    assert "category" in ask(admin_client, role, title="New", category=polish.pk).context["form"].errors


@database
def test_words_that_occur_too_often_are_refused(admin_client):
    role = make_role(title="Old", sections={"duties": "word " * 1001})

    refused = ask(admin_client, role, title="New", replacements="word → other")

    assert "1001 times" in str(refused.context["form"].errors["replacements"])


@database
def test_a_very_long_section_is_searched_in_time(admin_client):
    role = make_role(title="Data Engineer", sections={"duties": "a " * 100_000 + "Data Engineer"})

    shown = ask(admin_client, role, title="ML Engineer")

    assert [(old, new) for _place, old, new in listed(shown)] == [("a Data Engineer", "an ML Engineer")]


@database
def test_the_form_begins_with_the_roles_own_words_and_the_role_leads_to_it(admin_client):
    role = published_role(title="Data Engineer", title_plural="Data Engineers")
    address = reverse("admin:roles_role_variant", args=[role.pk])

    form = admin_client.get(address).context["form"]

    assert (form["title"].value(), form["title_plural"].value(), form["slug"].value()) == (
        "Data Engineer",
        "Data Engineers",
        "",
    )
    assert address in admin_client.get(reverse("admin:roles_role_change", args=[role.pk])).content.decode()


@database
def test_those_who_may_not_add_roles_make_no_variant(client):
    role = make_role(title="Old")
    client.force_login(make_user(group="Lead handlers"))

    assert ask(client, role, title="New", _make="1").status_code == 403
    assert Role.objects.count() == 1


@database
def test_a_role_that_is_not_there_has_no_variant(admin_client):
    assert admin_client.get(reverse("admin:roles_role_variant", args=[99])).status_code == 404


@pytest.mark.django_db
def test_a_variant_is_a_translation_of_nothing_and_nothing_is_planned_for_it():
    original = make_role(planned_for=date(2031, 11, 3), review_at=date(2031, 12, 3))
    for thing in (original.category, original.author):
        thing.copy_into("pl")
    translation = original.copy_into("pl")

    variant = variants.new_variant(translation)

    assert (translation.planned_for, translation.review_at) == (None, None)
    assert (variant.source_language, variant.source_hash, variant.source_at, variant.source_texts) == ("", "", None, [])
