"""The pages of the lead capture: report, consultation, and those behind the links in mails."""

import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leads import tokens, views
from leads.models import ConsentEvent, Edition, Lead, OutgoingMail, Submission
from recruitcms.models import SiteText
from tests.factories import make_page, make_person, make_picture, make_site
from tests.lead_factories import (
    make_edition,
    make_lead,
    make_report,
    make_submission,
    make_wording,
    make_wordings,
    published_report,
    record,
    requested,
    states,
)

EMAIL = "marta@quillstone.example"
TOKEN_HEADERS = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "same-origin"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(autouse=True)
def words(db):
    make_site()
    return make_wordings()


@pytest.fixture
def report():
    return published_report(slug="salary-report")


def main(response) -> str:
    """Return the page's main part, spaces collapsed."""
    page = response.content.decode()
    return re.sub(r"\s+", " ", page.split("<main", 1)[1].split("</main>")[0])


def headers(response) -> dict[str, str]:
    return {name: response[name] for name in TOKEN_HEADERS}


# --- the report's page ---


def test_the_report_page_shows_what_is_in_the_report(client, report):
    report.cover = make_picture(alt="Cover of the report")
    report.form_note = "48 pages. Free."
    report.publish()

    shown = main(client.get("/reports/salary-report/"))

    for words in (
        "IT Salary Report 2026", "What IT people earn.", "46 roles", "How the market moved", "page 4",
        "A page from the report", "25,200", "Every figure comes from an accepted offer.", "48 pages. Free.",
        'alt="Cover of the report"', "Send me the report", "First name", "Engineering lead",
    ):  # fmt: skip
        assert words in shown


def test_bars_are_drawn_to_scale_without_styles(client, report):
    shown = main(client.get("/reports/salary-report/"))

    assert re.findall(r'<rect width="(\d+)"', shown) == ["92", "72"]
    assert "style=" not in shown


@pytest.mark.parametrize(
    ("written", "shown", "length"),
    [("25200", "25,200", 92), ("25,200 PLN", "25,200 PLN", 92), ("0", "0", 0), ("", "", 0), ("a lot", "a lot", 0)],
)
def test_editors_write_figures_of_a_chart_as_they_like(written, shown, length):
    assert views._bars([["Backend", written]]) == [{"label": "Backend", "value": shown, "length": length}]


def test_visitors_see_the_published_revision(client, report):
    report.title = "A draft"
    report.save()

    assert "A draft" not in main(client.get("/reports/salary-report/"))


def test_an_old_address_forwards_to_the_new_one(client, report):
    report.slug = "new-report"
    report.save()
    report.publish()

    response = client.get("/reports/salary-report/")

    assert (response.status_code, response["Location"]) == (301, "/reports/new-report/")


@pytest.mark.parametrize("path", ["/reports/unknown/", "/reports/unknown/sent/", "/pl/reports/salary-report/"])
def test_unknown_reports_are_not_found(client, report, path):
    assert client.get(path).status_code == 404


def test_a_report_that_was_never_live_is_not_found(client):
    make_report(slug="draft")

    assert client.get("/reports/draft/").status_code == 404


def test_translations_are_linked(client, report):
    published_report(language="pl", slug="raport", translation_group=report.translation_group)

    page = client.get("/reports/salary-report/").content.decode()

    assert 'hreflang="pl" href="http://testserver/pl/reports/raport/"' in page


def test_the_report_page_is_the_same_for_everybody_and_sets_no_cookie(report):
    """§4.1"""
    first, second = [Client().get("/reports/salary-report/") for _visitor in range(2)]

    assert first.content == second.content
    assert not first.cookies
    assert "Cookie" not in first.get("Vary", "")
    assert "csrf" not in first.content.decode()


def test_without_words_the_page_offers_a_mail_instead_of_the_form(client, as_intruder, report, words):
    from leads.models import ConsentText

    ConsentText.objects.filter(purpose__key="report").update(published_at=None)

    shown = main(client.get("/reports/salary-report/"))
    posted = client.post("/reports/salary-report/", {"email": EMAIL})

    assert "The form is resting for a moment" in shown
    assert "<form" not in shown
    assert (posted.status_code, Submission.objects.count()) == (200, 0)


