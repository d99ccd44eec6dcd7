"""The lead inbox and its neighbours in the admin: who may see what, and what their buttons do."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from leads import exports, mail_files, outbox, pauses, suppression, tokens
from leads.models import (
    ConsentEvent,
    ConsentText,
    Edition,
    Lead,
    OutgoingMail,
    Purpose,
    Report,
    Submission,
    Suppression,
)
from recruitcms import staff_mail
from recruitcms.models import StaffMail
from recruitcms.site_content import site_content
from tests.factories import make_cta, make_user
from tests.lead_factories import (
    make_lead,
    make_mail,
    make_purpose,
    make_report,
    make_submission,
    make_wording,
    make_wordings,
    pdf_bytes,
    pdf_file,
    published_report,
    record,
)
from tests.staff import make_staff
from tests.test_admin_publishing import version
from tests.test_editing import differences, form_as_shown

GIVEN = ConsentEvent.State.GIVEN
SUBMISSIONS = reverse("admin:leads_submission_changelist")
OUTBOX = reverse("admin:leads_outgoingmail_changelist")
FILES = reverse("admin:leads_outgoingmail_files")
SUPPRESSIONS = reverse("admin:leads_suppression_changelist")
ADDRESS = '<span class="whole">marta</span><wbr><span class="whole">@quillstone.example</span>'


@pytest.fixture
def sign_in(client, db):
    """Return a function that signs in somebody of a group and returns the client."""

    def sign_in(group: str = "", **more):
        client.force_login(make_user(group=group, is_superuser=not group, **more))
        return client

    return sign_in


def run(client, url: str, action: str, *objects, follow=True):
    return client.post(url, {"action": action, "_selected_action": [row.pk for row in objects]}, follow=follow)


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def text_of(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# --- who may see what (SEC-12) ---


@pytest.mark.parametrize(
    ("group", "allowed"),
    [
        ("Editors", {"report"}),
        ("Lead handlers", {"submission"}),
        ("Privacy officers", {"submission", "purpose", "consenttext", "consentevent", "outgoingmail"}),
    ],
)
def test_each_group_sees_its_own_lists(sign_in, group, allowed):
    client = sign_in(group)
    models = ["submission", "report", "purpose", "consenttext", "consentevent", "outgoingmail"]

    seen = {model for model in models if client.get(reverse(f"admin:leads_{model}_changelist")).status_code == 200}

    assert seen == allowed


@pytest.mark.parametrize(("group", "may"), [("Lead handlers", False), ("Privacy officers", True)])
def test_only_privacy_officers_delete(sign_in, group, may):
    submission = make_submission()
    client = sign_in(group)

    response = client.post(reverse("admin:leads_submission_delete", args=[submission.pk]), {"post": "yes"})

    assert (response.status_code, Submission.objects.exists()) == ((302, False) if may else (403, True))


# --- the inbox ---


def test_the_inbox_shows_who_wants_what_from_which_page(sign_in):
    make_submission("consultation", name="Marta", company="Quillstone", topic="team", page="/roles/x/")

    shown = text_of(sign_in("Lead handlers").get(SUBMISSIONS))

    assert f"{timezone.localtime():%-d %b %Y}" in shown
    assert f">Marta<br>{ADDRESS}</a>" in shown
    for words in (
        "Consultation: Hire a team",
        "Quillstone",
        "/roles/x/",
        "New",
    ):
        assert words in shown


def test_somebody_without_a_name_is_shown_by_the_address(sign_in):
    make_submission()

    shown = text_of(sign_in("Lead handlers").get(SUBMISSIONS))

    assert f">{ADDRESS}</a>" in shown
    assert "Salary report" in shown


@pytest.mark.parametrize("word", ["Zielik", "marta@quillstone", "Acme", "Secret plans", "Known"])
def test_the_inbox_is_searched_by_name_address_company_and_message(sign_in, word):
    lead = make_lead("marta@quillstone.example", name="Known Name")
    found = make_submission(lead=lead, name="Marta Zielik", company="Acme", message="Secret plans")
    make_submission(email="other@x.example", name="Other", company="Other", message="Other")

    response = sign_in("Lead handlers").get(SUBMISSIONS, {"q": word})

    assert list(response.context["cl"].queryset) == [found]


@pytest.mark.parametrize("quoted", ["{}", " {} ", "NB-{digits}", "nb {digits}", "NB{digits}"])
def test_the_inbox_finds_a_form_by_the_reference_that_its_mail_gave(sign_in, quoted):
    found = make_submission(email="marta@quillstone.example")
    make_submission(email="other@x.example")

    word = quoted.format(found.reference, digits=found.public_id[:6])
    response = sign_in("Lead handlers").get(SUBMISSIONS, {"q": word})

    assert list(response.context["cl"].queryset) == [found]


def test_a_reference_shows_nobody_who_must_not_be_written_to(sign_in):
    withdrawn = make_submission(email="marta@quillstone.example")
    suppression.suppress("marta@quillstone.example", suppression.ALL, "complaint")

    response = sign_in("Lead handlers").get(SUBMISSIONS, {"q": withdrawn.reference})

    assert list(response.context["cl"].queryset) == []


@pytest.mark.parametrize("name", ["submission", "outgoingmail", "consentevent", "consenttext", "report"])
def test_lists_never_grow_queries_with_rows(sign_in, name):
    client, url = sign_in(), reverse(f"admin:leads_{name}_changelist")

    def fill(number: int) -> None:
        submission = make_submission(
            "consultation", email=f"p{number}@x.example", owner=make_user(), report=make_report()
        )
        record(submission, "report", GIVEN)
        make_mail(submission=submission)
        make_wording("letter")

    fill(1)
    fill(2)  # a filter by owner appears with the second
    _queries(client, url)
    before = _queries(client, url)
    fill(3)
    fill(4)

    assert _queries(client, url) == before


def _queries(client, url) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.fixture
def enquiry(db):
    make_wordings()
    submission = make_submission(
        "consultation", name="Marta", message="Two engineers", phone="12345", utm={"utm_source": "letter"}
    )
    record(submission, "consultation", GIVEN)
    return submission


def page(submission: Submission) -> str:
    return reverse("admin:leads_submission_change", args=[submission.pk])


def test_staff_see_the_words_that_were_agreed_to(sign_in, enquiry):
    """CON-1"""
    shown = text_of(sign_in("Lead handlers").get(page(enquiry)))

    assert "<b>Consultation: Given</b>, Form on the site" in shown
    assert f"“{ConsentText.current('consultation', 'en').body}” (version 1)" in shown
    assert "utm_source: letter" in shown
    assert 'href="mailto:marta@quillstone.example"' in shown


def test_staff_change_state_owner_and_notes_and_nothing_of_the_visitors(sign_in, enquiry):
    owner = make_user()
    changes = {
        "state": "replied",
        "owner": owner.pk,
        "notes": "Called.",
        "message": "Forged",
        "name": "Forged",
        "lead": 1,
    }

    client = sign_in("Lead handlers")
    client.post(page(enquiry), changes | version(client, page(enquiry)))

    changed = Submission.objects.get()
    assert (changed.state, changed.owner, changed.notes) == ("replied", owner, "Called.")
    assert (changed.message, changed.name) == ("Two engineers", "Marta")


def test_a_colleagues_answer_is_shown_before_it_is_saved_over(sign_in, enquiry):
    client = sign_in("Lead handlers")
    opened = form_as_shown(client, page(enquiry))
    colleague = make_user("emre", first_name="Emre")
    Submission.objects.update(state="replied", owner=colleague, notes="Called.")

    response = client.post(page(enquiry), opened | {"notes": "A nice one.", "_save": "1"})

    assert response.status_code == 409
    assert differences(response) == {
        "state": ("New", "Replied", "theirs"),
        "owner": ("–", str(colleague), "theirs"),
        "notes": ("A nice one.", "Called.", ""),
    }
    kept = Submission.objects.get()
    assert (kept.state, kept.owner, kept.notes) == ("replied", colleague, "Called.")


def test_who_opened_a_form_while_it_was_held_says_nothing_of_its_state(sign_in, enquiry):
    Submission.objects.update(state="held", held_because="trap")
    client = sign_in("Lead handlers")
    opened = form_as_shown(client, page(enquiry))
    Submission.objects.update(state="new", held_because="")

    response = client.post(page(enquiry), opened | {"notes": "A person.", "_save": "1"})

    assert {key: chosen for key, (_mine, _theirs, chosen) in differences(response).items()} == {
        "state": "theirs",
        "notes": "mine",
    }


def test_a_visitor_who_confirms_meanwhile_is_no_colleague(sign_in, enquiry):
    client = sign_in("Lead handlers")
    opened = form_as_shown(client, page(enquiry))
    Submission.objects.update(confirmed_at=timezone.now())

    response = client.post(page(enquiry), opened | {"notes": "A nice one.", "_save": "1"})

    assert response.status_code == 302
    assert Submission.objects.get().notes == "A nice one."


def test_saving_writes_what_the_form_changed_and_nothing_else(sign_in, enquiry):
    client = sign_in("Lead handlers")
    data = form_as_shown(client, page(enquiry)) | {"notes": "A nice one.", "_save": "1"}

    with CaptureQueriesContext(connection) as queries:
        client.post(page(enquiry), data)

    [written] = [one["sql"] for one in queries if one["sql"].startswith('UPDATE "leads_submission"')]
    assert re.findall(r'"(\w+)" = ', written.partition(" WHERE ")[0]) == ["notes"]


def test_owners_are_members_of_staff(sign_in, enquiry):
    member, visitor = make_user("member"), make_user("visitor")
    visitor.is_staff = False
    visitor.save()

    form = sign_in("Lead handlers").get(page(enquiry)).context["adminform"].form

    assert member in form.fields["owner"].queryset
    assert visitor not in form.fields["owner"].queryset


def test_privacy_officers_look_but_do_not_answer(sign_in, enquiry):
    response = sign_in("Privacy officers").get(page(enquiry))

    assert response.status_code == 200
    assert 'name="notes"' not in response.content.decode()


def test_nobody_adds_a_submission_by_hand(sign_in):
    assert sign_in().get(reverse("admin:leads_submission_add")).status_code == 403


@pytest.mark.parametrize(
    ("action", "state"), [("mark_replied", "replied"), ("mark_closed", "closed"), ("mark_spam", "spam")]
)
def test_marking_says_how_many_and_keeps_who_did_it(sign_in, action, state):
    rows = [make_submission(email=f"p{number}@x.example") for number in range(2)]
    done = make_submission(state=state)

    response = run(sign_in("Lead handlers"), SUBMISSIONS, action, *rows, done)

    label = Submission.State(state).label
    assert said(response) == [f"2 submissions are now “{label}”."]
    assert set(Submission.objects.values_list("state", flat=True)) == {state}
    assert {entry.change_message for entry in LogEntry.objects.all()} == {f"State: {label}"}
    assert LogEntry.objects.count() == 2


def test_the_admins_log_holds_no_address_and_no_name(sign_in, enquiry):
    """CON-13"""
    client = sign_in("Lead handlers")
    client.post(page(enquiry), {"state": "replied", "notes": "Marta is nice"} | version(client, page(enquiry)))
    run(client, SUBMISSIONS, "mark_closed", enquiry)

    kept = " ".join(f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all())
    assert LogEntry.objects.count() == 2
    assert not any(word in kept for word in ("Marta", "quillstone", "nice"))


def test_deleting_takes_the_mails_along_and_forgets_the_person(sign_in, enquiry):
    make_mail("team", enquiry, "consultation")
    other = make_submission(email="other@x.example")
    record(enquiry, "consultation", ConsentEvent.State.WITHDRAWN)

    hidden = f"{SUBMISSIONS}?people=hidden"
    response = run(sign_in("Privacy officers"), hidden, "delete_selected", enquiry)
    assert "Withdrawn" not in text_of(response)
    sign_in("Privacy officers").post(
        hidden, {"action": "delete_selected", "_selected_action": [enquiry.pk], "post": "yes"}
    )

    assert list(Submission.objects.all()) == [other]
    assert (OutgoingMail.objects.count(), list(Lead.objects.all())) == (0, [other.lead])


def test_deleting_keeps_a_person_who_takes_the_letter(sign_in, enquiry):
    record(enquiry, "letter", GIVEN)

    sign_in("Privacy officers").post(reverse("admin:leads_submission_delete", args=[enquiry.pk]), {"post": "yes"})

    assert (Submission.objects.count(), Lead.objects.count()) == (0, 1)


# --- export ---


def exported(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def test_the_export_holds_every_answer_and_is_kept_in_the_log(sign_in, enquiry):
    """SEC-22"""
    Submission.objects.update(
        cta=make_cta("booking", name="Band"), owner=make_user("olga"), job="hr", confirmed_at=timezone.now(), page="/x/"
    )

    response = run(sign_in("Lead handlers"), SUBMISSIONS, "export_as_csv", enquiry)

    [row] = exported(response)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="submissions-2')
    assert (row["e-mail"], row["name"], row["message"], row["utm_source"]) == (
        "marta@quillstone.example", "Marta", "Two engineers", "letter"
    )  # fmt: skip
    assert (row["call to action"], row["owner"], row["their role"], row["page"]) == (
        "Band",
        "olga",
        "HR or talent",
        "/x/",
    )
    assert LogEntry.objects.get().change_message == "Exported as CSV."


def test_only_who_may_export_sees_the_action(sign_in, enquiry):
    from django.contrib.auth.models import Permission

    user = make_user()
    user.user_permissions.add(Permission.objects.get(codename="view_submission"))
    client = sign_in("Lead handlers")
    assert "export_as_csv" in client.get(SUBMISSIONS).content.decode()

    client.force_login(user)

    assert "export_as_csv" not in client.get(SUBMISSIONS).content.decode()
    assert run(client, SUBMISSIONS, "export_as_csv", enquiry)["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0"])
def test_no_cell_begins_like_a_formula(sign_in, db, start):
    """SEC-15"""
    assert exports.neutral(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@given(st.text(max_size=60).filter(lambda text: "\0" not in text))
def test_any_text_survives_the_file_and_is_no_formula(text):
    """SEC-15, RFC 4180: read back by a reader of CSV, a cell is the text but for added apostrophes."""
    from datetime import UTC, datetime

    submission = Submission(lead=Lead(email="a@x.example"), message=text, kind="report", created_at=datetime.now(UTC))

    file = exports.submissions_csv([submission])

    [row] = list(csv.DictReader(io.StringIO(file.removeprefix("\ufeff"), newline="")))
    assert row["message"].replace("'", "") == text.replace("'", "")
    assert not row["message"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert file.endswith("\r\n")


def test_a_program_that_splits_at_semicolons_or_lines_finds_no_formula_either():
    """SEC-15: a Polish Excel takes the semicolon for the separator."""
    cells = exports.neutral("x;=1+1;ok\n@SUM(A1)\r\n +2")

    assert cells == "x;'=1+1;ok\n'@SUM(A1)\r'\n' +2"


# --- the report and its editions ---


def report_form(report: Report | None, *files, **changes):
    """Return what the admin's form of a report sends; each of `files` is a new edition."""
    fields = {"language": "en", "title": "Report", "slug": "report", "summary": "In short.", "points": "One"}
    fields |= {"inside": "", "chart_title": "", "chart_note": "", "chart": "", "chart_source": "", "method": ""}
    fields |= {"mail_tip": "", "gate_mode": "email_only", "publish_at_0": "", "publish_at_1": "", "revision_note": ""}
    fields |= {"form_note": "", "search_title": "", "search_description": "", "cover": "", "sender": ""}
    fields |= {"editions-TOTAL_FORMS": len(files), "editions-INITIAL_FORMS": 0}
    for number, file in enumerate(files):
        fields |= {
            f"editions-{number}-date": "2026-11-01",
            f"editions-{number}-file": file,
            f"editions-{number}-file_name": "it-salary-report",
            f"editions-{number}-pages": "12",
        }
    return fields | changes


