"""Checks of our own for `manage.py check`: what would otherwise go wrong only once visitors come."""

import os
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks


def _warn_if(is_wrong: bool, number: str, words: str, hint: str) -> list[checks.CheckMessage]:
    return [checks.Warning(words, hint=hint, id=number)] if is_wrong else []


@checks.register(checks.Tags.security, deploy=True)
def mail_leaves_the_machine(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where confirmations would be written to files that nobody reads."""
    return _warn_if(
        settings.EMAIL_BACKEND == "leads.mail_files.MailFilesBackend",
        "recruitcms.W001",
        "Mails are written to files instead of being sent.",
        hint="Set MAIL_URL, for example smtp+tls://user:password@smtp.example.com:587.",
    )


@checks.register(checks.Tags.security, deploy=True)
def calls_stay_outside(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where calls to other machines may reach our own network (SEC-16)."""
    return _warn_if(
        settings.OUTGOING_LOCAL,
        "recruitcms.W003",
        "OUTGOING_LOCAL lets calls go to this machine, without TLS.",
        hint="Set OUTGOING_LOCAL=0. It is for tests.",
    )


@checks.register(checks.Tags.security, deploy=True)
def site_has_its_address(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where links in mails would lead to a machine that visitors cannot reach (EML-17)."""
    return _warn_if(
        not settings.HTTPS,
        "recruitcms.W002",
        "The site's address is not an https:// one.",
        hint="Set SITE_URL, for example https://www.example.com. Links in mails are made from it.",
    )


@checks.register(checks.Tags.security, deploy=True)
def a_proxy_stands_in_front(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where visitors reach the web server itself: it has no TLS, and slow senders keep its threads (REL-11)."""
    return _warn_if(
        settings.HTTPS and not settings.BEHIND_PROXY,
        "recruitcms.W004",
        "No proxy stands in front of the web server.",
        hint="Let one end TLS and buffer requests (nginx does), and set BEHIND_PROXY=1.",
    )


@checks.register(checks.Tags.security, deploy=True)
def search_engines_may_come(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where a site with a public address tells visitors and search engines that it is not the live one."""
    return _warn_if(
        settings.HTTPS and not settings.PRODUCTION,
        "recruitcms.W006",
        "This is not called the live site: search engines are kept out, and a banner says so on every page.",
        hint="Set PRODUCTION=1 on the live site. For any other, leave it, and name the site with ENVIRONMENT.",
    )


@checks.register(checks.Tags.security, deploy=True)
def limits_count_together(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where several web processes each count forms by themselves (SEC-18)."""
    several = int(os.environ.get("WEB_PROCESSES", "1")) > 1
    return _warn_if(
        several and settings.CACHES["default"]["BACKEND"].endswith("LocMemCache"),
        "recruitcms.W005",
        "Several web processes have no cache in common: each lets through as many forms as FORMS_PER_NETWORK.",
        hint="Set CACHE_URL, for example redis://127.0.0.1:6379/0.",
    )


@checks.register(checks.Tags.security, deploy=True)
def staff_need_a_second_factor(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where a password alone opens the desk (SEC-9)."""
    return _warn_if(
        not settings.SECOND_FACTOR,
        "recruitcms.W010",
        "A password alone opens the editors’ desk, and with it what people wrote to you.",
        hint="Set SECOND_FACTOR=1, or leave it unset: staff are led to set up a second factor when they sign in.",
    )


@checks.register(checks.Tags.security, deploy=True)
def print_dns_records(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Print the DNS records by which other servers believe our mail (EML-4). Nothing is looked up: it is a list to do.

    The links of List-Unsubscribe need https (RFC 8058): W002 warns where SITE_URL, which they start with, has none.
    """
    lines = "\n".join(f"    {record}\n        {why}" for record, why in dns_records())
    return [checks.Info(f"DNS records that the mail of {mail_domain()} needs:\n{lines}", id="recruitcms.I001")]


def mail_domain() -> str:
    """Return the domain of MAIL_FROM."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2].lower()


def dns_records() -> list[tuple[str, str]]:
    """Return each record with what it is for; `<…>` is what only the mail provider can tell."""
    domain, selector = mail_domain(), settings.MAIL_DKIM_SELECTOR or "<your provider's selector>"
    records = [
        (
            f'{domain}. TXT "v=spf1 {_spf(domain)} ~all"',
            "SPF: who may send. There is one such record: where you have one, add to it.",
        ),
        (
            f'{selector}._domainkey.{domain}. TXT "v=DKIM1; k=rsa; p=<your provider\'s key>"',
            "DKIM: or a CNAME, as the provider says. List-Unsubscribe and List-Unsubscribe-Post must be signed too.",
        ),
        (
            f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"',
            "DMARC: read the reports for some weeks, then write p=quarantine.",
        ),
        (f"{domain}. MX 10 <the server that takes its mail>", "Answers and bounces must arrive."),
        ("<the sending server's address> PTR <its name>", "And that name leads back to the address. See to TLS there."),
    ]
    if not _is_aligned(domain):
        records.append((f"{domain} is not the site's own domain", "Readers and filters trust mail from that more."))
    return records


def _spf(domain: str) -> str:
    """Return the term for our mail server: itself where it is under our domain, else what its provider names."""
    host = str(getattr(settings, "EMAIL_HOST", "") or "")
    return f"a:{host}" if host.endswith(f".{domain}") else "include:<your provider's name>"


def _is_aligned(domain: str) -> bool:
    """Tell whether the site is under the mail's domain, or the other way round (DMARC calls that relaxed)."""
    site = str(urlsplit(settings.SITE_URL).hostname)
    return f".{site}".endswith(f".{domain}") or f".{domain}".endswith(f".{site}")
