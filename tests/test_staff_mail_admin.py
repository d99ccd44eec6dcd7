"""The list of mails to staff: what was given up is sent again from there."""

import pytest
from django.core import mail as outbox
from django.urls import reverse

from recruitcms import review, staff_mail
from recruitcms.models import StaffMail
from tests.factories import make_role, make_user
from tests.test_admin_publishing import said

pytestmark = pytest.mark.django_db
URL = reverse("admin:recruitcms_staffmail_changelist")


@pytest.fixture
def given_up():
    writer = make_user("wanda", "Writers", email="wanda@northbeam.example")
    make_user("rafal", "Reviewers", email="rafal@northbeam.example")
    review.ask(make_role(title="Engineer"), writer)
    StaffMail.objects.update(state=StaffMail.State.DEAD, attempts=staff_mail.MAX_ATTEMPTS, last_error="No route.")
    return StaffMail.objects.get()


def test_a_mail_that_was_given_up_is_sent_again(client, given_up):
    client.force_login(make_user(group="Editors"))
    data = {"action": "send_again", "_selected_action": [given_up.pk]}

    page = client.get(URL).text
    response = client.post(URL, data, follow=True)
    once_more = client.post(URL, data, follow=True)
    sent = staff_mail.send_due()

    assert all(word in page for word in ("Given up", "Engineer", "No route."))
    assert said(response) == ["1 mail will be sent again."]
    assert said(once_more) == ["0 mails will be sent again."]
    assert sent == 1
    assert outbox.outbox[0].recipients() == ["rafal@northbeam.example"]
    given_up.refresh_from_db()
    assert (given_up.state, given_up.attempts) == (StaffMail.State.SENT, 1)


def test_today_warns_of_mails_that_were_given_up_and_leads_to_sending_them_again(client, given_up):
    client.force_login(make_user(group="Editors"))

    [tile] = [tile for tile in client.get(reverse("admin:index")).context["tiles"] if tile.name == "Mails to staff"]
    page = client.get(tile.url)

    assert (tile.figure, tile.alarm) == (1, "Could not be sent: look, and send again")
    assert list(page.context["cl"].result_list) == [given_up]
    assert "Send again (those given up)" in page.text

    StaffMail.objects.update(state=StaffMail.State.SENT)
    names = [tile.name for tile in client.get(reverse("admin:index")).context["tiles"]]
    assert "Mails to staff" not in names


@pytest.mark.parametrize("group", ["Writers", "Lead handlers"])
def test_others_do_not_see_the_list(client, given_up, group):
    client.force_login(make_user(group=group))

    assert client.get(URL).status_code == 403


def test_nobody_writes_or_deletes_one_by_hand(admin_client, given_up):
    row = reverse("admin:recruitcms_staffmail_change", args=[given_up.pk])

    shown = admin_client.get(row)
    answers = [admin_client.post(row, {"state": "sent"}), admin_client.post(row.replace("change", "delete"), {})]

    assert "Given up" in shown.text
    assert [answer.status_code for answer in answers] == [403, 403]
    assert StaffMail.objects.get().state == StaffMail.State.DEAD


def test_the_list_costs_the_same_however_long_it_is(admin_client, given_up, django_assert_max_num_queries):
    for number in range(3):
        review.ask(make_role(title=f"Role {number}"), given_up.entry.by or make_user())

    with django_assert_max_num_queries(12):
        admin_client.get(URL)
