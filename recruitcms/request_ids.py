"""Each request has an id: on all that is logged during it, and on the page that says that it failed (SEC-22).

It is no header of other answers: pages are kept and given to many, who would all get the first one's id.
"""

import re
import secrets
from typing import Any

from recruitcms.logs import belongs_to
from recruitcms.networks import is_trusted_peer

KEPT = "recruitcms.request_id"
WELL_FORMED = re.compile(r"[0-9A-Za-z_-]{8,64}", re.ASCII)


def begin(environ: dict[str, Any]) -> None:
    """Let what is logged from now on belong to this request. Its id is made when somebody asks: hardly ever.

    It stays this thread's until the next request, so that what the web server says of sending the answer has it too.
    """
    belongs_to.set(lambda: id_of(environ))


def id_of(environ: dict[str, Any]) -> str:
    """Return a request's id: that of our own proxy where it sent one, else a new one, the same each time."""
    if KEPT not in environ:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        believed = WELL_FORMED.fullmatch(given) and is_trusted_peer(environ.get("REMOTE_ADDR", ""))
        environ[KEPT] = given if believed else secrets.token_hex(16)
    return environ[KEPT]
