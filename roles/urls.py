from django.urls import path, register_converter

from roles import for_machines, library_views, views
from roles.levels import LevelConverter

register_converter(LevelConverter, "level")

urlpatterns = [
    path("", library_views.library, name="library"),
    path("feed.atom", for_machines.feed, name="role-feed"),
    path("index.json", for_machines.index, name="role-index"),
    path("<slug:slug>.<slug:kind>", views.role_file, name="role-file"),
    path("<slug:slug>/", views.role, name="role"),
    path("<slug:slug>/<level:level>.<slug:kind>", views.role_file, name="role-level-file"),
    path("<slug:slug>/<level:level>/", views.role, name="role-level"),
]
