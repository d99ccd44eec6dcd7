from django.core.paginator import Paginator
from django.shortcuts import render

from benchmarks.wagtail_site.models import RolePage, chips


def search(request):
    """Search as Wagtail's start template does."""
    words = request.GET.get("q", "")
    found = RolePage.objects.live().select_related("category").search(words) if words else RolePage.objects.none()
    context = {"words": words, "roles": Paginator(found, 10).get_page(1), "chips": chips()}
    return render(request, "wagtail_site/search.html", context)
