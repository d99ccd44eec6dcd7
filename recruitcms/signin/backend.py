"""Who may sign in: staff whose account is open."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend


class StaffBackend(AuthenticationBackend):
    """allauth's backend (name or address; a name that nobody has costs one password hash as well), for staff alone.

    Django asks the same of each request: an account that is closed, or no longer staff's, is signed out at once.
    """

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and user.is_staff