def test_a_report_is_written_published_and_seen(sign_in):
    make_wordings()
    client = sign_in("Editors")

    response = client.post(reverse("admin:leads_report_add"), report_form(None, pdf_file(), _publish="1"), follow=True)

    edition = Edition.objects.get()
    assert response.status_code == 200
    assert edition.size == len(edition.file.open("rb").read())
    assert edition.file.name.startswith("editions/")
    assert client.get("/reports/report/").status_code == 200


def test_only_markdown_has_the_buttons_of_markdown(sign_in):
    fields = sign_in("Editors").get(reverse("admin:leads_report_add")).context["adminform"].form.fields

    marked = [name for name, field in fields.items() if "markdown" in field.widget.attrs.get("class", "")]

    assert marked == ["method"]


def test_publishing_without_an_edition_is_refused_in_words(sign_in):
    response = sign_in("Editors").post(reverse("admin:leads_report_add"), report_form(None, _publish="1"), follow=True)

    assert "Add an edition: the file that people are to receive." in " ".join(said(response))
    assert Report.objects.get().live_revision is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"GIF89a, not a PDF", "This is not a PDF file. Export the report as a PDF and upload that."),
        (b"<html>%PDF-", "This is not a PDF file. Export the report as a PDF and upload that."),
        (b"%PDF-" + b"x" * 5000, "This file is larger than 0 MB. Save it smaller."),
    ],
)
def test_an_edition_is_really_a_pdf_and_not_too_large(sign_in, settings, content, sentence):
    """SEC-8"""
    settings.EDITION_MAX_BYTES = 4000
    upload = SimpleUploadedFile("report.pdf", content, content_type="application/pdf")

    response = sign_in("Editors").post(reverse("admin:leads_report_add"), report_form(None, upload))

    assert sentence in response.content.decode()
    assert (Report.objects.count(), Edition.objects.count()) == (0, 0)


