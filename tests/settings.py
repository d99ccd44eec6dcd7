"""The real settings with files in a place of their own. Nothing else differs but the speed of hashing passwords."""

import os
import tempfile

os.environ["DATA_DIR"] = os.environ.get("TEST_DATA_DIR") or tempfile.mkdtemp(prefix="recruitcms-test-")
os.environ.setdefault("SITE_URL", "http://testserver")
os.environ.pop("DEBUG", None)

from recruitcms.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
SECOND_FACTOR = False  # tests sign somebody in without; tests/test_signin*.py have it
PAGE_CACHE_BYTES = 0  # tests count queries, and ask twice; tests/test_page_cache.py has a cache
