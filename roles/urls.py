from django.urls import path

from roles import for_machines, views

urlpatterns = [
    path("", views.library, name="library"),
    path("feed.atom", for_machines.feed, name="role-feed"),
    path("index.json", for_machines.index, name="role-index"),
    path("<slug:slug>.<slug:kind>", views.role_file, name="role-file"),
    path("<slug:slug>/", views.role, name="role"),
]
