"""What the admin shows of a field has a name of its own, so that it can be translated."""

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import FieldDoesNotExist

OURS = {"recruitcms", "roles", "leads"}
# Terms of mail and of the ledger, the same in every language.
NAMED_SO = {
    "message_id",
    "event_id",
    "commitment",
    "prev_hash",
    "hash",
    "mac",
    "mac_key_id",
    "hmac",
}


def shown(model_admin):
    fields = flatten_fieldsets([*(model_admin.fieldsets or []), (None, {"fields": model_admin.fields or []})])
    return {*model_admin.list_display, *model_admin.readonly_fields, *fields}


def test_every_column_and_field_is_named():
    unnamed = []
    for model, model_admin in admin.site._registry.items():
        for name in shown(model_admin) if model._meta.app_label in OURS else ():
            try:
                field = model._meta.get_field(name)
            except FieldDoesNotExist:
                continue
            if isinstance(field.verbose_name, str) and name not in NAMED_SO:  # made of the name in the code
                unnamed.append(f"{model.__name__}.{name}")

    assert unnamed == []
