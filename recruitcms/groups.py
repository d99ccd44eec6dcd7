"""The ready-made groups of staff: least privilege for each kind of work (SEC-12)."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps

ALL = ("add", "change", "delete", "view")
CONTENT = ["page", "person", "picture", "testimonial", "clientlogo", "calltoaction"]
CONTENT += ["fillinword", "wordingexception", "redirect"]
LIBRARY = ["role", "section", "rolelevel", "sampleresume", "category", "synonyms", "paynote", "salaryband"]
DOCUMENTS = ["recruitcms.{}_page", "roles.{}_role", "leads.{}_report"]
PARTS = [
    "roles.{}_section",
    "roles.{}_rolelevel",
    "roles.{}_sampleresume",
]  # come and go with a role's text


def _may(acts: str, models: list[str]) -> list[str]:
    return [model.format(act) for act in acts.split() for model in models]


# What everybody needs who works on documents: to open them, their parts, and what they point to.
DESK = [
    *_may("view change", DOCUMENTS),
    *_may("add change delete view", PARTS),
    *_may("view", ["leads.{}_edition", "roles.{}_category", "recruitcms.{}_person", "recruitcms.{}_picture"]),
]
GROUPS: dict[str, list[str]] = {
    "Writers": [*DESK, *_may("add", DOCUMENTS), *_may("add change", ["recruitcms.{}_picture"])],
    "Reviewers": [*DESK, *_may("review", DOCUMENTS)],
    "Publishers": [*DESK, *_may("publish", DOCUMENTS)],
    "Editors": [
        *_may("review publish", DOCUMENTS),
        *(f"recruitcms.{act}_{model}" for model in CONTENT for act in ALL),
        *(f"recruitcms.{act}_missingaddress" for act in ("change", "delete", "view")),
        *(f"recruitcms.{act}_sitesettings" for act in ("change", "view")),
        *(f"recruitcms.{act}_sitetext" for act in ("add", "change", "view")),
        *(f"roles.{act}_{model}" for model in LIBRARY for act in ALL),
        *(f"roles.{act}_missedsearch" for act in ("delete", "view")),
        *(f"leads.{act}_{model}" for model in ("report", "edition") for act in ALL),
        "leads.view_pagecount",
        *(f"recruitcms.{act}_staffmail" for act in ("change", "view")),
    ],
    "Lead handlers": ["leads.view_submission", "leads.change_submission", "leads.export_submission"],
    "Privacy officers": [
        *(f"leads.{act}_submission" for act in ("view", "delete", "export")),
        *(
            f"leads.{act}_{model}"
            for model in ("purpose", "purposetext", "consenttext")
            for act in ("add", "change", "view")
        ),
        *(f"leads.view_{model}" for model in ("consentevent", "cookiechoice", "owedevent")),
        *(f"leads.{act}_outgoingmail" for act in ("view", "change")),
        *(f"leads.{act}_suppression" for act in ("view", "delete")),
    ],
}


def make_groups(sender: AppConfig, apps: Apps = installed, **kwargs: Any) -> None:
    """Make the groups that are missing, after a migration, and hand those that exist the permissions that are new.

    A group that exists is the site's own: what an administrator gave it, or took from it, stays so. Therefore each
    permission is handed out once, when it is made; Django makes those that are still missing after this (apps.py).
    """
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group

    before = _permissions()
    for label in ("recruitcms", "roles", "leads"):
        create_permissions(installed.get_app_config(label), verbosity=0, apps=apps)
    permissions = _permissions()
    for name, codenames in GROUPS.items():
        group, is_new = Group.objects.get_or_create(name=name)
        given = [one for one in codenames if one in permissions and (is_new or one not in before)]
        group.permissions.add(*(permissions[one] for one in given))


def _permissions() -> dict[str, Any]:
    """Return the permissions that there are, by their names: {"roles.add_role": …}."""
    from django.contrib.auth.models import Permission

    found = Permission.objects.select_related("content_type")
    return {f"{one.content_type.app_label}.{one.codename}": one for one in found}
