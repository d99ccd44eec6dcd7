"""`make run` prepares once, quickly the second time; groups and checks are what operators rely on."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command

from recruitcms.groups import GROUPS, make_groups
from recruitcms.models import SiteText
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_the_first_run_loads_the_demonstration_and_makes_an_account(settings, tmp_path, capsys):
    settings.DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path / "static"

    call_command("prepare")

    said = capsys.readouterr().out
    name, password = (tmp_path / "first-password").read_text().split()
    assert User.objects.get(is_superuser=True).check_password(password)
    assert (tmp_path / "first-password").stat().st_mode & 0o777 == 0o600
    for words in (f"{name}, password {password}", "http://testserver/admin/", "Collecting static files"):
        assert words in said
    assert (settings.STATIC_ROOT / "css" / "site.css").exists()


def test_a_later_run_keeps_everything_and_prints_no_password(settings, tmp_path, capsys):
    settings.STATIC_ROOT = tmp_path / "static"
    settings.EMAIL_BACKEND = "leads.mail_files.MailFilesBackend"
    make_user()
    call_command("prepare")
    capsys.readouterr()

    call_command("prepare")

    said = capsys.readouterr().out
    assert "Collecting" not in said
    assert "password" not in said.replace("first-password", "")
    assert str(settings.MAIL_DIR) in said
    assert (User.objects.count(), SiteText.objects.count()) == (1, 0)


def test_a_real_mail_server_is_named_by_its_sender(settings, tmp_path, capsys):
    settings.STATIC_ROOT = tmp_path / "static"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    make_user()

    call_command("prepare")

    assert "the server of MAIL_URL" in capsys.readouterr().out


def test_the_ready_made_groups_exist_and_stay_as_the_site_changed_them():
    editors = Group.objects.get(name="Editors")
    editors.permissions.clear()
    Group.objects.get(name="Lead handlers").delete()

    make_groups(sender=None)

    assert set(Group.objects.values_list("name", flat=True)) == set(GROUPS)
    assert editors.permissions.count() == 0
    assert Group.objects.get(name="Lead handlers").permissions.count() == len(GROUPS["Lead handlers"])


def test_check_deploy_asks_for_an_address_and_a_mail_server(settings, capsys):
    settings.EMAIL_BACKEND = "leads.mail_files.MailFilesBackend"

    call_command("check", deploy=True)

    said = capsys.readouterr().err
    assert "recruitcms.W001" in said
    assert "recruitcms.W002" in said
