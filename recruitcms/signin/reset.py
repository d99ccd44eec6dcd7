"""The way back for somebody who lost every second factor."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from recruitcms import staff_mail
from recruitcms.models import StaffMail
from recruitcms.signin import sessions


@transaction.atomic
def reset_factors(user: Any) -> None:
    """Remove all passkeys, the app and the codes of somebody, sign them out everywhere, and tell them.

    The password stays: with it they are led to set up another factor.
    """
    Authenticator.objects.filter(user=user).delete()
    sessions.end_all(user)
    staff_mail.owe_about_account(StaffMail.Kind.RESET, user)
