import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from recruitcms import site_content


@pytest.fixture(autouse=True)
def fresh_copies() -> None:
    """Forget what earlier tests left in the process."""
    site_content._kept.clear()
    cache.clear()


@pytest.fixture(autouse=True, scope="session")
def remove_files() -> Iterator[None]:
    yield
    data = Path(settings.DATA_DIR)
    if data.name.startswith("recruitcms-test-"):
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def clock(time_machine):
    """The clock, to be moved with `clock.shift(timedelta(...))`."""
    time_machine.move_to(timezone.now())
    return time_machine
