"""`make run` prepares once, quickly the second time; groups and checks are what operators rely on."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.checks import WARNING
from django.core.management import call_command

from recruitcms import checks
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
    (settings.STATIC_ROOT / ".collected").write_text("what another version had, however new")
    call_command("prepare")
    assert "Collecting" in capsys.readouterr().out
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


def test_check_deploy_prints_the_dns_records_of_mail(settings, capsys):
    """EML-4: to be read, not a fault."""
    settings.DEFAULT_FROM_EMAIL = "Northbeam <hello@mail.northbeam.example>"
    settings.SITE_URL, settings.HTTPS = "https://www.mail.northbeam.example", True
    settings.EMAIL_HOST, settings.MAIL_DKIM_SELECTOR = "smtp.mail.northbeam.example", "s2026"

    call_command("check", deploy=True, fail_level="CRITICAL")

    said = capsys.readouterr().err
    for record in (
        'mail.northbeam.example. TXT "v=spf1 a:smtp.mail.northbeam.example ~all"',
        's2026._domainkey.mail.northbeam.example. TXT "v=DKIM1; k=rsa; p=',
        '_dmarc.mail.northbeam.example. TXT "v=DMARC1; p=none; rua=mailto:postmaster@mail.northbeam.example',
        "mail.northbeam.example. MX 10",
        "PTR",
    ):
        assert record in said
    assert "not the site's own domain" not in said
    assert checks.print_dns_records(None)[0].level < WARNING


@pytest.mark.parametrize(
    ("site", "aligned"),
    [
        ("https://northbeam.example", True),
        ("https://www.northbeam.example", True),
        ("https://northbeam.test", False),
        ("https://www.southbeam.example", False),
        ("https://ournorthbeam.example", False),
    ],
)
def test_mail_from_another_domain_than_the_sites_is_named(settings, site, aligned):
    """EML-4"""
    settings.DEFAULT_FROM_EMAIL, settings.SITE_URL = "hello@northbeam.example", site

    records = checks.dns_records()

    assert ("not the site's own domain" in records[-1][0]) is not aligned
    assert "include:<your provider's name>" in records[0][0]
    assert "<your provider's selector>._domainkey.northbeam.example" in records[1][0]


def test_check_deploy_asks_for_an_address_and_a_mail_server(settings, capsys):
    settings.EMAIL_BACKEND = "leads.mail_files.MailFilesBackend"

    call_command("check", deploy=True)

    said = capsys.readouterr().err
    assert "recruitcms.W001" in said
    assert "recruitcms.W002" in said
