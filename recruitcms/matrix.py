"""The translation matrix: what exists in which language, and in what state. It looks across the apps.

Each kind asks the database one or two questions, whatever the number of its rows; grouping, filters and counts are done
here, on a few columns of each row.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from django.db.models import Model
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leads.models import ConsentText, Purpose, PurposeText, Report
from recruitcms import catalogues
from recruitcms.dashboard import may_view
from recruitcms.languages import codes, own_language
from recruitcms.models import CallToAction, FillInWord, Page, Person, SiteText, Testimonial
from recruitcms.translating import fingerprint, has_moved_on, source_language
from roles.models import Category, PayNote, Role

STATES = {
    "missing": gettext_lazy("Missing"),
    "draft": gettext_lazy("Draft"),
    "live": gettext_lazy("Live"),
    "stale": gettext_lazy("Out of date"),
}


@dataclass
class Cell:
    """One row's state in one language, and where to go from it."""

    state: str = "missing"
    is_stale: bool = False
    note: str = ""
    model: type[Model] | None = None
    pk: Any = None
    source: str = ""  # the language that it can be shown beside
    make_from: Any = None  # the row to copy, where it is missing
    address: str = ""  # where it is written, for what has no page of its own

    @property
    def states(self) -> set[str]:
        return {self.state, "stale"} if self.is_stale else {self.state}

    @property
    def word(self) -> str:
        return str(STATES[self.state])

    @property
    def url(self) -> str:
        return _admin_url(self.model, "change", self.pk) if self.model and self.pk else self.address

    @property
    def beside_url(self) -> str:
        return f"{self.url}?beside={self.source}" if self.source and self.pk else ""


@dataclass
class Row:
    """One thing that should be there in every language."""

    name: str
    note: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)
    model: type[Model] | None = None

    @property
    def by_language(self) -> list[tuple[str, Cell, str]]:
        """The cells in the order of the site's languages: [(language, cell, where a missing one is made)]."""
        return [(code, self.cells[code], self._make_url(code)) for code in codes()]

    def _make_url(self, language: str) -> str:
        source = self.cells[language].make_from
        return _admin_url(self.model, "translate", source, language) if self.model and source else ""


@dataclass(frozen=True)
class Kind:
    """One sort of things to translate; `models`: who may see any of them may see this."""

    key: str
    name: Any
    models: list[str]
    rows: Callable[[], list[Row]]

    def may_add(self, user: Any) -> bool:
        app, name = self.models[0].split(".")
        return user.has_perm(f"{app}.add_{name}")


@dataclass(frozen=True)
class Wanted:
    """What the matrix is filtered by: rows that are in a state in a language, or in any."""

    language: str = ""
    state: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> Self:
        language, state = query.get("language", ""), query.get("state", "")
        return cls(language if language in codes() else "", state if state in STATES else "")

    def keeps(self, row: Row) -> bool:
        languages = [self.language] if self.language else codes()
        return not self.state or any(self.state in row.cells[code].states for code in languages)

    @property
    def query(self) -> str:
        return urlencode({key: value for key, value in vars(self).items() if value})


def kinds_for(user: Any) -> dict[str, Kind]:
    """Return the kinds that somebody may see, by key, in the order of the menu."""
    return {kind.key: kind for kind in KINDS if any(may_view(user, model) for model in kind.models)}


def counts(rows: list[Row]) -> list[tuple[str, list[tuple[str, Any, int]]]]:
    """Return how many rows are in each state, by language: [(code, [(state, word, number), …]), …]."""
    found = {code: Counter(state for row in rows for state in row.cells[code].states) for code in codes()}
    return [(code, [(state, word, found[code][state]) for state, word in STATES.items()]) for code in codes()]


def _admin_url(model: type[Model] | None, act: str, *args: Any) -> str:
    assert model is not None  # noqa: S101  (callers ask)
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{act}", args=args)


# --- documents, and what pages share ---


