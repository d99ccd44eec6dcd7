"""Forms that look like a program's are held for a person, floods wait, and nothing is dropped (SEC-18, SEC-26..28)."""

import base64
import json

import altcha
import pytest
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.test import Client
from django.urls import reverse

from leads import confirmation, retention, tickets, withdrawal
from leads import held as holding
from leads.models import ConsentEvent, Lead, OutgoingMail, Submission
from tests.factories import make_site, make_user
from tests.lead_factories import make_wordings, published_report, states

BROWSER = {"Sec-Fetch-Site": "same-origin"}
State = Submission.State


class AbsentCache(BaseCache):
    """A cache whose server is down."""

    def __init__(self, location: str, params: dict) -> None:
        super().__init__(params)

    def add(self, *args, **kwargs):
        raise ConnectionError

    get = incr = set = add


@pytest.fixture
def words(db):
    make_site()
    return make_wordings()


@pytest.fixture
def few(settings):
    """Limits that are reached soon."""
    settings.FORMS_PER_NETWORK, settings.FORMS_IN_ALL = 2, 4


def enquire(client, words, number=1, **more):
    headers = more.pop("headers", {})
    data = {"name": "Marta Zielik", "email": f"marta{number}@quillstone.example", "topic": "team"}
    data |= {"message": "Two data engineers.", "consent_consultation": words["consultation"].sha256}
    return client.post("/consultation/", data | more, headers=headers)


def ticket_of(client, clock=None) -> dict:
    """Return what a form's script is given; with a clock, old enough to be used."""
    given = client.get("/forms/ticket/").json()
    if clock:
        clock.shift(given["wait"] / 1000)
    return given


def solve(challenge: dict) -> str:
    """Do the work as a browser does."""
    asked = altcha.Challenge.from_dict(challenge)
    return altcha.Payload(asked, altcha.solve_challenge(asked)).to_base64()


def test_a_visitors_form_is_taken(client, words):
    response = enquire(client, words)

    assert response["Location"] == "/consultation/thanks/"
    assert Submission.objects.get().state == State.NEW


# --- what is held ---


def test_a_form_with_the_hidden_field_filled_in_is_held(client, words):
    """SEC-26: autofill may have done it, so it is not dropped."""
    response = enquire(client, words, website="https://shop.example")

    submission = Submission.objects.get()
    assert (response.status_code, response["Location"]) == (303, "/forms/held/")
    assert (submission.state, submission.held_because) == (State.HELD, "trap")
    assert submission.message == "Two data engineers."
    assert states(submission.lead) == [("consultation", "given")]
    assert list(OutgoingMail.objects.values_list("kind", flat=True)) == ["held"]


def test_the_page_after_a_held_form_says_what_happens(client, words):
    page = client.get("/forms/held/").content.decode()

    assert "a person looks at it first" in page
    assert "Nothing is lost" in page


def test_a_form_that_no_browser_sent_is_held(words):
    """SEC-28"""
    response = enquire(Client(), words)

    assert response["Location"] == "/forms/held/"
    assert Submission.objects.get().held_because == "no_browser"


def test_an_old_browser_that_says_its_origin_is_one(words):
    response = enquire(Client(), words, headers={"Origin": "http://testserver"})

    assert response["Location"] == "/consultation/thanks/"


def test_a_form_sent_at_once_is_held(client, words, clock):
    """SEC-26: the time since the form was begun, signed"""
    enquire(client, words, ticket=ticket_of(client)["ticket"])

    assert Submission.objects.get().held_because == "haste"


def test_a_form_as_old_as_the_script_waits_is_taken(client, words, clock):
    enquire(client, words, ticket=ticket_of(client, clock)["ticket"])

    assert Submission.objects.get().state == State.NEW


@pytest.mark.parametrize("ticket", ["", "nonsense", "\0", "W10:1:x", "x" * 9000])
def test_a_ticket_that_is_none_counts_as_none(client, words, ticket):
    enquire(client, words, ticket=ticket)

    assert Submission.objects.get().state == State.NEW


