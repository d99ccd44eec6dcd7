"""The checks that every document has. Each takes a subject and yields findings."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from os.path import commonprefix
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from recruitcms import markup
from recruitcms.quality.findings import Finding, Grade, Place, Text
from recruitcms.quality.reading import count_words, readability, sentences
from recruitcms.quality.snippets import (
    DESCRIPTION_PIXELS,
    DESCRIPTION_SIZE,
    TITLE_PIXELS,
    TITLE_SIZE,
    pixels,
    whole_title,
)
from recruitcms.quality.subject import Check, Subject, subject_of
from recruitcms.quality.wording import matches
from recruitcms.translating import has_moved_on, source_language

SHOWN = 60  # findings of one check; more are shown once these are mended
QUOTE = 240  # letters of a quotation; longer sentences are cut
HEADING = re.compile(r"^(#{1,6})[ \t]*(?=[^#\s])(.{1,200})", re.MULTILINE)
UNDERLINED = re.compile(r"^(?=\S)(.{1,200})\n(=+|-+)[ \t]*$", re.MULTILINE)
IMAGE = re.compile(r"!\[([^\[\]\n]{0,300})\]\(\s*([^()\s]{0,400})[^()\n]{0,200}\)")
LINK = re.compile(r"(?<!!)\[[^\[\]\n]{0,300}\]\(\s*<?([^()\s<>]{0,600})")
FILE_NAME = re.compile(
    r"[\w-]+\.(?:jpe?g|png|webp|gif|svg|avif|heic|bmp|tiff?)|(?:img|dsc|pxl|image)[ _-]?\d+", re.IGNORECASE
)
WELL_KNOWN = ("http:", "https:", "mailto:", "tel:")


def checklist(document: Any) -> list[Finding]:
    """Return what is to be said about a working copy, saved or not; what stops publishing comes first."""
    return findings(subject_of(document))


def findings(subject: Subject) -> list[Finding]:
    """Return what is to be said about a subject: a document and what stands around it, read once."""
    found = [finding for check in (*EVERY, *subject.checks) for finding in yielded(check, subject)]
    return sorted(found, key=lambda finding: list(Grade).index(finding.grade))


def yielded(check: Check, subject: Subject) -> Iterator[Finding]:
    """Yield what a check finds, and no more of it than anybody reads at once."""
    return islice(check(subject), SHOWN)


def stops(subject: Subject) -> Iterator[Finding]:
    """What `Publishable.problems()` says: the one truth about publishing."""
    for name, sentence in subject.document.problems().items():
        place, label = subject.place_of_problem(name)
        yield Finding(f"problem-{name}", Grade.STOPS, str(sentence), place, label, found=name)


# --- search engines ---


def titles(subject: Subject) -> Iterator[Finding]:
    """The page's title: whole in search results, and long enough to say something."""
    title = whole_title(subject)
    if not subject.document.title.strip():
        return
    place, name = Place("search_title"), subject.label("search_title")
    yield from long_title(title, place, name)
    if len(title) < 30:
        sentence = _("The title has room for more: what would somebody search for?")
        yield Finding("title-short", Grade.INFORMS, sentence, place, name, title)


def long_title(title: str, place: Place, name: str) -> Iterator[Finding]:
    """Find fault with a page's whole title where search results would cut it."""
    width = pixels(title, TITLE_SIZE)
    if width > TITLE_PIXELS:
        sentence = _("With the site’s name, the title is about %(width)d pixels wide; search results show %(limit)d.")
        values = {"width": width, "limit": TITLE_PIXELS}
        yield Finding("title-long", Grade.WARNS, sentence % values, place, name, title)


def descriptions(subject: Subject) -> Iterator[Finding]:
    """The description of search results: there, long enough, and whole."""
    document = subject.document
    description = document.search_description or document.summary
    name = "search_description" if document.search_description else "summary"
    place, label = Place("search_description"), subject.label(name)
    width = pixels(description, DESCRIPTION_SIZE)
    if width > DESCRIPTION_PIXELS:
        sentence = _("The description is about %(width)d pixels wide; search results show %(limit)d and cut the rest.")
        values = {"width": width, "limit": DESCRIPTION_PIXELS}
        yield Finding("description-long", Grade.WARNS, sentence % values, place, label, description)
    elif description and len(description) < 70:
        sentence = _("The description has %(count)d characters. Between 70 and 155 say more in search results.")
        found = sentence % {"count": len(description)}
        yield Finding("description-short", Grade.INFORMS, found, place, label, description)


