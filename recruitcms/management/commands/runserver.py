"""`manage.py runserver`, as `make dev` starts it: Django's, seen to run the site, so that no restore begins."""

import os
from typing import Any

from whitenoise.runserver_nostatic.management.commands import runserver

from recruitcms import running


class Command(runserver.Command):  # type: ignore[misc]
    def inner_run(self, *args: Any, **options: Any) -> None:
        """Serve: in the process that does so alone, not in the one that starts it anew when a file changes (REL-9)."""
        try:
            running.hold()
        except running.InUseError as error:
            self.stderr.write(str(error))
            os._exit(1)  # we are in a thread, whose exceptions would leave the other process waiting
        super().inner_run(*args, **options)
