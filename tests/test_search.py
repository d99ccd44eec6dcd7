"""Finding a role: what is found, in what order, how it is shown, and what is kept of what was not found."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from leads import chores
from recruitcms import tallies
from recruitcms.publishing import touch_content
from roles.models import MissedSearch, SearchEntry, Synonyms
from roles.search import missed
from tests.factories import make_category, make_site, make_user, published_role

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def search(client, query, path="/roles/", **headers):
    return client.get(path, {"q": query}, headers={"User-Agent": FIREFOX} | headers)


def titles(response):
    return [role.title for role in response.context["page"]]


def test_titles_come_before_headings_before_text(client):
    published_role(title="A", sections={"introduction": "Knows Terraform."})
    published_role(title="B", sections={"challenges": "### Terraform drifts\nMend it."})
    published_role(title="Terraform Engineer")

    assert titles(search(client, "terraform")) == ["Terraform Engineer", "B", "A"]


def test_whole_words_come_before_words_that_go_on(client):
    for title in ("JavaScript Developer", "Senior Java Developer", "Java Developer"):
        published_role(title=title)

    assert titles(search(client, "java")) == ["Java Developer", "Senior Java Developer", "JavaScript Developer"]


def test_the_beginning_of_a_word_finds_it(client):
    published_role(title="Kubernetes Administrator")

    for query in ("k", "kub", "kubernetes adm", "ADMIN kube"):
        assert titles(search(client, query)) == ["Kubernetes Administrator"]


def test_words_that_mean_the_same_find_the_same(client):
    published_role(title="Machine Learning Engineer")
    published_role(title="MLOps Engineer")
    Synonyms.objects.create(words="ML, machine learning")
    touch_content()

    assert titles(search(client, "ml engineer")) == ["Machine Learning Engineer", "MLOps Engineer"]
    assert titles(search(client, "machine learning")) == ["Machine Learning Engineer"]


def test_words_that_mean_the_same_do_so_in_their_own_language(client):
    published_role(title="Machine Learning Engineer", language="pl")
    Synonyms.objects.create(words="ML, machine learning", language="en")
    touch_content()

    assert titles(search(client, "ml", "/pl/roles/")) == []


@pytest.mark.parametrize("typed", ["enginer", "engineeer", "egnineer", "ngineer", "enjineer", "xngineer"])
def test_a_small_typing_error_is_put_right_and_said(client, typed):
    published_role(title="Data Engineer", sections={"introduction": "Maintains pipelines."})

    response = search(client, f"data {typed}")

    assert titles(response) == ["Data Engineer"]
    assert f"Showing results for “data engineer”. There are none for “data {typed}”." in response.content.decode()


def test_a_word_that_finds_something_is_taken_as_it_is(client):
    published_role(title="Date Keeper")
    published_role(title="Data Engineer")

    response = search(client, "date")

    assert titles(response) == ["Date Keeper"]
    assert "Showing results" not in response.content.decode()


def test_what_only_a_page_that_is_not_live_says_is_never_suggested(client):
    published_role(title="Secretproject Engineer").take_offline()

    response = search(client, "secretprojekt")

    assert titles(response) == []
    assert "secretproject " not in response.content.decode().lower()


@pytest.mark.parametrize(
    ("language", "title", "queries"),
    [
        ("pl", "Główna księgowa w Łodzi", ["glowna ksiegowa", "GŁÓWNA", "lodzi", "księgowa"]),
        (
            "de",
            "Führungskraft für Großkunden",
            ["fuhrungskraft", "fuehrungskraft", "grosskunden", "kunden"],
        ),
        ("de", "Fuehrungskraft", ["führungskraft"]),
        ("de", "Softwareentwickler", ["entwickler", "Entwick"]),
    ],
)
def test_letters_are_found_without_their_accents(client, language, title, queries):
    published_role(title=title, language=language)

    for query in queries:
        assert titles(search(client, query, f"/{language}/roles/")) == [title], query


def test_names_made_of_signs_are_told_apart(client):
    for title in ("C++ Developer", "C# Developer", ".NET Developer", "C Developer"):
        published_role(title=title)

    assert titles(search(client, "c++")) == ["C++ Developer"]
    assert titles(search(client, "C#")) == ["C# Developer"]
    assert titles(search(client, ".net")) == [".NET Developer"]


def test_what_every_page_is_need_not_stand_on_it(client):
    published_role(title="Data Engineer")

    assert titles(search(client, "data engineer job description template")) == ["Data Engineer"]


def test_what_was_found_is_marked_in_titles_and_in_a_piece_of_the_text(client):
    long = "Nothing to see here. " * 30
    published_role(
        title="Ägyptologe & Data <Engineer>", sections={"introduction": f"{long}Knows **Żółw** 4 & more. {long}"}
    )

    assert 'Ägyptologe &amp; <mark class="slot">Data</mark> &lt;Engineer&gt;' in search(client, "data").content.decode()
    page = search(client, "zolw").content.decode()
    assert 'Knows <mark class="slot">Żółw</mark> 4 &amp; more. Nothing' in page
    assert "… " in page
    assert page.count("Nothing to see here") < 10


def test_only_what_is_live_is_found_and_as_it_is_now(client, clock):
    role = published_role(title="Old Name")
    published_role(title="Old Draft").take_offline()
    role.title = "New Name"
    role.publish(at=timezone.now() + timedelta(hours=1))

    assert titles(search(client, "old")) == ["Old Name"]
    assert titles(search(client, "new")) == []
    clock.shift(timedelta(hours=2))
    assert titles(search(client, "old")) == []
    assert titles(search(client, "new")) == ["New Name"]


def test_the_index_holds_no_more_than_what_is_or_will_be_live():
    role = published_role(title="First")
    for title in ("Second", "Third"):
        role.title = title
        role.publish()
    role.keep()
    assert [entry.revision.title for entry in SearchEntry.objects.all()] == ["Third"]

    role.delete()

    assert not SearchEntry.objects.exists()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM roles_search WHERE roles_search MATCH 'third'")
            assert cursor.fetchone() == (0,)


def test_a_publication_that_fails_leaves_nothing_in_the_index(client):
    published_role(title="Taken", slug="here").take_offline(timezone.now() + timedelta(hours=1))
    with transaction.atomic():
        published_role(title="Undone")
        transaction.set_rollback(True)

    assert titles(search(client, "undone")) == []
    assert titles(search(client, "taken")) == ["Taken"]


@pytest.mark.parametrize("query", ["data", "enginere dtaa", "nothing at all", "a b c d e f g h i j"])
def test_a_search_costs_at_most_eight_queries(client, query, django_assert_max_num_queries):
    make_site()
    for _number in range(12):
        published_role(title="Data Engineer")
    search(client, "warm")

    with django_assert_max_num_queries(8):
        search(client, query)


HOSTILE = [
    '"',
    "*",
    "%",
    "'",
    "a" * 500,
    "?!.,;:",
    "a OR",
    "NEAR(a b)",
    "title:x",
    "a* AND -b",
    "^a",
    '"a" "',
    "{title}:a",
]
HOSTILE += [
    "\\",
    "a:*",
    "!a & (b",
    "<script>",
    "\ud7ff",
    "😀",
    "_",
    "a_b",
    "ß" * 100,
    "1e5 0x1f 3d",
    "-1",
    "𝔘𝔫𝔦",
    "İ",
    "ﬀ",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_any_search_gets_a_page(client, query):
    published_role(title="Ordinary")

    assert search(client, query).status_code == 200
    assert search(client, query, "/de/roles/").status_code == 200


def test_signs_alone_find_nothing(client):
    published_role()

    assert titles(search(client, "?!")) == []


# --- What was not found ---


def counted():
    missed.tally.flush()
    return {(row.language, row.words): row.searches for row in MissedSearch.objects.all()}


def test_searches_without_result_are_counted_by_words(client):
    published_role(title="Data Engineer")
    search(client, "Quantum  Gardener")
    search(client, "quantum gardener")
    search(client, "ogrodnik", "/pl/roles/")
    search(client, "data")
    search(client, "enginere")

    assert counted() == {("en", "quantum gardener"): 2, ("pl", "ogrodnik"): 1}
    assert MissedSearch.objects.first().last_seen == timezone.localdate()


def test_robots_and_words_still_being_typed_are_not_counted(client):
    search(client, "quantum", **{"User-Agent": "Googlebot/2.1"})
    search(client, "quan", **{"X-Typing": "1"})
    client.head("/roles/?q=quantum", headers={"User-Agent": FIREFOX})

    assert counted() == {}


TELLING = [
    "anna@example.com",
    "anna (at) example.com/x",
    "+48 600 123 456",
    "600123456",
    "a1b2c3d4e5f6",
    "https://x.example",
]
TELLING += ["eyJhbGciOiJIUzI1NiIsInR5cCI", "www.firma.example", "?!", "x", "word " * 15]


@pytest.mark.parametrize("query", TELLING)
def test_what_may_say_who_asked_is_never_kept(client, query):
    search(client, query)

    assert counted() == {}


def test_counts_are_bounded_and_the_rarest_go_first(client, monkeypatch):
    monkeypatch.setattr(missed, "ROWS", 2)
    monkeypatch.setattr(tallies, "AT_ONCE", 3)
    for words in ("often", "often", "rare one", "rare two", "rare three"):
        search(client, words)

    assert len(missed.tally.counts) == 3
    assert counted() == {("en", "often"): 2, ("en", "rare two"): 1}


def test_counting_writes_nothing_until_its_time_has_come(client):
    search(client, "quantum")
    assert not MissedSearch.objects.exists()

    missed.tally.written_at -= tallies.EVERY + 1
    search(client, "quantum")

    assert MissedSearch.objects.get().searches == 2


def test_a_busy_database_neither_slows_the_page_nor_loses_the_count(transactional_db):
    locked, done = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            MissedSearch.objects.create(language="en", words="quantum", last_seen=timezone.localdate())
            locked.set()
            done.wait(30)
            transaction.set_rollback(True)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    locked.wait(30)
    missed.count("quantum", "en")
    missed.tally.flush()
    kept = dict(missed.tally.counts)
    done.set()
    thread.join()

    assert kept == {("en", "quantum"): 1}
    assert counted() == {("en", "quantum"): 1}


def test_what_nobody_looks_for_any_more_is_forgotten():
    today = timezone.localdate()
    MissedSearch.objects.create(language="en", words="old", last_seen=today - timedelta(days=181))
    MissedSearch.objects.create(language="en", words="new", last_seen=today)

    chores.run(timezone.now())

    assert [row.words for row in MissedSearch.objects.all()] == ["new"]


def test_editors_see_what_was_missed_and_say_what_means_the_same(client):
    published_role(title="Python Engineer")
    search(client, "snake tamer")
    client.force_login(make_user(group="Editors"))

    page = client.get("/admin/roles/missedsearch/").content.decode()
    assert "snake tamer" in page
    link = "/admin/roles/synonyms/add/?language=en&amp;words=snake+tamer%2C+"
    assert link in page
    form = client.get(link.replace("&amp;", "&"))
    assert 'value="snake tamer, ' in form.content.decode()
    client.post("/admin/roles/synonyms/add/", {"language": "en", "words": "snake tamer, python"})

    assert titles(search(client, "snake tamer")) == ["Python Engineer"]


def test_a_word_alone_means_nothing_else(client):
    client.force_login(make_user(group="Editors"))

    response = client.post("/admin/roles/synonyms/add/", {"language": "en", "words": "python, "})

    assert "Write two words or more" in response.content.decode()
    assert not Synonyms.objects.exists()


def test_writers_see_neither_list(client):
    client.force_login(make_user(group="Writers"))

    assert client.get("/admin/roles/missedsearch/").status_code == 403
    assert client.get("/admin/roles/synonyms/").status_code == 403


def test_a_search_sets_no_cookie_and_may_be_cached(client):
    published_role(title="Data Engineer", category=make_category())

    response = search(client, "data")

    assert not response.cookies
    assert "Cookie" not in response.headers.get("Vary", "")
