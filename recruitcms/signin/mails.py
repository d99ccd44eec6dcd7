"""What staff are told of their own accounts, by mail to the address of the account."""

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from recruitcms.mailing import written
from recruitcms.models import StaffMail
from recruitcms.models.review import name_of

Kind = StaffMail.Kind


def compose(mail: StaffMail) -> EmailMultiAlternatives:
    """Return a mail about an account, in the language in force. The link of one is made now, and kept nowhere."""
    to: Any = mail.to
    context = {"name": to.first_name or name_of(to), "account": to.get_username(), "when": mail.created_at}
    if mail.kind == Kind.FORGOTTEN:
        context |= {"url": f"{settings.SITE_URL}{link_for_password(to)}"}
        context |= {"minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
        return written("signin/mails/forgotten", to.email, mail.message_id, {}, context)
    title, what = words()[mail.kind]
    context |= {"title": title, "what": what, "url": f"{settings.SITE_URL}{reverse('mfa_index')}"}
    return written("signin/mails/changed", to.email, mail.message_id, {}, context)


def words() -> dict[str, tuple[str, str]]:
    """Return what the mail about each change is called, and says."""
    return {
        Kind.ADDED: (
            _("A new way to sign in to your account"),
            _("A passkey or an authenticator app was added to your account."),
        ),
        Kind.REMOVED: (
            _("A way to sign in to your account was removed"),
            _("A passkey or an authenticator app was removed from your account."),
        ),
        Kind.CODES: (
            _("New recovery codes for your account"),
            _("New recovery codes were made for your account. The old ones do not work any more."),
        ),
        Kind.RESET: (
            _("Your second factor was removed"),
            _(
                "All passkeys, the authenticator app and the recovery codes of your account were removed, and you were "
                "signed out everywhere. When you sign in the next time, you will be asked to set up a new one."
            ),
        ),
        Kind.PASSWORD: (
            _("The password of your account was changed"),
            _("The password of your account was changed. Wherever else you were signed in, you are not any more."),
        ),
    }


def link_for_password(user: Any) -> str:
    """Return the address at which somebody may choose a new password, once and for a while."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(user)])