def test_a_refused_form_comes_back_with_the_errors_and_the_answers(client, report):
    response = client.post("/reports/salary-report/", {"name": "Marta", "email": "marta@"})

    shown = main(response)
    assert response.status_code == 422
    assert "<title>Error: IT Salary Report 2026" in response.content.decode()
    assert 'role="alert" tabindex="-1" autofocus' in shown
    assert "Two answers need another look" in shown
    assert 'value="Marta"' in shown
    assert 'value="marta@"' in shown


def test_the_card_form_comes_back_as_it_was(client, report):
    """The card of a role page asks for no name, so none is missing."""
    response = client.post("/reports/salary-report/", {"form": "card", "email": "marta@", "page": "/roles/x/"})

    shown = main(response)
    assert "First name" not in shown
    assert 'name="form" value="card"' in shown
    assert 'name="page" value="/roles/x/"' in shown


def test_the_page_after_sending_names_no_address(client, report, words):
    sent = client.post(
        "/reports/salary-report/",
        {
            "name": "Marta",
            "email": EMAIL,
            "consent_report": words["report"].sha256,
            "consent_letter": words["letter"].sha256,
        },
        follow=True,
    )

    shown = main(sent)
    assert sent.redirect_chain == [("/reports/salary-report/sent/", 303)]
    assert "Thanks for subscribing. Your gift is on the way: press Confirm in the mail we just sent." in shown
    assert EMAIL not in shown
    assert 'href="/reports/salary-report/#get"' in shown
    assert "works for 7 days" in shown


def test_nobody_is_thanked_for_a_subscription_that_they_left_out(client, report, words):
    sent = client.post(
        "/reports/salary-report/",
        {"name": "Marta", "email": EMAIL, "consent_report": words["report"].sha256},
        follow=True,
    )

    shown = main(sent)
    assert sent.redirect_chain == [("/reports/salary-report/sent/?alone=1", 303)]
    assert "Thank you. The report is on the way: press Confirm in the mail we just sent." in shown
    assert ("subscribing" in shown, "hiring letter" in shown) == (False, False)


@pytest.mark.parametrize("path", ["/reports/salary-report/", "/consultation/"])
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 422),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://testserver"}, 422),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 422),
    ],
)
def test_forms_are_taken_from_our_own_pages_alone(report, path, sent, status):
    """§4.1"""
    response = Client(enforce_csrf_checks=True).post(path, {"email": EMAIL}, headers=sent)

    assert response.status_code == status


@pytest.mark.parametrize("path", ["/reports/salary-report/", "/consultation/"])
def test_a_body_of_a_megabyte_is_refused(client, report, path):
    """SEC-24"""
    response = client.post(path, {"message": "x" * 1_000_000})

    assert (response.status_code, Submission.objects.count()) == (413, 0)


@pytest.mark.parametrize("path", ["/reports/salary-report/", "/consultation/", "/c/x/", "/u/x/"])
def test_other_methods_are_refused(client, report, path):
    assert client.put(path).status_code == 405


# --- consultation ---


def test_the_consultation_page_shows_form_people_and_other_ways(client):
    site = make_site(opening_hours="Monday to Friday", minimum_engagement="From three months.")
    site.whatsapp, site.phone = "48123456789", "+48 12 345 67 89"
    site.save()
    person = make_person(
        name="Orla Tindvik", answers_enquiries=True, languages="English, Polish", portrait=make_picture()
    )

    shown = main(client.get("/consultation/"))

    for words in (
        "About the role",
        "Tell us who you’re looking for", "We reply within 1 business day",
        person.name, "Speaks English, Polish.",
        "https://wa.me/48123456789", 'href="tel:+48123456789"', "Monday to Friday", "From three months.",
    ):  # fmt: skip
        assert words in shown
    assert SiteText.objects.count() == 2