def test_many_forms_for_one_address_are_held(client, words, clock, settings):
    settings.FORMS_PER_NETWORK = settings.FORMS_IN_ALL = 1000
    for number in range(6):
        enquire(client, words, message=f"Number {number}", ticket=ticket_of(client, clock)["ticket"])

    assert list(Submission.objects.order_by("pk").values_list("state", flat=True)) == ["new"] * 5 + ["held"]


# --- limits of a network ---


def test_past_the_limit_a_network_shows_work_or_is_held(client, words, few):
    """SEC-18: no lockout of an office; the third form has shown no work."""
    for number in range(3):
        enquire(client, words, number)

    assert list(Submission.objects.order_by("pk").values_list("held_because", flat=True)) == ["", "", "many"]


def test_with_its_work_done_a_form_is_taken(client, words, few, clock):
    """SEC-27"""
    for number in range(2):
        enquire(client, words, number)
    given = ticket_of(client, clock)

    response = enquire(client, words, 3, ticket=given["ticket"], work=solve(given["challenge"]))

    assert response["Location"] == "/consultation/thanks/"


def test_work_is_asked_for_only_past_the_limit(client, words, few):
    assert ticket_of(client)["challenge"] is None

    for number in range(2):
        enquire(client, words, number)

    assert ticket_of(client)["challenge"]["parameters"]["algorithm"] == "PBKDF2/SHA-256"


def test_everybody_shows_work_while_very_many_forms_come(words, few):
    clients = [Client(headers=BROWSER, REMOTE_ADDR=f"203.0.113.{number}") for number in range(6)]
    for number, client in enumerate(clients[:5]):
        enquire(client, words, number)

    assert Submission.objects.filter(held_because="many").count() == 1
    assert ticket_of(clients[5])["challenge"] is not None


def test_a_flood_from_one_network_is_asked_to_wait_and_loses_nothing(client, words, few):
    for number in range(6):
        enquire(client, words, number)

    response = enquire(client, words, 7, message="Three testers, please.")

    page = response.content.decode()
    assert (response.status_code, response["Retry-After"]) == (429, "600")
    assert "wait 10 minutes, then send it once more" in page
    assert "Three testers, please." in page
    assert Submission.objects.count() == 6


def test_another_network_is_not_asked_to_wait(client, words, few, settings):
    settings.FORMS_IN_ALL = 1000
    for number in range(7):
        enquire(client, words, number)

    response = enquire(Client(headers=BROWSER, REMOTE_ADDR="203.0.113.9"), words, 8)

    assert response["Location"] == "/consultation/thanks/"


def test_nobody_learns_or_decides_by_other_networks_forms_for_an_address(words, settings):
    """EML-10: five forms elsewhere neither hold this one nor show in its answer."""
    settings.FORMS_IN_ALL = 1000
    for number in range(5):
        enquire(Client(headers=BROWSER, REMOTE_ADDR=f"203.0.113.{number}"), words, message=f"Number {number}")

    response = enquire(Client(headers=BROWSER, REMOTE_ADDR="198.51.100.1"), words)

    assert response["Location"] == "/consultation/thanks/"


def test_without_its_cache_a_form_is_taken_uncounted(client, words, settings, caplog):
    settings.CACHES = {"default": {"BACKEND": "tests.test_spam.AbsentCache"}}

    response = enquire(client, words)

    assert response["Location"] == "/consultation/thanks/"
    assert "the cache is away" in caplog.text
    assert client.get("/forms/ticket/").status_code == 200


def test_no_network_and_no_address_stands_in_the_cache(client, words):
    enquire(Client(headers=BROWSER, REMOTE_ADDR="203.0.113.9"), words)

    kept = " ".join(cache._cache)
    assert kept.count("limit-") == 3
    assert ("203.0.113.9" in kept, "quillstone" in kept) == (False, False)


# --- the work itself ---


@pytest.fixture
def asked(client, words, few, clock):
    """What a form's script is given past the limit."""
    for number in range(2):
        enquire(client, words, number)
    return ticket_of(client, clock)


