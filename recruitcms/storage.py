"""Files in a bucket (S3), for sites of several machines. The bucket is private: the site hands out each file."""

import threading
from typing import Any

from django.conf import settings
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage

_making = threading.Lock()  # one at a time: a session is not for several threads, the connections it makes are


class SharedSession(S3Storage):
    """Each thread has a connection of its own, as it must; what describes S3 to it, 17 MB, is read once for all."""

    _session: Any = None

    @property
    def connection(self) -> Any:
        if getattr(self._connections, "connection", None) is None:
            with _making:
                return super().connection
        return super().connection

    def _create_session(self) -> Any:
        if self._session is None:
            self._session = super()._create_session()
        return self._session


class PublicFiles(SharedSession):
    """Pictures, at addresses of our own: pages ask no third party, and old revisions keep their pictures' addresses."""

    def url(self, name: str, *_args: Any, **_options: Any) -> str:
        return f"{settings.MEDIA_URL}{filepath_to_uri(name)}"


class PrivateFiles(SharedSession):
    """Reports and uploads, which have no address (SEC-8)."""

    def url(self, name: str, *_args: Any, **_options: Any) -> str:
        raise ValueError("This file has no address.")
