"""Import and export in the list of roles: upload or paste, look at what was found and correct it, apply."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from roles.moving.applying import apply_run, may_write_pages
from roles.moving.exporting import all_roles, write_zip
from roles.moving.forms import NEW, ItemForm, MappingForm, ReadForm
from roles.moving.incoming import UnreadableError
from roles.moving.models import ImportItem, ImportRun, Origin
from roles.moving.reading import Opened, pasted, unpacked
from roles.moving.report import report_csv
from roles.moving.runs import read_into_run, run_of
from roles.moving.states import fingerprint, state_of

ON_A_PAGE = 10
AT_ONCE = 100  # applied in one request; the page then offers to go on
RUNS_SHOWN = 20


class ImportsAdmin(admin.ModelAdmin):
    """Adds the pages of an import, and the download of chosen roles, to the admin of roles."""

    def get_urls(self) -> list[Any]:
        pages: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("import/", self.import_view, "import"),
            ("import/<int:pk>/", self.review_view, "review"),
            ("import/<int:pk>/apply/", require_POST(self.apply_import_view), "apply"),
            ("import/<int:pk>/forget/", require_POST(self.forget_view), "forget"),
            ("import/<int:pk>/report.csv", self.report_view, "report"),
        ]
        wrapped = [
            path(route, self.admin_site.admin_view(never_cache(view)), name=f"roles_role_import_{name}")
            for route, view, name in pages
        ]
        return [*wrapped, *super().get_urls()]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Read what is uploaded or pasted into a run, and show it; no page changes."""
        self._check(request)
        form = ReadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            run = self._read_upload(request, form)
            if run:
                return HttpResponseRedirect(reverse("admin:roles_role_import_review", args=[run.pk]))
        context = self._context(request, _("Import")) | {"form": form, "runs": ImportRun.objects.all()[:RUNS_SHOWN]}
        return render(request, "admin/roles/role/import.html", context)

    def _read_upload(self, request: HttpRequest, form: ReadForm) -> ImportRun | None:
        data = form.cleaned_data
        if not data["files"]:
            text, key = data["pasted_html"] or data["pasted"], uuid.uuid4().hex
            item = pasted(data["pasted_title"], data["pasted_language"], text, key)
            return run_of(item.title or _("Pasted text"), [item], request.user)
        name = ", ".join(file.name for file in data["files"])
        run = read_into_run(name, _uploaded(data["files"]), by=request.user)
        if run.problem and not run.items.exists():
            form.add_error("files", run.problem)
            run.delete()
            return None
        archive = next((file for file in data["files"] if file.name.lower().endswith(".zip")), None)
        if archive:
            archive.seek(0)
            run.upload.save(f"{run.pk}.zip", archive)
        return run

    def review_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a run found, a page at a time, and keep the corrections."""
        self._check(request)
        run = get_object_or_404(ImportRun, pk=pk)
        page = Paginator(self._shown(request, run), ON_A_PAGE).get_page(request.GET.get("page"))
        data = request.POST if request.method == "POST" else None
        mapping = MappingForm(data, run=run, may_add=self._may_shelve(request), prefix="map")
        forms = [
            ItemForm(data, instance=item, prefix=f"item-{item.pk}", pages_allowed=may_write_pages(request.user))
            for item in page
        ]
        if data is not None:
            if all([mapping.is_valid(), *(form.is_valid() for form in forms)]):
                return self._saved(request, run, mapping, forms)
            self.message_user(request, _("Nothing was saved yet: correct what is marked below."), messages.ERROR)
        _tell_before(page)
        context = (
            self._context(request, str(run))
            | _facts(run, request.user)
            | {"mapping": mapping, "forms": forms, "page": page}
        )
        return render(request, "admin/roles/role/import_review.html", context | {"show": request.GET.get("show", "")})

    def _shown(self, request: HttpRequest, run: ImportRun) -> Any:
        """Return the items of the list that is asked for, with the same ones for the form that is posted."""
        items = run.items.select_related("role", "page").order_by("position")
        show = request.GET.get("show", "")
        if show == "leave":
            return items.filter(target=ImportItem.Target.LEAVE)
        if show in ImportItem.Outcome.values and show:
            return items.filter(outcome=show)
        return items.exclude(target=ImportItem.Target.LEAVE)

    def _saved(self, request: HttpRequest, run: ImportRun, mapping: MappingForm, forms: list[ItemForm]) -> HttpResponse:
        mapping.save()
        for form in forms:
            form.save()
        if "_apply" in request.POST:
            return self.apply_import_view(request, run.pk)
        number = request.GET.get("page", "1")
        step = 1 if "_next" in request.POST and number.isdigit() else 0
        self.message_user(request, _("Your corrections are saved. No page has changed yet."), messages.SUCCESS)
        query = request.GET.copy()
        query["page"] = str(int(number) + step) if number.isdigit() else "1"
        return HttpResponseRedirect(f"{reverse('admin:roles_role_import_review', args=[run.pk])}?{query.urlencode()}")

    def apply_import_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make drafts of the items that wait, as many as one request bears."""
        self._check(request)
        run = get_object_or_404(ImportRun, pk=pk)
        if not self._may_shelve(request):
            run.categories = {name: chosen for name, chosen in run.categories.items() if chosen != NEW}
            run.save(update_fields=["categories"])
        done: list[ImportItem] = []
        try:
            left = apply_run(run, request.user, AT_ONCE, tell=done.append)
        except UnreadableError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:roles_role_import_review", args=[run.pk]))
        level = messages.WARNING if left or _failed(done) else messages.SUCCESS
        self.message_user(request, _said(done, left), level)
        return HttpResponseRedirect(reverse("admin:roles_role_import_review", args=[run.pk]))

    def forget_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete a run and its report: one's own, unless one may delete roles. What was imported stays."""
        self._check(request)
        run = get_object_or_404(ImportRun, pk=pk)
        if run.created_by != request.user and not self.has_delete_permission(request):
            raise PermissionDenied
        if run.upload:
            run.upload.delete(save=False)
        run.delete()
        self.message_user(request, _("The import’s list is deleted. What it added stays."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:roles_role_import_import"))

    def report_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """Send the report of every item, for a spreadsheet."""
        self._check(request)
        run = get_object_or_404(ImportRun, pk=pk)
        response = StreamingHttpResponse(report_csv(run), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="import-{run.pk}.csv"'
        return response

    @admin.action(description=gettext_lazy("Download as Markdown files"), permissions=["view"])
    def download_files(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Send the chosen roles as role files in a zip archive."""
        roles = all_roles().filter(pk__in=queryset.values("pk"))
        response = HttpResponse(write_zip(roles), content_type="application/zip")
        response["Content-Disposition"] = f'attachment; filename="roles-{timezone.localdate():%Y-%m-%d}.zip"'
        return response

    def _check(self, request: HttpRequest) -> None:
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied

    def _may_shelve(self, request: HttpRequest) -> bool:
        return request.user.has_perm("roles.add_category")

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"title": title, "opts": self.opts}


def _uploaded(files: Iterable[Any]) -> Iterable[Opened]:
    for file in files:
        yield from unpacked(file.name, file)


def _tell_before(items: Iterable[ImportItem]) -> None:
    """Set on each item the document that it came in as before, and whether that was changed here since."""
    items = list(items)
    related = ["role__sections", "role__levels", "role__resumes", "role__related"]
    origins = Origin.objects.filter(key__in=[item.key for item in items]).select_related("role", "page")
    found = {(origin.source, origin.key): origin for origin in origins.prefetch_related(*related)}
    for item in items:
        origin = found.get((item.source, item.key))
        item.before = origin.document if origin else None  # type: ignore[attr-defined]
        item.changed_here = bool(  # type: ignore[attr-defined]
            origin and origin.document and fingerprint(state_of(origin.document)) != origin.fingerprint
        )


def _facts(run: ImportRun, user: Any) -> dict[str, Any]:
    """Return what the review says of the whole run to somebody."""
    items = run.items
    counts = {
        "": items.exclude(target=ImportItem.Target.LEAVE).count(),
        "leave": items.filter(target=ImportItem.Target.LEAVE).count(),
    }
    tabs = [("", _("To come in"), counts[""]), ("leave", _("Left out"), counts["leave"])]
    for outcome in ("changed_here", "failed"):
        number = items.filter(outcome=outcome).count()
        if number:
            tabs.append((outcome, str(ImportItem.Outcome(outcome).label), number))
    waiting = items.filter(outcome=ImportItem.Outcome.WAITING).exclude(target=ImportItem.Target.LEAVE)
    if not may_write_pages(user):
        waiting = waiting.exclude(target=ImportItem.Target.PAGE)
    labels = [
        ("types", _("kinds of entries")), ("languages", _("languages")), ("authors", _("authors")),
        ("categories", _("categories")), ("shortcodes", _("shortcodes and blocks")), ("media", _("media, not fetched")),
    ]  # fmt: skip
    seen = [(label, list(run.seen.get(name, {}).items())) for name, label in labels]
    return {
        "run": run,
        "tabs": tabs,
        "waiting": waiting.count(),
        "seen": [(label, rows) for label, rows in seen if rows],
    }


def _failed(done: list[ImportItem]) -> bool:
    return any(item.outcome == ImportItem.Outcome.FAILED for item in done)


def _said(done: list[ImportItem], left: int) -> str:
    counts: dict[str, int] = {}
    for item in done:
        label = str(item.get_outcome_display())
        counts[label] = counts.get(label, 0) + 1
    listed = ", ".join(f"{label}: {number}" for label, number in counts.items()) or _("Nothing was waiting.")
    if _failed(done):
        listed += ". " + _("Below, each says why. Correct that, save the corrections and apply again.")
    if not left:
        return listed
    go_on = ngettext(
        "%(left)d entry still waits: press “Apply” to go on.",
        "%(left)d entries still wait: press “Apply” to go on.",
        left,
    )
    return f"{listed.rstrip('.')}. {go_on % {'left': left}}"