def test_work_done_for_another_ticket_is_none(client, words, asked, clock):
    """SEC-27: one answer serves one form"""
    other = ticket_of(client, clock)

    enquire(client, words, 3, ticket=other["ticket"], work=solve(asked["challenge"]))

    assert Submission.objects.latest("pk").held_because == "many"


def test_work_serves_one_form(client, words, asked):
    answer = {"ticket": asked["ticket"], "work": solve(asked["challenge"])}
    enquire(client, words, 3, **answer)

    response = enquire(client, words, 4, **answer)

    assert response.status_code == 409
    assert Submission.objects.count() == 3


@pytest.mark.parametrize("change", [{"cost": 1, "keyPrefix": ""}, {"keyPrefix": ""}, {"data": {}}, {"expiresAt": 9e9}])
def test_easier_work_than_was_set_is_none(asked, change):
    challenge = asked["challenge"]
    challenge["parameters"] |= change

    assert tickets.is_worked(solve(challenge), tickets.read(asked["ticket"])) is False


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "x",
        "e30=",
        "W10=",
        base64.b64encode(b'{"challenge": {"parameters": 1}, "solution": []}').decode(),
        "A" * 5000,
    ],
)
def test_no_answer_is_no_answer_and_no_error(asked, answer):
    assert tickets.is_worked(answer, tickets.read(asked["ticket"])) is False


def test_a_wrong_number_is_none(asked):
    answer = json.loads(base64.b64decode(solve(asked["challenge"])))
    answer["solution"]["counter"] += 1

    forged = base64.b64encode(json.dumps(answer).encode()).decode()

    assert tickets.is_worked(forged, tickets.read(asked["ticket"])) is False


def test_work_is_found_within_its_bound(asked):
    assert altcha.solve_challenge(altcha.Challenge.from_dict(asked["challenge"])).counter in tickets.COUNTERS


def test_a_ticket_is_good_for_a_day(clock):
    token = tickets.issue()

    clock.shift(tickets.GOOD_FOR)

    assert tickets.read(token) is None


