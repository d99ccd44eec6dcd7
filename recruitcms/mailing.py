"""The form that every mail has: text and HTML from a pair of templates, in the site's dress."""

import re
from functools import cache
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from recruitcms.languages import direction
from recruitcms.site_content import site_content


# Styles become attributes, since many mail programs drop <style>; the dark scheme and the phone stay in it.
@cache
def inliner() -> Any:
    import css_inline  # only whoever writes mails holds it in memory

    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def written(
    template: str, to: str, message_id: str, headers: dict[str, str], context: dict[str, Any]
) -> EmailMultiAlternatives:
    """Return the mail of `<template>.txt` (its first line is the subject) and `.html`, in the language in force."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    context = context | {
        "site": site_content(language),
        "LANGUAGE_CODE": language,
        "direction": direction(language),
    }
    words = re.sub(r"\n{3,}", "\n\n", render_to_string(f"{template}.txt", context))
    subject, _newline, text = words.strip().partition("\n")
    html = inliner().inline(render_to_string(f"{template}.html", context | {"subject": subject}))
    headers = headers | {"Message-ID": message_id, "Auto-Submitted": "auto-generated"}
    message = EmailMultiAlternatives(subject, text.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [to], headers=headers)
    message.attach_alternative(html, "text/html")
    return message
