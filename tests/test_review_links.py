"""Links for people without an account: one document, comments, an approval, and nothing else."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail as outbox
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from leads import spam
from leads.models import Report
from recruitcms import review, review_views, staff_mail
from recruitcms.logs import LOGGING, redacted
from recruitcms.models import ReviewEntry, ReviewLink, StaffMail
from roles.models import Role, RoleRevision
from tests.factories import make_page, make_role, make_user
from tests.test_admin_publishing import change, said

pytestmark = pytest.mark.django_db
Kind = ReviewEntry.Kind
GONE = "This link is no longer valid"


@pytest.fixture
def writer():
    return make_user("wanda", "Writers", email="wanda@northbeam.example")


@pytest.fixture
def role():
    return make_role({"introduction": "Draft words.", "duties": "- One"}, title="Secret draft")


@pytest.fixture
def link(role, writer):
    return review.make_link(role, writer, "Anna Nowak")


def address(link, act=""):
    return reverse(f"review{act}", args=[review.token_of(link)])


def read(client, link):
    return client.get(address(link)).content.decode()


def seen(client, link):
    return client.get(address(link)).wsgi_request.review["seen"]


def send(client, link, text="Fine.", **more):
    return client.post(address(link, "-comment"), {"text": text, **more})


def kept():
    return [(e.kind, e.name, e.heading, e.text) for e in ReviewEntry.objects.filter(is_guest=True)]


# --- what it shows ---


def test_the_draft_is_shown_through_its_own_page_and_follows_it(client, role, link):
    first = read(client, link)
    Role.objects.update(title="Newer draft")

    assert "<h1>Secret draft" in first
    assert "Draft words." in first
    assert "For Anna Nowak to review" in first
    assert '<meta name="robots" content="noindex">' in first
    assert "<h1>Newer draft" in read(client, link)


def test_a_pinned_link_shows_the_text_as_it_was_and_visitors_see_nothing_of_it(client, role, writer):
    pinned = review.make_link(role, writer, "Anna", is_pinned=True)
    Role.objects.update(title="Newer draft")
    role.sections.update(body="Newer words.")

    page = read(client, pinned)

    assert "<h1>Secret draft" in page
    assert "Draft words." in page
    assert "Newer" not in page
    assert not RoleRevision.objects.live().exists()
    assert client.get(role.get_absolute_url()).status_code == 404


def test_it_says_until_when_it_works_with_the_zone(client, link):
    link.expires_at = datetime(2027, 1, 5, 13, 30, tzinfo=UTC)
    link.save()

    assert "This link works until 5 January 2027, 14:30, Warsaw time." in read(client, link)


def test_publishing_counts_on_from_a_pinned_revision(role, writer):
    review.make_link(role, writer, "Anna", is_pinned=True)

    assert role.publish().number == 2
    assert RoleRevision.objects.get(number=1).live_from is None


@pytest.mark.parametrize("kind", ["page", "report"])
def test_pages_and_reports_are_reviewed_too(client, writer, kind):
    document = make_page(title="Story", body="### First\n\nText.") if kind == "page" else Report.objects.create(
        title="Story", slug="story", summary="Short.", inside="One | page 1"
    )  # fmt: skip
    link = review.make_link(document, writer, "Anna")

    page = read(client, link)
    client.post(address(link, "-approve"), {"seen": seen(client, link)})

    assert "<h1>Story</h1>" in page
    assert ('<option value="part-1">First</option>' in page) == (kind == "page")
    assert kept() == [(Kind.APPROVED, "Anna", "", "")]


def test_it_speaks_the_language_of_the_document(client, writer):
    link = review.make_link(make_role(language="pl"), writer, "Anna")

    response = client.get(address(link))

    assert '<html lang="pl"' in response.content.decode()
    assert response["Content-Language"] == "pl"


def test_the_answer_is_never_kept_nor_listed_and_sets_no_cookie(client, link):
    for response in (client.get(address(link)), send(client, link), client.get("/r/none/")):
        assert response["Cache-Control"] == "private, no-store"
        assert response["X-Robots-Tag"] == "noindex"
        assert response["Referrer-Policy"] == "same-origin"
        assert not response.cookies


def test_looking_changes_nothing(client, link):
    with CaptureQueriesContext(connection) as queries:
        client.get(address(link))
        client.head(address(link))

    assert [q["sql"] for q in queries if not q["sql"].startswith("SELECT")] == []


# --- what it does not open ---


def test_unknown_expired_and_revoked_links_get_the_same_answer(client, clock, role, link, writer):
    revoked = review.make_link(role, writer, "Bea")
    review.revoke_link(role, writer, revoked.pk)
    expired = review.make_link(role, writer, "Cyd", days=1)
    clock.shift(timedelta(days=1, seconds=1))

    answers = [
        client.get(url) for url in ("/r/%00/", "/r/%F0%9F%98%80/", "/r/none/", address(revoked), address(expired))
    ]
    posts = [
        client.post(address(bad, act), {"text": "Hello"})
        for bad in (revoked, expired)
        for act in ("-comment", "-approve")
    ]

    assert {answer.status_code for answer in answers + posts} == {404}
    bodies = {a.content.decode().replace(a.request["PATH_INFO"], "HERE") for a in answers[2:] + posts}
    assert len(bodies) == 1  # but for the address itself, in the language switch
    assert GONE in answers[0].content.decode()
    assert client.get(address(link)).status_code == 200
    assert kept() == []


def test_a_link_works_two_weeks_unless_said_otherwise(clock, link):
    clock.shift(timedelta(days=13, hours=23))
    assert review.find_link(review.token_of(link)) == link

    clock.shift(timedelta(hours=2))
    assert review.find_link(review.token_of(link)) is None


def test_a_link_opens_neither_another_draft_nor_the_admin(client, role, link):
    other = make_role(title="Other draft")

    page = read(client, link)

    assert "Other draft" not in page
    assert "/admin/" not in page
    assert client.get(other.get_absolute_url()).status_code == 404
    assert client.get(reverse("admin:roles_role_preview", args=[role.pk])).status_code == 302


def test_a_guest_does_not_see_what_others_said(client, role, link, writer):
    other = review.make_link(role, writer, "Bea")
    send(client, other, "Only between us.")
    review.comment(role, writer, "Among the team.")
    review.comment(role, writer, "An answer to Bea.", ReviewEntry.objects.get(is_guest=True).pk)

    to_anna, to_bea = read(client, link), read(client, other)

    for words in ("Only between us.", "An answer to Bea."):
        assert words in to_bea
        assert words not in to_anna
    assert "Among the team." not in to_anna + to_bea


def test_the_link_of_a_deleted_document_is_gone(client, role, link):
    url = address(link)
    role.delete()

    assert client.get(url).status_code == 404
    assert not ReviewLink.objects.exists()


def test_only_a_hash_of_the_token_is_kept(link):
    token = review.token_of(link)

    assert len(token) == 64
    for row in ReviewLink.objects.values():
        assert token not in str(row)
    assert link.token_hash == review.hash_of(token)


def test_a_link_survives_a_change_of_keys(settings, link):
    token = review.token_of(link)
    settings.LINK_KEYS_OLD, settings.LINK_KEY = [settings.LINK_KEY], "x" * 40

    assert review.token_of(link) == token

    settings.LINK_KEYS_OLD = []
    assert review.token_of(link) == ""
    assert review.find_link(token) == link


def test_tokens_stay_out_of_the_logs(client, link, caplog):
    token = review.token_of(link)
    with caplog.at_level(logging.DEBUG, "django"):
        client.get(f"/r/{token}x/")
        client.get(address(link, "-comment"))

    assert token in caplog.text  # before it is formatted
    assert token not in redacted(caplog.text)
    assert "/r/[redacted]" in redacted(caplog.text)


def test_tokens_stay_out_of_the_servers_own_log_of_requests_too(link, capfd):
    from gunicorn.config import Config
    from gunicorn.glogging import Logger

    config = Config()
    config.set("accesslog", "-")
    config.set("logconfig_dict", LOGGING)
    Logger(config).access_log.info("GET %s", address(link))

    assert review.token_of(link) not in "".join(capfd.readouterr())


def test_a_comment_in_another_direction_turns_nothing_around_it(client, writer, role, link):
    send(client, link, "\u202eabc <img src=x onerror=alert(1)>", section="duties")

    for page in (read(client, link), panel(client, writer, role)):
        assert '<p dir="auto">\u202eabc &lt;img src=x onerror=alert(1)&gt;</p>' in page


# --- comments ---


def test_a_comment_is_kept_by_section_under_the_name_of_the_link(client, link):
    response = send(client, link, "Too short.\r\nBcc: <b>x</b>", section="duties")
    page = client.get(response["Location"]).content.decode()

    assert response.status_code == 303
    assert "Thank you. Your comment is with the team." in page
    assert "Too short.<br>Bcc: &lt;b&gt;x&lt;/b&gt;" in page
    (kind, name, heading, text) = kept()[0]
    assert (kind, name, text) == (Kind.COMMENT, "Anna Nowak", "Too short.\nBcc: <b>x</b>")
    assert heading == "Typical duties and responsibilities"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"text": ""}, "Write your comment first."),
        ({"text": "   \n"}, "Write your comment first."),
        ({"text": "x" * 4001}, "leave it below 4000 characters"),
        ({"text": "Nul\0"}, "Null characters are not allowed."),
        ({"text": "Fine words", "section": "elsewhere"}, "This section is gone."),
    ],
)
def test_a_bad_comment_is_refused_by_the_field_and_kept_in_it(client, link, data, sentence):
    page = client.post(address(link, "-comment"), data).content.decode()

    assert sentence in page
    assert data["text"].strip().replace("\0", "") in page.replace("\0", "")
    assert kept() == []


def test_a_huge_post_is_refused_unread(client, link):
    response = send(client, link, "x" * 70_000)

    assert response.status_code == 413
    assert kept() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("act", ["-comment", "-approve"])
def test_a_post_from_elsewhere_is_refused(link, headers, act):
    own = Client()
    data = {"text": "Fine.", "seen": seen(own, link)}

    response = own.post(address(link, act), data, headers=headers)

    assert response.status_code == 403
    assert kept() == []
    assert own.post(address(link, act), data, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_a_link_takes_so_many_comments_and_an_approval_all_the_same(client, link, monkeypatch):
    monkeypatch.setattr(review, "COMMENTS_PER_LINK", 2)
    for number in range(3):
        response = send(client, link, f"Comment {number}")

    client.post(address(link, "-approve"), {"seen": seen(client, link)})

    page = response.content.decode()
    assert "the link has taken as many as it can" in page
    assert "Comment 2</textarea>" in page
    assert [kind for kind, *_rest in kept()] == [Kind.COMMENT, Kind.COMMENT, Kind.APPROVED]


def test_many_comments_at_once_wait_with_what_was_typed(client, clock, role, link, writer, monkeypatch):
    monkeypatch.setattr(review_views, "COMMENTS_AT_ONCE", 2)
    other = review.make_link(role, writer, "Bea")
    for number in range(3):
        refused = send(client, link, f"Comment {number}", section="duties")

    assert (refused.status_code, refused["Retry-After"]) == (429, "600")
    page = refused.content.decode()
    assert "wait 10 minutes, then send it again." in page
    assert "Comment 2</textarea>" in page
    assert '<option value="duties" selected>' in page
    assert 'aria-invalid="true" aria-describedby="text-error"' in page
    assert len(kept()) == 2
    assert send(client, other).status_code == 303
    assert client.post(address(link, "-approve"), {"seen": seen(client, link)}).status_code == 303
    cache.clear()  # as ten minutes do
    assert send(client, link, "Comment 2").status_code == 303


def test_a_network_cannot_go_round_the_limit_by_several_links(client, role, link, writer, settings):
    settings.FORMS_PER_NETWORK = 1
    other = review.make_link(role, writer, "Bea")

    answers = [send(client, which).status_code for which in (link, other, link, other, link)]
    elsewhere = client.post(address(link, "-comment"), {"text": "Fine."}, REMOTE_ADDR="203.0.113.9")

    assert answers == [303, 303, 303, 429, 429]
    assert elsewhere.status_code == 303


def test_comments_do_not_count_as_public_forms(client, link, rf):
    for _number in range(12):
        send(client, link)

    assert not spam.wants_work(rf.get("/"))


# --- approval ---


def test_an_approval_is_kept_once_with_the_text_that_was_seen(client, role, link):
    for _press in range(2):
        response = client.post(address(link, "-approve"), {"seen": seen(client, link)})

    entry = ReviewEntry.objects.get(kind=Kind.APPROVED)
    assert (entry.name, entry.is_guest) == ("Anna Nowak", True)
    assert entry.content_hash == review.content_hash(role.draft_revision())
    assert "You approved this text on" in client.get(response["Location"]).content.decode()


def test_approving_a_text_that_changed_meanwhile_asks_again(client, role, link):
    old = seen(client, link)
    role.sections.update(body="Other words.")

    asked = client.post(address(link, "-approve"), {"seen": old}).content.decode()
    before = kept()
    client.post(address(link, "-approve"), {"seen": seen(client, link)})

    assert "The text has changed since you opened this page." in asked
    assert "Other words." in asked
    assert before == []
    assert kept() == [(Kind.APPROVED, "Anna Nowak", "", "")]


@pytest.mark.parametrize("wrong", ["", "0" * 64, "\0", "x" * 10_000])
def test_a_made_up_text_is_not_approved(client, link, wrong):
    response = client.post(address(link, "-approve"), {"seen": wrong})

    assert "The text has changed" in response.content.decode()
    assert kept() == []


def test_the_approval_of_a_pinned_text_holds_as_long_as_the_draft_says_the_same(client, role, writer):
    pinned = review.make_link(role, writer, "Anna", is_pinned=True)
    client.post(address(pinned, "-approve"), {"seen": seen(client, pinned)})
    holds = review.Thread.of(role).guest_approvals[0].is_stale
    role.sections.update(body="Other words.")
    late = review.make_link(role, writer, "Bea", is_pinned=True)
    role.sections.update(body="Yet other words.")
    client.post(address(late, "-approve"), {"seen": seen(client, late)})
    role.save()

    assert holds is False
    assert [entry.is_stale for entry in review.Thread.of(role).guest_approvals] == [True, True]


def test_a_guest_does_not_move_the_review_itself(client, role, link, writer):
    review.ask(role, writer)

    client.post(address(link, "-approve"), {"seen": seen(client, link)})

    assert review.Thread.of(role).state == "asked"


# --- in the panel ---


def panel(client, user, role):
    client.force_login(user)
    return client.get(reverse("admin:roles_role_change", args=[role.pk])).content.decode()


def test_links_are_made_shown_and_revoked_in_the_panel(client, writer, role):
    client.force_login(writer)

    made = change(client, role, link_name=" Anna\r\n Nowak ", link_days="3", link_shows="now", _make_link="1")
    link = ReviewLink.objects.get()
    revoked = change(client, role, _revoke_link=link.pk)

    assert said(made) == ["The link for Anna Nowak is in the panel “Review”: copy it and send it."]
    assert f'value="http://testserver{address(link)}"' in made.content.decode()
    assert (link.name, link.pinned, link.made_by) == ("Anna Nowak", 1, writer)
    assert timedelta(days=2) < link.expires_at - timezone.now() <= timedelta(days=3)
    assert said(revoked) == ["The link for Anna Nowak opens nothing any more."]
    assert address(link) not in revoked.content.decode()
    assert client.get(address(link)).status_code == 404


@pytest.mark.parametrize("days", ["0", "-1", "91", "1e3", "soon"])
def test_a_link_for_no_days_or_too_many_is_refused_by_the_field(client, writer, role, days):
    client.force_login(writer)

    response = change(client, role, link_name="Anna", link_days=days, _make_link="1")

    assert list(response.context["adminform"].form.errors) == ["link_days"]
    assert not ReviewLink.objects.exists()


def test_comments_and_approvals_stand_in_the_panel(client, writer, role, link):
    send(client, link, "Too short.", section="duties")
    client.post(address(link, "-approve"), {"seen": seen(client, link)})

    page = panel(client, writer, role)
    role.sections.update(body="Other words.")
    Role.objects.update(updated_at=timezone.now())

    assert "Too short." in page
    assert "Anna Nowak approved the text on" in page
    assert "The text has changed since." not in page
    assert "The text has changed since." in panel(client, writer, role)


def test_people_who_may_only_look_get_neither_links_nor_buttons(client, role, link):
    from django.contrib.auth.models import Permission

    reader = make_user()
    reader.user_permissions.add(Permission.objects.get(codename="view_role"))
    send(client, link, "Too short.")

    page = panel(client, reader, role)

    assert "Too short." in page
    assert address(link) not in page
    for button in ("_make_link", "_revoke_link", "_resolve", "_comment"):
        assert f'name="{button}"' not in page


# --- mails ---


def test_the_maker_of_a_link_hears_of_it_once_an_hour_at_most(client, clock, link):
    for number in range(3):
        send(client, link, f"Comment {number}")
    client.post(address(link, "-approve"), {"seen": seen(client, link)})
    at_once = staff_mail.send_due()
    clock.shift(timedelta(minutes=6))
    first = staff_mail.send_due()
    send(client, link, "One more")
    clock.shift(timedelta(minutes=50))
    within_the_hour = staff_mail.send_due()
    clock.shift(timedelta(minutes=11))
    second = staff_mail.send_due()

    assert (at_once, first, within_the_hour, second) == (0, 1, 0, 1)
    assert [message.to for message in outbox.outbox] == [["wanda@northbeam.example"]] * 2
    assert outbox.outbox[0].subject == "Anna Nowak answered: “Secret draft”"
    assert "3 new comments by Anna Nowak" in outbox.outbox[0].body
    assert "has approved" in outbox.outbox[0].body
    assert "1 new comment by Anna Nowak" in outbox.outbox[1].body
    assert "has approved" not in outbox.outbox[1].body
    assert "Comment 0" not in outbox.outbox[0].body


def test_each_link_has_its_own_hour(client, clock, role, link, writer):
    send(client, link)
    send(client, review.make_link(role, writer, "Bea"))
    clock.shift(timedelta(minutes=6))

    assert staff_mail.send_due() == 2


def test_what_comes_while_a_mail_is_being_sent_gets_a_mail_of_its_own(client, clock, link):
    send(client, link)
    clock.shift(timedelta(minutes=6))
    staff_mail._take(StaffMail.objects.get())

    send(client, link, "Meanwhile")

    assert StaffMail.objects.count() == 2
    assert StaffMail.objects.first().due_at >= timezone.now() + timedelta(minutes=59)