def test_saving_again_keeps_the_file(sign_in):
    report = make_report()
    edition = report.editions.get()
    url = reverse("admin:leads_report_change", args=[report.pk])
    fields = report_form(report, "", slug=report.slug) | {"editions-INITIAL_FORMS": 1, "editions-0-pages": "48"}
    fields |= {"editions-0-id": edition.pk, "editions-0-report": report.pk, "_seen": report.updated_at.isoformat()}

    response = sign_in("Editors").post(url, fields)

    saved = Edition.objects.get()
    assert response.status_code == 302
    assert (saved.file.name, saved.size, saved.pages) == (edition.file.name, edition.size, 48)


def test_staff_open_the_stored_file_without_a_public_address(sign_in):
    """A private file has no URL of its own, and the admin prints none."""
    report = make_report()
    url = reverse("admin:leads_report_edition", args=[report.editions.get().pk])
    client = sign_in("Editors")

    shown = client.get(reverse("admin:leads_report_change", args=[report.pk])).content.decode()
    file = client.get(url)

    assert url in shown
    assert "/media/editions" not in shown
    assert b"".join(file.streaming_content).startswith(b"%PDF-")
    assert Edition.objects.get().downloads == 0


def test_lead_handlers_do_not_open_editions(sign_in):
    edition = make_report().editions.get()

    assert sign_in("Lead handlers").get(reverse("admin:leads_report_edition", args=[edition.pk])).status_code == 403


