"""Applying what a run found: each item becomes a draft, whole or not at all, and never a second one."""

import contextlib
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from recruitcms import addresses
from recruitcms.models import Page, Person, Redirect
from recruitcms.publishing import touch_content
from recruitcms.translated import Translated
from roles.models import Category, Role, RoleLevel, SampleResume, Section
from roles.moving.incoming import address as address_of
from roles.moving.media import Media, find_picture
from roles.moving.models import ImportItem, ImportRun, Origin
from roles.moving.states import fingerprint, level_state, section_state, state_of

Outcome = ImportItem.Outcome
MODELS: dict[str, Any] = {"role": Role, "page": Page}


def apply_run(
    run: ImportRun, by: Any = None, limit: int | None = None, media: Media | None = None,
    tell: Callable[[ImportItem], None] = lambda item: None,
) -> int:  # fmt: skip
    """Apply the items of a run that wait, at most `limit` of them. Return how many still wait.

    Pages wait on, and say why, while `by` may not write them. Nobody, as in a command, may do everything.
    """
    waiting = run.items.filter(outcome=Outcome.WAITING)
    if not may_write_pages(by):
        pages = waiting.filter(target=ImportItem.Target.PAGE)
        pages.update(message=_("You may not add pages. It waits for somebody who may: they apply this import again."))
        waiting = waiting.exclude(target=ImportItem.Target.PAGE)
    for item in waiting.order_by("position")[:limit]:
        apply_item(item, by, media or Media.of(run))
        tell(item)
    left = waiting.count()
    if not left:
        relate(run)
    return left


def may_write_pages(by: Any) -> bool:
    """Tell whether somebody may have an import add and change pages."""
    return by is None or by.has_perms(["recruitcms.add_page", "recruitcms.change_page"])


def apply_item(item: ImportItem, by: Any = None, media: Media | None = None) -> None:
    """Make of an item what its target says, and keep the outcome. What cannot be done changes nothing."""
    try:
        with transaction.atomic():
            ImportRun.objects.select_for_update().get(pk=item.run_id)  # one at a time: nothing comes in twice
            item.refresh_from_db()
            if item.outcome == Outcome.WAITING:
                item.outcome, item.message = _applied(item, by, media or Media())
                item.save()
    except ValidationError as error:
        item.outcome, item.message = Outcome.FAILED, " ".join(error.messages)
        item.role = item.page = None
        item.save()


def _applied(item: ImportItem, by: Any, media: Media) -> tuple[str, str]:
    if item.target == ImportItem.Target.LEAVE:
        return Outcome.LEFT_OUT, ""
    origin = Origin.objects.filter(source=item.source, key=item.key).first() or Origin(source=item.source, key=item.key)
    document = existing(item, origin)
    if document:
        document = type(document)._default_manager.select_for_update().get(pk=document.pk)
    if document and not isinstance(document, MODELS[item.target]):
        raise ValidationError(_("This was imported as something else before. Delete that first, or leave this out."))
    before = state_of(document) if document else None
    wanted = wanted_state(item, document, media)
    _keep_document(item, document)
    if before and fingerprint(before) == fingerprint(wanted):
        return Outcome.UNCHANGED, _remember(origin, document, before, item, by)
    if before and not item.force and fingerprint(before) != origin.fingerprint:
        return Outcome.CHANGED_HERE, _changed_here(origin)
    if document and not document.kept_as():
        document.keep(document.updated_by, _("Before the import of %(name)s") % {"name": item.run.name})
    written = _write(item, document, wanted, by)
    _keep_document(item, written)
    state = state_of(MODELS[item.target].objects.get(pk=written.pk))
    missing = [_picture_missing(item, wanted), _remember(origin, written, state, item, by)]
    return (Outcome.UPDATED if document else Outcome.ADDED), " ".join(filter(None, missing))


def _picture_missing(item: ImportItem, wanted: dict[str, Any]) -> str:
    name = item.content.get("picture", "")
    if not name or item.target != "role" or wanted["fields"]["picture_id"]:
        return ""
    return _("Without its picture: there is none called “%(name)s” here or in what was given.") % {"name": name}


def existing(item: ImportItem, origin: Origin) -> Role | Page | None:
    """Return the document that an item came in as before; a role file also knows its role by the address."""
    if origin.document:
        return origin.document
    if item.source == "roles":
        return Role.objects.filter(language=item.language, slug=item.slug).first()
    return None


