from django.apps import AppConfig


class RolesConfig(AppConfig):
    name = "roles"
    verbose_name = "Library"

    def ready(self) -> None:
        from roles import quality  # noqa: F401  (tells the checklist how to read what this app holds)