def documents(model: Any, note: str = "") -> list[Row]:
    """Return the documents of a model; `note` names a column with choices that tells them apart."""
    revisions = model.revision_model().objects.live()
    live = {pk: (texts, since) for pk, texts, since in revisions.values_list("document", "texts_hash", "live_from")}
    columns = ["pk", "translation_group", "language", "title", "updated_at"]
    columns += ["source_language", "source_hash", "source_at", *([note] if note else [])]
    groups = _groups(model.objects.order_by().values_list(*columns, named=True))

    def is_stale(row: Any, source: Any) -> bool:
        return source.pk in live and has_moved_on(row, *live[source.pk])

    words = dict(model._meta.get_field(note).flatchoices) if note else {}
    return _rows(
        model,
        groups,
        name=lambda row: row.title or _("(untitled)"),
        note=lambda row: str(words[getattr(row, note)]) if note and getattr(row, note) else "",
        state=lambda row: "live" if row.pk in live else "draft",
        is_stale=is_stale,
    )


def shared(model: Any, name: str = "name") -> list[Row]:
    """Return what pages share: no drafts, so that what exists is live; an invitation that is not shown is a draft."""
    groups = _groups(model.objects.order_by())

    def is_stale(row: Any, source: Any) -> bool:
        return bool(row.source_hash) and row.source_hash != fingerprint(source.texts())

    return _rows(
        model,
        groups,
        name=lambda row: getattr(row, name),
        note=lambda row: row.get_place_display() if hasattr(row, "get_place_display") else "",
        state=lambda row: "live" if getattr(row, "is_active", True) else "draft",
        is_stale=is_stale,
    )