def _changed_here(origin: Origin) -> str:
    if origin.pk:
        return _("Somebody changed it here after it was imported.")
    return _("A role with this address is here already, and says something else.")


def wanted_state(item: ImportItem, document: Any, media: Media) -> dict[str, Any]:
    """Return what a document will say once an item is applied. Raises ValidationError where something is missing."""
    given = item.content.get("fields", {})
    fields = {name: given.get(name, "") for name in ("summary", "search_title", "search_description")}
    fields |= {"title": item.title, "language": item.language, "slug": _free_address(item, document)}
    sections = item.content.get("sections", [])
    if item.target == "page":
        return {"fields": fields | {"body": _page_body(sections)}}
    category = _named(item.run.categories, item.category, item.run.category, item.language, Category)
    author = _named(item.run.authors, item.author, item.run.author, item.language, Person)
    picture = find_picture(item.content.get("picture", ""), media)
    fields |= {"title_plural": given.get("title_plural", ""), "category_id": category.pk, "author_id": author.pk}
    levels = [level_state(level) for level in item.content.get("levels", [])]
    return ({"levels": levels} if levels else {}) | {
        "fields": fields | {"picture_id": picture.pk if picture else None},
        "sections": [section_state(section) for section in sections],
        "resumes": _resumes(item.content.get("resumes", []), media),
        "related": sorted(_related(item, document)),
    }


def _page_body(sections: list[dict[str, Any]]) -> str:
    parts = [
        part for section in sections for part in (section["heading"] and f"### {section['heading']}", section["body"])
    ]
    return "\n\n".join(part for part in parts if part)


def _free_address(item: ImportItem, document: Any) -> str:
    """Return the address asked for; where another document has it, the one of before or the next free one."""
    wanted = item.slug or f"{item.target}-{item.position}"
    others = MODELS[item.target].objects.filter(language=item.language).exclude(pk=document.pk if document else None)
    taken = set(others.filter(slug__startswith=wanted[:110]).values_list("slug", flat=True))
    if wanted in taken and document:
        return document.slug
    number = 1
    address = wanted
    while address in taken:
        number += 1
        address = f"{wanted[:110]}-{number}"
    return address


def _named(mapping: dict[str, Any], name: str, rest: Any, language: str, model: type[Translated]) -> Any:
    """Return the category or author that a name stands for, in the item's language; "new" adds what is missing."""
    chosen = mapping.get(name)
    rows = model._default_manager
    row: Any = rows.filter(pk=chosen).first() if isinstance(chosen, int) else _called(rows.all(), name) or rest
    same = row if row and row.language == language else None
    same = same or _called(rows.filter(language=language), name)
    same = same or (row.translations().filter(language=language).first() if row else None)
    if same:
        return same
    if chosen == "new":
        slug = address_of(name)[:60] or "category"
        shelf = Category.objects.create(language=language, slug=slug, name=name[:60])
        touch_content()
        return shelf
    if row:
        raise ValidationError(_("First translate “%(name)s” into this language.") % {"name": row})
    if not name and model is Person:
        raise ValidationError(_("It names no author. Choose a default author above and save."))
    if not name:
        raise ValidationError(_("It names no category. Choose a default category above and save."))
    thing = model._meta.verbose_name
    raise ValidationError(_("Choose above which %(thing)s “%(name)s” is, and save.") % {"thing": thing, "name": name})


def _called(rows: Any, name: str) -> Any:
    """Return the row of a name, or of the address made of it."""
    return (
        rows.filter(Q(name__iexact=name) | Q(slug=name) | Q(slug=address_of(name))).order_by("pk").first()
        if name
        else None
    )


def _resumes(resumes: list[dict[str, str]], media: Media) -> list[dict[str, Any]]:
    found = [(find_picture(resume.get("picture", ""), media), resume) for resume in resumes]
    missing = [resume.get("picture", "") for picture, resume in found if not picture]
    if missing:
        raise ValidationError(_("There is no picture called “%(name)s”. Add it first.") % {"name": missing[0]})
    return [{"picture_id": picture.pk, "title": resume.get("title", "")} for picture, resume in found if picture]


