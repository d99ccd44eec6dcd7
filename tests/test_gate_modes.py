"""Three ways to a report (CON-10): open, for an address, and for readers of the letter; each consent keeps its gate."""

import pytest

from leads import confirmation, tokens
from leads.models import ConsentEvent, OutgoingMail, PageCount, Submission
from leads.withdrawal import withdraw_all
from tests.factories import make_cta, make_site, make_user, published_role
from tests.lead_factories import make_wording, make_wordings, published_report

EMAIL = "marta@quillstone.example"


@pytest.fixture
def words(db):
    make_site()
    return make_wordings()


def ask(client, words, *keys, **more):
    consents = {f"consent_{key}": words[key].sha256 for key in keys}
    return client.post("/reports/salary-report/", {"name": "Marta", "email": EMAIL} | consents | more)


def page_of(client, path="/reports/salary-report/"):
    return client.get(path).content.decode()


# --- for readers of the letter ---


@pytest.fixture
def exchange(words):
    return published_report(slug="salary-report", gate_mode="subscribe")


def test_the_exchange_is_stated_in_the_heading_and_above_the_form(client, exchange):
    page = page_of(client)

    assert '<h2 class="title-xl">The report, for readers of our letter</h2>' in page
    assert "Leave whenever you like, and keep the report." in page
    assert "Subscribe, and send me the report" in page
    assert "checked" not in page


def test_the_letter_must_be_ticked_for_the_exchange(client, words, exchange):
    response = ask(client, words, "report")

    assert response.status_code == 422
    assert "Tick the box for the letter: the report is for its readers" in response.content.decode()
    assert Submission.objects.count() == 0


def test_both_consents_keep_the_gate_they_were_given_at(client, words, exchange):
    ask(client, words, "report", "letter")
    confirmation.confirm(Submission.objects.get())

    events = ConsentEvent.objects.order_by("seq").values_list("purpose__key", "state", "gate_mode")
    assert list(events) == [
        ("report", "requested", "subscribe"),
        ("letter", "requested", "subscribe"),
        ("report", "given", "subscribe"),
        ("letter", "given", "subscribe"),
    ]


def test_the_second_button_sends_the_report_alone(client, words, exchange):
    response = ask(client, words, "report", alone="1")

    events = ConsentEvent.objects.values_list("purpose__key", "state", "gate_mode")
    assert response.status_code == 303
    assert list(events) == [("report", "requested", "email_only")]


def test_an_exchange_that_was_not_shown_is_not_recorded(client, words, exchange):
    """CON-10: the page was opened while only an address was asked for."""
    response = ask(client, words, "report", "letter", gate="email_only")

    page = response.content.decode()
    assert response.status_code == 409
    assert "The offer has changed since you opened the page" in page
    assert 'name="gate" value="subscribe"' in page
    assert ConsentEvent.objects.count() == 0


def test_the_report_alone_may_be_left_out_of_the_offer(client, words):
    published_report(slug="salary-report", gate_mode="subscribe", without_letter=False)

    response = ask(client, words, "report", alone="1")

    assert "Just send me the report" not in page_of(client)
    assert response.status_code == 422


def test_the_card_on_role_pages_states_the_exchange_too(client, exchange):
    make_cta("report")
    role = published_role()

    page = page_of(client, role.get_absolute_url())

    assert "Leave whenever you like, and keep the report." in page
    assert 'name="alone"' in page


def test_who_leaves_the_letter_keeps_the_report(client, words, exchange):
    ask(client, words, "report", "letter")
    submission = Submission.objects.get()
    confirmation.confirm(submission)
    link = page_of(client, f"/c/{tokens.confirm_token(submission)}/").partition('href="/d/')[2]
    path = "/d/" + link.partition('"')[0]

    withdraw_all(submission.lead, ConsentEvent.Method.MAIL_BUTTON)

    assert client.get(path).status_code == 200


def test_without_words_for_the_letter_there_is_no_exchange(client, db):
    """Nothing is given away under a name that it does not have: the entry says what was asked."""
    make_site()
    words = {"report": make_wording("report")}
    published_report(slug="salary-report", gate_mode="subscribe")

    ask(client, words, "report")

    assert "for readers of our letter" not in page_of(client)
    assert ConsentEvent.objects.get().gate_mode == "email_only"


# --- open ---


@pytest.fixture
def free(words):
    return published_report(slug="salary-report", gate_mode="open")


def test_an_open_report_is_downloaded_from_its_page_without_a_form(client, free):
    page = page_of(client)
    response = client.get("/reports/salary-report/download/")

    assert 'href="/reports/salary-report/download/"' in page
    assert 'type="email"' not in page
    assert response["Content-Type"] == "application/pdf"
    assert b"".join(response.streaming_content).startswith(b"%PDF-")


def test_an_open_download_is_counted_without_a_person(client, free):
    b"".join(client.get("/reports/salary-report/download/").streaming_content)

    assert PageCount.objects.get().downloads == 1


def test_an_open_report_stands_on_role_pages_as_a_link(client, free):
    make_cta("report")
    role = published_role()

    page = page_of(client, role.get_absolute_url())

    assert 'href="/reports/salary-report/download/"' in page
    assert 'id="gift-email"' not in page


def test_nothing_is_kept_of_a_form_sent_to_an_open_report(client, words, free):
    """A page kept open since before the gate was opened: it leads to the download."""
    response = ask(client, words, "report")

    assert 'href="/reports/salary-report/download/"' in response.content.decode()
    assert (Submission.objects.count(), OutgoingMail.objects.count()) == (0, 0)


@pytest.mark.parametrize("gate", ["email_only", "subscribe"])
def test_a_gated_report_has_no_open_address(client, words, gate):
    published_report(slug="salary-report", gate_mode=gate)

    assert client.get("/reports/salary-report/download/").status_code == 404


def test_a_gate_changed_in_the_working_copy_waits_for_its_publishing(client, words):
    report = published_report(slug="salary-report")
    report.gate_mode = "open"
    report.save()
    assert client.get("/reports/salary-report/download/").status_code == 404

    report.publish(by=make_user())

    assert client.get("/reports/salary-report/download/").status_code == 200


def test_a_revision_of_before_the_gates_asks_for_an_address_alone(client, words):
    revision = published_report(slug="salary-report").live_revision
    del revision.content["gate_mode"], revision.content["without_letter"]
    revision.save()

    ask(client, words, "report")

    assert ConsentEvent.objects.get().gate_mode == "email_only"
