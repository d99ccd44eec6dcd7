"""Handing out an edition by its signed link (§4.2): repeatable, resumable, counted without a person.

Counted is what somebody presses on our own page. A link in a mail is followed by programs that check mails, too, and
nothing that they do may change anything (EML-5): so the figure is of people, and leaves some of them out.
"""

import re
from collections.abc import Iterator

from django.core.files import File
from django.db.models import F
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from leads import counts, tokens
from leads.models import Edition

CHUNK = 64 * 1024


def find(token: str) -> Edition | None:
    """Return the edition of a download link, or None for an unknown link. An old one raises LinkExpiredError."""
    number = tokens.read_download_token(token)
    return Edition.objects.filter(pk=number).first() if number else None


def respond(request: HttpRequest, edition: Edition) -> HttpResponseBase:
    """Answer with the file, or the part of it that was asked for.

    Raises FileNotFoundError where it is gone, or a draft (again), which staff alone can open.
    """
    if edition.is_draft:
        raise FileNotFoundError(edition.file.name)
    file = edition.file.open("rb")
    size = edition.file.size
    part = _part(request.headers.get("Range", ""), size)
    if _is_pressed(request) and (part is None or (part and part.start == 0)):
        Edition.objects.filter(pk=edition.pk).update(downloads=F("downloads") + 1)
        counts.add("downloads", edition.report.get_absolute_url())
    response: HttpResponseBase
    name = f"{edition.file_name}.pdf"
    if part is None:
        response = FileResponse(file, as_attachment=True, filename=name, content_type="application/pdf")
    elif not part:
        file.close()
        response = HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        response = StreamingHttpResponse(_read(file, part), status=206, content_type="application/pdf")
        response["Content-Length"] = str(len(part))
        response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    response["Content-Disposition"] = f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"  # a slug: plain ASCII
    response["Accept-Ranges"] = "bytes"
    return response


def _is_pressed(request: HttpRequest) -> bool:
    """Tell whether a file is asked for by the button of one of our own pages."""
    return request.method == "GET" and request.headers.get("Sec-Fetch-Site") == "same-origin"


def _part(header: str, size: int) -> range | None:
    """Read a `Range` header with one range (RFC 9110 §14.2): None means the whole file, an empty range none of it."""
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.strip(), re.ASCII)
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None  # not a range at all: to be ignored
    if not first:
        return range(max(0, size - int(last)), size) if int(last) else range(0)
    return range(int(first), min(int(last) + 1 if last else size, size))


def _read(file: File, part: range) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        left = len(part)
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
