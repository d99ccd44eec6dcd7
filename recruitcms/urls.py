from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from leads import beacons, feedback_views
from recruitcms import csp_reports, feeds, health, metrics, review_views, views
from roles import for_machines, own_text_views

urlpatterns = [
    path("admin/", include("recruitcms.signin.urls")),
    path("admin/", admin.site.urls),
    path("media/<path:name>", views.media, name="media"),
    path("cards/<int:pk>-<slug:mark>.png", for_machines.card, name="role-card"),
    path("robots.txt", views.robots, name="robots"),
    path("llms.txt", for_machines.llms, name="llms"),
    path(".well-known/gpc.json", views.gpc, name="gpc"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path(settings.CSP_REPORTS.lstrip("/"), csp_reports.csp_reports, name="csp-reports"),
    path("count/", beacons.count, name="count"),
    path("forms/ticket/", beacons.ticket, name="form-ticket"),
    path("mail-events/", feedback_views.signed_feedback, name="mail-events"),
    path("mail-events/<slug:provider>/", feedback_views.provider_feedback, name="mail-events-provider"),
    path("r/<str:token>/", review_views.review_page, name="review"),
    path("r/<str:token>/comment/", review_views.review_comment, name="review-comment"),
    path("r/<str:token>/approve/", review_views.review_approve, name="review-approve"),
    path("f/<str:token>/calendar.ics", feeds.calendar_feed, name="calendar-feed"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    *i18n_patterns(
        path("", views.home, name="home"),
        path("roles/", include("roles.urls")),
        path("check-your-text/", own_text_views.check_text, name="check-text"),
        path("saved/", views.saved, name="saved"),
        path("people/", views.people, name="people"),
        path("people/<slug:slug>/", views.person, name="person"),
        path("", include("leads.urls")),
        path("<slug:slug>/", views.page, name="page"),
        prefix_default_language=False,
    ),
]
handler400 = "recruitcms.views.bad_request"
handler403 = "recruitcms.views.forbidden"
handler404 = "recruitcms.views.not_found"
handler500 = "recruitcms.views.server_error"
