"""Who is signed in, and where."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class StaffSession(AbstractBaseSession):
    """A session with its owner in a column of its own, so that all of somebody's can be listed and ended (SEC-11).

    It has no owner while somebody is between the password and the second factor.
    """

    # It outlives its account, worthless, until its end: whoever deletes their own account has to be answered.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+", null=True, db_constraint=False
    )

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> Any:
        from recruitcms.signin.sessions import SessionStore

        return SessionStore
