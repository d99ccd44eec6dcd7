from django.core.paginator import Paginator
from django.shortcuts import render

from benchmarks.wagtail_site.models import RolePage


def search(request):
    """Search as Wagtail's start template does."""
    words = request.GET.get("q", "")
    found = RolePage.objects.live().search(words) if words else RolePage.objects.none()
    return render(request, "wagtail_site/search.html", {"words": words, "roles": Paginator(found, 10).get_page(1)})
