"""Each request has an id: on all that is logged during it, and on the page that says that it failed (SEC-22).

It is no header of other answers: pages are kept and given to many, who would all get the first one's id.
"""

import re
import secrets
from typing import Any

from recruitcms.logs import belongs_to
from recruitcms.networks import is_trusted_peer

WELL_FORMED = re.compile(r"[0-9A-Za-z_-]{8,64}", re.ASCII)


def begin(environ: dict[str, Any]) -> str:
    """Give a request its id, and return it: that of our own proxy where it sent one, else a new one.

    It stays this thread's until the next request, so that what the web server says of sending the answer has it too.
    """
    given = environ.get("HTTP_X_REQUEST_ID", "")
    if not (given and WELL_FORMED.fullmatch(given) and is_trusted_peer(environ.get("REMOTE_ADDR", ""))):
        given = secrets.token_hex(16)
    belongs_to.set(given)
    return given


def current() -> str:
    """Return the id of the request in hand; "" outside of one."""
    return belongs_to.get()
