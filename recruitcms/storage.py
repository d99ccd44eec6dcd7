"""Files in a bucket (S3), for sites of several machines. The bucket is private: the site hands out each file."""

from typing import Any

from django.conf import settings
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage


class PublicFiles(S3Storage):
    """Pictures, at addresses of our own: pages ask no third party, and old revisions keep their pictures' addresses."""

    def url(self, name: str, *_args: Any, **_options: Any) -> str:
        return f"{settings.MEDIA_URL}{filepath_to_uri(name)}"


class PrivateFiles(S3Storage):
    """Reports and uploads, which have no address (SEC-8)."""

    def url(self, name: str, *_args: Any, **_options: Any) -> str:
        raise ValueError("This file has no address.")