def test_an_empty_edition_form_says_that_there_is_no_file_yet(sign_in):
    from django.contrib import admin as django_admin

    from leads.admin.reports import EditionInline

    assert EditionInline(Report, django_admin.site).stored(Edition()) == "None yet."


def test_the_preview_shows_the_working_copy_in_its_language(sign_in):
    make_wordings("pl")
    report = published_report(language="pl", slug="raport")
    report.title = "Nowy tytuł"
    report.save()

    response = sign_in("Editors").get(reverse("admin:leads_report_preview", args=[report.pk]))

    shown = response.content.decode()
    assert (response.status_code, response["X-Robots-Tag"]) == (200, "noindex")
    assert "Nowy tytuł" in shown
    assert "/pl/consultation/" in shown


# --- privacy ---


def test_a_published_wording_is_read_only_and_never_deleted(sign_in):
    """CON-3"""
    text = make_wording("report", body="The old words")
    url = reverse("admin:leads_consenttext_change", args=[text.pk])
    client = sign_in("Privacy officers")

    shown = client.get(url)
    refused = client.post(url, {"purpose": text.purpose.pk, "language": "en", "body": "Forged"})

    assert 'name="body"' not in shown.content.decode()
    assert refused.status_code == 403
    assert client.get(reverse("admin:leads_consenttext_delete", args=[text.pk])).status_code == 403
    assert ConsentText.objects.get().body == "The old words"
    with pytest.raises(ValidationError):
        text.delete()


