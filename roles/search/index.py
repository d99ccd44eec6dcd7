"""Writing a revision's words down, in the transaction that saves it."""

import re
from html import unescape
from typing import Any

from django.apps import apps
from django.db.models import Q
from django.utils import timezone

from recruitcms.portions import in_portions
from roles.search.words import folded, parts

TAG = re.compile(r"<[^>]*>")
WITHIN_WORDS = re.compile(r"</?(a|b|code|em|i|mark|span|strong)\b[^>]*>")
LONGEST = 40  # letters of a word
SPELLED = re.compile(rf"[^\W\d_]{{4,{LONGEST}}}")
BATCH = 400


def plain(html: str) -> str:
    """Return our own, cleaned HTML as text."""
    return " ".join(unescape(TAG.sub(" ", WITHIN_WORDS.sub("", html))).split())


def texts_of(revision: Any) -> tuple[str, str, str]:
    """Return the words of a revision's title, headings and text, as they were written; those of its levels as well."""
    content = revision.content
    levels = content.get("levels", [])
    headings = [level["title"] for level in levels]
    texts = [revision.summary, *(level["summary"] for level in levels)]
    own = [section for level in levels for section in level["sections"].values()]
    for section in [*content.get("sections", []), *own]:
        headings.append(section.get("heading", ""))
        headings += [card["title"] for card in section.get("cards", [])]
        texts += [section.get("html", ""), section.get("advice_html", "")]
        texts += [card["html"] for card in section.get("cards", [])]
    title = f"{revision.title} {content.get('title_plural', '')}"
    return title, " ".join(filter(None, headings)), plain(" ".join(texts))


def entry_fields(revision: Any) -> dict[str, str]:
    """Return the columns of a revision's entry."""
    title, headings, text = texts_of(revision)
    language = revision.language
    names = folded(title, language)
    return {
        "title": f"{names} {parts(names, language)}".strip(),
        "headings": folded(headings, language),
        "text": folded(text, language),
        "plain": text,
    }


def write(revision: Any) -> None:
    """Write down a revision that is or will be live, and forget those of its document that are over."""
    entries = apps.get_model("roles", "SearchEntry").objects
    entries.update_or_create(revision_id=revision.pk, defaults=entry_fields(revision))
    over = Q(revision__live_from=None) | Q(revision__live_until__lte=timezone.now())
    entries.filter(over, revision__document=revision.document_id).delete()
    learn(revision, apps.get_model("roles", "SearchWord"))


def learn(revision: Any, word_model: Any) -> None:
    """Write down which words there are."""
    title, headings, text = texts_of(revision)
    language = revision.language
    named = spellings(f"{title} {headings}", language)
    found = spellings(text, language) | named
    rows = [word_model(language=language, word=word, written=written) for word, written in found.items()]
    word_model.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    word_model.objects.filter(language=language, word__in=list(named)[:BATCH], in_title=False).update(in_title=True)


def spellings(text: str, language: str) -> dict[str, str]:
    """Return the words of a text that are long enough to be mistyped: folded, and as they were written."""
    found = {folded(written, language): written for written in set(SPELLED.findall(text.lower()))}
    return {word: written for word, written in found.items() if len(word) <= LONGEST}


def rebuild(models: Any) -> None:
    """Write down all revisions that are or will be live: for the migration, and for rows made without `save`.

    `models` gives the models by name, as Django's `apps` does.
    """
    coming = Q(live_until=None) | Q(live_until__gt=timezone.now())
    entries, words = models.get_model("roles", "SearchEntry"), models.get_model("roles", "SearchWord")
    revisions = models.get_model("roles", "RoleRevision").objects.filter(coming, live_from__isnull=False)
    for revision in in_portions(revisions):
        entries.objects.update_or_create(revision_id=revision.pk, defaults=entry_fields(revision))
        learn(revision, words)