def test_three_wrong_answers_are_counted_and_linked(client):
    answers = {"name": "Marta Zielik", "email": "marta@quillstone", "topic": "one"}

    response = client.post("/consultation/", answers)

    shown = main(response)
    assert response.status_code == 422
    assert "<title>Error: Book a call" in response.content.decode()
    assert "Three answers need another look" in shown
    assert '<a href="#call-email">Enter an e-mail address like name@company.com</a>' in shown
    assert '<a href="#call-message">Tell us a little about the role</a>' in shown
    assert '<a href="#call-consent_consultation">Tick the box so that we may reply to you</a>' in shown


def test_without_words_the_consultation_offers_a_mail(client, words, as_intruder):
    from leads.models import ConsentText

    ConsentText.objects.update(published_at=None)

    assert "The form is resting for a moment" in main(client.get("/consultation/"))


def test_the_thanks_page_says_who_answers_and_by_when(client):
    make_person(name="Orla Tindvik", email="orla@northbeam.example", answers_enquiries=True)

    shown = main(client.get("/consultation/thanks/"))

    assert "Thank you. We’ll get back to you within 1 business day." in shown
    assert "Orla Tindvik has your message. The reply will come from orla@northbeam.example" in shown


def test_the_thanks_page_stands_without_a_person(client):
    assert "The reply will come by e-mail" in main(client.get("/consultation/thanks/"))


@pytest.mark.parametrize("path", ["/consultation/", "/consultation/thanks/"])
def test_consultation_pages_have_their_polish_twins(client, path):
    make_wordings("pl")

    assert client.get(f"/pl{path}").status_code == 200
    assert f'href="/pl{path}"' in client.get(path).content.decode()


# --- confirm ---


def confirmable(report=None, *keys) -> tuple[Submission, str]:
    submission = requested(make_submission("report" if report else "consultation", report=report, name="Marta"), *keys)
    return submission, f"/c/{tokens.confirm_token(submission)}/"


def test_opening_the_link_shows_the_words_and_changes_nothing(client, report, words):
    """EML-5: scanners follow links."""
    submission, path = confirmable(report, "report", "letter")

    responses = [client.get(path), client.head(path), client.get(path)]

    shown = main(responses[0])
    assert [response.status_code for response in responses] == [200, 200, 200]
    assert headers(responses[0]) == TOKEN_HEADERS
    assert not responses[0].cookies
    assert words["report"].body in shown
    assert words["letter"].body in shown
    assert "m…@q….example" in shown
    assert EMAIL not in shown
    assert shown.count("<button") == 1
    assert states(submission.lead) == [("report", "requested"), ("letter", "requested")]
    assert Submission.objects.get().confirmed_at is None


def test_the_button_confirms_and_the_download_is_there_at_once(client, report):
    submission, path = confirmable(report, "report")

    response = client.post(path, headers={"Sec-Fetch-Site": "same-origin"}, follow=True)

    shown = main(response)
    assert (response.status_code, headers(response)) == (200, TOKEN_HEADERS)
    assert "Your report is ready, Marta" in shown
    assert "Start with page 9." in shown
    assert "PDF, 12 pages" in shown
    [download] = re.findall(r'href="(/d/[^"]+)"', shown)
    assert client.get(download).status_code == 200
    assert states(submission.lead)[-1] == ("report", "given")


def test_a_used_link_shows_success_again_and_writes_nothing(client, report):
    """EML-6"""
    submission, path = confirmable(report, "report")
    client.post(path)

    again = [client.post(path, follow=True), client.get(path)]

    assert all("Your report is ready" in main(response) for response in again)
    assert states(submission.lead) == [("report", "requested"), ("report", "given")]
    assert OutgoingMail.objects.count() == 1


def test_the_download_page_leads_to_the_end_of_the_letter(client, report):
    submission, path = confirmable(report, "report", "letter")

    shown = main(client.post(path, follow=True))

    assert f"/u/{tokens.withdraw_token(submission.lead, 'letter')}/" in shown
    assert "You also get the hiring letter." in shown