def test_a_new_version_is_written_then_published(sign_in):
    old = make_wording("report", body="The old words")
    client = sign_in("Privacy officers")

    client.post(
        reverse("admin:leads_consenttext_add"), {"purpose": old.purpose.pk, "language": "en", "body": "The new words"}
    )
    draft = ConsentText.objects.get(version=2)
    assert site_content("en").wordings["report"] == old
    response = run(client, reverse("admin:leads_consenttext_changelist"), "publish", draft, old)

    published = ConsentText.objects.get(version=2)
    assert said(response)[-1] == "1 wording is published."
    assert site_content("en").wordings["report"] == published
    assert published.published_by is not None
    assert ConsentText.objects.get(version=1).published_at == old.published_at


def test_a_draft_wording_can_still_be_changed(sign_in):
    draft = make_wording("report", published=False)
    url = reverse("admin:leads_consenttext_change", args=[draft.pk])

    client = sign_in("Privacy officers")
    fields = {"purpose": draft.purpose.pk, "language": "en", "body": "Better words"}
    client.post(url, fields | version(client, url))

    assert ConsentText.objects.get().body == "Better words"


def test_saving_a_draft_says_that_no_form_shows_it_yet(sign_in):
    purpose = make_purpose("report")

    response = sign_in("Privacy officers").post(
        reverse("admin:leads_consenttext_add"),
        {"purpose": purpose.pk, "language": "en", "body": "Draft words", "_continue": "1"},
        follow=True,
    )

    assert said(response) == ["Saved. Forms do not show these words until you publish them."]
    assert ConsentText.current("report", "en") is None


def test_the_form_of_a_draft_publishes_in_a_second_step(sign_in):
    draft = make_wording("report", published=False)
    url = reverse("admin:leads_consenttext_change", args=[draft.pk])
    client = sign_in("Privacy officers")

    shown = text_of(client.get(url))
    second_step = re.search(r"<details> <summary[^>]*>Publish these words…</summary>(.*?)</details>", shown)[1]
    fields = {"purpose": draft.purpose.pk, "language": "en", "body": "Last words", "_publish": "1"}
    response = client.post(url, fields | version(client, url), follow=True)

    assert re.findall(r'name="(_\w+)"', second_step) == ["_publish"]
    assert re.findall(r'<button[^>]* name="(_\w+)"', shown)[0] == "_continue"
    assert said(response) == ["Published. Forms show these words from this moment."]
    assert site_content("en").wordings["report"].body == "Last words"
    assert 'name="_publish"' not in text_of(response)


def test_the_list_says_which_words_forms_show(sign_in):
    make_wording("report", body="First")
    make_wording("report", body="Second")
    make_wording("report", body="Third", published=False)
    make_wording("report", "pl")

    shown = text_of(sign_in("Privacy officers").get(reverse("admin:leads_consenttext_changelist")))

    states = re.findall(r'field-version">(\d)</td><td class="field-state"><span class="tag[^"]*">([^<]+)<', shown)
    assert states == [("3", "Draft"), ("2", "In use"), ("1", "Replaced"), ("1", "In use")]


