import secrets
import socket
from io import StringIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from leads import suppression
from recruitcms.signin import kept_secrets


class Command(BaseCommand):
    help = "Makes ready to serve: database, static files, and, the first time, demonstration content and an account."

    def handle(self, *args: Any, **options: Any) -> None:
        self.check_port()
        self.migrate()
        call_command("erasure", "replay", stdout=StringIO())  # a restored backup is cleansed before it serves (CON-21)
        suppression.renew_all()  # after a change of SUPPRESSION_KEY
        kept_secrets.renew_all()  # and of FACTOR_KEY
        self.collect_static()
        password = None if get_user_model().objects.exists() else self.first_run()
        self.say_where(password)

    def check_port(self) -> None:
        """Stop with a sentence where another server answers at our address already."""
        with socket.socket() as other:
            other.settimeout(1)
            if other.connect_ex((settings.HOST.replace("0.0.0.0", "127.0.0.1"), int(settings.PORT))) == 0:  # noqa: S104
                raise CommandError(
                    f"Port {settings.PORT} is in use. Choose another: PORT={int(settings.PORT) + 1} make run"
                )

    def migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database …")
            call_command("migrate", verbosity=0)

    def collect_static(self) -> None:
        """Collect and compress the static files when one of them, or a library, is another than the last time.

        Not by their age alone: an archive or a copy brings files that are older than the last start.
        """
        stamp, base = settings.STATIC_ROOT / ".collected", settings.BASE_DIR
        files = [path for path in (base / "static").rglob("*") if path.is_file()]
        files.append(base / "requirements" / "runtime.txt")
        seen = [(path.relative_to(base), path.stat()) for path in sorted(files)]
        state = "".join(f"{name} {about.st_size} {about.st_mtime_ns}\n" for name, about in seen)
        if not settings.DEBUG and (not stamp.exists() or stamp.read_text() != state):
            self.stdout.write("Collecting static files …")
            call_command("collectstatic", verbosity=0, interactive=False)
            stamp.write_text(state)

    def first_run(self) -> str:
        """Load the demonstration content, make a staff account, and return its random password."""
        self.stdout.write("Loading the demonstration content (once) …")
        call_command("demo", stdout=self.stdout)
        password = secrets.token_urlsafe(12)
        get_user_model().objects.create_superuser("editor", "editor@northbeam.example", password)
        path = settings.DATA_DIR / "first-password"
        path.touch(mode=0o600)
        path.write_text(f"editor\n{password}\n")
        return password

    def say_where(self, password: str | None) -> None:
        mails = f"{settings.MAIL_DIR}, shown at {settings.SITE_URL}{reverse('admin:leads_outgoingmail_files')}"
        if settings.EMAIL_BACKEND != "leads.mail_files.MailFilesBackend":
            mails = f"the server of MAIL_URL, from {settings.DEFAULT_FROM_EMAIL}"
        kept = settings.DATA_DIR / "first-password"
        account = f"editor, password {password} (kept in {kept})" if password else "yours"
        if not password and kept.exists():
            account = f"editor (its first password is in {kept})"
        self.stdout.write(
            f"\n  Site     {settings.SITE_URL}/\n  Admin    {settings.SITE_URL}/admin/\n"
            f"  Account  {account}\n  Mails    {mails}\n\n  Ctrl-C ends it.\n"
        )
