"""Old addresses lead to where a page is now."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from recruitcms.publishing import RevisionQuerySet


def forward(revisions: RevisionQuerySet, language: str, slug: str) -> HttpResponse:
    """Return a redirect from an address that a document had before to its live page. Raises Http404.

    Browsers must ask again each time: an address that is given up today may be taken back tomorrow.
    """
    response = redirect(get_object_or_404(revisions.moved_from(language, slug)), permanent=True)
    response["Cache-Control"] = "no-cache"
    return response