def test_confirming_the_letter_alone_thanks_for_it(client):
    _submission, path = confirmable(None, "letter")

    assert "One press, and the letter will come" in main(client.get(path))
    assert "Thank you. The hiring letter will come." in main(client.post(path, follow=True))


def test_somebody_without_a_plain_name_is_greeted_without_one(client, report):
    _submission, path = confirmable(report, "report")
    Submission.objects.update(name="shop.example")

    assert "<h1>Your report is ready</h1>" in main(client.post(path, follow=True))


def test_a_confirm_press_from_another_site_is_refused(client, report):
    submission, path = confirmable(report, "report")

    response = client.post(path, headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403
    assert states(submission.lead) == [("report", "requested")]


def broken(path: str) -> list[str]:
    kind, token = path.strip("/").split("/")
    other = "A" if token[5] != "A" else "B"
    return [f"/{kind}/{wrong}/" for wrong in ("x", token[:-2], token[:5] + other + token[6:], token + "x", "%00", "é")]


@pytest.mark.parametrize("method", ["get", "post"])
def test_bad_and_cut_links_lead_to_one_neutral_page(client, report, method):
    submission, path = confirmable(report, "report")
    withdraw_path = f"/u/{tokens.withdraw_token(submission.lead, 'report')}/"

    answers = [getattr(client, method)(wrong) for wrong in broken(path) + broken(withdraw_path)]

    assert {response.status_code for response in answers} == {404}
    assert len({main(response) for response in answers}) == 1
    assert "This link does not work" in main(answers[0])
    assert 'href="/reports/salary-report/#get"' in main(answers[0])
    assert headers(answers[0]) == TOKEN_HEADERS
    assert states(submission.lead) == [("report", "requested")]


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_expired_confirm_link_leads_to_the_same_page(client, report, method, clock):
    submission, path = confirmable(report, "report")
    clock.shift(timedelta(days=8))

    response = getattr(client, method)(path)

    assert (response.status_code, "This link does not work" in main(response)) == (404, True)
    assert states(submission.lead) == [("report", "requested")]


def test_a_link_whose_request_was_withdrawn_confirms_nothing(client, report):
    submission, path = confirmable(report, "report")
    record(submission, "report", ConsentEvent.State.WITHDRAWN)

    assert client.post(path).status_code == 404
    assert states(submission.lead)[-1] == ("report", "withdrawn")


# --- download ---


@pytest.fixture
def edition(report):
    return report.current_edition


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_the_pdf_is_an_attachment_that_nobody_keeps(client, edition):
    """§4.2"""
    response = client.get(f"/d/{tokens.download_token(edition)}/")

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == (
        "attachment; filename=\"it-salary-report.pdf\"; filename*=UTF-8''it-salary-report.pdf"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert headers(response) == TOKEN_HEADERS
    assert int(response["Content-Length"]) == edition.size
    assert body(response).startswith(b"%PDF-")


PRESSED = {"Sec-Fetch-Site": "same-origin"}


def test_a_link_works_more_than_once_and_a_press_is_counted_without_a_person(client, edition):
    path = f"/d/{tokens.download_token(edition)}/"

    for _time in range(3):
        body(client.get(path, headers=PRESSED))
    client.head(path, headers=PRESSED)

    assert Edition.objects.get(pk=edition.pk).downloads == 3


@pytest.mark.parametrize("site", [None, "none", "cross-site", "same-site"])
def test_following_a_mails_link_counts_nothing(edition, site):
    """EML-5: whoever follows it, a person or a program that checks mails."""
    headers = {"Sec-Fetch-Site": site} if site else {}

    response = Client(headers=headers).get(f"/d/{tokens.download_token(edition)}/")

    assert body(response).startswith(b"%PDF-")
    assert Edition.objects.get(pk=edition.pk).downloads == 0


@pytest.mark.parametrize(
    ("asked", "status", "content_range", "length", "counted"),
    [
        ("bytes=0-9", 206, "bytes 0-9/{size}", 10, 1),
        ("bytes=10-", 206, "bytes 10-{last}/{size}", None, 0),
        ("bytes=-5", 206, "bytes {five}-{last}/{size}", 5, 0),
        ("bytes=0-999999999", 206, "bytes 0-{last}/{size}", None, 1),
        ("bytes=999999999-", 416, "bytes */{size}", None, 0),
        ("bytes=5-2", 200, None, None, 1),
        ("bytes=0-" + "9" * 5000, 200, None, None, 1),
        ("bytes=-0", 416, "bytes */{size}", None, 0),
        ("bytes=0-1,4-5", 200, None, None, 1),
        ("pages=1-2", 200, None, None, 1),
        ("bytes=-", 200, None, None, 1),
    ],
)
def test_a_broken_download_goes_on_where_it_stopped(client, edition, asked, status, content_range, length, counted):
    whole = edition.file.open("rb").read()
    size = len(whole)
    facts = {"size": size, "last": size - 1, "five": size - 5}

    response = client.get(f"/d/{tokens.download_token(edition)}/", headers=PRESSED | {"Range": asked})

    assert response.status_code == status
    assert response.get("Content-Range") == (content_range and content_range.format(**facts))
    assert Edition.objects.get(pk=edition.pk).downloads == counted
    if status == 206:
        first, last = map(int, re.findall(r"\d+", response["Content-Range"])[:2])
        part = body(response)
        assert part == whole[first : last + 1]
        assert int(response["Content-Length"]) == len(part)
        assert length in {None, len(part)}


def test_a_large_part_is_sent_in_pieces():
    from django.core.files.base import File

    from leads.downloads import CHUNK, _read

    content = bytes(range(256)) * 1024

    pieces = list(_read(File(io.BytesIO(content)), range(5, len(content))))

    assert b"".join(pieces) == content[5:]
    assert max(map(len, pieces)) == CHUNK


def test_an_expired_link_leads_to_a_new_one(client, edition, clock):
    path = f"/d/{tokens.download_token(edition)}/"
    clock.shift(timedelta(days=7, seconds=2))

    response = client.get(path)

    assert (response.status_code, headers(response)) == (410, TOKEN_HEADERS)
    assert "This link has expired" in main(response)
    assert 'href="/reports/salary-report/#get"' in main(response)
    assert Edition.objects.get(pk=edition.pk).downloads == 0


def test_an_expired_link_to_an_edition_that_is_gone_leads_on_too(client, edition, clock):
    path = f"/d/{tokens.download_token(edition)}/"
    edition.delete()

    assert client.get(path).status_code == 404
    clock.shift(timedelta(days=8))
    assert client.get(path).status_code == 410


def test_a_file_that_is_gone_leads_on(client, edition):
    path = f"/d/{tokens.download_token(edition)}/"
    edition.file.storage.delete(edition.file.name)

    response = client.get(path)

    assert response.status_code == 410
    assert "Send me a new link" in main(response)


def test_an_edition_made_a_draft_again_is_for_staff_alone(client, admin_client, report, edition):
    """SEC-8: what the field says, “Staff alone can open it”, holds for links that people already have."""
    path = f"/d/{tokens.download_token(edition)}/"
    assert client.get(path).status_code == 200
    Edition.objects.filter(pk=edition.pk).update(is_draft=True)

    answers = [client.get(path), client.get(path, headers=PRESSED), client.get(path, headers={"Range": "bytes=0-9"})]

    assert [answer.status_code for answer in answers] == [410] * 3
    assert [headers(answer) for answer in answers] == [TOKEN_HEADERS] * 3
    assert b"%PDF" not in answers[0].content
    assert "Send me a new link" in main(answers[0])
    assert client.head(path).status_code == 410
    assert Edition.objects.get(pk=edition.pk).downloads == 1  # that of before
    staff = admin_client.get(reverse("admin:leads_report_edition", args=[edition.pk]))
    assert body(staff).startswith(b"%PDF-")


def test_a_bad_download_link_is_not_found(client, edition):
    path = f"/d/{tokens.download_token(edition)}/"

    assert {client.get(wrong).status_code for wrong in broken(path)} == {404}


def test_withdrawing_leaves_the_promised_download(client, report):
    """CON-10"""
    submission, path = confirmable(report, "report")
    [download] = re.findall(r'href="(/d/[^"]+)"', main(client.post(path, follow=True)))

    client.post(f"/u/{tokens.withdraw_token(submission.lead, 'report')}/")

    assert states(submission.lead)[-1] == ("report", "withdrawn")
    assert client.get(download).status_code == 200


def test_posting_to_a_download_is_refused(client, edition):
    assert client.post(f"/d/{tokens.download_token(edition)}/").status_code == 405


# --- withdraw ---


def withdrawable(key="report", kind="report") -> tuple[Submission, str]:
    submission = make_submission(kind)
    record(submission, key, ConsentEvent.State.GIVEN)
    return submission, f"/u/{tokens.withdraw_token(submission.lead, key)}/"


@pytest.mark.parametrize(
    ("key", "asked", "done"),
    [
        ("letter", "Stop the hiring letter?", "You will get no more letters"),
        ("report", "Stop mail about the report?", "You will get no more mail about the report"),
        ("consultation", "Withdraw your enquiry?", "Your enquiry is withdrawn"),
    ],
)
def test_withdrawing_is_one_page_and_one_press(client, words, key, asked, done):
    """CON-6"""
    submission, path = withdrawable(key, "consultation" if key == "consultation" else "report")

    page = client.get(path)
    pressed = client.post(path)

    assert (page.status_code, pressed.status_code) == (200, 200)
    assert asked in main(page)
    assert words[key].body in main(page)
    assert "m…@q….example" in main(page)
    assert main(page).count("<button") == 1
    assert not re.search(r"<input|<textarea|<select", main(page))
    assert done in main(pressed)
    ended = "erased" if key == "consultation" else "withdrawn"  # its wording promises removal
    assert states(submission.lead)[-1] == (key, ended)
    assert headers(page) == headers(pressed) == TOKEN_HEADERS


def test_looking_at_the_page_withdraws_nothing(client):
    """EML-5"""
    submission, path = withdrawable()

    client.get(path)
    client.head(path)

    assert states(submission.lead) == [("report", "given")]


def test_withdrawing_an_enquiry_says_that_it_is_erased_and_erases_it(client):
    _submission, path = withdrawable("consultation", "consultation")

    assert "We also delete what you sent us for this." in main(client.get(path))
    assert "We have deleted what you sent us" in main(client.post(path))
    assert (Lead.objects.count(), Submission.objects.count()) == (0, 0)


def test_pressing_again_shows_that_it_is_done(client):
    _submission, path = withdrawable("consultation", "consultation")
    client.post(path)

    for response in (client.post(path), client.get(path)):
        assert response.status_code == 200
        assert "Your enquiry is withdrawn" in main(response)
    assert ConsentEvent.objects.filter(state="withdrawn").count() == 1


def test_a_mail_programs_own_button_withdraws_at_once(client):
    """EML-2, RFC 8058: from anywhere, without cookies, answered 200 and no page"""
    submission, path = withdrawable("letter")

    responses = [
        Client(enforce_csrf_checks=True).post(path, ONE_CLICK, headers={"Sec-Fetch-Site": "cross-site"}),
        Client().post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"),
    ]

    assert [(response.status_code, response.content) for response in responses] == [(200, b"Done.")] * 2
    assert responses[0]["Content-Type"] == "text/plain; charset=utf-8"
    assert states(submission.lead) == [("letter", "given"), ("letter", "withdrawn")]
    assert ConsentEvent.objects.first().method == "one_click"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("List-Unsubscribe=No", "application/x-www-form-urlencoded"),
        ("list-unsubscribe=one-click", "application/x-www-form-urlencoded"),
        ("List-Unsubscribe=One-Click", "text/plain"),
        ('{"List-Unsubscribe": "One-Click"}', "application/json"),
        ("", "application/x-www-form-urlencoded"),
    ],
)
def test_a_foreign_post_that_is_no_mail_programs_withdraws_nothing(client, body, kind):
    """EML-2: a page elsewhere cannot press our button, even with the link in hand"""
    submission, path = withdrawable("letter")

    response = Client().post(path, body, content_type=kind, headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403
    assert states(submission.lead) == [("letter", "given")]


def test_one_click_in_the_address_withdraws_nothing(client):
    """EML-5"""
    submission, path = withdrawable("letter")

    client.get(path, {"List-Unsubscribe": "One-Click"})

    assert states(submission.lead) == [("letter", "given")]


def test_a_mail_programs_multipart_post_withdraws_too(client):
    """RFC 8058 §3.1 allows both kinds of form."""
    submission, path = withdrawable("letter")

    response = Client().post(path, ONE_CLICK, headers={"Origin": "https://mail.example"})  # multipart is the default

    assert (response.status_code, states(submission.lead)[-1]) == (200, ("letter", "withdrawn"))


def test_one_click_with_an_unknown_token_is_answered_alike(client):
    """EML-2"""
    _submission, path = withdrawable("letter")

    known, unknown = client.post(path, ONE_CLICK), client.post("/u/unknown/", ONE_CLICK)

    assert (unknown.status_code, unknown.content, unknown.headers) == (known.status_code, known.content, known.headers)


def test_a_link_for_a_purpose_that_is_gone_is_unknown(client):
    lead = make_lead()

    assert client.get(f"/u/{tokens.withdraw_token(lead, 'webinar')}/").status_code == 404


def test_a_purpose_of_the_sites_own_has_its_page(client):
    from tests.lead_factories import BODIES, make_purpose

    make_purpose("webinar")
    BODIES["webinar"] = "Invite me to webinars."
    make_wording("webinar")
    del BODIES["webinar"]
    submission = make_submission()
    record(submission, "webinar", ConsentEvent.State.GIVEN)
    path = f"/u/{tokens.withdraw_token(submission.lead, 'webinar')}/"

    assert "Withdraw your consent?" in main(client.get(path))
    assert "Your consent is withdrawn" in main(client.post(path))


# --- the whole way, and what it costs ---


def test_from_the_form_to_the_report_and_out_again(client, report, words, mailoutbox):
    from leads import outbox

    client.post("/reports/salary-report/", {"name": "Marta", "email": EMAIL, "consent_report": words["report"].sha256})
    outbox.send_due()
    [confirm_path] = re.findall(r"http://testserver(/c/\S+)", mailoutbox[0].body)
    client.post(confirm_path)
    outbox.send_due()
    [download_path] = re.findall(r"http://testserver(/d/\S+)", mailoutbox[1].body)
    [withdraw_path] = re.findall(r"http://testserver(/u/\S+)", mailoutbox[1].body)

    assert [mail.subject for mail in mailoutbox] == [
        "Confirm your e-mail to get the report", "Your report: IT Salary Report 2026"
    ]  # fmt: skip
    assert body(client.get(download_path)).startswith(b"%PDF-")
    client.post(withdraw_path, ONE_CLICK)
    assert [state for _purpose, state in states(Lead.objects.get())] == ["requested", "given", "withdrawn"]


def test_the_pages_cost_few_queries(client, report, django_assert_max_num_queries):
    make_page(purpose="privacy", slug="privacy").publish()
    client.get("/reports/salary-report/")
    client.get("/consultation/")

    with django_assert_max_num_queries(4):
        client.get("/reports/salary-report/")
    with django_assert_max_num_queries(2):
        client.get("/consultation/")


def test_the_newest_edition_whose_day_has_come_is_handed_out(client, report):
    make_edition(report, date=timezone.localdate() + timedelta(days=1), pages=99)
    _submission, path = confirmable(report, "report")

    assert "PDF, 12 pages" in main(client.post(path, follow=True))
