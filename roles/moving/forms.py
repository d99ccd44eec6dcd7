"""The forms of an import: what to read, and the corrections to what was found."""

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recruitcms.models import Person
from roles.models import Category, Section
from roles.moving.models import ImportItem, ImportRun

UPLOAD_BYTES = 10 * 1024 * 1024
PASTED_LENGTH = 500_000
NAMES_SHOWN = 100
NEW = "new"


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, together no larger than what can be read while somebody waits."""

    widget = ManyFiles(attrs={"accept": ".md,.markdown,.txt,.docx,.html,.htm,.xml,.zip"})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [super(FilesField, self).clean(file, initial) for file in data or []]
        if sum(file.size for file in files) > UPLOAD_BYTES:
            raise ValidationError(
                _("These files have more than %(limit)d MB. Let somebody run “manage.py import_roles FILE --dry-run” "
                  "on the server: what it finds is then listed here, to be looked at and applied.")
                % {"limit": UPLOAD_BYTES // 1024 // 1024}
            )  # fmt: skip
        return files


class ReadForm(forms.Form):
    """Files to read, or a text that was pasted."""

    files: Any = FilesField(
        label=gettext_lazy("files"),
        required=False,
        help_text=gettext_lazy(
            "Markdown (.md), Word (.docx), HTML, a WordPress export (.xml), or a .zip of them; up to 10 MB in all. "
            "Pictures come along in the zip."
        ),
    )
    pasted = forms.CharField(
        label=gettext_lazy("or paste a text"),
        required=False,
        max_length=PASTED_LENGTH,
        widget=forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"}),
        help_text=gettext_lazy("From Word, Google Docs, a web page, or Markdown. Headings become sections."),
    )
    pasted_html = forms.CharField(required=False, max_length=PASTED_LENGTH, widget=forms.HiddenInput)
    pasted_title = forms.CharField(
        label=gettext_lazy("title of the pasted text"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=gettext_lazy("Empty: its first heading."),
    )
    pasted_language = forms.ChoiceField(
        label=gettext_lazy("language of the pasted text"), required=False, choices=settings.LANGUAGES
    )

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if not self.errors and not data.get("files") and not data.get("pasted", "").strip():
            self.add_error("files", _("Choose files, or paste a text."))
        return data


class MappingForm(forms.Form):
    """Who and what the names of the source are here."""

    def __init__(self, *args: Any, run: ImportRun, may_add: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.run = run
        people, shelves = _choices(Person), _choices(Category)
        self.names: dict[str, tuple[str, str]] = {}
        self._add("author", gettext_lazy("default author"), [("", _("Choose…")), *people], run.author_id)
        self._add("category", gettext_lazy("default category"), [("", _("Choose…")), *shelves], run.category_id)
        rest = ("", _("the default"))
        authors, categories = [rest, *people], [rest, *([(NEW, _("add it"))] if may_add else []), *shelves]
        self._add_names("authors", _("author “%(name)s”"), authors)
        self._add_names("categories", _("category “%(name)s”"), categories)

    def _add_names(self, what: str, label: str, choices: list[Any]) -> None:
        for number, name in enumerate(_names(self.run, what)):
            field = f"{what}-{number}"
            self.names[field] = (what, name)
            self._add(field, label % {"name": name}, choices, getattr(self.run, what).get(name))

    def _add(self, field: str, label: Any, choices: list[Any], chosen: Any) -> None:
        self.fields[field] = forms.ChoiceField(label=label, choices=choices, required=False, initial=chosen or "")

    def save(self) -> None:
        """Keep what was chosen. Items that failed wait again where it says otherwise: it may be what they lacked."""
        data = self.cleaned_data
        if self.has_changed():
            failed = self.run.items.filter(outcome=ImportItem.Outcome.FAILED)
            failed.update(outcome=ImportItem.Outcome.WAITING, message="")
        self.run.author_id, self.run.category_id = (_number(data[name]) for name in ("author", "category"))
        for field, (what, name) in self.names.items():
            getattr(self.run, what)[name] = NEW if data[field] == NEW else _number(data[field])
        self.run.save()


def _number(value: str) -> int | None:
    return int(value) if value.isdigit() else None


def _names(run: ImportRun, what: str) -> list[str]:
    return [name for name in run.seen.get(what, {}) if name][:NAMES_SHOWN]


def _choices(model: Any) -> list[tuple[str, str]]:
    rows = model.objects.order_by("language", "name").values_list("pk", "name", "language")
    return [(str(pk), f"{name} ({language})") for pk, name, language in rows]


class ItemForm(forms.ModelForm):
    """The corrections to one item: where it goes, and what kind each of its sections is."""

    class Meta:
        model = ImportItem
        fields = ["target", "title", "language", "slug", "force"]
        widgets = {"title": forms.TextInput(attrs={"class": "vTextField"})}

    def __init__(self, *args: Any, pages_allowed: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not pages_allowed and self.instance.target != ImportItem.Target.PAGE:  # what waits as a page stays one
            target: Any = self.fields["target"]
            target.choices = [choice for choice in target.choices if choice[0] != ImportItem.Target.PAGE]
        for number, section in enumerate(self.instance.content.get("sections", [])):
            label = section["heading"] or _("(without a heading)")
            self.fields[f"kind-{number}"] = forms.ChoiceField(
                label=label, choices=Section.Kind.choices, initial=section["kind"], required=False
            )

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"]
        if slug and not re.fullmatch(r"[-a-zA-Z0-9_]+", slug):
            raise ValidationError(_("Letters without accents, digits and hyphens only."))
        return slug

    @property
    def main(self) -> list[Any]:
        """The fields that every item has, for the template."""
        return [self[name] for name in ("target", "title", "language", "slug")]

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Each section with its field, for the template."""
        sections = self.instance.content.get("sections", [])
        return [{"field": self[f"kind-{number}"], **section} for number, section in enumerate(sections)]

    def save(self, commit: bool = True) -> Any:
        """Keep the corrections. An item that is done and now says otherwise waits again."""
        changed = self.has_changed()
        for number, section in enumerate(self.instance.content.get("sections", [])):
            section["kind"] = self.cleaned_data[f"kind-{number}"] or section["kind"]
        if changed and self.instance.outcome:
            self.instance.outcome, self.instance.message = ImportItem.Outcome.WAITING, ""
        return super().save(commit) if changed else self.instance