def test_a_purpose_keeps_its_key_and_is_never_deleted(sign_in):
    purpose = make_purpose("report")
    url = reverse("admin:leads_purpose_change", args=[purpose.pk])
    client = sign_in("Privacy officers")
    fields = {"title": "The report", "legal_basis": "consent", "channel": "e-mail", "data_types": "e-mail"}
    fields |= {"jurisdiction": "Poland", "withdrawal_method": "One press"}
    fields |= {"unconfirmed_days": "30", "keep_months": "24", "proof_years": "3"}

    fields |= {"translations-TOTAL_FORMS": "1", "translations-INITIAL_FORMS": "0", "translations-0-language": "pl"}
    fields |= {
        "translations-0-title": "Raport",
        "translations-0-channel": "e-mail",
        "translations-0-data_types": "adres",
    }
    fields |= {"translations-0-jurisdiction": "Polska", "translations-0-withdrawal_method": "Jedno naciśnięcie"}

    client.post(url, fields | {"position": "1", "key": "other"} | version(client, url))

    changed = Purpose.objects.get()
    assert (changed.key, changed.title, changed.words("pl").title) == ("report", "The report", "Raport")
    assert "At most 24 months after the last contact." in client.get(url).content.decode()
    assert client.get(reverse("admin:leads_purpose_delete", args=[purpose.pk])).status_code == 403
    assert 'name="key"' in client.get(reverse("admin:leads_purpose_add")).content.decode()