def _groups(rows: Any) -> list[dict[str, Any]]:
    """Put rows of the site's languages into their groups: [{language: row}, …]."""
    groups: dict[Any, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        groups[row.translation_group][row.language] = row
    known = set(codes())
    return [members for members in groups.values() if known & members.keys()]


def _rows(
    model: Any,
    groups: list[dict[str, Any]],
    name: Callable[[Any], str],
    note: Callable[[Any], str],
    state: Callable[[Any], str],
    is_stale: Callable[[Any, Any], bool],
) -> list[Row]:
    rows = []
    for members in groups:
        first = members.get(own_language()) or next(iter(members.values()))
        row = Row(str(name(first)), note(first), model=model)
        for code in codes():
            row.cells[code] = Cell(make_from=first.pk)
            if code in members:
                member = members[code]
                source = source_language(member, members)
                stale = bool(source) and is_stale(member, members[source])
                row.cells[code] = Cell(state(member), stale, model=model, pk=member.pk, source=source)
        rows.append(row)
    return sorted(rows, key=lambda row: row.name.lower())


# --- texts that are no pages ---


def site_texts() -> list[Row]:
    """Return the texts of the site settings: what is written in the site's own language should be in all."""
    texts = {text.language: text for text in SiteText.objects.all()}
    names = [field.name for field in SiteText._meta.fields if field.name not in {"id", "site", "language"}]
    own = texts.get(own_language())
    wanted = [name for name in names if own and getattr(own, name)]
    settings_url = reverse("admin:recruitcms_sitesettings_change", args=[1])
    row = Row(_("Site texts"))
    for code in codes():
        text = texts.get(code)
        empty = sum(1 for name in wanted if not getattr(text, name, ""))
        state = "missing" if text is None else "draft" if empty else "live"
        row.cells[code] = Cell(state, note=_missing(empty) if text else "", address=settings_url)
    return [row]


def wordings() -> list[Row]:
    """Return the consent wordings and the words of the register, for each purpose."""
    purposes = list(Purpose.objects.all())
    texts: dict[tuple[Any, str], list[ConsentText]] = defaultdict(list)
    for text in ConsentText.objects.defer("body").order_by("version"):
        texts[text.purpose_id, text.language].append(text)
    known = set(PurposeText.objects.values_list("purpose", "language"))
    return [row for purpose in purposes for row in (_consent_row(purpose, texts), _register_row(purpose, known))]


def _consent_row(purpose: Purpose, texts: Mapping[tuple[Any, str], list[ConsentText]]) -> Row:
    """Return one purpose's wordings. One is out of date when the one in the site's own language was published later."""
    row = Row(purpose.title, _("Wording beside the tick box"))
    newest = {code: _newest(texts.get((purpose.pk, code), [])) for code in codes()}
    own = newest[own_language()]
    for code, text in newest.items():
        add = reverse("admin:leads_consenttext_add") + "?" + urlencode({"purpose": str(purpose.pk), "language": code})
        if text is None:
            row.cells[code] = Cell(address=add)
        elif text.published_at is None:
            row.cells[code] = Cell("draft", model=ConsentText, pk=text.pk)
        else:
            is_stale = bool(own and own.published_at and own.published_at > text.published_at and code != own.language)
            row.cells[code] = Cell("live", is_stale, model=ConsentText, pk=text.pk)
    return row


def _newest(texts: list[ConsentText]) -> ConsentText | None:
    """Return the wording in use, else the last draft."""
    published = [text for text in texts if text.published_at]
    return max(published, key=lambda text: text.published_at) if published else (texts[-1] if texts else None)  # type: ignore[arg-type,return-value]


def _register_row(purpose: Purpose, known: set[tuple[Any, str]]) -> Row:
    row = Row(purpose.title, _("Register of processing"))
    for code in codes():
        state = "live" if code == own_language() or (purpose.pk, code) in known else "missing"
        row.cells[code] = Cell(state, address=_admin_url(Purpose, "change", purpose.pk))
    return row


def interface() -> list[Row]:
    """Return the interface and the mails: templates, whose translation is the catalogue beside the code."""
    rows = [Row(_("Interface"), _("Buttons, messages, headings")), Row(_("Mails"), _("All mails that the site sends"))]
    for row, part in zip(rows, ["interface", "mails"], strict=True):
        for code in codes():
            missing, all_of_them = catalogues.coverage(code, part)
            state = "live" if not missing else "draft" if missing < all_of_them else "missing"
            row.cells[code] = Cell(state, note=_missing(missing))
    return rows


def _missing(number: int) -> str:
    return (
        ngettext("%(number)d text missing", "%(number)d texts missing", number) % {"number": number} if number else ""
    )


KINDS = [
    Kind("roles", gettext_lazy("Roles"), ["roles.role"], lambda: documents(Role)),
    Kind("pages", gettext_lazy("Pages and policies"), ["recruitcms.page"], lambda: documents(Page, note="purpose")),
    Kind("reports", gettext_lazy("Reports"), ["leads.report"], lambda: documents(Report)),
    Kind("categories", gettext_lazy("Categories"), ["roles.category"], lambda: shared(Category)),
    Kind("people", gettext_lazy("People"), ["recruitcms.person"], lambda: shared(Person)),
    Kind(
        "testimonials",
        gettext_lazy("Testimonials"),
        ["recruitcms.testimonial"],
        lambda: shared(Testimonial, name="quote"),
    ),
    Kind("ctas", gettext_lazy("Calls to action"), ["recruitcms.calltoaction"], lambda: shared(CallToAction)),
    Kind(
        "fill-ins", gettext_lazy("Fill-in words"), ["recruitcms.fillinword"], lambda: shared(FillInWord, name="label")
    ),
    Kind("pay-notes", gettext_lazy("Pay and the law"), ["roles.paynote"], lambda: shared(PayNote, name="country")),
    Kind("texts", gettext_lazy("Site texts"), ["recruitcms.sitesettings"], site_texts),
    Kind("wordings", gettext_lazy("Wordings"), ["leads.consenttext", "leads.purpose"], wordings),
    Kind("interface", gettext_lazy("Interface and mails"), ["roles.role", "recruitcms.page"], interface),
]