def _related(item: ImportItem, document: Any) -> list[int]:
    """Return the roles to read next. Formats that have none leave an editor's choice alone."""
    slugs = item.content.get("related", [])
    if item.source != "roles":
        return [role.pk for role in document.related.all()] if document else []
    return list(Role.objects.filter(language=item.language, slug__in=slugs).values_list("pk", flat=True))


def _write(item: ImportItem, document: Any, wanted: dict[str, Any], by: Any) -> Role | Page:
    fresh = document is None
    document = document or MODELS[item.target](created_by=by, translation_group=_group(item))
    for name, value in wanted["fields"].items():
        setattr(document, name, value)
    document.updated_by = by or document.updated_by
    document.clean_fields()
    document.validate_constraints()
    document.save()
    if isinstance(document, Role):
        _write_parts(document, wanted)
    if by:
        said = _("Imported: %(name)s") % {"name": item.run.name}
        flag = ADDITION if fresh else CHANGE
        LogEntry.objects.log_actions(by.pk, [document], flag, change_message=said, single_object=True)
    return document


def _write_parts(role: Role, wanted: dict[str, Any]) -> None:
    role.sections.all().delete()
    role.levels.all().delete()
    role.resumes.all().delete()
    sections = [Section(role=role, position=number, **section) for number, section in enumerate(wanted["sections"])]
    for section in sections:
        section.clean_fields(exclude=["role"])
    Section.objects.bulk_create(sections)
    levels = [RoleLevel(role=role, position=number, **level) for number, level in enumerate(wanted.get("levels", []))]
    for level in levels:
        level.clean_fields(exclude=["role"])
    RoleLevel.objects.bulk_create(levels)
    SampleResume.objects.bulk_create(
        SampleResume(role=role, position=number, **resume) for number, resume in enumerate(wanted["resumes"])
    )
    role.related.set(wanted["related"])


def _group(item: ImportItem) -> uuid.UUID:
    """Return the translation group of an item: that of its translations where one is here already."""
    siblings = item.run.items.filter(group=item.group, source=item.source).exclude(pk=item.pk) if item.group else []
    groups = [
        sibling.document.translation_group for sibling in siblings if isinstance(sibling.document, MODELS[item.target])
    ]
    try:
        group = groups[0] if groups else uuid.UUID(item.group)
    except ValueError:
        group = uuid.uuid4()
    taken = MODELS[item.target].objects.filter(translation_group=group, language=item.language).exists()
    return uuid.uuid4() if taken else group


def _keep_document(item: ImportItem, document: Any) -> None:
    item.role = document if isinstance(document, Role) else None
    item.page = document if isinstance(document, Page) else None


def _remember(origin: Origin, document: Any, state: dict[str, Any], item: ImportItem, by: Any) -> str:
    """Keep where a document came from, and let its old addresses lead to it. Return what is left to say of those."""
    origin.role, origin.page = item.role, item.page
    origin.fingerprint = fingerprint(state)
    origin.save()
    free = free_paths(item.old_paths)
    if free and by and not by.has_perm("recruitcms.add_redirect"):
        words = _("Without its old addresses (%(paths)s): you may not add those. Somebody who may imports it again.")
        return words % {"paths": ", ".join(free)}
    for old_path in free:
        addresses.lead(old_path, document, by, automatic=False)
    return ""


def free_paths(paths: list[str]) -> list[str]:
    """Return the paths at which visitors found a document before it came here, and that can lead to it.

    An address that is the site's own, or leads elsewhere already, is left alone; one with a query cannot forward.
    """
    free = []
    for path in paths:
        with contextlib.suppress(ValidationError):
            old_path = addresses.read_old(path)
            if addresses.url_name(old_path) is None and not Redirect.objects.filter(old_path=old_path).exists():
                free.append(old_path)
    return list(dict.fromkeys(free))


@transaction.atomic
def relate(run: ImportRun) -> None:
    """Link roles to those that came after them in the same run."""
    for item in run.items.filter(source="roles", outcome__in=[Outcome.ADDED, Outcome.UPDATED], role__isnull=False):
        role: Any = item.role
        wanted = sorted(_related(item, role))
        if wanted != state_of(role)["related"]:
            role.related.set(wanted)
            Origin.objects.filter(source=item.source, key=item.key).update(fingerprint=fingerprint(state_of(role)))
