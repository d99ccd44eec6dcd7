"""Loads the demonstration content: a fictional agency with its library. What exists already is left as it is."""

import tomllib
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from leads.models import ConsentText, Edition, Purpose, PurposeText, Report
from leads.salary_report import make_pdf
from recruitcms import salary_edition
from recruitcms.languages import codes
from recruitcms.models import (
    CallToAction,
    ClientLogo,
    FillInWord,
    Page,
    Person,
    Picture,
    SiteSettings,
    SiteText,
    Testimonial,
)
from recruitcms.pictures import read_picture, store_renditions
from recruitcms.publishing import Publishable, touch_content
from recruitcms.translating import mark_up_to_date, source_of
from roles.files import RoleFile, read_role, split_front_matter
from roles.models import Category, PayNote, Role, RoleLevel, SalaryBand, SampleResume, Section, Synonyms

FOLDER = Path(__file__).parent
ENGLISH = "en"  # what the others are translations of
LANGUAGES = sorted(codes(), key=lambda code: code != ENGLISH)


def load_demo() -> dict[str, int]:
    """Load everything in one transaction, in those of the site's languages that there is content in.

    Return how many of each kind were added. The site must have English among its languages.
    """
    with transaction.atomic():
        is_first = not SiteText.objects.exists()
        load_site()
        added = {
            "pictures": load_pictures(),
            "people": load_people(),
            "categories": load_translated("categories", "category", Category, ("slug",)),
            "testimonials": load_testimonials(),
            "logos": load_logos(),
            "calls to action": load_translated("ctas", "cta", CallToAction, ("place",)),
            "words that mean the same": load_synonyms(),
            "fill-in words": load_translated("fill_ins", "word", FillInWord, ("key",)),
            "pages": load_pages(),
            "consent wordings": load_purposes(),  # after the policy that they point to
            "roles": load_roles(),
            "notes on pay": load_pay_notes(),
            "salary bands": load_salary_bands(),
            "reports": load_reports(),  # whose edition is made from the salary table
        }
        if is_first:
            remember_sources()
        touch_content()
    return added


def remember_sources() -> None:
    """Say of every translation that it says what its English text says."""
    for model in (Person, Category, Testimonial, CallToAction, FillInWord, PayNote, Page, Report, Role):
        for row in model.objects.exclude(language=ENGLISH):
            source = source_of(row, [row, *row.translations()])
            if source:
                mark_up_to_date(row, source)


def load_site() -> None:
    data = read_toml("site")
    site = SiteSettings.get()
    if site.texts.exists():
        return
    for name, value in data["settings"].items():
        setattr(site, name, value)
    site.save()
    for language, texts in data["text"].items():
        if language in LANGUAGES:
            SiteText.objects.create(site=site, language=language, **texts)


def load_pictures() -> int:
    alts = read_toml("pictures")
    added = 0
    for path in sorted((FOLDER / "pictures").glob("*.png")):
        if path.stem in alts and not Picture.objects.filter(name=path.stem).exists():
            decoded = read_picture(SimpleUploadedFile(path.name, path.read_bytes()))
            Picture.objects.create(name=path.stem, alt=alts[path.stem], files=store_renditions(decoded, "PNG"))
            added += 1
    return added


def load_people() -> int:
    added = 0
    for entry in read_toml("people")["person"]:
        portrait = Picture.objects.get(name=entry.pop("portrait"))
        added += add_translations(Person, entry, {"slug": entry["slug"]}, portrait=portrait)
    return added


def load_translated(file: str, table: str, model: Any, natural_key: tuple[str, ...]) -> int:
    """Add the rows of a table that has a part for each language."""
    return sum(
        add_translations(model, entry, {name: entry.get(name) for name in natural_key if name in entry})
        for entry in read_toml(file)[table]
    )


