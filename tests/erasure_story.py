"""Somebody leaves traces everywhere and is erased: for tests/test_erasure_raw.py, in a process and a folder of its own.

`erasure_story.py BEFORE AFTER` copies all files of the site to BEFORE, erases the person as they would themselves, and
copies all files to AFTER, with the database still open as in a running server. What the process holds in its caches is
among them. What it prints is its log.
"""

import json
import logging
import os
import pickle
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django
from django.conf import settings

django.setup()
settings.EMAIL_BACKEND = "leads.mail_files.MailFilesBackend"

from django.core.cache import cache  # noqa: E402  (models need the set-up)
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from leads import outbox, suppression, tokens  # noqa: E402
from leads.models import Lead, OwedEvent, Submission  # noqa: E402
from recruitcms import site_content  # noqa: E402
from tests.erasure_secrets import COMPANY, EMAIL, MESSAGE, NAME, NEIGHBOUR, NOTES, PHONE  # noqa: E402
from tests.factories import make_site, make_user  # noqa: E402
from tests.lead_factories import make_lead, make_submission, make_wordings, published_report  # noqa: E402


def main() -> None:
    before, after = map(Path, sys.argv[1:])
    for name in ("", "leads", "recruitcms", "django"):
        logging.getLogger(name).setLevel(logging.INFO)  # the most that a setting turns on
    call_command("migrate", verbosity=0)
    make_site()
    words = make_wordings()
    published_report(slug="salary-report")
    fill(range(150))
    lead = live(words)
    fill(range(150, 300))
    keep(before)
    erase(lead)
    keep(after)


def fill(numbers: range) -> None:
    """Surround the person with others, so that the pages of the tables are full and split."""
    for number in numbers:
        lead = make_lead(f"person{number}@{NEIGHBOUR}.example", name=f"Person {number}")
        make_submission("consultation", lead=lead, message=f"We need engineer number {number}. " * (number % 40))


def live(words: dict) -> Lead:
    """Ask for the report with the letter and confirm it, enquire, and be handled by staff. Return the person."""
    visitor = Client(headers={"Sec-Fetch-Site": "same-origin"})
    agreed = {f"consent_{key}": words[key].sha256 for key in words}
    visitor.post("/reports/salary-report/", {"name": NAME, "email": EMAIL} | agreed)
    asked = Submission.objects.get(lead__email_normal=EMAIL.lower())
    assert asked.state == "new"
    send()
    visitor.post(f"/c/{tokens.confirm_token(asked)}/")
    visitor.get(f"/c/{tokens.confirm_token(asked)}/")
    enquiry = {"name": NAME, "email": EMAIL, "company": COMPANY, "phone": PHONE, "topic": "team", "message": MESSAGE}
    refused = visitor.post("/consultation/", enquiry)  # the consent is missing: the page shows all of it again
    assert refused.status_code == 422
    visitor.post("/consultation/", enquiry | agreed)
    send()
    lead = asked.lead
    visitor.get(f"/p/{tokens.privacy_token(lead)}/")
    visitor.post(f"/p/{tokens.privacy_token(lead)}/copy/")
    OwedEvent.objects.create(event_id="a" * 32, submission=asked, choice_id="b" * 32, user_agent="Firefox")
    be_handled(lead)
    return lead


def send() -> None:
    assert outbox.send_due() > 0


def be_handled(lead: Lead) -> None:
    """Be searched for, opened, answered and exported by staff, and stay in a session of theirs."""
    staff = Client()
    staff.force_login(make_user("handler", is_superuser=True))
    inbox = reverse("admin:leads_submission_changelist")
    enquiry = lead.submissions.get(kind="consultation")
    page = reverse("admin:leads_submission_change", args=[enquiry.pk])
    opened = staff.get(page)
    assert MESSAGE in opened.content.decode()
    for query in (EMAIL, NAME, "kryptozoologa"):
        assert staff.get(inbox, {"q": query}).status_code == 200
    seen = re.search(r'name="_seen" value="([^"]+)"', opened.content.decode())[1]
    staff.post(page, {"state": "replied", "notes": NOTES, "_seen": seen})
    chosen = list(lead.submissions.values_list("pk", flat=True))
    export = staff.post(inbox, {"action": "export_as_csv", "_selected_action": chosen})
    assert NAME in export.content.decode()
    staff.get(reverse("admin:index"))
    session = staff.session
    session["last_search"] = EMAIL
    session.save()


def erase(lead: Lead) -> None:
    """Press the button of the person's own page."""
    url = reverse("privacy-erase", args=[tokens.privacy_token(lead)])
    answer = Client().post(url, {"understood": "1"})
    assert answer.status_code == 200
    assert not Lead.objects.filter(pk=lead.pk).exists()


def keep(folder: Path) -> None:
    """Copy every file of the site, and what the process keeps in its memory for later requests."""
    shutil.copytree(settings.DATA_DIR, folder)
    kept = {str(name): repr(vars(content)) for name, (_transaction, content) in site_content._kept.items()}
    (folder / "caches").write_bytes(json.dumps(kept).encode() + pickle.dumps(getattr(cache, "_cache", {})))
    (folder / "block").write_text(suppression.address_hash(EMAIL.lower()))


if __name__ == "__main__":
    main()
