from django.urls import path

from leads import beacons, views

urlpatterns = [
    path("reports/<slug:slug>/", views.report, name="report"),
    path("reports/<slug:slug>/sent/", views.report_sent, name="report-sent"),
    path("reports/<slug:slug>/download/", views.report_file, name="report-file"),
    path("forms/held/", views.form_held, name="form-held"),
    path("consultation/", views.consultation, name="consultation"),
    path("consultation/thanks/", views.consultation_thanks, name="consultation-thanks"),
    path("consent/cookies/", beacons.cookie_choice, name="cookie-choice"),
    path("c/<str:token>/", views.confirm, name="confirm"),
    path("d/<str:token>/", views.download, name="download"),
    path("u/<str:token>/", views.withdraw, name="withdraw"),
    path("p/<str:token>/", views.privacy, name="privacy"),
    path("p/<str:token>/withdraw/", views.privacy_withdraw, name="privacy-withdraw"),
    path("p/<str:token>/erase/", views.privacy_erase, name="privacy-erase"),
    path("p/<str:token>/copy/", views.privacy_copy, name="privacy-copy"),
]
