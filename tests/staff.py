"""Members of staff who sign in by the real pages."""

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.models import User
from django.test import Client

PASSWORD = "correct horse battery"
LOGIN, SECOND = "/admin/login/", "/admin/login/second/"


def make_staff(name: str = "eva", **values: Any) -> User:
    values = {"email": f"{name}@example.com", "is_superuser": True, "is_staff": True} | values
    return User.objects.create_user(name, values.pop("email"), PASSWORD, **values)


def with_app(user: User) -> str:
    """Give somebody an authenticator app and seen recovery codes. Return the app's secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user).mark_as_viewed()
    return secret


def app_code(secret: str, later: int = 0) -> str:
    """Return what an app shows, now or so many half minutes later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def recovery_codes(user: User) -> list[str]:
    return Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()


def new_browser(network: str = "192.0.2.1", **headers: str) -> Client:
    return Client(REMOTE_ADDR=network, headers={"Sec-Fetch-Site": "same-origin"} | headers)


def try_password(browser: Client, name: str = "eva", password: str = PASSWORD, **fields: str) -> Any:
    return browser.post(LOGIN, {"username": name, "password": password, **fields})


def sign_in(browser: Client, secret: str, name: str = "eva", later: int = 0) -> Client:
    """Sign a browser in with password and app: with the next code where the one of now was used already."""
    assert try_password(browser, name).url == SECOND
    answer = browser.post(SECOND, {"code": app_code(secret, later)})
    assert answer.status_code == 302, answer.context["form"].errors
    return browser