# --- Markdown ---


def headings(subject: Subject) -> Iterator[Finding]:
    """Headings in order: `###` first, `####` only below one, nothing else."""
    for text in subject.texts:
        if text.markdown:
            yield from _headings(text)


def _headings(text: Text) -> Iterator[Finding]:
    above = 2  # the section's own heading
    for level, words in _levels(text.typed):
        shown = min(max(level, 3), 4)
        if shown > above + 1:
            sentence = _("This heading skips a level: write ### for it, or put a ### heading above.")
            yield Finding("heading-skips", Grade.WARNS, sentence, text.place, text.name, words)
        elif level != shown:
            sentence = _("This heading is written with %(marks)s and shown as %(shown)s.")
            values = {"marks": "#" * level, "shown": "#" * shown}
            yield Finding("heading-level", Grade.INFORMS, sentence % values, text.place, text.name, words)
        above = shown


def _levels(typed: str) -> list[tuple[int, str]]:
    """Return the headings of a Markdown text: [(level, words), …]."""
    found = [(match.start(), len(match[1]), match[2].strip(" #")) for match in HEADING.finditer(typed)]
    if "\n=" in typed or "\n-" in typed:
        for match in UNDERLINED.finditer(typed):
            if not match[1].lstrip().startswith(("#", "- ", "* ", "+ ", "|", ">")):
                found.append((match.start(), 1 if match[2][0] == "=" else 2, match[1].strip()))
    return [(level, words) for _start, level, words in sorted(found)]


def is_file_name(alt: str) -> bool:
    return bool(FILE_NAME.fullmatch(alt.strip()))


def pictures_in_text(subject: Subject) -> Iterator[Finding]:
    """Pictures written in Markdown: with an alternative text that is none, or not shown at all."""
    for text in subject.texts:
        if text.markdown and "![" in text.typed:
            for alt, address in IMAGE.findall(text.typed):
                yield from _picture(text, alt.strip(), address)


def _picture(text: Text, alt: str, address: str) -> Iterator[Finding]:
    if not alt:
        sentence = _("This picture has no alternative text: people who cannot see it learn nothing of it.")
        yield Finding("alt-missing", Grade.WARNS, sentence, text.place, text.name, f"![]({address})")
    elif is_file_name(alt):
        sentence = _("The alternative text is the name of a file. Say what the picture shows.")
        yield Finding("alt-file-name", Grade.WARNS, sentence, text.place, text.name, alt)
    if "img" not in markup.TAGS:
        sentence = _("Pictures inside a text are left out of the page. Use the page’s picture, or a sample résumé.")
        yield Finding("picture-left-out", Grade.WARNS, sentence, text.place, text.name, f"![{alt}]({address})")


def links(subject: Subject) -> Iterator[Finding]:
    """Links within the site that lead nowhere. Addresses of other sites are not asked."""
    found = [
        (text, address) for text in subject.texts if text.markdown for address in LINK.findall(text.typed) if address
    ]
    own = {address: _own_path(address) for _text, address in found}
    dead = subject.around.dead(path for path in own.values() if path) if any(own.values()) else set()
    for text, address in dict.fromkeys(found):
        sentence = _link_fault(subject, address, own[address], dead)
        if sentence:
            yield Finding("link-dead", Grade.WARNS, sentence, text.place, text.name, address)


def _own_path(address: str) -> str:
    """Return the path of an address on this site, "" for any other. Files are not pages."""
    if not address.startswith(("/", f"{settings.SITE_URL}/")) or address.startswith("//"):
        return ""
    path = address.removeprefix(settings.SITE_URL).partition("#")[0].partition("?")[0]
    return "" if path.startswith((settings.STATIC_URL, settings.MEDIA_URL)) else path


def _link_fault(subject: Subject, address: str, path: str, dead: set[str]) -> str:
    if path:
        return _("No page answers at this address.") if path in dead else ""
    if address.startswith("#"):
        return "" if address[1:] in subject.anchors else _("There is no such place on this page.")
    if address.startswith((*WELL_KNOWN, "/")):
        return ""
    return _("This address is not whole: begin it with / for a page of ours, with https:// for another.")


# --- words ---