def test_fetching_a_ticket_keeps_nothing_and_is_never_cached(client, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/forms/ticket/")

    assert "no-store" in response["Cache-Control"]
    assert response.cookies == {}


# --- review ---


@pytest.fixture
def held(client, words):
    enquire(client, words, website="x")
    return Submission.objects.get()


def test_released_forms_are_answered_as_if_they_had_just_come(held):
    assert holding.release(held) is True

    held.refresh_from_db()
    assert held.state == State.NEW
    assert list(OutgoingMail.objects.order_by("pk").values_list("kind", flat=True)) == ["held", "enquiry", "team"]


def test_releasing_twice_answers_once(held):
    holding.release(held)

    assert holding.release(held) is False
    assert OutgoingMail.objects.filter(kind="enquiry").count() == 1


def test_a_released_request_for_the_report_can_be_confirmed_for_its_full_time(client, words, clock):
    published_report(slug="salary-report")
    data = {"name": "Marta", "email": "marta@quillstone.example", "consent_report": words["report"].sha256}
    client.post("/reports/salary-report/", data | {"website": "x"})
    submission = Submission.objects.get()
    before = submission.confirm_until
    clock.shift(86400)

    holding.release(submission)

    submission.refresh_from_db()
    assert (submission.confirm_until - before).days == 1
    assert OutgoingMail.objects.latest("pk").kind == "confirm"


def test_the_team_hears_of_held_forms_once_a_day(client, words, clock):
    for number in range(3):
        enquire(client, words, number, website="x")
    assert OutgoingMail.objects.filter(kind="held").count() == 1

    clock.shift(86401)
    enquire(client, words, 4, website="x")

    assert OutgoingMail.objects.filter(kind="held").count() == 2


def test_lead_handlers_see_held_forms_first_and_release_them(client, held):
    client.force_login(make_user(group="Lead handlers"))

    today = client.get(reverse("admin:index")).content.decode()
    url = reverse("admin:leads_submission_change", args=[held.pk])
    page = client.get(url)
    seen = page.context["editing"]["seen"]
    client.post(url, {"notes": "A person.", "_seen": seen, "_release": "1"})

    held.refresh_from_db()
    assert "Held for review" in today
    assert "A field that people do not see was filled in" in page.content.decode()
    assert (held.state, held.notes) == (State.NEW, "A person.")


def test_a_form_called_spam_by_mistake_can_still_be_released(client, held):
    client.force_login(make_user(group="Lead handlers"))
    url = reverse("admin:leads_submission_change", args=[held.pk])
    client.post(url, {"notes": "", "_spam": "1"})

    assert "Release and answer" in client.get(url).text
    client.post(url, {"notes": "", "_release": "1"})

    held.refresh_from_db()
    assert held.state == State.NEW
    assert OutgoingMail.objects.filter(kind="enquiry").exists()


def test_a_held_form_of_somebody_who_once_withdrew_is_seen_and_released(client, words):
    """Its sender was told that one of us reads it."""
    published_report(slug="salary-report")
    form = {"name": "Marta", "email": "marta@quillstone.example", "consent_report": words["report"].sha256}
    client.post("/reports/salary-report/", form)
    first = Submission.objects.get()
    confirmation.confirm(first)
    withdrawal.withdraw(first.lead, "report", ConsentEvent.Method.MAIL_BUTTON)
    client.post("/reports/salary-report/", form | {"name": "Marta Z", "website": "x", "ticket": tickets.issue()})
    client.force_login(make_user(group="Lead handlers"))

    page = client.get(reverse("admin:leads_submission_changelist"), {"state__exact": "held"}).text

    assert Submission.objects.latest("pk").reference in page or "marta" in page
    assert "1 submission" in page


def test_releasing_what_is_not_held_says_so(client, words):
    enquire(client, words)
    client.force_login(make_user(group="Lead handlers"))
    action = {"action": "release", "_selected_action": [Submission.objects.get().pk]}

    page = client.post(reverse("admin:leads_submission_changelist"), action, follow=True).text

    assert "None of these forms is held." in page


def test_a_held_form_cannot_be_marked_as_answered_unanswered(client, held):
    client.force_login(make_user(group="Lead handlers"))

    client.post(reverse("admin:leads_submission_change", args=[held.pk]), {"state": "replied", "notes": ""})
    action = {"action": "mark_closed", "_selected_action": [held.pk]}
    page = client.post(reverse("admin:leads_submission_changelist"), action, follow=True).text

    held.refresh_from_db()
    assert held.state == State.HELD
    assert "1 form stays held: release it, or mark it as spam." in page


def test_many_are_released_from_the_list(client, words):
    for number in range(3):
        enquire(client, words, number, website="x")
    client.force_login(make_user(group="Lead handlers"))
    chosen = list(Submission.objects.values_list("pk", flat=True))

    url = reverse("admin:leads_submission_changelist")
    page = client.post(url, {"action": "release", "_selected_action": chosen}, follow=True).content.decode()

    assert "3 forms are released." in page
    assert set(Submission.objects.values_list("state", flat=True)) == {State.NEW}


def test_what_is_called_spam_goes_after_30_days(client, held, clock, settings, tmp_path):
    settings.MAIL_DIR = tmp_path
    settings.ERASURE_JOURNAL_FILE = tmp_path / "erasures.jsonl"
    client.force_login(make_user(group="Lead handlers"))
    client.post(reverse("admin:leads_submission_change", args=[held.pk]), {"notes": "", "_spam": "1"})

    clock.shift(29 * 86400)
    retention.run(retention.timezone.now())
    assert Submission.objects.count() == 1

    clock.shift(2 * 86400)
    retention.run(retention.timezone.now())
    retention.run(retention.timezone.now())
    assert (Submission.objects.count(), Lead.objects.count()) == (0, 0)
    assert "invalidated" in ConsentEvent.objects.values_list("state", flat=True)