def test_the_ledger_is_read_only_even_for_superusers(sign_in):
    """I8"""
    event = record(make_submission(), "report", GIVEN)
    client = sign_in()

    shown = client.get(reverse("admin:leads_consentevent_change", args=[event.pk]))

    assert event.text.body in shown.content.decode()
    assert client.get(reverse("admin:leads_consentevent_add")).status_code == 403
    assert client.post(reverse("admin:leads_consentevent_delete", args=[event.pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("typed", "found"),
    [("MARTA@quillstone.example", True), ("other@x.example", False), ("no@address", False), ("report", False)],
)
def test_a_persons_proof_is_found_by_the_address(sign_in, typed, found):
    """§1.1"""
    event = record(make_submission(), "report", GIVEN)

    response = sign_in("Privacy officers").get(reverse("admin:leads_consentevent_changelist"), {"q": typed})

    assert list(response.context["cl"].queryset) == ([event] if found else [])
    assert event.payload.subject_ref == tokens.subject_ref("marta@quillstone.example")


# --- the outbox ---


def test_given_up_mail_is_sent_again_and_waiting_mail_cancelled(sign_in):
    dead = make_mail(state=OutgoingMail.State.DEAD, attempts=16, due_at=timezone.now() - timedelta(days=3))
    sent = make_mail(state=OutgoingMail.State.SENT)
    waiting = make_mail()
    client = sign_in("Privacy officers")

    again = run(client, OUTBOX, "send_again", dead, sent, waiting)
    cancelled = run(client, OUTBOX, "cancel", waiting, sent)

    assert said(again) == ["1 mail will be sent again."]
    assert said(cancelled) == ["1 mail is cancelled."]
    assert [OutgoingMail.objects.get(pk=mail.pk).state for mail in (dead, sent, waiting)] == [
        "pending",
        "sent",
        "cancelled",
    ]
    assert OutgoingMail.objects.get(pk=dead.pk).attempts == 0


def test_a_mail_to_an_address_that_bounced_is_not_sent_again_and_staff_are_told_why(sign_in):
    """EML-14"""
    suppression.suppress("marta@quillstone.example", suppression.ALL, "bounce")
    bounced = make_mail(state=OutgoingMail.State.DEAD)
    to_team = make_mail("team", bounced.submission, state=OutgoingMail.State.DEAD)
    refused = make_mail(submission=make_submission(email="other@x.example"), state=OutgoingMail.State.DEAD)

    again = run(sign_in("Privacy officers"), OUTBOX, "send_again", bounced, to_team, refused)

    assert said(again) == [
        "2 mails will be sent again.",
        (
            "1 mail was not sent again: its mail server says that there is no such address. "
            "To try all the same, choose “Lift the block of addresses that bounced, and send again”."
        ),
    ]
    assert OutgoingMail.objects.get(pk=bounced.pk).state == "dead"


def test_a_block_under_an_old_key_is_found_by_its_address(sign_in, settings):
    """SEC-25"""
    suppression.suppress("marta@quillstone.example", suppression.ALL, "complaint")
    suppression.suppress("other@x.example", suppression.ALL, "complaint")
    settings.SUPPRESSION_KEYS_OLD = [settings.SUPPRESSION_KEY]
    settings.SUPPRESSION_KEY = "another key of more than thirty-two letters"

    found = sign_in("Privacy officers").get(SUPPRESSIONS, {"q": "Marta@quillstone.example"})

    assert [row.hmac for row in found.context["cl"].result_list] == [
        suppression.address_hashes("marta@quillstone.example")[1]
    ]


def test_staff_can_lift_the_block_of_a_bounce_but_not_of_a_complaint(sign_in, mailoutbox):
    """CON-15"""
    for reason in ("bounce", "complaint"):
        suppression.suppress("marta@quillstone.example", suppression.ALL, reason)
    bounced = make_mail(state=OutgoingMail.State.DEAD)

    again = run(sign_in("Privacy officers"), OUTBOX, "lift_and_send_again", bounced)
    outbox.send_due()

    assert said(again) == ["1 mail will be sent again."]
    assert suppression.blocks("marta@quillstone.example", "letter") == {"complaint"}
    assert LogEntry.objects.get().get_change_message() == "The block after a bounce was lifted."
    assert OutgoingMail.objects.get().last_error == "The address is blocked: complaint."
    assert mailoutbox == []


@pytest.mark.parametrize("paused", [True, False])
def test_the_outbox_says_that_all_mail_is_paused_and_why(sign_in, paused):
    """EML-14"""
    make_mail()
    if paused:
        pauses.pause(timezone.now(), "sign_in", "535 5.7.8 wrong password")

    assert ("It said: 535 5.7.8 wrong password" in sign_in("Privacy officers").get(OUTBOX).text) is paused


# --- blocked addresses ---


@pytest.mark.parametrize(
    ("typed", "found"),
    [("MARTA@quillstone.example", True), ("other@x.example", False), ("no@address", False), ("bounce", False)],
)
def test_a_block_is_found_by_the_address_which_is_not_shown(sign_in, typed, found):
    """CON-14"""
    suppression.suppress("marta@quillstone.example", suppression.ALL, "complaint")

    response = sign_in("Privacy officers").get(SUPPRESSIONS, {"q": typed})

    assert response.context["cl"].result_count == found
    assert "quillstone" not in sign_in("Privacy officers").get(SUPPRESSIONS).text


def test_only_a_human_lifts_a_complaint_and_the_log_keeps_who(sign_in):
    """CON-15"""
    suppression.suppress("marta@quillstone.example", suppression.ALL, "complaint")
    client = sign_in("Privacy officers")

    lifted = run(client, SUPPRESSIONS, "lift", Suppression.objects.get())

    assert said(lifted) == ["1 block is lifted."]
    assert suppression.blocks("marta@quillstone.example", "letter") == set()
    entry = LogEntry.objects.get()
    assert (entry.get_change_message(), entry.object_repr) == ("Lifted.", "all: Complained")


@pytest.mark.parametrize("group", ["Editors", "Lead handlers"])
def test_blocks_are_nobody_elses_business(sign_in, group):
    """SEC-12"""
    assert sign_in(group).get(SUPPRESSIONS).status_code == 403


def test_a_mail_shows_what_its_server_said(sign_in):
    """CON-9"""
    mail = make_mail(state=OutgoingMail.State.SENT, smtp_reply="250 2.0.0 queued as 4FxZ", uncertain=2)
    client = sign_in("Privacy officers")

    page = client.get(reverse("admin:leads_outgoingmail_change", args=[mail.pk])).text

    assert all(words in page for words in ("250 2.0.0 queued as 4FxZ", "Perhaps sent before", mail.message_id[1:-1]))
    assert "Perhaps sent before" in client.get(OUTBOX).text


def test_the_outbox_shows_no_address(sign_in):
    make_mail()

    assert "quillstone" not in sign_in("Privacy officers").get(OUTBOX).content.decode()


# --- mails in files ---


@pytest.fixture
def mail_folder(settings, tmp_path):
    settings.EMAIL_BACKEND = "leads.mail_files.MailFilesBackend"
    settings.MAIL_DIR = tmp_path
    return tmp_path


def write_mail(
    subject="Confirm", html='<html><head><style>p{color:red}</style></head><p style="color:red">Hi</p></html>'
):
    message = EmailMultiAlternatives(subject, "See http://testserver/c/abc/ now", None, ["marta@quillstone.example"])
    if html:
        message.attach_alternative(html, "text/html")
    message.send()


def test_mails_in_files_are_listed_newest_first(sign_in, mail_folder):
    for number in range(3):
        write_mail(f"Mail {number}")
    client = sign_in("Privacy officers")

    shown = client.get(FILES).content.decode()

    assert re.findall(r">(Mail \d)</a>", shown) == ["Mail 2", "Mail 1", "Mail 0"]
    assert "marta@quillstone.example" in shown
    assert FILES in client.get(OUTBOX).content.decode()


def test_mails_are_dated_by_the_clock_on_the_wall(sign_in, mail_folder, settings):
    settings.TIME_ZONE = "Europe/Warsaw"
    dates = {"utc": "Mon, 12 Jan 2026 10:05:00 -0000", "zoned": "Mon, 12 Jan 2026 10:05:00 +0200", "bad": "yesterday"}
    for name, date in dates.items():
        (mail_folder / f"{name}.eml").write_text(f"Subject: {name}\nTo: a@x.example\nDate: {date}\n\nText")
    (mail_folder / "none.eml").write_text("Subject: none\nTo: a@x.example\n\nText")
    client = sign_in("Privacy officers")

    listed = dict(re.findall(r'>(\w+)</a></th><td>a@x.example</td><td class="num">([^<]*)<', client.get(FILES).text))
    opened = client.get(reverse("admin:leads_outgoingmail_file", args=["utc.eml"])).text

    assert {name: when[-5:] for name, when in listed.items()} == {
        "utc": "11:05",
        "zoned": "09:05",
        "bad": "",
        "none": "",
    }
    assert f"<dt>Date</dt><dd>{listed['utc']}</dd>" in opened


@pytest.mark.parametrize(("superuser", "status"), [(False, 404), (True, 200)])
def test_a_link_to_choose_a_password_is_for_administrators_alone(client, db, mail_folder, superuser, status):
    """SEC-9, SEC-12: whoever looks after personal data could open anybody's account by it."""
    boss = make_staff("boss")
    staff_mail.owe_about_account(StaffMail.Kind.FORGOTTEN, boss)
    staff_mail.owe_about_account(StaffMail.Kind.ADDED, boss)
    staff_mail.send_due()
    names = {mail_files.read(name)["Subject"]: name for name in mail_files.names()}
    secret, other = names["Choose a new password"], names["A new way to sign in to your account"]
    client.force_login(make_user("anna", "Privacy officers", is_superuser=superuser))

    shown = client.get(FILES).text
    answers = [client.get(reverse(f"admin:leads_outgoingmail_{page}", args=[secret])) for page in ("file", "file_html")]

    assert (secret in shown, other in shown) == (superuser, True)
    assert [answer.status_code for answer in answers] == [status] * 2
    assert ["/admin/p/" in answer.text for answer in answers] == [superuser] * 2
    assert client.get(reverse("admin:leads_outgoingmail_file", args=[other])).status_code == 200


def test_a_long_list_of_mails_has_pages(sign_in, mail_folder):
    for number in range(51):
        (mail_folder / f"{number:03}.eml").write_text(f"Subject: Mail {number}\nTo: a@x.example\n\nText")
    client = sign_in("Privacy officers")

    first, second = client.get(FILES).content.decode(), client.get(FILES, {"page": 2}).content.decode()

    assert "Page 1 of 2" in first
    assert re.findall(r">(Mail \d+)</a>", second) == ["Mail 0"]
    assert '<a href="?page=1">' in second


def test_before_the_first_mail_the_page_says_so(sign_in, mail_folder):
    assert "No mail yet." in sign_in("Privacy officers").get(FILES).content.decode()


def test_a_mail_is_shown_as_text_beside_its_html(sign_in, mail_folder):
    write_mail()
    [path] = mail_folder.iterdir()
    client = sign_in("Privacy officers")
    url = reverse("admin:leads_outgoingmail_file", args=[path.name])

    page = client.get(url)
    shown = page.content.decode()
    [frame] = re.findall(r'<iframe[^>]*src="([^"]+)"', shown)
    framed = client.get(frame)

    assert '<a href="http://testserver/c/abc/" rel="nofollow">' in shown
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    assert '<base target="_blank">' in framed.content.decode()
    assert framed["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox; report-uri /csp-reports/"
    )
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in page["Cache-Control"]


def test_a_mail_without_html_has_no_frame(sign_in, mail_folder):
    send_mail("Plain", "Only text", None, ["a@x.example"])
    [path] = mail_folder.iterdir()
    client = sign_in("Privacy officers")

    shown = client.get(reverse("admin:leads_outgoingmail_file", args=[path.name])).content.decode()
    framed = client.get(reverse("admin:leads_outgoingmail_file_html", args=[path.name]))

    assert "Only text" in shown
    assert "<iframe" not in shown
    assert framed.status_code == 404


@pytest.mark.parametrize("name", ["missing.eml", "settings.py"])
def test_no_other_file_is_shown(sign_in, mail_folder, name):
    client = sign_in("Privacy officers")

    for view in ("file", "file_html"):
        assert client.get(reverse(f"admin:leads_outgoingmail_{view}", args=[name])).status_code == 404


@pytest.mark.parametrize("group", ["Editors", "Lead handlers"])
def test_others_do_not_read_mails(sign_in, mail_folder, group):
    write_mail()
    [path] = mail_folder.iterdir()
    client = sign_in(group)

    urls = [FILES] + [reverse(f"admin:leads_outgoingmail_{view}", args=[path.name]) for view in ("file", "file_html")]

    assert [client.get(url).status_code for url in urls] == [403] * 3


def test_a_pdf_of_the_tests_is_a_pdf():
    assert pdf_bytes().startswith(b"%PDF-")