def fill_ins(subject: Subject) -> Iterator[Finding]:
    """Fill-in words that look misspelt, those of this document alone, and those where no reader fills any in."""
    shared = subject.around.fill_ins
    own: list[tuple[str, Text]] = []
    for text in subject.texts:
        for words in [found[1] for found in markup.typed_fill_ins(text.typed)] if text.markdown else []:
            near = _near(words, shared)
            at: Any = {"place": text.place, "name": text.name, "quote": f"[{words}]"}
            if not subject.is_advert:
                sentence = _("Readers of this page fill nothing in: write the word itself.")
                yield Finding("fill-in-here", Grade.WARNS, sentence, **at)
            elif near:
                sentence = _("This fill-in word looks misspelt.")
                yield Finding("fill-in-misspelt", Grade.WARNS, sentence, **at, alternative=f"[{near}]")
            elif words not in shared and not any(letter.isdigit() for letter in words):
                own.append((words, text))
    if own and subject.is_advert:
        yield _own_fill_ins(list(dict.fromkeys(words for words, _text in own)), own[0][1])


def _own_fill_ins(words: list[str], first: Text) -> Finding:
    sentence = ngettext(
        "%(count)d fill-in word is not among the shared ones: readers replace it on this page alone.",
        "%(count)d fill-in words are not among the shared ones: readers replace them on this page alone.",
        len(words),
    )
    shown = ", ".join(f"[{word}]" for word in words[:6]) + (" …" if len(words) > 6 else "")
    return Finding("fill-in-own", Grade.INFORMS, sentence % {"count": len(words)}, first.place, first.name, shown)


@lru_cache(maxsize=4096)
def _near(words: str, shared: frozenset[str]) -> str:
    """Return the shared fill-in word that was perhaps meant, "" for none; another ending is inflection, no slip."""
    if words in shared or not 4 <= len(words) <= 30:
        return ""
    alike = [word for word in shared if abs(len(word) - len(words)) <= 1 and word.count(" ") == words.count(" ")]
    nearest = next(iter(get_close_matches(words, alike, n=1, cutoff=0.75)), "")
    same = commonprefix([words, nearest])  # noqa: RUF071 (of letters, as meant)
    before = same.rfind(" ") + 1  # whole words that are the same say nothing about the one that is not
    stem, longer = len(same) - before, max(len(words), len(nearest)) - before
    return "" if stem * 3 >= longer * 2 else nearest


def wording(subject: Subject) -> Iterator[Finding]:
    """Words that shut people out, each with its sentence, the reason and what to write."""
    for text, found in subject.prose:
        for block in found:
            for match in matches(block, subject.language, subject.around.fine, skip_quoted=not text.in_advert):
                yield Finding(
                    "wording",
                    match.grade,
                    _("“%(words)s”") % {"words": match.words},
                    text.place,
                    text.name,
                    cut(match.sentence),
                    match.wording.reason,
                    match.wording.alternative,
                    words=match.words.lower(),
                )


def cut(sentence: str) -> str:
    return sentence if len(sentence) <= QUOTE else sentence[:QUOTE].rsplit(" ", 1)[0] + " …"


# --- readability ---

# Björnsson’s steps for LIX are 30, 40, 50 and 60. Words are longer in German, whose usual steps lie ten higher, and in
# Polish: the demonstration roles, the same texts in both languages, differ by 14 (34 and 48).
STEPS = (30, 40, 50, 60)
SHIFT = {"pl": 14, "de": 10}
LONG_SENTENCE = {"en": 35, "pl": 30, "de": 30}
ENOUGH_WORDS = 40  # fewer say little about a section
HARD = 3  # the step from which a text is a warning


def reading_level(lix: float, language: str) -> int:
    """Return how hard a text is, from 0 (very easy) to 4 (very hard)."""
    return sum(lix >= step + SHIFT.get(language, 0) for step in STEPS)


def level_in_words(level: int) -> str:
    return [_("very easy"), _("easy"), _("medium"), _("hard"), _("very hard")][level]