def add_translations(model: Any, entry: dict[str, Any], key: dict[str, Any], **more: Any) -> int:
    """Add a row for each language of an entry, in one translation group, unless the first language's row exists."""
    shared = {name: value for name, value in entry.items() if not isinstance(value, dict)}
    first = model.objects.filter(language=LANGUAGES[0], **({**key, **_own_key(key, entry)})).first()
    if first:
        return 0
    group = None
    for language in LANGUAGES:
        if language in entry:
            row = model(language=language, **{**shared, **entry[language], **more})
            row.translation_group = group or row.translation_group
            row.save()
            group = row.translation_group
    return 1


def _own_key(key: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """Where a language has its own value for the key (a slug), that value is what is looked up."""
    return {name: entry[LANGUAGES[0]][name] for name in key if name in entry[LANGUAGES[0]]}


def load_synonyms() -> int:
    """Add the words that mean the same, in those languages that have none."""
    added = 0
    for language, groups in read_toml("synonyms").items():
        if language in LANGUAGES and not Synonyms.objects.filter(language=language).exists():
            added += len(Synonyms.objects.bulk_create(Synonyms(language=language, words=words) for words in groups))
    return added


def load_testimonials() -> int:
    added = 0
    for entry in read_toml("testimonials")["testimonial"]:
        slug = entry.pop("person")
        if Testimonial.objects.filter(quote=entry["quote_en"]).exists():
            continue
        group = None
        for language in LANGUAGES:
            if f"quote_{language}" not in entry:
                continue
            quote = Testimonial(
                language=language,
                quote=entry[f"quote_{language}"],
                person=Person.objects.get(slug=slug, language=language),
                on_roles=entry["on_roles"],
                on_report=entry["on_report"],
                position=entry["position"],
            )
            quote.translation_group = group or quote.translation_group
            quote.save()
            group = quote.translation_group
        added += 1
    return added


def load_logos() -> int:
    made = [
        ClientLogo.objects.get_or_create(name=entry["name"], defaults=entry)[1] for entry in read_toml("logos")["logo"]
    ]
    return sum(made)


def load_purposes() -> int:
    added = 0
    for entry in read_toml("purposes")["purpose"]:
        wordings = entry.pop("wording")
        own = {name: value for name, value in entry.items() if not isinstance(value, dict)}
        translations = {language: entry[language] for language in LANGUAGES if language in entry}
        purpose, _made = Purpose.objects.get_or_create(key=entry["key"], defaults=own)
        for language, words in translations.items():
            PurposeText.objects.get_or_create(purpose=purpose, language=language, defaults=words)
        for language, body in wordings.items():
            if language in LANGUAGES and ConsentText.current(purpose.key, language) is None:
                ConsentText(purpose=purpose, language=language, body=body).publish()
                added += 1
    return added


def load_pages() -> int:
    groups: dict[str, Any] = {}
    added = 0
    for language in LANGUAGES:
        for path in sorted((FOLDER / "pages" / language).glob("*.md")):
            meta, body = split_front_matter(path.read_text())
            key = meta.pop("translation_key")
            page = Page.objects.filter(language=language, slug=meta["slug"]).first()
            if page is None:
                page = Page(language=language, body=body.strip(), **meta)
                page.translation_group = groups.get(key, page.translation_group)
                page.save()
                page.publish()
                added += 1
            groups[key] = page.translation_group
    return added


def load_pay_notes() -> int:
    data = read_toml("pay_notes")
    return sum(
        add_translations(PayNote, note, {"country": note[ENGLISH]["country"]}, as_of=data["as_of"])
        for note in data["note"]
    )


def load_salary_bands() -> int:
    """Add the report's rows and those for Germany to the salary table, of each role that has no rows yet."""
    data = read_toml("report")
    groups = dict(Role.objects.filter(language=ENGLISH).values_list("title", "translation_group"))
    known = set(SalaryBand.objects.values_list("role_group", flat=True))
    added = [
        SalaryBand(
            role_group=groups[row["role"]],
            level=row["level"],
            contract=contract,
            low=row[f"{contract}_low"],
            median=row[f"{contract}_median"],
            high=row[f"{contract}_high"],
            sample_size=row[f"{contract}_offers"],
            date=data["edition_date"],
            **shared,
        )
        for rows, shared in [("salary", data["band"]), ("salary_in_germany", data["band_in_germany"])]
        for row in data[rows]
        for contract in SalaryBand.Contract.values
        if f"{contract}_low" in row and groups.get(row["role"]) and groups[row["role"]] not in known
    ]
    return len(SalaryBand.objects.bulk_create(added))


def load_reports() -> int:
    data = read_toml("report")
    market = (data["band"]["country"], data["band"]["currency"], data["band"]["period"])
    group, added = None, 0
    for language in LANGUAGES:
        texts = dict(data.get(language, {}))
        if not texts or Report.objects.filter(language=language, slug=texts["slug"]).exists():
            continue
        texts.pop("chapters")
        file_name = texts.pop("edition_file_name")
        texts["cover"] = Picture.objects.get(name=texts["cover"])
        texts["sender"] = Person.objects.get(slug=texts["sender"], language=language)
        report = Report(language=language, gate_mode=data["gate_mode"], **texts)
        report.translation_group = group or report.translation_group
        report.save()
        group = report.translation_group
        data["salary"] = salary_edition.read(language, data["edition_date"]).rows_of(*market)
        pdf, pages = make_pdf(data, language)
        edition = Edition(report=report, date=data["edition_date"], file_name=file_name, pages=pages, size=len(pdf))
        edition.file.save(f"{file_name}.pdf", ContentFile(pdf))
        report.publish()
        added += 1
    return added


def load_roles() -> int:
    added = 0
    for language in LANGUAGES:
        files = [read_role(path.read_text()) for path in sorted((FOLDER / "roles" / language).glob("*.md"))]
        new = [file for file in files if not Role.objects.filter(language=language, slug=file.meta["slug"]).exists()]
        roles = [add_role(language, file) for file in new]
        for role, file in zip(roles, new, strict=True):
            role.related.set(Role.objects.filter(language=language, slug__in=file.meta.get("related", [])))
        for role, file in zip(roles, new, strict=True):
            published = timezone.make_aware(datetime.combine(file.meta["published"], time(9)))
            publish_as_of(role, published)
        added += len(roles)
    return added


def add_role(language: str, file: RoleFile) -> Role:
    """Save a file as a role with its sections and résumés, unpublished."""
    meta = file.meta
    category = Category.objects.get(language=LANGUAGES[0], slug=meta["category"])
    if language != LANGUAGES[0]:
        category = category.translations().get(language=language)
    role = Role(
        language=language,
        category=category,
        author=Person.objects.get(language=language, slug=meta["author"]),
        picture=Picture.objects.filter(name=meta.get("picture", "")).first(),
        **{
            name: meta[name]
            for name in ("title", "title_plural", "slug", "summary", "search_title", "search_description")
        },
    )
    original = Role.objects.filter(language=LANGUAGES[0], slug=meta.get("translation_of", "")).first()
    if original:
        role.translation_group = original.translation_group
    role.save()
    for position, section in enumerate(file.sections):
        Section.objects.create(
            role=role,
            kind=section.kind,
            heading=section.heading,
            body=section.body,
            advice=section.advice,
            note=section.note,
            in_copy=section.kind in Section.IN_COPY,
            position=position,
            level=section.level,
        )
    for position, level in enumerate(meta.get("levels", [])):
        RoleLevel.objects.create(role=role, position=position, **level)
    for position, resume in enumerate(meta.get("resumes", [])):
        picture = Picture.objects.get(name=resume["picture"])
        SampleResume.objects.create(role=role, picture=picture, title=resume["title"], position=position)
    return role


def publish_as_of(document: Publishable, moment: datetime) -> None:
    """Publish with a date in the past, so that the library looks as if written over months."""
    revision = document.publish()
    type(revision).objects.filter(pk=revision.pk).update(live_from=min(moment, datetime.now(UTC)))


def read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())