def reading_ease(subject: Subject) -> Iterator[Finding]:
    """How hard the whole is to read, and the section that is hardest."""
    counts = [(readability(found), text) for text, found in subject.long_texts]
    whole = readability(block for _text, found in subject.long_texts for block in found)
    if whole.words < ENOUGH_WORDS:
        return
    level = reading_level(whole.lix, subject.language)
    sentence = _("Reading level: %(level)s (LIX %(lix)d).") % {"level": level_in_words(level), "lix": round(whole.lix)}
    worst = max(counts, key=lambda pair: pair[0].lix if pair[0].words >= ENOUGH_WORDS else 0)
    grade = Grade.WARNS if level >= HARD else Grade.INFORMS
    yield Finding("reading-level", grade, sentence, worst[1].place, _("Whole text"), found=f"level {level}")
    hardest = reading_level(worst[0].lix, subject.language)
    if worst[0].words >= ENOUGH_WORDS and hardest >= HARD and len(counts) > 1:
        sentence = _("The hardest part: %(level)s (LIX %(lix)d). Shorter sentences and plainer words help.")
        values = {"level": level_in_words(hardest), "lix": round(worst[0].lix)}
        found = f"{worst[1].place} {hardest}"
        yield Finding("reading-hardest", Grade.INFORMS, sentence % values, worst[1].place, worst[1].name, found=found)


def long_sentences(subject: Subject) -> Iterator[Finding]:
    """The three longest sentences, where they are too long to be read in one go."""
    limit = LONG_SENTENCE.get(subject.language, LONG_SENTENCE["en"])
    long = [
        (count, text, sentence)
        for text, found in subject.long_texts
        for block in found
        if block.count(" ") >= limit
        for sentence in sentences(block)
        if (count := count_words(sentence)) > limit
    ]
    for count, text, sentence in sorted(long, key=lambda item: -item[0])[:3]:
        said = _("This sentence has %(count)d words. Two would be easier.") % {"count": count}
        yield Finding("sentence-long", Grade.INFORMS, said, text.place, text.name, cut(sentence))


# --- translations ---


def translations(subject: Subject) -> Iterator[Finding]:
    """Languages that lack this document, and translations that do not follow what visitors see of their source.

    As in the translation matrix, it is the texts that count: `translating.has_moved_on`.
    """
    document = subject.document
    rows = _versions(document)
    yield from _missing(document.language, rows, subject.label("language"))
    for code, row in rows.items():
        source = rows.get(source_language(row, rows))
        if source is None or not source.live_from or not has_moved_on(row, source.live_hash, source.live_from):
            continue
        if code == document.language:
            yield _stale(document, row, source)
        elif source.language == document.language:
            yield _behind(document, row)


def _versions(document: Any) -> dict[str, Any]:
    """Return a document and its translations by language, each with what it remembers and what is live of it."""
    live = document.revisions.model.objects.live().filter(document=OuterRef("pk"))
    group = type(document)._default_manager.filter(translation_group=document.translation_group).order_by()
    rows = group.annotate(
        live_hash=Subquery(live.values("texts_hash")[:1]), live_from=Subquery(live.values("live_from")[:1])
    )
    columns = ["pk", "language", "updated_at", "source_language", "source_hash", "source_at", "live_hash", "live_from"]
    return {row.language: row for row in rows.values_list(*columns, named=True)}


def _missing(own: str, rows: dict[str, Any], name: str) -> Iterator[Finding]:
    for code, _name in settings.LANGUAGES:
        if code not in rows and code != own:
            sentence = _("There is no version in %(language)s.") % {"language": _named(code)}
            yield Finding("translation-missing", Grade.INFORMS, sentence, Place("language"), name, found=code)


def _behind(document: Any, row: Any) -> Finding:
    sentence = _("The version in %(language)s does not follow yet what visitors read here.")
    values = {"language": _named(row.language)}
    return Finding("translation-behind", Grade.INFORMS, sentence % values, url=_form(document, row), found=row.language)


def _named(code: str) -> str:
    return get_language_info(code)["name_translated"]


def _stale(document: Any, row: Any, source: Any) -> Finding:
    when = format_date(timezone.localtime(source.live_from), "SHORT_DATETIME_FORMAT")
    sentence = _("What visitors read in %(language)s has changed since this was translated (published %(when)s).")
    values = {"language": _named(source.language), "when": when}
    url = f"{_form(document, row)}?beside={source.language}"
    found = source.live_hash or source.live_from.isoformat()
    return Finding("translation-stale", Grade.WARNS, sentence % values, name=values["language"], url=url, found=found)


def _form(document: Any, row: Any) -> str:
    return reverse(f"admin:{document._meta.app_label}_{document._meta.model_name}_change", args=[row.pk])


EVERY: tuple[Check, ...] = (
    stops,
    titles,
    descriptions,
    headings,
    pictures_in_text,
    links,
    fill_ins,
    wording,
    reading_ease,
    long_sentences,
    translations,
)
